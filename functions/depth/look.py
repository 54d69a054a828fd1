"""What a network tells of a box of the picture, in the words of the story: nearness, alpha, normals, presence."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from depth import maps
from depth.manifest import Manifest
from depth.maps import Map
from depth.network import Network, View, canvas, viewed
from depth.ports import Box, Pixels

Maps = dict[str, NDArray[np.float32]]

MIRRORED_NORMAL: Final = np.array([-1, 1, 1], np.float32)[:, None, None]
"""In the mirror right is left."""

CLOSEST: Final = np.float32(1e-6)
"""Of distances, in whatever unit a network tells them: none of them is 0."""


def look(network: Network, pixels: Pixels, box: Box, size: tuple[int, int], *wanted: str, mirror: bool = False) -> Maps:
    """What is wanted of `nearness`, `alpha`, `normals` and `presence`, as far as the network tells it, maps at `size`
    (width, height).

    nearness: (h, w), inverse depth with a free scale and shift, larger is nearer. normals: (3, h, w), x right, y up, z
    towards the viewer, of any length. presence: one number, probability that somebody is in the box. `mirror`: through
    a mirror, and turned back; the errors are others.
    """
    view = viewed(network.manifest.input, box)
    drawn = seen(network, canvas(pixels, view), mirror)
    return {
        name: drawn[name] if name == "presence" else covered(drawn[name], view, size, smooth=name != "alpha")
        for name in wanted
        if name in drawn
    }


def presence(network: Network, pixels: Pixels, box: Box) -> float:
    """Probability that somebody is in the box, of two looks; 0 of a network that does not tell."""
    if "presence" not in network.manifest.outputs:
        return 0.0
    image = canvas(pixels, viewed(network.manifest.input, box))
    return float(np.mean([seen(network, image, mirror)["presence"] for mirror in (False, True)]))


def seen(network: Network, image: NDArray[np.float32], mirror: bool) -> Maps:
    if mirror:
        return mirrored(told(network.run(image[:, ::-1]), network.manifest))
    return told(network.run(image), network.manifest)


def told(outputs: Maps, manifest: Manifest) -> Maps:
    """A network's outputs with its own conventions taken away."""
    drawn: Maps = {name: values for name, values in outputs.items() if name in ("alpha", "presence")}
    if "depth" in outputs:
        drawn["nearness"] = np.reciprocal(np.maximum(outputs["depth"], CLOSEST))
    if "inverse_depth" in outputs:
        drawn["nearness"] = outputs["inverse_depth"] * np.float32(1 if manifest.larger_is == "nearer" else -1)
    if "normals" in outputs:
        drawn["normals"] = outputs["normals"] * np.array(manifest.axes, np.float32)[:, None, None]
    return drawn


def mirrored(drawn: Maps) -> Maps:
    """Maps of a picture out of those of its mirror image."""
    turned = {name: values[..., ::-1] for name, values in drawn.items()}
    return turned | ({"normals": turned["normals"] * MIRRORED_NORMAL} if "normals" in turned else {})


def covered(output: Map, view: View, size: tuple[int, int], smooth: bool = False) -> Map:
    """A network's map, or maps (3, ...), without their border, as `size` (width, height)."""
    height, width = output.shape[-2:]
    layers = output.reshape(-1, height, width)
    resample = maps.resample_smooth if smooth else maps.resample
    shown = [resample(layer, size, view.within(width, height)) for layer in layers]
    return shown[0] if len(shown) == 1 else np.stack(shown)
