"""What a made-up person wears, as pieces for the device: skin where no cloth hides it, clothes, shoes, hair, brows."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data.shards import PARTS
from training.render.meshes import vertex_normals
from training.render.people import parts, tailoring, variations
from training.render.people.clothing import Clothing
from training.render.people.library import SHOES, WARDROBE, Library, skins_of
from training.render.people.tailoring import Garment
from training.render.pieces import Piece

Vertices = NDArray[np.float32]
Mask = NDArray[np.bool_]

THICKNESS = 0.05
"""Of cloth beyond what its model has, dm: a little farther out, so that skin stays under it in wide gestures."""

TAILORED = 0.55
"""Share of people in training whose clothes are cut to measure. The others, and all who are held out, wear suits."""

PLAIN, PICTURED = 0.3, 0.15
"""Shares of suits without their picture, in one colour or printed, and of all clothes with any photograph for one."""


@dataclass(frozen=True)
class Kind:
    """Of which split, sex and age somebody is."""

    split: str
    sex: str
    age: str


@dataclass(frozen=True)
class Clothes:
    """`suit` and `hair`: names of the models. `skirted`: legs may not be spread."""

    pieces: list[Piece]
    suit: str
    hair: str
    skirted: bool


@dataclass(frozen=True)
class Rows:
    """A mesh as the device wants it, whatever body it is on: one row for each pair of position and texture coordinate,
    with the four heaviest bones."""

    at: NDArray[np.int64]
    uv: NDArray[np.float32]
    joints: NDArray[np.int32]
    weights: NDArray[np.float32]
    faces: NDArray[np.int32]


class Dressing:
    """Of one body: all vertices of the base mesh, as somebody has them, and the middle between the eyes."""

    def __init__(self, library: Library, body: Vertices, kind: Kind, rng: np.random.Generator) -> None:
        self.library, self.body, self.kind, self.rng = library, body, kind, rng
        self.bones, self.hidden, self.pieces = list(library.bone), np.zeros(len(body), bool), list[Piece]()

    def done(self) -> Clothes:
        rng, wardrobe = self.rng, WARDROBE[self.kind.split]
        hair = str(rng.choice(wardrobe["hair"])) if rng.random() < 0.85 else ""
        self._head(hair)
        self._model("shoe", self.library.piece("clothes", str(rng.choice(SHOES))))
        suit, garments = "tailored", list[Garment]()
        if self.kind.split == "train" and rng.random() < TAILORED:
            garments = tailoring.tailored(self._chart(), rng)
        else:
            both = (*wardrobe["male"], *wardrobe["female"])
            suit = str(rng.choice(wardrobe[self.kind.sex] if rng.random() < 0.8 else both))
            self._model("cloth", self.library.piece("clothes", suit))
            if self.kind.sex == "female" and rng.random() < 0.35:
                garments = [tailoring.skirt(self._chart(), "lower", rng.uniform(-1.5, -0.6), 0.14, rng)]
        for garment in garments:
            self._garment(garment)
        skirted = any(garment.group == tailoring.SKIRT for garment in garments)
        return Clothes([self._skin(), *self.pieces], suit, hair, skirted)

    def _head(self, hair: str) -> None:
        library, rng = self.library, self.rng
        self._model("eyes", library.eyes)
        self._model("brow", library.brows[rng.integers(len(library.brows))])
        self._model("lash", library.lashes[rng.integers(len(library.lashes))])
        if hair:
            self._model("hair", library.piece("hair", hair))

    def _model(self, kind: str, path: Path) -> None:
        """Something of the library's, fitted to the body."""
        library, rng, clothing = self.library, self.rng, self.library.clothing(path)
        if not clothing.usable:
            return
        vertices, texture = clothing.fitted(self.body), clothing.texture
        if kind in ("cloth", "shoe"):
            self.hidden[clothing.deleted] = True
        if kind == "cloth":
            texture = self._picture(None if rng.random() < PLAIN else texture)
            slack = np.full(len(vertices), THICKNESS + min(float(rng.exponential(0.04)), 0.15))
            vertices = variations.draped(vertices, clothing.mesh.faces, slack, rng)
        elif kind == "hair":
            vertices = variations.combed(vertices, *self.library.eyes_of(self.body), rng)
        elif kind == "eyes":
            texture = library.irises[rng.integers(len(library.irises))]
        rows = library.cached(path, lambda: rows_of_clothing(clothing, library.weights))
        self.pieces.append(piece(kind, vertices, rows, self.bones, texture))

    def _garment(self, garment: Garment) -> None:
        mesh = self.library.body
        faces = mesh.faces[mesh.groups == garment.group]
        vertices, kept = garment.cut(variations.draped(self.body, faces, garment.slack, self.rng), faces)
        rows = narrowed(self._rows(garment.group), kept)
        self.hidden |= garment.hides
        self.pieces.append(piece(garment.kind, vertices, rows, self.bones, self._picture(None)))

    def _picture(self, usual: Path | None) -> Path | None:
        prints = self.library.prints
        return prints[self.rng.integers(len(prints))] if prints and self.rng.random() < PICTURED else usual

    def _skin(self) -> Piece:
        library, kind, mesh = self.library, self.kind, self.library.body
        seen = ~self.hidden[mesh.faces[mesh.groups == "body"]].all(1)
        skins = skins_of(library.skins, kind.split, kind.sex, kind.age)
        rows = narrowed(self._rows("body"), seen)
        return piece("skin", self.body, rows, self.bones, skins[self.rng.integers(len(skins))])

    def _chart(self) -> tailoring.Chart:
        return self.library.cached("chart", lambda: tailoring.chart(self.library))

    def _rows(self, group: str) -> Rows:
        mesh, library = self.library.body, self.library
        seen = mesh.groups == group
        return library.cached(group, lambda: rows(mesh.uv, mesh.faces[seen], mesh.uv_faces[seen], library.weights))


def rows(
    uv: NDArray[np.float32], faces: NDArray[np.int64], uv_faces: NDArray[np.int64], weights: NDArray[np.float32]
) -> Rows:
    pairs, index = np.unique(np.stack([faces.ravel(), uv_faces.ravel()], 1), axis=0, return_inverse=True)
    at, texel = pairs.T
    joints = np.argsort(-weights[at], axis=1)[:, :4]
    heaviest = np.take_along_axis(weights[at], joints, 1)
    heaviest = heaviest / np.maximum(heaviest.sum(1, keepdims=True), 1e-9)
    return Rows(
        at, uv[texel], joints.astype(np.int32), heaviest.astype(np.float32), index.reshape(-1, 3).astype(np.int32)
    )


def rows_of_clothing(clothing: Clothing, weights: NDArray[np.float32]) -> Rows:
    mesh = clothing.mesh
    return rows(mesh.uv, mesh.faces, mesh.uv_faces, clothing.skin_weights(weights))


def narrowed(whole: Rows, seen: Mask) -> Rows:
    """Only some of the faces, and the rows that they need."""
    used, faces = np.unique(whole.faces[seen], return_inverse=True)
    kept = (whole.at[used], whole.uv[used], whole.joints[used], whole.weights[used])
    return Rows(*kept, faces.reshape(-1, 3).astype(np.int32))


def piece(kind: str, vertices: Vertices, rows: Rows, bones: list[str], texture: Path | None) -> Piece:
    hair = np.full(len(rows.at), PARTS["hair"], np.uint8)
    return Piece(
        kind=kind,
        vertices=vertices[rows.at],
        normals=vertex_normals(vertices, rows.at[rows.faces])[rows.at].astype(np.float32),
        uv=rows.uv,
        joints=rows.joints,
        weights=rows.weights,
        parts=hair if kind == "hair" else parts.of_vertices(rows.joints, bones),
        faces=rows.faces,
        texture=str(texture) if texture else None,
    )
