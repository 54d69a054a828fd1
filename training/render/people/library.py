"""The folders of MakeHuman's CC0 assets: body, targets, rig, clothes, hair, skins; what is kept for evaluation."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.render.meshes import read_obj
from training.render.people.clothing import Clothing, is_picture

WARDROBE = {
    "train": {
        "hair": ("bob02", "long01", "ponytail01", "short01", "short02", "short04"),
        "male": (*(f"male_casualsuit0{k}" for k in (2, 3, 4, 6)), "male_worksuit01"),
        "female": ("female_casualsuit01", "female_sportsuit01", "female_casualsuit02"),
    },
    "test": {
        "hair": ("braid01", "short03"),
        "male": ("male_casualsuit05", "male_elegantsuit01"),
        "female": ("female_elegantsuit01",),
    },
}
"""What held-out characters wear never occurs in training."""

HELD_SKINS = ("young_lightskinned_female_diffuse3", "young_lightskinned_male_diffuse3", "middleage_darkskinned_male")
"""Beginnings of the names of skins that only held-out characters have."""

HELD_TARGETS = 4
"""Every fourth target of each feature shapes held-out faces only, and nothing else does."""

SHOES = ("shoes01", "shoes03", "shoes04")
FEATURES = (
    *("head", "nose", "mouth", "chin", "cheek", "eyes", "eyebrows", "forehead", "ears", "neck", "asym"),
    *("torso", "armslegs", "measure", "stomach", "hip"),
)
"""Groups of targets from which every character takes a few."""

Target = tuple[NDArray[np.int64], NDArray[np.float32]]


class Library:
    """`folder` is laid out by training.render.assets: `base` (makehuman-assets), `core/makehuman/data` (makehuman).
    `prints`: pictures of anything, for cloth."""

    def __init__(self, folder: Path, prints: list[Path]) -> None:
        self.prints = prints
        self.assets, self.core = folder / "base", folder / "core" / "makehuman" / "data"
        self.body = read_obj(self.core / "3dobjs" / "base.obj")
        targets = self.core / "targets"
        self.features = {group: sorted((targets / group).glob("*.target")) for group in FEATURES}
        self.expressions = sorted((targets / "expression" / "units" / "caucasian").glob("*.target"))
        self.brows = [p for p in sorted(self.assets.glob("eyebrows/*/*.mhclo")) if "010" not in p.name]
        self.lashes = sorted(self.assets.glob("eyelashes/*/*.mhclo"))
        self.eyes = self.core / "eyes" / "low-poly" / "low-poly.mhclo"
        self.irises = [p for p in sorted((self.core / "eyes" / "materials").glob("*.png")) if is_picture(p)]
        self.skins = [p for p in sorted(self.assets.glob("skins/textures/*diffuse*.png")) if is_picture(p)]
        self.clothing = functools.lru_cache(None)(Clothing)
        self.target = functools.lru_cache(4096)(read_target)
        self.kept: dict[Path | str, Any] = {}
        self._read_rig()

    def cached(self, key: Path | str, made: Callable[[], Any]) -> Any:
        """What does not depend on whose body it is, made once."""
        if key not in self.kept:
            self.kept[key] = made()
        return self.kept[key]

    def faces_of(self, split: str) -> dict[str, list[Path]]:
        """Targets of each feature for the characters of a split."""
        return {group: targets_of(files, split) for group, files in self.features.items()}

    def joint(self, body: NDArray[np.float32], bone: str) -> NDArray[np.float64]:
        """Where a bone of the rig begins in a body."""
        return body[self.heads[self.bone[bone]]].mean(0).astype(float)

    def piece(self, group: str, name: str) -> Path:
        return self.assets / group / name / f"{name}.mhclo"

    def _read_rig(self) -> None:
        rig = json.loads((self.core / "rigs" / "default.mhskel").read_text())
        weights = json.loads((self.core / "rigs" / "default_weights.mhw").read_text())["weights"]
        names = parents_first({name: bone["parent"] for name, bone in rig["bones"].items()})
        self.bone = {name: k for k, name in enumerate(names)}
        self.parents = [self.bone.get(rig["bones"][name]["parent"], -1) for name in names]
        self.heads = [rig["joints"][rig["bones"][name]["head"]] for name in names]
        self.tails = [rig["joints"][rig["bones"][name]["tail"]] for name in names]
        table = np.zeros((len(self.body.vertices), len(names)), np.float32)
        for name, pairs in weights.items():
            for vertex, weight in pairs:
                table[vertex, self.bone[name]] = weight
        total = table.sum(1, keepdims=True)
        table /= np.maximum(total, 1e-9)
        table[total[:, 0] == 0, self.bone["root"]] = 1
        self.weights = table


def targets_of(files: list[Path], split: str) -> list[Path]:
    held = files[::HELD_TARGETS]
    return held if split == "test" else [path for path in files if path not in held]


def skins_of(files: list[Path], split: str, sex: str, age: str) -> list[Path]:
    """Pictures of skin for a sex, and for the age if there are any of it."""
    known = [path for path in files if path.name.startswith(HELD_SKINS) == (split == "test")]
    known = [path for path in known if f"_{sex}_" in path.name and "suit" not in path.name]
    same_age = [path for path in known if path.name.startswith(("old", "middleage")) == (age == "old")]
    return same_age or known


def parents_first(parents: dict[str, str | None]) -> list[str]:
    """Bones so that each comes after its parent."""
    names: dict[str, None] = {}

    def add(name: str) -> None:
        parent = parents[name]
        if parent and parent not in names:
            add(parent)
        names[name] = None

    for name in parents:
        add(name)
    return list(names)


def read_target(path: Path) -> Target:
    """Vertices that a target moves, and by how much (decimetres)."""
    rows = [line.split() for line in path.read_text().splitlines() if line[:1].isdigit()]
    table = np.array([row for row in rows if len(row) == 4], np.float32).reshape(-1, 4)
    return table[:, 0].astype(int), table[:, 1:]
