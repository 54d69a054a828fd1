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

from training.data import backgrounds, panoramas, shards
from training.render import frames, surroundings
from training.render.people.avatars import KEPT_FOR_EVALUATION, Avatar
from training.render.people.characters import Character
from training.render.people.library import Library
from training.render.renderer import Renderer
from training.render.standing import Person

CAST = 10
"""People kept at a time: a group shows several, and nobody comes in runs."""

PRINTS = 100
"""Pictures on cloth, at most 4 MB each."""

LOWEST = 1.0
"""Of a camera above the ground, dm: those that are tilted anyhow may come out under it."""


class Cast:
    """Who may be in the next frames: somebody new comes for who has been there longest."""

    def __init__(self, people: Iterator[Person], renderer: Renderer, rng: np.random.Generator) -> None:
        self.people, self.renderer, self.rng = people, renderer, rng
        self.present = [next(people) for _ in range(CAST)]

    def change(self) -> None:
        self.renderer.forget(self.present[0].everything)
        self.present = [*self.present[1:], next(self.people)]

    def some(self, count: int) -> list[Person]:
        return [self.present[k] for k in self.rng.permutation(CAST)[:count]]


def main() -> None:
    options = parsed()
    rng = np.random.default_rng(options.seed)
    renderer = Renderer(options.size)
    views = {path.stem: panoramas.read(path) for path in panoramas.files(options.panoramas, options.split == "test")}
    lights = {name: panoramas.harmonics(view) for name, view in views.items()}
    papers = backgrounds.papers(options.scenes) if options.scenes else []
    cast = Cast(newcomers(options, rng), renderer, rng)
    rows, records, made, began = list[dict[str, NDArray]](), list[shards.Record](), 0, time.time()
    options.out.mkdir(parents=True, exist_ok=True)
    while made < options.frames:
        shot, name = frames.planned(rng), str(rng.choice(list(views)))
        place = frames.Place(name, views[name], lights[name], rng.uniform(0, 2 * np.pi))
        take = frames.of_things if rng.random() < options.things else frames.of_people
        taken = take(renderer, cast.some(shot.count), shot, place, rng)
        if taken.camera.height < LOWEST or not 0.03 < (taken.drawn.alpha > 127).mean() < 0.98:
            continue
        scene = surroundings.seen(taken.camera, options.size, taken.standing, place.panorama, place.yaw, papers, rng)
        rows.append(vars(taken.drawn) | {"scene": scene})
        records.append(described(taken, place))
        made += 1
        if made % options.every == 0:
            cast.change()
        if len(rows) == options.shard or made == options.frames:
            name = f"{options.split}_{options.seed}_{made:06d}"
            shards.write(options.out / name, {name: stacked(rows, name) for name in shards.MAPS}, records)
            rows, records = [], []
            print(f"{made} frames, {(time.time() - began) / made:.3f} s each", flush=True)


def described(taken: frames.Taken, place: frames.Place) -> shards.Record:
    family = taken.people[0].family if taken.people else "things"
    focal, tilt = round(taken.camera.focal, 3), round(taken.camera.tilt, 1)
    return shards.Record(family, taken.kind, focal, place.name, taken.people, tilt)


def stacked(rows: list[dict[str, NDArray]], name: str) -> NDArray:
    maps = np.stack([row[name] for row in rows])
    return maps.astype(np.float16) if name == "inverse_depth" else maps


def newcomers(options: argparse.Namespace, rng: np.random.Generator) -> Iterator[Person]:
    """Made-up characters, and avatars of the split in between if there is a folder of them."""
    held = options.split == "test"
    pictures = backgrounds.pictures(options.scenes) if options.scenes and not held else []
    library = Library(options.assets, [pictures[k] for k in rng.permutation(len(pictures))[:PRINTS]])
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
    parser.add_argument("--scenes", type=Path, help="folder of pictures without people, for walls and cloth")
    parser.add_argument("--share", type=float, default=0.5, help="of avatars among the people, if there are any")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--shard", type=int, default=500, help="frames in a shard")
    parser.add_argument("--size", type=int, default=256, help="pixels of a side")
    parser.add_argument("--split", choices=("train", "test"), default="train")
    parser.add_argument("--things", type=float, default=0.05, help="share of frames of statues, animals, vases")
    parser.add_argument("--every", type=int, default=10, help="frames after which somebody new comes for somebody")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
