"""What is compared: networks, and baselines that need none."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from training.evaluation.frames import Frame
from training.evaluation.scores import Answer, Map

Method = Callable[[Frame], Answer]

FIRST = Path(__file__).parent / "first.onnx"
"""The weights that the first release served, kept as the bar to pass."""

OUTPUTS = ("depth", "alpha", "presence", "normals")


def constant(frame: Frame) -> Answer:
    return Answer(np.zeros_like(frame.alpha))


def vertical_gradient(frame: Frame) -> Answer:
    """Lower is nearer."""
    return Answer(np.repeat(np.linspace(0, 1, len(frame.alpha), dtype=np.float32)[:, None], len(frame.alpha), 1))


def dome(frame: Frame) -> Answer:
    """The farther from the true silhouette, the nearer: what a matte alone would give."""
    near = raised(frame.alpha)
    return Answer(near, normals=facing(near))


def raised(alpha: Map) -> Map:
    """The square root of the distance to the silhouette, in steps to the four sides."""
    inside, depth = alpha > 0.5, np.zeros_like(alpha)
    while inside.any():
        depth += inside
        padded = np.pad(inside, 1)
        inside = inside & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return np.asarray(np.sqrt(depth), np.float32)


def facing(near: Map) -> Map:
    """Normals of a height field, slopes in pixels."""
    down, right = np.gradient(near)
    normals = np.stack([-right, down, np.full_like(near, 0.2)], -1)
    return np.asarray(normals / np.linalg.norm(normals, axis=-1, keepdims=True), np.float32)


def network(path: Path) -> Method:
    """A network of ours, with as many of the outputs as it has."""
    run = opened(path)
    names = [output.name for output in run.get_outputs() if output.name in OUTPUTS]
    size = tuple(run.get_inputs()[0].shape[2:])

    def method(frame: Frame) -> Answer:
        picture = Image.fromarray(frame.picture).resize(size[::-1], Image.Resampling.BILINEAR)
        image = np.asarray(picture, np.float32).transpose(2, 0, 1)[None] / 255
        said = dict(zip(names, run.run(names, {"image": image}), strict=True))
        presence = float(said["presence"].ravel()[0])
        maps = {
            name: [reduced(layer, frame.alpha.shape) for layer in said[name][0]] for name in names if name != "presence"
        }
        normals = np.stack(maps["normals"], -1) if "normals" in maps else None
        return Answer(maps["depth"][0], maps["alpha"][0], presence, normals)

    return method


def reduced(values: Map, size: tuple[int, ...]) -> Map:
    """Means of cells: a map at `size` (height, width)."""
    return np.asarray(Image.fromarray(values).resize((size[1], size[0]), Image.Resampling.BOX))


def opened(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.disable_quant_qdq", "1")  # int8 is storage, computing is float32
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
