"""Judging photographs: on renders whose depth is exact, the truth must score full marks and its reverse none."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from depth.detection import Finding
from depth.surface import Face
from tests.golden import Photograph
from training.data.shards import PARTS
from training.evaluation import frames, marks, photos, pose
from training.evaluation.frames import Frame
from training.evaluation.pose import JOINTS, Pose

CELLS = 0.5
"""Of a frame's maps, per pixel of its picture."""


@pytest.fixture(scope="module")
def person() -> Frame:
    """A render of one person from head to hip, or more."""
    return next(f for f in frames.read(frames.FILE) if f.about.kind in ("half", "full") and len(f.about.people) == 1)


@pytest.fixture(scope="module")
def portrait() -> Frame:
    """The render with the largest head."""
    return max(frames.read(frames.FILE), key=lambda frame: head(frame).sum())


def head(frame: Frame) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (frame.labels & 15 == PARTS["head"]) & (frame.alpha > 0.99)
    return found


def posed(frame: Frame, seed: int = 0) -> Pose:
    """Joints put anywhere on the person, as near as the render says they are: inverse depth is in 1/dm."""
    rng = np.random.default_rng(seed)
    rows, columns = (rng.permutation(np.argwhere(frame.alpha > 0.9))[: len(JOINTS)]).T
    places = (np.stack([columns, rows], 1) + 0.5) / CELLS
    towards = -0.1 / frame.inverse_depth[rows, columns]
    metres = np.column_stack([places, 10 * towards])  # ten times as deep, so that most pairs are far enough apart
    return Pose(places.astype(np.float32), metres.astype(np.float32), np.ones(len(JOINTS), bool), 256.0)


def meshed(frame: Frame) -> Face:
    """A face of 468 points on the render's own head, nearness in pixels."""
    rng = np.random.default_rng(0)
    rows, columns = (rng.permutation(np.argwhere(head(frame)))[:468]).T
    points = (np.stack([columns, rows], 1) + 0.5) / CELLS
    near = 1000 * frame.inverse_depth[rows, columns]
    return Face(points.astype(np.float32), near.astype(np.float32), float(np.ptp(points, axis=0).max()))


class TestLimbs:
    def order(self, near: NDArray[np.float32], frame: Frame, joints: Pose) -> list[float]:
        return marks.limbs(near, frame.alpha, joints, CELLS)["order"]

    def test_the_truth_is_in_order_and_its_reverse_is_not(self, person: Frame) -> None:
        joints = posed(person)
        right = self.order(person.inverse_depth, person, joints)
        assert len(right) > 20 and np.mean(right) == 1.0
        assert np.mean(self.order(-person.inverse_depth, person, joints)) == 0.0

    def test_what_says_nothing_is_never_right(self, person: Frame) -> None:
        assert np.mean(self.order(np.ones_like(person.alpha), person, posed(person))) == 0.0

    def test_pairs_within_eight_centimetres_are_left_out_in_depth_and_in_the_picture(self, person: Frame) -> None:
        joints = posed(person)
        for still in ([1, 1, 0], [0, 0, 1]):
            close = Pose(joints.places, joints.metres * np.array(still, np.float32), joints.visible, joints.size)
            assert marks.limbs(person.inverse_depth, person.alpha, close, CELLS) == {}
        two = np.zeros((12, 3), np.float32)
        two[1:] = np.nan
        for depth, counted in ((0.07, 0), (0.09, 1)):
            two[1] = (1, 0, depth)
            visible = np.arange(12) < 2
            found = marks.limbs(person.inverse_depth, person.alpha, Pose(joints.places, two, visible, 256), CELLS)
            assert len(found.get("order", [])) == counted

    def test_joints_that_are_hidden_outside_the_person_or_the_picture_are_left_out(self, person: Frame) -> None:
        joints = posed(person)
        assert marks.limbs(person.inverse_depth, 0 * person.alpha, joints, CELLS) == {}
        hidden = Pose(joints.places, joints.metres, ~joints.visible, joints.size)
        assert marks.limbs(person.inverse_depth, person.alpha, hidden, CELLS) == {}
        outside = Pose(joints.places + 10_000, joints.metres, joints.visible, joints.size)
        assert marks.limbs(person.inverse_depth, np.ones_like(person.alpha), outside, CELLS) == {}

    @pytest.mark.parametrize(
        ("pair", "kinds"),
        [
            (("left shoulder", "right shoulder"), ["order", "sides"]),
            (("left wrist", "right shoulder"), ["order", "arms"]),
            (("left knee", "right ankle"), ["order", "legs"]),
            (("left knee", "right knee"), ["order", "legs", "sides"]),
            (("left elbow", "left wrist"), ["order"]),
        ],
    )
    def test_a_pair_counts_for_what_it_is_an_example_of(self, pair: tuple[str, str], kinds: list[str]) -> None:
        assert list(marks.kinds(*(list(JOINTS).index(name) for name in pair))) == kinds


class TestRelief:
    def test_the_surface_itself_scores_one_at_any_scale_and_reversed_minus_one(self, portrait: Frame) -> None:
        face, near = meshed(portrait), portrait.inverse_depth
        same, turned = (marks.relief(m, portrait.alpha, face, CELLS) for m in (5 * near + 3, -near))
        assert same is not None and same > 0.9
        assert turned == pytest.approx(-same)

    def test_a_face_that_the_matte_or_the_picture_does_not_show_is_not_judged(self, portrait: Frame) -> None:
        face, near = meshed(portrait), portrait.inverse_depth
        assert marks.relief(near, 0 * portrait.alpha, face, CELLS) is None
        outside = Face(face.points + 1000, face.near, face.size)
        assert marks.relief(near, portrait.alpha, outside, CELLS) is None


# ---- the pose network: one of the same signature that answers always the same, in its square's own pixels ------------


def pose_stand_in(path: Path, places: NDArray[np.float32], presence: float = 1.0, seen: float = 5.0) -> Path:
    """Joint k lies at `places[k]` and k metres away; whoever is in the mirror, too."""
    points, metres = np.full((39, 5), seen, np.float32), np.zeros((39, 3), np.float32)
    points[list(JOINTS.values()), :2] = places
    metres[list(JOINTS.values()), 2] = np.arange(12) // 2
    said = {"points": points.reshape(1, -1), "presence": np.array([[presence]]), "metres": metres.reshape(1, -1)}
    constants = [numpy_helper.from_array(values.astype(np.float32), f"{name}_") for name, values in said.items()]
    nodes = [helper.make_node("ReduceMean", ["image"], ["mean"], keepdims=0)]
    nodes.append(helper.make_node("Mul", ["mean", "none"], ["zero"]))
    nodes += [helper.make_node("Add", [f"{name}_", "zero"], [name]) for name in said]
    constants.append(numpy_helper.from_array(np.array(0, np.float32), "none"))
    graph = helper.make_graph(
        nodes,
        "pose",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 256, 256])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(values.shape)) for name, values in said.items()],
        constants,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


SYMMETRIC = np.array([[128 + side * 20, 40 + 30 * row] for row in range(6) for side in (1, -1)], np.float32)


def somebody(hips: tuple[float, float], top: tuple[float, float]) -> Finding:
    points = np.array([hips, top, hips, top], np.float32)
    return Finding(1.0, (0, 0, 1, 1), (0, 0, 1, 1), points)


class TestPose:
    GRAY = Photograph(np.full((400, 600, 3), 128, np.uint8))

    def test_joints_are_places_in_the_picture(self, tmp_path: Path) -> None:
        network = pose.opened(pose_stand_in(tmp_path / "pose.onnx", SYMMETRIC))
        [found] = pose.poses(network, self.GRAY, [somebody((300, 200), (300, 120))])  # 80 up: 100 to every side
        assert found.size == 200
        assert found.places == pytest.approx((SYMMETRIC - 128) * 200 / 256 + (300, 200), abs=1e-3)
        assert found.metres[:, 2] == pytest.approx(-(np.arange(12) // 2)) and found.visible.all()

    def test_who_lies_on_the_side_is_looked_at_upright(self, tmp_path: Path) -> None:
        """With the head to the right, what is above in the square is to the right in the picture."""
        network = pose.opened(pose_stand_in(tmp_path / "pose.onnx", SYMMETRIC))
        [found] = pose.poses(network, self.GRAY, [somebody((300, 200), (380, 200))])
        across, down = ((SYMMETRIC - 128) * 200 / 256).T
        assert found.places == pytest.approx(np.stack([300 - down, 200 + across], 1), abs=1e-3)

    def test_what_the_mirror_contradicts_is_not_known(self, tmp_path: Path) -> None:
        """The stand-in calls the same side left in picture and mirror; from the left hip on, that differs by 1 m."""
        path = pose_stand_in(tmp_path / "pose.onnx", SYMMETRIC)
        model = onnx.load(path)
        metres = next(one for one in model.graph.initializer if one.name == "metres_")
        values = numpy_helper.to_array(metres).copy().reshape(39, 3)
        values[JOINTS["left hip"], 2] += 1
        metres.CopyFrom(numpy_helper.from_array(values.reshape(1, -1), "metres_"))
        onnx.save(model, path)
        [found] = pose.poses(pose.opened(path), self.GRAY, [somebody((300, 200), (300, 120))])
        known = {name for name, seen in zip(JOINTS, found.visible, strict=True) if seen}
        assert known == set(JOINTS) - {"left hip", "right hip"}

    def test_nobody_in_the_square_and_no_square_in_the_picture_are_no_pose(self, tmp_path: Path) -> None:
        absent = pose.opened(pose_stand_in(tmp_path / "absent.onnx", SYMMETRIC, presence=0.2))
        present = pose.opened(pose_stand_in(tmp_path / "present.onnx", SYMMETRIC))
        assert pose.poses(absent, self.GRAY, [somebody((300, 200), (300, 120))]) == []
        assert pose.poses(present, self.GRAY, [somebody((3000, 200), (3000, 120))]) == []


# ---- the whole way ---------------------------------------------------------------------------------------------------


def test_photographs_go_the_whole_way_that_a_call_goes(tmp_path: Path) -> None:
    """A portrait is kept, a place is black, a file that is no picture is named; faces have the mesh in the end."""
    people, nobody = tmp_path / "people", tmp_path / "nobody"
    people.mkdir()
    nobody.mkdir()
    (people / "a.jpg").write_bytes(Path("examples/portrait.jpg").read_bytes())
    (people / "b.jpg").write_bytes(b"no picture")
    (people / "c.txt").write_bytes(b"not looked at")
    place = next(frame for frame in frames.read(frames.FILE) if frame.about.kind == "nobody")
    Image.fromarray(place.picture).save(nobody / "d.png")
    judge = photos.judging(Path("models"), pose_stand_in(tmp_path / "pose.onnx", SYMMETRIC))
    report = photos.reported(judge, photos.files(people), photos.files(nobody))
    assert (report["photographs"], report["kept"], report["black"]) == (1, 1.0, 1.0)
    assert report["lost"] == report["taken for people"] == [] and report["unread"][0].startswith("b.jpg: ")
    methods = report["methods"]
    assert list(methods) == ["vertical gradient", "dome", "first release", "network", "served"]
    assert methods["served"]["relief"] > methods["network"]["relief"] > methods["vertical gradient"]["relief"]
    assert report["counted"]["relief"] == 1
    table = photos.table(report)
    assert "served" in table and "b.jpg" in table


def test_many_pairs_of_one_photograph_are_one_witness() -> None:
    """The error of a share is that of the photographs' number, however many pairs each holds."""
    half = [{"order": [float(k % 2)] * 100} for k in range(100)]
    got = marks.summary(half)
    assert got["order"] == 0.5 and got["order_error"] == pytest.approx(0.05, rel=0.1)
    assert marks.summary([{"order": [1.0]}, {}])["order_error"] == 0 and "relief" not in marks.summary(half)


def test_the_sheet_shows_the_same_photographs_every_time() -> None:
    many = [Path(f"{k:03d}.jpg") for k in range(161)]
    shown = photos.spread(many, 60)
    assert len(set(shown)) == 60 and shown == sorted(shown) and shown[0] == many[0] and shown[-1] >= many[155]
    assert photos.spread(many[:5], 60) == many[:5]
