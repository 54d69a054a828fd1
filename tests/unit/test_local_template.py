"""What is read of a template, and what happens where it cannot be."""

from pathlib import Path

import pytest

from infra.local import template
from infra.local.intrinsics import TemplateError

ROOT = Path(__file__).parents[2]
OURS = ROOT / "tests/unit/local_stand_in.yaml"


def read_with(tmp_path: Path, resources: str) -> template.Template:
    path = tmp_path / "template.yaml"
    path.write_text(
        f"Parameters:\n  Named: {{Default: a}}\nConditions:\n  IsA: !Equals [!Ref Named, a]\nResources:\n{resources}"
    )
    return template.read(path, {})


def function(tmp_path: Path, value: str) -> template.Function:
    text = f"""
  F:
    Type: AWS::Serverless::Function
    Properties: {{ Handler: a.b, Environment: {{ Variables: {{ V: {value} }} }} }}
"""
    return read_with(tmp_path, text).functions["F"]


def test_functions_have_their_own_settings_the_globals_and_lambda_s_defaults() -> None:
    functions = template.read(OURS, {}).functions
    depth, account = functions["DepthFunction"], functions["AccountFunction"]
    assert (depth.handler, depth.memory_mb, depth.timeout_s, depth.is_image) == (
        "tests.unit.local_stand_in.handler",
        1769,
        1,
        True,
    )
    assert (account.memory_mb, account.timeout_s, account.is_image) == (128, 5, False)
    assert account.environment == {"STAND_IN_VARIABLE": "none in us-east-1", "KEYS_TABLE": "KeysTable"}


def test_a_parameter_can_be_given() -> None:
    environment = template.read(OURS, {"Release": "1.2"}).functions["AccountFunction"].environment
    assert environment["STAND_IN_VARIABLE"] == "1.2 in us-east-1"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("!Ref Named", "a"),
        ('!Sub "x-${Named}-${F}-${!Named}"', "x-a-F-${Named}"),
        ('!Sub ["${Own}", {Own: !Ref Named}]', "a"),
        ("!GetAtt F.Arn", "F.Arn"),
        ("!If [IsA, yes-, no-]", "yes-"),
        ("!If [IsA, !Ref AWS::Region, no-]", "us-east-1"),
        ('!Join ["/", [!Ref Named, b]]', "a/b"),
        ("{Ref: Named}", "a"),
        ("5", "5"),
    ],
)
def test_intrinsics_become_their_values(tmp_path: Path, written: str, meant: str) -> None:
    assert function(tmp_path, written).environment == {"V": meant}


def test_no_value_is_no_variable(tmp_path: Path) -> None:
    assert function(tmp_path, "!If [IsA, !Ref AWS::NoValue, b]").environment == {}


@pytest.mark.parametrize(("written", "named"), [("!Ref Nobody", "Nobody"), ("!ImportValue x", "Fn::ImportValue")])
def test_what_cannot_be_resolved_is_named(tmp_path: Path, written: str, named: str) -> None:
    with pytest.raises(TemplateError, match=named):
        function(tmp_path, written)


def test_a_resource_may_have_no_properties(tmp_path: Path) -> None:
    assert read_with(tmp_path, "  T:\n    Type: AWS::SNS::Topic\n").functions == {}


def test_routes_name_their_function_and_the_headers_they_need() -> None:
    routes = {(route.path, route.method): route for route in template.read(OURS, {}).routes}
    post = routes["/depth/v1", "POST"]
    assert (post.function, post.required_headers) == ("DepthFunction", ("x-api-key",))
    assert routes["/depth/v1", "ANY"].function == "AccountFunction"


def test_gateway_responses_keep_their_variables_and_lose_the_quotes_of_their_headers() -> None:
    response = template.read(OURS, {}).responses["MISSING_AUTHENTICATION_TOKEN"]
    assert (response.status, response.headers) == (404, {"Access-Control-Allow-Origin": "*"})
    assert "$context.requestId" in response.body


def test_tables_are_what_create_table_takes() -> None:
    (table,) = template.read(OURS, {}).tables
    assert (table.name, table.expires_by) == ("KeysTable", "expires_at")
    assert table.definition["KeySchema"] == [{"AttributeName": "key_digest", "KeyType": "HASH"}]
    assert table.definition["GlobalSecondaryIndexes"][0]["IndexName"] == "by_account"


def test_a_table_s_own_name_is_the_one_that_is_referred_to(tmp_path: Path) -> None:
    text = """
  T: { Type: AWS::DynamoDB::Table, Properties: { TableName: !Sub "${Named}-keys", KeySchema: [] } }
  F: { Type: AWS::Serverless::Function, Properties: { Handler: a.b, Environment: { Variables: { V: !Ref T } } } }
"""
    assert read_with(tmp_path, text).functions["F"].environment == {"V": "a-keys"}


def test_a_deployment_s_tables_go_by_their_own_names() -> None:
    plan = template.renamed(template.read(OURS, {}), {"KEYS_TABLE": "stack-keys-1X", "STAND_IN_VARIABLE": "other"})
    assert plan.functions["DepthFunction"].environment["KEYS_TABLE"] == "stack-keys-1X"
    assert plan.functions["DepthFunction"].environment["STAND_IN_VARIABLE"] == "none in us-east-1"
    assert (plan.tables[0].name, plan.tables[0].definition["TableName"]) == ("stack-keys-1X", "stack-keys-1X")
