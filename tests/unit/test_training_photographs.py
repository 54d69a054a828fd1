"""A photograph and what a teacher says of it become frames to learn from. Renders stand for photographs here."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from depth import picture
from depth.estimation import Networks
from training.data import backgrounds, photographs, shards
from training.evaluation import frames
from training.evaluation.frames import Frame


@pytest.fixture(scope="module")
def person() -> Frame:
    return next(f for f in frames.read(frames.FILE) if f.about.kind == "shoulders" and len(f.about.people) == 1)


@pytest.fixture
def folder(person: Frame, tmp_path: Path) -> Path:
    """A photograph of a person, one of nobody, and a file that is neither."""
    (tmp_path / "photos").mkdir()
    Image.fromarray(person.picture).save(tmp_path / "photos" / "a.png")
    Image.new("RGB", (300, 200), "teal").save(tmp_path / "photos" / "b.jpg")
    (tmp_path / "photos" / "c.txt").write_text("no picture")
    return tmp_path / "photos"


@pytest.mark.parametrize("seed", range(20))
def test_a_view_lies_inside_and_holds_the_top_of_the_people(seed: int) -> None:
    rng = np.random.default_rng(seed)
    alpha = np.zeros(rng.integers(80, 400, 2), np.float32)
    (top, bottom), (left, right) = (np.sort(rng.choice(length, 2, replace=False)) for length in alpha.shape)
    alpha[top : bottom + 1, left : right + 1] = 1
    seen = photographs.view(alpha, rng)
    assert 0 <= seen[0] < seen[2] <= alpha.shape[1]
    assert 0 <= seen[1] < seen[3] <= alpha.shape[0]
    assert seen[2] - seen[0] == seen[3] - seen[1]
    assert seen[1] <= top
    inside = alpha[seen[1] : seen[3], seen[0] : seen[2]]
    fits = max(right - left, bottom - top) < min(alpha.shape)
    assert inside.sum() == alpha.sum() if fits else inside.any()


def test_a_photograph_becomes_frames_with_the_teachers_depth(
    folder: Path, person: Frame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, sheet = tmp_path / "shards", tmp_path / "sheet.png"
    monkeypatch.setattr(photographs, "VIEWS", 1)
    monkeypatch.setattr(photographs, "view", lambda alpha, rng: (0, 0, *alpha.shape))
    monkeypatch.setattr(sys, "argv", ["photographs", str(folder), "--out", str(out), "--sheet", str(sheet)])
    photographs.main()
    (path,) = shards.paths(out, "train")
    maps = {name: values[0] for name, values in shards.read(path).items()}
    assert len(shards.records(path)) == 1  # nobody is in the other photograph
    size = (photographs.SIDE, photographs.SIDE)
    truth = np.asarray(Image.fromarray(person.alpha).resize(size)) > 0.5
    seen = maps["alpha"] > 127
    assert (seen & truth).sum() > 0.85 * (seen | truth).sum()
    near = np.asarray(Image.fromarray(person.inverse_depth).resize(size))
    assert np.corrcoef(near[seen & truth], maps["inverse_depth"][seen & truth].astype(np.float32))[0, 1] > 0.6
    solid = maps["alpha"] == 255
    colour = np.asarray(Image.fromarray(person.picture).resize(size, Image.Resampling.BILINEAR), np.float32)
    assert np.abs(colour - maps["colour"])[solid].mean() < 6
    assert np.abs(colour - maps["scene"]).mean() < 6  # with everything around
    assert not maps["normals"].any()
    assert ((maps["labels"] > 0) == (maps["inverse_depth"] > 0)).mean() > 0.99
    assert Image.open(sheet).size[0] == 12 * 128


def test_heads_are_labelled_where_they_are(person: Frame, folder: Path) -> None:
    pixels = picture.decode(picture.look(memoryview((folder / "a.png").read_bytes())))
    (box,) = photographs.heads(Networks(Path("models")), pixels)
    labels = photographs.labelled(person.alpha.shape, [box, (0.0, 0.0, 2.0, 2.0)], pixels.size)
    assert labels[0, 0] == 32 + shards.PARTS["head"]
    assert labels[-1, -1] == 16 + shards.PARTS["body"]
    truth = np.isin(person.labels % 16, [shards.PARTS[part] for part in ("head", "hair")])
    marked = labels == 16 + shards.PARTS["head"]
    assert (marked & truth).sum() > 0.6 * truth.sum()
    assert marked.sum() < 2 * truth.sum()


def test_labels_are_cut_with_the_picture(person: Frame) -> None:
    side = len(person.alpha)
    colour, alpha = np.zeros((side, side, 3), np.float32), np.full((side, side), 255, np.float32)
    labels = photographs.labelled((side, side), [(side / 2, 0.0, float(side), side / 2)], (side, side))
    frame = photographs.framed(colour, alpha, alpha / 255, labels, (side // 2, 0, side, side // 2))
    assert (frame["labels"] == 16 + shards.PARTS["head"]).all()


def test_small_people_teach_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    networks, rng = Networks(Path("models")), np.random.default_rng(0)
    assert len(photographs.taught(networks, folder / "a.png", rng)) == photographs.VIEWS
    monkeypatch.setattr(photographs, "LEAST", 1.0)
    assert photographs.taught(networks, folder / "a.png", rng) == []


def test_a_folder_of_nobody_says_so(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.png").unlink()
    monkeypatch.setattr(sys, "argv", ["photographs", str(folder), "--out", str(tmp_path / "shards")])
    with pytest.raises(SystemExit, match="nobody was found"):
        photographs.main()


def test_photographs_of_any_kind_and_size_are_backgrounds(tmp_path: Path) -> None:
    for name, colour in (("a.png", (255, 0, 0)), ("b.jpg", (0, 255, 0)), ("c.webp", (0, 0, 255))):
        Image.new("RGB", (1200, 900), colour).save(tmp_path / name)
    (tmp_path / "d.txt").write_text("no picture")
    assert backgrounds.opened(tmp_path / "b.jpg").size == (533, backgrounds.SHORTER_PX)
    scenes = backgrounds.backgrounds(np.random.default_rng(0), 60, 32, tmp_path)
    usual = np.median(scenes.reshape(60, -1, 3), 1)
    for channel in range(3):
        assert ((usual[:, channel] > 240) & (usual.sum(1) < 280)).sum() > 5


def test_the_list_of_photographs_names_a_licence_that_allows_learning() -> None:
    listing = json.loads((Path(photographs.__file__).parent / "photographs.json").read_text())
    free = ("CC0", "CC BY", "public domain", "MIT", "CDLA-Permissive-1.0", "No known copyright restrictions")
    assert len(listing["files"]) == 1291
    for entry in listing["files"]:
        assert entry["licence"].startswith(free)
        assert not entry["licence"].startswith(("CC BY-NC", "CC BY-SA", "CC BY-ND"))
        assert not entry["licence"].startswith("CC BY") or entry["attribution"]
        assert entry["repository"] in listing["commits"]
