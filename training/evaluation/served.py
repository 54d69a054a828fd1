"""Answers as serving gives them: any network by its manifest, and the whole service with all of its networks."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from depth import drawing, picture, refine
from depth.estimation import Networks
from depth.look import look
from depth.manifest import read
from depth.network import Network
from depth.ports import Subject
from training.evaluation.frames import Frame, encoded
from training.evaluation.methods import Method, reduced
from training.evaluation.scores import Answer


def pixels(frame: Frame) -> picture.Picture:
    """A frame as serving reads it, from a file."""
    return picture.decode(picture.look(memoryview(encoded(frame.picture, "picture.png", quality=0))))


def network(manifest: Path) -> Method:
    """A network by its manifest, one look at the whole frame."""
    opened = Network.open(read(manifest))

    def method(frame: Frame) -> Answer:
        height, width = frame.alpha.shape
        whole = (0.0, 0.0, float(frame.picture.shape[1]), float(frame.picture.shape[0]))
        seen = look(opened, pixels(frame), whole, (width, height), "nearness", "alpha")
        return Answer(seen["nearness"], seen.get("alpha"))

    return method


def service(models: Path) -> Method:
    """What a call is answered with, from the file that is sent to the file that comes back: who is not found, or cut
    off by the matte, is 0 in it, and nearness is what the grey values say."""
    networks = Networks(models)
    subject = Subject.NORMALS if Subject.NORMALS in networks.subjects else Subject.DEPTH

    def method(frame: Frame) -> Answer:
        sent = pixels(frame)
        relief = refine.refine(networks.estimate(sent, subject), sent)
        grey = Image.open(io.BytesIO(drawing.draw(relief, sent.size, "depth", "png")))
        size = frame.alpha.shape
        normals = relief.normals
        return Answer(
            reduced(np.asarray(grey, np.float32), size),
            reduced(relief.alpha, size),
            float(np.asarray(grey).any()),
            None if normals is None else np.stack([reduced(axis, size) for axis in normals], -1),
        )

    return method
