"""docs/api.md and docs/deploy.md say what the code does: codes, sentences, numbers, options, headers, alarms."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from samtranslator.yaml_helper import yaml_parse

from depth import answer
from depth.ports import Subject
from payments import notices
from portrait import door, problems, routes, tariff
from portrait.door import Door, Reply, Request
from portrait.ledger import Caller, Receipt
from portrait.problems import Unavailable
from portrait.settings import Settings
from portrait.trail import Trail
from tests.contract.test_openapi import GATEWAY_CODES, PROBLEMS, WORDED
from tests.unit.test_settings import GOOD

ROOT = Path(__file__).parents[2]
API = (ROOT / "docs/api.md").read_text()
DEPLOY = (ROOT / "docs/deploy.md").read_text()
TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())


def section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", API, re.DOTALL | re.MULTILINE)
    assert found, title
    return found[1]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row, without heads and rules."""
    lines = [line for line in text.splitlines() if line.startswith("|") and not re.match(r"\|[-: |]+\|?$", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def errors() -> dict[str, tuple[set[int], str]]:
    """Code -> statuses and sentence, of the table of errors."""
    found: dict[str, tuple[set[int], str]] = {}
    for status, code, sentence, _ in rows(section("Errors"))[1:]:
        name = re.fullmatch(r'<a id="(\w+)"></a>`(\w+)`', code)
        assert name, code
        assert name[1] == name[2], "the anchor is what an error's docs member links to"
        found[name[1]] = ({int(text) for text in status.split(",")}, sentence)
    return found


# ---- errors -------------------------------------------------------------------------------------------


def test_every_code_is_in_the_table_of_errors() -> None:
    stated = {code: statuses for code, (statuses, _) in errors().items()}
    assert stated == {code: {problem.status} for code, problem in PROBLEMS.items()} | GATEWAY_CODES


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_sentences_are_the_codes(code: str) -> None:
    _, sentence = errors()[code]
    possible = WORDED.get(code) or [PROBLEMS[code].sentence]
    if sentence.endswith(" ..."):
        assert possible[0].startswith(sentence.removesuffix("..."))
    else:
        assert sentence in possible


@pytest.mark.parametrize("code", sorted(GATEWAY_CODES))
def test_sentences_of_the_gateway_are_the_templates(code: str) -> None:
    _, sentence = errors()[code]
    made = [
        json.loads(response["ResponseTemplates"]["application/json"]["Fn::Sub"])
        for response in TEMPLATE["Resources"]["Api"]["Properties"]["GatewayResponses"].values()
    ]
    assert {(error["error"], error["status"]) for error in made if error["code"] == code} == {
        (sentence, status) for status in GATEWAY_CODES[code]
    }


def test_an_error_links_to_a_row_that_is_there() -> None:
    door_of_errors = door.Door(Settings.read(GOOD), "docs")

    def refuse(*_: object) -> door.Reply:
        raise problems.NoCredits()

    event = {"httpMethod": "GET", "path": "/health", "headers": {}, "requestContext": {"requestId": "an-id"}}
    error = json.loads(door_of_errors.answer(event, refuse)["body"])
    assert error["docs"].split("#")[1] in errors()


def test_the_sample_of_an_error_has_the_members_of_an_error() -> None:
    [sample] = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", section("Errors"), re.DOTALL)]
    contract = yaml.safe_load((ROOT / "infra/openapi.yaml").read_text())
    assert list(sample) == contract["components"]["schemas"]["Error"]["required"]
    assert sample["error"] == problems.NoCredits().text
    assert sample["docs"] == f"{TEMPLATE['Parameters']['DocsUrl']['Default']}#{sample['code']}"


# ---- numbers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("The call", f"at most {tariff.FILE_BYTES // tariff.MEGABYTE} MB ({tariff.FILE_BYTES:,} bytes)"),
        ("The call", f"{tariff.PIXELS // 1_000_000} megapixels ({tariff.PIXELS:,} pixels)"),
        ("Prices and rates", f"costs {tariff.CALL_CREDITS} credit."),
        ("Prices and rates", f"claim {tariff.FREE_CREDITS} free credits, once"),
        ("Prices and rates", f"{tariff.CALLS_PER_MINUTE} calls a minute"),
        ("Prices and rates", f"within {tariff.ANSWER_WITHIN_S:.0f} s"),
        ("Prices and rates", f"at most {tariff.LIVE_KEYS} live keys"),
        ("Repeating a call", f"at most {tariff.IDEMPOTENCY_KEY_CHARACTERS} characters"),
        (
            "Repeating a call",
            f"At most {tariff.IDEMPOTENT_REPEATS} such repeats in {tariff.IDEMPOTENT_WITHIN_S // 3600} h",
        ),
        ("Account and health", f'"credits_per_call": {tariff.CALL_CREDITS}'),
        (
            "The site's calls",
            f"the six digits mailed to it, good for {tariff.CODE_GOOD_S // 60} minutes and {tariff.CODE_TRIES} tries",
        ),
        ("Account and health", f'"calls_per_minute": {tariff.CALLS_PER_MINUTE}'),
        ("Account and health", f'"release": "{TEMPLATE["Parameters"]["Release"]["Default"]}"'),
    ],
)
def test_numbers_are_the_tariffs(title: str, text: str) -> None:
    assert text in section(title)


def test_packs_are_the_tariffs() -> None:
    assert rows(section("Prices and rates"))[1:] == [
        [f"{pack.credits:,}", f"{pack.price_cents / 100:.2f}", f"{pack.cents_per_credit:.1f}"] for pack in tariff.PACKS
    ]


def test_the_size_that_passes_on_aws_is_what_the_gateway_says() -> None:
    responses = TEMPLATE["Resources"]["Api"]["Properties"]["GatewayResponses"]
    sentence = json.loads(responses["REQUEST_TOO_LARGE"]["ResponseTemplates"]["application/json"]["Fn::Sub"])["error"]
    told = re.search(r"at most ([\d.]+ MB)", sentence)
    assert told
    assert f"**{told[1]}**" in section("On AWS")


# ---- options, headers, paths --------------------------------------------------------------------------


def test_options_are_the_codes() -> None:
    described = {row[0]: row[1] for row in rows(section("The answer"))}
    for name, media_type in answer.MEDIA_TYPES.items():
        assert described[f"`{name}`"].startswith(f"`{media_type}`")
    for name in (*answer.outputs(Subject.DEPTH), *answer.outputs(Subject.NORMALS)):
        assert f"`{name}`" in described
    fields = {row[0]: row[1] for row in rows(section("The call"))}
    assert set(re.findall(r"`([a-z][\w+]+)`", fields["`output_format`"])) == set(answer.MEDIA_TYPES)
    possible = {*answer.outputs(Subject.DEPTH), *answer.outputs(Subject.NORMALS)}
    assert set(re.findall(r"`([a-z][\w+]+)`", fields["`output`"])) == possible


def test_headers_for_pages_are_the_doors() -> None:
    text = section("From a browser")
    sent, read = text.split("and read", 1)
    assert set(re.findall(r"`([a-z-]+)`", sent)) == names(door.PREFLIGHT["Access-Control-Allow-Headers"])
    assert set(re.findall(r"`([a-z-]+)`", read)) == names(door.CORS["Access-Control-Expose-Headers"])


def names(text: str) -> set[str]:
    return {name.strip() for name in text.split(",")}


def test_every_path_is_described() -> None:
    for path, methods in routes.ROUTES.items():
        for method in methods:
            assert f"`{method} {path}`" in API


def test_nothing_is_described_that_is_not_there() -> None:
    """Roads that are planned are not promised."""
    for word in ("image_url", "image_key", "uploads", "respond-async", "pd_test"):
        assert word not in API + DEPLOY + (ROOT / "infra/openapi.yaml").read_text()


def test_links_lead_somewhere() -> None:
    for name, text in (("docs/api.md", API), ("docs/deploy.md", DEPLOY)):
        anchors = {
            re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-")
            for title in re.findall(r"^##? (.*)$", text, re.MULTILINE)
        }
        for target in re.findall(r"\]\(([^)]+)\)", text):
            path, _, anchor = target.partition("#")
            assert not path or (ROOT / name).parent.joinpath(path).exists(), target
            assert not anchor or anchor in anchors, target


def test_every_sample_is_linked() -> None:
    linked = re.findall(r"^- \[.+\]\((samples/.+)\)$", section("Samples"), re.MULTILINE)
    assert linked
    assert sorted(linked) == sorted(f"samples/{file.name}" for file in (ROOT / "docs/samples").iterdir())


# ---- deploying ----------------------------------------------------------------------------------------


def test_every_parameter_of_the_template_is_in_the_table() -> None:
    described = {name for row in rows(DEPLOY) for name in re.findall(r"`([A-Z]\w+)`", row[0])}
    assert described == set(TEMPLATE["Parameters"])


def test_the_events_to_subscribe_to_are_those_that_are_read() -> None:
    named = re.findall(r"`((?:checkout\.session|refund|charge\.dispute)\.\w+)`", DEPLOY)
    assert sorted(named) == sorted(notices.READERS)


def alarms() -> set[str]:
    """Their names behind the stack's own, in the template and in its nested ones."""
    stacks = [TEMPLATE, *(yaml_parse(file.read_text()) for file in sorted((ROOT / "infra/stacks").glob("*.yaml")))]
    found = [
        own["Properties"]["AlarmName"]["Fn::Sub"]
        for stack in stacks
        for own in stack["Resources"].values()
        if own["Type"] == "AWS::CloudWatch::Alarm"
    ]
    assert found
    return {name.removeprefix("${AWS::StackName}-") for name in found}


def test_every_alarm_has_a_runbook_of_its_name() -> None:
    runbooks = {file.stem: file.read_text() for file in (ROOT / "docs/runbooks").glob("*.md")}
    assert set(runbooks) == alarms()
    for name, text in runbooks.items():
        assert text.startswith(f"# {name}\n")
        assert re.search("^1[.] ", text, re.MULTILINE), name


def test_every_alarm_is_in_the_table_with_its_runbook() -> None:
    described = [row[0] for row in rows(DEPLOY) if "`...-" in row[0]]
    assert sorted(described) == sorted(f"[`...-{name}`](runbooks/{name}.md)" for name in alarms())


def test_what_a_runbook_looks_for_in_a_log_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    def unlucky(request: Request, trail: Trail) -> Reply:
        trail.caller, trail.receipt = Caller("acct_1", "", "pd_live_x", 60), Receipt(1, 0, certain=False)
        raise Unavailable() from OSError("No route to host: 192.0.2.1")

    Door(Settings.read(GOOD), "unlucky").answer({"httpMethod": "GET", "path": "/health"}, unlucky)
    lines = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    [line] = [line for line in lines if line.get("message") == "call"]
    assert line["cause"] == "OSError: No route to host"  # and no value that stood in it
    messages, outcomes = {"call", "fault"}, {"unavailable", "timeout", "internal"}
    for name in ("faults", "account-faults", "uncertain-debits", "depth-throttles"):
        named = set(re.findall(r"`([a-z_]+)`", (ROOT / f"docs/runbooks/{name}.md").read_text()))
        assert named - messages - outcomes <= set(line), name
    gateway = TEMPLATE["Resources"]["Api"]["Properties"]["AccessLogSetting"]["Format"]
    named = set(re.findall(r"`([a-z_]+)`", (ROOT / "docs/runbooks/gateway-errors.md").read_text()))
    assert named == {"route", "status", "made_by_gateway"}
    assert all(f'"{field}":' in gateway for field in named)
