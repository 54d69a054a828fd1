"""MakeHuman's .mhclo files: meshes that follow a body, each vertex by three of the body's and an offset."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.render.meshes import Mesh, read_obj

PNG = b"\x89PNG"


class Clothing:
    """Clothes, shoes, hair, brows, lashes or eyes, as made for the base body."""

    def __init__(self, path: Path) -> None:
        self.scales: dict[int, tuple[int, int, float]] = {}
        self.deleted: list[int] = []
        names, anchors, section = dict[str, str](), list[list[float]](), ""
        for line in path.read_text(errors="ignore").splitlines():
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if words[0] in ("x_scale", "y_scale", "z_scale"):
                self.scales["xyz".index(words[0][0])] = (int(words[1]), int(words[2]), float(words[3]))
            elif words[0] in ("obj_file", "material"):
                names[words[0]] = " ".join(words[1:])
            elif words[0] in ("verts", "delete_verts", "weights"):
                section = words[0]
            elif section == "delete_verts":
                self.deleted += vertex_ranges(line)
            elif section == "verts" and re.match(r"[-\d.]", words[0]):
                numbers = [float(word) for word in words]
                anchors.append(numbers[:9] if len(numbers) >= 9 else [numbers[0]] * 3 + [1, 0, 0, 0, 0, 0])
            else:
                section = ""
        table = np.array(anchors, np.float32)
        self.anchors, self.shares, self.offsets = table[:, :3].astype(int), table[:, 3:6], table[:, 6:9]
        self.mesh: Mesh = read_obj(path.parent / names["obj_file"])
        self.texture = diffuse_texture(path.parent / names["material"]) if "material" in names else None

    @property
    def usable(self) -> bool:
        """A few files name more or fewer vertices than their mesh has."""
        return len(self.anchors) == len(self.mesh.vertices)

    def fitted(self, body: NDArray[np.float32]) -> NDArray[np.float32]:
        """The piece's vertices on a given body."""
        scale = np.ones(3, np.float32)
        for axis, (first, second, length) in self.scales.items():
            scale[axis] = abs(body[first, axis] - body[second, axis]) / length
        return (body[self.anchors] * self.shares[..., None]).sum(1) + self.offsets * scale

    def skin_weights(self, body: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bone weights taken over from the body's, V x bones."""
        weights = np.maximum((body[self.anchors] * self.shares[..., None]).sum(1), 0)
        return weights / np.maximum(weights.sum(1, keepdims=True), 1e-6)


def vertex_ranges(line: str) -> list[int]:
    """`12 15 - 18` is 12, 15, 16, 17, 18."""
    out: list[int] = []
    for first, last in re.findall(r"(\d+)(?:\s*-\s*(\d+))?", line):
        out += range(int(first), int(last or first) + 1)
    return out


def diffuse_texture(material: Path) -> Path | None:
    """The picture that an .mhmat file names, if it is there and is one (not a Git LFS pointer)."""
    if not material.exists():
        return None
    match = re.search(r"^\s*diffuseTexture\s+(\S.*?)\s*$", material.read_text(errors="ignore"), re.MULTILINE)
    picture = material.parent / match[1] if match else None
    return picture if picture and is_picture(picture) else None


def is_picture(path: Path) -> bool:
    if not path.exists():
        return False
    with path.open("rb") as file:
        return file.read(4) == PNG
