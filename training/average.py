"""The mean of the weights of several runs: `python -m training.average RUN5.onnx RUN6.onnx --out build/trained.onnx`.

Runs that start from one another lie close enough for the point between them to be as good as either on what they were
trained on, and sometimes better on what they were not (Wortsman et al., Model soups, 2022). Nothing is learned, and
nothing becomes slower. Takes files as they are trained or as they are stored; the result has float32 weights.
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from training.model import folded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", help="ONNX files of the same graph")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    onnx.save(averaged([onnx.load(path) for path in options.runs]), options.out)


def averaged(runs: list[onnx.ModelProto]) -> onnx.ModelProto:
    """The first graph with the mean of all runs' float constants. ValueError where the graphs' constants differ in name
    or shape."""
    graphs = [folded(run) for run in runs]
    constants = [{tensor.name: numpy_helper.to_array(tensor) for tensor in run.graph.initializer} for run in graphs]
    shapes = [{name: values.shape for name, values in known.items()} for known in constants]
    if any(others != shapes[0] for others in shapes):
        raise ValueError("these are not runs of one network: their graphs hold other constants")
    for tensor in graphs[0].graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            mean = np.mean([known[tensor.name] for known in constants], 0, dtype=np.float64)
            tensor.CopyFrom(numpy_helper.from_array(mean.astype(np.float32), tensor.name))
    return graphs[0]


if __name__ == "__main__":
    main()
