"""Networks of other makers, served through a manifest. None of theirs is here: stand-ins have the same signatures."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import requests
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from depth.estimation import Networks
from depth.look import look
from depth.manifest import read_all
from depth.ports import Subject
from tests.golden import Photograph, astronaut
from training.convert import foreign, storage
from training.convert.foreign import CATALOGUE, Foreign, NotAsDescribed
from training.evaluation import frames

SERVED = Path("models")
WIDE = 64
"""Channels inside the stand-ins: enough weights to be stored small."""


def stand_in(name: str, opset: int = 17) -> onnx.ModelProto:
    """A network with the signature of one in the catalogue: through a convolution and a product of matrices it answers
    with what its first channel is after it has taken normalisation away: blue, or red."""
    weights = np.random.default_rng(0).normal(size=(WIDE, 3, 1, 1)).astype(np.float32)
    back = np.linalg.pinv(weights[:, :, 0, 0])[0].astype(np.float32)  # first channel out of the wide ones
    constants = {"wide": weights, "back": np.repeat(back[:, None], 2, 1), "first": np.array([0], np.int64)}
    nodes = [
        helper.make_node("Conv", ["image", "wide"], ["features"], kernel_shape=[1, 1]),
        helper.make_node("Transpose", ["features"], ["last"], perm=[0, 2, 3, 1]),
        helper.make_node("MatMul", ["last", "back"], ["twice"]),
        helper.make_node("Gather", ["twice", "first"], ["once"], axis=3),
    ]
    if name == "david-base":
        given, told = ["batch", 3, 512, 512], ["batch", 1, 512, 512]
        nodes.append(helper.make_node("Transpose", ["once"], ["out"], perm=[0, 3, 1, 2]))
    else:
        given, told = ["batch_size", 3, "height", "width"], ["batch_size", "height", "width"]
        constants["axes"] = np.array([3], np.int64)
        nodes.append(helper.make_node("Squeeze", ["once", "axes"], ["out"]))
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, given)],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, told)],
        [numpy_helper.from_array(values, constant) for constant, values in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder that a server on this machine gives away, and its address."""
    folder = tmp_path / "shelf"
    folder.mkdir()

    def handler(*arguments: Any) -> Quiet:
        return Quiet(*arguments, directory=str(folder))

    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def published(shelf: tuple[Path, str], name: str, model: onnx.ModelProto | None = None) -> Foreign:
    """The catalogue's entry, for a stand-in on the shelf."""
    folder, url = shelf
    data = (model or stand_in(name)).SerializeToString()
    (folder / f"{name}.onnx").write_bytes(data)
    return replace(CATALOGUE[name], url=f"{url}/{name}.onnx", sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))


def gray(level: float, width: int = 60, height: int = 40) -> NDArray[np.uint8]:
    return np.full((height, width, 3), level, np.uint8)


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_downloaded_network_is_served_beside_all_the_others(
    shelf: tuple[Path, str], tmp_path: Path, name: str
) -> None:
    folder = foreign.adopt(published(shelf, name), SERVED, tmp_path / name)
    assert {role: manifest.name for role, manifest in read_all(folder).items()} == {
        role: name if role == "depth" else manifest.name for role, manifest in read_all(SERVED).items()
    }
    networks = Networks(folder)
    assert networks.subjects == {Subject.DEPTH}
    estimate = networks.estimate(Photograph(astronaut()))
    assert np.isfinite(estimate.inverse_depth).all() and estimate.alpha[300, 230] > 0.95


@pytest.mark.parametrize(("name", "nearest"), [("david-base", "yellow"), ("depth-anything-v2-small", "red")])
def test_colours_and_sense_of_depth_are_its_makers(
    shelf: tuple[Path, str], tmp_path: Path, name: str, nearest: str
) -> None:
    """The first stand-in, fed blue first, says that blue is far; the second, fed red first, that red is near."""
    networks = Networks(foreign.adopt(published(shelf, name), SERVED, tmp_path / name))
    picture = gray(0)
    halves = {"red": (255, 0, 0), "blue": (0, 0, 255), "yellow": (255, 255, 0)}
    picture[:, :30], picture[:, 30:] = halves[nearest], halves["blue"]
    near = look(networks.networks["depth"], Photograph(picture), (0, 0, 60, 40), (60, 40), "nearness")["nearness"]
    assert near[20, 5] - near[20, 55] > 0.9


@pytest.mark.parametrize("name", CATALOGUE)
def test_weights_are_stored_in_a_quarter_and_say_the_same(shelf: tuple[Path, str], tmp_path: Path, name: str) -> None:
    entry = published(shelf, name)
    folder = foreign.adopt(entry, SERVED, tmp_path / name)
    stored = {tensor.name: tensor.data_type for tensor in onnx.load(folder / f"{name}.onnx").graph.initializer}
    assert stored["wide_int8"] == stored["back_int8"] == TensorProto.INT8
    image = np.random.default_rng(1).random((1, 3, 512, 512), np.float32)
    said = []
    for path in (folder / f"{name}.onnx", shelf[0] / f"{name}.onnx"):
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        said.append(session.run(None, {"image": image})[0])
    assert np.abs(said[0] - said[1]).max() < 0.05


def test_an_older_file_is_brought_to_newer_operators(shelf: tuple[Path, str], tmp_path: Path) -> None:
    entry = published(shelf, "david-base", stand_in("david-base", opset=11))
    folder = foreign.adopt(entry, SERVED, tmp_path / "david-base")
    [opset] = onnx.load(folder / "david-base.onnx").opset_import
    assert opset.version >= foreign.OPSET
    Networks(folder)


def test_another_file_than_the_described_one_is_refused(shelf: tuple[Path, str], tmp_path: Path) -> None:
    entry = replace(published(shelf, "david-base"), sha256="0" * 64)
    with pytest.raises(NotAsDescribed, match=r"sha256 is [0-9a-f]{64}, not 0000"):
        foreign.adopt(entry, SERVED, tmp_path / "david-base")
    assert not (tmp_path / "david-base").exists()


def test_a_file_without_end_is_not_written_to_the_end(shelf: tuple[Path, str], tmp_path: Path) -> None:
    entry = published(shelf, "david-base")
    (shelf[0] / "david-base.onnx").write_bytes(bytes(3 * foreign.BLOCK))
    with pytest.raises(NotAsDescribed, match="more than"):
        foreign.download(entry, tmp_path / "file")
    assert (tmp_path / "file").stat().st_size <= entry.bytes


def test_a_file_that_is_not_there_leaves_what_was_there(shelf: tuple[Path, str], tmp_path: Path) -> None:
    entry = published(shelf, "david-base")
    folder = foreign.adopt(entry, SERVED, tmp_path / "david-base")
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(requests.HTTPError):
        foreign.adopt(replace(entry, url=entry.url + ".missing"), SERVED, folder)
    assert sorted(path.name for path in folder.iterdir()) == before


def test_small_weights_that_say_something_else_are_refused(shelf: tuple[Path, str], tmp_path: Path) -> None:
    """One weight is a thousand times the others', which int8 then forgets."""
    model = stand_in("david-base")
    for tensor in model.graph.initializer:
        if tensor.name == "wide":
            weights = numpy_helper.to_array(tensor).copy()
            weights[:, 1] *= 1e4  # read by no picture without green
            tensor.CopyFrom(numpy_helper.from_array(weights, "wide"))
    entry = published(shelf, "david-base", model)
    with pytest.raises(NotAsDescribed, match="try --float16"):
        foreign.adopt(entry, SERVED, tmp_path / "david-base")


def test_both_networks_stand_in_one_table(
    shelf: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = foreign.adopt(published(shelf, "depth-anything-v2-small"), SERVED, tmp_path / "small")
    held = tmp_path / "held.npz"
    frames.write(held, list(frames.read(frames.FILE))[:3])
    capsys.readouterr()
    foreign.compare(SERVED, folder, held)
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == ["pictures", "r"]
    assert [row.split()[:2] for row in rows] == [["portrait-depth", "3"], ["depth-anything-v2-small", "3"]]


def test_the_advice_names_the_folder_and_every_network_in_it(shelf: tuple[Path, str], tmp_path: Path) -> None:
    folder = foreign.adopt(published(shelf, "david-base"), SERVED, tmp_path / "david-base")
    told = foreign.advice(folder)
    for manifest in read_all(folder).values():
        assert f"{manifest.name}@{manifest.sha256}" in told
    assert f"ModelsFolder={folder}" in told and "portrait-depth@" not in told


def product(columns: NDArray[np.float32]) -> onnx.ModelProto:
    rows, count = columns.shape
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "columns"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, rows])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, count])],
        [numpy_helper.from_array(columns, "columns")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def test_a_matrix_has_a_scale_for_each_of_its_columns() -> None:
    columns = np.random.default_rng(0).normal(size=(32, 8)).astype(np.float32) * np.logspace(-3, 3, 8, dtype=np.float32)
    small = storage.stored_small(product(columns), int8=True, kinds=("MatMul",))
    session = onnxruntime.InferenceSession(small.SerializeToString(), providers=["CPUExecutionProvider"])
    x = np.ones((1, 32), np.float32)
    error = np.abs(session.run(None, {"x": x})[0] - x @ columns) / np.abs(columns).sum(0)
    assert error.max() < 0.01


@pytest.mark.parametrize(("least", "kept"), [(256, TensorProto.INT8), (257, TensorProto.FLOAT16)])
def test_a_layer_with_fewer_weights_than_asked_for_stays_float16(least: int, kept: int) -> None:
    small = storage.stored_small(product(np.ones((32, 8), np.float32)), int8=True, kinds=("MatMul",), least=least)
    assert max(small.graph.initializer, key=lambda tensor: np.prod(tensor.dims)).data_type == kept
