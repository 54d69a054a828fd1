"""infra/openapi.yaml against what it describes: problems, tariff, options, the door, and the template's routes."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import openapi_spec_validator
import pytest
import yaml
from samtranslator.yaml_helper import yaml_parse

from depth import answer
from depth.ports import Subject
from portrait import door, keys, problems, routes, tariff
from portrait.settings import Settings
from tests.membership import Office
from tests.unit.test_settings import GOOD

ROOT = Path(__file__).parents[2]
DEPTH_PATH = f"/{tariff.DEPTH_ENDPOINT}"
NORMALS_PATH = f"/{tariff.NORMALS_ENDPOINT}"

GATEWAY_CODES = {"gateway": {502, 504}, "refused": {400, 403}}
"""What only the gateway says; everything else is a Problem's."""

SITE_CODES = {
    "already_claimed",
    "buying_off",
    "cross_site",
    "invalid_body",
    "invalid_email",
    "invalid_signature",
    "not_signed_in",
    "too_many_keys",
    "unknown_key",
    "unknown_pack",
    "unsupported_media_type",
    "wrong_code",
}
"""What only the site's calls answer: sessions, keys, claim, statement, payments."""


@cache
def contract() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "infra/openapi.yaml").read_text())
    return loaded


def resolved(value: Mapping[str, Any]) -> dict[str, Any]:
    """What a $ref of this file points at; anything else as it is."""
    found: Any = value
    while "$ref" in found:
        node: Any = contract()
        for step in found["$ref"].removeprefix("#/").split("/"):
            node = node[step]
        found = node
    return dict(found)


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in contract()["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def concrete(kind: type[problems.Problem]) -> Iterator[type[problems.Problem]]:
    for child in kind.__subclasses__():
        yield from concrete(child)
        if "status" in child.__dict__:
            yield child


PROBLEMS = {problem.code: problem for problem in concrete(problems.Problem)}
WORDED = {
    "method_not_allowed": [problems.MethodNotAllowed("POST").text, problems.MethodNotAllowed("GET").text],
    "rate_limited": [problems.RateLimited(1).text],
    "invalid_option": [
        problems.InvalidOption("output", answer.outputs(Subject.DEPTH)).text,
        problems.InvalidOption("days", ("1 to 90",)).text,
    ],
    "invalid_body": [problems.InvalidBody().text],
    "image_file_too_big": [problems.ImageFileTooBig(tariff.FILE_BYTES + 1).text],
    "image_format": [problems.ImageFormat().text],
    "image_resolution": [problems.ImageResolution(5_010, 5_010).text],
    "image_unreadable": [problems.ImageUnreadable("it ends too early").text],
}
"""The sentences of problems that are worded for each case, as the examples show them."""


def error_responses() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, response in contract()["components"]["responses"].items():
        if "x-codes" in response:
            yield name, response


def examples(response: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    given = response["content"]["application/json"]["examples"]
    return {name: example["value"] for name, example in given.items()}


def codes_of(operation: Mapping[str, Any]) -> dict[int, set[str]]:
    """Status -> codes, of the errors that an operation may answer with."""
    found = {int(status): resolved(response) for status, response in operation["responses"].items()}
    return {status: set(response["x-codes"]) for status, response in found.items() if "x-codes" in response}


def test_it_is_valid_openapi() -> None:
    openapi_spec_validator.validate(contract())
    assert contract()["openapi"].startswith("3.1.")


def test_it_is_the_version_that_is_released() -> None:
    template = yaml_parse((ROOT / "template.yaml").read_text())
    assert contract()["info"]["version"] == template["Parameters"]["Release"]["Default"]


# ---- problems -----------------------------------------------------------------------------------------


def test_every_code_there_is_is_listed_and_no_other() -> None:
    listed = contract()["components"]["schemas"]["Error"]["properties"]["code"]["enum"]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(PROBLEMS) | set(GATEWAY_CODES)


def test_every_problem_is_an_answer_of_its_status() -> None:
    stated = {
        (code, value["status"]) for _, response in error_responses() for code, value in examples(response).items()
    }
    ours = {(code, problem.status) for code, problem in PROBLEMS.items()}
    gateways = {(code, status) for code, statuses in GATEWAY_CODES.items() for status in statuses}
    assert stated == ours | gateways


@pytest.mark.parametrize("path", [DEPTH_PATH, NORMALS_PATH])
def test_a_call_may_end_in_every_problem_and_only_normals_may_be_missing(path: str) -> None:
    found = codes_of(contract()["paths"][path]["post"])
    expected: dict[int, set[str]] = {}
    for code, problem in PROBLEMS.items():
        if code not in SITE_CODES and (code != "unknown_url" or path == NORMALS_PATH):
            expected.setdefault(problem.status, set()).add(code)
    for code, statuses in GATEWAY_CODES.items():
        for status in statuses:
            expected.setdefault(status, set()).add(code)
    assert found == expected


@pytest.mark.parametrize("name", dict(error_responses()))
def test_examples_are_what_the_code_says(name: str) -> None:
    response = contract()["components"]["responses"][name]
    given = examples(response)
    assert set(given) == set(response["x-codes"])
    schema = contract()["components"]["schemas"]["Error"]
    for code, value in given.items():
        jsonschema.validate(value, schema)
        assert value["code"] == code
        assert value["docs"].endswith(f"#{code}")
        if code in PROBLEMS:
            problem = PROBLEMS[code]
            sentences = WORDED.get(code) or [problem.sentence]
            assert value["error"] in sentences
            assert value["status"] == problem.status


@pytest.mark.parametrize("name", dict(error_responses()))
def test_headers_that_a_problem_brings_are_described(name: str) -> None:
    response = contract()["components"]["responses"][name]
    brings = {
        "method_not_allowed": "Allow",
        "rate_limited": "Retry-After",
        "unavailable": "Retry-After",
        "buying_off": "Retry-After",
    }
    for code in response["x-codes"]:
        if code in brings:
            assert resolved(response["headers"][brings[code]])["required"] is True
    for header in ("Allow", "Retry-After"):
        assert (header in response["headers"]) == (header in {brings.get(code) for code in response["x-codes"]})


def test_words_that_make_clients_switch_keys_stand_in_two_answers_only() -> None:
    for _, response in error_responses():
        for code, value in examples(response).items():
            if code not in ("no_credits", "rate_limited"):
                assert not re.search("quota|credit|limit|exceeded", value["error"].lower()), value["error"]
            if code.startswith("image_"):
                assert "image" in value["error"].lower()


# ---- routes -------------------------------------------------------------------------------------------


def test_paths_and_methods_are_the_doors() -> None:
    stated: dict[str, set[str]] = {}
    for path, method, _ in operations():
        stated.setdefault(path, set()).add(method.upper())
    assert stated == {path: {*methods, "OPTIONS"} for path, methods in routes.ROUTES.items()}


def test_every_operation_reaches_a_function_of_the_template() -> None:
    template = yaml_parse((ROOT / "template.yaml").read_text())
    events = [
        (event["Properties"]["Path"], event["Properties"]["Method"].upper(), name)
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
        for event in resource["Properties"]["Events"].values()
    ]
    routes = {(path, method): name for path, method, name in events}
    for path, method, operation in operations():
        reached = routes.get((path, method.upper())) or routes[path, "ANY"]
        is_call = (path, method) in ((DEPTH_PATH, "post"), (NORMALS_PATH, "post"))
        is_selling = operation["tags"] == ["payments"]
        expected = "DepthFunction" if is_call else "PaymentsFunction" if is_selling else "AccountFunction"
        assert reached == expected, (path, method)


def test_who_must_show_what() -> None:
    schemes = contract()["components"]["securitySchemes"]
    assert {name: (own["type"], own["in"], own["name"]) for name, own in schemes.items()} == {
        "key": ("apiKey", "header", "x-api-key"),
        "session": ("apiKey", "cookie", "__Host-session"),
    }
    shown: dict[str, set[tuple[str, str]]] = {"": set(), "key": set(), "session": set()}
    for path, method, own in operations():
        security = own.get("security", contract()["security"])
        shown["".join(name for choice in security for name in choice)].add((path, method))
    assert shown[""] == {
        ("/health", "get"),
        ("/session/v1/code", "post"),
        ("/session/v1", "post"),
        ("/account/v1/packs", "get"),
        ("/payments/v1/webhook", "post"),
        *((path, "options") for path in routes.ROUTES),
    }
    assert {path for path, _ in shown["session"]} == {
        path for path in routes.ROUTES if path.startswith(("/account/v1", "/session/v1"))
    } - {"/session/v1/code", "/account/v1/packs"}
    assert ("/account/v1", "get") in shown["key"]


# ---- headers ------------------------------------------------------------------------------------------


def headers_of(name: str) -> dict[str, Any]:
    return {
        key.lower(): resolved(value) for key, value in contract()["components"]["responses"][name]["headers"].items()
    }


def test_every_answer_may_be_read_by_a_page_and_is_kept_by_nobody() -> None:
    for path, method, operation in operations():
        for status, response in operation["responses"].items():
            headers = {name.lower(): resolved(value) for name, value in resolved(response)["headers"].items()}
            for name, value in door.CORS.items():
                assert headers[name.lower()]["schema"]["const"] == value, (path, method, status)
            assert headers["cache-control"]["schema"]["const"] == "no-store"
            assert "x-request-id" in headers


def test_preflights_are_answered_as_the_door_does() -> None:
    headers = headers_of("Preflight")
    stated = {name: str(headers[name.lower()]["schema"]["const"]) for name in door.PREFLIGHT}
    assert stated == door.PREFLIGHT


def test_what_may_be_read_is_what_is_described() -> None:
    described = {name.lower() for _, response in error_responses() for name in response["headers"]}
    described |= set(headers_of("DepthMap"))
    exposed = {name.strip() for name in door.CORS["Access-Control-Expose-Headers"].split(",")}
    assert exposed <= described
    assert {"x-remaining-credits", "x-credits-consumed", "x-person-coverage"} <= set(headers_of("DepthMap"))


def test_request_ids_that_are_echoed_are_the_doors() -> None:
    pattern = contract()["components"]["parameters"]["RequestId"]["schema"]["pattern"]
    assert pattern == f"^{door.SANE_REQUEST_ID.pattern}$"


# ---- options and numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "subject"), [(DEPTH_PATH, Subject.DEPTH), (NORMALS_PATH, Subject.NORMALS)])
def test_options_are_the_codes(path: str, subject: Subject) -> None:
    form = resolved(contract()["paths"][path]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"])
    assert form["required"] == ["image_file"]
    assert set(form["properties"]) == {"image_file", "output_format", "output"}
    assert form["properties"]["output_format"]["enum"] == list(answer.MEDIA_TYPES)
    assert form["properties"]["output"]["enum"] == list(answer.outputs(subject))
    assert form["properties"]["output"]["default"] == answer.options({}, "jpeg", subject).output


@pytest.mark.parametrize("path", [DEPTH_PATH, NORMALS_PATH])
def test_formats_of_the_answer_are_the_codes(path: str) -> None:
    answered = resolved(contract()["paths"][path]["post"]["responses"]["200"])
    assert set(answered["content"]) == set(answer.MEDIA_TYPES.values())


def test_numbers_are_the_tariffs() -> None:
    post = contract()["paths"][DEPTH_PATH]["post"]["description"]
    repeat = contract()["components"]["parameters"]["IdempotencyKey"]
    account = contract()["components"]["schemas"]["Account"]["properties"]
    checkout = contract()["paths"]["/account/v1/checkout"]["post"]["description"]
    assert f"Costs {tariff.CALL_CREDITS} credit " in post
    assert f"At most {tariff.CHECKOUTS_AN_HOUR} an hour" in checkout
    assert f"within {tariff.ANSWER_WITHIN_S:.0f} s" in post
    assert f"{tariff.FILE_BYTES // tariff.MEGABYTE} MB ({tariff.FILE_BYTES} bytes)" in post
    assert f"{tariff.PIXELS // 1_000_000} megapixels ({tariff.PIXELS} pixels)" in post
    assert repeat["schema"]["maxLength"] == tariff.IDEMPOTENCY_KEY_CHARACTERS
    assert f"at most {tariff.IDEMPOTENCY_KEY_CHARACTERS}\n" in repeat["description"]
    assert (
        f"{tariff.IDEMPOTENT_REPEATS} such repeats in\n{tariff.IDEMPOTENT_WITHIN_S // 3600} h" in repeat["description"]
    )
    assert account["credits_per_call"]["const"] == tariff.CALL_CREDITS
    policy = contract()["components"]["headers"]["RateLimitPolicy"]["example"]
    assert policy == f'"default";q={tariff.CALLS_PER_MINUTE};w={tariff.WINDOW_S}'


# ---- what the small function really answers -----------------------------------------------------------


KEY = keys.make()


def asked(path: str, key: str = "") -> tuple[int, dict[str, str], Any]:
    office = Office(Settings.read(GOOD))
    office.ledger.create_account("one", office.clock.now)
    office.ledger.add_key("one", KEY, "", office.clock.now)
    answered = office.ask("GET", path, x_api_key=key)
    return answered.status, answered.headers, answered.json


def schema_of(path: str) -> dict[str, Any]:
    content = contract()["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    jsonschema.validate(content["example"], resolved(content["schema"]))
    return resolved(content["schema"])


@pytest.mark.parametrize(("path", "key"), [("/health", ""), ("/account/v1", KEY)], ids=["health", "account"])
def test_the_small_function_answers_as_described(path: str, key: str) -> None:
    status, headers, value = asked(path, key)
    assert status == 200
    jsonschema.validate(value, schema_of(path) | {"additionalProperties": False})
    stated = contract()["paths"][path]["get"]["responses"]["200"]["headers"]
    assert {name.lower() for name in stated} <= {name.lower() for name in headers}


def test_errors_answer_as_described() -> None:
    for path, key in (("/account/v1", ""), ("/account/v1", keys.make()), ("/nowhere", "")):
        status, _, value = asked(path, key)
        assert status >= 400
        schema = contract()["components"]["schemas"]["Error"]
        jsonschema.validate(value, schema | {"additionalProperties": False})
        assert list(value) == schema["required"]
