"""What a composed picture says of itself is true of what is seen in it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from training.data import backgrounds, composition, places, views  # noqa: E402
from training.data.shards import PARTS  # noqa: E402

SIDE = 64
ORIENTATION = 0x0112
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
        "scene": np.zeros((1, SIDE, SIDE, 3), np.uint8),
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


def somebody_small() -> np.ndarray:
    alpha = np.zeros((SIDE, SIDE), np.uint8)
    alpha[20:50, 34:44] = 255
    return alpha


def test_the_peoples_box_fills_the_square_and_bars_the_rest() -> None:
    rng, seen = np.random.default_rng(3), somebody_small() > 127
    for _ in range(20):
        matrix, inside = views.boxed(seen, rng, SIDE)
        if inside.all():  # without bars
            continue
        alpha = torch.from_numpy(seen[None, None].astype(np.float32))
        shown = views.sampled(alpha, torch.tensor(matrix[None], dtype=torch.float32), SIDE, "bilinear")[0, 0] > 0.5
        assert shown.any(1).float().mean() > 0.6 and shown.any(0).float().mean() < 0.45
        assert inside[0].any(1).all() and not inside[0, :, [0, -1]].any()
        assert not shown[inside[0] == 0].any()


@pytest.mark.parametrize("place", [(0, 30, 0, 10), (40, 64, 44, 64), (0, 64, 50, 60), (10, 60, 0, 64)])
def test_a_square_without_bars_stays_in_the_frame_and_holds_the_people(place: tuple[int, int, int, int]) -> None:
    seen, rng, squares = np.zeros((SIDE, SIDE), bool), np.random.default_rng(0), 0
    top, bottom, left, right = place
    seen[top:bottom, left:right] = True
    for _ in range(60):
        matrix, inside = views.boxed(seen, rng, SIDE)
        if not inside.all():
            continue
        squares += 1
        (one, other), zoom = matrix[:, 2], abs(matrix[0, 0])
        assert max(abs(one), abs(other)) + zoom < 1.04  # bars of less than a pixel pass for none
        turns = torch.tensor(matrix[None], dtype=torch.float32)
        shown = views.sampled(torch.from_numpy(seen[None, None].astype(np.float32)), turns, SIDE, "bilinear")
        assert float(shown.sum()) * zoom**2 == pytest.approx(seen.sum(), rel=0.1)
    assert squares > 5


def test_a_thing_stands_behind_a_person_now_and_then() -> None:
    frames = {name: np.concatenate([maps, maps]) for name, maps in a_slope().items()}
    frames["labels"][1] = 0
    frames["colour"][1] = 10
    frames["alpha"][0] = somebody_small()
    rng, dark = np.random.default_rng(4), 0
    for _ in range(200):
        batch = composition.composed(frames, SCENES, rng, SIDE, 0.0)
        around = (batch.alpha[0] == 0) & (batch.image[0].sum(0)[::2, ::2] > 0)
        dark += float(batch.image[0].mean(0)[::2, ::2][around].mean()) < 0.12
    assert 0.1 < dark / 200 < 0.4


def test_people_are_seen_before_their_own_scene_and_before_others_and_the_scene_turns_with_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(views, "AFAR", 0.0)
    frames = a_slope() | {"alpha": somebody_small()[None]}
    frames["colour"] = frames["colour"] * (frames["alpha"] > 0)[..., None]
    frames["scene"][0, :, :26] = (0, 250, 0)  # at the person's left
    frames["scene"][0, :, 26:] = (0, 0, 250)
    rng, own, judged = np.random.default_rng(5), 0, 0
    for _ in range(200):
        batch = composition.composed(frames, SCENES, rng, SIDE, 0.0)
        red, green, blue = batch.image[0, :, ::2, ::2]
        outside = batch.alpha[0] == 0
        left, right = (outside & (one > other + 0.3) & (red < 0.3) for one, other in ((green, blue), (blue, green)))
        own += bool((left | right).sum() > 20)
        if min(int(left.sum()), int(right.sum())) < 20:
            continue
        judged += 1
        columns = torch.arange(SIDE // 2)
        first, second, person = (
            float((seen * columns).sum() / seen.sum()) for seen in (left, right, batch.alpha[0] > 0.5)
        )
        blue_from = float(columns[right.any(0)].min() if first < second else columns[right.any(0)].max())
        assert (person - blue_from) * (second - first) > 0  # the person is in the blue half
    assert 0.35 < own / 200 < 0.65 and judged > 20


def test_a_photographs_own_scene_is_never_said_to_be_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its people are in it."""
    monkeypatch.setattr(places, "BACKDROPS", 0.0)  # some are green
    frames = a_slope()
    frames["scene"][:] = (0, 250, 0)

    def green(seed: int) -> float:
        rng = np.random.default_rng(seed)
        batches = [composition.composed(frames, SCENES, rng, SIDE, 1.0) for _ in range(100)]
        assert not any(batch.presence.any() for batch in batches)
        return float(np.mean([bool((b.image[0, 1] > b.image[0, 0] + 0.3).float().mean() > 0.2) for b in batches]))

    assert green(6) > 0.3  # a rendered place is empty
    frames["normals"][:] = 0
    assert green(6) == 0


def test_half_of_the_pictures_of_nobody_are_whole_photographs() -> None:
    """Where there are any; none of those with people is."""
    photo = np.zeros((SIDE // 2, SIDE, 3), np.uint8)
    photo[:, :, 2] = 255

    def blue(negatives: float) -> float:
        rng = np.random.default_rng(7)
        batches = [composition.composed(a_slope(), SCENES, rng, SIDE, negatives, [photo]) for _ in range(200)]
        assert all(bool(batch.presence.any()) == (negatives == 0) for batch in batches)
        images = [batch.image[0] for batch in batches]
        blue = [im for im in images if (im[2] > im[0] + 0.2).float().mean() > 0.3]
        assert not any(im[:, : SIDE // 6].any() for im in blue)  # photographed, but for the bars
        return len(blue) / len(images)

    assert 0.3 < blue(1.0) < 0.6 and blue(0.0) == 0  # some lose their colour


def test_a_whole_photograph_lies_between_bars() -> None:
    rng = np.random.default_rng(8)
    ramp = np.linspace(60, 220, 90, dtype=np.uint8)
    photo = np.tile(ramp[None, :, None], (40, 1, 3))
    directions = set()
    for _ in range(40):
        image, inside = places.uncut(photo, rng, SIDE)
        rows = inside[0].any(1)
        assert inside[0].any(0).all() and 16 <= int(rows.sum()) <= 40 and not image[:, ~rows].any()
        assert bool(rows[SIDE // 2]) and torch.equal(inside[0, rows], torch.ones_like(inside[0, rows]))
        left, right = float(image[0, SIDE // 2, 0]), float(image[0, SIDE // 2, -1])
        directions.add(left < right)
        assert 0.7 * 160 / 255 < abs(right - left) <= 160 / 255 + 0.01  # at least three quarters are seen
    assert directions == {True, False}


def test_photographs_are_kept_from_edge_to_edge(tmp_path: Path) -> None:
    Image.new("RGB", (900, 300), (9, 9, 9)).save(tmp_path / "wide.png")
    lying = Image.new("L", (20, 10)).getexif()
    lying[ORIENTATION] = 6
    Image.new("L", (20, 10)).save(tmp_path / "tall.jpg", exif=lying)
    (tmp_path / "film.mp4").touch()
    assert [photo.shape for photo in backgrounds.whole(tmp_path, 96)] == [(96, 48, 3), (32, 96, 3)]


def a_head(size: int, at: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Alpha and labels of somebody whose head is a square of `size` with its corner at (x, y)."""
    x, y = at
    labels = np.full((256, 256), 16 + PARTS["body"], np.uint8)
    labels[y : y + size, x : x + size] = 16 + PARTS["head"]
    labels[y : y + 4, x : x + size] = 16 + PARTS["hair"]
    return np.where(labels > 0, 255, 0).astype(np.uint8), labels


def cut(matrix: np.ndarray) -> tuple[np.ndarray, float]:
    """Middle and side, in pixels of a frame of 256, of the square that a sampling matrix without a turn shows."""
    return (matrix[:, 2] + 1) * 128, abs(matrix[0, 0]) * 256


def test_close_ups_are_cut_into_heads_that_are_large_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "CLOSE_UPS", 1.0)
    rng = np.random.default_rng(9)
    sides = []
    for at in ((0, 0), (150, 20), (156, 156)) * 30:
        middle, side = cut(views.view(rng, *a_head(100, at), SIDE)[0])
        sides.append(side)
        assert (middle - side / 2 >= -1e-6).all() and (middle + side / 2 <= 256 + 1e-6).all()
        low, high = np.maximum(middle - side / 2, at), np.minimum(middle + side / 2, np.add(at, 100))
        assert (high - low).clip(0).prod() > 0.25 * side**2
    assert min(sides) < 56 and 104 < max(sides) <= 110
    assert all(abs(views.view(rng, *a_head(255, (0, 0)), SIDE)[0][0, 0]) <= 1 for _ in range(30))


def test_a_close_up_is_of_one_head(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two people in opposite corners either is looked at, and never what is between them."""
    monkeypatch.setattr(views, "CLOSE_UPS", 1.0)
    rng = np.random.default_rng(11)
    alpha, labels = a_head(80, (0, 0))
    labels[176:, 176:] = 2 * 16 + PARTS["head"]
    middles = [cut(views.view(rng, alpha, labels, SIDE)[0])[0] for _ in range(60)]
    assert all(abs(x - y) < 60 and not 90 < x < 166 for x, y in middles)
    assert 0.3 < np.mean([x > 128 for x, _ in middles]) < 0.7
    labels[:80, :80], labels[176:, 176:] = 16 + PARTS["body"], 2 * 16 + PARTS["body"]
    labels[:30, :30], labels[-30:, -30:] = 16 + PARTS["head"], 2 * 16 + PARTS["head"]
    assert not views.large_heads(alpha > 127, labels)  # together they are far apart, not large


def test_a_small_head_is_no_close_up() -> None:
    large, small = (
        [cut(views.view(rng, *a_head(size, (20, 20)), SIDE)[0])[1] for _ in range(600)]
        for size, rng in ((100, np.random.default_rng(10)), (60, np.random.default_rng(10)))
    )
    assert 0.03 < np.mean(np.array(large) < 112) < 0.1 and min(small) > 130


@pytest.mark.parametrize("cut_off", [False, True])
def test_people_from_afar_are_small_and_whole(cut_off: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whom the frame's lower edge cuts off, the picture's cuts off; what is not known around a frame is not shown."""
    monkeypatch.setattr(views, "AFAR", 1.0)
    monkeypatch.setattr(views, "CLOSE_UPS", 0.0)
    monkeypatch.setattr(views, "letterbox", lambda rng, side: torch.ones(1, side, side))
    frames = a_slope() | {"alpha": somebody_small()[None]}
    frames["alpha"][0, 50:, 34:44] = 255 * cut_off
    frames["scene"][:] = 250
    shares = []
    for seed in range(40):
        seen = composition.cropped(frames, np.random.default_rng(seed), SIDE)
        assert not seen.scene.any()
        shares.append(float(seen.alpha.sum() / (frames["alpha"] > 127).sum()))
        rows = (seen.alpha[0, 0] > 0.5).any(1)
        assert bool(rows[-1]) == cut_off and not (seen.alpha[0, 0] > 0.5)[:, [0, -1]].any()
    assert 1 / 2.6**2 < min(shares) < 0.25 and 0.5 < max(shares) < 1 / 1.19**2


def test_small_people_are_there_wherever_they_are_seen() -> None:
    """One picture in twelve or so is from afar, and the people in it are present, whole and labelled."""
    frames = a_slope() | {"alpha": somebody_small()[None]}
    size, rng, small = float((frames["alpha"] > 127).mean()), np.random.default_rng(12), 0
    for _ in range(300):
        batch = composition.composed(frames, SCENES, rng, SIDE, 0.0)
        seen = batch.alpha[0] > 0.5
        assert bool(batch.presence[0]) == (float(batch.alpha.mean()) > 0.01)
        assert (batch.labels[0][seen] > 0).all()
        small += 0 < float(seen.float().mean()) < size / 1.2
    assert 0.04 < small / 300 < 0.2


@pytest.mark.parametrize("edge", [np.s_[0, :, 0], np.s_[0, :, -1], np.s_[0, 0]])
def test_who_leaves_the_frame_is_not_seen_from_afar(edge: tuple, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "AFAR", 1.0)
    alpha = somebody_small()[None].copy()
    alpha[edge] = 255
    rng = np.random.default_rng(0)
    assert all(abs(views.view(rng, alpha[0], alpha[0], SIDE)[0][1, 1]) <= 1 for _ in range(40))
