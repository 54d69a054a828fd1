"""A network as served: a manifest, and a session that answers for a box of a picture. The home of onnxruntime."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from depth.manifest import Input, Manifest, read_all
from depth.ports import Box, Pixels


@dataclass(frozen=True, slots=True)
class View:
    """Where a box of the picture lies in a network's input: `inner` in input pixels, the rest is its border."""

    box: Box
    inner: tuple[int, int, int, int]
    input: Input

    def within(self, width: int, height: int) -> Box:
        """The inner rectangle on an output map of this size."""
        across, down = width / self.input.width, height / self.input.height
        left, top, right, bottom = self.inner
        return left * across, top * down, right * across, bottom * down

    def to_picture(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Points (..., 2) in input pixels -> pixels of the full-size picture."""
        left, top, right, bottom = self.inner
        scale = np.array([(self.box[2] - self.box[0]) / (right - left), (self.box[3] - self.box[1]) / (bottom - top)])
        moved: NDArray[np.float64] = (points - np.array([left, top])) * scale + np.array(self.box[:2])
        return moved.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Network:
    """Opened once, at cold start. Raises onnxruntime's errors there and nowhere else."""

    manifest: Manifest
    session: onnxruntime.InferenceSession

    @classmethod
    def open(cls, manifest: Manifest) -> "Network":
        settings = onnxruntime.SessionOptions()
        # A worker answers one call on one core; more threads only take turns with the next worker.
        settings.intra_op_num_threads = settings.inter_op_num_threads = 1
        # Weights are stored as int8 and computed with in float32. Left on, the runtime would try to compute in int8:
        # slower on most machines, and wrong for depthwise networks.
        settings.add_session_config_entry("session.disable_quant_qdq", "1")
        session = onnxruntime.InferenceSession(manifest.file, settings, providers=["CPUExecutionProvider"])
        return cls(manifest, session)

    def look(self, pixels: Pixels, box: Box) -> tuple[View, dict[str, NDArray[np.float32]]]:
        """What the network says of a box inside the picture: its outputs by meaning, as the file shapes them."""
        view = viewed(self.manifest.input, box)
        return view, self.run(canvas(pixels, view))

    def run(self, image: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """image: (height, width, 3) RGB, 0 to 255."""
        given = self.manifest.input
        channels = range(3) if given.colour == "RGB" else (2, 1, 0)
        scales = [np.float32(1 / (255 * deviation)) for deviation in given.deviation]
        shifts = [np.float32(mean / deviation) for mean, deviation in zip(given.mean, given.deviation, strict=True)]
        values = np.stack([image[..., channel] * scales[channel] - shifts[channel] for channel in channels])
        ordered = values if given.layout == "NCHW" else values.transpose(1, 2, 0)
        feed = {given.name: np.ascontiguousarray(ordered[None])}
        meanings = self.manifest.outputs
        outputs = self.session.run(list(meanings.values()), feed)
        if given.layout == "NHWC":
            outputs = [output.transpose(0, 3, 1, 2) if output.ndim == 4 else output for output in outputs]
        return dict(zip(meanings, outputs, strict=True))


def open_all(folder: Path) -> Mapping[str, Network]:
    """Role -> network of every manifest in a folder. Raises BrokenManifest."""
    return {role: Network.open(manifest) for role, manifest in read_all(folder).items()}


def viewed(given: Input, box: Box) -> View:
    """A box of the picture as the input takes it: stretched over all of it, or centred with its proportions kept."""
    if given.fit == "stretch":
        return View(box, (0, 0, given.width, given.height), given)
    across, down = box[2] - box[0], box[3] - box[1]
    scale = min(given.width / across, given.height / down)
    width, height = max(1, round(across * scale)), max(1, round(down * scale))
    left, top = (given.width - width) // 2, (given.height - height) // 2
    return View(box, (left, top, left + width, top + height), given)


def canvas(pixels: Pixels, view: View) -> NDArray[np.float32]:
    """The input's picture (height, width, 3), 0 to 255, with the manifest's border around the inner rectangle."""
    left, top, right, bottom = view.inner
    seen = pixels.sample((right - left, bottom - top), view.box).astype(np.float32)
    around = ((top, view.input.height - bottom), (left, view.input.width - right), (0, 0))
    if view.input.border == "edge":
        return np.pad(seen, around, mode="edge")
    return np.pad(seen, around)
