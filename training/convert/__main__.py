"""Make the served networks out of the pinned wheel of MediaPipe: `python -m training.convert WHEEL [--out models]`.

WHEEL is mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl, from
`pip download --no-deps --only-binary :all: --python-version 3.11 mediapipe==0.10.21`. It is checked, never installed.
"""

import argparse
import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from training.convert import storage, tflite_graph, translation

WHEEL_SHA256 = "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3"
SOURCE = "PyPI mediapipe 0.10.21, mediapipe/modules/"


@dataclass(frozen=True)
class Recipe:
    """From a member of the wheel to a file in models/. `outputs`: meanings, in the order of the file."""

    name: str
    role: str
    member: str
    sha256: str
    outputs: tuple[str, ...]
    normalisation: tuple[float, float]
    int8: bool
    fit: str = "letterbox"
    anchors: tuple[tuple[int, int], ...] = ()
    looks: int = 2


ZERO_TO_ONE = (0.0, 1.0)
ONE_EITHER_SIDE = (0.5, 0.5)

RECIPES = (
    Recipe(
        name="person-matte",
        role="matte",
        member="selfie_segmentation/selfie_segmentation.tflite",
        sha256="9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
        outputs=("alpha",),
        normalisation=ZERO_TO_ONE,
        int8=False,  # 106 k weights: nothing to gain
        fit="stretch",  # as it was trained; letterboxed it is worse (IoU .78 against .81 on 24 photographs)
        looks=1,  # beside the other network's alpha the mirror brings nothing (IoU .8705 and .8693 with one look)
    ),
    Recipe(
        name="person-detector",
        role="person-detector",
        member="pose_detection/pose_detection.tflite",
        sha256="9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
        outputs=("boxes", "scores"),
        normalisation=ONE_EITHER_SIDE,
        int8=False,  # moves single scores by up to 0.3: a woman with a mask falls from .57 to .31
        anchors=((8, 2), (16, 2), (32, 6)),
    ),
    Recipe(
        name="face-detector",
        role="face-detector",
        member="face_detection/face_detection_full_range_sparse.tflite",
        sha256="2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
        outputs=("boxes", "scores"),
        normalisation=ONE_EITHER_SIDE,
        int8=False,
        anchors=((4, 1),),
    ),
    Recipe(
        name="close-face-detector",
        role="close-face-detector",
        member="face_detection/face_detection_short_range.tflite",
        sha256="bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
        outputs=("boxes", "scores"),
        normalisation=ONE_EITHER_SIDE,
        int8=False,
        anchors=((8, 2), (16, 6)),
    ),
    Recipe(
        name="face-mesh",
        role="face-mesh",
        member="face_landmark/face_landmark.tflite",
        sha256="1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
        outputs=("points", "presence"),
        normalisation=ZERO_TO_ONE,
        int8=False,  # z is a tenth of x and y: half a pixel of error is much of it
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--out", type=Path, default=Path("models"))
    arguments = parser.parse_args()
    expect(arguments.wheel.read_bytes(), WHEEL_SHA256, arguments.wheel.name)
    with zipfile.ZipFile(arguments.wheel) as wheel:
        for recipe in RECIPES:
            data = wheel.read(f"mediapipe/modules/{recipe.member}")
            expect(data, recipe.sha256, recipe.member)
            make(recipe, data, arguments.out)
            print(recipe.name, (arguments.out / f"{recipe.name}.onnx").stat().st_size)


def expect(data: bytes, sha256: str, name: str) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise SystemExit(f"{name}: sha256 is {found}, not {sha256}")


def make(recipe: Recipe, data: bytes, out: Path) -> None:
    """Write the network and its manifest. What a person wrote into the manifest (metrics) stays."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.tflite"
        path.write_bytes(data)
        graph = tflite_graph.read(path)
    model = storage.stored_small(translation.translate(graph, recipe.outputs), recipe.int8)
    file = out / f"{recipe.name}.onnx"
    file.write_bytes(model.SerializeToString(deterministic=True))
    manifest = out / f"{recipe.name}.json"
    written = json.loads(manifest.read_text()) if manifest.exists() else {}
    manifest.write_text(json.dumps(described(recipe, graph, file) | kept(written), indent=2) + "\n")


def kept(written: dict[str, object]) -> dict[str, object]:
    return {key: written[key] for key in ("metrics",) if key in written}


def described(recipe: Recipe, graph: tflite_graph.Graph, file: Path) -> dict[str, object]:
    _, height, width, _ = graph.tensors[graph.inputs[0]].shape
    mean, deviation = recipe.normalisation
    manifest: dict[str, object] = {
        "role": recipe.role,
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "bytes": file.stat().st_size,
        "stored_weights": "int8 in dense convolutions, float16 elsewhere" if recipe.int8 else "float16",
        "input": {
            "name": "image",
            "size": [width, height],
            "layout": "NCHW",
            "colour": "RGB",
            "mean": [mean] * 3,
            "deviation": [deviation] * 3,
            "fit": recipe.fit,
        },
        "outputs": {meaning: {"name": meaning} for meaning in recipe.outputs},
    }
    if recipe.looks != 2:
        manifest["looks"] = recipe.looks
    if recipe.anchors:
        manifest["anchors"] = recipe.anchors
    return manifest | {
        "licence": "Apache-2.0",
        "source": SOURCE + recipe.member,
        "source_sha256": recipe.sha256,
        "training": "by Google; converted to ONNX and stored smaller here, not trained further",
    }


if __name__ == "__main__":
    main()
