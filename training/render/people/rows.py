"""Meshes of bodies and clothes as the device wants them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data.shards import PARTS
from training.render.meshes import vertex_normals
from training.render.people import parts
from training.render.people.clothing import Clothing
from training.render.pieces import Piece


@dataclass(frozen=True)
class Rows:
    """A mesh as the device wants it, whatever body it is on: one row for each pair of position and texture coordinate,
    with the four heaviest bones."""

    at: NDArray[np.int64]
    uv: NDArray[np.float32]
    joints: NDArray[np.int32]
    weights: NDArray[np.float32]
    faces: NDArray[np.int32]


def rows_of(
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
    return rows_of(mesh.uv, mesh.faces, mesh.uv_faces, clothing.skin_weights(weights))


def narrowed(whole: Rows, seen: NDArray[np.bool_]) -> Rows:
    """Only some of the faces, and the rows that they need."""
    used, faces = np.unique(whole.faces[seen], return_inverse=True)
    kept = (whole.at[used], whole.uv[used], whole.joints[used], whole.weights[used])
    return Rows(*kept, faces.reshape(-1, 3).astype(np.int32))


def piece(kind: str, vertices: NDArray[np.float32], rows: Rows, bones: list[str], texture: Path | None) -> Piece:
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


def stretched(uv: NDArray[np.float32]) -> NDArray[np.float32]:
    """Over a whole picture: helpers have a corner of the body's."""
    return (uv - uv.min(0)) / np.ptp(uv, axis=0)
