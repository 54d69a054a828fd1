"""The manifests, the files they describe, the card, and the answers they gave."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from depth.estimation import Networks
from depth.manifest import ROLES, read, read_all
from depth.ports import Subject
from tests import golden

FOLDER = Path("models")
MANIFESTS = sorted(FOLDER.glob("*.json"))
WEIGHTS_BYTES = 12_000_000


@pytest.fixture(scope="module")
def networks() -> Networks:
    return Networks(FOLDER)


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
class TestEachManifest:
    def test_it_names_the_file_beside_it_by_its_digest(self, path: Path) -> None:
        entries = json.loads(path.read_text())
        data = (FOLDER / entries["file"]).read_bytes()
        assert path.stem == Path(entries["file"]).stem
        assert (entries["sha256"], entries["bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))

    def test_the_file_takes_the_input_and_has_the_outputs_that_it_describes(self, path: Path) -> None:
        manifest = read(path)
        session = onnxruntime.InferenceSession(manifest.file, providers=["CPUExecutionProvider"])
        (given,) = session.get_inputs()
        assert (given.name, given.type) == (manifest.input.name, "tensor(float)")
        assert given.shape == [1, 3, manifest.input.height, manifest.input.width]
        assert set(manifest.outputs.values()) <= {output.name for output in session.get_outputs()}

    def test_anchors_are_as_many_as_the_scores(self, path: Path) -> None:
        manifest = read(path)
        cells = [(manifest.input.width // stride) * (manifest.input.height // stride) for stride, _ in manifest.anchors]
        anchors = sum(n * count for n, (_, count) in zip(cells, manifest.anchors, strict=True))
        session = onnxruntime.InferenceSession(manifest.file, providers=["CPUExecutionProvider"])
        scores = [output for output in session.get_outputs() if output.name == manifest.outputs.get("scores")]
        assert [output.shape[1] for output in scores] == ([anchors] if manifest.anchors else [])

    def test_it_says_where_the_network_comes_from(self, path: Path) -> None:
        entries = json.loads(path.read_text())
        assert entries["licence"] == "Apache-2.0"
        assert entries["source"] and entries["training"]

    def test_the_card_and_the_notice_speak_of_it(self, path: Path) -> None:
        assert f"`{path.stem}`" in (FOLDER / "MODEL_CARD.md").read_text()
        assert path.stem in Path("NOTICE").read_text()

    def test_its_weights_are_stored_small(self, path: Path) -> None:
        model = onnx.load(read(path).file)
        large = [t.name for t in model.graph.initializer if t.data_type == onnx.TensorProto.FLOAT]
        stored = {t.name: int(np.prod(t.dims)) for t in model.graph.initializer}
        assert sum(stored[name] for name in large) <= 0.02 * sum(stored.values())


def test_there_is_a_network_for_every_role() -> None:
    assert set(read_all(FOLDER)) == set(ROLES)


def test_every_file_has_a_manifest_and_all_are_small_enough_for_one_image() -> None:
    files = sorted(FOLDER.glob("*.onnx"))
    assert [file.stem for file in files] == [path.stem for path in MANIFESTS]
    assert sum(file.stat().st_size for file in files) <= WEIGHTS_BYTES


@pytest.mark.parametrize("name", golden.PEOPLE)
def test_a_person_looks_as_before(networks: Networks, name: str) -> None:
    photograph = golden.Photograph(golden.PEOPLE[name]())
    now = golden.answer(photograph, networks.estimate(photograph)).astype(float)
    before = np.load(golden.FOLDER / f"{name}.npy").astype(float)
    people = before[1] > 250
    assert np.abs(now[1] - before[1]).mean() < 2
    assert np.corrcoef(now[0][people], before[0][people])[0, 1] > 0.99
    assert np.abs(now[0] - before[0])[people].mean() < 5


@pytest.mark.parametrize("name", golden.NOBODY)
def test_nobody_is_exactly_nobody(networks: Networks, name: str) -> None:
    picture: Callable[[], np.ndarray] = golden.NOBODY[name]
    assert not networks.estimate(golden.Photograph(picture())).alpha.any()


def test_the_astronaut_is_nearest_where_she_is_nearest(networks: Networks) -> None:
    """Her face, her chest and the empty sky: the order that anybody sees."""
    estimate = networks.estimate(golden.Photograph(golden.astronaut()))
    nose, cheek = estimate.inverse_depth[128, 226], estimate.inverse_depth[140, 262]
    assert nose > cheek
    assert estimate.alpha[300, 230] > 0.95
    assert estimate.alpha[20, 300] == 0


@pytest.mark.parametrize("crop", [(170, 60, 110), (180, 70, 90), (190, 80, 80)])
def test_a_face_from_edge_to_edge_is_somebody(networks: Networks, crop: tuple[int, int, int]) -> None:
    left, top, side = crop
    face = golden.astronaut()[top : top + side, left : left + side].copy()
    assert networks.estimate(golden.Photograph(face)).alpha.mean() > 0.85


def test_the_astronaut_turns_away_where_she_does(networks: Networks) -> None:
    """The sides of her nose, and of herself."""
    if Subject.NORMALS not in networks.subjects:
        pytest.skip("the served network knows no normals")
    normals = networks.estimate(golden.Photograph(golden.astronaut()), Subject.NORMALS).normals
    assert normals is not None
    assert np.allclose((normals**2).sum(0), 1, atol=1e-3)
    assert normals[0, 128, 215] < -0.2 < 0.2 < normals[0, 128, 238]
    assert normals[0, 200, 120] < -0.2 < 0.2 < normals[0, 280, 345]  # her arms
    assert normals[2, 300, 230] > 0.5  # her chest faces the viewer


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (17, 3000)])
def test_a_picture_of_any_shape_is_answered(networks: Networks, size: tuple[int, int]) -> None:
    photograph = golden.Photograph(np.full((*size, 3), 90, np.uint8))
    assert not golden.answer(photograph, networks.estimate(photograph)).any()


@pytest.mark.parametrize("crop", [(0, 0, 512, 40), (200, 0, 30, 512), (180, 60, 60, 300)])
def test_a_strip_of_a_person_is_answered(networks: Networks, crop: tuple[int, int, int, int]) -> None:
    left, top, width, height = crop
    photograph = golden.Photograph(golden.astronaut()[top : top + height, left : left + width].copy())
    assert golden.answer(photograph, networks.estimate(photograph)).shape == (2, golden.SIDE, golden.SIDE)
