"""Compose held-out frames once: `python -m training.evaluation.choose --shards DIR --scenes DIR --frames 80`.

DIR holds shards named test_*: characters, clothes and hair in them are in no training shard; scenes are of places that
training did not see. Needs torch, as training does.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from training.data import backgrounds, composition, shards
from training.data.shards import Record
from training.evaluation import frames
from training.evaluation.frames import Frame

SIDE = 256
NOBODY = Record("scenes", "nobody", 0.0, "")


def main() -> None:
    options = parsed()
    rng = np.random.default_rng(options.seed)
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)  # single frames are too small to be shared among threads
    scenes = backgrounds.backgrounds(rng, 400, SIDE * 5 // 4, options.scenes)
    rows = [(path, k) for path in shards.paths(options.shards, "test") for k in range(len(shards.records(path)))]
    picked = [rows[k] for k in rng.permutation(len(rows))[: options.frames]]
    chosen = [framed(maps_of(path, k), shards.records(path)[k], scenes, rng) for path, k in sorted(picked)]
    empty = {name: np.zeros_like(values) for name, values in maps_of(*rows[0]).items()}
    chosen += [framed(empty, NOBODY, scenes, rng) for _ in range(options.nobody)]
    chosen = [frame for frame in chosen if frame.empty or (frame.alpha > 0.5).mean() > 0.01]
    frames.write(options.out, chosen)
    print(len(chosen), "frames,", options.out.stat().st_size, "bytes")


def maps_of(path: Path, row: int) -> dict[str, NDArray]:
    return {name: np.asarray(values[row : row + 1]) for name, values in shards.read(path).items()}


def framed(maps: dict[str, NDArray], about: Record, scenes: NDArray[np.uint8], rng: np.random.Generator) -> Frame:
    """As training composes it: another light, lens and place for each, but always with the person."""
    batch = composition.composed(maps, scenes, rng, SIDE, negatives=0.0)
    return Frame(
        (batch.image[0].permute(1, 2, 0).numpy() * 255 + 0.5).astype(np.uint8),
        batch.alpha[0].numpy(),
        batch.depth[0].numpy(),
        batch.normals[0].permute(1, 2, 0).numpy(),
        batch.labels[0].numpy(),
        about,
    )


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", type=Path, required=True, help="folder of shards named test_*")
    parser.add_argument("--frames", type=int, default=80)
    parser.add_argument("--nobody", type=int, default=20, help="pictures without people")
    parser.add_argument("--scenes", type=Path, required=True, help="folder of PNG pictures without people")
    parser.add_argument("--out", type=Path, default=frames.FILE)
    parser.add_argument("--seed", type=int, default=2026)
    return parser.parse_args()


if __name__ == "__main__":
    main()
