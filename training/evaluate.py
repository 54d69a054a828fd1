"""How good the depth is: `python -m training.evaluate`. Tables with baselines beside it, and build/eval.json.

Needs nothing but what serving needs. The frames are renders with exact depth, of people, clothes and hair that no
training saw. Figures, all inside people, on half of the raster of the picture (256 px):

r          Pearson's between answer and true inverse depth: mean, median, and the tenth percentile of the pictures
rmse       after the best scale and shift, in deviations of the truth
absrel     |depth - truth| / truth after the same alignment
order      pairs of pixels more than 2 % apart that are in the right order
hands      the same, of pairs of a hand or forearm and what is close behind it in the picture
people     the same, of pairs of two people
relief     mean r in squares of 32 px, each with an alignment of its own: features, not the whole
alpha      mean absolute error, overlap (IoU) and boundary F within 2 px
angle      mean angle between normals, degrees
black      share of people-free pictures with a presence below one half, which are answered exactly black
kept       share of pictures with people that are not

The last two rows are what is served: the depth network's own look at the whole frame, and `the service`, which is what
a call is answered with (there, black and kept tell whether the answer is).
"""

import argparse
import json
from pathlib import Path

import numpy as np

from training.data.shards import Someone
from training.evaluation import frames, methods, served
from training.evaluation.frames import Frame
from training.evaluation.methods import Method
from training.evaluation.scores import scores

Row = dict[str, float]

QUANTILES = {"r_median": 50, "r_p10": 10}
COLUMNS = (
    "r", *QUANTILES, "rmse", "absrel", "order", "hands", "people", "relief", "alpha_error", "iou", "boundary_f",
    "angle", "black", "kept",
)  # fmt: skip

MODELS = Path("models")
SERVED = MODELS / "portrait-depth.onnx"

YAWS = {"to 20 degrees": (0, 20), "to 55": (20, 55), "to 100, profile": (55, 100), "from behind": (100, 181)}


def main() -> None:
    options = parsed()
    held = list(frames.read(options.frames))
    results = {name: evaluated(method, held) for name, method in compared(options).items()}
    print(table({name: slices["all"] for name, slices in results.items()}))
    for name in list(results)[-2:]:
        print(f"\n{name}, by slice\n{table(results[name])}")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(results, indent=1) + "\n")


def compared(options: argparse.Namespace) -> dict[str, Method]:
    """Name -> method; what is served comes last, first its network and then all of it."""
    chosen: dict[str, Method] = {
        "constant": methods.constant,
        "vertical gradient": methods.vertical_gradient,
        "dome": methods.dome,
        "first release": methods.network(methods.FIRST),
    }
    chosen |= {path.stem: served.network(path) for path in options.manifest}
    chosen |= {str(path): methods.network(path) for path in (*options.network, SERVED)}
    return chosen | {"the service": served.service(MODELS)}


def evaluated(method: Method, held: list[Frame]) -> dict[str, Row]:
    """Summaries of all frames and of every slice."""
    rng = np.random.default_rng(0)
    rows: dict[str, list[Row]] = {"all": []}
    for frame in held:
        row = scores(method(frame), frame, rng)
        for name in ("all", *slices(frame)):
            rows.setdefault(name, []).append(row)
    return {name: summary(rows[name]) for name in ("all", *sorted(set(rows) - {"all"}))}


def slices(frame: Frame) -> list[str]:
    """What a frame is an example of. Who somebody is, is asked of pictures of one person only."""
    about = frame.about
    out = [f"framing: {about.kind}"]
    if about.people:
        out += [f"family: {about.family}"]
    if len(about.people) == 1:
        out += traits(about.people[0])
    return out


def traits(person: Someone) -> list[str]:
    told = {"sex": person.sex, "age": person.age, "skin": person.tone}
    seen = [f"{name}: {value}" for name, value in told.items() if value]
    seen += [f"head: {name}" for name, (low, high) in YAWS.items() if low <= abs(person.yaw) < high]
    worn = {"glasses": person.glasses, "hat": person.hat, "scarf": person.scarf, "something held": person.held}
    worn["hands in front"] = person.hands_in_front
    return seen + [f"with: {name}" for name, has in worn.items() if has]


def summary(rows: list[Row]) -> Row:
    """Means over the pictures that have the figure, and quantiles of r."""
    out = {"pictures": float(len(rows))}
    for column in COLUMNS:
        values = [row[name] for row in rows if (name := column.split("_median")[0].split("_p10")[0]) in row]
        if values:
            share = QUANTILES.get(column)
            out[column] = round(float(np.mean(values) if share is None else np.percentile(values, share)), 4)
    return out


def table(rows: dict[str, Row]) -> str:
    return "\n".join(
        [f"{'':30s}{'pictures':>9}" + "".join(f"{c:>12}" for c in COLUMNS), *map(line, rows, rows.values())]
    )


def line(name: str, figures: Row) -> str:
    cells = (f"{figures[column]:12.3f}" if column in figures else f"{'-':>12}" for column in COLUMNS)
    return f"{name:30s}{int(figures['pictures']):9d}" + "".join(cells)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=Path, default=frames.FILE, help="file of held-out frames")
    parser.add_argument("--network", type=Path, action="append", default=[], help="further files of ours, e.g. float32")
    parser.add_argument(
        "--manifest", type=Path, action="append", default=[], help="others' networks, by manifests as in models/"
    )
    parser.add_argument("--out", type=Path, default=Path("build/eval.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
