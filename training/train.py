"""Tune the depth network on rendered people.

On two CPU cores: `torchrun --nproc-per-node 2 -m training.train ...`, one thread each, gradients shared; with GPUs,
one process for each. Resumes from its checkpoint; new shards join while it runs. The result is an ONNX file with
float32 weights; `python -m training.convert.shrink` stores it small. Runs and their commands: training/runs/.
"""

import argparse
import copy
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
import torch.distributed as group
from numpy.typing import NDArray

from training import losses
from training.data import backgrounds, composition, shards
from training.decoder import grown
from training.model import Network, folded, sized, written


@dataclass(frozen=True)
class Recipe:
    # Sides of the input, and until which share of the run: the service feeds 256, and 192 costs half of that.
    sides: tuple[tuple[float, int], ...] = ((0.45, 192), (math.inf, 256))
    batch: int = 12  # per process; 8 give more steps, 16 are computed faster on a CPU
    photographed: int = 1  # of a process's batch, where there are photographs: skin and hair as they are, guessed depth
    frozen: int = 9  # convolutions up to stride 4: edges and colours are known, and a quarter of the step is saved
    encoder_rate: float = 1e-3  # relative to each channel's size
    decoder_rate: float = 2.8e-3  # three times these rates undo in a minute what ten had taught
    ramp: float = 0.03  # share of the run: moments start empty, full steps would hurt a tuned network
    fall: float = 0.5  # share of the run over which the rates go down to 0
    decay: float = 0.01
    average: float = 0.998  # of the weights over about 500 steps: what is kept is smoother than the last step
    negatives: float = 0.18  # share of pictures without people; half of these are whole photographs, if there are any
    presence_weight: float = 0.3
    normals_weight: float = 1.0
    quantised_from: float = 0.9  # share of the run after which weights are rounded as int8 storage will round them
    scenes: int = 2500  # backgrounds kept in memory, 500 KB each
    checkpoint_s: float = 60


PARTS = ("depth", "alpha", "presence", "normals")

Maps = dict[str, NDArray[Any]]
"""Those of training.data.shards, of one frame or of several."""


class Shards:
    """Rendered foregrounds of several folders, read through the page cache; `draw` finds what has come since.

    Folders are drawn from equally often, so that a few hundred frames of a better renderer count from the beginning.

    `most`: frames to learn from at most, for measuring what more of them bring.
    """

    def __init__(self, folders: list[Path], most: int | None = None) -> None:
        self.folders, self.most, self.shards = folders, most, dict[Path, dict[str, NDArray]]()
        self._refresh()

    def _refresh(self) -> None:
        for path in (path for folder in self.folders for path in shards.paths(folder, "train")):
            missing = None if self.most is None else self.most - len(self)
            if path not in self.shards and missing != 0:
                self.shards[path] = {name: values[:missing] for name, values in shards.read(path).items()}

    def __len__(self) -> int:
        return sum(len(shard["alpha"]) for shard in list(self.shards.values()))  # others may be joining

    def _sizes_in(self, folder: Path) -> list[int]:
        return [len(shard["alpha"]) for path, shard in self.shards.items() if path.parent == folder]

    def draw(self, rng: np.random.Generator, count: int) -> list[Maps]:
        """Frames at random, of all shards that have come by now."""
        self._refresh()
        chosen = list(self.shards.values())
        sizes = np.array([len(shard["alpha"]) for shard in chosen])
        of_folder = {folder: sum(self._sizes_in(folder)) for folder in self.folders}
        share = np.array([size / of_folder[path.parent] for path, size in zip(self.shards, sizes, strict=True)])
        picks = rng.choice(len(chosen), count, p=share / share.sum())
        rows = [(chosen[k], int(rng.integers(sizes[k]))) for k in picks]
        return [{name: shard[name][row] for name in shards.MAPS} for shard, row in rows]


def drawn(people: Shards, photographed: Shards, recipe: Recipe, rng: np.random.Generator) -> list[Maps]:
    """Renders for a batch and a photograph or more, if there are any; those of one size together."""
    count = min(recipe.photographed, len(photographed))
    frames = people.draw(rng, recipe.batch - count)
    if count:
        frames += photographed.draw(rng, count)
    sizes = sorted({len(frame["alpha"]) for frame in frames})
    by_size = [[frame for frame in frames if len(frame["alpha"]) == size] for size in sizes]
    return [{name: np.stack([frame[name] for frame in alike]) for name in shards.MAPS} for alike in by_size]


def loss_of(network: Network, batch: composition.Batch, recipe: Recipe) -> tuple[torch.Tensor, list[float]]:
    """The sum that is minimised, and its parts: depth, alpha, presence, normals."""
    guess = network(batch.image.contiguous(memory_format=torch.channels_last))
    inside = (batch.alpha > 0.5).float()
    parts = (
        losses.depth_loss(guess.depth, batch.depth, inside),
        losses.alpha_loss(guess.alpha, batch.alpha),
        recipe.presence_weight * losses.presence_loss(guess.presence, batch.presence),
        recipe.normals_weight * losses.normals_loss(guess.normals, batch.normals, inside),
    )
    return sum(parts), [float(part.detach()) for part in parts]


def moved(batch: composition.Batch, device: torch.device) -> composition.Batch:
    return composition.Batch(**{field.name: getattr(batch, field.name).to(device) for field in fields(batch)})


def side(recipe: Recipe, progress: float) -> int:
    return next(side for end, side in recipe.sides if progress < end)


def rate(progress: float, recipe: Recipe) -> float:
    """Linear up, level, linear down to a hundredth (Hu et al., MiniCPM, 2024: warm up, stable, decay)."""
    return min(1.0, max(progress / recipe.ramp, 0.02), max((1 - progress) / recipe.fall, 0.01))


def agreed(parameters: list[torch.Tensor], clock: float) -> float:
    """Mean of the gradients over all processes, in place; the first process's clock."""
    if not group.is_initialized():
        return clock
    flat = torch.cat(
        [p.grad.flatten() for p in parameters] + [parameters[0].new_tensor([clock * (group.get_rank() == 0)])]
    )
    group.all_reduce(flat)
    pieces = flat[:-1].split([p.numel() for p in parameters])
    for parameter, piece in zip(parameters, pieces, strict=True):
        parameter.grad.copy_(piece.view_as(parameter) / group.get_world_size())
    return float(flat[-1])


# Layers that mix channels get updates whose directions all count alike (Jordan et al., Muon, 2024): after the same
# pictures r is .684 where Adam's is .677, from .670. Of the size that Adam's would have (Liu et al., Muon is Scalable
# for LLM Training, 2025), so that one rate serves both.
MUON: dict[str, Any] = {"momentum": 0.95, "adjust_lr_fn": "match_rms_adamw"}
ADAM: dict[str, Any] = {"betas": (0.9, 0.98)}


def grouped(network: Network, rates: dict[str, float], mixing: bool) -> list[dict[str, Any]]:
    """Parameters that mix channels, or the others, by the rate of their part of the graph."""
    return [
        {"params": [p for p in network.trainable(part) if network.mixes(p) == mixing], "rate": rate}
        for part, rate in rates.items()
    ]


class Training:
    """Weights, their running mean, and how far they have come."""

    def __init__(self, network: Network, recipe: Recipe, began: float) -> None:
        self.network, self.average, self.recipe, self.began = network, copy.deepcopy(network), recipe, began
        rates = {"encoder": recipe.encoder_rate, "decoder": recipe.decoder_rate}
        self.parameters = [parameter for part in rates for parameter in network.trainable(part)]
        self.optimisers = {
            "mixing": torch.optim.Muon(grouped(network, rates, mixing=True), **MUON, weight_decay=recipe.decay),
            "others": torch.optim.AdamW(grouped(network, rates, mixing=False), **ADAM, weight_decay=recipe.decay),
        }
        self.step, self.spent, self.running = 0, 0.0, list[float]()

    def _parts(self) -> dict[str, Any]:
        return {"network": self.network, "average": self.average, **self.optimisers}

    def resume(self, path: Path, device: torch.device) -> None:
        state = torch.load(path, map_location=device, weights_only=True)
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.step, self.spent = state["step"], state["spent"]
        self.began -= self.spent

    def learn(self, batch: composition.Batch, progress: float) -> None:
        self.network.quantised = progress > self.recipe.quantised_from
        loss, values = loss_of(self.network, batch, self.recipe)
        for parameter in self.parameters:
            parameter.grad = torch.zeros_like(parameter)
        loss.backward()
        self.spent = agreed(self.parameters, time.time() - self.began)
        torch.nn.utils.clip_grad_norm_(self.parameters, 5.0)
        for optimiser in self.optimisers.values():
            for part in optimiser.param_groups:
                part["lr"] = part["rate"] * rate(progress, self.recipe)
            optimiser.step()
        self.step += 1
        self._remember(values)

    def _remember(self, values: list[float]) -> None:
        pace = 1 - min(self.recipe.average, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            pairs = zip(self.average.directions.values(), self.network.directions.values(), strict=True)
            for kept, current in pairs:
                kept.lerp_(current, pace)
        before = self.running or values
        self.running = [0.98 * a + 0.02 * b for a, b in zip(before, values, strict=True)]

    def save(self, checkpoint: Path, out: Path) -> None:
        parts = {name: part.state_dict() for name, part in self._parts().items()}
        torch.save(parts | {"step": self.step, "spent": self.spent}, checkpoint)
        onnx.save(written(self.average), out)

    def __str__(self) -> str:
        parts = " ".join(f"{name} {value:.3f}" for name, value in zip(PARTS, self.running, strict=True))
        return f"{self.spent:5.0f} s, step {self.step}: {parts}"


def main() -> None:
    options = parsed()
    if "RANK" in os.environ:
        group.init_process_group("gloo")
    rank = group.get_rank() if group.is_initialized() else 0
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed + rank)
    rng = np.random.default_rng([options.seed, rank])
    device = torch.device("cuda", rank) if torch.cuda.is_available() else torch.device("cpu")

    recipe = Recipe() if options.side is None else Recipe(sides=((math.inf, options.side),))
    start = sized(grown(folded(onnx.load(options.weights)), options.seed), recipe.sides[-1][1])
    network = Network(start, recipe.frozen, torch.bfloat16).to(device)
    people, photographed = Shards(options.shards, options.most), Shards(options.photographs)
    scenes = backgrounds.backgrounds(rng, recipe.scenes, recipe.sides[-1][1] * 5 // 4, options.scenes)
    nobody = backgrounds.whole(options.nobody, recipe.sides[-1][1] * 5 // 4) if options.nobody else []
    reader, picks = ThreadPoolExecutor(1), np.random.default_rng([options.seed, rank, 1])
    ahead = reader.submit(drawn, people, photographed, recipe, picks)  # read while the step before is computed
    training = Training(network, recipe, time.time())
    if options.checkpoint.exists():
        training.resume(options.checkpoint, device)
    saved = time.time()
    while training.spent < options.seconds:
        progress = training.spent / options.seconds
        frames, ahead = ahead.result(), reader.submit(drawn, people, photographed, recipe, picks)
        length = side(recipe, progress)
        batches = [composition.composed(alike, scenes, rng, length, recipe.negatives, nobody) for alike in frames]
        training.learn(moved(composition.joined(batches), device), progress)
        if rank == 0 and (time.time() - saved > recipe.checkpoint_s or training.spent >= options.seconds):
            saved = time.time()
            training.save(options.checkpoint, options.out)
            print(f"{training}, {len(people)} frames", flush=True)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="the ONNX file to go on from")
    parser.add_argument("--shards", type=Path, action="append", required=True, help="folder of rendered foregrounds")
    parser.add_argument("--photographs", type=Path, action="append", default=[], help="of training.data.photographs")
    parser.add_argument("--most", type=int, help="frames to learn from at most")
    parser.add_argument("--side", type=int, help="of the input, all the time, instead of the recipe's")
    parser.add_argument("--scenes", type=Path, help="folder of PNG pictures without people (training.data.panoramas)")
    parser.add_argument("--nobody", type=Path, help="folder of photographs without people, to be shown whole")
    parser.add_argument("--checkpoint", type=Path, default=Path("build/training.pt"))
    parser.add_argument("--out", type=Path, default=Path("build/trained.onnx"))
    parser.add_argument("--seconds", type=float, default=2400, help="length of the whole run, over all resumptions")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
