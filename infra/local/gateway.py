"""API Gateway's own decisions: which function a request goes to, and the answers that it makes without one."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from infra.local.event import HttpAnswer, HttpRequest
from infra.local.template import PLAIN_BODY, GatewayResponse, Route

MEGABYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How large and how slow a request may be. Sizes in bytes, times in seconds."""

    header_bytes: int = 10_240
    """Request line and headers together, as in API Gateway."""
    request_bytes: int = 32 * MEGABYTE
    """A body: 30 MB of picture and the form around it."""
    too_large: str | None = "Input image file is too big: at most 30 MB"
    """What a larger body is told; None: the template's sentence, which is about AWS."""
    event_bytes: int | None = None
    answer_bytes: int | None = None
    head_s: float = 10.0
    """Until the headers are complete."""
    silence_s: float = 10.0
    """Between two pieces of a body."""
    body_s: float = 120.0
    """Until the body is complete: 30 MB at 2 Mbit/s."""

    @classmethod
    def of_aws(cls) -> "Limits":
        """API Gateway's 10 MB for a request, Lambda's 6 MB for event and answer (both as JSON)."""
        return cls(request_bytes=10 * MEGABYTE, too_large=None, event_bytes=6_291_456, answer_bytes=6_291_556)


class Refused(Exception):
    """The gateway answers itself. `kind` is a response type of API Gateway, whose status and sentence the template
    gives; others stand here where AWS has no type for what happened."""

    def __init__(self, kind: str, status: int | None = None, sentence: str | None = None) -> None:
        super().__init__(kind)
        self.kind = kind
        self.status = status
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Match:
    """A route that fits a path, and what stood in the place of `{proxy+}`."""

    route: Route
    parameters: Mapping[str, str]


class Gateway:
    """Routes and gateway responses of the template."""

    def __init__(self, routes: Sequence[Route], responses: Mapping[str, GatewayResponse]) -> None:
        # Fixed paths go before those with parameters, and these before `{proxy+}`: the most exact one wins, as on AWS.
        paths = sorted({route.path for route in routes}, key=lambda path: ("{" in path, "+}" in path, -len(path)))
        self._patterns = [(_pattern(path), path) for path in paths]
        self._routes = {(route.path, route.method): route for route in routes}
        self._responses = responses

    def match(self, method: str, path: str) -> Match:
        """The route of a request; `//` counts as `/`, one `/` at the end is ignored. Raises Refused."""
        plain = re.sub("/{2,}", "/", path)
        plain = plain.removesuffix("/") or "/"
        for pattern, resource in self._patterns:
            if found := pattern.fullmatch(plain):
                route = self._routes.get((resource, method)) or self._routes.get((resource, "ANY"))
                if route is None:
                    break  # the resource lacks the method; a less exact one does not step in
                return Match(route, {name: unquote(text) for name, text in found.groupdict().items()})
        raise Refused("MISSING_AUTHENTICATION_TOKEN")

    def validate(self, route: Route, headers: Mapping[str, str]) -> None:
        """The request validator: headers that the route requires are there and not blank. Raises Refused."""
        if any(not headers.get(name, "").strip() for name in route.required_headers):
            raise Refused("BAD_REQUEST_PARAMETERS")

    def answer(self, refused: Refused, request: HttpRequest) -> HttpAnswer:
        """The gateway response of the template, or its DEFAULT_4XX or DEFAULT_5XX, with variables filled in."""
        default = f"DEFAULT_{'5' if refused.kind in SERVER_SIDE else '4'}XX"
        response = self._responses.get(refused.kind) or self._responses.get(default) or PLAIN
        status = refused.status or response.status
        values = {
            "$context.requestId": request.request_id,
            "$context.extendedRequestId": request.request_id,
            "$context.error.responseType": refused.kind,
            "$context.error.messageString": json.dumps(refused.kind),
            "$context.error.message": refused.kind,
        }
        body = _filled(response.body, values)
        if refused.sentence:
            body = _restated(body, status, refused.sentence)
        named = {"Content-Type": "application/json", **response.headers}
        headers = tuple((name, _filled(text, values)) for name, text in named.items())
        return HttpAnswer(status, headers, body.encode())


SERVER_SIDE: Final = frozenset(
    {"INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT", "API_CONFIGURATION_ERROR", "AUTHORIZER_CONFIGURATION_ERROR"}
)
PLAIN: Final = GatewayResponse(500, {}, PLAIN_BODY)


def _pattern(path: str) -> re.Pattern[str]:
    """`/a/{b}/{proxy+}` as a pattern over paths."""
    pieces = re.split(r"\{([A-Za-z0-9_]+)(\+?)\}", path)
    text = ""
    for literal, name, greedy in zip(pieces[::3], [*pieces[1::3], ""], [*pieces[2::3], ""], strict=True):
        text += re.escape(literal)
        if name:
            text += f"(?P<{name}>{'.+' if greedy else '[^/]+'})"
    return re.compile(text, re.DOTALL)


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def _restated(body: str, status: int, sentence: str) -> str:
    """The body of the template with the status and sentence of what happened on this machine only."""
    try:
        value = json.loads(body)
    except ValueError:
        return body
    if "status" in value:
        value["status"] = status
    if "error" in value:
        value["error"] = sentence
    return json.dumps(value)
