"""Tune the depth network on rendered people.

On two CPU cores: `torchrun --nproc-per-node 2 -m training.train ...`, one thread each, gradients shared. Resumes from
its checkpoint; new shards join while it runs. The result is an ONNX file with float32 weights; `python -m
training.convert.shrink` stores it small. Runs and their commands: training/runs/.
"""

import argparse
import copy
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.distributed as group
from numpy.typing import NDArray

from training import losses
from training.data import backgrounds, composition
from training.model import Network, written


@dataclass(frozen=True)
class Recipe:
    side: int = 256  # what the service feeds; 320 costs 1.6 times as much for the same picture
    batch: int = 8  # per process; 12 was no better and halves the steps that a CPU hour gives
    frozen: int = 9  # convolutions up to stride 4: edges and colours are known, and a quarter of the step is saved
    encoder_rate: float = 5e-4  # relative to each channel's size; 1e-3 in the first training, now it is tuned
    decoder_rate: float = 1.5e-3
    ramp: float = 0.04  # share of the run: Adam's moments start empty, full steps would hurt a tuned network
    decay: float = 0.01
    average: float = 0.995  # of the weights over about 200 steps: what is kept is smoother than the last step
    negatives: float = 0.13  # share of pictures without people: empty rooms are rarer in use than people
    presence_weight: float = 0.3
    quantised_from: float = 0.75  # share of the run after which weights are rounded as int8 storage will round them
    scenes: int = 1500  # backgrounds kept in memory, 500 KB each
    checkpoint_s: float = 60


FIELDS = ("colour", "alpha", "inverse_depth")


class Shards:
    """Rendered foregrounds of a folder, in memory; `refresh` reads what has come since."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.shards = folder, dict[str, dict[str, NDArray]]()
        self.refresh()

    def refresh(self) -> None:
        for path in sorted(self.folder.glob("train_*.npz")):
            if path.name not in self.shards:
                with np.load(path) as data:
                    self.shards[path.name] = {field: data[field] for field in FIELDS}

    def __len__(self) -> int:
        return sum(len(shard["alpha"]) for shard in self.shards.values())

    def draw(self, rng: np.random.Generator, count: int) -> dict[str, NDArray]:
        shards = list(self.shards.values())
        sizes = np.array([len(shard["alpha"]) for shard in shards])
        picks = rng.choice(len(shards), count, p=sizes / sizes.sum())
        rows = [(shards[k], int(rng.integers(sizes[k]))) for k in picks]
        return {field: np.stack([shard[field][row] for shard, row in rows]) for field in FIELDS}


def loss_of(network: Network, batch: composition.Batch, recipe: Recipe) -> tuple[torch.Tensor, list[float]]:
    """The sum that is minimised, and its parts: depth, alpha, presence."""
    depth, alpha, presence = network(batch.image.contiguous(memory_format=torch.channels_last))
    parts = (
        losses.depth_loss(depth, batch.depth, (batch.alpha > 0.5).float()),
        losses.alpha_loss(alpha, batch.alpha),
        recipe.presence_weight * losses.presence_loss(presence, batch.presence),
    )
    return sum(parts), [float(part.detach()) for part in parts]


def rate(progress: float, ramp: float) -> float:
    """Linear up, then down along a cosine to a fiftieth."""
    if progress < ramp:
        return max(progress / ramp, 0.02)
    return 0.02 + 0.49 * (1 + math.cos(math.pi * min(1, (progress - ramp) / (1 - ramp))))


def agreed(parameters: list[torch.Tensor], clock: float) -> float:
    """Mean of the gradients over all processes, in place; the first process's clock."""
    if not group.is_initialized():
        return clock
    flat = torch.cat([p.grad.flatten() for p in parameters] + [torch.tensor([clock * (group.get_rank() == 0)])])
    group.all_reduce(flat)
    pieces = flat[:-1].split([p.numel() for p in parameters])
    for parameter, piece in zip(parameters, pieces, strict=True):
        parameter.grad.copy_(piece.view_as(parameter) / group.get_world_size())
    return float(flat[-1])


def main() -> None:
    options = parsed()
    if "RANK" in os.environ:
        group.init_process_group("gloo")
    rank = group.get_rank() if group.is_initialized() else 0
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed + rank)
    rng = np.random.default_rng([options.seed, rank])
    recipe = Recipe()

    network = Network(onnx.load(options.weights), recipe.frozen)
    parts = {"encoder": recipe.encoder_rate, "decoder": recipe.decoder_rate}
    groups = [{"params": network.trainable(part), "rate": r} for part, r in parts.items()]
    parameters = [p for part in groups for p in part["params"]]
    optimiser = torch.optim.AdamW(groups, lr=1e-3, weight_decay=recipe.decay, betas=(0.9, 0.98))
    average = copy.deepcopy(network)
    step, spent = 0, 0.0
    if options.checkpoint.exists():
        state = torch.load(options.checkpoint, weights_only=True)
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        step, spent = state["step"], state["spent"]

    shards = Shards(options.shards)
    scenes = backgrounds.backgrounds(rng, recipe.scenes, recipe.side * 5 // 4, options.scenes)
    began, saved, running = time.time() - spent, time.time(), None
    while spent < options.seconds:
        progress = spent / options.seconds
        network.quantised = progress > recipe.quantised_from
        for part in optimiser.param_groups:
            part["lr"] = part["rate"] * rate(progress, recipe.ramp)
        frames = shards.draw(rng, recipe.batch)
        batch = composition.composed(frames, scenes, rng, recipe.side, recipe.negatives)
        loss, values = loss_of(network, batch, recipe)
        optimiser.zero_grad(set_to_none=False)
        loss.backward()
        spent = agreed(parameters, time.time() - began)
        torch.nn.utils.clip_grad_norm_(parameters, 5.0)
        optimiser.step()
        step += 1
        with torch.no_grad():
            for kept, current in zip(average.directions.values(), network.directions.values(), strict=True):
                kept.lerp_(current, 1 - min(recipe.average, (step + 1) / (step + 10)))
        running = values if running is None else [0.98 * a + 0.02 * b for a, b in zip(running, values, strict=True)]
        if step % 20 == 0:
            shards.refresh()
        if rank == 0 and (time.time() - saved > recipe.checkpoint_s or spent >= options.seconds):
            saved = time.time()
            state = {"network": network.state_dict(), "average": average.state_dict(), "step": step, "spent": spent}
            torch.save(state | {"optimiser": optimiser.state_dict()}, options.checkpoint)
            onnx.save(written(average), options.out)
            depth, alpha, presence = (f"{value:.3f}" for value in running)
            print(f"{spent:5.0f} s, step {step}: depth {depth} alpha {alpha} presence {presence}", flush=True)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="the ONNX file to go on from")
    parser.add_argument("--shards", type=Path, required=True, help="folder of rendered foregrounds (training.render)")
    parser.add_argument("--scenes", type=Path, help="folder of PNG pictures without people (training.data.panoramas)")
    parser.add_argument("--checkpoint", type=Path, default=Path("build/training.pt"))
    parser.add_argument("--out", type=Path, default=Path("build/trained.onnx"))
    parser.add_argument("--seconds", type=float, default=2400, help="length of the whole run, over all resumptions")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
