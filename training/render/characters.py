"""Random people of MakeHuman's body space: shape, face, skin, clothes and hair; posed again and again.

Making one costs about 0.2 s, posing one 2 ms: draw each many times. Decimetres, y up, looking along +z.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data.shards import PARTS, Someone
from training.render import parts
from training.render.library import SHOES, WARDROBE, Library
from training.render.meshes import about_axis, euler, vertex_normals
from training.render.renderer import Look, Piece, Pose

HAIR_COLOURS = np.array([(0.12, 0.08, 0.06), (0.35, 0.22, 0.12), (0.8, 0.62, 0.38), (0.5, 0.5, 0.5), (1, 1, 1)])


class Character:
    """One person. `look` and `pose` are new at every call."""

    def __init__(self, library: Library, rng: np.random.Generator, split: str) -> None:
        self.library, self.rng, self.wardrobe = library, rng, WARDROBE[split]
        self.sex = str(rng.choice(["male", "female"]))
        self.age = str(rng.choice(["young", "old", "child"], p=[0.7, 0.22, 0.08]))
        self.identity = f"makehuman {rng.integers(1 << 40):010x}"
        self.body = self._shaped()
        self.joints = np.array([self.body[corner].mean(0) for corner in library.heads])
        self.pieces = self._dressed()
        self.complexion = complexion(self.pieces)

    def look(self) -> Look:
        """New colours: skin from pale to dark, cloth printed one time in three."""
        rng = self.rng
        tone = rng.uniform(0.75, 1.15) if rng.random() < 0.6 else rng.uniform(0.2, 0.7)
        tints = {
            "skin": tone * np.array([1, rng.uniform(0.9, 1.03), rng.uniform(0.82, 1.05)]),
            "cloth": rng.uniform(0.1, 1.6, 3) if rng.random() < 0.65 else np.ones(3),
            "shoe": rng.uniform(0.2, 1.2, 3),
            "hair": HAIR_COLOURS[rng.integers(len(HAIR_COLOURS))] * rng.uniform(0.8, 1.2, 3),
        }
        pattern = int(rng.integers(1, 4)) if rng.random() < 0.35 else 0
        return Look(tints, pattern, float(rng.uniform(10, 60)), tuple(rng.uniform(0.1, 1.5, 3)))

    def described(self, look: Look) -> Someone:
        """Who this is in a look; angles are the view's to tell."""
        tone = parts.tone(self.complexion * look.tints["skin"])
        return Someone(
            self.identity, "makehuman", self.sex, self.age, tone, 0.0, 0.0, hair=self.hair, clothes=self.suit
        )

    def pose(self, wildness: float) -> Pose:
        """`wildness`: 0 a calm portrait, 1 anything."""
        library = self.library
        local = np.tile(np.eye(4), (len(self.joints), 1, 1))
        for name, rotation in self._turns(wildness).items():
            if name in library.bone:
                local[library.bone[name], :3, :3] = rotation
        local[:, :3, 3] = self.joints - np.einsum("bij,bj->bi", local[:, :3, :3], self.joints)
        bones = np.empty_like(local)
        for k, parent in enumerate(library.parents):
            bones[k] = local[k] if parent < 0 else bones[parent] @ local[k]
        number = library.bone["head"]
        head = bones[number].copy()
        head[:3, 3] = (bones[number] @ np.append(self.joints[number], 1))[:3]
        return Pose([bones.astype(np.float32)] * len(self.pieces), head)

    def _shaped(self) -> NDArray[np.float32]:
        """Origin, muscle, weight, then three targets of each feature and two of expression."""
        rng, library = self.rng, self.library
        body, macro = library.body.vertices.copy(), library.core / "targets" / "macrodetails"

        def apply(path: Path, amount: float) -> None:
            if path.exists():
                index, offset = library.target(path)
                body[index] += amount * offset

        muscle = rng.choice(["averagemuscle", "maxmuscle", "minmuscle"], p=[0.6, 0.2, 0.2])
        weight = rng.choice(["averageweight", "maxweight", "minweight"], p=[0.6, 0.2, 0.2])
        for origin, share in zip(("african", "asian", "caucasian"), rng.dirichlet([0.5, 0.5, 0.5]), strict=True):
            apply(macro / f"{origin}-{self.sex}-{self.age}.target", share)
        share = rng.uniform(0.3, 1)
        apply(macro / f"universal-{self.sex}-{self.age}-{muscle}-{weight}.target", share)
        apply(macro / f"universal-{self.sex}-{self.age}-averagemuscle-averageweight.target", 1 - share)
        for files in library.features.values():
            for k in rng.permutation(len(files))[:3]:
                apply(files[k], rng.uniform(0, 0.45))
        for k in rng.permutation(len(library.expressions))[:2]:
            apply(library.expressions[k], rng.uniform(0, 0.6))
        return body

    def _dressed(self) -> list[Piece]:
        """Skin where no cloth hides it, then everything worn."""
        rng, library, both = self.rng, self.library, (*self.wardrobe["male"], *self.wardrobe["female"])
        self.suit = suit = str(rng.choice(self.wardrobe[self.sex] if rng.random() < 0.8 else both))
        worn = [
            ("cloth", library.piece("clothes", suit)),
            ("eyes", library.eyes),
            ("brow", library.brows[rng.integers(len(library.brows))]),
            ("lash", library.lashes[rng.integers(len(library.lashes))]),
            ("shoe", library.piece("clothes", str(rng.choice(SHOES)))),
        ]
        self.hair = str(rng.choice(self.wardrobe["hair"])) if rng.random() < 0.93 else ""
        if self.hair:
            worn.append(("hair", library.piece("hair", self.hair)))
        hidden, pieces = np.zeros(len(self.body), bool), []
        for kind, path in worn:
            clothing = library.clothing(path)
            if not clothing.usable:
                continue
            if kind in ("cloth", "shoe"):
                hidden[clothing.deleted] = True
            texture = library.irises[rng.integers(len(library.irises))] if kind == "eyes" else clothing.texture
            mesh, weights = clothing.mesh, clothing.skin_weights(library.weights)
            shape = (clothing.fitted(self.body), mesh.uv, mesh.faces, mesh.uv_faces, weights)
            pieces.append(piece(kind, *shape, list(library.bone), texture))
        mesh = library.body
        seen = (mesh.groups == "body") & ~hidden[mesh.faces].all(1)
        skin = (self.body, mesh.uv, mesh.faces[seen], mesh.uv_faces[seen], library.weights)
        return [piece("skin", *skin, list(library.bone), self._skin()), *pieces]

    def _skin(self) -> Path:
        sex = [path for path in self.library.skins if f"_{self.sex}_" in path.name]
        same_age = [path for path in sex if ("old" in path.name.split("_")[0]) == (self.age == "old")]
        return self.rng.choice(np.array(same_age or sex, object))

    def _turns(self, wildness: float) -> dict[str, NDArray[np.float64]]:
        """Random rotations of joints."""
        rng, out = self.rng, dict[str, NDArray[np.float64]]()

        def noise(deviation: float) -> float:
            return float(rng.normal(0, deviation * (0.5 + 0.5 * wildness)))

        for name in ("spine05", "spine03", "spine02", "spine01"):
            out[name] = euler(noise(0.06) + 0.02, noise(0.07), noise(0.05))
        for name in ("neck01", "neck02", "head"):
            out[name] = euler(noise(0.10), noise(0.18), noise(0.08))
        for side, sign in (("L", 1), ("R", -1)):
            out |= self._arm(side, sign, wildness)
            hip = noise(0.1) if rng.random() < 0.6 else -rng.uniform(0.3, 1.5)
            out[f"upperleg01.{side}"] = euler(hip, noise(0.1), sign * abs(noise(0.12)))
            out[f"lowerleg01.{side}"] = euler(max(0.0, -hip * rng.uniform(0.5, 1.4)), 0, 0)
        return out

    def _arm(self, side: str, sign: int, wildness: float) -> dict[str, NDArray[np.float64]]:
        """Down, forward, bent, towards the camera; a wrist, and fingers more or less closed."""
        rng, out = self.rng, dict[str, NDArray[np.float64]]()
        calm = rng.random() > wildness
        raised = rng.random() < 0.25
        lift = rng.uniform(-1.0, -0.55) if calm else rng.uniform(-0.2, 1.0) if raised else rng.uniform(-1, 0.1)
        swing = rng.uniform(-0.2, 0.35) if calm else rng.uniform(-0.3, 1.0)
        out[f"upperarm01.{side}"] = euler(rng.normal(0, 0.1), -sign * swing, sign * lift * 0.85)
        arm = self._joint("tails", f"upperarm02.{side}") - self._joint("heads", f"upperarm01.{side}")
        arm /= np.linalg.norm(arm)
        hinge = np.cross(arm, [0.0, 0.0, 1.0])
        bend = rng.uniform(0, 0.4) if calm and rng.random() < 0.6 else rng.uniform(0, 2.2)
        twisted = about_axis(arm, rng.uniform(-1.2, 1.2))
        out[f"lowerarm01.{side}"] = twisted @ about_axis(hinge / np.linalg.norm(hinge), bend)
        out[f"wrist.{side}"] = euler(*rng.normal(0, 0.25, 3))
        for finger in range(2, 6):
            curl = rng.uniform(0, 0.7)
            for joint in (1, 2, 3):
                out[f"finger{finger}-{joint}.{side}"] = euler(0, 0, -sign * curl * 0.6)
        return out

    def _joint(self, end: str, name: str) -> NDArray[np.float64]:
        corners = getattr(self.library, end)[self.library.bone[name]]
        return self.body[corners].mean(0).astype(float)


def piece(
    kind: str,
    vertices: NDArray[np.float32],
    uv: NDArray[np.float32],
    faces: NDArray[np.int64],
    uv_faces: NDArray[np.int64],
    weights: NDArray[np.float32],
    bones: list[str],
    texture: Path | None,
) -> Piece:
    """For the device: one row for each pair of position and texture coordinate, the four heaviest bones."""
    normals = vertex_normals(vertices, faces)
    pairs, index = np.unique(np.stack([faces.ravel(), uv_faces.ravel()], 1), axis=0, return_inverse=True)
    at, texel = pairs.T
    joints = np.argsort(-weights, axis=1)[:, :4]
    heaviest = np.take_along_axis(weights, joints, 1)
    heaviest = heaviest / np.maximum(heaviest.sum(1, keepdims=True), 1e-9)
    return Piece(
        kind=kind,
        vertices=vertices[at],
        normals=normals[at].astype(np.float32),
        uv=uv[texel],
        joints=joints[at].astype(np.int32),
        weights=heaviest[at].astype(np.float32),
        parts=np.full(len(at), PARTS["hair"], np.uint8) if kind == "hair" else parts.of_vertices(joints[at], bones),
        faces=index.reshape(-1, 3).astype(np.int32),
        texture=str(texture) if texture else None,
    )


def complexion(pieces: list[Piece]) -> NDArray[np.float64]:
    """Linear colour of the skin of the head, as its picture has it."""
    skin = next(piece for piece in pieces if piece.kind == "skin")
    return parts.skin_colour(skin.texture, skin.uv[skin.parts == PARTS["head"]])
