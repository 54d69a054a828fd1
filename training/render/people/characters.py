"""Random people of MakeHuman's body space: shape, face, skin, clothes and hair; posed again and again.

Making one costs about 0.13 s, posing one 2 ms: draw each many times. Decimetres, y up, looking along +z.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data.shards import PARTS, Someone
from training.render.meshes import about_axis
from training.render.people import outfits, parts, poses
from training.render.people.accessories import Head
from training.render.people.dressing import Bearer, dressed
from training.render.people.library import Library
from training.render.people.poses import Posture
from training.render.people.skeletons import Skeleton, measured
from training.render.pieces import CLOTH, Look, Piece, Pose

HAIR_COLOURS = np.array([(0.12, 0.08, 0.06), (0.35, 0.22, 0.12), (0.8, 0.62, 0.38), (0.5, 0.5, 0.5), (1, 1, 1)])

MELANIN = np.array(
    [(0.54, 0.36, 0.28), (0.47, 0.28, 0.2), (0.32, 0.17, 0.105), (0.17, 0.085, 0.05), (0.06, 0.032, 0.02)]
)
"""Linear colours of skin from pale to dark, about even steps of the typology angle."""

JOINTS = {
    "spine": ("spine05", "spine03", "spine02", "spine01"),
    "neck": ("neck01", "neck02"),
    "head": ("head",),
    "upperarm": ("upperarm01",),
    "forearm": ("lowerarm01",),
    "hand": ("wrist",),
    "thigh": ("upperleg01",),
    "shin": ("lowerleg01",),
}
"""Joints that share a turn."""

PLACES = {
    "shoulder": "upperarm01",
    "elbow": "lowerarm01",
    "wrist": "wrist",
    "knuckle": "finger3-1",
    "index": "finger2-1",
    "pinky": "finger5-1",
    "hip": "upperleg01",
}

HANGS_ON = {"head": "head", "chest": "spine01", "hand.R": "wrist.R"}


class Character:
    """One person. `look` and `pose` are new at every call."""

    def __init__(self, library: Library, rng: np.random.Generator, split: str) -> None:
        self.library, self.rng, self.split = library, rng, split
        self.identity = f"makehuman {rng.integers(1 << 40):010x}"
        self.sex = str(rng.choice(["male", "female"]))
        self.age = str(rng.choice(["young", "old", "child"], p=[0.57, 0.27, 0.16]))
        self.body = self._shaped()
        self.joints = np.array([self.body[corner].mean(0) for corner in library.heads])
        self.clothes = dressed(library, self.body, Bearer(split, self.sex, self.age), rng)
        self.pieces = self.clothes.pieces
        self.skeleton = self._skeleton()
        self.outfit = outfits.owned(self._head(), self.skeleton, rng, may_curl=True)
        self.extras = {
            slot: [outfits.piece(thing, library.bone[HANGS_ON[thing.joint]]) for thing in things]
            for slot, things in self.outfit.things.items()
        }
        self.everything = [*self.pieces, *(piece for extra in self.extras.values() for piece in extra)]
        self.complexion = complexion(self.pieces)
        self.dye = dye(self.pieces)

    def look(self) -> Look:
        """New colours: skin from pale to dark, cloth printed one time in three."""
        rng = self.rng
        level = rng.random() ** 1.4 * (len(MELANIN) - 1)
        skin = np.array([np.interp(level, range(len(MELANIN)), MELANIN[:, k]) for k in range(3)])
        skin = skin * rng.uniform(0.9, 1.1, 3) ** (1, 0.6, 0.8) / np.maximum(self.complexion, 0.02)
        hair = HAIR_COLOURS[rng.integers(len(HAIR_COLOURS) if self.age == "old" or rng.random() < 0.3 else 3)]
        tints = {
            "skin": np.minimum(skin, 4),
            **{kind: cloth_colour(rng) for kind in CLOTH},
            "shoe": rng.uniform(0.2, 1.2, 3),
            "hair": hair * rng.uniform(0.8, 1.2, 3),
            "brow": hair * 0.6,
            "strand": hair * self.dye,
        } | outfits.tints(rng)
        pattern = int(rng.integers(1, 4)) if rng.random() < 0.35 else 0
        return Look(tints, pattern, float(rng.uniform(10, 60)), tuple(rng.uniform(0.1, 1.5, 3)))

    def described(self, look: Look, pose: Pose) -> Someone:
        """Who this is in a look and a pose; angles are the view's to tell."""
        tone = parts.tone(self.complexion * look.tints["skin"])
        return parts.someone(
            self.identity, "makehuman", self.sex, self.age, tone, self.clothes.hair, self.clothes.suit, pose.wearing
        )

    def pose(self, wildness: float, camera: NDArray[np.float64]) -> Pose:
        """`wildness`: 0 a calm portrait, 1 anything. `camera`: direction to the viewer in the person's axes."""
        library, wearing = self.library, self.outfit.shown(self.rng)
        posture = poses.posture(
            self.skeleton, wildness, camera, self.rng, wearing.get("held", ""), not self.clothes.skirted
        )
        local = np.tile(np.eye(4), (len(self.joints), 1, 1))
        for name, rotation in turns_of(posture).items():
            local[library.bone[name], :3, :3] = rotation
        local[:, :3, 3] = self.joints - np.einsum("bij,bj->bi", local[:, :3, :3], self.joints)
        bones = np.empty_like(local)
        for k, parent in enumerate(library.parents):
            bones[k] = local[k] if parent < 0 else bones[parent] @ local[k]
        number = library.bone["head"]
        head = bones[number].copy()
        head[:3, 3] = (bones[number] @ np.append(self.joints[number], 1))[:3]
        pieces = [*self.pieces, *(piece for slot in wearing for piece in self.extras[slot])]
        return Pose(pieces, [bones.astype(np.float32)] * len(pieces), head, wearing)

    def _shaped(self) -> NDArray[np.float32]:
        """Origin, muscle, weight, then three targets of each feature and two of expression."""
        rng, library = self.rng, self.library
        body, macro = library.body.vertices.copy(), library.core / "targets" / "macrodetails"

        def apply(path: Path, amount: float) -> None:
            if path.exists():
                index, offset = library.target(path)
                body[index] += amount * offset

        muscle = rng.choice(["averagemuscle", "maxmuscle", "minmuscle"], p=[0.6, 0.2, 0.2])
        weight = rng.choice(["averageweight", "maxweight", "minweight"], p=[0.5, 0.3, 0.2])
        for origin, share in zip(("african", "asian", "caucasian"), rng.dirichlet([0.5, 0.5, 0.5]), strict=True):
            apply(macro / f"{origin}-{self.sex}-{self.age}.target", share)
        share = rng.uniform(0.3, 1)
        apply(macro / f"universal-{self.sex}-{self.age}-{muscle}-{weight}.target", share)
        apply(macro / f"universal-{self.sex}-{self.age}-averagemuscle-averageweight.target", 1 - share)
        for files in library.faces_of(self.split).values():
            for k in rng.permutation(len(files))[:3]:
                apply(files[k], min(float(rng.exponential(0.28)), 1))
        for k in rng.permutation(len(library.expressions))[:2]:
            apply(library.expressions[k], rng.uniform(0, 0.6))
        return body

    def _skeleton(self) -> Skeleton:
        places = {f"{name}.{side}": self._joint(f"{bone}.{side}") for name, bone in PLACES.items() for side in "LR"}
        places |= {"neck": self._joint("neck01"), "waist": self._joint("spine05")}
        places["eyes"] = (self._joint("eye.L") + self._joint("eye.R")) / 2
        chosen = [piece.vertices[np.isin(piece.parts, (PARTS["body"], PARTS["head"]))] for piece in self.pieces]
        return measured(places, np.concatenate(chosen).astype(float))

    def _head(self) -> Head:
        skin = next(piece for piece in self.pieces if piece.kind == "skin")
        chin = self._joint("neck01")[1] - 0.8
        bare = self.body[np.unique(self.library.body.faces[self.library.body.groups == "body"])]
        bare = bare[(bare[:, 1] > chin) & (np.abs(bare[:, 0]) < 1.6)].astype(float)
        hair = [piece.vertices for piece in self.pieces if piece.kind == "hair"]
        haired = np.concatenate([bare, *hair, skin.vertices[:0]]).astype(float)
        return Head(bare, haired, self._joint("eye.L"), self._joint("eye.R"))

    def _joint(self, name: str) -> NDArray[np.float64]:
        return self.joints[self.library.bone[name]].astype(float)


def turns_of(posture: Posture) -> dict[str, NDArray[np.float64]]:
    """A posture for this rig's joints."""
    out = {}
    for name, turn in posture.turns.items():
        bone, _, side = name.partition(".")
        for joint in JOINTS[bone]:
            out[f"{joint}.{side}" if side else joint] = poses.share(turn, len(JOINTS[bone]))
    for side, curl in posture.curls.items():
        for finger in range(2, 6):
            for joint in (1, 2, 3):
                out[f"finger{finger}-{joint}.{side}"] = about_axis(posture.axes[side], curl)
        for joint in (2, 3):
            out[f"finger1-{joint}.{side}"] = about_axis(posture.axes[side], 0.4 * curl)
    return out


def cloth_colour(rng: np.random.Generator) -> NDArray[np.float64]:
    """A linear colour: any, a grey, or a dark one."""
    bright = np.exp(rng.uniform(np.log(0.02), np.log(1.2)))
    return rng.uniform(0.1, 1.6, 3) if rng.random() < 0.5 else bright * rng.uniform(0.8, 1.2, 3) ** rng.integers(1, 4)


def complexion(pieces: list[Piece]) -> NDArray[np.float64]:
    """Linear colour of the skin of the head, as its picture has it."""
    skin = next(piece for piece in pieces if piece.kind == "skin")
    return parts.median_colour(skin.texture, skin.uv[skin.parts == PARTS["head"]])


def dye(pieces: list[Piece]) -> NDArray[np.float64]:
    """Linear colour of the hair's picture; a light brown where there is none."""
    hair = next((piece for piece in pieces if piece.kind == "hair" and piece.texture), None)
    return parts.median_colour(hair.texture, hair.uv) if hair else np.array([0.3, 0.2, 0.14])
