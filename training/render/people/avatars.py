"""Rigged avatars in binary glTF as people to be drawn: a second family, so that the network is not judged, or does
not learn, by the people of one modelling program alone.

Made for the VALID avatars (MIT, (c) 2022 Tiffany Do; Do et al., VALID: a Virtual Avatar Library for Inclusion and
Diversity, 2023). Their files must be unpacked first (no meshopt compression, no quantization).
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.data.shards import PARTS, Someone
from training.render.gltf import File, rotation_of
from training.render.meshes import about_axis
from training.render.people import outfits, parts, poses, variations
from training.render.people.accessories import Accessory, Head
from training.render.people.poses import Posture
from training.render.people.skeletons import Skeleton, measured
from training.render.pieces import Look, Piece, Pose

KEPT_FOR_EVALUATION = (
    *("AIAN_M_2", "AIAN_F_1", "Asian_F_2", "Asian_M_2", "Black_F_1", "Black_F_3", "Black_M_1", "Black_M_2"),
    *("Hispanic_F_2", "Hispanic_M_1", "MENA_F_1", "MENA_F_2", "MENA_M_2", "NHPI_M_1", "White_F_2", "White_F_3"),
    "White_M_3",
)
"""Identities that no training ever sees, in any outfit."""

DECIMETRES = 10.0
JOINTS = {
    "spine": ("Spine", "Spine1", "Spine2"),
    "neck": ("Neck",),
    "head": ("Head",),
    "upperarm": ("Arm",),
    "forearm": ("ForeArm",),
    "hand": ("Hand",),
    "thigh": ("UpLeg",),
    "shin": ("Leg",),
}
"""Joints that share a turn; those of the limbs begin with a side."""

PLACES = {
    "shoulder": "Arm",
    "elbow": "ForeArm",
    "wrist": "Hand",
    "knuckle": "HandMiddle1",
    "index": "HandIndex1",
    "pinky": "HandPinky1",
    "hip": "UpLeg",
}

SIDES = {"L": "Left", "R": "Right"}
HANGS_ON = {"head": "Head", "chest": "Spine2", "hand.R": "RightHand"}
LEFT_OUT = ("gland", "Lash", "Teeth")  # transparent films before the eyes: not a surface; teeth behind closed lips


@dataclass(frozen=True)
class Binding:
    """How a piece hangs on the avatar: the nodes that are its joints, and J x 4 x 4 matrices into their spaces."""

    nodes: list[int]
    matrices: NDArray[np.float64]


class Avatar:
    """One file. `look` and `pose` are new at every call. Decimetres, y up, looking along +z."""

    def __init__(self, path: Path, textures: Path, rng: np.random.Generator) -> None:
        self.name, self.rng = path.stem, rng
        self.identity, self.clothes = self.name.rsplit("_", 1)
        self.file, self.textures = File(path), textures
        self.index = self.file.index
        bound = [pair for node in self.file.nodes if "mesh" in node for pair in self._bound(node)]
        self.pieces, self.bindings = [piece for piece, _ in bound], [binding for _, binding in bound]
        self.upright = self.file.upright
        self.complexion = self._complexion()
        wig = next((piece for piece in self.pieces if piece.kind == "hair" and piece.texture), None)
        self.dye = parts.median_colour(wig.texture, wig.uv) if wig else np.array([0.05, 0.04, 0.03])
        bones = self._bones(self.upright, self.bindings)
        self.pieces = [at_rest(piece, table) for piece, table in zip(self.pieces, bones, strict=True)]
        if self.identity not in KEPT_FOR_EVALUATION:
            self.pieces = [varied(piece, rng) for piece in self.pieces]
        self.bindings = [self._bound_to(binding.nodes) for binding in self.bindings]
        self.skeleton = self._skeleton()
        self.outfit = outfits.owned(self._head(), self.skeleton, rng, may_curl=False)
        self.extras = {slot: [self._hung(thing) for thing in things] for slot, things in self.outfit.things.items()}
        self.everything = [*self.pieces, *(piece for extra in self.extras.values() for piece, _ in extra)]

    def look(self) -> Look:
        """Skin and clothes lighter or darker together (they share a picture), lighter or darker hair."""
        body = self.rng.uniform(0.75, 1.6) * self.rng.uniform(0.93, 1.07, 3)
        pattern = int(self.rng.integers(1, 4)) if self.rng.random() < 0.35 else 0
        print_ = float(self.rng.uniform(10, 60)), tuple(self.rng.uniform(0.1, 1.5, 3))
        hair = np.ones(3) * self.rng.uniform(0.5, 1.5)
        tints = {"skin": body, "hair": hair, "strand": hair * self.dye} | outfits.tints(self.rng)
        return Look(tints, pattern, *print_)

    def described(self, look: Look, pose: Pose) -> Someone:
        """Who this is in a look and a pose; angles are the view's to tell. All of them are grown up and not old."""
        sex = "female" if "_F_" in self.name else "male"
        tone = parts.tone(self.complexion * look.tints["skin"])
        return parts.someone(self.identity, "valid", sex, "young", tone, self.identity, self.clothes, pose.wearing)

    def _complexion(self) -> NDArray[np.float64]:
        """Linear colour of the skin of the face, as its picture has it."""
        heads = [
            (piece, piece.parts == PARTS["head"]) for piece in self.pieces if piece.kind == "skin" and piece.texture
        ]
        piece, head = max(heads, key=lambda pair: pair[1].sum())
        return parts.median_colour(str(piece.texture), piece.uv[head])

    def _bound(self, node: dict[str, Any]) -> list[tuple[Piece, Binding]]:
        name = node.get("name", "")
        if any(word in name for word in LEFT_OUT):
            return []
        skin = self.file.description["skins"][node["skin"]]
        matrices = self.file.array(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1).astype(float)
        kind = "hair" if "wig" in name else "eyes" if "eye" in name else "skin"
        pieces = []
        for primitive in self.file.description["meshes"][node["mesh"]]["primitives"]:
            values = {key: self.file.array(index) for key, index in primitive["attributes"].items()}
            order = np.argsort(-values["WEIGHTS_0"], axis=1)
            weights, joints = (np.take_along_axis(values[key], order, 1) for key in ("WEIGHTS_0", "JOINTS_0"))
            bones = [self.file.nodes[node].get("name", "") for node in skin["joints"]]
            hair = np.full(len(joints), PARTS["hair"], np.uint8)
            piece = Piece(
                kind=kind,
                vertices=values["POSITION"].astype(np.float32),
                normals=values["NORMAL"].astype(np.float32),
                uv=(values["TEXCOORD_0"] * (1, -1) + (0, 1)).astype(np.float32),
                joints=joints.astype(np.int32),
                weights=(weights / weights.sum(1, keepdims=True)).astype(np.float32),
                parts=hair if kind == "hair" else parts.of_vertices(joints, bones),
                faces=self.file.array(primitive["indices"]).reshape(-1, 3).astype(np.int32),
                texture=self.file.picture(primitive.get("material"), self.textures),
            )
            pieces.append((piece, Binding(skin["joints"], matrices)))
        return pieces

    def pose(self, wildness: float, camera: NDArray[np.float64]) -> Pose:
        """`wildness`: 0 a calm portrait, 1 anything. `camera`: direction to the viewer in the person's axes."""
        wearing = self.outfit.shown(self.rng)
        posture = poses.posture(self.skeleton, wildness, camera, self.rng, wearing.get("held", ""))
        turns = {self.index[name]: turn for name, turn in turns_of(posture).items() if name in self.index}
        world = self.file.worlds(turns)
        extras = [pair for slot in wearing for pair in self.extras[slot]]
        number, head = self.index["Head"], np.eye(4)
        head[:3, :3] = rotation_of(world[number]) @ rotation_of(self.upright[number]).T
        head[:3, 3] = world[number][:3, 3] * DECIMETRES + (0, 0.3, 0)
        bones = self._bones(world, [*self.bindings, *(binding for _, binding in extras)])
        return Pose([*self.pieces, *(piece for piece, _ in extras)], bones, head, wearing)

    def _bones(self, world: list[NDArray[np.float64]], bindings: list[Binding]) -> list[NDArray[np.float32]]:
        metres = np.diag([DECIMETRES, DECIMETRES, DECIMETRES, 1.0])
        tables = [metres @ np.stack([world[node] for node in b.nodes]) @ b.matrices for b in bindings]
        return [table.astype(np.float32) for table in tables]

    def _hung(self, thing: Accessory) -> tuple[Piece, Binding]:
        """A thing made in the axes of rest, on its joint."""
        return outfits.piece(thing, 0), self._bound_to([self.index[HANGS_ON[thing.joint]]])

    def _bound_to(self, nodes: list[int]) -> Binding:
        """Of what is given in the axes of rest, in decimetres."""
        metres = np.diag([DECIMETRES, DECIMETRES, DECIMETRES, 1.0])
        return Binding(nodes, np.linalg.inv(metres @ np.stack([self.upright[node] for node in nodes])))

    def _skeleton(self) -> Skeleton:
        places = {f"{name}.{side}": self._place(SIDES[side] + joint) for name, joint in PLACES.items() for side in "LR"}
        places |= {"neck": self._place("Neck"), "waist": self._place("Spine")}
        places["eyes"] = (self._place("LeftEye") + self._place("RightEye")) / 2
        chosen = [piece.vertices[np.isin(piece.parts, (PARTS["body"], PARTS["head"]))] for piece in self.pieces]
        return measured(places, np.concatenate(chosen).astype(float))

    def _head(self) -> Head:
        bare = np.concatenate([piece.vertices for piece in self.pieces if piece.kind == "skin"]).astype(float)
        bare = bare[(bare[:, 1] > self._place("Neck")[1] - 0.8) & (np.abs(bare[:, 0]) < 1.6)]
        haired = np.concatenate([bare, *(piece.vertices for piece in self.pieces if piece.kind == "hair")])
        return Head(bare, haired, self._place("LeftEye"), self._place("RightEye"))

    def _place(self, name: str) -> NDArray[np.float64]:
        return self.upright[self.index[name]][:3, 3] * DECIMETRES


def turns_of(posture: Posture) -> dict[str, NDArray[np.float64]]:
    """A posture for this rig's joints."""
    out = {}
    for name, turn in posture.turns.items():
        bone, _, side = name.partition(".")
        for joint in JOINTS[bone]:
            out[SIDES.get(side, "") + joint] = poses.share(turn, len(JOINTS[bone]))
    for side, curl in posture.curls.items():
        for joint in (1, 2, 3):
            for finger in ("Index", "Middle", "Ring", "Pinky"):
                out[f"{SIDES[side]}Hand{finger}{joint}"] = about_axis(posture.axes[side], curl)
            if joint > 1:
                out[f"{SIDES[side]}HandThumb{joint}"] = about_axis(posture.axes[side], 0.4 * curl)
    return out


def at_rest(piece: Piece, bones: NDArray[np.float32]) -> Piece:
    """The piece where these bones put it."""
    tables = np.einsum("vk,vkij->vij", piece.weights, bones[piece.joints])
    vertices = np.einsum("vij,vj->vi", tables[:, :3, :3], piece.vertices) + tables[:, :3, 3]
    normals = np.einsum("vij,vj->vi", tables[:, :3, :3], piece.normals)
    normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    return replace(piece, vertices=vertices.astype(np.float32), normals=normals.astype(np.float32))


def varied(piece: Piece, rng: np.random.Generator) -> Piece:
    """The piece on somebody stouter or thinner; heads, hands and hair stay."""
    if piece.kind != "skin":
        return piece
    body = ~np.isin(piece.parts, (PARTS["head"], PARTS["hand"]))
    vertices, normals = variations.reshaped(piece.vertices, piece.faces, body.astype(float), rng)
    return replace(piece, vertices=vertices, normals=np.where(body[:, None], normals, piece.normals))
