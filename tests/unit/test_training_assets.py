"""Only what its hash proves becomes an asset."""

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest

from training.render import assets

PICTURE, PANORAMA = b"\x89PNG a skin", b"#?RADIANCE a sky"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def lfs_pointer(digest: str) -> bytes:
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 12\n".encode()


def published(folder: Path, files: dict[str, bytes]) -> str:
    """A repository with one commit, whose name comes back."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "--quiet"], ["add", "."], [*who, "commit", "--quiet", "-m", "all"]):
        subprocess.run(["git", "-C", str(folder), *words], check=True)
    return subprocess.run(
        ["git", "-C", str(folder), "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def listing(tmp_path: Path) -> dict[str, Any]:
    """Two repositories: one with a pointer and a panorama, one with the picture that it points to."""
    makers = {"maker/assets": {"base/skin.png": lfs_pointer(sha256(PICTURE)), "sky.hdr": PANORAMA}}
    makers["copier/game"] = {"Textures/skin.png": PICTURE}
    commits = {name: published(tmp_path / "host" / name, files) for name, files in makers.items()}
    return {
        "commits": commits,
        "folders": [{"repository": "maker/assets", "folder": "base", "into": ""}],
        "pictures": [
            {"name": "skin.png", "repository": "copier/game", "path": "Textures/skin.png", "sha256": sha256(PICTURE)}
        ],
        "files": [
            {"name": "panoramas/sky.hdr", "repository": "maker/assets", "path": "sky.hdr", "sha256": sha256(PANORAMA)}
        ],
    }


def gathered(listing: dict[str, Any], tmp_path: Path) -> list[str]:
    return assets.gathered(listing, {}, tmp_path / "out", host=f"file://{tmp_path}/host/")


def test_pictures_take_the_place_of_their_pointers(listing: dict[str, Any], tmp_path: Path) -> None:
    for _ in range(2):  # a second time changes nothing
        said = gathered(listing, tmp_path)
        assert said == ["1 of 1 pictures proved by their hashes", "1 of 1 files proved by their hashes"]
        assert (tmp_path / "out/base/skin.png").read_bytes() == PICTURE
        assert (tmp_path / "out/panoramas/sky.hdr").read_bytes() == PANORAMA


def test_a_file_with_another_hash_is_left_out_and_named(listing: dict[str, Any], tmp_path: Path) -> None:
    listing["files"][0]["sha256"] = sha256(b"something else")
    assert "not proved, left out: panoramas/sky.hdr" in gathered(listing, tmp_path)
    assert not (tmp_path / "out/panoramas/sky.hdr").exists()


def test_a_picture_that_the_maker_does_not_point_to_is_left_out(listing: dict[str, Any], tmp_path: Path) -> None:
    other = {"base/skin.png": lfs_pointer(sha256(b"another skin"))}
    listing["commits"]["maker/other"] = published(tmp_path / "host/maker/other", other)
    listing["folders"][0]["repository"] = "maker/other"
    assert "not proved, left out: skin.png" in gathered(listing, tmp_path)
    assert (tmp_path / "out/base/skin.png").read_bytes() == other["base/skin.png"]


def test_a_file_that_is_not_there_is_left_out_and_named(listing: dict[str, Any], tmp_path: Path) -> None:
    listing["pictures"][0]["path"] = "Textures/other.png"
    assert "not proved, left out: skin.png" in gathered(listing, tmp_path)


def test_a_copy_that_is_given_is_not_fetched(listing: dict[str, Any], tmp_path: Path) -> None:
    copies = {name: str(tmp_path / "host" / name / ".git") for name in listing["commits"]}
    said = assets.gathered(listing, copies, tmp_path / "out", host="file:///nowhere/")
    assert said[0].startswith("1 of 1") and not (tmp_path / "out/copies").exists()


def test_every_source_of_the_list_has_a_commit_and_every_file_a_hash() -> None:
    listing = assets.json.loads(assets.LIST.read_text())
    entries = [*listing["pictures"], *listing["files"]]
    assert {entry["repository"] for entry in [*entries, *listing["folders"]]} == set(listing["commits"])
    assert all(len(entry["sha256"]) == 64 for entry in entries) and len({e["name"] for e in entries}) == len(entries)
