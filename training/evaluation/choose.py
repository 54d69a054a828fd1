"""Compose the held-out frames once: `python -m training.evaluation.choose --family modelled=DIR --family scanned=DIR`.

Each folder holds shards named test_*.npz. Characters, clothes and hair in them are in no training shard.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from training.data import backgrounds, composition
from training.evaluation import frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", action="append", required=True, help="NAME=GLOB of shards")
    parser.add_argument("--each", type=int, default=45, help="frames of each family")
    parser.add_argument("--nobody", type=int, default=20, help="pictures without people")
    parser.add_argument("--scenes", type=Path, required=True, help="folder of PNG pictures without people")
    parser.add_argument("--out", type=Path, default=frames.FILE)
    options = parser.parse_args()
    rng = np.random.default_rng(2026)
    torch.manual_seed(2026)
    scenes = backgrounds.backgrounds(rng, 200, 320, options.scenes)
    chosen: list[frames.Frame] = []
    for family in options.family:
        name, pattern = family.split("=", 1)
        rows = loaded(sorted(Path().glob(pattern) if not pattern.startswith("/") else Path("/").glob(pattern[1:])))
        for row in rng.permutation(len(rows["alpha"]))[: options.each]:
            chosen.append(framed({key: values[row] for key, values in rows.items()}, name, scenes, rng))
    empty = {"colour": np.zeros((256, 256, 3), np.uint8), "alpha": np.zeros((256, 256), np.uint8)}
    empty |= {"inverse_depth": np.zeros((256, 256), np.float16), "framing": "nobody"}
    chosen += [framed(empty, "scenes", scenes, rng) for _ in range(options.nobody)]
    frames.write(options.out, chosen)
    print(len(chosen), "frames,", options.out.stat().st_size, "bytes")


def loaded(paths: list[Path]) -> dict[str, NDArray]:
    shards = [np.load(path) for path in paths]
    fields = ("colour", "alpha", "inverse_depth", "framing")
    return {field: np.concatenate([shard[field] for shard in shards]) for field in fields}


def framed(row: dict[str, NDArray], family: str, scenes: NDArray[np.uint8], rng: np.random.Generator) -> frames.Frame:
    colour = torch.from_numpy(row["colour"].astype(np.float32) / 255).permute(2, 0, 1)
    alpha = torch.from_numpy(row["alpha"].astype(np.float32) / 255)[None]
    depth = torch.from_numpy(row["inverse_depth"].astype(np.float32))[None]
    scene = composition.behind(scenes, rng, alpha.shape[-1])
    image = composition.photographed(composition.in_front(colour, alpha, scene, rng), rng)
    small = torch.nn.functional.avg_pool2d(alpha, 2)[0]
    near = torch.nn.functional.avg_pool2d(depth * alpha, 2)[0] / small.clamp(min=1e-3)
    picture = (image.permute(1, 2, 0).numpy() * 255 + 0.5).astype(np.uint8)
    return frames.Frame(picture, small.numpy(), near.numpy(), str(row["framing"]), family)


if __name__ == "__main__":
    main()
