"""People stand on one ground, and what is behind them is seen by the camera that sees them."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("moderngl")

from training.data import panoramas
from training.data.shards import PARTS
from training.render import frames, surroundings
from training.render.meshes import euler
from training.render.renderer import Piece, Pose
from training.render.surroundings import Camera, Paper

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
    for _ in range(30):
        shot = frames.Shot(framing, 11, rng.uniform(2, 6), 3)
        camera, stood = frames.stand(people, shot, rng)
        for pose, view in stood:
            world = (frames.points(pose) @ view[:3, :3].T + view[:3, 3]) @ camera.turn
            assert world[:, 1].min() == pytest.approx(-camera.height, abs=1e-5)
            assert np.ptp(world[:, ::2], axis=0) == pytest.approx(np.ptp(world[:3, ::2], axis=0))  # upright
        assert max(view[1, 3] + (view[:3, :3] @ pose.head[:3, 3])[1] for pose, view in stood) < shot.reach
        feet = frames.touching(stood, camera)
        assert len(feet) == 6 and feet[:, 1] == pytest.approx(np.full(6, -camera.height), abs=1e-5)


def test_cameras_are_held_before_the_eyes_more_often_than_elsewhere_and_look_down_at_children() -> None:
    rng, spot = np.random.default_rng(1), np.array([0, 6.0, -40])

    def tilts(tall: float) -> np.ndarray:
        person = Post(tall)
        return np.array([Camera(frames.held(person, spot, rng), 3, 15).tilt for _ in range(400)])

    grown, child = tilts(16), tilts(10)
    assert 2 < np.median(grown) < 12 and np.ptp(grown) > 40
    assert np.median(child) > np.median(grown) + 5


@pytest.mark.parametrize("degrees", [-10.0, 0.0, 17.0])
def test_the_ground_ends_at_the_horizon(degrees: float) -> None:
    camera = Camera(euler(np.radians(degrees), 0, 0), 2.0, 15.0)
    assert camera.tilt == pytest.approx(degrees)
    away, face = surroundings.left(camera.rays(SIDE), np.array([-1e6, -15.0, -1e6]), np.full(3, 1e6))
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
    steps = np.diff(surroundings.folded(np.linspace(-5, 5, 4001), 16))
    assert np.abs(steps).max() == 1
    checks = np.indices((16, 16)).sum(0)[..., None] % 2 * np.uint8([200, 200, 200])
    rays = np.stack([np.linspace(0, 1, 300), np.zeros(300), -np.ones(300)], 1)

    def spread(away: float) -> float:
        face = np.full(300, 4)
        papers = [Paper(checks.astype(np.uint8), 0.5, 1.0)] * 6
        return float(np.ptp(surroundings.painted(rays, np.full(300, away), face, papers, 3.0)))

    assert spread(1.0) == 200 and spread(1e5) < 2


def test_a_panorama_is_seen_from_where_its_light_comes() -> None:
    panorama = np.full((32, 64, 3), 0.1, np.float32)
    panorama[12:16, 40:44] = 50  # a window
    light = panoramas.harmonics(panorama)
    yaw = 1.0
    turned = frames.turned(light, yaw)
    n = np.random.default_rng(0).normal(size=(2000, 3))
    n /= np.linalg.norm(n, axis=1, keepdims=True)
    brightest = n[(frames.basis(n) @ turned)[:, 0].argmax()]
    seen = panoramas.looked_up(panorama, n @ frames.about_axis((0, 1, 0), yaw).T)[:, 0]
    towards = n[seen > 25].mean(0)
    assert brightest @ towards / np.linalg.norm(towards) > 0.9


def test_surroundings_of_every_kind_are_pictures_and_no_two_alike() -> None:
    rng, camera = np.random.default_rng(5), Camera(euler(0.1, 0, 0), 2.0, 15.0)
    view = np.random.default_rng(0).random((32, 64, 3)).astype(np.float32)
    feet = np.array([[0.0, -15.0, -40.0]])
    papers = [np.random.default_rng(1).integers(0, 256, (32, 32, 3)).astype(np.uint8)]
    made = [surroundings.seen(camera, SIDE, feet, (view, 0.0), papers, rng) for _ in range(20)]
    assert {picture.shape for picture in made} == {(SIDE, SIDE, 3)} and {picture.dtype for picture in made} == {
        np.dtype(np.uint8)
    }
    assert len({picture.tobytes() for picture in made}) == 20
    assert min(picture.std() for picture in made) > 1


def test_statues_and_people_are_seen_with_their_surroundings() -> None:
    people = [Post(17)]
    people[0].look = lambda: SimpleNamespace(tints={})  # type: ignore[attr-defined]
    drawn = SimpleNamespace(labels=np.zeros((4, 4), np.uint8), inverse_depth=np.ones((4, 4)))
    renderer = SimpleNamespace(draw=lambda *_: drawn, forget=lambda _: None)
    shot, rng = frames.Shot("full", 11, 3.0, 1), np.random.default_rng(0)
    kinds = set()
    for _ in range(20):
        _, kind, camera, standing = frames.of_things(renderer, people, shot, None, rng)
        kinds.add(kind)
        assert len(standing) == (2 if kind == "statue" else 0)
        assert standing[:, 1] == pytest.approx(np.full(len(standing), -camera.height), abs=1e-5)
    assert kinds == {"statue", "things"}
