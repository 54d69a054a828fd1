"""What the workers say: every line kept in a file, and on the terminal the part of it that a person wants to read."""

import json
import sys
from pathlib import Path
from typing import Any, TextIO


class Log:
    """`.local/log/<function>.log` holds the lines as they came; the terminal gets one short line for each call."""

    def __init__(self, directory: Path, terminal: TextIO = sys.stdout) -> None:
        self.directory = directory
        self.terminal = terminal
        directory.mkdir(parents=True, exist_ok=True)

    def start_over(self) -> None:
        """Put the last run's files aside, and the ones before it away."""
        for path in self.directory.glob("*.log"):
            path.replace(path.with_suffix(".log.1"))

    def write(self, function: str, line: bytes) -> None:
        """Keep a worker's line; show it if it says something."""
        with (self.directory / f"{function}.log").open("ab") as file:
            file.write(line)
        if shown := readable(line.decode(errors="replace")):
            self.tell(f"{function}: {shown}")

    def tell(self, text: str) -> None:
        """Show a line of our own."""
        print(text, file=self.terminal, flush=True)


def readable(line: str) -> str:
    """A log line for people; empty where it holds metrics only, which CloudWatch would take out as well."""
    try:
        entry = json.loads(line)
    except ValueError:
        if "LAMBDA_WARNING" in line:
            return ""  # the runtime client's advice about AWS's own updates
        return line.replace("\r", "\n    ").strip()
    if not isinstance(entry, dict):
        return line.strip()
    if "_aws" in entry:
        return ""
    if entry.get("message") == "call":
        return _call(entry)
    return f"{entry.get('level', '')} {entry.get('message', '')} {entry.get('exception', '')}".strip()


def _call(entry: dict[str, Any]) -> str:
    told = [entry.get("method"), entry.get("path"), entry.get("status"), entry.get("outcome"), f"{entry.get('ms')} ms"]
    return " ".join(str(part) for part in told if part is not None)
