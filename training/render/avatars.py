"""Rigged avatars in binary glTF as people to be drawn: a second family, so that the network is not judged, or does
not learn, by the people of one modelling program alone.

Made for the VALID avatars (MIT, (c) 2022 Tiffany Do; Do et al., VALID: a Virtual Avatar Library for Inclusion and
Diversity, 2023). Their files must be unpacked first (no meshopt compression, no quantization).
"""

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.data.shards import PARTS, Someone
from training.render import parts
from training.render.meshes import about_axis, euler
from training.render.renderer import Look, Piece, Pose

KEPT_FOR_EVALUATION = (
    *("AIAN_M_2", "AIAN_F_1", "Asian_F_2", "Asian_M_2", "Black_F_1", "Black_F_3", "Black_M_1", "Black_M_2"),
    *("Hispanic_F_2", "Hispanic_M_1", "MENA_F_1", "MENA_F_2", "MENA_M_2", "NHPI_M_1", "White_F_2", "White_F_3"),
    "White_M_3",
)
"""Identities that no training ever sees, in any outfit."""

COMPONENTS = {5121: np.uint8, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
DECIMETRES = 10.0
LEFT_OUT = ("gland", "Lash")  # transparent films before the eyes: not a surface


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
        data = path.read_bytes()
        length = struct.unpack("<I", data[12:16])[0]
        self.gltf: dict[str, Any] = json.loads(data[20 : 20 + length])
        self.blob = data[28 + length :]
        self.nodes = self.gltf["nodes"]
        self.index = {node.get("name"): k for k, node in enumerate(self.nodes)}
        self.parent = {child: k for k, node in enumerate(self.nodes) for child in node.get("children", [])}
        self.rest = [local_matrix(node) for node in self.nodes]
        self.textures = textures
        bound = [pair for node in self.nodes if "mesh" in node for pair in self._bound(node)]
        self.pieces, self.bindings = [piece for piece, _ in bound], [binding for _, binding in bound]
        self.complexion = self._complexion()

    def look(self) -> Look:
        """A little more or less light on skin and clothes (they share a picture), lighter or darker hair."""
        body = self.rng.uniform(0.7, 1.2) * self.rng.uniform(0.93, 1.07, 3)
        return Look({"skin": body, "hair": np.ones(3) * self.rng.uniform(0.5, 1.5)})

    def described(self, look: Look) -> Someone:
        """Who this is in a look; angles are the view's to tell. All of them are grown up and not old."""
        sex = "female" if "_F_" in self.name else "male"
        tone = parts.tone(self.complexion * look.tints["skin"])
        return Someone(self.identity, "valid", sex, "young", tone, 0.0, 0.0, hair=self.identity, clothes=self.clothes)

    def _complexion(self) -> NDArray[np.float64]:
        """Linear colour of the skin of the face, as its picture has it."""
        heads = [
            (piece, piece.parts == PARTS["head"]) for piece in self.pieces if piece.kind == "skin" and piece.texture
        ]
        piece, head = max(heads, key=lambda pair: pair[1].sum())
        return parts.skin_colour(str(piece.texture), piece.uv[head])

    def _bound(self, node: dict[str, Any]) -> list[tuple[Piece, Binding]]:
        name = node.get("name", "")
        if any(word in name for word in LEFT_OUT):
            return []
        skin = self.gltf["skins"][node["skin"]]
        matrices = self._array(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1).astype(float)
        kind = "hair" if "wig" in name else "eyes" if "eye" in name else "skin"
        pieces = []
        for primitive in self.gltf["meshes"][node["mesh"]]["primitives"]:
            values = {key: self._array(index) for key, index in primitive["attributes"].items()}
            order = np.argsort(-values["WEIGHTS_0"], axis=1)
            weights, joints = (np.take_along_axis(values[key], order, 1) for key in ("WEIGHTS_0", "JOINTS_0"))
            bones = [self.nodes[node].get("name", "") for node in skin["joints"]]
            hair = np.full(len(joints), PARTS["hair"], np.uint8)
            piece = Piece(
                kind=kind,
                vertices=values["POSITION"].astype(np.float32),
                normals=values["NORMAL"].astype(np.float32),
                uv=(values["TEXCOORD_0"] * (1, -1) + (0, 1)).astype(np.float32),
                joints=joints.astype(np.int32),
                weights=(weights / weights.sum(1, keepdims=True)).astype(np.float32),
                parts=hair if kind == "hair" else parts.of_vertices(joints, bones),
                faces=self._array(primitive["indices"]).reshape(-1, 3).astype(np.int32),
                texture=self._texture(primitive.get("material")),
            )
            pieces.append((piece, Binding(skin["joints"], matrices)))
        return pieces

    def _array(self, index: int) -> NDArray[Any]:
        accessor = self.gltf["accessors"][index]
        view = self.gltf["bufferViews"][accessor["bufferView"]]
        kind, width = np.dtype(COMPONENTS[accessor["componentType"]]), WIDTHS[accessor["type"]]
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        stride = view.get("byteStride", width * kind.itemsize)
        rows = np.ndarray((accessor["count"], width), kind, self.blob, start, (stride, kind.itemsize))
        normalised = accessor.get("normalized") and kind != np.float32
        return rows / np.iinfo(kind).max if normalised else rows.copy()

    def _texture(self, material: int | None) -> str | None:
        if material is None:
            return None
        colour = self.gltf["materials"][material].get("pbrMetallicRoughness", {}).get("baseColorTexture")
        if colour is None:
            return None
        texture = self.gltf["textures"][colour["index"]]
        source = texture.get("source", texture.get("extensions", {}).get("EXT_texture_webp", {}).get("source"))
        image = self.gltf["images"][source]
        view = self.gltf["bufferViews"][image["bufferView"]]
        path = self.textures / f"{self.name}_{source}.{image['mimeType'].split('/')[1]}"
        if not path.exists():
            path.write_bytes(self.blob[view.get("byteOffset", 0) :][: view["byteLength"]])
        return str(path)

    def pose(self, wildness: float) -> Pose:
        """`wildness`: 0 a calm portrait, 1 anything."""
        upright = self._worlds({})
        world = self._worlds(self._turns(wildness, upright))
        metres = np.diag([DECIMETRES, DECIMETRES, DECIMETRES, 1.0])
        bones = [metres @ np.stack([world[node] for node in b.nodes]) @ b.matrices for b in self.bindings]
        number, head = self.index["Head"], np.eye(4)
        head[:3, :3] = rotation_of(world[number]) @ rotation_of(upright[number]).T
        head[:3, 3] = world[number][:3, 3] * DECIMETRES + (0, 0.3, 0)
        return Pose([table.astype(np.float32) for table in bones], head)

    def _worlds(self, turns: dict[int, NDArray[np.float64]]) -> list[NDArray[np.float64]]:
        """World matrix of every node; a turn is a rotation about the node's own place, in the world's axes at rest."""
        out: dict[int, NDArray[np.float64]] = {}

        def world(node: int) -> NDArray[np.float64]:
            if node not in out:
                above = world(self.parent[node]) if node in self.parent else np.eye(4)
                placed = above @ self.rest[node]
                if node in turns:
                    basis = rotation_of(placed)
                    local = np.eye(4)
                    local[:3, :3] = basis.T @ turns[node] @ basis
                    placed = placed @ local
                out[node] = placed
            return out[node]

        return [world(node) for node in range(len(self.nodes))]

    def _turns(self, wildness: float, world: list[NDArray[np.float64]]) -> dict[int, NDArray[np.float64]]:
        """Random rotations of spine, neck, arms, fingers and legs; the avatars stand in a T or A pose at rest."""
        rng, turns = self.rng, {}

        def noise(deviation: float) -> float:
            return float(rng.normal(0, deviation * (0.5 + 0.5 * wildness)))

        def turn(name: str, rotation: NDArray[np.float64]) -> None:
            if name in self.index:
                turns[self.index[name]] = rotation

        for name in ("Spine", "Spine1", "Spine2"):
            turn(name, euler(noise(0.06), noise(0.08), noise(0.05)))
        for name in ("Neck", "Head"):
            turn(name, euler(noise(0.12), noise(0.22), noise(0.1)))
        for side, sign in (("Left", 1), ("Right", -1)):
            shoulder, elbow = (world[self.index[f"{side}{part}"]][:3, 3] for part in ("Arm", "ForeArm"))
            arm = (elbow - shoulder) / np.linalg.norm(elbow - shoulder)
            calm = rng.random() > wildness
            wanted = rng.uniform(-1.45, -1.0) if calm or rng.random() < 0.7 else rng.uniform(-1.2, 1.0)
            lift = wanted - np.arctan2(arm[1], abs(arm[0]))
            swing = rng.uniform(-0.2, 0.3) if calm else rng.uniform(-0.3, 1.1)
            turn(f"{side}Arm", euler(0, -sign * swing, 0) @ euler(0, 0, sign * lift))
            hinge = np.cross(arm, [0.0, 0.0, 1.0])
            bend = rng.uniform(0, 0.5) if calm or rng.random() < 0.4 else rng.uniform(0.5, 2.2)
            twist = about_axis(arm, rng.uniform(-1.0, 1.0))
            turn(f"{side}ForeArm", twist @ about_axis(hinge / np.linalg.norm(hinge), bend))
            turn(f"{side}Hand", euler(noise(0.3), noise(0.3), noise(0.3)))
            for finger in ("Index", "Middle", "Ring", "Pinky"):
                curl = rng.uniform(0, 0.7)
                for joint in (1, 2, 3):
                    turn(f"{side}Hand{finger}{joint}", euler(0, 0, -sign * curl * 0.6))
            hip = noise(0.1) if rng.random() < 0.6 else -rng.uniform(0.3, 1.4)
            turn(f"{side}UpLeg", euler(hip, noise(0.1), sign * abs(noise(0.1))))
            turn(f"{side}Leg", euler(max(0.0, -hip * rng.uniform(0.5, 1.4)), 0, 0))
        return turns


def local_matrix(node: dict[str, Any]) -> NDArray[np.float64]:
    if "matrix" in node:
        return np.array(node["matrix"], float).reshape(4, 4).T
    x, y, z, w = node.get("rotation", (0, 0, 0, 1))
    out = np.eye(4)
    out[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    out[:3, :3] *= np.array(node.get("scale", (1, 1, 1)))
    out[:3, 3] = node.get("translation", (0, 0, 0))
    return out


def rotation_of(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return matrix[:3, :3] / np.linalg.norm(matrix[:3, :3], axis=0)
