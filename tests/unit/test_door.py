"""The door: events in, replies out, whatever happens behind it."""

import base64
import json
import uuid
from typing import Any

import pytest

from portrait.door import Door, Reply, Request
from portrait.ledger import Caller, Receipt, Window
from portrait.problems import NoCredits, Unavailable
from portrait.settings import Settings
from portrait.trail import Trail
from tests.unit.test_settings import GOOD

KEY = "pd_live_0000000000000000000000000XXXXX"


def new_door() -> Door:
    """A door with a logger of its own: powertools' loggers keep the stream that they were born with."""
    return Door(Settings.read(GOOD), f"test-{uuid.uuid4()}")


def event(**changes: Any) -> dict[str, Any]:
    return {
        "httpMethod": "POST",
        "path": "/portrait-depth-estimation/v1",
        "headers": {"X-Api-Key": KEY, "Accept": "*/*"},
        "requestContext": {"requestId": "from-the-gateway", "requestTimeEpoch": 1_700_000_000_500},
        "isBase64Encoded": True,
        "body": base64.b64encode(b"\x00\xffpicture").decode(),
        **changes,
    }


def test_a_story_gets_plain_values_and_its_reply_goes_out() -> None:
    seen: list[Request] = []

    def story(request: Request, trail: Trail) -> Reply:
        seen.append(request)
        return Reply(200, {"Content-Type": "image/jpeg"}, b"\xff\xd8")

    reply = new_door().answer(event(), story)
    assert seen[0].body == b"\x00\xffpicture"
    assert seen[0].headers["x-api-key"] == KEY
    assert seen[0].received_at == 1_700_000_000.5
    assert reply["statusCode"] == 200
    assert reply["isBase64Encoded"] and base64.b64decode(reply["body"]) == b"\xff\xd8"
    assert reply["headers"]["Access-Control-Allow-Origin"] == "*"
    assert reply["headers"]["Cache-Control"] == "no-store"
    assert reply["headers"]["x-request-id"] == "from-the-gateway"


def refuse(request: Request, trail: Trail) -> Reply:
    trail.caller = Caller("acct", "digest", "pd_live_000000", 60)
    trail.window = Window(allowed=60, used=61, resets_in_s=17)
    raise NoCredits()


def test_a_problem_becomes_its_json_with_the_error_first() -> None:
    reply = new_door().answer(event(), refuse)
    assert (reply["statusCode"], reply["headers"]["Content-Type"]) == (402, "application/json")
    body = json.loads(reply["body"])
    assert list(body) == ["error", "code", "status", "request_id", "docs"]
    assert (body["error"], body["code"], body["status"]) == ("Your account has no remaining credits", "no_credits", 402)
    assert body["docs"] == "https://example.com/docs#no_credits"
    assert reply["headers"]["RateLimit"] == '"default";r=0;t=17'
    assert reply["headers"]["RateLimit-Policy"] == '"default";q=60;w=60'


def test_problem_json_is_answered_to_who_names_it() -> None:
    reply = new_door().answer(event(headers={"accept": "application/problem+json, */*"}), refuse)
    assert reply["headers"]["Content-Type"] == "application/problem+json"
    body = json.loads(reply["body"])
    assert body["error"] == body["detail"] == "Your account has no remaining credits"


def test_whatever_else_is_raised_is_our_fault_and_told_without_details(capsys: pytest.CaptureFixture[str]) -> None:
    def story(request: Request, trail: Trail) -> Reply:
        raise RuntimeError("secret detail")

    reply = new_door().answer(event(), story)
    assert reply["statusCode"] == 500
    assert "secret detail" not in reply["body"]
    assert "secret detail" in capsys.readouterr().out


def test_headers_of_a_problem_are_sent() -> None:
    def story(request: Request, trail: Trail) -> Reply:
        raise Unavailable(retry_after_s=2)

    assert new_door().answer(event(), story)["headers"]["Retry-After"] == "2"


def never(request: Request, trail: Trail) -> Reply:
    raise AssertionError("the story must not be told")


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "GET", 404),
        ("/portrait-depth-estimation", "POST", 404),
        ("/portrait-depth-estimation/v2", "POST", 404),
        ("/portrait-depth-estimation/v1", "GET", 405),
        ("/portrait-surface-normals", "POST", 404),
        ("/portrait-surface-normals/v1", "PUT", 405),
        ("/portrait-depth-estimation/v1", "HEAD", 405),
        ("/account/v1", "PATCH", 405),
        ("/account/v1/keys/{id}", "GET", 405),
        ("/account/v1/keys/a/b", "DELETE", 404),
        ("/account/v1/keys/", "PUT", 405),
        ("/portrait-depth-estimation/v1", "OPTIONS", 204),
        ("/nowhere", "OPTIONS", 404),
    ],
)
def test_what_is_no_call_is_answered_without_telling_the_story(path: str, method: str, status: int) -> None:
    reply = new_door().answer(event(path=path, httpMethod=method), never)
    assert reply["statusCode"] == status
    if status == 405:
        assert reply["headers"]["Allow"].endswith("OPTIONS")
    if status == 204:
        assert "idempotency-key" in reply["headers"]["Access-Control-Allow-Headers"]


def test_a_path_with_a_parameter_is_taken_apart() -> None:
    seen: list[Request] = []

    def story(request: Request, trail: Trail) -> Reply:
        seen.append(request)
        return Reply(200, {"Content-Type": "text/csv"}, "note\nä\n".encode())

    changes = {"queryStringParameters": {"days": "7"}, "requestContext": {"identity": {"sourceIp": "192.0.2.7"}}}
    reply = new_door().answer(event(path="/account/v1/keys/a%20b", httpMethod="DELETE", **changes), story)
    assert (seen[0].route, seen[0].parameters) == ("/account/v1/keys/{id}", {"id": "a b"})
    assert (seen[0].query, seen[0].source_ip) == ({"days": "7"}, "192.0.2.7")
    assert (reply["isBase64Encoded"], reply["body"]) == (False, "note\nä\n")


def test_the_log_tells_the_route_and_not_what_stands_in_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    new_door().answer(event(path="/account/v1/keys/5e884898da28", httpMethod="DELETE"), refuse)
    out = capsys.readouterr().out
    assert "5e884898da28" not in out and '"path":"/account/v1/keys/{id}"' in out


@pytest.mark.parametrize("path", ["/portrait-depth-estimation/v1/", "//portrait-depth-estimation///v1"])
def test_doubled_slashes_and_one_at_the_end_are_accepted(path: str) -> None:
    reply = new_door().answer(event(path=path), lambda request, trail: Reply(200))
    assert reply["statusCode"] == 200


@pytest.mark.parametrize(
    ("told", "answered"),
    [
        ("my-id:1.2_3", "my-id:1.2_3"),
        ("a" * 129, "from-the-gateway"),
        ("line\nbreak", "from-the-gateway"),
        (f"id:{KEY}", "from-the-gateway"),
    ],
)
def test_a_sane_request_id_is_echoed_and_no_other(told: str, answered: str) -> None:
    reply = new_door().answer(event(headers={"x-request-id": told}), refuse)
    assert reply["headers"]["x-request-id"] == answered
    assert json.loads(reply["body"])["request_id"] == answered


def test_the_log_has_one_line_for_a_call_and_no_key_and_no_content(capsys: pytest.CaptureFixture[str]) -> None:
    def story(request: Request, trail: Trail) -> Reply:
        with trail.stage("decode"):
            pass
        trail.caller = Caller("acct", "digest", "pd_live_000000", 60)
        trail.receipt = Receipt(consumed=1, remaining=9, certain=False)
        return Reply(200, {"Content-Type": "image/jpeg"}, b"\xff\xd8")

    new_door().answer(event(), story)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    calls = [line for line in lines if line.get("message") == "call"]
    assert len(calls) == 1
    assert (calls[0]["status"], calls[0]["account"], calls[0]["key"]) == (200, "acct", "pd_live_000000")
    assert calls[0]["charge_certain"] is False and "decode" in calls[0]["stages_ms"]
    assert KEY not in json.dumps(lines) and "picture" not in json.dumps(lines)
    metrics = next(line for line in lines if "_aws" in line)
    assert metrics["UncertainDebits"] == [1.0]


def test_a_key_in_the_path_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    new_door().answer(event(path=f"/portrait/{KEY}"), never)
    out = capsys.readouterr().out
    assert KEY not in out and '"path":"unknown"' in out


@pytest.mark.parametrize(
    "broken",
    [
        {"headers": None},
        {"requestContext": None},
        {"body": None},
        {"body": "not base64 \udcff"},
        {"httpMethod": None, "path": None},
        {"headers": {}, "isBase64Encoded": False, "body": "text"},
    ],
)
def test_no_event_at_all_makes_the_door_raise(broken: dict[str, Any]) -> None:
    reply = new_door().answer(event(**broken), refuse)
    assert reply["statusCode"] in (402, 404, 405, 500)
