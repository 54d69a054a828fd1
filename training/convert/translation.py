"""tflite operators -> ONNX nodes. Activations are NCHW in ONNX and NHWC in tflite; everything else follows from that.

Only what the pinned networks use is translated; another operator raises KeyError with its name.
"""

from collections.abc import Callable

import numpy as np
import onnx
import tflite
from onnx import TensorProto, helper, numpy_helper

from training.convert.tflite_graph import Graph, Operator

OPSET = 17
IR_VERSION = 9
NCHW = (0, 3, 1, 2)
RANK_4_AXES = {0: 0, 1: 2, 2: 3, 3: 1}
"""NHWC axis -> NCHW axis."""


class Translation:
    """One graph on its way to ONNX. Tensors keep their number as name: t17."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    # ---- writing ------------------------------------------------------------------------------------

    def add(self, kind: str, inputs: list[str], output: str = "", **attributes: object) -> str:
        output = output or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def constant(self, name: str, values: np.ndarray) -> str:
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def weight(self, number: int, *axes: int) -> str:
        values = self.values(number)
        return self.constant(f"t{number}", values.transpose(axes).astype(np.float32))

    def activated(self, code: int, kind: str, inputs: list[str], output: str, **attributes: object) -> None:
        """A node and the activation fused into it: 0 none, 1 ReLU, 3 ReLU6."""
        if code == 0:
            self.add(kind, inputs, output, **attributes)
        elif code == 1:
            self.add("Relu", [self.add(kind, inputs, **attributes)], output)
        elif code == 3:
            limits = [self.constant("zero", np.float32(0)), self.constant("six", np.float32(6))]
            self.add("Clip", [self.add(kind, inputs, **attributes), *limits], output)
        else:
            raise KeyError(f"fused activation {code}")

    # ---- reading ------------------------------------------------------------------------------------

    def shape(self, number: int) -> tuple[int, ...]:
        return self.graph.tensors[number].shape

    def values(self, number: int) -> np.ndarray:
        values = self.graph.tensors[number].values
        if values is None:
            raise ValueError(f"tensor {number} is not a constant")
        return values

    def operand(self, number: int) -> str:
        """An input of arithmetic: computed, or a constant that broadcasts over NCHW."""
        values = self.graph.tensors[number].values
        if values is None:
            return f"t{number}"
        spread = values.transpose(NCHW) if values.ndim == 4 else values.reshape(-1, 1, 1)
        return self.constant(f"t{number}", spread.astype(np.float32))


def translate(graph: Graph, outputs: tuple[str, ...]) -> onnx.ModelProto:
    """The graph as an ONNX model with input `image` (1, 3, h, w) and the outputs named."""
    translation = Translation(graph)
    for operator in graph.operators:
        RULES[operator.name](translation, operator)
    for number, name in zip(graph.outputs, outputs, strict=True):
        translation.add("Identity", [f"t{number}"], name)
    translation.nodes.insert(0, helper.make_node("Identity", ["image"], [f"t{graph.inputs[0]}"]))
    model = helper.make_model(
        helper.make_graph(
            translation.nodes,
            "network",
            [_description("image", graph.tensors[graph.inputs[0]].shape)],
            [_description(name, translation.shape(n)) for n, name in zip(graph.outputs, outputs, strict=True)],
            list(translation.constants.values()),
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="portrait-depth",
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def _description(name: str, shape: tuple[int, ...]) -> onnx.ValueInfoProto:
    axes = NCHW if len(shape) == 4 else range(len(shape))
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [shape[a] for a in axes])


# ---- one rule for each operator ------------------------------------------------------------------------


def _pads(sizes: tuple[int, ...], kernel: tuple[int, ...], strides: tuple[int, ...], same: bool) -> list[int]:
    """TensorFlow's SAME rule as explicit pads: top, left, bottom, right."""
    if not same:
        return [0, 0, 0, 0]
    before, after = [], []
    for size, extent, stride in zip(sizes, kernel, strides, strict=True):
        total = max((-(-size // stride) - 1) * stride + extent - size, 0)
        before.append(total // 2)
        after.append(total - total // 2)
    return before + after


def _convolution(t: Translation, operator: Operator) -> None:
    image, weights, *bias = operator.inputs
    depthwise = operator.name == "DEPTHWISE_CONV_2D"
    options = operator.options(tflite.DepthwiseConv2DOptions if depthwise else tflite.Conv2DOptions)
    kernel = t.shape(weights)[1:3]
    strides = (options.StrideH(), options.StrideW())
    t.activated(
        options.FusedActivationFunction(),
        "Conv",
        [f"t{image}", t.weight(weights, *((3, 0, 1, 2) if depthwise else NCHW)), *(t.weight(b, 0) for b in bias)],
        f"t{operator.outputs[0]}",
        kernel_shape=kernel,
        strides=strides,
        group=t.shape(image)[3] if depthwise else 1,
        pads=_pads(t.shape(image)[1:3], kernel, strides, options.Padding() == 0),
    )


def _transposed_convolution(t: Translation, operator: Operator) -> None:
    image, weights, bias = operator.inputs
    padding, stride_w, stride_h = (int(v) for v in np.frombuffer(operator.custom_options()[:12], np.int32))
    kernel, strides = t.shape(weights)[1:3], (stride_h, stride_w)
    target = t.shape(operator.outputs[0])[1:3]
    t.add(
        "ConvTranspose",
        [f"t{image}", t.weight(weights, 3, 0, 1, 2), t.weight(bias, 0)],
        f"t{operator.outputs[0]}",
        kernel_shape=kernel,
        strides=strides,
        pads=_pads(target, kernel, strides, padding == 1),
    )


def _arithmetic(kind: str, options: object) -> Callable[[Translation, Operator], None]:
    def rule(t: Translation, operator: Operator) -> None:
        inputs = [t.operand(number) for number in operator.inputs]
        code = operator.options(options).FusedActivationFunction()
        t.activated(code, kind, inputs, f"t{operator.outputs[0]}")

    return rule


def _plain(kind: str) -> Callable[[Translation, Operator], None]:
    def rule(t: Translation, operator: Operator) -> None:
        t.add(kind, [f"t{operator.inputs[0]}"], f"t{operator.outputs[0]}")

    return rule


def _pool(kind: str) -> Callable[[Translation, Operator], None]:
    def rule(t: Translation, operator: Operator) -> None:
        options = operator.options(tflite.Pool2DOptions)
        kernel = (options.FilterHeight(), options.FilterWidth())
        strides = (options.StrideH(), options.StrideW())
        sizes = t.shape(operator.inputs[0])[1:3]
        source, target = f"t{operator.inputs[0]}", f"t{operator.outputs[0]}"
        if kind == "AveragePool" and kernel == sizes:
            t.add("GlobalAveragePool", [source], target)
            return
        pads = _pads(sizes, kernel, strides, options.Padding() == 0)
        t.add(kind, [source], target, kernel_shape=kernel, strides=strides, pads=pads)

    return rule


def _resize(t: Translation, operator: Operator) -> None:
    options = operator.options(tflite.ResizeBilinearOptions)
    shape = t.shape(operator.outputs[0])
    sizes = t.constant(f"sizes{operator.outputs[0]}", np.array([shape[a] for a in NCHW], np.int64))
    rule = "align_corners" if options.AlignCorners() else "asymmetric"
    if options.HalfPixelCenters():
        rule = "half_pixel"
    t.add(
        "Resize",
        [f"t{operator.inputs[0]}", "", "", sizes],
        f"t{operator.outputs[0]}",
        mode="linear",
        coordinate_transformation_mode=rule,
    )


def _pad(t: Translation, operator: Operator) -> None:
    before_after = t.values(operator.inputs[1])[list(NCHW)]
    pads = t.constant(f"pads{operator.outputs[0]}", before_after.T.astype(np.int64).ravel())
    t.add("Pad", [f"t{operator.inputs[0]}", pads], f"t{operator.outputs[0]}")


def _slope(t: Translation, operator: Operator) -> None:
    slope = t.constant(f"t{operator.inputs[1]}", t.values(operator.inputs[1]).reshape(-1, 1, 1).astype(np.float32))
    t.add("PRelu", [f"t{operator.inputs[0]}", slope], f"t{operator.outputs[0]}")


def _reshape(t: Translation, operator: Operator) -> None:
    source = f"t{operator.inputs[0]}"
    shape = t.shape(operator.outputs[0])
    if len(shape) == 4:
        raise KeyError("RESHAPE to rank 4")
    if len(t.shape(operator.inputs[0])) == 4:
        source = t.add("Transpose", [source], perm=(0, 2, 3, 1))
    target = t.constant(f"shape{operator.outputs[0]}", np.array(shape, np.int64))
    t.add("Reshape", [source, target], f"t{operator.outputs[0]}")


def _concatenation(t: Translation, operator: Operator) -> None:
    rank = len(t.shape(operator.outputs[0]))
    axis = operator.options(tflite.ConcatenationOptions).Axis() % rank
    axis = RANK_4_AXES[axis] if rank == 4 else axis
    t.add("Concat", [f"t{number}" for number in operator.inputs], f"t{operator.outputs[0]}", axis=axis)


def _depth_to_space(t: Translation, operator: Operator) -> None:
    block = operator.options(tflite.DepthToSpaceOptions).BlockSize()
    t.add("DepthToSpace", [f"t{operator.inputs[0]}"], f"t{operator.outputs[0]}", blocksize=block, mode="DCR")


RULES: dict[str, Callable[[Translation, Operator], None]] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _convolution,
    "Convolution2DTransposeBias": _transposed_convolution,
    "ADD": _arithmetic("Add", tflite.AddOptions),
    "MUL": _arithmetic("Mul", tflite.MulOptions),
    "RELU": _plain("Relu"),
    "HARD_SWISH": _plain("HardSwish"),
    "LOGISTIC": _plain("Sigmoid"),
    "PRELU": _slope,
    "MAX_POOL_2D": _pool("MaxPool"),
    "AVERAGE_POOL_2D": _pool("AveragePool"),
    "RESIZE_BILINEAR": _resize,
    "PAD": _pad,
    "RESHAPE": _reshape,
    "CONCATENATION": _concatenation,
    "DEPTH_TO_SPACE": _depth_to_space,
}
