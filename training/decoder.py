"""The decoder of the depth network, drawn as ONNX nodes onto an encoder that is in the file already.

Features of the encoder at strides 2 to 32 come together from coarse to fine (Lin et al., Feature Pyramid Networks,
2017). Which of two people is nearer, and whether a knee or a shoulder is, cannot be seen from close by: the two
coarsest levels look far (7 x 7, as Liu et al., A ConvNet for the 2020s, 2022), and the coarsest one gets the mean and
the largest value of every channel over the whole picture. Normals have layers of their own, as affine inverse depth
does not determine them.

What the file holds of a decoder is built in by its names: layers and channels keep what they learned, and new ones are
not listened to by old ones in the beginning. So training goes on where it stopped.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Array = NDArray[np.float32]

WIDTHS = (24, 48, 80, 128, 128)
"""Channels at strides 2, 4, 8, 16, 32. At the fine end they cost time, at the coarse end only bytes."""

CONTEXT = {4: 4, 3: 4, 2: 1}
"""Blocks that look far, by level."""

EXPANSION = 3
REACH = 7


@dataclass
class Drawing:
    """Nodes and constants as they are added; `known` are the constants of the file that is built upon."""

    known: dict[str, Array]
    rng: np.random.Generator
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, NDArray[Any]] = field(default_factory=dict)

    def node(self, kind: str, name: str, inputs: list[str], **settings: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [name], name, **settings))
        return name

    def constant(self, name: str, values: NDArray[Any]) -> str:
        self.constants[name] = values
        return name

    def convolution(
        self, x: str, name: str, shape: tuple[int, int, int], silent: bool = False, depthwise: bool = False
    ) -> str:
        """`shape`: channels out, channels in, side. `silent`: says nothing in the beginning."""
        out, inward, side = shape
        across = (out, 1 if depthwise else inward, side, side)
        weight = self.rng.normal(0, (2 / np.prod(across[1:])) ** 0.5, across).astype(np.float32) * (not silent)
        bias = np.zeros(out, np.float32)
        full = f"decoder.{name}"
        if f"{full}.weight" in self.known:
            weight, bias = built_in(weight, bias, self.known[f"{full}.weight"], self.known[f"{full}.bias"])
        inputs = [x, self.constant(f"{full}.weight", weight), self.constant(f"{full}.bias", bias)]
        return self.node("Conv", f"{full}.out", inputs, **convolving(side, out if depthwise else 1))

    def mixed(self, x: str, name: str, width: int, layers: tuple[int, int]) -> str:
        """3 x 3 in every channel, then 1 x 1 across them."""
        x = self.convolution(x, f"{name}.{layers[0]}", (width, width, 3), depthwise=True)
        return self.convolution(x, f"{name}.{layers[1]}", (width, width, 1))

    def activated(self, x: str) -> str:
        return self.node("Relu", f"{x}.positive", [x])

    def sum(self, name: str, *terms: str) -> str:
        return self.node("Add", f"decoder.{name}", list(terms))


def grown(model: onnx.ModelProto, seed: int = 0) -> onnx.ModelProto:
    """The file with this decoder, and one more output where it had none: `normals`, 1 x 3 x S/2 x S/2, unit vectors, x
    right, y up, z towards the viewer. Its constants are float32 (`training.model.folded`)."""
    drawing = Drawing(former(model), np.random.default_rng(seed))
    taps = encoder_features(model)
    heads(drawing, pyramid(drawing, taps))
    return assembled(model, drawing, list(taps.values()))


def former(model: onnx.ModelProto) -> dict[str, Array]:
    """Constants of the file's decoder, by the names that they have here; the first training gave them others."""
    known = {t.name.removeprefix("network."): numpy_helper.to_array(t) for t in model.graph.initializer}
    known = {name.replace(".layers.", "."): values for name, values in known.items() if name.startswith("decoder.")}
    for row, name in enumerate(("depth", "alpha")):
        for what in ("weight", "bias"):
            if f"decoder.head.{what}" in known:
                known[f"decoder.{name}.{what}"] = known[f"decoder.head.{what}"][row : row + 1]
    return known


def pyramid(drawing: Drawing, taps: dict[int, str]) -> str:
    """Features at stride 2."""
    x, depths = "", [drawing.known[f"decoder.laterals.{level}.weight"].shape[1] for level in range(len(WIDTHS))]
    for level in reversed(range(len(WIDTHS))):
        width = WIDTHS[level]
        lateral = drawing.convolution(taps[level], f"laterals.{level}", (width, depths[level], 1))
        if not x:
            x = drawing.sum("surveyed", lateral, overview(drawing, taps[level], depths[level], width))
        else:
            x = drawing.convolution(x, f"narrow.{level}", (width, WIDTHS[level + 1], 1))
            x = drawing.sum(f"merged.{level}", lateral, doubled(drawing, x))
        step = drawing.mixed(x, f"blocks.{level}", width, (0, 1))
        if level >= 2:
            step = drawing.mixed(drawing.activated(step), f"blocks.{level}", width, (3, 4))
        x = drawing.activated(drawing.sum(f"refined.{level}", x, step))
        for k in range(CONTEXT.get(level, 0)):
            x = looked_far(drawing, x, f"context.{level}.{k}", width)
    return x


def overview(drawing: Drawing, x: str, depth: int, width: int) -> str:
    """One vector for the whole picture."""
    pools = [drawing.node(kind, f"decoder.{kind}", [x]) for kind in ("GlobalAveragePool", "GlobalMaxPool")]
    x = drawing.node("Concat", "decoder.pooled", pools, axis=1)
    x = drawing.activated(drawing.convolution(x, "overview.0", (width, 2 * depth, 1)))
    return drawing.convolution(x, "overview.1", (width, width, 1), silent=True)


def looked_far(drawing: Drawing, x: str, name: str, width: int) -> str:
    y = drawing.convolution(x, f"{name}.0", (width, width, REACH), depthwise=True)
    y = drawing.activated(drawing.convolution(y, f"{name}.1", (EXPANSION * width, width, 1)))
    y = drawing.convolution(y, f"{name}.2", (width, EXPANSION * width, 1), silent=True)
    return drawing.sum(f"{name}.sum", x, y)


def doubled(drawing: Drawing, x: str) -> str:
    scales = drawing.constant("decoder.twice", np.array([1, 1, 2, 2], np.float32))
    return drawing.node("Resize", f"{x}.doubled", [x, "", scales], mode="linear")


def heads(drawing: Drawing, x: str) -> None:
    """The outputs `depth`, `alpha` and `normals`."""
    for name, kind in (("depth", "Identity"), ("alpha", "Sigmoid")):
        drawing.node(kind, name, [drawing.convolution(x, name, (1, WIDTHS[0], 3))])
    y = drawing.activated(drawing.mixed(x, "normals", WIDTHS[0], (0, 1)))
    y = drawing.convolution(y, "normals.2", (3, WIDTHS[0], 3))
    length = drawing.node("ReduceL2", "decoder.normals.length", [y], axes=[1], keepdims=1)
    least = drawing.constant("decoder.normals.least", np.array(1e-6, np.float32))
    drawing.node("Div", "normals", [y, drawing.node("Max", "decoder.normals.positive", [length, least])])


def assembled(model: onnx.ModelProto, drawing: Drawing, taps: list[str]) -> onnx.ModelProto:
    """The file's graph as far as the taps and presence need it, and the drawing."""
    makers = {name: node for node in model.graph.node for name in node.output}
    kept, open_ends = set[str](), [*taps, "presence"]
    while open_ends:
        node = makers.get(open_ends.pop())
        if node is not None and node.output[0] not in kept:
            kept.add(node.output[0])
            open_ends += node.input
    nodes = [node for node in model.graph.node if node.output[0] in kept] + drawing.nodes
    read = {name for node in nodes for name in node.input}
    tensors = [t for t in model.graph.initializer if t.name in read - drawing.constants.keys()]
    tensors += [numpy_helper.from_array(values, name) for name, values in drawing.constants.items()]
    _, _, height, width = (d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim)
    maps = {"depth": 1, "alpha": 1, "normals": 3}
    outputs = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, count, height // 2, width // 2])
        for name, count in maps.items()
    ]
    outputs += [output for output in model.graph.output if output.name == "presence"]
    graph = helper.make_graph(nodes, model.graph.name, model.graph.input, outputs, tensors)
    whole = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    onnx.checker.check_model(whole, full_check=True)
    return whole


def encoder_features(model: onnx.ModelProto) -> dict[int, str]:
    """Level -> name of what the file's own decoder reads there."""
    readers = {
        node.input[1].removeprefix("network."): node.input[0] for node in model.graph.node if node.op_type == "Conv"
    }
    return {level: readers[f"decoder.laterals.{level}.weight"] for level in range(len(WIDTHS))}


def built_in(weight: Array, bias: Array, former: Array, former_bias: Array) -> tuple[Array, Array]:
    """The former channels first, reading nothing of the new ones."""
    weight[: len(former)] = 0
    weight[tuple(slice(size) for size in former.shape)] = former
    bias[: len(former)] = former_bias
    return weight, bias


def convolving(side: int, group: int) -> dict[str, Any]:
    edge = side // 2
    return {"kernel_shape": [side, side], "pads": [edge] * 4, "strides": [1, 1], "dilations": [1, 1], "group": group}
