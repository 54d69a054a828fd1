"""From an ONNX file to trainable weights and back."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

torch = pytest.importorskip("torch")

from training.model import Network, rounded_to_int8, written  # noqa: E402 - only where torch is

SERVED = Path("models/portrait-depth.onnx")


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(onnx.load(SERVED), frozen=9)


def answers(model: bytes, image: "torch.Tensor") -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(["depth", "alpha", "presence"], {"image": image.numpy()})


def test_torch_computes_what_the_service_computes(network: Network) -> None:
    image = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        depth, alpha, presence = network(image)
    served = answers(SERVED.read_bytes(), image)
    assert np.abs(depth.numpy() - served[0][:, 0]).max() < 1e-3
    assert np.abs(torch.sigmoid(alpha).numpy() - served[1][:, 0]).max() < 1e-3
    assert torch.sigmoid(presence).numpy() == pytest.approx(served[2], abs=1e-3)


def test_what_is_written_computes_the_same(network: Network) -> None:
    image = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(4))
    served = answers(SERVED.read_bytes(), image)
    again = answers(written(network).SerializeToString(), image)
    for first, second in zip(served, again, strict=True):
        assert np.abs(first - second).max() < 1e-3


def test_frozen_weights_get_no_gradient_and_all_others_do(network: Network) -> None:
    depth, alpha, presence = network(torch.rand(2, 3, 64, 64))
    (depth.square().mean() + alpha.square().mean() + presence.square().mean()).backward()
    moved = [p for part in ("encoder", "decoder") for p in network.trainable(part)]
    assert len(moved) == 2 * (71 + 1 - 9)  # 71 convolutions and one linear layer, weight and bias each
    assert all(p.grad is not None and p.grad.any() for p in moved)
    assert all(p.grad is None for p in network.directions.values() if not p.requires_grad)


def test_rounding_keeps_255_levels_a_channel_and_passes_the_gradient() -> None:
    weight = torch.randn(4, 300, generator=torch.Generator().manual_seed(5), requires_grad=True)
    rounded = rounded_to_int8(weight)
    rounded.sum().backward()
    assert torch.equal(weight.grad, torch.ones_like(weight))
    for row, kept in zip(weight.detach(), rounded.detach(), strict=True):
        assert len(kept.unique()) <= 255
        assert (row - kept).abs().max() < 0.45 * row.abs().max()
        assert (row - kept).square().mean().sqrt() < 0.01 * row.abs().max()
