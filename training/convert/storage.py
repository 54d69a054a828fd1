"""Small files: weights stored as int8 or float16 and widened when a session opens. Computing stays float32.

int8: one scale for each output channel and a DequantizeLinear, for dense layers only: convolutions that mix channels,
and products of matrices. They hold nearly all weights; depthwise convolutions hold few, and there a channel has nine
weights of its own, which 8 bits spoil first.
"""

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

SMALLEST = 64
"""Tensors with fewer values stay float32: nothing to gain."""

CLIPS = np.linspace(0.6, 1.0, 21, dtype=np.float32)
"""Shares of a channel's largest weight that its int8 range may end at; the one with the least squared error wins."""


def stored_small(
    model: onnx.ModelProto, int8: bool, kinds: tuple[str, ...] = ("Conv",), least: int = SMALLEST
) -> onnx.ModelProto:
    """A copy of the model with float16 weights, and with int8 ones in its dense layers of these kinds and of at
    least so many weights if so wished."""
    small = onnx.ModelProto()
    small.CopyFrom(model)
    dense = _dense_layers(small, kinds, least) if int8 else {}
    nodes = []
    for tensor in list(small.graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < SMALLEST:
            continue
        small.graph.initializer.remove(tensor)
        if tensor.name in dense:
            axis = dense[tensor.name]
            codes, scale = quantised(np.moveaxis(values, axis, 0))
            stored = {"int8": np.moveaxis(codes, 0, axis), "scale": scale}
            nodes.append(helper.make_node("DequantizeLinear", _names(tensor.name, stored), [tensor.name], axis=axis))
        else:
            stored = {"float16": values.astype(np.float16)}
            nodes.append(helper.make_node("Cast", _names(tensor.name, stored), [tensor.name], to=TensorProto.FLOAT))
        for suffix, array in stored.items():
            small.graph.initializer.append(numpy_helper.from_array(array, f"{tensor.name}_{suffix}"))
    for position, node in enumerate(nodes):
        small.graph.node.insert(position, node)
    onnx.checker.check_model(small, full_check=True)
    return small


def widened(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy with every float16-stored weight as a float32 constant again."""
    wide = onnx.ModelProto()
    wide.CopyFrom(model)
    constants = {tensor.name: tensor for tensor in wide.graph.initializer}
    for node in list(wide.graph.node):
        if node.op_type == "Cast" and node.input[0] in constants:
            values = numpy_helper.to_array(constants[node.input[0]]).astype(np.float32)
            wide.graph.initializer.remove(constants[node.input[0]])
            wide.graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
            wide.graph.node.remove(node)
    return wide


def quantised(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """int8 codes and one float32 scale for each output channel (axis 0), least squared error over CLIPS."""
    rows = weights.reshape(len(weights), -1)
    largest = np.maximum(np.abs(rows).max(1), 1e-12)
    errors = np.stack([((_rounded(rows, largest * clip) - rows) ** 2).sum(1) for clip in CLIPS])
    scale = largest * CLIPS[errors.argmin(0)] / 127
    codes = np.rint(rows / scale[:, None]).clip(-127, 127).astype(np.int8)
    return codes.reshape(weights.shape), scale.astype(np.float32)


def _rounded(rows: np.ndarray, largest: np.ndarray) -> np.ndarray:
    scale = largest[:, None] / 127
    return np.rint(rows / scale).clip(-127, 127) * scale


def _dense_layers(model: onnx.ModelProto, kinds: tuple[str, ...], least: int) -> dict[str, int]:
    """Name of the weights of each large layer that mixes channels -> their axis of output channels.

    A tensor that layers read along different axes is left out.
    """
    axes: dict[str, set[int]] = {}
    shapes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    for node in model.graph.node:
        axis = _output_axis(node) if node.op_type in kinds else None
        if axis is not None and (node.op_type == "Conv" or len(shapes.get(node.input[1], ())) == 2):
            axes.setdefault(node.input[1], set()).add(axis)
    large = {name for name, shape in shapes.items() if np.prod(shape) >= least}
    return {name: next(iter(found)) for name, found in axes.items() if len(found) == 1 and name in large}


def _output_axis(node: NodeProto) -> int | None:
    """Of a layer's weights; None where it is depthwise."""
    told = {attribute.name: attribute.i for attribute in node.attribute}
    if node.op_type == "Conv":
        return 0 if told.get("group", 1) == 1 else None
    return 0 if told.get("transB", 0) else 1


def _names(tensor: str, stored: dict[str, np.ndarray]) -> list[str]:
    return [f"{tensor}_{suffix}" for suffix in stored]
