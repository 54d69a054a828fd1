"""The figures of the evaluation, on maps whose figures are known."""

from pathlib import Path

import numpy as np
import pytest

from training import evaluate
from training.evaluation import frames
from training.evaluation.frames import Frame


@pytest.fixture
def frame() -> Frame:
    rng = np.random.default_rng(0)
    alpha = np.zeros((128, 128), np.float32)
    alpha[20:110, 30:100] = 1
    depth = (0.1 + 0.02 * rng.random((128, 128)).cumsum(1) / 64).astype(np.float32)
    return Frame(rng.integers(0, 256, (256, 256, 3), dtype=np.uint8), alpha, depth, "half", "drawn")


def figures(near: np.ndarray, frame: Frame, alpha: np.ndarray | None = None) -> dict[str, float]:
    return evaluate.scores(evaluate.Answer(near, alpha), frame, np.random.default_rng(0))


def test_the_truth_scores_full_marks_at_any_scale_and_shift(frame: Frame) -> None:
    got = figures(5 * frame.inverse_depth - 2, frame, frame.alpha)
    assert got["r"] == pytest.approx(1) and got["relief"] == pytest.approx(1, abs=1e-4)
    assert got["rmse"] == pytest.approx(0, abs=1e-3) and got["absrel"] == pytest.approx(0, abs=1e-4)
    assert got["order"] == 1 and got["iou"] == 1 and got["boundary_f"] == 1 and got["alpha_error"] == 0


def test_far_for_near_scores_worst(frame: Frame) -> None:
    got = figures(-frame.inverse_depth, frame)
    assert got["r"] == pytest.approx(-1) and got["order"] == 0


def test_a_constant_says_nothing(frame: Frame) -> None:
    got = figures(np.ones_like(frame.alpha), frame)
    assert got["r"] == 0 and got["order"] == 0 and got["rmse"] == pytest.approx(1, abs=1e-3)


def test_a_silhouette_may_be_two_pixels_off_but_not_three(frame: Frame) -> None:
    at = [figures(frame.inverse_depth, frame, np.roll(frame.alpha, by, 1))["boundary_f"] for by in (2, 3)]
    assert at[0] == 1 and at[1] < 0.7


def test_the_dome_is_highest_in_the_middle(frame: Frame) -> None:
    near = evaluate.dome(frame).near
    assert near[65, 65] == near.max() and near[0, 0] == 0 and near[25, 60] < near[40, 60]


def test_frames_survive_their_file(frame: Frame, tmp_path: Path) -> None:
    nobody = Frame(frame.picture, 0 * frame.alpha, 0 * frame.inverse_depth, "nobody", "scenes")
    frames.write(tmp_path / "two.npz", [frame, nobody])
    first, second = frames.read(tmp_path / "two.npz")
    inside = frame.alpha > 0
    assert np.abs(first.inverse_depth - frame.inverse_depth)[inside].max() < 1e-5
    assert (first.framing, first.family, second.framing) == ("half", "drawn", "nobody")
    assert np.array_equal(first.alpha, frame.alpha) and first.picture.shape == (256, 256, 3)


def test_the_kept_frames_hold_every_framing_both_families_and_nobody() -> None:
    held = list(frames.read(frames.FILE))
    assert {frame.framing for frame in held} == {"face", "shoulders", "half", "full", "group", "nobody"}
    assert {frame.family for frame in held} == {"makehuman", "valid", "scenes"}
    assert frames.FILE.stat().st_size < 4_000_000


def test_presence_is_judged_on_pictures_with_and_without_people(frame: Frame) -> None:
    nobody = Frame(frame.picture, 0 * frame.alpha, frame.inverse_depth, "nobody", "scenes")
    rng = np.random.default_rng(0)
    sure = evaluate.Answer(frame.inverse_depth, presence=0.9)
    assert evaluate.scores(sure, nobody, rng) == {"black": 0.0}
    assert evaluate.scores(sure, frame, rng)["kept"] == 1.0
