"""What is drawn is where it is said to be."""

import numpy as np
import pytest

moderngl = pytest.importorskip("moderngl")

from training.data.shards import PARTS  # noqa: E402
from training.render import solids  # noqa: E402
from training.render.pieces import Appearance, Drawn, Light, Look, Piece  # noqa: E402
from training.render.renderer import Renderer, coarse  # noqa: E402

FOCAL = 2.0


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    try:
        return Renderer(size=64, factor=2)
    except Exception as error:
        pytest.skip(f"no EGL here: {error}")


def square(edge: float, z: float, kind: str = "skin", part: int = 1) -> Piece:
    """A square that faces the camera; its two lower corners hang on bone 1."""
    corners = np.array([(-edge, -edge, z), (edge, -edge, z), (edge, edge, z), (-edge, edge, z)], np.float32)
    joints = np.zeros((4, 4), np.int32)
    joints[:2, 0] = 1
    weights = np.tile(np.float32([1, 0, 0, 0]), (4, 1))
    normals, faces = np.tile(np.float32([0, 0, 1]), (4, 1)), np.array([(0, 1, 2), (0, 2, 3)], np.int32)
    parts = np.full(4, part, np.uint8)
    return Piece(kind, corners, normals, np.zeros((4, 2), np.float32), joints, weights, parts, faces, None)


def drawn(renderer: Renderer, *pieces: Piece, lower: tuple[float, float, float] = (0, 0, 0)) -> Drawn:
    bones = np.tile(np.eye(4, dtype=np.float32), (2, 1, 1))
    bones[1, :3, 3] = lower
    harmonics = np.zeros((9, 3))
    harmonics[0] = 0.2
    light = Light(harmonics, np.array([0.6, 0, 0.8]), np.ones(3))
    person = Appearance(list(pieces), [bones] * len(pieces), np.eye(4), Look({}))
    return renderer.draw([person], FOCAL, light, 0.5)


def test_inverse_depth_is_exact(renderer: Renderer) -> None:
    result = drawn(renderer, square(2, -8))
    inside = result.alpha == 255
    assert result.inverse_depth[inside] == pytest.approx(1 / 8, rel=1e-6)
    assert not result.inverse_depth[result.alpha == 0].any() and not result.colour[result.alpha == 0].any()


def test_size_follows_from_focal_length_and_distance(renderer: Renderer) -> None:
    result = drawn(renderer, square(2, -8))
    side = 64 * FOCAL * 2 / 8  # pixels: half of the 64, for a half edge
    assert result.alpha.astype(float).sum() / 255 == pytest.approx(side**2, rel=0.01)


def test_the_nearer_hides_the_farther_in_any_order(renderer: Renderer) -> None:
    near, far = square(1, -6), square(3, -9)
    for pieces in ((near, far), (far, near)):
        assert drawn(renderer, *pieces).inverse_depth[32, 32] == pytest.approx(1 / 6)


def test_bones_move_their_vertices_alone(renderer: Renderer) -> None:
    rest, tilted = drawn(renderer, square(2, -8)), drawn(renderer, square(2, -8), lower=(0, 0, 2))
    assert tilted.inverse_depth[46, 32] > 1.2 * rest.inverse_depth[46, 32]
    assert tilted.inverse_depth[17, 32] == pytest.approx(rest.inverse_depth[17, 32], rel=0.05)


def test_what_stands_before_the_lamp_casts_a_shadow(renderer: Renderer) -> None:
    wall, alone = square(3, -9), drawn(renderer, square(3, -9))
    before = drawn(renderer, wall, square(0.7, -7))
    # the lamp is to the right at three parts in four: two nearer throws the shadow one and a half to the left
    column = round(32 - 32 * FOCAL * 1.5 / 9)
    assert int(before.colour[32, column, 0]) < int(alone.colour[32, column, 0]) - 20
    assert abs(int(before.colour[10, 32, 0]) - int(alone.colour[10, 32, 0])) < 5


def test_normals_are_those_of_the_surface_and_face_the_viewer(renderer: Renderer) -> None:
    facing, tilted = drawn(renderer, square(2, -8)), drawn(renderer, square(2, -8), lower=(0, 0, 2))
    assert np.abs(facing.normals[32, 32].astype(int) - (128, 128, 255)).max() <= 1
    assert (facing.normals[facing.alpha == 0] == 0).all()
    # bones move, and do not turn: the normal of the mesh stays
    assert np.abs(tilted.normals[32, 32].astype(int) - (128, 128, 255)).max() <= 1


def test_labels_are_of_the_nearest(renderer: Renderer) -> None:
    body, hand = square(3, -9, part=PARTS["body"]), square(0.7, -7, part=PARTS["hand"])
    for pieces in ((body, hand), (hand, body)):
        labels = drawn(renderer, *pieces).labels
        assert labels[32, 32] == 16 + PARTS["hand"] and labels[32, 20] == 16 + PARTS["body"] and labels[0, 0] == 0


def test_the_second_person_is_labelled_second(renderer: Renderer) -> None:
    bones, light = np.tile(np.eye(4, dtype=np.float32), (2, 1, 1)), Light(np.ones((9, 3)), np.eye(3)[2], np.ones(3))
    people = [Appearance([piece], [bones], np.eye(4), Look({})) for piece in (square(3, -9), square(1, -7))]
    labels = renderer.draw(people, FOCAL, light, 0.5).labels
    assert labels[32, 32] >> 4 == 2 and labels[32, 12] >> 4 == 1


def test_a_thing_is_drawn_and_not_labelled(renderer: Renderer) -> None:
    bones, light = np.tile(np.eye(4, dtype=np.float32), (2, 1, 1)), Light(np.ones((9, 3)), np.eye(3)[2], np.ones(3))
    thing = Appearance([square(2, -8, "thing", part=0)], [bones], np.eye(4), Look({}), labelled=False)
    result = renderer.draw([thing], FOCAL, light, 0.5)
    assert result.alpha[32, 32] == 255 and result.normals[32, 32].any() and not result.labels.any()


def test_merged_triangles_stay_where_they_were() -> None:
    x, y = (values.ravel() for values in np.meshgrid(np.arange(40) * 0.01, np.arange(40) * 0.01))
    plane = np.stack([x, y, 0.3 * x], 1).astype(np.float32)
    faces = solids.grid_faces(40, 40, closed=False).astype(np.int32)
    fewer = coarse(plane, np.zeros((len(plane), 2), np.float32), faces, 0.05)
    a, b, c = (plane[fewer[:, k]] for k in range(3))
    assert len(fewer) < len(faces) / 10
    assert np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2 == pytest.approx(0.39**2 * 1.044, rel=0.3)
