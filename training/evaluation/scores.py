"""Figures of one answer against one frame. All of them inside people, on the raster of the frame's maps."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.data.shards import PARTS
from training.evaluation.frames import Frame

Map = NDArray[np.float32]
Mask = NDArray[np.bool_]
Values = NDArray[np.float64]

WINDOW = 32
"""Pixels of the squares in which relief is judged."""

APART = 1.02
"""Ratio of two depths from which on their order counts."""

PAIRS = 20_000
FEWEST_PAIRS = 100

BESIDE = 12
"""Pixels: what lies this close to a hand is what it is held in front of."""

LIMBS = (PARTS["hand"], PARTS["forearm"])


@dataclass(frozen=True)
class Answer:
    """What a method says about a frame; None where it says nothing. `normals`: as the frame's own."""

    near: Map
    alpha: Map | None = None
    presence: float | None = None
    normals: Map | None = None


def scores(answer: Answer, frame: Frame, rng: np.random.Generator) -> dict[str, float]:
    """Every figure that can be given for one picture."""
    out: dict[str, float] = {}
    mask = frame.alpha > 0.5
    if answer.presence is not None:
        name, right = ("black", answer.presence < 0.5) if frame.empty else ("kept", answer.presence >= 0.5)
        out[name] = float(right)
    if frame.empty or mask.sum() < 30:
        return out
    near, truth = answer.near[mask].astype(float), frame.inverse_depth[mask].astype(float)
    out |= {"r": pearson(near, truth), "order": ordered(near, truth, *rng.integers(0, len(truth), (2, PAIRS)))}
    out |= aligned_errors(near, truth)
    out["relief"] = relief(answer.near, frame.inverse_depth, mask)
    out["hands"] = hands(answer.near, frame, mask, rng)
    out["people"] = between_people(near, truth, frame.labels[mask] >> 4, rng)
    if answer.alpha is not None:
        out |= silhouette(answer.alpha, frame.alpha)
    if answer.normals is not None:
        out["angle"] = angle(answer.normals, frame.normals, mask)
    return {name: value for name, value in out.items() if np.isfinite(value)}


def pearson(a: Values, b: Values) -> float:
    """0 where one of them is flat: it says nothing."""
    a, b = a - a.mean(), b - b.mean()
    size = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / size) if size > 1e-12 else 0.0


def ordered(near: Values, truth: Values, i: NDArray[np.int64], j: NDArray[np.int64]) -> float:
    """Share of pairs that are in the right order, of those that are apart."""
    apart = np.maximum(truth[i], truth[j]) > APART * np.minimum(truth[i], truth[j])
    right = np.sign(near[i] - near[j]) == np.sign(truth[i] - truth[j])
    return float(right[apart].mean()) if apart.sum() >= FEWEST_PAIRS else np.nan


def hands(near: Map, frame: Frame, mask: Mask, rng: np.random.Generator) -> float:
    """Pairs of a hand or forearm and what is beside it in the picture and behind it in truth, of the same person."""
    part, person = frame.labels & 15, frame.labels >> 4
    limb = np.isin(part, LIMBS) & mask
    if not limb.any():
        return np.nan
    places = np.argwhere(limb)
    here = places[rng.integers(0, len(places), PAIRS)]
    there = (here + rng.integers(-BESIDE, BESIDE + 1, here.shape)).clip(0, len(mask) - 1)
    a, b = tuple(here.T), tuple(there.T)
    behind = mask[b] & ~limb[b] & (person[a] == person[b]) & (frame.inverse_depth[a] > APART * frame.inverse_depth[b])
    return float((near[a] > near[b])[behind].mean()) if behind.sum() >= FEWEST_PAIRS else np.nan


def between_people(near: Values, truth: Values, person: NDArray[np.uint8], rng: np.random.Generator) -> float:
    """Order of pairs of pixels of two people, each person as often as any other."""
    places = [np.flatnonzero(person == one) for one in np.unique(person[person > 0])]
    places = [place for place in places if len(place) >= 30]
    if len(places) < 2:
        return np.nan
    picks = np.array([place[rng.integers(0, len(place), PAIRS)] for place in places])
    first, second = rng.permuted(np.tile(np.arange(len(places)), (PAIRS, 1)), axis=1)[:, :2].T
    return ordered(near, truth, picks[first, np.arange(PAIRS)], picks[second, np.arange(PAIRS)])


def aligned_errors(near: Values, truth: Values) -> dict[str, float]:
    system = np.stack([near, np.ones_like(near)], 1)
    guess = system @ np.linalg.lstsq(system, truth, rcond=None)[0]
    rmse = np.sqrt(np.mean((guess - truth) ** 2)) / max(truth.std(), 1e-12)
    depth = 1 / np.maximum(guess, 0.2 * truth.min())  # an answer behind the horizon counts as five times too far
    return {"rmse": float(rmse), "absrel": float(np.mean(np.abs(depth * truth - 1)))}


def relief(near: Map, truth: Map, mask: Mask) -> float:
    values = []
    for top in range(0, len(mask), WINDOW // 2):
        for left in range(0, len(mask), WINDOW // 2):
            cut = (slice(top, top + WINDOW), slice(left, left + WINDOW))
            if mask[cut].shape == (WINDOW, WINDOW) and mask[cut].mean() > 0.6:
                values.append(pearson(near[cut][mask[cut]].astype(float), truth[cut][mask[cut]].astype(float)))
    return float(np.mean(values)) if values else np.nan


def silhouette(guess: Map, truth: Map) -> dict[str, float]:
    seen, there = guess > 0.5, truth > 0.5
    return {
        "alpha_error": float(np.abs(guess - truth).mean()),
        "iou": float((seen & there).sum() / (seen | there).sum()),
        "boundary_f": boundary_f(seen, there),
    }


def boundary_f(guess: Mask, truth: Mask, reach: int = 2) -> float:
    """Harmonic mean of precision and recall of the silhouette, within `reach` pixels (Martin et al., 2004)."""
    edges = [boundary(mask) for mask in (guess, truth)]
    near = [grown(edge, reach) for edge in edges]
    if not edges[0].any() or not edges[1].any():
        return float(edges[0].any() == edges[1].any())
    precision, recall = (edges[0] & near[1]).sum() / edges[0].sum(), (edges[1] & near[0]).sum() / edges[1].sum()
    return float(2 * precision * recall / max(precision + recall, 1e-9))


def boundary(mask: Mask) -> Mask:
    """Pixels of the mask with a neighbour outside; the picture's own border is none."""
    padded = np.pad(mask, 1, mode="edge")
    return mask & ~(padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:])


def grown(mask: Mask, reach: int) -> Mask:
    padded, side = np.pad(mask, reach), range(2 * reach + 1)
    return np.any([padded[y : y + len(mask), x : x + mask.shape[1]] for y in side for x in side], axis=0)


def angle(guess: Map, truth: Map, mask: Mask) -> float:
    """Mean angle between normals in degrees; the guess's may have any length, as means of several have."""
    known = mask & (truth != 0).any(-1)
    cosine = (guess[known] * truth[known]).sum(-1) / np.linalg.norm(guess[known], axis=-1).clip(min=1e-6)
    return float(np.degrees(np.arccos(cosine.clip(-1, 1))).mean()) if known.any() else np.nan
