"""Rendered people and backgrounds into photographs. A render gives another picture every time it is drawn.

Foregrounds are as in training.data.shards; nothing is baked in. A foreground without labels is a thing, for instance a
statue: it is seen, and nobody is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from training.data.backgrounds import solid
from training.data.faults import photographed
from training.data.places import behind, uncut
from training.data.views import sampled, turned, view

OCCLUDED = 0.07
"""Share of pictures with something in front of everything: an edge of a table, a leaf, a head of a chair."""

OWN = 0.6
"""Share of people before what the same camera sees behind them, where that is known: it tells how the camera is held,
and so how far bodies lean. The others are anywhere else, so that no place is taken for a sign of a person."""

FURNISHED = 0.2
"""Share of people behind whom something stands that is no person, if the batch holds such a thing."""

SPOILED = 0.65
"""Share of pictures with the faults of light, lens and sensor. With all of them spoiled the hopeless ones took up what
the network can learn: portraits that people take are nearer to the others."""

ALIKE = 0.12
"""Share of people about as bright as what is behind them: dark clothes in a dark street lost their alpha."""

WHOLE = 0.5
"""Share of pictures of nobody that are photographs as somebody would send them, where there are any. As backgrounds,
cut and blurred, photographs had not taught presence: it took 26 % of them for people when they were shown whole."""


@dataclass(frozen=True)
class Batch:
    """`image`: N x 3 x S x S in [0, 1], letterboxed. `alpha`, `depth`, `labels` (uint8): N x S/2 x S/2. `normals`: N
    x 3 x S/2 x S/2, unit, or zero where unknown. `presence`: N, 0 or 1."""

    image: Tensor
    alpha: Tensor
    depth: Tensor
    normals: Tensor
    labels: Tensor
    presence: Tensor


@dataclass(frozen=True)
class Foreground:
    """N x C x S x S float32, premultiplied colour, alpha and scene in [0, 1]; `labels` at half the size. `inside`: 1
    where the picture is, 0 on the bars that fill it up to a square."""

    colour: Tensor
    scene: Tensor
    alpha: Tensor
    depth: Tensor
    normals: Tensor
    labels: Tensor
    inside: Tensor


def composed(
    frames: dict[str, NDArray],
    scenes: NDArray[np.uint8],
    rng: np.random.Generator,
    side: int,
    negatives: float,
    photos: Sequence[NDArray[np.uint8]] = (),
) -> Batch:
    """A batch out of foregrounds (maps of shards) and pictures without people, in a share of `negatives` alone.

    `photos`: photographs of nobody, H x W x 3, for being shown whole."""
    seen = cropped(frames, rng, side)
    things = [k for k in range(len(seen.alpha)) if not seen.labels[k].any()]
    images, alpha = torch.empty_like(seen.colour), torch.empty_like(seen.alpha)
    for k in range(len(alpha)):
        alone = rng.random() < negatives
        if alone and photos and rng.random() < WHOLE:
            image, inside = uncut(photos[int(rng.integers(len(photos)))], rng, side)
            alpha[k] = 0
        else:
            image, alpha[k] = placed(seen, k, alone, things, scenes, rng)
            inside = seen.inside[k]
        images[k] = (photographed(image, rng) if rng.random() < SPOILED else image) * inside
        alpha[k] *= inside
    small = F.avg_pool2d(alpha, 2)
    depth, normals = (F.avg_pool2d(values * alpha, 2) / small.clamp(min=1e-3) for values in (seen.depth, seen.normals))
    known = normals.square().sum(1, keepdim=True).sqrt()  # a seventieth of norm's time
    normals = torch.where(known > 0.3, normals / known.clamp(min=0.3), 0)
    labels = seen.labels * (small[:, 0] > 0)
    presence = (small.flatten(1).mean(1) > 0.01).float()
    return Batch(images, small[:, 0], depth[:, 0], normals, labels, presence)


def joined(batches: Sequence[Batch]) -> Batch:
    """Batches of one size of pictures as one."""
    names = [each.name for each in fields(Batch)]
    return Batch(**{name: torch.cat([getattr(batch, name) for batch in batches]) for name in names})


def placed(
    seen: Foreground, k: int, alone: bool, things: list[int], scenes: NDArray[np.uint8], rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Picture and alpha of a foreground, or of its place `alone`; one of the batch's `things` may stand there."""
    side = seen.colour.shape[-1]
    alpha = torch.zeros_like(seen.alpha[k]) if alone else seen.alpha[k]
    empty = bool(seen.normals[k].any())  # a photograph's scene is the photograph, with the people in it
    own = (empty or not alone) and bool(seen.scene[k].any()) and rng.random() < OWN
    scene = seen.scene[k] if own else behind(scenes, rng, side)
    if things and rng.random() < FURNISHED:
        thing = things[int(rng.integers(len(things)))]
        scene = in_front(seen.colour[thing], seen.alpha[thing], scene, rng)
    image = in_front(seen.colour[k], alpha, scene, rng)
    if k in things:
        alpha = torch.zeros_like(alpha)
    if rng.random() < OCCLUDED:
        image, alpha = occluded(image, alpha, behind(scenes, rng, side), rng)
    return image, alpha


def cropped(frames: dict[str, NDArray], rng: np.random.Generator, side: int) -> Foreground:
    """The same view for all maps of a frame; what is seen leaves the frame only where nobody is."""
    maps = stacked(frames)
    views = [view(rng, *frame, side) for frame in zip(frames["alpha"], frames["labels"], strict=True)]
    turns = torch.tensor(np.stack([matrix for matrix, _ in views]), dtype=torch.float32)
    small = turns[:, 1, 1] > 1
    shown = sampled(maps, turns, side, "bilinear")
    if small.any():  # whoever is made small is averaged, as serving does it
        shown[small] = F.avg_pool2d(sampled(maps[small], turns[small], 2 * side, "bilinear"), 2)
        shown[small, 8:] = 0  # what is around a frame is not known
    maps = shown
    alpha = maps[:, 3:4].clone()
    normals = turned(maps[:, 5:8] / alpha.clamp(min=1e-3), turns)
    labels = torch.from_numpy(frames["labels"]).float().unsqueeze(1)
    labels = sampled(labels, turns, side // 2, "nearest")[:, 0].to(torch.uint8)
    return Foreground(
        maps[:, :3],
        maps[:, 8:],
        alpha,
        maps[:, 4:5] / alpha.clamp(min=1e-3),
        normals,
        labels,
        torch.stack([inside for _, inside in views]),
    )


def stacked(frames: dict[str, NDArray]) -> Tensor:
    """N x 11 x S x S: colour, alpha, inverse depth and normals (both times alpha), scene."""
    count, *size = frames["alpha"].shape
    maps = torch.empty(count, 11, *size)
    colour, alpha, depth, normals, scene = maps.split((3, 1, 1, 3, 3), 1)  # written in place
    for kept, name in ((colour, "colour"), (normals, "normals"), (scene, "scene")):
        kept.copy_(torch.from_numpy(frames[name]).permute(0, 3, 1, 2))
    alpha[:, 0] = torch.from_numpy(frames["alpha"])
    depth[:, 0] = torch.from_numpy(frames["inverse_depth"].astype(np.float32))
    known = normals.amax(1, keepdim=True) > 0
    normals.div_(127.5).sub_(1)
    for values in (colour, alpha, scene):
        values.div_(255)
    depth.mul_(alpha)
    normals.mul_(alpha * known)
    return maps


def in_front(colour: Tensor, alpha: Tensor, scene: Tensor, rng: np.random.Generator) -> Tensor:
    """A person over a scene, under slowly varying light and, half of the time, in the scene's own colours."""
    if rng.random() < ALIKE:
        bright = colour.mean() / alpha.mean().clamp(min=1e-3)
        colour = colour * (scene.mean() / bright.clamp(min=0.02)).clamp(0.15, 2)
    if rng.random() < 0.5:
        colour = colour * smooth_gain(rng, colour.shape[-1])
    if rng.random() < 0.5:
        mean = scene.mean((1, 2), keepdim=True)
        colour = colour * (mean / mean.mean().clamp(min=0.05)).clamp(0.6, 1.5) ** float(rng.uniform(0, 1))
    return (colour * (alpha > 0) + scene * (1 - alpha)).clamp(0, 1)


def occluded(image: Tensor, alpha: Tensor, scene: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """A piece of another scene in front, sharp or blurred; what it hides is nobody's."""
    outline, _, _ = solid(rng, image.shape[-1])
    mask = torch.from_numpy(outline)[None]
    if rng.random() < 0.5:
        width = int(rng.integers(1, 6))
        mask = F.avg_pool2d(F.pad(mask, [width] * 4, mode="replicate"), 2 * width + 1, 1)
    return image * (1 - mask) + scene * mask, alpha * (1 - mask)


def smooth_gain(rng: np.random.Generator, side: int) -> Tensor:
    cells = int(rng.integers(2, 6))
    coarse = torch.from_numpy(rng.uniform(0.45, 1.25, (1, 1, cells, cells)).astype(np.float32))
    return F.interpolate(coarse, size=(side, side), mode="bicubic", align_corners=False)[0]
