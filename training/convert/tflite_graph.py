"""A .tflite file as plain values: tensors, and operators with their settings. The home of the tflite schema."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tflite
from tflite.Model import Model

OPERATORS = {number: name for name, number in vars(tflite.BuiltinOperator).items() if not name.startswith("_")}
DTYPES = {0: np.float32, 1: np.float16, 2: np.int32, 4: np.int64}
INDEX_VECTORS = {1: tflite.Int32Vector, 2: tflite.Uint16Vector, 3: tflite.Uint8Vector}


@dataclass(frozen=True)
class Tensor:
    """`values` is None for what is computed. Layout as in the file: NHWC."""

    name: str
    shape: tuple[int, ...]
    values: np.ndarray | None


@dataclass(frozen=True)
class Operator:
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    table: Any

    def options(self, kind: Any) -> Any:
        """The operator's settings, read as `kind` of the schema, such as tflite.Conv2DOptions."""
        table = self.table.BuiltinOptions()
        options = kind()
        options.Init(table.Bytes, table.Pos)
        return options

    def custom_options(self) -> bytes:
        return self.table.CustomOptionsAsNumpy().tobytes()


@dataclass(frozen=True)
class Graph:
    tensors: list[Tensor]
    operators: list[Operator]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read(path: Path) -> Graph:
    """The first subgraph of a file, its float16 and sparse weights widened to dense float32 constants."""
    model = Model.GetRootAsModel(path.read_bytes(), 0)
    graph = model.Subgraphs(0)
    tensors = [_tensor(model, graph.Tensors(i)) for i in range(graph.TensorsLength())]
    operators = []
    for i in range(graph.OperatorsLength()):
        operator = _operator(model, graph.Operators(i))
        source = tensors[operator.inputs[0]]
        if operator.name in ("DEQUANTIZE", "DENSIFY") and source.values is not None:
            target = tensors[operator.outputs[0]]
            tensors[operator.outputs[0]] = Tensor(target.name, target.shape, source.values.astype(np.float32))
        else:
            operators.append(operator)
    return Graph(tensors, operators, _ids(graph.InputsAsNumpy()), _ids(graph.OutputsAsNumpy()))


def _ids(values: np.ndarray) -> tuple[int, ...]:
    return tuple(int(v) for v in values)


def _tensor(model: Any, tensor: Any) -> Tensor:
    shape = _ids(tensor.ShapeAsNumpy()) if tensor.ShapeLength() else ()
    raw = model.Buffers(tensor.Buffer()).DataAsNumpy()
    if isinstance(raw, int) or not len(raw):
        return Tensor(tensor.Name().decode(), shape, None)
    values = np.frombuffer(raw.tobytes(), DTYPES[tensor.Type()])
    sparsity = tensor.Sparsity()
    values = values.reshape(shape) if sparsity is None else dense(values, shape, sparsity)
    return Tensor(tensor.Name().decode(), shape, values)


def _operator(model: Any, operator: Any) -> Operator:
    code = model.OperatorCodes(operator.OpcodeIndex())
    name = OPERATORS[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
    if name == "CUSTOM":
        name = code.CustomCode().decode()
    return Operator(name, _ids(operator.InputsAsNumpy()), _ids(operator.OutputsAsNumpy()), operator)


def dense(values: np.ndarray, shape: tuple[int, ...], sparsity: Any) -> np.ndarray:
    """Spread a sparse tensor out. The schema's format: a tree with one level for each dimension or block dimension."""
    order = _ids(sparsity.TraversalOrderAsNumpy())
    blocks = _ids(sparsity.BlockMapAsNumpy()) if sparsity.BlockMapLength() else ()
    levels = [_level(sparsity.DimMetadata(k)) for k in range(sparsity.DimMetadataLength())]
    # One row for each node of the level reached so far, one column for each level passed.
    nodes = np.zeros((1, 0), np.int64)
    for level in levels:
        nodes = _descend(nodes, level)
    place = [np.zeros(len(nodes), np.int64) for _ in shape]
    sizes = {blocks[axis - len(shape)]: levels[k][0] for k, axis in enumerate(order) if axis >= len(shape)}
    for k, axis in enumerate(order):
        if axis < len(shape):
            place[axis] += nodes[:, k] * sizes.get(axis, 1)
        else:
            place[blocks[axis - len(shape)]] += nodes[:, k]
    out = np.zeros(shape, values.dtype)
    out[tuple(place)] = values[: len(nodes)]
    return out


def _level(metadata: Any) -> tuple[int, np.ndarray | None, np.ndarray | None]:
    """(size, None, None) of a dense level, (0, segments, indices) of a sparse one."""
    if metadata.Format() == 0:
        return metadata.DenseSize(), None, None
    segments = _vector(metadata.ArraySegmentsType(), metadata.ArraySegments())
    return 0, segments, _vector(metadata.ArrayIndicesType(), metadata.ArrayIndices())


def _descend(nodes: np.ndarray, level: tuple[int, np.ndarray | None, np.ndarray | None]) -> np.ndarray:
    size, segments, indices = level
    if segments is None or indices is None:
        return np.column_stack([np.repeat(nodes, size, 0), np.tile(np.arange(size), len(nodes))])
    counts = np.diff(segments.astype(np.int64))
    return np.column_stack([np.repeat(nodes, counts, 0), indices.astype(np.int64)])


def _vector(kind: int, table: Any) -> np.ndarray:
    vector = INDEX_VECTORS[kind]
    if not isinstance(vector, type):  # some releases export the module instead of its class
        vector = getattr(vector, vector.__name__.rpartition(".")[2])
    reader = vector()
    reader.Init(table.Bytes, table.Pos)
    return reader.ValuesAsNumpy()
