"""The event's edges: what is null, what repeats, what is no answer."""

import base64
import json

import pytest

from infra.local import event
from infra.local.event import HttpRequest, MalformedAnswer


def made(**changes: object) -> dict[str, object]:
    values = {"method": "POST", "path": "/a", "query": "", "headers": (), "body": b"", "source_ip": "1.2.3.4"}
    request = HttpRequest(**{**values, **changes})  # type: ignore[arg-type]
    result = json.loads(event.of_request(request, "/a", {}))
    assert isinstance(result, dict)
    return result


def test_what_is_not_there_is_null() -> None:
    empty = made()
    names = ("headers", "multiValueHeaders", "queryStringParameters", "pathParameters", "stageVariables", "body")
    assert [empty[name] for name in names] == [None] * 6


def test_the_last_of_repeated_headers_and_all_of_them() -> None:
    told = made(headers=(("Accept", "a"), ("Accept", "b")))
    assert told["headers"] == {"Accept": "b"}
    assert told["multiValueHeaders"] == {"Accept": ["a", "b"]}


@pytest.mark.parametrize("body", [b"x", b'"\\\x00\xff', bytes(range(256)) * 5])
def test_a_body_is_base64_whatever_it_holds(body: bytes) -> None:
    told = made(body=body)
    assert told["isBase64Encoded"] is True
    assert base64.b64decode(str(told["body"])) == body


def test_headers_that_are_not_ascii_pass() -> None:
    assert made(headers=(("x-a", "\xe9"),))["headers"] == {"x-a": "\xe9"}


def test_an_answer_s_single_and_multiple_headers_are_one_list() -> None:
    result = {"statusCode": "200", "headers": {"a": 1, "b": True}, "multiValueHeaders": {"a": ["x", "y"]}, "body": None}
    answer = event.answer_of(json.dumps(result).encode())
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers == (("a", "x"), ("a", "y"), ("b", "true"))


@pytest.mark.parametrize(
    "result",
    [
        "null",
        "[]",
        "{}",
        "nonsense",
        '{"statusCode": 99}',
        '{"statusCode": 700}',
        '{"statusCode": 200, "body": 5}',
        '{"statusCode": 200, "body": "?", "isBase64Encoded": true}',
        '{"statusCode": 200, "headers": {"a": ["b"]}}',
        '{"statusCode": 200, "headers": {"a": "b\\nc"}}',
        '{"statusCode": 200, "headers": {"a:": "b"}}',
        '{"statusCode": 200, "headers": {"a": "\\u20ac"}}',
    ],
)
def test_what_a_proxy_integration_must_not_return(result: str) -> None:
    with pytest.raises(MalformedAnswer):
        event.answer_of(result.encode())
