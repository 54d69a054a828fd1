"""The form of rendered frames on disk: written by training.render, read by training and evaluation.

A shard is a folder of arrays over N frames of S x S pixels, read through the page cache (memory-mapped):

colour         uint8 N x S x S x 3, sRGB times alpha
alpha          uint8 N x S x S, soft
inverse_depth  float16 N x S x S, 1/dm, exact; 0 where alpha is
normals        uint8 N x S x S x 3: 127.5 n + 127.5 with n in view space (x right, y up, z to the viewer), unit;
               (0, 0, 0) where alpha is 0
labels         uint8 N x S x S: 16 * person + part of the nearest sample; persons count from 1, parts are in PARTS
scene          uint8 N x S x S x 3, sRGB: what the same camera sees behind them; black if that is not known
about.json     N records (`Record`)

Shards of the first form are .npz files with colour, alpha, inverse depth, framing and who; they are read too, with
normals and scene of zeros and every pixel labelled as the first person's body. Folders from before run 7 have no scene
and must be rendered again.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAPS = ("colour", "alpha", "inverse_depth", "normals", "labels", "scene")
PARTS = {"body": 1, "head": 2, "forearm": 3, "hand": 4, "hair": 5, "worn": 6, "held": 7}
"""`worn`: glasses, hats, scarves. `held`: phones, cups and the like. A sleeve is the part that it covers."""


@dataclass(frozen=True)
class Someone:
    """Who is seen. `yaw`, `pitch`: of the head against the view, degrees; 0 faces the camera, positive turns to the
    right of the picture and upwards. `tone`: class of the skin's individual typology angle (Chardon et al., 1991), one
    of TONES. `hair` and `clothes` name assets; `clothes` may be "tailored" (training.render.people.tailoring)."""

    identity: str
    family: str
    sex: str
    age: str
    tone: str
    yaw: float
    pitch: float
    hair: str = ""
    clothes: str = ""
    glasses: str = ""
    hat: str = ""
    scarf: bool = False
    held: str = ""
    hands_in_front: bool = False


TONES = ("very light", "light", "intermediate", "tan", "brown", "dark")


@dataclass(frozen=True)
class Record:
    """One frame. `kind`: face, shoulders, half, full or group; statue or things where nobody is. `focal` in half image
    heights. `people` stand in the order of the labels; who is out of sight is there all the same. `tilt`: how far the
    camera looks down, degrees."""

    family: str
    kind: str
    focal: float
    panorama: str
    people: tuple[Someone, ...] = field(default=())
    tilt: float = 0.0


def write(path: Path, maps: dict[str, NDArray[Any]], records: list[Record]) -> None:
    """A shard appears at once or not at all: training may be reading the folder that it comes into."""
    partial = path.with_name(f"partial_{path.name}")
    partial.mkdir(parents=True)
    for name in MAPS:
        np.save(partial / f"{name}.npy", maps[name])
    (partial / "about.json").write_text(json.dumps([asdict(record) for record in records]))
    partial.rename(path)


def paths(folder: Path, split: str) -> list[Path]:
    """Shards of a split (`train` or `test`) in both forms."""
    return sorted(path for path in folder.glob(f"{split}_*") if path.suffix in ("", ".npz"))


def read(path: Path) -> dict[str, NDArray[Any]]:
    """The maps of one shard."""
    if path.suffix != ".npz":
        return {name: np.load(path / f"{name}.npy", mmap_mode="r") for name in MAPS}
    with np.load(path) as data:
        maps = {name: data[name] for name in ("colour", "alpha", "inverse_depth")}
    seen = maps["alpha"] > 0
    unknown = np.zeros_like(maps["colour"])
    labels = (seen * (16 + PARTS["body"])).astype(np.uint8)
    return maps | {"normals": unknown, "labels": labels, "scene": unknown}


def records(path: Path) -> list[Record]:
    """What is known of each frame of one shard; of the first form, that is little."""
    if path.suffix != ".npz":
        rows = json.loads((path / "about.json").read_text())
        return [Record(**row | {"people": tuple(Someone(**person) for person in row["people"])}) for row in rows]
    with np.load(path) as data:
        names = data["who"] if "who" in data else [""] * len(data["framing"])
        return [former(str(kind), str(who)) for kind, who in zip(data["framing"], names, strict=True)]


def former(kind: str, who: str) -> Record:
    """`who` is "female old", or an avatar's name (Black_F_1_Casual); with + between people; "" if not recorded."""
    people = []
    for name in who.split("+") if who else ():
        made_up = name.split(" ")[0] in ("male", "female")
        sex = name.split(" ")[0] if made_up else "female" if "_F_" in name else "male"
        age = name.split(" ")[1] if made_up else "young"
        identity = "" if made_up else "_".join(name.split("_")[:3])
        people.append(Someone(identity, "makehuman" if made_up else "valid", sex, age, "", 0.0, 0.0))
    return Record(people[0].family if people else "makehuman", kind, 0.0, "", tuple(people))
