"""How good the depth is: `python -m training.evaluate`. One table, baselines beside it, and build/eval.json.

Needs numpy, pillow and onnxruntime only. The frames are renders with exact depth, of people, clothes and hair that no
training saw. Figures, all inside people, on the raster of 128 px:

r         Pearson's between answer and true inverse depth: mean, and the tenth percentile of the pictures
rmse      after the best scale and shift, in deviations of the truth
absrel    |depth - truth| / truth after the same alignment
order     pairs of pixels more than 2 % apart that are in the right order
relief    mean r in squares of 32 px, each with an alignment of its own: features, not the whole
alpha     mean absolute error, overlap (IoU) and boundary F within 2 px
presence  share of people-free pictures below one half, and of pictures with people above it
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from training.evaluation import frames
from training.evaluation.frames import Frame

Map = NDArray[np.float32]
FIRST = Path(__file__).parent / "evaluation" / "first.onnx"
"""The weights that the first release served, kept as the bar to pass."""

COLUMNS = ("r", "r_p10", "rmse", "absrel", "order", "relief", "alpha_error", "iou", "boundary_f", "black", "kept")
WINDOW = 32


@dataclass(frozen=True)
class Answer:
    """What a method says about a picture; None where it says nothing."""

    near: Map
    alpha: Map | None = None
    presence: float | None = None


Method = Callable[[Frame], Answer]


# ---- methods ---------------------------------------------------------------------------------------------


def constant(frame: Frame) -> Answer:
    return Answer(np.zeros_like(frame.alpha))


def vertical_gradient(frame: Frame) -> Answer:
    """Lower is nearer."""
    return Answer(np.repeat(np.linspace(0, 1, len(frame.alpha), dtype=np.float32)[:, None], len(frame.alpha), 1))


def dome(frame: Frame) -> Answer:
    """The farther from the true silhouette, the nearer: what a matte alone would give."""
    inside, depth = frame.alpha > 0.5, np.zeros_like(frame.alpha)
    while inside.any():
        depth += inside
        padded = np.pad(inside, 1)
        inside = inside & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return Answer(np.sqrt(depth))


def network(path: Path) -> Method:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.disable_quant_qdq", "1")  # int8 is storage, computing is float32
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def method(frame: Frame) -> Answer:
        image = frame.picture.transpose(2, 0, 1)[None].astype(np.float32) / 255
        depth, alpha, presence = session.run(["depth", "alpha", "presence"], {"image": image})
        return Answer(depth[0, 0], alpha[0, 0], float(presence.ravel()[0]))

    return method


# ---- scores ----------------------------------------------------------------------------------------------


def scores(answer: Answer, frame: Frame, rng: np.random.Generator) -> dict[str, float]:
    """Every figure that can be given for one picture."""
    out: dict[str, float] = {}
    mask = frame.alpha > 0.5
    nobody = frame.framing == "nobody"
    if answer.presence is not None:
        out["black" if nobody else "kept"] = float((answer.presence < 0.5) if nobody else answer.presence >= 0.5)
    if nobody or mask.sum() < 30:
        return out
    near, truth = answer.near[mask].astype(float), frame.inverse_depth[mask].astype(float)
    out |= {"r": pearson(near, truth), "order": order(near, truth, rng)} | aligned_errors(near, truth)
    out["relief"] = relief(answer.near, frame.inverse_depth, mask)
    if answer.alpha is not None:
        out["alpha_error"] = float(np.abs(answer.alpha - frame.alpha).mean())
        out["iou"] = float((mask & (answer.alpha > 0.5)).sum() / (mask | (answer.alpha > 0.5)).sum())
        out["boundary_f"] = boundary_f(answer.alpha > 0.5, mask)
    return {name: value for name, value in out.items() if np.isfinite(value)}


def pearson(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """0 where one of them is flat: it says nothing."""
    a, b = a - a.mean(), b - b.mean()
    size = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / size) if size > 1e-12 else 0.0


def order(near: NDArray[np.float64], truth: NDArray[np.float64], rng: np.random.Generator) -> float:
    i, j = rng.integers(0, len(truth), (2, 20_000))
    apart = np.maximum(truth[i], truth[j]) > 1.02 * np.minimum(truth[i], truth[j])
    right = np.sign(near[i] - near[j]) == np.sign(truth[i] - truth[j])
    return float(right[apart].mean()) if apart.sum() >= 100 else np.nan


def aligned_errors(near: NDArray[np.float64], truth: NDArray[np.float64]) -> dict[str, float]:
    system = np.stack([near, np.ones_like(near)], 1)
    guess = system @ np.linalg.lstsq(system, truth, rcond=None)[0]
    rmse = np.sqrt(np.mean((guess - truth) ** 2)) / max(truth.std(), 1e-12)
    depth = 1 / np.maximum(guess, 0.2 * truth.min())  # an answer behind the horizon counts as five times too far
    return {"rmse": float(rmse), "absrel": float(np.mean(np.abs(depth * truth - 1)))}


def relief(near: Map, truth: Map, mask: NDArray[np.bool_]) -> float:
    values = []
    for top in range(0, len(mask), WINDOW // 2):
        for left in range(0, len(mask), WINDOW // 2):
            cut = (slice(top, top + WINDOW), slice(left, left + WINDOW))
            if mask[cut].shape == (WINDOW, WINDOW) and mask[cut].mean() > 0.6:
                values.append(pearson(near[cut][mask[cut]].astype(float), truth[cut][mask[cut]].astype(float)))
    return float(np.mean(values)) if values else np.nan


def boundary_f(guess: NDArray[np.bool_], truth: NDArray[np.bool_], reach: int = 2) -> float:
    """Harmonic mean of precision and recall of the silhouette, within `reach` pixels (Martin et al., 2004)."""
    edges = [boundary(mask) for mask in (guess, truth)]
    near = [grown(edge, reach) for edge in edges]
    if not edges[0].any() or not edges[1].any():
        return 0.0
    precision, recall = (edges[0] & near[1]).sum() / edges[0].sum(), (edges[1] & near[0]).sum() / edges[1].sum()
    return float(2 * precision * recall / max(precision + recall, 1e-9))


def boundary(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels of the mask with a neighbour outside; the picture's own border is none."""
    padded = np.pad(mask, 1, mode="edge")
    return mask & ~(padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:])


def grown(mask: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    padded, side = np.pad(mask, reach), range(2 * reach + 1)
    return np.any([padded[y : y + len(mask), x : x + mask.shape[1]] for y in side for x in side], axis=0)


# ---- table -----------------------------------------------------------------------------------------------


def summary(rows: list[dict[str, float]]) -> dict[str, float]:
    """Means over the pictures that have the figure, and the tenth percentile of r."""
    out = {"pictures": float(len(rows))}
    for column in COLUMNS:
        values = [row[column.removesuffix("_p10")] for row in rows if column.removesuffix("_p10") in row]
        if values:
            out[column] = round(float(np.percentile(values, 10) if column.endswith("_p10") else np.mean(values)), 4)
    return out


def evaluated(method: Method, held: list[Frame]) -> dict[str, dict[str, float]]:
    """Summaries of all frames and of every slice."""
    rng = np.random.default_rng(0)
    rows = [scores(method(frame), frame, rng) for frame in held]
    names = sorted({frame.family for frame in held if frame.framing != "nobody"} | {frame.framing for frame in held})
    slices = {"all": rows}
    for name in names:
        slices[name] = [row for row, frame in zip(rows, held, strict=True) if name in (frame.family, frame.framing)]
    return {name: summary(chosen) for name, chosen in slices.items()}


def line(name: str, figures: dict[str, float]) -> str:
    cells = (f"{figures[column]:12.3f}" if column in figures else f"{'-':>12}" for column in COLUMNS)
    return f"{name:28s}{int(figures['pictures']):9d}" + "".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=Path, default=frames.FILE, help="file of held-out frames")
    parser.add_argument("--network", type=Path, action="append", default=[], help="further ONNX files to compare")
    parser.add_argument("--out", type=Path, default=Path("build/eval.json"))
    options = parser.parse_args()
    held = list(frames.read(options.frames))
    methods: dict[str, Method] = {"constant": constant, "vertical gradient": vertical_gradient, "dome": dome}
    methods["first release"] = network(FIRST)
    for path in (*options.network, Path("models/portrait-depth.onnx")):
        methods[str(path)] = network(path)
    results = {name: evaluated(method, held) for name, method in methods.items()}
    print(f"{'':28s}{'pictures':>9}" + "".join(f"{column:>12}" for column in COLUMNS))
    for name, slices in results.items():
        print(line(name, slices["all"]))
    print(f"\n{list(results)[-1]}, by slice")
    for name, figures in results[list(results)[-1]].items():
        print(line(name, figures))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
