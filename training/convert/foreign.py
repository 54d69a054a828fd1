"""Serve a network of another maker for depth: `python -m training.convert.foreign NAME`, or `make model NAME=...`.

Downloads the file, checks its SHA-256, stores its weights small, measures it beside the network that is served now, and
leaves models/NAME: every network that serving needs, with this one for depth. The last lines say how to run and deploy
with it. Needs the internet once; nothing of it is committed.
"""

import argparse
import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import requests
from onnx import version_converter

from depth.look import look
from depth.manifest import read, read_all
from depth.network import Network
from training import evaluate
from training.convert import storage
from training.evaluation import frames
from training.evaluation import served as as_served

BLOCK = 1 << 20
"""Bytes of a download that are written at once."""

TIMEOUT_S = 60
"""For a connection, and for each silence of a download."""

OPSET = 13
"""Of the ONNX operators: the first in which weights are dequantized channel by channel."""


@dataclass(frozen=True)
class Foreign:
    """A network that others publish as one ONNX file of float32, as its makers describe it.

    outputs: meanings in the order of the file's outputs; names are read from the file. given: entries of the manifest's
    `input` but its name. told: further entries of the manifest.
    """

    name: str
    url: str
    sha256: str
    bytes: int
    size: int
    outputs: tuple[str, ...]
    licence: str
    source: str
    given: dict[str, Any]
    told: dict[str, Any] = field(default_factory=dict)


DAVID_BASE = Foreign(
    name="david-base",
    url="https://facesyntheticspubwedata.z6.web.core.windows.net/iccv-2025/models/depth-model-vitb16_384.onnx",
    sha256="c8dc49821c95f7ab56a30150e58eba989b1d67ce988d11f083dc7350c54b883b",
    bytes=449_231_953,
    size=512,
    outputs=("inverse_depth",),
    licence="MIT",
    source="https://github.com/microsoft/DAViD, relative depth, base (Saleh et al., ICCV 2025)",
    # Its makers pad to a square with the picture's own edge, and negate: larger is farther.
    given={"colour": "BGR", "mean": [0.0] * 3, "deviation": [1.0] * 3, "fit": "letterbox", "border": "edge"},
    told={"larger_is": "farther", "looks": 1},
)

DEPTH_ANYTHING_V2_SMALL = Foreign(
    name="depth-anything-v2-small",
    url="https://huggingface.co/onnx-community/depth-anything-v2-small/resolve/"
    "4472b7362082ad9968fee890ca0f1e5aca36b93d/onnx/model.onnx",
    sha256="afb6a5c28f3b6bf1618c6e43f02073ef9dfdc70e937502d51603e57b0a1df10c",
    bytes=99_060_839,
    size=518,
    outputs=("inverse_depth",),
    licence="Apache-2.0",
    source="https://github.com/DepthAnything/Depth-Anything-V2, small (Yang et al., NeurIPS 2024), as ONNX by "
    "https://huggingface.co/onnx-community/depth-anything-v2-small",
    # Normalised by ImageNet's mean and deviation. It takes any multiple of 14; a square keeps its time the same.
    given={
        "colour": "RGB",
        "mean": [0.485, 0.456, 0.406],
        "deviation": [0.229, 0.224, 0.225],
        "fit": "letterbox",
        "border": "edge",
    },
    told={"larger_is": "nearer", "looks": 1},
)

CATALOGUE = {network.name: network for network in (DAVID_BASE, DEPTH_ANYTHING_V2_SMALL)}
"""Sums are those that others published for the same files; none was downloaded where this was written."""


class NotAsDescribed(Exception):
    """What came is not what was described; says in what."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=CATALOGUE)
    parser.add_argument("--url", help="another address of the same file, a mirror for example")
    parser.add_argument("--float16", action="store_true", help="store weights as float16: twice the size of int8")
    parser.add_argument("--models", type=Path, default=Path("models"), help="the networks that are served now")
    arguments = parser.parse_args()
    foreign = CATALOGUE[arguments.name]
    if arguments.url:
        foreign = replace(foreign, url=arguments.url)
    try:
        folder = adopt(foreign, arguments.models, arguments.models / foreign.name, int8=not arguments.float16)
    except (NotAsDescribed, requests.RequestException) as error:
        raise SystemExit(str(error)) from error
    compare(arguments.models, folder, evaluate.frames.FILE)
    print(advice(folder))


def adopt(foreign: Foreign, served: Path, folder: Path, int8: bool = True) -> Path:
    """Make `folder` a copy of the served networks with this one for depth. Raises NotAsDescribed, requests' errors.

    What stands in the folder is replaced when everything is ready, and not before.
    """
    building = folder.with_name(f".{folder.name}")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    original = building / "original.onnx"
    download(foreign, original)
    file = building / f"{foreign.name}.onnx"
    kept = store_small(original, file, int8)
    write_manifest(foreign, file, int8)
    check(foreign, file.with_suffix(".json"), original)
    original.unlink()
    print(f"{foreign.name}: {foreign.bytes / 1e6:.0f} MB stored in {file.stat().st_size / 1e6:.0f} MB, {kept}")
    for manifest in read_all(served).values():
        if manifest.role != "depth":
            shutil.copy(manifest.file, building)
            shutil.copy(served / f"{manifest.name}.json", building)
    shutil.rmtree(folder, ignore_errors=True)
    return building.rename(folder)


def download(foreign: Foreign, file: Path) -> None:
    """Raises NotAsDescribed where it is another file, requests' errors where none comes."""
    digest, size = hashlib.sha256(), 0
    with requests.get(foreign.url, stream=True, timeout=TIMEOUT_S) as answer, file.open("wb") as out:
        answer.raise_for_status()
        for block in answer.iter_content(BLOCK):
            size += len(block)
            if size > foreign.bytes:
                raise NotAsDescribed(f"{foreign.url} has more than {foreign.bytes} bytes")
            digest.update(block)
            out.write(block)
    if digest.hexdigest() != foreign.sha256:
        raise NotAsDescribed(f"{foreign.url}: sha256 is {digest.hexdigest()}, not {foreign.sha256}")


def store_small(original: Path, file: Path, int8: bool) -> str:
    """Write the network with small weights; says what they are."""
    model = onnx.load(original)
    if next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")) < OPSET:
        model = version_converter.convert_version(model, OPSET)
    model = storage.stored_small(model, int8, kinds=("Conv", "MatMul", "Gemm"))
    file.write_bytes(model.SerializeToString(deterministic=True))
    return "int8 in dense layers, float16 elsewhere" if int8 else "float16"


def write_manifest(foreign: Foreign, file: Path, int8: bool) -> None:
    model = onnx.load(file, load_external_data=False)
    constants = {tensor.name for tensor in model.graph.initializer}
    [name] = [given.name for given in model.graph.input if given.name not in constants]
    outputs = [output.name for output in model.graph.output]
    if len(outputs) < len(foreign.outputs):
        raise NotAsDescribed(f"{foreign.name} has the outputs {', '.join(outputs)} alone")
    data = file.read_bytes()
    manifest = {
        "role": "depth",
        "file": file.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "stored_weights": "int8 in dense layers, float16 elsewhere" if int8 else "float16",
        "input": {"name": name, "size": [foreign.size, foreign.size], **foreign.given},
        "outputs": {meaning: {"name": told} for meaning, told in zip(foreign.outputs, outputs, strict=False)},
        **foreign.told,
        "licence": foreign.licence,
        "source": foreign.source,
        "source_url": foreign.url,
        "source_sha256": foreign.sha256,
        "training": "by its makers; stored smaller here, not trained further",
    }
    file.with_suffix(".json").write_text(json.dumps(manifest, indent=2) + "\n")


def check(foreign: Foreign, manifest: Path, original: Path) -> None:
    """Run both files on one picture. Raises NotAsDescribed where small weights say something else."""
    small = read(manifest)
    picture = as_served.pixels(next(frames.read(frames.FILE)))
    whole = (0.0, 0.0, float(picture.size[0]), float(picture.size[1]))
    said = [
        look(Network.open(one), picture, whole, (128, 128), "nearness")["nearness"].ravel()
        for one in (small, replace(small, file=original))
    ]
    agreement = float(np.corrcoef(*said)[0, 1])
    print(f"{foreign.name}: r {agreement:.4f} between small weights and the original's")
    if not agreement > 0.99:
        raise NotAsDescribed(f"{foreign.name}: int8 weights spoil it (r {agreement:.3f}); try --float16")


# ---- beside the network that is served now ---------------------------------------------------------------


def compare(served: Path, folder: Path, held: Path) -> None:
    """Both networks on the held-out frames, as serving looks: one table."""
    pictures = list(frames.read(held))
    manifests = [path / f"{read_all(path)['depth'].name}.json" for path in (served, folder)]
    methods = {path.stem: as_served.network(path) for path in manifests}
    print(evaluate.table({name: evaluate.evaluated(method, pictures)["all"] for name, method in methods.items()}))


def advice(folder: Path) -> str:
    """How to run and to deploy with a folder's networks."""
    models = ",".join(f"{manifest.name}@{manifest.sha256}" for manifest in sorted_by_name(folder))
    return (
        f"\nOn this machine:\n  ModelsFolder={folder} Models={models} make run\n"
        f"On AWS (a large network wants more memory, and seconds for a call):\n"
        f"  sam build --parameter-overrides ModelsFolder={folder}\n"
        f"  sam deploy --parameter-overrides ModelsFolder={folder} Models={models} DepthMemoryMegabytes=3538"
    )


def sorted_by_name(folder: Path) -> Iterator[Any]:
    yield from sorted(read_all(folder).values(), key=lambda manifest: manifest.name)


if __name__ == "__main__":
    main()
