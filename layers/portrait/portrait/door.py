"""The door between API Gateway and a story: event in, reply out, one log line, metrics. The home of powertools.

Every answer leaves through here, so here and nowhere else stand the headers that every answer has: CORS, the request
id, `no-store`, and the rate headers once the minute was counted. A Problem becomes its JSON; anything else
that was raised is a fault of ours, logged with its trace and answered with 500.
"""

import base64
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from portrait import keys, routes, tariff
from portrait.ledger import Window
from portrait.problems import Fault, Internal, Problem
from portrait.settings import Settings
from portrait.trail import Trail

CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "x-remaining-credits, x-credits-consumed, x-request-id, x-person-coverage, "
    "ratelimit, ratelimit-policy, retry-after",
}
PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "x-api-key, content-type, accept, idempotency-key, x-request-id, user-agent",
    "Access-Control-Max-Age": "7200",
}
SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller sent. Header names are lower-case; `received_at` is the gateway's clock, s since 1970.

    `route` is the path as `routes.ROUTES` writes it, and `parameters` what stands in the place of its `{id}`;
    `source_ip` is whoever connected to the gateway, which behind CloudFront is CloudFront.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    request_id: str
    received_at: float
    query: Mapping[str, str] = field(default_factory=dict)
    source_ip: str = ""
    route: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the caller gets: HTTP status, own headers, body bytes (empty: none)."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of_json(cls, value: Mapping[str, Any], status: int = 200) -> "Reply":
        return cls(status, {"Content-Type": "application/json"}, json.dumps(value).encode())


Story = Callable[[Request, Trail], Reply]
LambdaHandler = Callable[[dict[str, Any], object], dict[str, Any]]


class Door:
    """Answers gateway events (API Gateway REST, proxy integration, payload 1.0) with a story."""

    def __init__(self, settings: Settings, service: str) -> None:
        self.settings = settings
        self.service = service
        self.logger = Logger(service=service, log_uncaught_exceptions=True)
        self.metrics = Metrics(namespace="PortraitDepth", service=service)
        self.is_cold = True

    def answer(self, event: dict[str, Any], story: Story) -> dict[str, Any]:
        """Answer one event. Never raises: what a caller gets is always ours."""
        begin = time.perf_counter()
        trail = Trail()
        problem: Problem | None = None
        try:
            request = _routed(_request(event))
            reply = _preflight() if request.method == "OPTIONS" else story(request, trail)
        except Problem as raised:
            problem = raised
        except Exception:
            self.logger.exception("fault", extra={"call_id": trail.call_id, "request_id": _request_id(event)})
            problem = Internal()
        if problem is not None:
            reply = self._refusal(problem, event)
        spent_ms = round(1000 * (time.perf_counter() - begin), 1)
        self._log(event, trail, reply.status, problem, spent_ms)
        self._count(trail, problem, spent_ms)
        return _event_reply(reply, event, trail)

    def traced(self, handler: LambdaHandler) -> LambdaHandler:
        """The handler with a span around each call, where the deployment traces. The SDK is not loaded otherwise."""
        if not self.settings.tracing:
            return handler
        from aws_lambda_powertools import Tracer  # noqa: PLC0415 - 60 ms of cold start that only tracing should pay

        def traced(event: dict[str, Any], context: object) -> dict[str, Any]:
            return handler(event, context)

        tracer = Tracer(service=self.service)
        return cast(LambdaHandler, tracer.capture_lambda_handler(traced, capture_response=False))

    def _refusal(self, problem: Problem, event: Mapping[str, Any]) -> Reply:
        """The JSON of a problem; RFC 9457's members are added, and its type named, for who asks for it."""
        body: dict[str, Any] = {
            "error": problem.text,
            "code": problem.code,
            "status": problem.status,
            "request_id": _request_id(event),
            "docs": f"{self.settings.docs_url}#{problem.code}",
        }
        content_type = "application/json"
        if "application/problem+json" in _headers(event).get("accept", "").lower():
            content_type = "application/problem+json"
            body |= {"type": body["docs"], "title": problem.code.replace("_", " "), "detail": problem.text}
        headers = {"Content-Type": content_type, **problem.headers}
        return Reply(problem.status, headers, json.dumps(body).encode())

    def _log(
        self, event: Mapping[str, Any], trail: Trail, status: int, problem: Problem | None, spent_ms: float
    ) -> None:
        """One line for each call: everything that helps, nothing of the picture, never a key."""
        line: dict[str, Any] = {
            "request_id": _request_id(event),
            "call_id": trail.call_id,
            "method": event.get("httpMethod"),
            "path": routes.name_of(str(event.get("path", ""))),
            "status": status,
            "outcome": problem.code if problem else "ok",
            "ms": spent_ms,
            "stages_ms": trail.stages_ms,
            "cold": self.is_cold,
            **trail.facts,
        }
        if isinstance(problem, Fault) and problem.__cause__:
            line["cause"] = _cause(problem.__cause__)
        if trail.caller:
            line |= {"account": trail.caller.account_id, "key": trail.caller.key_prefix}
        if trail.receipt:
            line |= {"credits_consumed": trail.receipt.consumed, "charge_certain": trail.receipt.certain}
        log = self.logger.error if isinstance(problem, Fault) else self.logger.info
        log("call", extra=line)

    def _count(self, trail: Trail, problem: Problem | None, spent_ms: float) -> None:
        """Metrics in CloudWatch's embedded format; the alarms of template.yaml read these names."""
        metrics = self.metrics
        metrics.add_metric("Calls", MetricUnit.Count, 1)
        metrics.add_metric("Duration", MetricUnit.Milliseconds, spent_ms)
        metrics.add_metric("Faults", MetricUnit.Count, isinstance(problem, Fault))
        metrics.add_metric("ColdStarts", MetricUnit.Count, self.is_cold)
        if trail.receipt:
            metrics.add_metric("CreditsConsumed", MetricUnit.Count, trail.receipt.consumed)
            metrics.add_metric("UncertainDebits", MetricUnit.Count, not trail.receipt.certain)
        if "odd_payment" in trail.facts:
            metrics.add_metric("OddPayments", MetricUnit.Count, 1)
        if "refused_mail" in trail.facts:
            metrics.add_metric("RefusedMail", MetricUnit.Count, 1)
        if "refused_signature" in trail.facts:
            metrics.add_metric("RefusedSignatures", MetricUnit.Count, 1)
        metrics.flush_metrics()
        self.is_cold = False


def _request(event: dict[str, Any]) -> Request:
    """The event as plain values. Takes the body out of it: 30 MB of picture should not be held twice."""
    body = event.pop("body", None) or ""
    context = event.get("requestContext") or {}
    return Request(
        method=str(event.get("httpMethod", "")).upper(),
        path=routes.plain(str(event.get("path", ""))),
        headers=_headers(event),
        body=base64.b64decode(body) if event.get("isBase64Encoded") else body.encode(),
        request_id=_request_id(event),
        received_at=context.get("requestTimeEpoch", time.time() * 1000) / 1000,
        query=event.get("queryStringParameters") or {},
        source_ip=str((context.get("identity") or {}).get("sourceIp") or ""),
    )


def _cause(error: BaseException) -> str:
    """What stood behind a fault, for the log: what kind of error, and of its text what comes before any value."""
    return f"{type(error).__name__}: {str(error).partition(':')[0]}"


def _headers(event: Mapping[str, Any]) -> dict[str, str]:
    return {name.lower(): value for name, value in (event.get("headers") or {}).items()}


def _request_id(event: Mapping[str, Any]) -> str:
    """The caller's, where it is sane; else the gateway's. For people to search logs by, for nothing else."""
    told = _headers(event).get("x-request-id", "")
    if SANE_REQUEST_ID.fullmatch(told) and not keys.is_told_in(told):
        return told
    return str((event.get("requestContext") or {}).get("requestId", ""))


def _routed(request: Request) -> Request:
    """The request, if its path and method exist. Raises UnknownUrl, MethodNotAllowed."""
    route, parameters = routes.of(request.method, request.path)
    return replace(request, route=route, parameters=parameters)


def _preflight() -> Reply:
    return Reply(204, PREFLIGHT)


def _rate_headers(window: Window) -> dict[str, str]:
    """The fields of the IETF draft draft-ietf-httpapi-ratelimit-headers."""
    return {
        "RateLimit-Policy": f'"default";q={window.allowed};w={tariff.WINDOW_S}',
        "RateLimit": f'"default";r={window.left};t={window.resets_in_s}',
    }


def _event_reply(reply: Reply, event: Mapping[str, Any], trail: Trail) -> dict[str, Any]:
    """The reply as the gateway wants it. Pictures are base64; JSON and tables stay text."""
    headers = {
        **CORS,
        "Cache-Control": "no-store",
        "Vary": "Accept",
        "X-Content-Type-Options": "nosniff",
        "x-request-id": _request_id(event),
        **(_rate_headers(trail.window) if trail.window else {}),
        **reply.headers,
    }
    is_text = not reply.body or re.search("json|text", reply.headers.get("Content-Type", "")) is not None
    return {
        "statusCode": reply.status,
        "headers": headers,
        "isBase64Encoded": not is_text,
        "body": (reply.body if is_text else base64.b64encode(reply.body)).decode(),
    }
