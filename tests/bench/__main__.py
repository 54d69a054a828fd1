"""Measure everything in one run, print one table, write build/bench.json.

Each case is a process of its own on one thread. Ratios are of figures taken in turn within a case: a busy machine moves
both; absolute times are this machine's alone.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench import machine, pictures

ROOT = Path(__file__).resolve().parents[2]
SIZES = (2, 12, 25)
FORMATS = ("jpeg", "progressive", "png", "webp")
REPEATS = 7
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def case(folder: Path, file_format: str, megapixels: int) -> dict[str, Any]:
    """One picture through the handler, beside Pillow alone; see tests/bench/case.py."""
    path = folder / f"{file_format}-{megapixels}"
    path.write_bytes(pictures.file(file_format, megapixels))
    command = [sys.executable, "-m", "tests.bench.case", str(path), str(REPEATS)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | ONE_THREAD, check=True, stdout=subprocess.PIPE, text=True)
    return {"case": f"{megapixels} MP {file_format}", **json.loads(done.stdout)}


def show(row: dict[str, Any]) -> str:
    cells = [f"{row['case']:28}"]
    cells += [f"{row.get(name, ''):>9}" for name in ("call_ms", "bare_ms", "ratio", "peak_mb")]
    stages = "  ".join(f"{name} {spent:g}" for name, spent in row.get("stages", {}).items())
    return " ".join(cells) + "   " + stages + row.get("note", "")


def main() -> None:
    rows = []
    print(f"{'case':28} {'call ms':>9} {'bare ms':>9} {'ratio':>9} {'peak MB':>9}   median ms of each stage")
    with tempfile.TemporaryDirectory() as folder:
        for megapixels in SIZES:
            for file_format in FORMATS:
                rows.append(case(Path(folder), file_format, megapixels))
                print(show(rows[-1]), flush=True)
    for row in machine.rows():
        rows.append(row)
        print(show(row), flush=True)
    out = ROOT / "build" / "bench.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(rows, indent=1) + "\n")
    print(f"written to {out.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
