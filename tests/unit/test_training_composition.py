"""What a composed picture says of itself is true of what is seen in it."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from training.data import composition  # noqa: E402
from training.data.shards import PARTS  # noqa: E402

SIDE = 64
SCENES = np.full((1, SIDE, SIDE, 3), 90, np.uint8)


def a_slope(labelled: bool = True) -> dict[str, np.ndarray]:
    """One frame: a plane that fills the picture, nearer to the right, and its normals."""
    ramp = np.linspace(0.1, 0.2, SIDE, dtype=np.float32)
    normal = np.array([-0.6, 0.0, 0.8])
    return {
        "colour": np.full((1, SIDE, SIDE, 3), 200, np.uint8),
        "alpha": np.full((1, SIDE, SIDE), 255, np.uint8),
        "inverse_depth": np.tile(ramp, (1, SIDE, 1)).astype(np.float16),
        "normals": np.tile(np.rint(127.5 * normal + 127.5).astype(np.uint8), (1, SIDE, SIDE, 1)),
        "labels": np.full((1, SIDE, SIDE), labelled * (16 + PARTS["body"]), np.uint8),
    }


def test_normals_turn_with_the_picture() -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):  # mirrors, zooms and turns
        seen = composition.cropped(a_slope(), rng, SIDE)
        depth, (x, y, z) = seen.depth[0, 0], seen.normals[0, :, SIDE // 2, SIDE // 2]
        middle = slice(SIDE // 2 - 4, SIDE // 2 + 4)
        down, across = (float(d[middle, middle].mean()) for d in torch.gradient(depth))
        steepest = torch.tensor([across, -down]) / np.hypot(across, down)
        assert (x, y) == pytest.approx(tuple(-0.6 * steepest.numpy()), abs=0.02)
        assert float(z) == pytest.approx(0.8, abs=0.02)


def test_a_thing_is_seen_and_nobody_is_there() -> None:
    batch = composition.composed(a_slope(labelled=False), SCENES, np.random.default_rng(1), SIDE, 0.0)
    assert not batch.alpha.any() and not batch.presence.any() and not batch.normals.any() and not batch.labels.any()


def test_a_person_is_there_with_normals_and_labels() -> None:
    batch = composition.composed(a_slope(), SCENES, np.random.default_rng(1), SIDE, 0.0)
    inside = batch.alpha > 0.5
    assert batch.presence.all() and inside.float().mean() > 0.4
    assert (batch.labels[inside] == 16 + PARTS["body"]).all() and not batch.labels[batch.alpha == 0].any()
    assert batch.normals.norm(dim=1)[inside].numpy() == pytest.approx(1, abs=1e-3)


def test_what_is_hidden_is_nobodys() -> None:
    rng = np.random.default_rng(2)
    image, alpha = torch.ones(3, SIDE, SIDE), torch.ones(1, SIDE, SIDE)
    over, left = composition.occluded(image, alpha, torch.zeros(3, SIDE, SIDE), rng)
    assert torch.equal(over[:1], left) and 0 < float(left.mean()) < 1
