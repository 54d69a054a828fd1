"""template.yaml as CloudFormation gets it, translated offline by SAM's own translator. Nothing is deployed here."""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from portrait import door, problems, routes, tariff
from portrait.settings import Settings

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template.yaml"
CALLS = [f"/{endpoint}" for endpoint in (tariff.DEPTH_ENDPOINT, tariff.NORMALS_ENDPOINT)]

SELLING = {"/account/v1/packs", "/account/v1/checkout", "/payments/v1/webhook"}

LAMBDA_ANSWER_BYTES = 6_291_556
"""The most that Lambda hands back, as JSON."""
LAMBDA_EVENT_BYTES = 6_291_456
"""The most that Lambda takes, as JSON."""
GATEWAY_WAITS_S = 29


def source() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml_parse(TEMPLATE.read_text())
    return parsed


@pytest.fixture(scope="module")
def parameters() -> dict[str, Any]:
    return {name: given["Default"] for name, given in source()["Parameters"].items()}


@pytest.fixture(scope="module")
def resources(parameters: dict[str, Any]) -> dict[str, Any]:
    """Logical id -> resource after translation. Packages that `sam package` would upload have made-up addresses."""
    template = source()
    given = template["Resources"]
    given["DepthFunction"]["Properties"]["ImageUri"] = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/depth:1"
    for name in ("AccountFunction", "PaymentsFunction"):
        given[name]["Properties"]["CodeUri"] = "s3://packages/functions"
    given["PortraitLayer"]["Properties"]["ContentUri"] = "s3://packages/layer"
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="eu-central-1"))
    translated = translator.translate(template, parameters)
    found: dict[str, Any] = json.loads(json.dumps(translated))["Resources"]
    return found


def properties(resources: Mapping[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = resources[name]["Properties"]
    return found


def of_type(resources: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {name: resource for name, resource in resources.items() if resource["Type"] == kind}


# ---- the template's own tools -------------------------------------------------------------------------


def run_tool(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A tool of this environment, without telemetry, without an AWS account, and with a home that it may write to."""
    environment = {
        **os.environ,
        "SAM_CLI_TELEMETRY": "0",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    tool = str(Path(sys.executable).parent / arguments[0])
    return subprocess.run(
        [tool, *arguments[1:]], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_cfn_lint_finds_nothing() -> None:
    done = run_tool("cfn-lint", "--regions", "eu-central-1", "--non-zero-exit-code", "informational", str(TEMPLATE))
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_sam_finds_the_template_valid(tmp_path: Path) -> None:
    done = run_tool("sam", "validate", "--lint", "--region", "eu-central-1", "--template", str(TEMPLATE))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is a valid SAM Template" in done.stdout + done.stderr


# ---- who may touch what -------------------------------------------------------------------------------


def statements(resources: Mapping[str, Any], role: str) -> dict[str, tuple[set[str], Any]]:
    """Sid -> actions and resource, of those that are there by default. Checks that the role has no other grants."""
    own = properties(resources, role)
    assert set(own) == {"AssumeRolePolicyDocument", "Policies"}
    [policy] = own["Policies"]
    found: dict[str, tuple[set[str], Any]] = {}
    for statement in policy["PolicyDocument"]["Statement"]:
        if "Fn::If" in statement:
            condition, added, otherwise = statement["Fn::If"]
            assert (condition, added["Sid"]) in {("Traces", "SendSpans"), ("HasStripe", "ReadSecret")}
            assert otherwise == {"Ref": "AWS::NoValue"}
            continue
        assert set(statement) - {"Condition"} == {"Sid", "Effect", "Action", "Resource"}
        assert statement["Effect"] == "Allow"
        actions = statement["Action"]
        found[statement["Sid"]] = ({actions} if isinstance(actions, str) else set(actions), statement["Resource"])
    return found


def arn(name: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, "Arn"]}


def index_arn(table: str, index: str) -> dict[str, str]:
    return {"Fn::Sub": f"${{{table}.Arn}}/index/{index}"}


def conditions(resources: Mapping[str, Any], role: str) -> dict[str, Any]:
    """Sid -> condition, of the grants that have one."""
    [policy] = properties(resources, role)["Policies"]
    return {own["Sid"]: own["Condition"] for own in policy["PolicyDocument"]["Statement"] if "Condition" in own}


def test_the_depth_function_may_charge_but_never_delete(resources: dict[str, Any]) -> None:
    assert statements(resources, "DepthRole") == {
        "IdentifyCaller": ({"dynamodb:GetItem"}, arn("KeysTable")),
        "NoteUse": ({"dynamodb:UpdateItem"}, arn("KeysTable")),
        "ChargeCall": ({"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}, arn("LedgerTable")),
        "CountCall": ({"dynamodb:UpdateItem"}, arn("CountersTable")),
        "WriteLogs": ({"logs:CreateLogStream", "logs:PutLogEvents"}, arn("DepthLogs")),
    }


def test_the_depth_function_may_write_of_a_key_when_it_was_used_and_nothing_else(resources: dict[str, Any]) -> None:
    allowed = {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["key_digest", "last_used_at"]}}
    assert conditions(resources, "DepthRole") == {"NoteUse": allowed}


def test_the_account_function_keeps_books_and_never_deletes_of_them(resources: dict[str, Any]) -> None:
    keeps = {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}
    identities = {"Fn::Sub": "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/*"}
    assert statements(resources, "AccountRole") == {
        "KeepKeys": (keeps | {"dynamodb:BatchGetItem"}, arn("KeysTable")),
        "ListKeys": ({"dynamodb:Query"}, index_arn("KeysTable", "by_account")),
        "KeepAccounts": (keeps | {"dynamodb:Query"}, arn("LedgerTable")),
        "ReadStatement": ({"dynamodb:Query"}, index_arn("LedgerTable", "by_time")),
        "CountCall": ({"dynamodb:UpdateItem"}, arn("CountersTable")),
        "KeepIdentities": (keeps | {"dynamodb:DeleteItem"}, arn("IdentityTable")),
        "ReadSecrets": ({"secretsmanager:GetSecretValue"}, [{"Ref": "IdentitySecret"}, {"Ref": "OriginSecret"}]),
        "SendMail": ({"ses:SendEmail"}, identities),
        "WriteLogs": ({"logs:CreateLogStream", "logs:PutLogEvents"}, arn("AccountLogs")),
    }
    assert conditions(resources, "AccountRole") == {
        "SendMail": {"StringEquals": {"ses:FromAddress": {"Ref": "MailFrom"}}}
    }


def test_secrets_are_pointed_to_and_stand_nowhere(resources: dict[str, Any]) -> None:
    secrets = of_type(resources, "AWS::SecretsManager::Secret")
    assert {name: secret["DeletionPolicy"] for name, secret in secrets.items()} == {
        "IdentitySecret": "Retain",  # with another key no account would be found by its address
        "OriginSecret": "Delete",
    }
    for secret in secrets.values():
        assert set(secret["Properties"]) == {"Description", "GenerateSecretString"}
        assert secret["Properties"]["GenerateSecretString"]["PasswordLength"] >= 43, "256 bits, in letters and digits"
    variables = properties(resources, "AccountFunction")["Environment"]["Variables"]
    assert (variables["IDENTITY_SECRET"], variables["ORIGIN_SECRET"]) == (
        {"Ref": "IdentitySecret"},
        {"Ref": "OriginSecret"},
    )


def test_selling_without_stripe_is_refused_before_anything_is_made() -> None:
    rule = source()["Rules"]["SellsByStripe"]
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "Buying"}, "1"]}
    [told] = rule["Assertions"]
    assert told["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "StripeSecret"}, ""]}]}
    assert "StripeSecret" in told["AssertDescription"]


ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:portrait-depth/stripe"


@pytest.mark.parametrize(
    ("name", "text", "is_taken"),
    [
        ("StripeSecret", "", True),
        ("StripeSecret", f"{ARN}-AbC123", True),
        ("StripeSecret", ARN, False),
        ("StripeSecret", "portrait-depth/stripe", False),
        ("SiteCertificate", "", True),
        ("SiteCertificate", "arn:aws:acm:us-east-1:123456789012:certificate/1", True),
        ("SiteCertificate", "arn:aws:acm:eu-central-1:123456789012:certificate/1", False),
        ("SiteUrl", "https://portrait.example", True),
        ("SiteUrl", "https://Portrait.example", False),
        ("SiteUrl", "https://portrait.example/", False),
        ("SiteUrl", "http://portrait.example", False),
    ],
)
def test_a_parameter_that_would_fail_later_is_refused_at_once(name: str, text: str, is_taken: bool) -> None:
    pattern = source()["Parameters"][name]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, text)) is is_taken


def test_the_payments_function_may_book_and_look_who_is_signed_in_and_nothing_else(resources: dict[str, Any]) -> None:
    assert statements(resources, "PaymentsRole") == {
        "IdentifyMember": ({"dynamodb:GetItem"}, arn("IdentityTable")),
        "CountCheckout": ({"dynamodb:UpdateItem"}, arn("CountersTable")),
        "BookCredits": ({"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}, arn("LedgerTable")),
        "KeepPayments": ({"dynamodb:GetItem", "dynamodb:PutItem"}, arn("PaymentsTable")),
        "WriteLogs": ({"logs:CreateLogStream", "logs:PutLogEvents"}, arn("PaymentsLogs")),
    }
    policy = properties(resources, "PaymentsRole")["Policies"][0]["PolicyDocument"]
    [secret] = [own["Fn::If"][1] for own in policy["Statement"] if own.get("Fn::If", [""])[0] == "HasStripe"]
    assert (secret["Action"], secret["Resource"]) == ("secretsmanager:GetSecretValue", {"Ref": "StripeSecret"})


def test_no_role_is_made_that_this_file_does_not_describe(resources: dict[str, Any]) -> None:
    roles = of_type(resources, "AWS::IAM::Role")
    assert set(roles) == {"DepthRole", "AccountRole", "PaymentsRole", "GatewayLoggingRole"}
    functions = of_type(resources, "AWS::Lambda::Function")
    assert {name: own["Properties"]["Role"] for name, own in functions.items()} == {
        "DepthFunction": arn("DepthRole"),
        "AccountFunction": arn("AccountRole"),
        "PaymentsFunction": arn("PaymentsRole"),
    }


# ---- tables -------------------------------------------------------------------------------------------


def test_tables_have_the_keys_that_the_ledger_writes_by(resources: dict[str, Any]) -> None:
    tables = of_type(resources, "AWS::DynamoDB::Table")
    assert {name: table["Properties"]["KeySchema"] for name, table in tables.items()} == {
        "KeysTable": [{"AttributeName": "key_digest", "KeyType": "HASH"}],
        "LedgerTable": [
            {"AttributeName": "account_id", "KeyType": "HASH"},
            {"AttributeName": "row", "KeyType": "RANGE"},
        ],
        "CountersTable": [{"AttributeName": "counter", "KeyType": "HASH"}],
        "IdentityTable": [{"AttributeName": "credential", "KeyType": "HASH"}],
        "PaymentsTable": [{"AttributeName": "payment_id", "KeyType": "HASH"}],
    }
    [index] = properties(resources, "KeysTable")["GlobalSecondaryIndexes"]
    assert index == {
        "IndexName": "by_account",
        "KeySchema": [
            {"AttributeName": "account_id", "KeyType": "HASH"},
            {"AttributeName": "created_at", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "ALL"},
    }
    [index] = properties(resources, "LedgerTable")["GlobalSecondaryIndexes"]
    assert index == {
        "IndexName": "by_time",
        "KeySchema": [
            {"AttributeName": "account_id", "KeyType": "HASH"},
            {"AttributeName": "at", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["credits", "note"]},
    }


def test_tables_outlive_mistakes(resources: dict[str, Any]) -> None:
    for name, table in of_type(resources, "AWS::DynamoDB::Table").items():
        own = table["Properties"]
        assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Retain", "Retain"), name
        assert own["DeletionProtectionEnabled"] is True, name
        assert own["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}, name
        assert own["SSESpecification"] == {"SSEEnabled": True}, name
        assert own["BillingMode"] == "PAY_PER_REQUEST", name
        assert "TableName" not in own, f"{name}: a fixed name can neither be replaced nor deployed twice"


def test_counters_codes_and_sessions_expire_and_nothing_else_does(resources: dict[str, Any]) -> None:
    tables = of_type(resources, "AWS::DynamoDB::Table")
    expiring = {name: table["Properties"].get("TimeToLiveSpecification") for name, table in tables.items()}
    assert expiring == {
        "KeysTable": None,
        "LedgerTable": None,
        "CountersTable": {"AttributeName": "expires_at", "Enabled": True},
        "IdentityTable": {"AttributeName": "expires_at", "Enabled": True},
        "PaymentsTable": None,
    }


# ---- functions ----------------------------------------------------------------------------------------


def test_the_depth_function_ends_before_the_gateway_stops_waiting_and_after_the_last_debit(
    resources: dict[str, Any],
) -> None:
    depth = properties(resources, "DepthFunction")
    assert tariff.ANSWER_WITHIN_S < depth["Timeout"] < GATEWAY_WAITS_S
    assert depth["PackageType"] == "Image"
    assert depth["ImageConfig"] == {"Command": ["depth.main.handler"]}


def test_a_call_has_one_core(resources: dict[str, Any], parameters: dict[str, Any]) -> None:
    assert properties(resources, "DepthFunction")["MemorySize"] == {"Ref": "DepthMemoryMegabytes"}
    assert parameters["DepthMemoryMegabytes"] == 1769


def test_a_rush_is_bounded_by_default(resources: dict[str, Any], parameters: dict[str, Any]) -> None:
    reserved = {
        "DepthFunction": "DepthConcurrency",
        "AccountFunction": "AccountConcurrency",
        "PaymentsFunction": "AccountConcurrency",
    }
    for function, parameter in reserved.items():
        condition, given, otherwise = properties(resources, function)["ReservedConcurrentExecutions"]["Fn::If"]
        assert source()["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, 0]}]}
        assert (given, otherwise) == ({"Ref": parameter}, {"Ref": "AWS::NoValue"})
        assert parameters[parameter] > 0


def test_x86_is_what_a_deployment_gets_unless_it_asks(resources: dict[str, Any], parameters: dict[str, Any]) -> None:
    for function in of_type(resources, "AWS::Lambda::Function").values():
        assert function["Properties"]["Architectures"] == [{"Ref": "Architecture"}]
    assert parameters["Architecture"] == "x86_64"


def test_one_python_runs_and_builds_everything(resources: dict[str, Any]) -> None:
    base = re.search(r"^ARG BASE=\S+/python:(\S+)$", (ROOT / "infra/image/Dockerfile").read_text(), re.MULTILINE)
    assert base
    runtime = f"python{base[1]}"
    [layer] = of_type(resources, "AWS::Lambda::LayerVersion").values()
    for function in ("AccountFunction", "PaymentsFunction"):
        assert properties(resources, function)["Runtime"] == runtime
    assert layer["Properties"]["CompatibleRuntimes"] == [runtime]
    assert source()["Resources"]["PortraitLayer"]["Metadata"]["BuildMethod"] == runtime


@pytest.mark.parametrize("function", ["DepthFunction", "AccountFunction", "PaymentsFunction"])
def test_every_function_starts_with_the_environment_it_is_given(
    resources: dict[str, Any], parameters: dict[str, Any], function: str
) -> None:
    """Settings.read is what a cold start does; references stand for themselves here."""
    given = properties(resources, function)["Environment"]["Variables"]
    text = {name: value if isinstance(value, str) else str(value["Ref"]) for name, value in given.items()}
    environment = {name: str(parameters.get(value, value)) for name, value in text.items()}
    settings = Settings.read({**environment, "AWS_REGION": "eu-central-1"})
    assert (settings.keys_table, settings.ledger_table, settings.counters_table) == (
        "KeysTable",
        "LedgerTable",
        "CountersTable",
    )
    assert settings.tracing is False
    assert str(settings.models_dir) == "models"


def test_an_answer_fits_lambda(resources: dict[str, Any]) -> None:
    answer_bytes = int(properties(resources, "DepthFunction")["Environment"]["Variables"]["ANSWER_BYTES"])
    base64_bytes = -(-answer_bytes // 3) * 4
    headers_bytes = 8_192
    assert base64_bytes + headers_bytes <= LAMBDA_ANSWER_BYTES


def test_the_release_is_the_projects_version(parameters: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert parameters["Release"] == project["version"]


def test_health_names_the_networks_that_are_served(resources: dict[str, Any], parameters: dict[str, Any]) -> None:
    manifests = {path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "models").glob("*.json"))}
    assert manifests
    served = tuple((name, manifest["sha256"]) for name, manifest in manifests.items())
    for function in ("DepthFunction", "AccountFunction", "PaymentsFunction"):
        assert properties(resources, function)["Environment"]["Variables"]["MODELS"] == {"Ref": "Models"}
    stated = tuple(tuple(pair.strip().split("@")) for pair in parameters["Models"].split(","))
    assert stated == served


def test_logs_are_kept_for_a_while_and_not_for_ever(resources: dict[str, Any], parameters: dict[str, Any]) -> None:
    groups = of_type(resources, "AWS::Logs::LogGroup")
    assert set(groups) == {"DepthLogs", "AccountLogs", "PaymentsLogs", "GatewayLogs"}
    for name, group in groups.items():
        assert group["Properties"] == {"RetentionInDays": {"Ref": "LogDays"}}, name
    assert parameters["LogDays"] == 30
    for name in ("Depth", "Account", "Payments"):
        assert properties(resources, f"{name}Function")["LoggingConfig"] == {"LogGroup": {"Ref": f"{name}Logs"}}


# ---- the gateway --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def body(resources: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = properties(resources, "Api")["Body"]
    return found


def function_of(method: Mapping[str, Any]) -> str:
    integration = method["x-amazon-apigateway-integration"]
    assert integration["type"] == "aws_proxy"
    found = re.search(r"functions/\$\{(\w+)\.Arn\}", integration["uri"]["Fn::Sub"])
    assert found
    return found[1]


def test_every_body_reaches_a_function_as_it_was_sent(body: dict[str, Any], resources: dict[str, Any]) -> None:
    assert body["x-amazon-apigateway-binary-media-types"] == ["*/*"]
    assert properties(resources, "Api")["BinaryMediaTypes"] == ["*~1*"]


def test_one_stage_is_made_and_not_a_second_beside_it(resources: dict[str, Any]) -> None:
    stages = of_type(resources, "AWS::ApiGateway::Stage").values()
    assert [stage["Properties"]["StageName"] for stage in stages] == ["live"]
    [deployment] = of_type(resources, "AWS::ApiGateway::Deployment").values()
    assert "StageName" not in deployment["Properties"], "a deployment that names a stage makes it"


def test_every_path_of_the_door_is_a_route(body: dict[str, Any]) -> None:
    assert set(body["paths"]) == {*routes.ROUTES, "/", "/{proxy+}"}


def test_only_a_post_of_a_picture_starts_the_image(body: dict[str, Any]) -> None:
    """So neither HEAD nor OPTIONS nor an unknown url does: every other method goes to the small function as ANY."""
    functions = {
        (path, method): function_of(definition)
        for path, methods in body["paths"].items()
        for method, definition in methods.items()
    }
    assert {route for route, function in functions.items() if function == "DepthFunction"} == {
        (path, "post") for path in CALLS
    }
    for path in body["paths"]:
        expected = "PaymentsFunction" if path in SELLING else "AccountFunction"
        assert functions[path, "x-amazon-apigateway-any-method"] == expected


@pytest.mark.parametrize("path", CALLS)
def test_a_stranger_without_a_key_does_not_start_the_image(body: dict[str, Any], path: str) -> None:
    post = body["paths"][path]["post"]
    validator = body["x-amazon-apigateway-request-validators"][post["x-amazon-apigateway-request-validator"]]
    assert validator == {"validateRequestParameters": True, "validateRequestBody": False}
    required = [(given["in"], given["name"]) for given in post["parameters"] if given.get("required")]
    assert required == [("header", "x-api-key")]


def test_the_stage_throttles_and_keeps_neither_headers_nor_bodies(
    resources: dict[str, Any], parameters: dict[str, Any]
) -> None:
    stage = properties(resources, "ApiliveStage")
    [settings] = stage["MethodSettings"]
    assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")
    assert settings["ThrottlingRateLimit"] == settings["ThrottlingBurstLimit"] == {"Ref": "CallsPerSecond"}
    assert 0 < parameters["CallsPerSecond"] <= 100
    assert (settings["LoggingLevel"], settings["DataTraceEnabled"]) == ("OFF", False)


def test_access_logs_hold_nothing_of_the_caller(resources: dict[str, Any]) -> None:
    log = properties(resources, "ApiliveStage")["AccessLogSetting"]
    assert log["DestinationArn"] == arn("GatewayLogs")
    line = json.loads(log["Format"])
    assert set(line.values()) <= {
        "$context.requestId",
        "$context.requestTimeEpoch",
        "$context.httpMethod",
        "$context.resourcePath",
        "$context.status",
        "$context.responseLatency",
        "$context.integrationLatency",
        "$context.responseLength",
        "$context.error.responseType",
    }


GATEWAY_SENTENCE = "Temporarily unavailable: repeat with the same Idempotency-Key and it is charged at most once"
REFUSED_SENTENCE = "Refused before it reached the service"
EXPECTED_RESPONSES = {
    "MISSING_AUTHENTICATION_TOKEN": (404, "unknown_url"),
    "RESOURCE_NOT_FOUND": (404, "unknown_url"),
    "INVALID_SIGNATURE": (404, "unknown_url"),
    "BAD_REQUEST_PARAMETERS": (401, "missing_api_key"),
    "REQUEST_TOO_LARGE": (400, "image_file_too_big"),
    "THROTTLED": (429, "rate_limited"),
    "QUOTA_EXCEEDED": (429, "rate_limited"),
    "INTEGRATION_TIMEOUT": (504, "gateway"),
    "INTEGRATION_FAILURE": (502, "gateway"),
    "API_CONFIGURATION_ERROR": (502, "gateway"),
    "ACCESS_DENIED": (403, "refused"),
    "WAF_FILTERED": (403, "refused"),
    "DEFAULT_4XX": (400, "refused"),
    "DEFAULT_5XX": (502, "gateway"),
}
SENTENCES = {
    "unknown_url": problems.UnknownUrl().text,
    "missing_api_key": problems.MissingApiKey().text,
    "rate_limited": problems.RateLimited(1).text,
    "gateway": GATEWAY_SENTENCE,
    "refused": REFUSED_SENTENCE,
}


def error_of(response: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of a gateway response, with AWS's variables filled in as text."""
    assert set(response["responseTemplates"]) == {"application/json"}
    text = response["responseTemplates"]["application/json"]["Fn::Sub"]
    error: dict[str, Any] = json.loads(
        text.replace("$context.requestId", "an-id").replace("${DocsUrl}", "https://docs")
    )
    return error


def test_every_answer_that_the_gateway_makes_is_described(body: dict[str, Any]) -> None:
    assert set(body["x-amazon-apigateway-gateway-responses"]) == set(EXPECTED_RESPONSES)


@pytest.mark.parametrize("kind", EXPECTED_RESPONSES)
def test_what_the_gateway_answers_itself_reads_like_ours(body: dict[str, Any], kind: str) -> None:
    status, code = EXPECTED_RESPONSES[kind]
    response = body["x-amazon-apigateway-gateway-responses"][kind]
    error = error_of(response)
    assert list(error) == ["error", "code", "status", "request_id", "docs"]
    assert int(response["statusCode"]) == error["status"] == status
    assert error["code"] == code
    assert error["request_id"] == "an-id"
    assert error["docs"] == f"https://docs#{code}"
    assert error["error"] == SENTENCES.get(code, error["error"])


@pytest.mark.parametrize("kind", EXPECTED_RESPONSES)
def test_a_page_may_read_what_the_gateway_answers_itself(body: dict[str, Any], kind: str) -> None:
    given = body["x-amazon-apigateway-gateway-responses"][kind]["responseParameters"]
    headers = {name.removeprefix("gatewayresponse.header."): value for name, value in given.items()}
    for name, value in door.CORS.items():
        assert headers[name] == f"'{value}'"
    assert headers["Cache-Control"] == "'no-store'"
    assert headers.get("Retry-After") == ("'1'" if EXPECTED_RESPONSES[kind][0] == 429 else None)


def test_a_picture_too_large_for_the_gateway_is_told_a_size_that_passes(body: dict[str, Any]) -> None:
    sentence = error_of(body["x-amazon-apigateway-gateway-responses"]["REQUEST_TOO_LARGE"])["error"]
    assert sentence.startswith("Input image file is too big: ")
    most = re.search(r"at most ([\d.]+) MB", sentence)
    assert most
    file_bytes = float(most[1]) * tariff.MEGABYTE
    form_and_event_bytes = 32_768  # the form around the file; headers twice, at most 10 kB each; the request's context
    assert file_bytes * 4 / 3 + form_and_event_bytes <= LAMBDA_EVENT_BYTES


@pytest.mark.parametrize("kind", EXPECTED_RESPONSES)
def test_words_that_clients_search_for_stand_where_they_belong(body: dict[str, Any], kind: str) -> None:
    sentence = error_of(body["x-amazon-apigateway-gateway-responses"][kind])["error"].lower()
    if EXPECTED_RESPONSES[kind][1] != "rate_limited":
        assert not re.search("quota|credit|limit|exceeded", sentence)


# ---- alarms -------------------------------------------------------------------------------------------


def test_alarms_watch_metrics_that_exist(resources: dict[str, Any]) -> None:
    written = (ROOT / "layers/portrait/portrait/door.py").read_text()
    namespace = re.search(r'Metrics\(namespace="(\w+)"', written)
    assert namespace
    counted = set(re.findall(r'add_metric\("(\w+)"', written))
    alarms = of_type(resources, "AWS::CloudWatch::Alarm")
    ours = {
        (name, alarm["Properties"]["MetricName"])
        for name, alarm in alarms.items()
        if not alarm["Properties"]["Namespace"].startswith("AWS/")
    }
    assert {"Faults", "UncertainDebits"} <= {metric for _, metric in ours} <= counted
    for name, _ in ours:
        own = alarms[name]["Properties"]
        assert own["Namespace"] == namespace[1]
        [service] = own["Dimensions"]
        assert service["Name"] == "service"
        assert service["Value"] in ("depth", "account", "payments")


def test_every_alarm_tells_the_topic_and_keeps_silent_without_data(resources: dict[str, Any]) -> None:
    alarms = of_type(resources, "AWS::CloudWatch::Alarm")
    assert set(alarms) == {
        "Faults",
        "AccountFaults",
        "PaymentsFaults",
        "OddPayments",
        "RefusedMail",
        "RefusedSignatures",
        "UncertainDebits",
        "GatewayErrors",
        "DepthThrottles",
    }
    for name, alarm in alarms.items():
        own = alarm["Properties"]
        assert own["AlarmActions"] == [{"Ref": "Alarms"}], name
        assert own["TreatMissingData"] == "notBreaching", name
        assert own["AlarmDescription"], name
