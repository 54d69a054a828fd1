"""infra/stacks/web.yaml: pages and API as CloudFront gives them out, beside what the local machine does."""

import json
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from infra.local import site
from portrait import door, routes, tariff
from portrait.site import sender_of
from tests.contract.test_template import run_tool

ROOT = Path(__file__).parents[2]
STACK = ROOT / "infra/stacks/web.yaml"
MANAGED = {
    "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": "CachingDisabled",
    "658327ea-f89d-4fab-a63d-7e88639e58f6": "CachingOptimized",
    "b689b0a8-53d0-40ab-baf2-68738e2966ac": "AllViewerExceptHostHeader",
}
"""AWS's own policies by their documented ids."""


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    found: dict[str, Any] = yaml_parse(STACK.read_text())["Resources"]
    return found


@pytest.fixture(scope="module")
def distribution(resources: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = resources["Distribution"]["Properties"]["DistributionConfig"]
    return found


def behaviour(distribution: dict[str, Any], path: str) -> dict[str, Any]:
    """The one that CloudFront would choose: the first pattern that fits, else the default."""
    for candidate in distribution["CacheBehaviors"]:
        if fnmatchcase(path, candidate["PathPattern"]):
            return dict(candidate)
    return dict(distribution["DefaultCacheBehavior"])


def test_cfn_lint_finds_nothing() -> None:
    done = run_tool("cfn-lint", "--regions", "eu-central-1", "--non-zero-exit-code", "informational", str(STACK))
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_it_stands_in_the_deployment() -> None:
    template = yaml_parse((ROOT / "template.yaml").read_text())
    nested = template["Resources"]["Web"]["Properties"]
    assert (ROOT / nested["TemplateURL"]) == STACK
    stack = yaml_parse(STACK.read_text())
    assert set(nested["Parameters"]) == set(stack["Parameters"])
    assert nested["Parameters"]["ApiStage"] == template["Resources"]["Api"]["Properties"]["StageName"]
    told = [output["Value"]["Fn::GetAtt"] for output in template["Outputs"].values() if "Fn::GetAtt" in output["Value"]]
    names = {name.removeprefix("Outputs.") for resource, name in told if resource == "Web"}
    assert names and names <= set(stack["Outputs"])


# ---- which path goes where ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/docs",
        "/docs/",
        "/reference/",
        "/reference/openapi.yaml",
        "/playground/",
        "/account",
        "/account/",
        "/assets/frame-page-1A2B3C.js",
        "/favicon.ico",
        "/robots.txt",
    ],
)
def test_pages_come_from_the_bucket(distribution: dict[str, Any], path: str) -> None:
    chosen = behaviour(distribution, path)
    assert chosen["TargetOriginId"] == "pages"
    assert chosen["AllowedMethods"] == ["GET", "HEAD"]
    assert MANAGED[chosen["CachePolicyId"]] == "CachingOptimized"
    assert chosen["ResponseHeadersPolicyId"] == {"Ref": "PageHeaders"}
    assert "OriginRequestPolicyId" not in chosen, "a page needs no cookie"


def test_every_folder_that_is_built_has_a_path(distribution: dict[str, Any]) -> None:
    pages = ROOT / "infra/web"
    folders = [folder.name for folder in pages.iterdir() if (folder / "page.mjs").exists()]
    assert len(folders) >= 4
    for name in folders:
        path = "/" if name == "home" else f"/{name}/"
        assert behaviour(distribution, path)["TargetOriginId"] == "pages", path


@pytest.mark.parametrize("path", [*routes.ROUTES, "/nothing", "/account/v1/keys/k", "/.env", "/index.php"])
def test_everything_else_is_the_apis(distribution: dict[str, Any], path: str) -> None:
    chosen = behaviour(distribution, path)
    assert chosen["TargetOriginId"] == "api"
    assert set(chosen["AllowedMethods"]) == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}
    assert MANAGED[chosen["CachePolicyId"]] == "CachingDisabled"
    assert MANAGED[chosen["OriginRequestPolicyId"]] == "AllViewerExceptHostHeader"
    assert chosen["ViewerProtocolPolicy"] == "https-only", "a key must not travel in the open, not even once"


def test_no_error_page_takes_the_place_of_the_apis_answers(distribution: dict[str, Any]) -> None:
    assert "CustomErrorResponses" not in distribution
    assert "DefaultRootObject" not in distribution


def test_the_gateway_is_waited_for(distribution: dict[str, Any]) -> None:
    [api] = [origin for origin in distribution["Origins"] if origin["Id"] == "api"]
    assert api["CustomOriginConfig"]["OriginReadTimeout"] > 29 > tariff.ANSWER_WITHIN_S
    assert api["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert api["OriginPath"] == {"Fn::Sub": "/${ApiStage}"}


def test_the_distribution_proves_itself_by_a_secret_that_no_template_holds(distribution: dict[str, Any]) -> None:
    [api] = [origin for origin in distribution["Origins"] if origin["Id"] == "api"]
    [proof] = api["OriginCustomHeaders"]
    assert proof == {
        "HeaderName": "x-origin-proof",
        "HeaderValue": {"Fn::Sub": "{{resolve:secretsmanager:${OriginSecret}}}"},
    }


# ---- headers ------------------------------------------------------------------------------------------


def test_pages_have_the_headers_that_the_local_machine_gives_them(resources: dict[str, Any]) -> None:
    policy = resources["PageHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]
    security = policy["SecurityHeadersConfig"]
    told = {
        "Content-Security-Policy": security["ContentSecurityPolicy"]["ContentSecurityPolicy"],
        "Referrer-Policy": security["ReferrerPolicy"]["ReferrerPolicy"],
        "X-Content-Type-Options": "nosniff" if "ContentTypeOptions" in security else "",
        "X-Frame-Options": security["FrameOptions"]["FrameOption"],
        **{item["Header"]: item["Value"] for item in policy["CustomHeadersConfig"]["Items"]},
    }
    assert told == site.HEADERS
    overrides = [*security.values(), *policy["CustomHeadersConfig"]["Items"]]
    assert all(header["Override"] is True for header in overrides)


@pytest.mark.parametrize("name", ["PageHeaders", "ApiHeaders"])
def test_a_browser_that_was_here_comes_by_https(resources: dict[str, Any], name: str) -> None:
    security = resources[name]["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000


# ---- the bucket ---------------------------------------------------------------------------------------


def test_the_bucket_is_the_distributions_alone(resources: dict[str, Any], distribution: dict[str, Any]) -> None:
    bucket = resources["Pages"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    statements = resources["PagesPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    allowed = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert {statement["Action"] for statement in allowed} == {"s3:GetObject", "s3:ListBucket"}
    for statement in allowed:
        assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        source = statement["Condition"]["StringEquals"]["AWS:SourceArn"]["Fn::Sub"]
        assert source.endswith(":distribution/${Distribution}")
    [denied] = [statement for statement in statements if statement["Effect"] == "Deny"]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    [pages] = [origin for origin in distribution["Origins"] if origin["Id"] == "pages"]
    assert pages["OriginAccessControlId"] == {"Ref": "PagesAccess"}


# ---- what runs at the edge ----------------------------------------------------------------------------


def run_function(resources: dict[str, Any], name: str, event: dict[str, Any]) -> dict[str, Any]:
    """A CloudFront function's answer; Node knows all of JavaScript that they use."""
    code = resources[name]["Properties"]["FunctionCode"]
    program = f"{code}\nconsole.log(JSON.stringify(handler({json.dumps(event)})))"
    done = subprocess.run(["node", "-e", program], capture_output=True, text=True, timeout=30, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/", "/index.html"),
        ("/docs/", "/docs/index.html"),
        ("/assets/page-1A2B.js", "/assets/page-1A2B.js"),
        ("/reference/openapi.yaml", "/reference/openapi.yaml"),
        ("/favicon.ico", "/favicon.ico"),
    ],
)
def test_a_folder_answers_with_its_page(resources: dict[str, Any], path: str, file: str) -> None:
    assert run_function(resources, "PageOfFolder", {"request": {"uri": path}})["uri"] == file


@pytest.mark.parametrize("path", ["/docs", "/account", "/docs//evil.example/x"])
def test_a_folder_without_its_slash_is_sent_to_the_one_with_it(resources: dict[str, Any], path: str) -> None:
    answer = run_function(resources, "PageOfFolder", {"request": {"uri": path}})
    assert (answer["statusCode"], answer["headers"]["location"]["value"]) == (301, f"{path}/")


def test_the_viewers_address_is_told_whatever_the_viewer_says(resources: dict[str, Any]) -> None:
    sent = {"x-viewer-address": {"value": "192.0.2.1"}, "accept": {"value": "*/*"}}
    event = {"viewer": {"ip": "2001:db8::7"}, "request": {"uri": "/account/v1", "headers": sent}}
    request = run_function(resources, "AddressOfViewer", event)
    assert request["headers"] == {"x-viewer-address": {"value": "2001:db8::7"}, "accept": {"value": "*/*"}}


@pytest.mark.parametrize(
    ("viewer", "counted"), [("198.51.100.7", "198.51.100.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")]
)
def test_what_the_edge_tells_is_whom_the_functions_count(
    resources: dict[str, Any], distribution: dict[str, Any], viewer: str, counted: str
) -> None:
    event = {"viewer": {"ip": viewer}, "request": {"uri": "/session/v1/code", "headers": {}}}
    told = run_function(resources, "AddressOfViewer", event)["headers"]
    [api] = [origin for origin in distribution["Origins"] if origin["Id"] == "api"]
    headers = {name: header["value"] for name, header in told.items()}
    proof = api["OriginCustomHeaders"][0]["HeaderName"]

    def sender(**changes: str) -> str:
        sent = {**headers, proof: "the secret", **changes}
        request = door.Request("POST", "/session/v1/code", sent, b"", "an-id", 0, source_ip="203.0.113.9")
        return sender_of(request, "the secret")

    assert sender() == counted
    assert sender(**{proof: "a guess"}) == "203.0.113.9"
    assert sender(**{proof: ""}) == "203.0.113.9"


def test_every_api_call_passes_the_function_that_tells_the_address(distribution: dict[str, Any]) -> None:
    [association] = distribution["DefaultCacheBehavior"]["FunctionAssociations"]
    assert association == {
        "EventType": "viewer-request",
        "FunctionARN": {"Fn::GetAtt": ["AddressOfViewer", "FunctionMetadata.FunctionARN"]},
    }
