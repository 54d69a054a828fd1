"""What a made-up person wears, as pieces for the device: skin where no cloth hides it, clothes, shoes, hair, brows."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.render.people import tailoring, variations
from training.render.people.accessories import Head
from training.render.people.library import SHOES, WARDROBE, Library, skins_of
from training.render.people.rows import Rows, narrowed, piece, rows_of, rows_of_clothing, stretched
from training.render.people.tailoring import Garment
from training.render.people.variations import Folds
from training.render.pieces import Piece

Vertices = NDArray[np.float32]

THICKNESS, LOOSEST_SUIT = 0.05, 0.15
"""Of suits beyond what their models have, dm: a little farther out, so that skin stays under them in wide gestures; and
most that they are wider than that."""

TAILORED = 0.55
"""Share of people in training whose clothes are cut to measure. The others, and all who are held out, wear suits."""

SKIRTED = 0.35
"""Share of women in suits with a skirt over them."""

HAIRED = 0.85
"""Share of people with a wig."""

PLAIN, PICTURED = 0.3, 0.15
"""Shares of suits without their picture, in one colour or printed, and of all clothes with any photograph for one."""


@dataclass(frozen=True)
class Bearer:
    """Of which split, sex and age somebody is."""

    split: str
    sex: str
    age: str


@dataclass(frozen=True)
class Clothes:
    """`suit`: the name of its model, or "tailored"; `hair`: that of the wig, or "". `skirted`: may not sit or squat."""

    pieces: list[Piece]
    suit: str
    hair: str
    skirted: bool


def dressed(library: Library, body: Vertices, bearer: Bearer, rng: np.random.Generator) -> Clothes:
    """`body`: all vertices of the base mesh, as somebody has them."""
    wardrobe, wearing = WARDROBE[bearer.split], Wearing(library, body, rng)
    hair = str(rng.choice(wardrobe["hair"])) if rng.random() < HAIRED else ""
    wearing.head(hair)
    wearing.model("shoe", library.piece("clothes", str(rng.choice(SHOES))))
    chart, garments = library.cached("chart", lambda: tailoring.chart(library)), list[Garment]()
    if bearer.split == "train" and rng.random() < TAILORED:
        suit, garments = "tailored", tailoring.tailored(chart, bearer.sex, rng)
    else:
        both = (*wardrobe["male"], *wardrobe["female"])
        suit = str(rng.choice(wardrobe[bearer.sex] if rng.random() < 0.8 else both))
        wearing.model("cloth", library.piece("clothes", suit))
        if bearer.sex == "female" and rng.random() < SKIRTED:
            under = np.full(len(body), THICKNESS + LOOSEST_SUIT)
            garments = [tailoring.skirt(chart, "lower", rng.uniform(-1.5, -0.6), under, rng)]
    for garment in garments:
        wearing.garment(garment)
    skirted = any(garment.group == tailoring.SKIRT for garment in garments)
    skins = skins_of(library.skins, bearer.split, bearer.sex, bearer.age)
    return Clothes([wearing.skin(skins[rng.integers(len(skins))]), *wearing.pieces], suit, hair, skirted)


class Wearing:
    """What is put on one body, and what it hides of the skin."""

    def __init__(self, library: Library, body: Vertices, rng: np.random.Generator) -> None:
        self.library, self.body, self.rng = library, body, rng
        self.bones, self.hidden, self.pieces = list(library.bone), np.zeros(len(body), bool), list[Piece]()
        self.folds = Folds(rng)
        tall, usual = (
            library.joint(one, "neck01") - library.joint(one, "foot.L") for one in (body, library.body.vertices)
        )
        self.size = float(tall[1] / usual[1])

    def head(self, hair: str) -> None:
        """Eyes, brows, lashes and hair."""
        library, rng = self.library, self.rng
        self.model("eyes", library.eyes)
        self.model("brow", library.brows[rng.integers(len(library.brows))])
        self.model("lash", library.lashes[rng.integers(len(library.lashes))])
        if hair:
            self.model("hair", library.piece("hair", hair))

    def model(self, kind: str, path: Path) -> None:
        """Something of the library's, fitted to the body."""
        library, rng, clothing = self.library, self.rng, self.library.clothing(path)
        if not clothing.usable:
            return
        vertices, texture = clothing.fitted(self.body), clothing.texture
        if kind in ("cloth", "shoe"):
            self.hidden[clothing.deleted] = True
        if kind == "cloth":
            texture = self._picture(None if rng.random() < PLAIN else texture)
            slack = THICKNESS + min(float(rng.exponential(LOOSEST_SUIT / 4)), LOOSEST_SUIT)
            vertices = variations.draped(vertices, clothing.mesh.faces, np.full(len(vertices), slack), self.folds)
        elif kind == "hair":
            left, right = (library.joint(self.body, f"eye.{side}") for side in "LR")
            vertices = variations.combed(vertices, Head(self.body, vertices, left, right), rng)
        elif kind == "eyes":
            texture = library.irises[rng.integers(len(library.irises))]
        rows = library.cached(path, lambda: rows_of_clothing(clothing, library.weights))
        self.pieces.append(piece(kind, vertices, rows, self.bones, texture))

    def garment(self, garment: Garment) -> None:
        """Something cut to measure; a child's is less wide."""
        mesh = self.library.body
        faces = mesh.faces[mesh.groups == garment.group]
        vertices = variations.draped(self.body, faces, garment.slack * self.size, self.folds)
        vertices, kept = garment.cut(vertices, faces)
        self.hidden |= garment.hides
        rows = narrowed(self._rows(garment.group), kept)
        self.pieces.append(piece(garment.kind, vertices, rows, self.bones, self._picture(None)))

    def skin(self, texture: Path) -> Piece:
        """Where nothing hides it."""
        mesh = self.library.body
        seen = ~self.hidden[mesh.faces[mesh.groups == "body"]].all(1)
        return piece("skin", self.body, narrowed(self._rows("body"), seen), self.bones, texture)

    def _picture(self, usual: Path | None) -> Path | None:
        prints = self.library.prints
        return prints[self.rng.integers(len(prints))] if prints and self.rng.random() < PICTURED else usual

    def _rows(self, group: str) -> Rows:
        mesh, weights = self.library.body, self.library.weights
        seen = mesh.groups == group

        def made() -> Rows:
            whole = rows_of(mesh.uv, mesh.faces[seen], mesh.uv_faces[seen], weights)
            return whole if group == "body" else replace(whole, uv=stretched(whole.uv))

        return self.library.cached(group, made)
