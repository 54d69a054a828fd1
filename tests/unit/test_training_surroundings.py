"""People stand on one ground, and what is behind them is seen by the camera that sees them."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("moderngl")

from training.data import panoramas
from training.data.shards import PARTS
from training.render import frames, papers, standing, surroundings
from training.render.meshes import euler
from training.render.pieces import Piece, Pose
from training.render.surroundings import Camera

SIDE = 128
NOWHERE = np.empty((0, 3))


class Post:
    """Somebody made of a few points between the ground and `tall`, eyes on top; axes are in the middle of it."""

    def __init__(self, tall: float) -> None:
        vertices = np.array([(x, y - tall / 2, 0) for y in (0, tall) for x in (-1, 0, 1)], np.float32)
        rows = len(vertices)
        piece = Piece(
            kind="skin",
            vertices=vertices,
            normals=np.tile(np.float32([0, 0, 1]), (rows, 1)),
            uv=np.zeros((rows, 2), np.float32),
            joints=np.zeros((rows, 4), np.int32),
            weights=np.tile(np.float32([1, 0, 0, 0]), (rows, 1)),
            parts=np.full(rows, PARTS["body"], np.uint8),
            faces=np.zeros((0, 3), np.int32),
            texture=None,
        )
        head = np.eye(4)
        head[1, 3] = tall / 2
        self.everything = [piece]
        self.skeleton = {"eyes": head[:3, 3]}
        self.standing = Pose([piece], [np.eye(4, dtype=np.float32)[None]], head, {})

    def pose(self, wildness: float, camera: np.ndarray) -> Pose:
        return self.standing


@pytest.mark.parametrize("framing", ["half", "full"])
def test_everybody_stands_on_the_ground_that_the_camera_is_above(framing: str) -> None:
    rng, people = np.random.default_rng(0), [Post(17), Post(11), Post(19)]
    for _ in range(60):
        shot = standing.Shot(framing, 11, rng.uniform(1.2, 6), 3)
        camera, stances = standing.stand(people, shot, rng)
        for stance in stances:
            assert stance.points[:, 1].min() == pytest.approx(-camera.height, abs=1e-5)
            assert np.ptp(stance.points[:, ::2], axis=0) == pytest.approx(np.ptp(stance.points[:3, ::2], axis=0))
            seen = stance.points @ camera.turn.T  # where the view matrix puts them, too
            placed = standing.points(stance.pose) @ stance.view[:3, :3].T + stance.view[:3, 3]
            assert seen == pytest.approx(placed, abs=1e-5)
            assert seen[-1, 2] < 0 and seen[-1, 1] / -seen[-1, 2] * shot.focal < 1  # the head is in the picture
            left, right = stance.feet
            assert (left[1], right[1]) == pytest.approx((-camera.height, -camera.height), abs=1e-5)
            assert np.linalg.norm(left - right) == pytest.approx(2)


def tilts(tall: float, spot: tuple[float, float, float] = (0, 6, -40)) -> np.ndarray:
    rng, person = np.random.default_rng(1), Post(tall)
    return np.array([Camera(standing.held(person, np.array(spot), rng), 3, 15).tilt for _ in range(800)])


def test_cameras_are_mostly_held_before_the_chest_and_look_down_at_children() -> None:
    grown, child = tilts(16), tilts(10)
    before_the_chest = np.degrees(np.arctan((np.array([9.5, 15]) - (16 - 6)) / 40))
    assert 0.45 < ((grown > before_the_chest[0]) & (grown < before_the_chest[1])).mean() < 0.6
    assert abs(np.median(grown)) < 3  # grown people are seen from ahead
    assert abs(np.median(tilts(16, (0, 0, -9)))) < 3  # and so are their faces
    assert np.median(child) > np.median(grown) + 5
    level = [(np.abs(seen) < 5).mean() for seen in (child, tilts(10, (0, 6, -15)))]
    assert level[0] > 0.25 > 0.15 > level[1]  # whom one looks down at from afar, now and then not


@pytest.mark.parametrize("degrees", [-10.0, 0.0, 17.0])
def test_the_ground_ends_at_the_horizon(degrees: float) -> None:
    camera = Camera(euler(np.radians(degrees), 0, 0), 2.0, 15.0)
    assert camera.tilt == pytest.approx(degrees)
    away, face = surroundings.leaving(camera.rays(SIDE), np.array([-1e6, -15.0, -1e6]), np.full(3, 1e6))
    horizon = (1 - 2.0 * np.tan(np.radians(degrees))) / 2 * SIDE  # row, from above
    assert np.flatnonzero(face[:, SIDE // 2] == 2)[0] == pytest.approx(horizon, abs=1)
    ground = camera.rays(SIDE)[face == 2] * away[face == 2][:, None]
    assert ground[:, 1] == pytest.approx(np.full(len(ground), -15.0))


def test_a_tilted_camera_rolls_and_tilts_what_it_sees_as_it_does_people() -> None:
    camera = Camera(euler(0.3, 0, 0) @ euler(0, 0, 0.1), 1.5, 15.0)
    point = np.array([3.0, -15.0, -40.0])
    x, y, z = camera.turn @ point
    row, column = ((1 - camera.focal * y / -z) / 2 * SIDE, (1 + camera.focal * x / -z) / 2 * SIDE)
    ray = camera.rays(SIDE)[int(row), int(column)]
    assert ray * (-z) == pytest.approx(point, abs=0.8)


def test_a_box_is_entered_through_the_side_that_is_ahead() -> None:
    rays = np.array([(0.0, 0.0, -1.0), (0.5, 0.0, -1.0), (0.0, 1.0, -1.0), (0.0, 0.0, 1.0)])
    away, axis = surroundings.entered(rays, np.array([-1.0, -1, -12]), np.array([1.0, 1, -10]))
    assert away.tolist() == [10, np.inf, np.inf, np.inf] and axis[0] == 4


def test_the_ground_is_darkest_where_somebody_stands() -> None:
    camera = Camera(euler(0.2, 0, 0), 2.0, 15.0)
    foot = np.array([[0.0, -15.0, -50.0]])
    light = surroundings.shadows(camera.rays(SIDE), 15.0, foot, np.random.default_rng(0))
    x, y, z = camera.turn @ foot[0]
    row, column = np.unravel_index(light.argmin(), light.shape)
    assert (row, column) == pytest.approx(((1 - 2 * y / -z) / 2 * SIDE, (1 + 2 * x / -z) / 2 * SIDE), abs=1.5)
    assert light.min() < 0.85 and light[0].min() == 1
    assert (surroundings.shadows(camera.rays(SIDE), 15.0, NOWHERE, np.random.default_rng(0)) == 1).all()


def test_a_repeated_picture_has_no_seams_and_becomes_its_mean_far_away() -> None:
    steps = np.diff(papers.folded(np.linspace(-5, 5, 4001), 16))
    assert np.abs(steps).max() == 1
    checks = np.indices((16, 16)).sum(0)[..., None] % 2 * np.uint8([200, 200, 200])
    rays = np.stack([np.linspace(0, 1, 300), np.zeros(300), -np.ones(300)], 1)

    def spread(away: float) -> float:
        sheets = [papers.Paper(checks.astype(np.uint8), 0.5, 1.0)] * 6
        return float(np.ptp(papers.painted(rays, np.full(300, away), np.full(300, 4), sheets, 400.0)))

    assert spread(1.0) == 200 and spread(1e5) < 2


def test_a_panorama_is_seen_from_where_its_light_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    panorama = np.full((64, 128, 3), 0.1, np.float32)
    panorama[26:34, 40:48] = 50  # a window
    place = frames.Place("", panorama, panoramas.harmonics(panorama), 0.0)
    monkeypatch.setattr(surroundings, "REAL", 1.0)
    n = np.random.default_rng(0).normal(size=(4000, 3))
    n /= np.linalg.norm(n, axis=1, keepdims=True)
    camera, found = Camera(euler(0.4, 0, 0) @ euler(0, 0, 0.1), 0.7, 15.0), 0
    for yaw in np.linspace(0, 2 * np.pi, 24):
        light = frames.lit(replace(place, yaw=yaw), camera, np.random.default_rng(0))
        brightest = n[(frames.basis(n) @ light.harmonics)[:, 0].argmax()]  # in the view
        picture = surroundings.seen(camera, SIDE, NOWHERE, panorama, yaw, [], np.random.default_rng(0))
        window = picture[..., 0] > 200
        if not window.any() or window[[0, -1]].any() or window[:, [0, -1]].any():
            continue  # it is not in the picture, or in part
        found += 1
        row, column = np.argwhere(window).mean(0)
        towards = np.array([2 * column / SIDE - 1, 1 - 2 * row / SIDE, -camera.focal])
        assert brightest @ towards / np.linalg.norm(towards) > 0.97
    assert found >= 3


def test_shadows_of_a_made_up_place_lie_under_the_feet() -> None:
    camera, foot = Camera(euler(0.3, 0, 0), 2.0, 15.0), np.array([[3.0, -15.0, -45.0]])
    x, y, z = camera.turn @ foot[0]
    rays = camera.rays(SIDE)
    for seed in range(12):
        shaded = surroundings.made_up(camera, rays, foot, [], np.random.default_rng(seed)).sum(-1)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(surroundings, "shadows", lambda rays, *_: np.ones(rays.shape[:2]))
            bare = surroundings.made_up(camera, rays, foot, [], np.random.default_rng(seed)).sum(-1)
        left = np.where(bare > 20, shaded / np.maximum(bare, 1), 1)
        row, column = np.unravel_index(left.argmin(), left.shape)
        assert (row, column) == pytest.approx(((1 - 2 * y / -z) / 2 * SIDE, (1 + 2 * x / -z) / 2 * SIDE), abs=2)


@pytest.mark.parametrize("outside", [True, False])
def test_camera_and_people_are_inside_of_what_is_around(outside: bool) -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        feet = rng.normal(0, 1, (4, 3)) * (20, 0, 20) + (0, -15, -60)
        low, high = surroundings.walls(feet, 15.0, outside, rng)
        assert (low < 0).all() and (high > 0).all() and low[1] == -15
        assert (low[::2] < feet[:, ::2].min(0)).all() and (high[::2] > feet[:, ::2].max(0)).all()
        nearest_of_a_box = surroundings.box(low, feet, rng)[1][2]
        assert nearest_of_a_box <= feet[:, 2].min()


def test_surroundings_of_every_kind_are_pictures_and_no_two_alike() -> None:
    rng, camera = np.random.default_rng(5), Camera(euler(0.1, 0, 0), 2.0, 15.0)
    view = np.random.default_rng(0).random((32, 64, 3)).astype(np.float32)
    feet = np.array([[0.0, -15.0, -40.0]])
    pictures = [np.random.default_rng(1).integers(0, 256, (32, 32, 3)).astype(np.uint8)]
    made = [surroundings.seen(camera, SIDE, feet, view, 0.0, pictures, rng) for _ in range(20)]
    assert {picture.shape for picture in made} == {(SIDE, SIDE, 3)} and {picture.dtype for picture in made} == {
        np.dtype(np.uint8)
    }
    assert len({picture.tobytes() for picture in made}) == 20
    assert min(picture.std() for picture in made) > 1


def test_statues_and_still_lifes_are_seen_on_the_ground() -> None:
    renderer = SimpleNamespace(draw=lambda *_: None, forget=lambda _: None)
    shot, rng, kinds = standing.Shot("full", 11, 3.0, 1), np.random.default_rng(0), set()
    place = frames.Place("", np.ones((4, 8, 3), np.float32), np.ones((9, 3)), 0.0)
    for _ in range(20):
        taken = frames.of_things(renderer, [Post(17)], shot, place, rng)
        kinds.add(taken.kind)
        assert taken.people == () and len(taken.standing) == (2 if taken.kind == "statue" else 1)
        assert taken.standing[:, 1] == pytest.approx(np.full(len(taken.standing), -taken.camera.height), abs=1e-5)
    assert kinds == {"statue", "things"}
