"""Which function a request goes to, and what the gateway says by itself."""

import json

import pytest

from infra.local.event import HttpRequest
from infra.local.gateway import Gateway, Refused
from infra.local.template import GatewayResponse, Route

ROUTES = [
    Route("/{proxy+}", "ANY", "rest", ()),
    Route("/", "ANY", "root", ()),
    Route("/a", "ANY", "any", ()),
    Route("/a", "POST", "post", ("x-api-key",)),
    Route("/a/{id}", "GET", "one", ()),
    Route("/a/{proxy+}", "GET", "below", ()),
    Route("/a.b", "GET", "dotted", ()),
]
RESPONSES = {
    "DEFAULT_4XX": GatewayResponse(400, {"X-From": "4xx"}, '{"error":"no","status":400,"id":"$context.requestId"}'),
    "DEFAULT_5XX": GatewayResponse(502, {}, '{"error":"down","status":502}'),
    "THROTTLED": GatewayResponse(429, {"Retry-After": "1"}, '{"error":"slow down"}'),
}
REQUEST = HttpRequest("GET", "/", "", (), b"", "127.0.0.1", request_id="the-id")


@pytest.mark.parametrize(
    ("method", "path", "function"),
    [
        ("POST", "/a", "post"),
        ("PUT", "/a", "any"),
        ("POST", "//a/", "post"),
        ("GET", "/", "root"),
        ("GET", "///", "root"),
        ("GET", "/a/5", "one"),
        ("GET", "/a/5/6", "below"),
        ("GET", "/a.b", "dotted"),
        ("GET", "/axb", "rest"),
        ("GET", "/A", "rest"),
    ],
)
def test_the_most_exact_route_wins(method: str, path: str, function: str) -> None:
    assert Gateway(ROUTES, RESPONSES).match(method, path).route.function == function


def test_what_stood_in_the_path_is_decoded() -> None:
    assert Gateway(ROUTES, RESPONSES).match("GET", "/a/b%20c/d").parameters == {"proxy": "b c/d"}


def test_no_route_is_what_api_gateway_calls_a_missing_token() -> None:
    with pytest.raises(Refused) as refused:
        Gateway(ROUTES[1:2], RESPONSES).match("GET", "/b")
    assert refused.value.kind == "MISSING_AUTHENTICATION_TOKEN"


def test_a_resource_without_the_method_is_not_replaced_by_a_less_exact_one() -> None:
    with pytest.raises(Refused) as refused:
        Gateway(ROUTES, RESPONSES).match("POST", "/a/5")
    assert refused.value.kind == "MISSING_AUTHENTICATION_TOKEN"


@pytest.mark.parametrize("headers", [{}, {"x-api-key": ""}, {"x-api-key": "  "}])
def test_a_required_header_must_be_there_and_not_blank(headers: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        Gateway(ROUTES, RESPONSES).validate(ROUTES[3], headers)
    assert refused.value.kind == "BAD_REQUEST_PARAMETERS"


@pytest.mark.parametrize(
    ("refused", "status", "body"),
    [
        (Refused("THROTTLED"), 429, {"error": "slow down"}),
        (Refused("WAF_FILTERED"), 400, {"error": "no", "status": 400, "id": "the-id"}),
        (Refused("INTEGRATION_TIMEOUT"), 502, {"error": "down", "status": 502}),
        (Refused("DEFAULT_4XX", 431, "long"), 431, {"error": "long", "status": 431, "id": "the-id"}),
    ],
)
def test_answers_are_the_template_s_or_its_defaults(refused: Refused, status: int, body: dict[str, object]) -> None:
    answer = Gateway(ROUTES, RESPONSES).answer(refused, REQUEST)
    assert (answer.status, json.loads(answer.body)) == (status, body)


def test_a_template_without_responses_gets_api_gateway_s_own() -> None:
    answer = Gateway(ROUTES, {}).answer(Refused("THROTTLED"), REQUEST)
    assert json.loads(answer.body) == {"message": "THROTTLED"}
