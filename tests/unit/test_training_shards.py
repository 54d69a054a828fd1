"""Frames come back from the disk as they were rendered."""

from pathlib import Path

import numpy as np
import pytest

from training.data import shards

PERSON = shards.Someone("a", "makehuman", "female", "old", "dark", 12.5, -3.0, glasses="round", hands_in_front=True)


def some_maps(count: int, side: int = 8) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    flat, deep = (count, side, side), (count, side, side, 3)
    shapes = {"colour": deep, "alpha": flat, "normals": deep, "labels": flat, "scene": deep}
    maps = {name: rng.integers(0, 256, shape).astype(np.uint8) for name, shape in shapes.items()}
    return maps | {"inverse_depth": rng.random(flat).astype(np.float16)}


def test_maps_and_records_come_back(tmp_path: Path) -> None:
    maps, records = some_maps(2), [shards.Record("makehuman", "face", 3.0, "park", (PERSON,), 12.5) for _ in range(2)]
    shards.write(tmp_path / "train_1_0002", maps, records)
    (path,) = shards.paths(tmp_path, "train")
    assert all((shards.read(path)[name] == maps[name]).all() for name in shards.MAPS)
    assert shards.records(path) == records


def test_a_half_written_shard_is_not_seen(tmp_path: Path) -> None:
    (tmp_path / "partial_train_1_0002").mkdir()
    assert shards.paths(tmp_path, "train") == []


@pytest.mark.parametrize("who", [["female old", "Black_F_1_Casual+male child"], None])
def test_shards_of_the_first_form_are_read(tmp_path: Path, who: list[str] | None) -> None:
    maps = {name: values for name, values in some_maps(2).items() if name not in ("normals", "labels", "scene")}
    names = {} if who is None else {"who": np.array(who)}
    np.savez(tmp_path / "train_1_0001.npz", **maps, framing=np.array(["face", "group"]), **names)
    (path,) = shards.paths(tmp_path, "train")
    read, (first, second) = shards.read(path), shards.records(path)
    assert (read["labels"] > 0).tolist() == (maps["alpha"] > 0).tolist() and not read["normals"].any()
    assert not read["scene"].any()
    assert (first.kind, second.kind) == ("face", "group")
    if who:
        assert (first.people[0].sex, first.people[0].age, len(second.people)) == ("female", "old", 2)
        assert second.people[0].identity == "Black_F_1" and second.people[0].family == "valid"
