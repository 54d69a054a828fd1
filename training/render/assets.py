"""Fetch and check everything that people are rendered from: `python -m training.render.assets --out ASSETS`.

assets.json names every source with its commit and every single file with its SHA-256. Repositories are cloned from
GitHub unless a git copy is given (`--copy OWNER/NAME=GITDIR`, as often as there are copies). What comes out:

base, core    MakeHuman's clothes, hair, skins; its body, targets, rig (CC0)
avatars       VALID avatars as they are published (MIT); training/render/unpack.mjs makes them readable
panoramas     radiance panoramas of Poly Haven (CC0)

`--list training/data/photographs.json` fetches and checks the photographs that were learned from, in the same way:
people, nobody.

MakeHuman's repository of assets holds pictures as Git LFS pointers. assets.json says where an older public copy has the
same bytes. A picture is taken only if its hash is the one in that list and the one in the CC0 repository's pointer;
nothing else comes from the older copies.
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
HOST = "https://github.com/"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copy", action="append", default=[], help="owner/name=git directory")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--list", type=Path, default=LIST, help="what to fetch")
    options = parser.parse_args()
    copies = dict(copy.split("=", 1) for copy in options.copy)
    for line in gathered(json.loads(options.list.read_text()), copies, options.out):
        print(line, flush=True)


def gathered(listing: dict[str, Any], copies: dict[str, str], out: Path, host: str = HOST) -> list[str]:
    """Lay out everything in `out`; what was there and what was not, in words."""
    commits = listing["commits"]
    copies = {name: copies.get(name) or cloned(host + name, out / "copies" / name) for name in commits}
    for source in listing["folders"]:
        unpack(copies[source["repository"]], commits[source["repository"]], source["folder"], out / source["into"])
    said = []
    for kind, took in (("pictures", took_picture), ("files", took_file)):
        missing = [entry["name"] for entry in listing[kind] if not took(entry, commits, copies, out)]
        said.append(f"{len(listing[kind]) - len(missing)} of {len(listing[kind])} {kind} proved by their hashes")
        said += [f"not proved, left out: {name}" for name in missing]
    return said


def cloned(url: str, directory: Path) -> str:
    """A bare copy without contents: git fetches those that are asked for."""
    if not directory.exists():
        subprocess.run(["git", "clone", "--quiet", "--bare", "--filter=blob:none", url, str(directory)], check=True)
    return str(directory)


def took_picture(entry: dict[str, str], commits: dict[str, str], copies: dict[str, str], out: Path) -> bool:
    """Whether the picture's hash was right, and it now lies where its pointer was."""
    target = out / "base" / entry["name"]
    data = contents(entry, commits, copies)
    proved = hashlib.sha256(data).hexdigest() == entry["sha256"]
    there = pointer(target.read_bytes()[:200]) if target.exists() else None
    if proved and there == entry["sha256"]:
        target.write_bytes(data)
    return proved and hashlib.sha256(target.read_bytes()).hexdigest() == entry["sha256"]


def took_file(entry: dict[str, str], commits: dict[str, str], copies: dict[str, str], out: Path) -> bool:
    """Whether the file's hash was right, and it now lies under its name."""
    data = contents(entry, commits, copies)
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        return False
    target = out / entry["name"]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return True


def contents(entry: dict[str, str], commits: dict[str, str], copies: dict[str, str]) -> bytes:
    """Nothing where the copy lacks the file: some leave out what is large."""
    name = entry["repository"]
    try:
        return git(copies[name], "show", f"{commits[name]}:{entry['path']}")
    except subprocess.CalledProcessError:
        return b""


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
