"""Light and shapes of the renderer, without a graphics device."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("moderngl")

from training.data import panoramas
from training.render import frames, meshes, solids, standing
from training.render.people import library, poses
from training.render.people.gestures import BOTH, CALM, GESTURES, LIVELY, Arm, Gesture, to_the_camera
from training.render.people.skeletons import SIDES, Skeleton, finger_axis, palm_of


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
    quarter = frames.turned(light, meshes.about_axis((0, 1, 0), np.pi / 2))
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


@pytest.mark.parametrize("framing", standing.FRAMINGS)
@pytest.mark.parametrize("count", [1, 3])
def test_heads_are_in_front_of_the_camera(framing: str, count: int) -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        reach = rng.uniform(*standing.FRAMINGS[framing][1])
        for _, y, z in standing.places(standing.Shot(framing, reach, 1.2, count), rng):
            assert z < -0.3 * reach and -reach < y < reach


def skeleton() -> Skeleton:
    """Arms aside, palms down."""
    places = {"neck": (0, 14.4, 0), "waist": (0, 10, 0), "eyes": (0, 15.9, 1.2)}
    joints = {"shoulder": (1.7, 14, 0), "elbow": (4.2, 14, 0), "wrist": (6.5, 14, 0), "knuckle": (7.4, 14, 0.1)}
    joints |= {"index": (7.4, 14, 0.4), "pinky": (7.4, 14, -0.4), "hip": (0.9, 9, 0)}
    for name, (x, y, z) in joints.items():
        places |= {f"{name}.L": (x, y, z), f"{name}.R": (-x, y, z)}
    return Skeleton({name: np.array(place, float) for name, place in places.items()}, 1.2, -1.2, 1.6)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("target", [(0.2, -1, 3), (1, 2, 1), (0.5, -4, 0.5), (-1, -1, 1.5)])
def test_a_wrist_goes_where_the_gesture_wants_it(side: str, target: tuple[float, float, float]) -> None:
    body, rng = skeleton(), np.random.default_rng(0)
    shoulder, elbow, wrist = (body[f"{part}.{side}"] for part in ("shoulder", "elbow", "wrist"))
    place = shoulder + target * np.array([SIDES[side], 1, 1])
    turns = poses.arm(body, side, Gesture("", place, np.array([0, -1.0, 0]), np.array([0, 0, -1.0]), 0), rng)
    upper = turns[f"upperarm.{side}"]
    reached = shoulder + upper @ (elbow - shoulder + turns[f"forearm.{side}"] @ (wrist - elbow))
    assert reached == pytest.approx(place, abs=1e-6)
    straight = shoulder + (place - shoulder) * 0.5
    assert (shoulder + upper @ (elbow - shoulder))[1] <= straight[1] + 1e-6  # the elbow hangs down


def test_a_turn_is_the_sum_of_its_shares() -> None:
    turn = meshes.euler(0.4, -0.9, 0.2)
    part = poses.share(turn, 3)
    assert part @ part @ part == pytest.approx(turn)


def test_a_shell_lets_nothing_through() -> None:
    rng = np.random.default_rng(0)
    cloud = rng.normal(size=(4000, 3))
    cloud = cloud / np.linalg.norm(cloud, axis=1, keepdims=True) * (1.0, 1.3, 1.1)
    shell = solids.Shell(cloud, np.zeros(3))
    vertices, faces = shell.solid(np.ones(shell.radii.shape, bool), 0.0)
    assert (np.linalg.norm(vertices[faces].mean(1) / (1.0, 1.3, 1.1), axis=1) > 0.97).all()


def test_closed_fingers_bend_to_the_palm() -> None:
    body = skeleton()
    for side in SIDES:
        ahead = body[f"knuckle.{side}"] - body[f"wrist.{side}"]
        assert palm_of(body, side) == pytest.approx((0, -1, 0), abs=0.05)
        assert (meshes.about_axis(finger_axis(body, side), 1.0) @ ahead)[1] < -0.5


@pytest.mark.parametrize("name", GESTURES)
def test_every_gesture_has_a_name_of_its_own_and_arms_that_are_mirrored(name: str) -> None:
    places = {}
    for side, sign in SIDES.items():
        arm = Arm(skeleton(), side, np.eye(3), np.array([0, 0, 1.0]), 0.3, np.random.default_rng(0))
        made = [GESTURES[name](arm) for _ in range(400)]
        assert {gesture.name for gesture in made} == {name}
        places[side] = np.mean([gesture.wrist for gesture in made], axis=0) * (sign, 1, 1)
    if name != "crossed":  # one arm lies under the other
        assert places["L"] == pytest.approx(places["R"], abs=0.6 if name == "anywhere" else 0.25)


def test_every_name_that_is_drawn_is_a_gesture() -> None:
    rng = np.random.default_rng(0)
    for grip in ("", "phone", "cup", "camera"):
        for _ in range(300):
            turns = poses.posture(skeleton(), rng.random(), np.array([0, 0, 1.0]), rng, grip)
            assert set(turns.doing.values()) <= set(GESTURES)
    assert {*CALM, *LIVELY, *BOTH} <= set(GESTURES)


def test_a_hand_towards_the_camera_is_nearest_of_all() -> None:
    camera = np.array([0.3, 0.1, 1.0])
    arm = Arm(skeleton(), "L", np.eye(3), camera, 0.3, np.random.default_rng(0))
    for _ in range(50):
        wrist = to_the_camera(arm).wrist - arm.shoulder
        assert wrist @ camera / np.linalg.norm(camera) > 2.5


def test_held_out_places_light_nobody_else(tmp_path: Path) -> None:
    for name in (*panoramas.HELD, "forest", "studio"):
        (tmp_path / f"{name}.hdr").touch()
    held, others = (panoramas.files(tmp_path, held=held) for held in (True, False))
    assert {path.stem for path in held} == set(panoramas.HELD)
    assert {path.stem for path in others} == {"forest", "studio"}


def test_no_camera_is_nearer_than_an_arm() -> None:
    rng = np.random.default_rng(0)
    shots = [frames.planned(rng) for _ in range(2000)]
    assert min(shot.reach * shot.focal for shot in shots) >= standing.NEAREST - 1e-9
    assert all(shot.count == 1 for shot in shots if shot.framing == "face")


def test_no_skin_and_no_shape_of_a_face_is_in_both_splits() -> None:
    targets = [Path(f"nose-{k}.target") for k in range(19)]
    assert not set(library.targets_of(targets, "train")) & set(library.targets_of(targets, "test"))
    assert {*library.targets_of(targets, "train"), *library.targets_of(targets, "test")} == set(targets)
    ages, tones = ("young", "middleage", "old"), ("lightskinned", "darkskinned")
    skins = [
        Path(f"{age}_{tone}_{sex}_diffuse{number}.png")
        for age in ages
        for tone in tones
        for sex in ("female", "male")
        for number in ("", 2, 3)
    ]
    for sex in ("female", "male"):
        for age in ("young", "old", "child"):
            train, test = (set(library.skins_of(skins, split, sex, age)) for split in ("train", "test"))
            assert train and test and not train & test
            assert all(f"_{sex}_" in path.name for path in train | test)


def test_nothing_that_is_worn_is_in_both_splits() -> None:
    for kind in ("hair", "male", "female"):
        assert not set(library.WARDROBE["train"][kind]) & set(library.WARDROBE["test"][kind])
