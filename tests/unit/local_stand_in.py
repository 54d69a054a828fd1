"""A function that does what its caller asks for in the header x-do: the tests' stand-in behind the local machine.

On import it does what STAND_IN_INIT says, so that a cold start can fail.
"""

import base64
import ctypes
import json
import os
import time
from pathlib import Path
from typing import Any

if os.environ.get("STAND_IN_INIT") == "raise":
    raise RuntimeError("KEYS_TABLE is not set")
if Path(os.environ.get("STAND_IN_INIT_FAILS_WITH", "/nowhere")).exists():
    raise RuntimeError("the file is there")
if os.environ.get("STAND_IN_INIT") == "exit":
    os._exit(7)


def handler(event: dict[str, Any], context: Any) -> Any:
    asked, _, argument = (event["headers"] or {}).get("x-do", "echo").partition(" ")
    return ACTIONS[asked](event, context, argument)


def echo(event: dict[str, Any], context: Any, argument: str) -> dict[str, Any]:
    """The event as JSON, its body told by its length: what the function was given."""
    body = base64.b64decode(event.pop("body") or b"") if event["isBase64Encoded"] else event.pop("body")
    told = {
        "event": event,
        "body_bytes": len(body or b""),
        "body_start": (body or b"")[:20].decode("latin-1") if body else "",
        "pid": os.getpid(),
        "remaining_ms": context.get_remaining_time_in_millis(),
        "call_id": context.aws_request_id,
        "memory": os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
        "environment": os.environ.get("STAND_IN_VARIABLE"),
    }
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(told)}


def binary(event: dict[str, Any], context: Any, argument: str) -> dict[str, Any]:
    data = base64.b64encode(bytes(range(256)) * (int(argument or 256) // 256)).decode()
    headers = {"Content-Type": "image/jpeg", "Connection": "close", "Content-Length": "3"}
    multi = {"x-many": ["one", "two"]}
    return {"statusCode": 201, "headers": headers, "multiValueHeaders": multi, "body": data, "isBase64Encoded": True}


def malformed(event: dict[str, Any], context: Any, argument: str) -> Any:
    return {
        "text": "not an answer",
        "status": {"statusCode": "none"},
        "base64": {"statusCode": 200, "body": "***", "isBase64Encoded": True},
        "header": {"statusCode": 200, "headers": {"x-a": "b\r\nx-c: d"}},
        "name": {"statusCode": 200, "headers": {"x a": "b"}},
    }[argument]


def raises(event: dict[str, Any], context: Any, argument: str) -> None:
    raise ValueError("the stand-in raised")


def leaves(event: dict[str, Any], context: Any, argument: str) -> None:
    os._exit(3)


def segfault(event: dict[str, Any], context: Any, argument: str) -> None:
    ctypes.string_at(0)


def hangs(event: dict[str, Any], context: Any, argument: str) -> None:
    time.sleep(60)


def wait_for_file(event: dict[str, Any], context: Any, argument: str) -> dict[str, Any]:
    """Busy until the test writes a file: a call whose length the test decides. A file of its own tells it began."""
    Path(f"{argument}.{os.getpid()}").touch()
    while not Path(argument).exists():
        time.sleep(0.005)
    return echo(event, context, "")


ACTIONS = {
    "echo": echo,
    "binary": binary,
    "malformed": malformed,
    "raises": raises,
    "leaves": leaves,
    "segfault": segfault,
    "hangs": hangs,
    "wait": wait_for_file,
}
