"""Render shards of foregrounds: `python -m training.render --assets DIR --panoramas DIR --out SHARDS --frames 4000`.

Their form: training.data.shards. Characters of the split "test" wear clothes and hair, or are avatars, that the split
"train" does not have.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data import panoramas, shards
from training.render import frames
from training.render.avatars import KEPT_FOR_EVALUATION, Avatar
from training.render.characters import Character
from training.render.library import Library
from training.render.renderer import Drawn, Renderer

CAST = 6
"""Characters kept at a time: a group shows several, and nobody comes in runs."""


def main() -> None:
    options = parsed()
    rng = np.random.default_rng(options.seed)
    renderer = Renderer(options.size)
    light = [panoramas.harmonics(panoramas.read(path)) for path in sorted(options.panoramas.glob("*.hdr"))]
    people, cast = newcomers(options, rng), list[frames.Person]()
    rows, records, made, began = list[Drawn](), list[shards.Record](), 0, time.time()
    options.out.mkdir(parents=True, exist_ok=True)
    while made < options.frames:
        if len(cast) < CAST or made % max(1, options.draws // CAST) == 0:
            for person in cast[: len(cast) - CAST + 1]:
                renderer.forget(person.pieces)
            cast = [*cast[-(CAST - 1) :], next(people)]
        shot = frames.planned(rng)
        present = [cast[k] for k in rng.permutation(len(cast))[: shot.count]]
        drawn, known = frames.taken(renderer, present, shot, frames.lit(rng, light), rng)
        if not 0.03 < (drawn.alpha > 127).mean() < 0.98:
            continue
        kind = shot.framing if len(present) == 1 else "group"
        rows.append(drawn)
        records.append(shards.Record(known[0].family, kind, round(shot.focal, 3), "", tuple(known)))
        made += 1
        if len(rows) == options.shard or made == options.frames:
            name = f"{options.split}_{options.seed}_{made:06d}"
            shards.write(options.out / name, {name: stacked(rows, name) for name in shards.MAPS}, records)
            rows, records = [], []
            print(f"{made} frames, {(time.time() - began) / made:.3f} s each", flush=True)


def stacked(rows: list[Drawn], name: str) -> NDArray:
    maps = np.stack([getattr(row, name) for row in rows])
    return maps.astype(np.float16) if name == "inverse_depth" else maps


def newcomers(options: argparse.Namespace, rng: np.random.Generator) -> Iterator[frames.Person]:
    """Made-up characters, and avatars of the split in between if there is a folder of them."""
    library = Library(options.assets)
    held = options.split == "test"
    files = sorted(options.avatars.glob("[!X]*.glb")) if options.avatars else []  # X: not known who looks like whom
    files = [file for file in files if ("_".join(file.stem.split("_")[:3]) in KEPT_FOR_EVALUATION) == held]
    while True:
        if files and rng.random() < options.share:
            yield Avatar(files[rng.integers(len(files))], options.avatars, rng)
        else:
            yield Character(library, rng, options.split)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assets", type=Path, required=True, help="as laid out by training.render.assets")
    parser.add_argument("--panoramas", type=Path, required=True, help="folder of .hdr files")
    parser.add_argument("--avatars", type=Path, help="folder of unpacked .glb files")
    parser.add_argument("--share", type=float, default=0.5, help="of avatars among the people, if there are any")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--shard", type=int, default=500, help="frames in a shard")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--split", choices=("train", "test"), default="train")
    parser.add_argument("--draws", type=int, default=30, help="frames that a character is in the cast for")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
