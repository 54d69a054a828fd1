"""Binary glTF files: nodes and how they hang together, arrays, pictures. No meshopt compression, no quantization."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

COMPONENTS = {5121: np.uint8, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


class File:
    """One file. `nodes`: as they stand in it; `index`: their numbers by name; `rest`: each one's 4 x 4 matrix in its
    parent; `upright`: the same in the world."""

    def __init__(self, path: Path) -> None:
        self.name, data = path.stem, path.read_bytes()
        length = struct.unpack("<I", data[12:16])[0]
        self.description: dict[str, Any] = json.loads(data[20 : 20 + length])
        self.blob = data[28 + length :]
        self.nodes = self.description["nodes"]
        self.index = {node.get("name"): k for k, node in enumerate(self.nodes)}
        self.parent = {child: k for k, node in enumerate(self.nodes) for child in node.get("children", [])}
        self.rest = [local_matrix(node) for node in self.nodes]
        self.upright = self.worlds({})

    def array(self, index: int) -> NDArray[Any]:
        accessor = self.description["accessors"][index]
        view = self.description["bufferViews"][accessor["bufferView"]]
        kind, width = np.dtype(COMPONENTS[accessor["componentType"]]), WIDTHS[accessor["type"]]
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        stride = view.get("byteStride", width * kind.itemsize)
        rows = np.ndarray((accessor["count"], width), kind, self.blob, start, (stride, kind.itemsize))
        normalised = accessor.get("normalized") and kind != np.float32
        return rows / np.iinfo(kind).max if normalised else rows.copy()

    def picture(self, material: int | None, folder: Path) -> str | None:
        """Path of a material's base colour, written into the folder when it is asked for first."""
        if material is None:
            return None
        colour = self.description["materials"][material].get("pbrMetallicRoughness", {}).get("baseColorTexture")
        if colour is None:
            return None
        texture = self.description["textures"][colour["index"]]
        source = texture.get("source", texture.get("extensions", {}).get("EXT_texture_webp", {}).get("source"))
        image = self.description["images"][source]
        view = self.description["bufferViews"][image["bufferView"]]
        path = folder / f"{self.name}_{source}.{image['mimeType'].split('/')[1]}"
        if not path.exists():
            path.write_bytes(self.blob[view.get("byteOffset", 0) :][: view["byteLength"]])
        return str(path)

    def worlds(self, turns: dict[int, Matrix]) -> list[Matrix]:
        """World matrix of every node; a turn (3 x 3) is a rotation about the node's own place in the axes of rest,
        carried along by what the node hangs on."""
        out: dict[int, Matrix] = {}

        def world(node: int) -> Matrix:
            if node not in out:
                above = world(self.parent[node]) if node in self.parent else np.eye(4)
                placed = above @ self.rest[node]
                if node in turns:
                    basis = rotation_of(self.upright[node])
                    local = np.eye(4)
                    local[:3, :3] = basis.T @ turns[node] @ basis
                    placed = placed @ local
                out[node] = placed
            return out[node]

        return [world(node) for node in range(len(self.nodes))]


def local_matrix(node: dict[str, Any]) -> Matrix:
    """Of a node in its parent, 4 x 4: given whole, or as a turn (a quaternion), a size and a place."""
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


def rotation_of(matrix: Matrix) -> Matrix:
    """Its turn alone, 3 x 3."""
    return matrix[:3, :3] / np.linalg.norm(matrix[:3, :3], axis=0)
