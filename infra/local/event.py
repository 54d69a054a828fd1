"""HTTP request -> API Gateway's proxy event (REST API, payload 1.0) -> HTTP answer."""

import base64
import json
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

STAGE: Final = "local"
TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header's name (RFC 9110, 5.6.2)."""
CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class MalformedAnswer(Exception):
    """The function's answer is not what a proxy integration must return."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it came: path and query still percent-encoded, header names as sent, the whole body."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | bytearray
    source_ip: str
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What goes back: status, headers in order (a name may repeat), body bytes."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def of_request(request: HttpRequest, resource: str, path_parameters: Mapping[str, str]) -> bytes:
    """The event as JSON. Binary media types are `*/*`, so every body travels as base64.

    `requestTimeEpoch` is taken now, when the body is complete: a slow uplink is not time that the service spent.
    """
    event = {
        "resource": resource,
        "path": request.path,
        "httpMethod": request.method,
        **_both("headers", "multiValueHeaders", request.headers),
        **_both("queryStringParameters", "multiValueQueryStringParameters", _query(request.query)),
        "pathParameters": dict(path_parameters) or None,
        "stageVariables": None,
        "requestContext": _context(request, resource),
    }
    # Megabytes of base64 need no escaping: spliced in, they are not scanned once more by the JSON encoder.
    body = b'"' + base64.b64encode(request.body) + b'"' if request.body else b"null"
    flag = b"true" if request.body else b"false"
    return json.dumps(event).encode()[:-1] + b', "isBase64Encoded": ' + flag + b', "body": ' + body + b"}"


def answer_of(result: bytes) -> HttpAnswer:
    """The function's result as an answer. Raises MalformedAnswer, as API Gateway would with 502."""
    try:
        reply = json.loads(result)
        headers = {
            **{name: [_text(value)] for name, value in (reply.get("headers") or {}).items()},
            **{name: list(map(_text, all_)) for name, all_ in (reply.get("multiValueHeaders") or {}).items()},
        }
        if not all(TOKEN.fullmatch(name) for name in headers):
            raise ValueError("a header has no valid name")
        text = reply.get("body") or ""
        return HttpAnswer(
            status=_status(reply["statusCode"]),
            headers=tuple((name, value) for name, values in headers.items() for value in values),
            body=base64.b64decode(text, validate=True) if reply.get("isBase64Encoded") else text.encode(),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MalformedAnswer(str(error)) from error


def _both(single: str, multi: str, pairs: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """API Gateway gives each name's last value, and beside it all of them; null where there are none."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {single: {name: all_[-1] for name, all_ in values.items()} or None, multi: values or None}


def _query(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(text, keep_blank_values=True))


def _context(request: HttpRequest, resource: str) -> dict[str, Any]:
    now = time.time()
    agent = next((value for name, value in request.headers if name.lower() == "user-agent"), None)
    return {
        "accountId": "000000000000",
        "apiId": "local",
        "stage": STAGE,
        "protocol": "HTTP/1.1",
        "httpMethod": request.method,
        "resourceId": "local",
        "resourcePath": resource,
        "path": request.path,
        "requestId": request.request_id,
        "extendedRequestId": request.request_id,
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "requestTimeEpoch": int(now * 1000),
        "identity": {"sourceIp": request.source_ip, "userAgent": agent},
    }


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise ValueError("a header is neither text nor a number")
    text = str(value)
    if CONTROL.search(text):
        raise ValueError("a header holds a control character")
    text.encode("latin-1")  # what HTTP can carry; UnicodeEncodeError is a ValueError
    return text


def _status(value: Any) -> int:
    status = int(value)
    if not 200 <= status <= 599:
        raise ValueError(f"{status} is no status of an answer")
    return status
