"""How good the depth is on photographs that have none: `python -m training.evaluation.photos PHOTOS`.

PHOTOS is a folder of photographs of people, `--nobody` one of photographs of anything else; JPEG, PNG and WEBP files
are taken. None are kept here: their licences differ. Every photograph goes the whole way that a call goes. What there
is to judge by are two networks of MediaPipe, which guess, too: these figures tell a wrong answer from a good one, but
not a good one from a better one.

order      pairs of a person's joints that are in the order which the pose network gives them; pairs of those that are
           at least 8 cm apart, in depth and in the picture
arms       the same, of an elbow or wrist and a shoulder or hip
legs       the same, of a knee or ankle and any other joint
sides      the same, of a left joint and the right one of its kind: the far shoulder behind the near one
relief     Pearson's r inside a face between depth and the face mesh: mean, median, tenth percentile of the faces
_error     standard error of the mean over photographs like these
kept       share of photographs of people with somebody in the answer
black      share of photographs of nobody whose answer, as a file, is 0 everywhere

What is served lays that same mesh into faces, so that its relief is no finding. The line `network` tells what the
depth network says by itself, before that, and is the one that counts. Every line is measured inside the alpha that is
served, at the joints and faces that are inside it.
"""

import argparse
import copy
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from depth import drawing, face_mesh, faces, picture, refine
from depth.detection import Finding
from depth.estimation import Networks
from depth.faces import FaceRelief
from depth.manifest import Input, Manifest
from depth.network import Network
from depth.ports import Box, Estimate, Pixels
from portrait.problems import Problem
from training.convert import sheet
from training.evaluation import methods, pose
from training.evaluation.marks import Marks, marks_of, share, summary, together
from training.evaluation.scores import Map

Report = dict[str, Any]

KINDS = (".jpg", ".jpeg", ".png", ".webp")

LEAST_CELLS = 64
"""Of the estimate's raster: the square around a smaller person has limbs of a few cells."""

SHOWN = 60
"""Photographs on the sheet."""

COLUMNS = (
    "order", "order_error", "arms", "legs", "sides", "relief", "relief_error", "relief_median", "relief_p10",
)  # fmt: skip

FIRST = Manifest(
    name="first",
    role="depth",
    file=methods.FIRST,
    sha256="",
    input=Input("image", 256, 256, "RGB", (0, 0, 0), (1, 1, 1), "letterbox"),
    outputs={"inverse_depth": "depth", "alpha": "alpha"},
    larger_is="nearer",
    axes=(1, 1, 1),
    looks=2,
    anchors=(),
)


class Watched(Networks):
    """What is served, and what it saw on the way: `found`, everybody; `before`, inverse depth without any mesh's."""

    found: list[Finding]
    before: Map

    def _reliefs(self, near: Map, alpha: Map, pixels: Pixels, found: list[Finding], whole: Box) -> list[FaceRelief]:
        self.found, self.before = found, near
        return super()._reliefs(near, alpha, pixels, found, whole)


@dataclass(frozen=True)
class Judge:
    """Everything that looks at a photograph: what is served, the same with the first network, and the pose network."""

    served: Watched
    first: Networks
    pose: Network


def main() -> None:
    options = parsed()
    judge = judging(options.models, options.pose)
    photos, nobody = files(options.photos), files(options.nobody) if options.nobody else []
    report = reported(judge, photos, nobody)
    print(table(report))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=1) + "\n")
    if options.sheet:
        sheet.sheet(judge.served, spread(photos, SHOWN), options.side).save(options.sheet)


def judging(models: Path, pose_file: Path) -> Judge:
    served = Watched(models)
    first = copy.copy(served)
    kept = {role: network for role, network in served.networks.items() if role != "face-mesh"}
    first.networks = kept | {"depth": Network.open(FIRST)}
    return Judge(served, first, pose.opened(pose_file))


def reported(judge: Judge, photos: list[Path], nobody: list[Path]) -> Report:
    """Figures of every method, and which photographs were answered wrongly or could not be read."""
    found: dict[str, list[Marks]] = {}
    somebody, unread = dict[Path, bool](), list[str]()
    for file in (*photos, *nobody):
        try:
            pixels = read(file)
        except Problem as problem:
            unread.append(f"{file.name}: {problem}")
            continue
        estimate = judge.served.estimate(pixels)
        somebody[file] = not black(estimate, pixels)
        if file in photos and somebody[file]:
            for name, got in judged(judge, pixels, estimate).items():
                found.setdefault(name, []).append(got)
    return {
        "network": judge.served.networks["depth"].manifest.sha256,
        "photographs": sum(file in somebody for file in photos),
        "kept": share([somebody[file] for file in photos if file in somebody]),
        "black": share([not somebody[file] for file in nobody if file in somebody]),
        "lost": [file.name for file in photos if not somebody.get(file, True)],
        "taken for people": [file.name for file in nobody if somebody.get(file)],
        "unread": unread,
        "counted": {name: len(values) for name, values in together(found.get("served", [])).items()},
        "methods": {name: summary(each) for name, each in found.items()},
    }


def read(file: Path) -> picture.Picture:
    return picture.decode(picture.look(memoryview(file.read_bytes())))


def black(estimate: Estimate, pixels: picture.Picture) -> bool:
    """Is the answer to a call a picture that is 0 everywhere?"""
    relief = refine.refine(estimate, pixels)
    answer = Image.open(io.BytesIO(drawing.draw(relief, pixels.size, "depth", "png")))
    return answer.getbbox() is None


def judged(judge: Judge, pixels: Pixels, served: Estimate) -> dict[str, Marks]:
    """What every method gets for one photograph."""
    alpha, scale = served.alpha, served.alpha.shape[1] / pixels.size[0]
    found = judge.served.found
    answers = {
        "vertical gradient": downwards(alpha),
        "dome": methods.raised(alpha),
        "first release": judge.first.estimate(pixels).inverse_depth,
        "network": judge.served.before,
        "served": served.inverse_depth,
    }
    poses = [one for one in pose.poses(judge.pose, pixels, found) if one.size * scale >= LEAST_CELLS]
    meshes = face_mesh.faces(judge.served.networks["face-mesh"], pixels, found, faces.LEAST_PX / scale)
    return {name: marks_of(near, alpha, scale, poses, meshes) for name, near in answers.items()}


def downwards(alpha: Map) -> Map:
    """Lower is nearer."""
    return np.repeat(np.arange(len(alpha), dtype=np.float32)[:, None], alpha.shape[1], 1)


def table(report: Report) -> str:
    rows = [f"{'':20s}" + "".join(f"{column:>15}" for column in COLUMNS)]
    rows += [line(name, figures, ".3f") for name, figures in report["methods"].items()]
    rows += [line("pairs and faces", report["counted"], "d"), ""]
    rows += [
        f"{name}: {report[name]}" for name in ("photographs", "kept", "black", "lost", "taken for people", "unread")
    ]
    return "\n".join(rows)


def line(name: str, figures: dict[str, float], form: str) -> str:
    return f"{name:20s}" + "".join(f"{figures[c]:15{form}}" if c in figures else f"{'-':>15}" for c in COLUMNS)


def files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in KINDS)


def spread(photos: list[Path], count: int) -> list[Path]:
    """So many of them, evenly, and the same ones whatever answered: sheets before and after show the same people."""
    return [photos[k * len(photos) // count] for k in range(count)] if len(photos) > count else photos


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="folder of photographs of people")
    parser.add_argument("--nobody", type=Path, help="folder of photographs without people")
    parser.add_argument("--sheet", type=Path, help=f"PNG to draw {SHOWN} of the photographs into, with depth and alpha")
    parser.add_argument("--side", type=int, default=320, help="pixels of a tile of the sheet")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--pose", type=Path, default=pose.FILE, help="what training.convert.pose made")
    parser.add_argument("--out", type=Path, default=Path("build/eval-photos.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
