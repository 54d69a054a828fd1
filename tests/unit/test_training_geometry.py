"""Light and shapes of the renderer, without a graphics device."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("moderngl")

from training.data import panoramas
from training.render import frames, meshes


def directions(count: int = 200) -> np.ndarray:
    n = np.random.default_rng(0).normal(size=(count, 3))
    return n / np.linalg.norm(n, axis=1, keepdims=True)


def test_even_light_is_even_from_all_sides() -> None:
    light = panoramas.harmonics(np.full((64, 128, 3), 0.7, np.float32))
    assert frames.basis(directions()) @ light == pytest.approx(np.ones((200, 3)), abs=1e-2)


def test_light_from_above_falls_on_what_looks_up() -> None:
    sky = np.zeros((64, 128, 3), np.float32)
    sky[:32] = 1
    up, side, down = frames.basis(np.array([(0, 1, 0), (1, 0, 0), (0, -1, 0)], float)) @ panoramas.harmonics(sky)
    assert (up > side + 0.5).all() and (side > down + 0.5).all()


def test_a_turned_light_keeps_its_sky_and_moves_its_sides() -> None:
    light = np.random.default_rng(1).normal(size=(9, 3))
    quarter = frames.turned(light, np.pi / 2)
    n = directions()
    rotated = n @ meshes.about_axis((0, 1, 0), np.pi / 2).T
    assert frames.basis(n) @ quarter == pytest.approx(frames.basis(rotated) @ light)
    assert quarter[1] == pytest.approx(light[1])


def test_a_turn_by_the_axes_is_one_after_the_other() -> None:
    x, y, z = 0.3, -0.8, 1.1
    first, second, third = (meshes.euler(*angles) for angles in ((x, 0, 0), (0, y, 0), (0, 0, z)))
    assert meshes.euler(x, y, z) == pytest.approx(third @ second @ first)
    assert meshes.euler(0, 0, np.pi / 2) @ (1, 0, 0) == pytest.approx((0, 1, 0))


def test_normals_of_a_square_point_out_of_it(tmp_path: Path) -> None:
    file = tmp_path / "square.obj"
    file.write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\ng front\nf 1/1 2/2 3/3 4/4\n")
    mesh = meshes.read_obj(file)
    assert mesh.faces.tolist() == [[0, 1, 2], [0, 2, 3]] and mesh.uv_faces.tolist() == mesh.faces.tolist()
    assert mesh.groups.tolist() == ["front", "front"]
    assert meshes.vertex_normals(mesh.vertices, mesh.faces) == pytest.approx(np.tile([0, 0, 1.0], (4, 1)))


@pytest.mark.parametrize("framing", frames.FRAMINGS)
def test_the_head_is_in_front_of_the_camera(framing: str) -> None:
    rng = np.random.default_rng(2)
    head = np.array([0.1, 15.7, 0.4])
    for _ in range(50):
        reach = rng.uniform(*frames.FRAMINGS[framing][1])
        view = frames.placed(head, frames.Shot(framing, reach, 2.0, 1), 0, rng)
        x, y, z = view[:3, :3] @ head + view[:3, 3]
        assert z == pytest.approx(-2 * reach) and abs(x) < reach and -reach < y < reach
