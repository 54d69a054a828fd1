"""The depth network as torch sees it: any of our ONNX files, with trainable weights.

The architecture has one home, the ONNX file, and training goes from file to file: `Network(onnx.load(path))` reads
it, `written` puts the tuned weights back into the same graph. What was trained is therefore what is served, and a
next training starts from whatever is served now.

The encoder came with its batch norms folded in, so the sizes of weights differ between channels by orders of
magnitude and one absolute step suits none of them (4e-4 took r from .59 to .40 in 100 steps). Every convolution is
therefore trained as scale x direction, the scale being the fixed root mean square of an output channel: one learning
rate is then a relative rate for each of them. It costs nothing when the file is written.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import Tensor, nn

from training.convert.shrink import LEAST_INT8
from training.convolutions import convolution

CLIPS = torch.linspace(0.6, 1.0, 9)
"""Shares of a channel's largest weight that its int8 range may end at, as in training.convert.storage, coarser."""

LEAST_ROWS = 16
"""Output channels from which on the update of a layer is made orthogonal: the heads have one or three."""


class Guess(NamedTuple):
    """`depth`: inverse depth, free scale and shift, N x S/2 x S/2. `alpha`, N x S/2 x S/2, and `presence`, N: logits.
    `normals`: unit vectors, N x 3 x S/2 x S/2."""

    depth: Tensor
    alpha: Tensor
    presence: Tensor
    normals: Tensor


class Network(nn.Module):
    """`frozen`: how many convolutions, counted from the input, keep their weights.

    `precision`: of everything between the picture and the heads; weights are kept in float32.

    Input float32 N x 3 x S x S in [0, 1], S a multiple of 32.
    """

    def __init__(self, model: onnx.ModelProto, frozen: int = 0, precision: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.precision = precision
        self.model = folded(model)
        self.constants = {t.name: torch.tensor(numpy_helper.to_array(t)) for t in self.model.graph.initializer}
        self.directions, self.scales = nn.ParameterDict(), nn.ParameterDict()
        self.dense: set[str] = set()
        self.quantised = False
        convolutions = [node for node in self.model.graph.node if node.op_type in ("Conv", "Gemm")]
        for position, node in enumerate(convolutions):
            self._adopt(node, trainable=position >= frozen)

    def _adopt(self, node: onnx.NodeProto, trainable: bool) -> None:
        weight, bias = node.input[1], node.input[2]
        rows = self.constants[weight].flatten(1)
        size = rows.square().mean(1).sqrt()
        # Of a channel that is all 0 yet: He et al., Delving Deep into Rectifiers, 2015.
        usual = (2 / rows.shape[1]) ** 0.5
        size = torch.where(size > 0, size.clamp(min=1e-4), usual)
        offset = torch.maximum(size * rows.shape[1] ** 0.5, self.constants[bias].abs())
        for name, values, scale in ((weight, rows, size[:, None]), (bias, self.constants[bias], offset)):
            self.scales[key(name)] = nn.Parameter(scale.clone(), requires_grad=False)
            self.directions[key(name)] = nn.Parameter(values / scale, requires_grad=trainable)
        if attributes(node).get("group", 1) == 1 and node.op_type == "Conv":
            self.dense.add(weight)

    def weight(self, name: str) -> Tensor:
        values = self.tuned(name)
        rounded = self.quantised and name in self.dense and values.numel() >= LEAST_INT8
        return rounded_to_int8(values) if rounded else values

    def tuned(self, name: str) -> Tensor:
        """A weight or bias as it is now, in the shape that the graph wants."""
        return (self.directions[key(name)] * self.scales[key(name)]).view(self.constants[name].shape)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Network":
        """Constants move to a device together with the weights."""
        self.constants = {name: fn(values) for name, values in self.constants.items()}
        return super()._apply(fn, recurse)

    def trainable(self, part: str) -> list[Tensor]:
        """Parameters of one part of the graph, `encoder` or `decoder`, that may move: matrices of a row for each output
        channel, and vectors."""
        return [p for name, p in self.directions.items() if part in name and p.requires_grad]

    def mixes(self, parameter: Tensor) -> bool:
        """Whether a parameter is the weight of a layer that mixes channels and has many outputs."""
        dense = (self.directions[key(name)] for name in self.dense)
        return len(parameter) >= LEAST_ROWS and any(parameter is weight for weight in dense)

    def forward(self, image: Tensor) -> Guess:
        known = {"image": image.to(self.precision)}

        def value(name: str) -> Tensor:
            if name in known:
                return known[name]
            return self.weight(name) if key(name) in self.directions else self.constants[name]

        for node in self.model.graph.node:
            known[node.output[0]] = OPERATORS[node.op_type](attributes(node), *[value(n) for n in node.input if n])
        return Guess(known["depth"][:, 0], known["alpha"][:, 0], known["presence"], known["normals"])


def written(network: Network) -> onnx.ModelProto:
    """The graph with the weights as they are now, float32; inputs and outputs are those of the file it came from."""
    model = onnx.ModelProto()
    model.CopyFrom(network.model)
    for tensor in model.graph.initializer:
        if key(tensor.name) in network.directions:
            tensor.CopyFrom(numpy_helper.from_array(network.tuned(tensor.name).detach().cpu().numpy(), tensor.name))
    onnx.checker.check_model(model)
    return model


def sized(model: onnx.ModelProto, side: int) -> onnx.ModelProto:
    """A copy that takes pictures of side x side, a multiple of 32, and draws maps of half of it."""
    other = onnx.ModelProto()
    other.CopyFrom(model)
    for values, length in ((other.graph.input, side), (other.graph.output, side // 2)):
        for dims in (value.type.tensor_type.shape.dim for value in values):
            for dim in dims[2:]:
                dim.dim_value = length
    return other


def folded(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy in which everything that does not depend on the picture is a float32 or integer constant."""
    constant = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        if all(name in constant for name in node.input if name):
            constant |= computed(model, node, constant)
        else:
            nodes.append(node)
    used = {name for node in nodes for name in node.input}
    tensors = [numpy_helper.from_array(v, name) for name, v in constant.items() if name in used]
    graph = onnx.helper.make_graph(nodes, model.graph.name, model.graph.input, model.graph.output, tensors)
    return onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def computed(model: onnx.ModelProto, node: onnx.NodeProto, constant: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    inputs = {name: constant[name] for name in node.input if name}
    values = [
        onnx.helper.make_tensor_value_info(n, onnx.helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
        for n, v in inputs.items()
    ]
    outputs = [onnx.ValueInfoProto(name=name) for name in node.output]
    graph = onnx.helper.make_graph([node], "constant", values, outputs)
    single = onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    results = onnxruntime.InferenceSession(single.SerializeToString()).run(None, inputs)
    return {name: np.asarray(result) for name, result in zip(node.output, results, strict=True)}


def rounded_to_int8(weight: Tensor) -> Tensor:
    """What int8 storage keeps of a weight; the gradient passes as if nothing had happened (straight-through)."""
    with torch.no_grad():
        rows = weight.flatten(1)
        largest = rows.abs().amax(1, keepdim=True).clamp(min=1e-12)
        best, least = rows, torch.full_like(largest, torch.inf)
        for clip in CLIPS:
            step = largest * clip / 127
            candidate = (rows / step).round().clamp(-127, 127) * step
            error = (candidate - rows).square().sum(1, keepdim=True)
            best, least = torch.where(error < least, candidate, best), torch.minimum(error, least)
        difference = best.view_as(weight) - weight
    return weight + difference


def key(name: str) -> str:
    """A tensor's name as torch allows it for a parameter."""
    return name.replace(".", "/")


def attributes(node: onnx.NodeProto) -> dict[str, object]:
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def _convolution(a: dict, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return convolution(x, weight, bias, list(a["strides"]), list(a["pads"][:2]), a["group"])


def _padding(a: dict, x: Tensor, pads: Tensor, *_: Tensor) -> Tensor:
    top, left, bottom, right = (int(pads[i]) for i in (2, 3, 6, 7))
    return F.pad(x, (left, right, top, bottom))


def _batch_norm(a: dict, x: Tensor, gain: Tensor, shift: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    return F.batch_norm(x, mean, variance, gain, shift, eps=a["epsilon"])


OPERATORS = {
    "Conv": _convolution,
    "Pad": _padding,
    "BatchNormalization": _batch_norm,
    "Clip": lambda a, x, low, high: F.hardtanh(x, float(low), float(high)),  # a third of clamp's time backwards
    "Relu": lambda a, x: F.relu(x),
    "Add": lambda a, x, y: x + y,
    "Div": lambda a, x, y: x / y,
    "Max": lambda a, x, y: torch.maximum(x, y),
    "Identity": lambda a, x: x,
    "Concat": lambda a, *parts: torch.cat(parts, a["axis"]),
    "Resize": lambda a, x, *_: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False),
    "ReduceMean": lambda a, x: x.mean((2, 3)),
    "ReduceMax": lambda a, x: x.amax((2, 3)),
    "ReduceL2": lambda a, x: x.norm(dim=a["axes"], keepdim=True),
    "GlobalAveragePool": lambda a, x: x.mean((2, 3), keepdim=True),
    "GlobalMaxPool": lambda a, x: x.amax((2, 3), keepdim=True),
    "Gemm": lambda a, x, weight, bias: F.linear(x.float(), weight, bias),
    "Gather": lambda a, x, index: x.select(1, int(index)),
    "Unsqueeze": lambda a, x, axis: x.unsqueeze(int(axis)),
    "Sigmoid": lambda a, x: x,  # losses want logits
}
"""The operators of our files, as functions of a node's attributes and inputs."""
