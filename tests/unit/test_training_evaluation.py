"""The figures of the evaluation, on maps whose figures are known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from training import evaluate
from training.data.shards import PARTS, Record, Someone
from training.evaluation import frames, methods, scores, served
from training.evaluation.frames import Frame
from training.evaluation.scores import Answer

ANN = Someone("ann", "drawn", "female", "old", "dark", -70.0, 0.0, glasses="round", hands_in_front=True)
BOB = Someone("bob", "drawn", "male", "young", "tan", 0.0, 0.0)


@pytest.fixture
def frame() -> Frame:
    rng = np.random.default_rng(0)
    alpha = np.zeros((128, 128), np.float32)
    alpha[20:110, 30:100] = 1
    depth = (0.1 + 0.02 * rng.random((128, 128)).cumsum(1) / 64).astype(np.float32)
    normals = np.zeros((128, 128, 3), np.float32)
    normals[alpha > 0] = (0, 0.6, 0.8)
    labels = (alpha * (16 + PARTS["body"])).astype(np.uint8)
    picture = rng.integers(0, 256, (256, 256, 3), dtype=np.uint8)
    return Frame(picture, alpha, depth, normals, labels, Record("drawn", "half", 2.0, "", (ANN,)))


@pytest.fixture
def nobody(frame: Frame) -> Frame:
    empty = {name: 0 * getattr(frame, name) for name in ("alpha", "inverse_depth", "normals", "labels")}
    return replace(frame, about=Record("scenes", "nobody", 0.0, ""), **empty)


def figures(near: np.ndarray, frame: Frame, alpha: np.ndarray | None = None) -> dict[str, float]:
    return scores.scores(Answer(near, alpha), frame, np.random.default_rng(0))


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


def test_a_hand_is_judged_by_what_is_close_behind_it(frame: Frame) -> None:
    depth, labels = np.full_like(frame.inverse_depth, 0.1), frame.labels.copy()
    depth[60:70, 60:70], labels[60:70, 60:70] = 0.2, 16 + PARTS["hand"]
    depth[100:110] = 0.9  # the feet are nearer still, but far from the hand
    held_out = replace(frame, inverse_depth=depth, labels=labels)
    pressed_in = np.where(labels == 16 + PARTS["hand"], 0.05, depth).astype(np.float32)
    assert figures(depth, held_out)["hands"] == 1
    assert figures(pressed_in, held_out)["hands"] == 0 and figures(pressed_in, held_out)["r"] > 0.9
    assert "hands" not in figures(depth, frame)


def test_the_order_of_people_does_not_depend_on_how_large_they_are(frame: Frame) -> None:
    depth, labels = frame.inverse_depth.copy(), frame.labels.copy()
    labels[20:30, 30:40] = 32 + PARTS["body"]
    labels[20:30, 50:90] = 48 + PARTS["body"]
    depth[labels >> 4 == 2], depth[labels >> 4 == 3] = 0.5, 0.9
    group = replace(frame, inverse_depth=depth, labels=labels)
    swapped = np.where(labels >> 4 == 2, 0.95, depth).astype(np.float32)
    assert figures(depth, group)["people"] == 1
    assert figures(swapped, group)["people"] == pytest.approx(2 / 3, abs=0.02)
    assert "people" not in figures(depth, frame)


def test_the_angle_between_normals_is_in_degrees(frame: Frame) -> None:
    near = frame.inverse_depth
    towards = np.broadcast_to(np.array([0, 0, 1], np.float32), frame.normals.shape)
    for normals, degrees in ((frame.normals, 0), (3 * frame.normals, 0), (towards, 36.87), (-frame.normals, 180)):
        got = scores.scores(Answer(near, normals=normals), frame, np.random.default_rng(0))
        assert got["angle"] == pytest.approx(degrees, abs=0.1)


def test_the_dome_is_highest_in_the_middle_and_turns_outwards(frame: Frame) -> None:
    near, normals = methods.dome(frame).near, methods.dome(frame).normals
    assert near[65, 65] == near.max() and near[0, 0] == 0 and near[25, 60] < near[40, 60]
    assert normals is not None
    assert normals[65, 33, 0] < -0.3 and normals[65, 97, 0] > 0.3 and normals[22, 65, 1] > 0.3
    assert np.linalg.norm(normals, axis=-1) == pytest.approx(1, abs=1e-5)


def test_frames_survive_their_file(frame: Frame, nobody: Frame, tmp_path: Path) -> None:
    frames.write(tmp_path / "two.zip", [frame, nobody])
    first, second = frames.read(tmp_path / "two.zip")
    inside = frame.alpha > 0
    assert np.abs(first.inverse_depth - frame.inverse_depth)[inside].max() < 1e-5
    assert np.abs(first.normals - frame.normals)[inside].max() < 0.006 and not first.normals[~inside].any()
    assert first.about == frame.about and second.about == nobody.about and second.empty and not first.empty
    assert np.array_equal(first.alpha, frame.alpha) and np.array_equal(first.labels, frame.labels)
    assert np.abs(first.picture.astype(int).mean() - frame.picture.mean()) < 2


def test_the_kept_frames_hold_every_framing_both_families_and_nobody() -> None:
    held = list(frames.read(frames.FILE))
    assert {frame.about.kind for frame in held} >= {"face", "shoulders", "half", "full", "group", "nobody"}
    assert {frame.about.family for frame in held} >= {"makehuman", "valid", "scenes"}
    assert frames.FILE.stat().st_size < 4_000_000


def test_presence_is_judged_on_pictures_with_and_without_people(frame: Frame, nobody: Frame) -> None:
    rng = np.random.default_rng(0)
    sure = Answer(frame.inverse_depth, presence=0.9)
    assert scores.scores(sure, nobody, rng) == {"black": 0.0}
    assert scores.scores(sure, frame, rng)["kept"] == 1.0


def test_who_somebody_is_counts_for_pictures_of_one_person(frame: Frame, nobody: Frame) -> None:
    two = replace(frame, about=replace(frame.about, kind="group", people=(ANN, BOB)))
    alone = {"sex: female", "age: old", "skin: dark", "head: to 100, profile", "with: glasses", "with: hands in front"}
    assert set(evaluate.slices(frame)) == alone | {"framing: half", "family: drawn"}
    assert evaluate.slices(two) == ["framing: group", "family: drawn"]
    assert evaluate.slices(nobody) == ["framing: nobody"]


def test_a_summary_tells_the_tail(frame: Frame) -> None:
    rows = [{"r": value / 10} for value in range(11)] + [{"black": 1.0}]
    got = evaluate.summary(rows)
    assert (got["r"], got["r_median"], got["r_p10"]) == (0.5, 0.5, 0.1)
    assert got["pictures"] == 12 and got["black"] == 1 and "angle" not in got


def test_the_service_is_judged_by_the_file_that_comes_back() -> None:
    held = list(frames.read(frames.FILE))
    somebody = next(frame for frame in held if frame.about.kind == "shoulders")
    nobody = next(frame for frame in held if frame.about.kind == "nobody")
    answer = served.service(evaluate.MODELS)
    got, empty = (scores.scores(answer(frame), frame, np.random.default_rng(0)) for frame in (somebody, nobody))
    assert got["kept"] == 1 and got["r"] > 0.5 and got["iou"] > 0.8 and got["angle"] < 40
    assert empty == {"black": 1.0} and answer(somebody).near.max() <= 255


def test_a_network_sees_pictures_at_its_own_size() -> None:
    """The first release's file takes 256 x 256 pixels, whatever a frame has."""
    answer, frame = methods.network(methods.FIRST), next(frames.read(frames.FILE))
    larger = replace(frame, picture=frame.picture.repeat(2, axis=0).repeat(2, axis=1))
    assert np.corrcoef(answer(larger).near.ravel(), answer(frame).near.ravel())[0, 1] > 0.995
    fewer = replace(frame, alpha=frame.alpha[::2, ::2])
    means = answer(frame).near.reshape(64, 2, 64, 2).mean((1, 3))
    assert np.allclose(answer(fewer).near, means, atol=1e-5 * np.ptp(means))


def test_a_network_is_judged_by_what_its_manifest_says(frame: Frame) -> None:
    said = served.network(evaluate.MODELS / "portrait-depth.json")(frame)
    assert said.near.shape == said.alpha.shape == frame.alpha.shape and said.near.std() > 0
