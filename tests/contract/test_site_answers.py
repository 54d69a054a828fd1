"""What the site's calls answer, against infra/openapi.yaml: every status, body and header of a whole visit."""

import copy
from typing import Any

import jsonschema
import pytest

from portrait import keys, routes, tariff
from portrait.settings import Settings
from tests.contract.test_openapi import contract, operations, resolved
from tests.membership import SITE_URL, Answer, Office
from tests.unit.test_settings import GOOD

ELSEWHERE = {"/account/v1/packs", "/account/v1/checkout", "/payments/v1/webhook"}
"""What another function answers."""


class Visit:
    """A visitor whose every answer is held to the contract. `seen`: operations that succeeded."""

    def __init__(self) -> None:
        self.office = Office(Settings.read({**GOOD, "SITE_URL": SITE_URL}))
        self.seen: set[tuple[str, str]] = set()
        self.cookie = ""

    def ask(self, method: str, path: str, body: Any = None, **changes: Any) -> Answer:
        answer = self.office.ask(method, path, body, cookie=self.cookie, **changes)
        route = next(route for route in routes.ROUTES if fits(route, path.partition("?")[0]))
        operation = contract()["paths"][route][method.lower()]
        described = resolved(operation["responses"][str(answer.status)])
        self._hold(answer, described, (method, path, answer.status))
        if answer.status < 300:
            self.seen.add((method, route))
        return answer

    def _hold(self, answer: Answer, described: dict[str, Any], where: tuple[str, str, int]) -> None:
        told = {name.lower(): value for name, value in answer.headers.items()}
        for name, header in described["headers"].items():
            schema = resolved(header)["schema"]
            if resolved(header).get("required"):
                assert name.lower() in told, (*where, name)
            if "const" in schema and name.lower() in told:
                assert told[name.lower()] == str(schema["const"]), (*where, name)
        content = described.get("content", {})
        if not content:
            assert answer.text == "", where
            return
        media_type = told["content-type"].partition(";")[0]
        assert media_type in content, where
        if media_type == "application/json":
            jsonschema.validate(answer.json, strict(content[media_type]["schema"]))
        if "x-codes" in described:
            assert answer.json["code"] in described["x-codes"], where


def fits(route: str, path: str) -> bool:
    steps, asked = route.split("/"), path.split("/")
    return len(steps) == len(asked) and all(a == b or a == "{id}" for a, b in zip(steps, asked, strict=True))


def strict(schema: Any) -> Any:
    """The schema with its references in place, and closed: what is answered and not described is found."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: strict(part) for name, part in copy.deepcopy(resolved(schema)).items()}
    if "allOf" in found:
        merged: dict[str, Any] = {"type": "object", "required": [], "properties": {}}
        for part in found["allOf"]:
            merged["required"] += part["required"]
            merged["properties"] |= part["properties"]
        found = merged
    if found.get("type") == "object" and "properties" in found:
        found["additionalProperties"] = False
    return found


@pytest.fixture(scope="module")
def visit() -> Visit:
    """Everything that can be done, and most of what can go wrong on the way."""
    visit = Visit()
    ada = {"email": "ada@example.com"}
    visit.ask("GET", "/session/v1")
    visit.ask("POST", "/session/v1/code", {"email": "no address"})
    visit.ask("POST", "/session/v1/code", b"[]")
    visit.ask("POST", "/session/v1/code", ada, Origin="https://evil.example")
    visit.ask("POST", "/session/v1/code", ada, Content_Type="text/plain")
    visit.ask("POST", "/session/v1/code", ada)
    visit.ask("POST", "/session/v1", {**ada, "code": "x"})
    answer = visit.ask("POST", "/session/v1", {**ada, "code": visit.office.mail.code()})
    visit.cookie = answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    visit.ask("GET", "/session/v1")
    visit.ask("POST", "/account/v1/claim", {})
    visit.ask("POST", "/account/v1/claim", {})
    made = visit.ask("POST", "/account/v1/keys", {"name": "one"}).json
    visit.ask("POST", "/account/v1/keys", {"name": "\n"})
    visit.ask("POST", "/account/v1/keys", {"name": "one"}, Sec_Fetch_Site="cross-site")
    visit.ask("GET", "/account/v1", x_api_key=made["key"])
    visit.ask("GET", "/account/v1", x_api_key=keys.make())
    visit.ask("GET", "/account/v1/keys")
    visit.ask("PATCH", f"/account/v1/keys/{made['id']}", {"name": "two"})
    visit.ask("PATCH", "/account/v1/keys/x", {"name": "two"})
    visit.ask("DELETE", f"/account/v1/keys/{made['id']}")
    visit.ask("DELETE", f"/account/v1/keys/{made['id']}", x_requested_with="")
    visit.ask("DELETE", "/account/v1/keys/x")
    for _ in range(tariff.KEYS_A_DAY):
        visit.ask("POST", "/account/v1/keys", {"name": "more"})
    visit.ask("GET", "/account/v1/keys")
    visit.ask("GET", "/account/v1/statement?limit=1")
    visit.ask("GET", "/account/v1/statement?limit=0")
    for _ in range(tariff.STATEMENT_TABLES_AN_HOUR + 1):
        visit.ask("GET", "/account/v1/statement.csv")
    visit.ask("GET", "/account/v1/usage?days=2")
    visit.ask("GET", "/account/v1/usage?days=x")
    visit.ask("GET", "/health")
    visit.ask("DELETE", "/account/v1", {"confirm": "x"})
    visit.ask("DELETE", "/account/v1", {"confirm": "ada@example.com"})
    visit.ask("GET", "/account/v1/keys")
    for _ in range(tariff.CODES_AN_HOUR):
        visit.ask("POST", "/session/v1/code", ada)
    answer = visit.ask("POST", "/session/v1", {**ada, "code": visit.office.mail.code()})
    visit.cookie = answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    visit.ask("POST", "/account/v1/claim", {})
    visit.ask("DELETE", "/session/v1?everywhere=x")
    visit.ask("DELETE", "/session/v1?everywhere=true")
    return visit


def test_every_call_of_the_small_function_was_answered_as_described(visit: Visit) -> None:
    described = {(method.upper(), path) for path, method, _ in operations() if method != "options"}
    theirs = {(method, path) for method, path in described if path in ELSEWHERE or path.startswith("/portrait-")}
    assert visit.seen == described - theirs


@pytest.mark.parametrize("path", routes.ROUTES)
def test_another_method_is_answered_as_described(path: str) -> None:
    answer = Office(Settings.read(GOOD)).ask("PUT", path.replace("{id}", "x"))
    assert answer.code == "method_not_allowed"
    for method in routes.ROUTES[path]:
        refused = resolved(contract()["paths"][path][method.lower()]["responses"]["405"])
        jsonschema.validate(answer.headers["Allow"], resolved(refused["headers"]["Allow"])["schema"])


def examples() -> list[tuple[str, Any, Any]]:
    found = []
    for path, method, operation in operations():
        for status, response in operation["responses"].items():
            for media_type, content in resolved(response).get("content", {}).items():
                if "example" in content and media_type == "application/json":
                    found.append((f"{method} {path} {status}", content["example"], content["schema"]))
        for media_type, content in resolved(operation.get("requestBody", {})).get("content", {}).items():
            if "example" in content:
                found.append((f"{method} {path} {media_type}", content["example"], content["schema"]))
    return found


@pytest.mark.parametrize(("where", "example", "schema"), examples(), ids=[where for where, _, _ in examples()])
def test_examples_fit_their_schemas(where: str, example: Any, schema: Any) -> None:
    jsonschema.validate(example, strict(schema))


def test_numbers_are_the_tariffs() -> None:
    paths, schemas = contract()["paths"], contract()["components"]["schemas"]
    parameters = {name: own["schema"] for name, own in contract()["components"]["parameters"].items()}
    code = paths["/session/v1/code"]["post"]["description"]
    assert f"good for {tariff.CODE_GOOD_S} s and {tariff.CODE_TRIES} tries" in code
    assert schemas["CodeSent"]["properties"]["expires_in_s"]["const"] == tariff.CODE_GOOD_S
    assert schemas["Claimed"]["properties"]["claimed"]["const"] == tariff.FREE_CREDITS
    assert schemas["KeyName"]["properties"]["name"]["maxLength"] == tariff.KEY_NAME_CHARACTERS
    made = paths["/account/v1/keys"]["post"]["description"]
    assert f"At most {tariff.LIVE_KEYS} keys may be live, and {tariff.KEYS_A_DAY} be made in a day" in made
    limit, days = parameters["Limit"], parameters["Days"]
    assert (limit["default"], limit["maximum"]) == (tariff.STATEMENT_PAGE, tariff.STATEMENT_PAGE_MOST)
    assert (days["default"], days["maximum"]) == (tariff.USAGE_DAYS, tariff.USAGE_DAYS_MOST)
    table = paths["/account/v1/statement.csv"]["get"]["description"]
    assert f"The newest {tariff.STATEMENT_TABLE_ENTRIES:,} entries; {tariff.STATEMENT_TABLES_AN_HOUR} times in" in table
    cookie = contract()["components"]["headers"]["SetCookie"]
    assert f"for {tariff.SESSION_S // 86400} days" in cookie["description"]
    assert f"Max-Age={tariff.SESSION_S};" in cookie["example"]
