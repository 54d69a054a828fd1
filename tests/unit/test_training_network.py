"""From an ONNX file to trainable weights and back."""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

torch = pytest.importorskip("torch")

from training.average import averaged  # noqa: E402
from training.convert import shrink  # noqa: E402
from training.convolutions import convolution  # noqa: E402
from training.data import composition, shards  # noqa: E402
from training.data.shards import Record  # noqa: E402
from training.decoder import grown  # noqa: E402 - only where torch is
from training.evaluate import SERVED  # noqa: E402
from training.evaluation.methods import FIRST, opened  # noqa: E402
from training.model import Network, folded, key, rounded_to_int8, sized, written  # noqa: E402
from training.train import Recipe, Shards, drawn  # noqa: E402

OUTPUTS = ["depth", "alpha", "presence"]


@pytest.fixture(scope="module")
def file() -> onnx.ModelProto:
    return grown(folded(onnx.load(FIRST)))


@pytest.fixture
def network(file: onnx.ModelProto) -> Network:
    return Network(file, frozen=9)


@pytest.fixture
def image() -> "torch.Tensor":
    return torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(3))


def answers(model: onnx.ModelProto, image: "torch.Tensor", outputs: list[str]) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(outputs, {"image": image.numpy()})


def test_torch_computes_what_the_file_says(network: Network, file: onnx.ModelProto, image: "torch.Tensor") -> None:
    with torch.no_grad():
        guess = network(image)
    depth, alpha, presence, normals = answers(file, image, [*OUTPUTS, "normals"])
    assert np.abs(guess.depth.numpy() - depth[:, 0]).max() < 1e-3
    assert np.abs(torch.sigmoid(guess.alpha).numpy() - alpha[:, 0]).max() < 1e-3
    assert torch.sigmoid(guess.presence).numpy() == pytest.approx(presence, abs=1e-3)
    assert np.abs(guess.normals.numpy() - normals).max() < 1e-3
    assert np.linalg.norm(normals, axis=1) == pytest.approx(1, abs=1e-4)


def test_what_is_written_computes_the_same(network: Network, file: onnx.ModelProto, image: "torch.Tensor") -> None:
    outputs = [*OUTPUTS, "normals"]
    for first, second in zip(answers(file, image, outputs), answers(written(network), image, outputs), strict=True):
        assert np.abs(first - second).max() < 1e-3


def test_a_new_decoder_begins_with_what_the_former_one_said(file: onnx.ModelProto, image: "torch.Tensor") -> None:
    former = opened(FIRST).run(OUTPUTS, {"image": image.numpy()})
    for said, again in zip(former, answers(file, image, OUTPUTS), strict=True):
        assert np.abs(said - again).max() < 1e-3 * np.ptp(former[0])


def test_training_goes_on_with_the_decoder_that_a_file_has(file: onnx.ModelProto, image: "torch.Tensor") -> None:
    with torch.no_grad():
        trained = Network(file)
        for direction in trained.directions.values():
            direction.add_(0.01 * torch.randn(direction.shape, generator=torch.Generator().manual_seed(8)))
    learned = written(trained)
    again = grown(folded(learned), seed=1)
    for said, now in zip(answers(learned, image, OUTPUTS), answers(again, image, OUTPUTS), strict=True):
        assert np.abs(said - now).max() <= 1e-5 * np.abs(said).max()
    assert [output.name for output in again.graph.output] == [output.name for output in file.graph.output]


def test_every_trainable_weight_is_heard_after_the_first_step(network: Network) -> None:
    """In the first one, new branches are silent, and what stands before their last layer gets no gradient."""
    moved = [p for part in ("encoder", "decoder") for p in network.trainable(part)]
    image = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(4))
    for step in range(2):
        guess = network(image)
        loss = sum(said.square().mean() for said in guess[:3]) + guess.normals[:, 0].mean()
        for parameter in moved:
            parameter.grad = None
        loss.backward()
        if step == 0:
            with torch.no_grad():
                for parameter in moved:
                    parameter.sub_(1e-3 * parameter.grad.sign())
    assert all(p.grad is not None and p.grad.any() for p in moved)
    assert all(p.grad is None for p in network.directions.values() if not p.requires_grad)


@pytest.mark.parametrize("channels", [24, 96])
@pytest.mark.parametrize(("size", "stride", "padding"), [(3, 1, 1), (5, 1, 2), (5, 2, 2), (5, 2, 0), (3, 2, 0)])
def test_a_depthwise_gradient_is_that_of_torch(channels: int, size: int, stride: int, padding: int) -> None:
    random = torch.Generator().manual_seed(7)
    values = [torch.randn(*shape, generator=random) for shape in ((2, channels, 13, 12), (channels, 1, size, size))]
    x, weight, bias = (v.requires_grad_() for v in (*values, torch.randn(channels, generator=random)))
    strides, paddings = [stride] * 2, [padding] * 2
    expected = torch.nn.functional.conv2d(x, weight, bias, stride, padding, 1, channels)
    said = convolution(x, weight, bias, strides, paddings, channels)
    upstream = torch.randn(expected.shape, generator=random)
    ours, theirs = (torch.autograd.grad(y, (x, weight, bias), upstream) for y in (said, expected))
    assert torch.allclose(said, expected, atol=1e-4)
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(one, other, atol=1e-3)


def test_half_precision_changes_little(file: onnx.ModelProto, image: "torch.Tensor") -> None:
    with torch.no_grad():
        exact, quick = Network(file)(image), Network(file, precision=torch.bfloat16)(image)
    assert all(values.dtype == torch.float32 for values in quick)
    assert (exact.depth - quick.depth).abs().mean() < 0.05 * exact.depth.std()
    assert (torch.sigmoid(exact.alpha) - torch.sigmoid(quick.alpha)).abs().mean() < 0.02


@pytest.mark.parametrize("side", [128, 320])
def test_a_file_of_another_size_says_the_same_as_the_network(
    network: Network, file: onnx.ModelProto, side: int
) -> None:
    other = sized(folded(file), side)
    onnx.checker.check_model(other, full_check=True)
    image = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(3))
    (depth,) = answers(other, image, ["depth"])
    assert depth.shape == (1, 1, side // 2, side // 2)
    with torch.no_grad():
        assert np.allclose(depth[:, 0], network(image).depth, atol=1e-3)
    assert [d.dim_value for d in file.graph.input[0].type.tensor_type.shape.dim][2:] == [256, 256]


def test_the_manifest_follows_the_file(file: onnx.ModelProto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained, manifest = tmp_path / "trained.onnx", tmp_path / "portrait-depth.json"
    onnx.save(sized(file, 128), trained)
    manifest.write_text(SERVED.with_suffix(".json").read_text())
    monkeypatch.setattr(sys, "argv", ["shrink", str(trained), str(manifest.with_suffix(".onnx"))])
    shrink.main()
    entries, stored = json.loads(manifest.read_text()), manifest.with_suffix(".onnx").read_bytes()
    assert entries["input"]["size"] == [128, 128] and entries["input"]["name"] == "image"
    assert entries["bytes"] == len(stored) and entries["sha256"] == hashlib.sha256(stored).hexdigest()


def test_runs_meet_half_way(network: Network, file: onnx.ModelProto) -> None:
    with torch.no_grad():
        for direction in network.directions.values():
            direction.mul_(3)
    mean, before = (
        {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        for model in (averaged([file, written(network)]), folded(file))
    )
    weights = [name for name, values in before.items() if key(name) in network.directions and values.any()]
    assert weights
    assert all(np.allclose(mean[name], 2 * before[name], rtol=1e-5, atol=1e-6) for name in weights)


def test_runs_of_other_networks_do_not_meet(file: onnx.ModelProto) -> None:
    for runs in ([file, onnx.load(FIRST)], [onnx.load(FIRST), file]):
        with pytest.raises(ValueError, match="not runs of one network"):
            averaged(runs)


def test_rounding_keeps_255_levels_a_channel_and_passes_the_gradient() -> None:
    weight = torch.randn(4, 300, generator=torch.Generator().manual_seed(5), requires_grad=True)
    rounded = rounded_to_int8(weight)
    rounded.sum().backward()
    assert torch.equal(weight.grad, torch.ones_like(weight))
    for row, kept in zip(weight.detach(), rounded.detach(), strict=True):
        assert len(kept.unique()) <= 255
        assert (row - kept).abs().max() < 0.45 * row.abs().max()
        assert (row - kept).square().mean().sqrt() < 0.01 * row.abs().max()


def shard(folder: Path, name: str, count: int, colour: int, side: int = 8) -> None:
    shape = (count, side, side)
    maps = {"alpha": np.full(shape, 255, np.uint8), "inverse_depth": np.ones(shape, np.float16)}
    maps |= {"colour": np.full((*shape, 3), colour, np.uint8)}
    maps |= {name: np.zeros((*shape, 3), np.uint8) for name in ("normals", "scene")}
    shards.write(folder / name, maps | {"labels": np.full(shape, 17, np.uint8)}, [Record("", "half", 1.0, "")] * count)


def test_a_small_folder_is_drawn_from_as_often_as_a_large_one(tmp_path: Path) -> None:
    few, many = tmp_path / "few", tmp_path / "many"
    shard(few, "train_1", 2, colour=0)
    shard(many, "train_1", 40, colour=2)
    shard(many, "train_2", 10, colour=2)
    frames = Shards([few, many]).draw(np.random.default_rng(0), 400)
    assert np.mean([frame["colour"] for frame in frames]) == pytest.approx(1, abs=0.1)


def test_new_shards_join_but_never_more_frames_than_asked_for(tmp_path: Path) -> None:
    shard(tmp_path, "train_1", 5, colour=0)
    everything, at_most = Shards([tmp_path]), Shards([tmp_path], most=7)
    shard(tmp_path, "train_2", 5, colour=0)
    for people in (everything, at_most):
        assert len(people.draw(np.random.default_rng(0), 20)) == 20
    assert (len(everything), len(at_most)) == (10, 7)


def test_one_of_a_batch_is_a_photograph_where_there_are_any(tmp_path: Path) -> None:
    shard(tmp_path / "renders", "train_1", 5, colour=0)
    shard(tmp_path / "photographs", "train_1", 5, colour=2)
    renders, photographed = Shards([tmp_path / "renders"]), Shards([tmp_path / "photographs"])
    rng, recipe = np.random.default_rng(0), Recipe(batch=6, photographed=1)
    for others, colours in ((photographed, [0, 0, 0, 0, 0, 2]), (Shards([]), [0] * 6)):
        (frames,) = drawn(renders, others, recipe, rng)
        assert frames["colour"].max((1, 2, 3)).tolist() == colours


def test_frames_of_one_size_are_composed_together(tmp_path: Path) -> None:
    shard(tmp_path / "renders", "train_1", 5, colour=0)
    shard(tmp_path / "photographs", "train_1", 5, colour=2, side=16)
    renders, photographed = Shards([tmp_path / "renders"]), Shards([tmp_path / "photographs"])
    frames = drawn(renders, photographed, Recipe(batch=6, photographed=2), np.random.default_rng(0))
    assert [alike["alpha"].shape for alike in frames] == [(4, 8, 8), (2, 16, 16)]
    assert [int(alike["colour"].max()) for alike in frames] == [0, 2]
    scenes = np.zeros((1, 160, 160, 3), np.uint8)
    batches = [composition.composed(alike, scenes, np.random.default_rng(0), 64, negatives=0.0) for alike in frames]
    batch = composition.joined(batches)
    assert batch.image.shape == (6, 3, 64, 64) and batch.presence.shape == (6,)
    assert torch.equal(batch.alpha[4:], batches[1].alpha)
