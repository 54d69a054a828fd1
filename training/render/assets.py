"""Lay out MakeHuman's CC0 assets from git copies: `python -m training.render.assets --copy NAME=GITDIR ... --out DIR`.

The assets' repository holds pictures as Git LFS pointers. assets.json names, for every picture that an older public
copy has byte for byte, where it lies there and its SHA-256. A picture is taken only if its hash is the one in that list
and the one in the CC0 repository's pointer; nothing else comes from the older copies.
"""

import argparse
import hashlib
import io
import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

LIST = Path(__file__).parent / "assets.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copy", action="append", required=True, help="owner/name=git directory, for each in the list")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    copies = dict(copy.split("=", 1) for copy in options.copy)
    listing = json.loads(LIST.read_text())
    for source in listing["folders"]:
        unpack(copies[source["repository"]], source["commit"], source["folder"], options.out / source["into"])
    taken = [picture for picture in listing["pictures"] if took(picture, listing["commits"], copies, options.out)]
    left = sum(1 for path in (options.out / "base").rglob("*.png") if pointer(path.read_bytes()[:200]))
    print(f"{len(taken)} of {len(listing['pictures'])} pictures proved by hash, {left} pointers left")


def took(picture: dict[str, str], commits: dict[str, str], copies: dict[str, str], out: Path) -> bool:
    """Whether the picture's hash was right, and it now lies where its pointer was."""
    target = out / "base" / picture["name"]
    expected = pointer(target.read_bytes()[:200])
    data = git(copies[picture["repository"]], "show", f"{commits[picture['repository']]}:{picture['path']}")
    if hashlib.sha256(data).hexdigest() == picture["sha256"] == expected:
        target.write_bytes(data)
        return True
    return False


def pointer(data: bytes) -> str | None:
    """The SHA-256 in a Git LFS pointer; None for a real file."""
    if not data.startswith(b"version https://git-lfs"):
        return None
    words = data.split()
    return words[words.index(b"oid") + 1].decode().removeprefix("sha256:")


def unpack(directory: str, commit: str, folder: str, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(git(directory, "archive", "--format=tar", commit, folder))) as archive:
        archive.extractall(out, filter="data")


def git(directory: str, *words: str) -> bytes:
    command: list[Any] = ["git", f"--git-dir={directory}", *words]
    return subprocess.run(command, check=True, capture_output=True).stdout


if __name__ == "__main__":
    main()
