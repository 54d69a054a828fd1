"""Manifests, views, detections, networks of other makes. The served ones are tested in contract/test_models.py."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from depth import alpha as opinions
from depth import detection, estimation, gate, look, people, shape, vouching
from depth.detection import Finding
from depth.estimation import Networks
from depth.manifest import BrokenManifest, Input, read, read_all
from depth.network import Network, canvas, viewed
from depth.ports import Box, Subject
from tests.golden import Photograph

LETTERBOX = Input("image", 64, 64, "RGB", (0, 0, 0), (1, 1, 1), "letterbox")


class Plain:
    """A picture whose red grows to the right and whose green grows downwards."""

    def __init__(self, width: int, height: int) -> None:
        self.size = (width, height)

    def sample(self, size: tuple[int, int], box: Box | None = None) -> NDArray[np.uint8]:
        left, top, right, bottom = box or (0, 0, *self.size)
        x = (left + (np.arange(size[0]) + 0.5) / size[0] * (right - left)) / self.size[0]
        y = (top + (np.arange(size[1]) + 0.5) / size[1] * (bottom - top)) / self.size[1]
        image = np.zeros((size[1], size[0], 3))
        image[..., 0], image[..., 1] = 255 * x, 255 * y[:, None]
        return image.astype(np.uint8)


def described(**changes: Any) -> dict[str, Any]:
    """A manifest of the stand-in `drawn` below."""
    return {
        "role": "depth",
        "file": "drawn.onnx",
        "sha256": "0" * 64,
        "input": {
            "name": "image",
            "size": [64, 64],
            "colour": "RGB",
            "mean": [0, 0, 0],
            "deviation": [1, 1, 1],
            "fit": "letterbox",
        },
        "outputs": {"inverse_depth": {"name": "depth"}},
    } | changes


def drawn(path: Path, channel: int, output: str = "depth", side: int = 64) -> None:
    """A network that answers with one colour of its picture."""
    index = numpy_helper.from_array(np.array([channel], np.int64), "index")
    graph = helper.make_graph(
        [helper.make_node("Gather", ["image", "index"], [output], axis=1)],
        "drawn",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, side, side])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, 1, side, side])],
        [index],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def painting(path: Path, side: int = 64) -> None:
    """A network whose normals are its picture, and whose depth is the picture's red."""
    index = numpy_helper.from_array(np.array([0], np.int64), "index")
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["image", "index"], ["depth"], axis=1),
            helper.make_node("Identity", ["image"], ["normals"]),
        ],
        "painting",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, side, side])],
        [
            helper.make_tensor_value_info("depth", TensorProto.FLOAT, [1, 1, side, side]),
            helper.make_tensor_value_info("normals", TensorProto.FLOAT, [1, 3, side, side]),
        ],
        [index],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def ramp(path: Path, side: int = 64) -> None:
    """A network that answers with the number of each column."""
    columns = np.tile(np.arange(side, dtype=np.float32), (1, 1, side, 1))
    graph = helper.make_graph(
        [helper.make_node("Constant", [], ["depth"], value=numpy_helper.from_array(columns))],
        "ramp",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, side, side])],
        [helper.make_tensor_value_info("depth", TensorProto.FLOAT, [1, 1, side, side])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def channels_last(path: Path) -> None:
    """A network that takes (1, 32, 64, 3) and answers with its red, (1, 32, 64, 1)."""
    index = numpy_helper.from_array(np.array([0], np.int64), "index")
    graph = helper.make_graph(
        [helper.make_node("Gather", ["image", "index"], ["depth"], axis=3)],
        "channels_last",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 32, 64, 3])],
        [helper.make_tensor_value_info("depth", TensorProto.FLOAT, [1, 32, 64, 1])],
        [index],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def nearness(networks: Networks) -> NDArray[np.float32]:
    """What the network for depth says of a picture whose red grows to the right."""
    return look.look(networks.networks["depth"], Plain(64, 64), (0, 0, 64, 64), (64, 64), "nearness")["nearness"]


def finding(path: Path, side: int = 64, score: float = 0.9999) -> None:
    """A detector of one face, in the middle and half as wide as the picture, whatever it sees."""
    box = np.zeros((1, 1, 16), np.float32)
    box[..., 2:4] = side / 2
    saying(path, {"boxes": box, "scores": np.full((1, 1, 1), np.log(score / (1 - score)), np.float32)}, side)


def saying(path: Path, constants: dict[str, NDArray[np.float32]], side: int = 64) -> None:
    """A network that says the same of every picture."""
    graph = helper.make_graph(
        [helper.make_node("Constant", [], [name], value=numpy_helper.from_array(v)) for name, v in constants.items()],
        "saying",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, side, side])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, v.shape) for name, v in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def written(folder: Path, name: str, entries: dict[str, Any]) -> Path:
    path = folder / f"{name}.json"
    path.write_text(json.dumps(entries))
    return path


class TestManifest:
    @pytest.mark.parametrize("entry", ["role", "file", "sha256", "input", "outputs"])
    def test_a_missing_entry_is_named(self, tmp_path: Path, entry: str) -> None:
        entries = described()
        del entries[entry]
        with pytest.raises(BrokenManifest, match=f"drawn.json.*{entry}"):
            read(written(tmp_path, "drawn", entries))

    @pytest.mark.parametrize(
        "changes",
        [
            {"role": "oracle"},
            {"larger_is": "wiser"},
            {"looks": 3},
            {"axes": "right down under"},
            {"input": described()["input"] | {"colour": "CMYK"}},
        ],
    )
    def test_a_value_that_serving_does_not_know_is_refused(self, tmp_path: Path, changes: dict[str, Any]) -> None:
        with pytest.raises(BrokenManifest, match="is none of"):
            read(written(tmp_path, "drawn", described(**changes)))

    @pytest.mark.parametrize("lean", [float("nan"), float("inf"), "far"])
    def test_a_lean_is_a_number(self, tmp_path: Path, lean: object) -> None:
        with pytest.raises(BrokenManifest, match=r"finite|real number"):
            read(written(tmp_path, "drawn", described(lean=lean)))

    def test_what_is_no_json_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "drawn.json").write_text("role: depth")
        with pytest.raises(BrokenManifest):
            read(tmp_path / "drawn.json")

    def test_two_networks_for_one_role_are_refused(self, tmp_path: Path) -> None:
        written(tmp_path, "one", described())
        written(tmp_path, "two", described())
        with pytest.raises(BrokenManifest, match="already"):
            read_all(tmp_path)

    def test_a_service_without_depth_or_matte_does_not_start(self, tmp_path: Path) -> None:
        written(tmp_path, "drawn", described())
        with pytest.raises(BrokenManifest, match="no network for matte"):
            read_all(tmp_path)


class TestView:
    @pytest.mark.parametrize(("size", "inner"), [((200, 100), (0, 16, 64, 48)), ((50, 100), (16, 0, 48, 64))])
    def test_a_letterbox_keeps_proportions_and_is_black_around(
        self, size: tuple[int, int], inner: tuple[int, int, int, int]
    ) -> None:
        view = viewed(LETTERBOX, (0, 0, *size))
        image = canvas(Plain(*size), view)
        left, top, right, bottom = inner
        assert view.inner == inner
        image[top:bottom, left:right] = 0
        assert not image.any()

    def test_a_point_of_the_input_is_found_in_the_picture(self) -> None:
        view = viewed(LETTERBOX, (100, 50, 300, 150))  # a part of the picture, twice as wide as high
        corners = np.array([[0, 16], [64, 48], [32, 32]], np.float32)
        assert view.to_picture(corners).tolist() == [[100, 50], [300, 150], [200, 100]]

    def test_what_a_network_draws_lands_where_it_was_seen(self, tmp_path: Path) -> None:
        drawn(tmp_path / "drawn.onnx", channel=0)
        network = Network.open(read(written(tmp_path, "drawn", described())))
        view, outputs = network.look(Plain(400, 200), (100.0, 0.0, 300.0, 200.0))
        seen = look.covered(outputs["inverse_depth"], view, (20, 10))
        assert np.allclose(seen[5], np.linspace(0.2625, 0.7375, 20), atol=0.02)


class TestOtherNetworks:
    """A network with another colour order, normalisation, fit and sense of depth needs a manifest and no code."""

    def networks(self, folder: Path, **changes: Any) -> Networks:
        drawn(folder / "drawn.onnx", channel=0)
        drawn(folder / "matte.onnx", channel=1, output="alpha")
        written(folder, "drawn", described(**changes))
        matte = {"role": "matte", "file": "matte.onnx", "outputs": {"alpha": {"name": "alpha"}}}
        written(folder, "matte", described(**matte))
        return Networks(folder)

    def test_farther_is_turned_into_nearer(self, tmp_path: Path) -> None:
        networks = self.networks(tmp_path, larger_is="farther")
        assert networks.estimate(Plain(64, 64)).alpha.any() == False  # noqa: E712 - nobody vouches for it
        near = nearness(networks)
        assert near[0, 0] > near[0, -1]  # where red is less

    def test_a_distance_is_turned_into_inverse_depth(self, tmp_path: Path) -> None:
        networks = self.networks(tmp_path, outputs={"depth": {"name": "depth"}}, looks=1)
        near = nearness(networks)
        assert near[0, 16] / near[0, 48] == pytest.approx(48.5 / 16.5, rel=0.02)

    def test_one_look_is_not_mirrored(self, tmp_path: Path) -> None:
        """Of a network that draws the same ramp whatever it sees, two looks are flat."""
        ramp(tmp_path / "drawn.onnx")
        drawn(tmp_path / "matte.onnx", channel=1, output="alpha")
        matte = {"role": "matte", "file": "matte.onnx", "outputs": {"alpha": {"name": "alpha"}}}
        written(tmp_path, "matte", described(**matte))
        for looks, rises in ((1, True), (2, False)):
            written(tmp_path, "drawn", described(looks=looks))
            network, where = Networks(tmp_path).networks["depth"], ((0, 0, 64, 64), (64, 64), Subject.DEPTH)
            wide = shape.wide_look(network, Plain(64, 64), *where)
            close = shape.close_look(network, Plain(64, 64), *where)
            seen = shape.Shape(close, wide, (slice(0, 64), slice(0, 64)), (64, 64))
            near = seen.nearness(np.ones((64, 64), np.float32))
            assert (near[0, -1] - near[0, 0] > 3) == rises and (np.abs(near).max() > 1e-3) == rises

    def test_channels_last(self, tmp_path: Path) -> None:
        given = described()["input"] | {"layout": "NHWC", "size": [64, 32], "fit": "stretch"}
        channels_last(tmp_path / "drawn.onnx")
        network = Network.open(read(written(tmp_path, "drawn", described(input=given))))
        seen = look.look(network, Plain(64, 32), (0, 0, 64, 32), (64, 32), "nearness")["nearness"]
        assert seen.shape == (32, 64)
        assert np.allclose(seen[5], np.linspace(0.0078, 0.992, 64), atol=0.02)

    def test_a_border_may_be_the_picture_s_own_edge(self) -> None:
        given = Input("image", 64, 64, "RGB", (0, 0, 0), (1, 1, 1), "letterbox", "edge")
        image = canvas(Plain(200, 100), viewed(given, (0, 0, 200, 100)))
        assert (image[:16] == image[16]).all() and (image[48:] == image[47]).all() and image[48:].any()

    @pytest.mark.parametrize(
        ("axes", "signs"), [("right up near", [1, 1, 1]), ("right down far", [1, -1, -1]), ("left up near", [-1, 1, 1])]
    )
    def test_axes_of_normals_are_brought_to_ours(self, tmp_path: Path, axes: str, signs: list[float]) -> None:
        manifest = read(written(tmp_path, "drawn", described(axes=axes)))
        told = look.told({"normals": np.ones((1, 3, 1, 1), np.float32)}, manifest)["normals"]
        assert told.ravel().tolist() == signs

    def test_blue_first_and_normalised(self, tmp_path: Path) -> None:
        given = described()["input"] | {"colour": "BGR", "mean": [0.5, 0.5, 0.5], "deviation": [0.25, 0.25, 0.25]}
        drawn(tmp_path / "drawn.onnx", channel=2)  # the last channel: red, if blue comes first
        network = Network.open(read(written(tmp_path, "drawn", described(input=given))))
        image = np.zeros((64, 64, 3), np.float32)
        image[..., 0] = 255
        assert np.allclose(network.run(image)["inverse_depth"], (1 - 0.5) / 0.25)


class TestTwoLooks:
    """A raster of 4 x 4, whose left half is the people's box; nearness grows downwards, in looks of other scales."""

    DOWN = np.repeat(np.arange(4, dtype=np.float32)[:, None], 4, 1)

    def looks(self, **wide: NDArray[np.float32]) -> shape.Shape:
        close = {"nearness": 1000 * self.DOWN[:, :2] + 7, "alpha": np.full((4, 2), 0.8, np.float32)}
        return shape.Shape(close, wide, (slice(0, 4), slice(0, 2)), (4, 4))

    def test_each_is_measured_by_its_own_scale(self) -> None:
        near = self.looks(nearness=0.01 * self.DOWN).nearness(np.ones((4, 4), np.float32))
        assert np.allclose(near, (self.DOWN - 1.5) / self.DOWN.std(), atol=1e-4)

    def test_whoever_is_not_in_the_box_is_seen_by_the_wide_look(self) -> None:
        wide = np.where(np.arange(4) < 2, 0, self.DOWN).astype(np.float32)
        near = self.looks(nearness=wide).nearness(np.ones((4, 4), np.float32))
        assert near[3, 3] > near[0, 3] and near[3, 3] > near[3, 0] > near[0, 0]
        assert np.ptp(self.looks().nearness(np.ones((4, 4), np.float32))[:, 3]) == 0

    def test_their_alphas_count_alike(self) -> None:
        alpha = self.looks(nearness=self.DOWN, alpha=np.full((4, 4), 0.2, np.float32)).alpha()
        assert alpha is not None and alpha.shape == (4, 2) and np.allclose(alpha, 0.5)

    def test_what_a_network_leans_too_far_is_taken_away(self) -> None:
        """Of whom it sees upright, the feet are nearer then, by that many deviations."""
        people = np.zeros((6, 4), bool)
        people[1:5] = True
        near = np.tile(np.arange(4, dtype=np.float32), (6, 1))
        stood = shape.upright(near, people, 0.5)
        assert np.allclose(stood[4] - stood[1], 0.5 * near[people].std())
        assert np.array_equal(shape.upright(near, people, 0.0), near)
        assert np.array_equal(shape.upright(near, np.zeros_like(people), 0.5), near)

    def test_what_says_the_same_everywhere_is_no_error(self) -> None:
        flat = self.looks(nearness=np.ones((4, 4), np.float32))
        assert np.isfinite(flat.nearness(np.ones((4, 4), np.float32))).all()
        assert np.isfinite(flat.nearness(np.zeros((4, 4), np.float32))).all()


class TestNormals:
    """A stand-in draws its picture's colours as normals; another finds one face in every picture."""

    def networks(self, folder: Path, **outputs: Any) -> Networks:
        painting(folder / "drawn.onnx")
        drawn(folder / "matte.onnx", channel=0, output="alpha")
        written(folder, "drawn", described(outputs=described()["outputs"] | outputs))
        matte = {"role": "matte", "file": "matte.onnx", "outputs": {"alpha": {"name": "alpha"}}}
        written(folder, "matte", described(**matte))
        finding(folder / "finding.onnx")
        found = {"boxes": {"name": "boxes"}, "scores": {"name": "scores"}}
        written(
            folder,
            "found",
            described(role="close-face-detector", file="finding.onnx", outputs=found, anchors=[[64, 1]]),
        )
        return Networks(folder)

    def test_are_offered_where_the_manifest_names_them(self, tmp_path: Path) -> None:
        assert self.networks(tmp_path).subjects == {Subject.DEPTH}
        assert self.networks(tmp_path, normals={"name": "normals"}).subjects == set(Subject)

    def test_come_when_they_are_asked_for(self, tmp_path: Path) -> None:
        networks = self.networks(tmp_path, normals={"name": "normals"})
        picture = Photograph(np.full((64, 64, 3), (255, 128, 0), np.uint8))
        assert networks.estimate(picture).normals is None
        normals = networks.estimate(picture, Subject.NORMALS).normals
        assert normals is not None
        assert np.allclose((normals**2).sum(0), 1, atol=1e-4)

    def test_the_mirror_turns_them_back(self, tmp_path: Path) -> None:
        """Red is x: 1 everywhere in the plain look, and 1 everywhere in the mirror, where right is left."""
        network = self.networks(tmp_path, normals={"name": "normals"}).networks["depth"]
        picture, whole = Photograph(np.full((64, 64, 3), (255, 128, 0), np.uint8)), (0.0, 0.0, 64.0, 64.0)
        for mirror, x in ((False, 1), (True, -1)):
            seen = look.look(network, picture, whole, (64, 64), "normals", mirror=mirror)["normals"]
            assert np.allclose(seen[0], x) and np.allclose(seen[1], 0.5, atol=0.01)

    def test_of_nobody_face_the_viewer(self) -> None:
        normals = estimation.nobody((4, 3), Subject.NORMALS).normals
        assert normals is not None
        assert normals.tolist() == [[[0] * 4] * 3, [[0] * 4] * 3, [[1] * 4] * 3]


class TestDetection:
    def manifest(self, tmp_path: Path) -> Any:
        return read(written(tmp_path, "drawn", described(role="face-detector", anchors=[[32, 1]])))

    def outputs(self, scores: list[float]) -> dict[str, NDArray[np.float32]]:
        boxes = np.zeros((1, 4, 16), np.float32)
        boxes[..., 2:4] = 20
        return {"boxes": boxes, "scores": np.array(scores, np.float32).reshape(1, 4, 1)}

    def test_a_box_is_told_in_pixels_of_the_picture(self, tmp_path: Path) -> None:
        view = viewed(LETTERBOX, (0, 0, 640, 640))
        found = detection.findings(self.manifest(tmp_path), view, self.outputs([-9, 9, -9, -9]), 0.5)
        assert [finding.box for finding in found] == [(380, 60, 580, 260)]
        assert found[0].score > 0.99

    def test_what_overlaps_is_one_finding(self, tmp_path: Path) -> None:
        view = viewed(LETTERBOX, (0, 0, 640, 640))
        outputs = self.outputs([3, 2, 2, 2])
        outputs["boxes"][0, 1, 0] = -30  # the second anchor's box, moved onto the first's
        found = detection.findings(self.manifest(tmp_path), view, outputs, 0.5)
        assert len(found) == 3
        assert found[0].score == max(finding.score for finding in found)

    def test_a_score_too_large_for_exp_is_a_score(self, tmp_path: Path) -> None:
        view = viewed(LETTERBOX, (0, 0, 640, 640))
        found = detection.findings(self.manifest(tmp_path), view, self.outputs([1e4, -1e4, -1e4, -1e4]), 0.5)
        assert [finding.score for finding in found] == [pytest.approx(1)]


def found_at(left: float, top: float, right: float, bottom: float, score: float = 0.9) -> Finding:
    box = (left, top, right, bottom)
    return Finding(score, box, box, np.zeros((4, 2), np.float32))


class TestPeople:
    WHOLE = (0.0, 0.0, 128.0, 128.0)

    def marks(self, *found: Finding) -> vouching.Marks:
        return vouching.found_in(list(found), self.WHOLE, (128, 128))

    def two_blobs(self) -> NDArray[np.float32]:
        alpha = np.zeros((128, 128), np.float32)
        alpha[16:64, 16:48] = 1
        alpha[80:112, 80:112] = 1
        return alpha

    def test_a_thing_that_no_detector_vouches_for_goes(self) -> None:
        alpha = self.two_blobs()
        kept = vouching.vouched_for(alpha, self.marks(found_at(20, 20, 40, 40)))
        assert kept[16:64, 16:48].all()
        assert not kept[80:112, 80:112].any()

    @pytest.mark.parametrize(("tone", "together"), [(0.4, True), (0.2, False)])
    def test_what_half_tones_join_hangs_together(self, tone: float, together: bool) -> None:
        alpha = self.two_blobs()
        alpha[56:88, 48:80] = tone
        kept = vouching.vouched_for(alpha, self.marks(found_at(20, 20, 40, 40)))
        assert kept[88:112, 88:112].all() == together and kept[88:112, 88:112].any() == together

    @pytest.mark.parametrize(("depth", "matte", "seen"), [(0.97, 0.4, True), (0.94, 1.0, False), (0.99, 0.2, False)])
    def test_the_depth_network_sees_somebody_where_it_is_sure_and_the_matte_not_against_it(
        self, depth: float, matte: float, seen: bool
    ) -> None:
        marks = vouching.seen_in(np.full((128, 128), matte, np.float32), {"alpha": depth * self.two_blobs()})
        assert marks[10:14, 10:14].all() == seen and not marks[5:10, 8:10].any()

    @pytest.mark.parametrize(("side", "seen"), [(7, False), (8, True)])
    def test_what_does_not_fill_a_cell_is_nobody(self, side: int, seen: bool) -> None:
        alpha = np.zeros((128, 128), np.float32)
        alpha[80 : 80 + side, 80:88] = 1
        assert vouching.seen_in(np.ones((128, 128), np.float32), {"alpha": alpha}).any() == seen

    def test_a_cell_that_the_raster_ends_in_is_judged_by_what_there_is_of_it(self) -> None:
        assert vouching.seen_in(np.ones((20, 5), np.float32), {"alpha": np.ones((20, 5), np.float32)}).all()

    @pytest.mark.parametrize("marks", [vouching.seen_in, vouching.sure_in])
    def test_a_network_without_alpha_sees_nobody(self, marks: Callable[..., vouching.Marks]) -> None:
        assert not marks(np.ones((20, 20), np.float32), {}).any()

    @pytest.mark.parametrize(
        ("height", "width", "tone", "sure"),
        [(16, 16, 0.97, True), (8, 32, 1, False), (16, 15, 1, False), (16, 16, 0.9, False)],
    )
    def test_of_two_by_two_cells_the_depth_network_is_sure_whatever_the_matte_says(
        self, height: int, width: int, tone: float, sure: bool
    ) -> None:
        alpha = np.zeros((128, 128), np.float32)
        alpha[80 : 80 + height, 112 : 112 + width] = tone
        marks = vouching.sure_in(np.zeros((128, 128), np.float32), {"alpha": alpha})
        cells = np.argwhere(marks).tolist()
        assert cells == ([[10, 14], [10, 15], [11, 14], [11, 15]] if sure else [])

    def test_a_hint_of_which_the_matte_shows_nothing_is_none(self) -> None:
        seen, unseen = found_at(20, 20, 40, 40, score=0.5), found_at(60, 0, 80, 20, score=0.5)
        believed = found_at(60, 0, 80, 20, score=0.7)
        for present in (False, True):
            found = vouching.shown([seen, unseen, believed], self.two_blobs(), self.WHOLE, present)
            assert found == [seen, believed]

    @pytest.mark.parametrize("present", [False, True])
    def test_if_the_matte_shows_nobody_the_depth_network_decides(self, present: bool) -> None:
        hint, nothing = found_at(60, 0, 80, 20, score=0.5), np.zeros((128, 128), np.float32)
        assert vouching.shown([hint], nothing, self.WHOLE, present) == ([hint] if present else [])

    def test_the_box_holds_everybody_and_little_more(self) -> None:
        found = [found_at(20, 20, 40, 40), found_at(90, 90, 100, 100)]
        left, top, right, bottom = people.people_box(self.two_blobs(), found, self.WHOLE)
        assert 10 <= left <= 16 and 10 <= top <= 16 and 112 <= right <= 118 and 112 <= bottom <= 118

    def test_the_box_holds_somebody_whom_the_matte_does_not_show(self) -> None:
        alpha = self.two_blobs()
        alpha[80:112, 80:112] = 0
        box = people.people_box(alpha, [found_at(80, 80, 112, 112)], self.WHOLE)
        assert box[2] >= 112 and box[3] >= 112

    def test_two_opinions_that_disagree_leave_it_to_the_surer(self) -> None:
        sure, unsure = np.full((2, 2), 0.99, np.float32), np.full((2, 2), 0.4, np.float32)
        for one, other in ((sure, unsure), (unsure, sure)):
            assert (opinions.agreed(one, other, 0.5) > 0.8).all()
            assert (opinions.agreed(1 - one, 1 - other, 0.5) < 0.2).all()
        assert (opinions.agreed(sure, unsure, 0.9) < 0.6).all() and (opinions.agreed(sure, unsure, 0.1) > 0.9).all()
        assert np.allclose(opinions.agreed(np.zeros((2, 2), np.float32), np.zeros((2, 2), np.float32), 0.5), 0)

    def test_the_depth_networks_alpha_counts_less_of_small_people(self) -> None:
        large, small = np.ones((128, 128), np.float32), np.zeros((128, 128), np.float32)
        small[20:40, 20:40] = 1
        somebody, nothing = found_at(20, 20, 40, 40, score=0.8), np.zeros((128, 128), np.float32)
        marks = self.marks(somebody)
        for matte, wide in ((large, {"alpha": nothing}), (nothing, {"alpha": large}), (large, {})):
            assert people.trustworthy(matte, wide, [somebody], marks) == 1
        assert 0.1 < people.trustworthy(small, {"alpha": nothing}, [somebody], marks) < 0.2
        elsewhere = found_at(90, 90, 100, 100, score=0.8)
        assert people.trustworthy(small, {"alpha": nothing}, [elsewhere], self.marks(elsewhere)) == 0

    @pytest.mark.parametrize(
        ("score", "presence", "seen", "trust"),
        [(0.95, 0.0, 0.0, 0), (0.8, 0.2, 0.0, 0), (0.8, 0.2, 0.01, 0), (0.8, 0.1, 0.0, 1), (0.95, 0.0, 0.05, 1)],
    )
    def test_of_somebody_beyond_doubt_whom_it_does_not_see_the_depth_network_has_no_opinion(
        self, score: float, presence: float, seen: float, trust: float
    ) -> None:
        alpha = np.zeros((128, 128), np.float32)
        alpha[: round(seen * 128)] = 1
        wide = {"alpha": alpha, "presence": np.array([presence], np.float32)}
        found, matte = found_at(20, 20, 40, 40, score=score), np.ones((128, 128), np.float32)
        assert people.trustworthy(matte, wide, [found], self.marks(found)) == trust

    def test_doubt_is_left_to_the_silhouette(self) -> None:
        alpha = np.zeros((64, 64), np.float32)
        alpha[:, 32:] = 0.7
        alpha[:, 30:32] = 0.3
        decided = opinions.decided(alpha)
        assert (decided[:, 50:] == 1).all() and (decided[:, :10] == 0).all()
        assert np.allclose(decided[:, 31], 0.3)


@pytest.mark.parametrize(
    ("score", "presence", "somebody"),
    [
        (0.5, 0.92, True),
        (0.5, 0.85, False),
        (0.4, 0.99, True),
        (0.3, 0.99, True),
        (0.3, 0.95, False),
        (0.2, 0.99, True),
        (0.2, 0.95, False),
        (0.5, None, False),
        (0.9, None, True),
    ],
)
def test_a_hint_or_none_is_somebody_where_the_depth_network_is_sure(
    tmp_path: Path, score: float, presence: float | None, somebody: bool
) -> None:
    finding(tmp_path / "finding.onnx", score=score)
    said = {"depth": np.zeros((1, 1, 64, 64), np.float32)}
    said |= {} if presence is None else {"presence": np.full((1,), presence, np.float32)}
    saying(tmp_path / "saying.onnx", said)
    outputs = {"inverse_depth": {"name": "depth"}} | ({"presence": {"name": "presence"}} if presence else {})
    entries = {
        "depth": described(file="saying.onnx", outputs=outputs),
        "face-detector": described(
            file="finding.onnx",
            role="face-detector",
            anchors=[[64, 1]],
            outputs={"boxes": {"name": "boxes"}, "scores": {"name": "scores"}},
        ),
    }
    networks = {role: Network.open(read(written(tmp_path, role, about))) for role, about in entries.items()}
    found = gate.people(networks, Plain(64, 64), (0, 0, 64, 64))
    assert (found is not None) == somebody
    assert bool(found) == (somebody and score >= gate.HINTED)


@pytest.mark.parametrize(
    ("score", "side", "presence", "denied"),
    [
        (0.8, 100, 0.1, True),
        (0.8, 100, 0.2, False),
        (0.8, 40, 0.0, False),
        (0.95, 100, 0.0, False),
        (0.8, 100, None, False),
    ],
)
def test_whom_no_detector_is_certain_of_the_depth_network_may_deny(
    score: float, side: float, presence: float | None, denied: bool
) -> None:
    found = [found_at(0, 0, side, side, score=score), found_at(0, 0, 20, 20, score=0.4)]
    said = None if presence is None else np.array([presence], np.float32)
    assert gate.denied(found, said, (0, 0, 128, 128)) == denied


@pytest.mark.parametrize(
    ("presence", "looks", "somebody"), [(0.1, 2, False), (0.9, 2, True), (0.1, 1, True), (None, 2, True)]
)
@pytest.mark.parametrize("subject", Subject)
def test_who_is_denied_is_nobody_in_the_answer(
    tmp_path: Path, subject: Subject, presence: float | None, looks: int, somebody: bool
) -> None:
    """A detector is fairly sure of somebody large, and the matte sees somebody everywhere."""
    finding(tmp_path / "finding.onnx", score=0.8)
    plain = np.zeros((1, 1, 64, 64), np.float32)
    said = {"depth": plain, "normals": np.ones((1, 3, 64, 64), np.float32)}
    outputs = {"inverse_depth": {"name": "depth"}, "normals": {"name": "normals"}}
    if presence is not None:
        said["presence"], outputs["presence"] = np.array([presence], np.float32), {"name": "presence"}
    saying(tmp_path / "saying.onnx", said)
    saying(tmp_path / "matte.onnx", {"alpha": plain + 1})
    found = {"boxes": {"name": "boxes"}, "scores": {"name": "scores"}}
    entries = {
        "depth": {"outputs": outputs, "file": "saying.onnx", "looks": looks},
        "matte": {"outputs": {"alpha": {"name": "alpha"}}, "file": "matte.onnx"},
        "close-face-detector": {"outputs": found, "file": "finding.onnx", "anchors": [[64, 1]]},
    }
    for role, about in entries.items():
        written(tmp_path, role, described(role=role, **about))
    assert Networks(tmp_path).estimate(Plain(64, 64), subject).alpha.any() == somebody


class Painted:
    """A picture of squares: red is what the depth network takes for people, green what the matte does."""

    size = (256, 256)

    def __init__(self, *squares: tuple[slice, slice, float, float]) -> None:
        self.colours = np.zeros((256, 256, 3), np.uint8)
        for rows, columns, red, green in squares:
            self.colours[rows, columns, :2] = 255 * np.array([red, green])

    def sample(self, size: tuple[int, int], box: Box | None = None) -> NDArray[np.uint8]:
        left, top, right, bottom = box or (0, 0, *self.size)
        rows = (top + (np.arange(size[1]) + 0.5) / size[1] * (bottom - top)).astype(int)
        columns = (left + (np.arange(size[0]) + 0.5) / size[0] * (right - left)).astype(int)
        return self.colours[rows.clip(0, 255)[:, None], columns.clip(0, 255)]


PLACES = ((128, 128), (215, 225), (28, 225))


def seeing(folder: Path, others: dict[str, dict[str, Any]], presence: float | None = None) -> None:
    """A depth network to which people are red, and a matte network to which they are green."""
    maps = ("depth", "alpha")
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["image", "index"], ["depth"], axis=1),
            helper.make_node("Identity", ["depth"], ["alpha"]),
            helper.make_node("Identity", ["share"], ["presence"]),
        ],
        "seeing",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 64, 64])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, 64, 64]) for name in maps]
        + [helper.make_tensor_value_info("presence", TensorProto.FLOAT, [1])],
        [
            numpy_helper.from_array(np.array([0], np.int64), "index"),
            numpy_helper.from_array(np.array([presence or 0], np.float32), "share"),
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), folder / "red.onnx")
    drawn(folder / "green.onnx", 1, "alpha")
    alpha = {"alpha": {"name": "alpha"}}
    outputs = alpha | {"inverse_depth": {"name": "depth"}} | {name: {"name": name} for name in told(presence)}
    entries = {
        "depth": {"outputs": outputs, "file": "red.onnx"},
        "matte": {"outputs": alpha, "file": "green.onnx"},
    }
    for role, about in (entries | others).items():
        written(folder, role, described(role=role, **about))


@pytest.mark.parametrize("seen", [True, False])
def test_somebody_whom_no_detector_found_stays_and_a_cup_goes(tmp_path: Path, seen: bool) -> None:
    """One is found in the middle, another stands beside, a cup hangs above that one. Not `seen`: of the one in the
    middle the depth network sees nothing; who lies across a picture is not to be lost to a passer-by."""
    middle = (slice(6, 250), slice(80, 176), 0.99 * seen, 1.0)
    beside, cup = (slice(180, 250), slice(200, 250), 0.99, 1.0), (slice(6, 50), slice(200, 250), 0.9, 1.0)
    finding(tmp_path / "finding.onnx", score=0.95)
    found = {"boxes": {"name": "boxes"}, "scores": {"name": "scores"}}
    seeing(tmp_path, {"close-face-detector": {"outputs": found, "file": "finding.onnx", "anchors": [[64, 1]]}})
    kept = Networks(tmp_path).estimate(Painted(middle, beside, cup)).alpha
    there = [kept[row * len(kept) // 256, column * len(kept) // 256] > 0.5 for row, column in PLACES]
    assert there == [True, True, False]


@pytest.mark.parametrize(("presence", "red", "somebody"), [(0.99, 0.99, True), (0.95, 0.99, False), (0.99, 0.9, False)])
def test_somebody_whom_nothing_but_the_depth_network_sees_is_there_whole(
    tmp_path: Path, presence: float, red: float, somebody: bool
) -> None:
    """No detector finds them, and the matte denies a large one and a small one, and doubts the arm of the large one. A
    speck is not somebody's, sure as the network is."""
    seeing(tmp_path, {}, presence)
    body, arm = (slice(64, 128), slice(96, 160), red, 0.0), (slice(80, 112), slice(160, 192), 0.9, 0.3)
    child, speck = (slice(192, 224), slice(200, 232), red, 0.0), (slice(28, 32), slice(224, 228), 1.0, 0.0)
    alpha = Networks(tmp_path).estimate(Painted(body, arm, child, speck)).alpha
    assert not alpha[:100].any()
    insides = (
        (slice(140, 240), slice(210, 310)),
        (slice(180, 210), slice(336, 366)),
        (slice(400, 432), slice(416, 448)),
    )
    for inside in insides:
        assert ((alpha[inside] > 0.5) == somebody).all()


@pytest.mark.parametrize(("presence", "somebody"), [(0.99, True), (0.95, False), (None, False)])
def test_without_detectors_the_depth_network_alone_decides(
    tmp_path: Path, presence: float | None, somebody: bool
) -> None:
    saying(tmp_path / "saying.onnx", {"depth": np.zeros((1, 1, 64, 64), np.float32)} | told(presence))
    outputs = {"inverse_depth": {"name": "depth"}} | {name: {"name": name} for name in told(presence)}
    networks = {"depth": Network.open(read(written(tmp_path, "depth", described(file="saying.onnx", outputs=outputs))))}
    assert gate.people(networks, Plain(64, 64), (0, 0, 64, 64)) == ([] if somebody else None)


def told(presence: float | None) -> dict[str, NDArray[np.float32]]:
    return {} if presence is None else {"presence": np.full((1,), presence, np.float32)}
