"""The relief of faces, without a network: a face made of points."""

import numpy as np
from numpy.typing import NDArray

from depth import faces
from depth.surface import Face, surface

WHOLE = (0.0, 0.0, 200.0, 200.0)


def dome(bump: float) -> Face:
    """Points on a dome around (100, 100) of the picture, with a nose `bump` pixels high."""
    random = np.random.default_rng(0)
    angle, radius = random.uniform(0, 2 * np.pi, 468), 40 * np.sqrt(random.random(468))
    points = np.stack([100 + radius * np.cos(angle), 100 + radius * np.sin(angle)], 1).astype(np.float32)
    near = 30 - radius**2 / 60 + bump * np.exp(-((radius / 8) ** 2))
    return Face(points, near.astype(np.float32), 80.0)


def flat_dome() -> NDArray[np.float32]:
    """What the depth network says of the same face: a dome without a nose, half as steep, on a person."""
    y, x = np.mgrid[:200, :200] + 0.5
    return (5 - 0.002 * ((x - 100) ** 2 + (y - 100) ** 2) / 60).astype(np.float32)


def told(inverse_depth: NDArray[np.float32], alpha: NDArray[np.float32], face: Face) -> NDArray[np.float32]:
    """Inverse depth after the face's word."""
    found = faces.relief(inverse_depth, alpha, face, WHOLE)
    return faces.with_relief(inverse_depth, [] if found is None else [found])


def profile(values: NDArray[np.float32]) -> float:
    """How much the middle stands out above the ring around it."""
    return float(values[100, 100] - values[100, [75, 125]].mean())


class TestRelief:
    def test_a_nose_appears(self) -> None:
        before, alpha = flat_dome(), np.ones((200, 200), np.float32)
        after = told(before, alpha, dome(bump=12))
        assert profile(after) > 2 * profile(before) > 0

    def test_nothing_changes_around_the_face(self) -> None:
        before = flat_dome()
        after = told(before, np.ones_like(before), dome(12))
        y, x = np.mgrid[:200, :200]
        outside = np.hypot(x - 100, y - 100) > 60
        assert (after[outside] == before[outside]).all()
        assert np.abs(np.diff(after, axis=1)).max() < 0.2 * np.ptp(after)  # and there is no step on the way

    def test_the_face_s_outline_is_no_row_of_dents(self) -> None:
        """Along a ring just inside the outline, where points lie thin, what the face changes is the same all around."""
        before = flat_dome()
        change = told(before, np.ones_like(before), dome(0)) - before
        angle = np.linspace(0, 2 * np.pi, 720)
        ring = change[(100 + 39 * np.sin(angle)).astype(int), (100 + 39 * np.cos(angle)).astype(int)]
        assert np.std(ring) < 0.05 * np.ptp(change)

    def test_a_mesh_that_contradicts_the_depth_is_ignored(self) -> None:
        hollow = -flat_dome()
        assert (told(hollow, np.ones_like(hollow), dome(12)) == hollow).all()

    def test_a_face_that_the_matte_does_not_show_is_ignored(self) -> None:
        before = flat_dome()
        assert (told(before, np.zeros_like(before), dome(12)) == before).all()

    def test_a_face_partly_outside_the_picture(self) -> None:
        face = dome(12)
        moved = Face(face.points - np.float32(90), face.near, face.size)
        before = np.roll(flat_dome(), (-90, -90), (0, 1))
        assert np.isfinite(told(before, np.ones_like(before), moved)).all()


class TestNormals:
    def flat(self) -> NDArray[np.float32]:
        normals = np.zeros((3, 200, 200), np.float32)
        normals[2] = 1
        return normals

    def turned(self, face: Face) -> NDArray[np.float32]:
        found = faces.relief(flat_dome(), np.ones((200, 200), np.float32), face, WHOLE)
        assert found is not None
        return faces.with_normals(self.flat(), [found])

    def test_a_face_turns_away_to_every_side(self) -> None:
        """Within 4 degrees of the dome's own, in the parts that the mesh's points lie thick in."""
        face = surface(dome(bump=0), slice(60, 140), slice(60, 140), 1)
        y, x = np.mgrid[60:140, 60:140] + 0.5 - 100
        exact = np.stack([x / 30, -y / 30, np.ones_like(x)])  # x to the right, y up, z to the viewer
        exact /= np.linalg.norm(exact, axis=0)
        inside = np.hypot(x, y) < 32
        angle = np.degrees(np.arccos((face.normals * exact).sum(0).clip(-1, 1)))
        assert np.mean(angle[inside]) < 4

    def test_they_are_unit_vectors_and_end_with_the_face(self) -> None:
        normals = self.turned(dome(bump=12))
        assert np.allclose((normals**2).sum(0), 1, atol=1e-5)
        y, x = np.mgrid[:200, :200]
        outside = np.hypot(x - 100, y - 100) > 60
        assert (normals[:, outside] == self.flat()[:, outside]).all()


class TestSlope:
    def test_a_hand_before_the_face_does_not_tilt_it(self) -> None:
        x = np.linspace(0, 1, 400, dtype=np.float32)
        y = 2 * x + np.random.default_rng(0).normal(0, 0.02, 400).astype(np.float32)
        y[:80] += 3
        assert abs(faces.robust_slope(x, y) - 2) < 0.1

    def test_a_flat_surface_has_no_slope_and_is_no_error(self) -> None:
        assert faces.robust_slope(np.ones(9, np.float32), np.arange(9, dtype=np.float32)) == 0
