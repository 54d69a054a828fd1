"""What template.yaml says about functions, routes, gateway responses and tables, as plain values.

Only what the local machine needs is read, and only the intrinsics that stand there are resolved: Ref, Sub, GetAtt, If,
Equals, Not, And, Or, Join. A reference to a resource becomes the name that the resource has here: its logical id.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

LAMBDA_MEMORY_MB: Final = 128
LAMBDA_TIMEOUT_S: Final = 3
"""Lambda's own defaults, used where the template says nothing."""

PLAIN_BODY: Final = '{"message":$context.error.messageString}'
"""API Gateway's own default, where the template gives no body."""

PSEUDO_PARAMETERS: Final[Mapping[str, Any]] = {
    "AWS::AccountId": "000000000000",
    "AWS::NoValue": None,
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "local",
    "AWS::URLSuffix": "amazonaws.com",
}


class TemplateError(Exception):
    """The template asks for something that the local machine does not know. Names it."""


@dataclass(frozen=True, slots=True)
class Function:
    """One Lambda function: what to run, with how much memory (MB), for how long (s), in which environment."""

    name: str
    handler: str
    memory_mb: int
    timeout_s: float
    environment: Mapping[str, str]
    is_image: bool


@dataclass(frozen=True, slots=True)
class Route:
    """One method (or ANY) on one path (`{proxy+}` at its end stands for the rest) and the function behind it."""

    path: str
    method: str
    function: str
    required_headers: tuple[str, ...]
    """Lower-case names of headers without which the gateway refuses the request itself."""


@dataclass(frozen=True, slots=True)
class GatewayResponse:
    """An answer that the gateway makes itself; `body` still holds `$context` variables."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Table:
    """A DynamoDB table: the arguments of CreateTable, and the attribute that its items expire by (or none)."""

    name: str
    definition: Mapping[str, Any]
    expires_by: str | None


@dataclass(frozen=True, slots=True)
class Template:
    """All of it. Functions by logical id, gateway responses by their type."""

    functions: Mapping[str, Function]
    routes: tuple[Route, ...]
    responses: Mapping[str, GatewayResponse]
    tables: tuple[Table, ...]


def read(path: Path, parameters: Mapping[str, str]) -> Template:
    """Read a SAM template; `parameters` override its defaults. Raises TemplateError, OSError, yaml.YAMLError."""
    document = yaml.load(path.read_text(), _Loader)  # noqa: S506 - derived from the safe loader
    resolver = _Resolver(document, parameters)
    found = [(name, resource["Type"], resource.get("Properties", {})) for name, resource in resolver.resources.items()]
    functions = [(name, raw) for name, kind, raw in found if kind == "AWS::Serverless::Function"]
    defaults = document.get("Globals", {}).get("Function", {})
    apis = [raw for _, kind, raw in found if kind == "AWS::Serverless::Api"]
    return Template(
        functions={name: _function(name, raw, defaults, resolver.resolve) for name, raw in functions},
        routes=tuple(route for name, raw in functions for route in _routes(name, raw, resolver.resolve)),
        responses=_responses(apis, resolver.resolve),
        tables=tuple(_table(name, raw, resolver) for name, kind, raw in found if kind == "AWS::DynamoDB::Table"),
    )


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: `!Ref X` is read as {"Ref": X}, `!Sub X` as {"Fn::Sub": X}."""


def _short_form(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _short_form)


class _Resolver:
    """Puts values in the place of intrinsics."""

    def __init__(self, document: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        self.resources: Mapping[str, Any] = document["Resources"]
        self.conditions: Mapping[str, Any] = document.get("Conditions", {})
        declared = document.get("Parameters", {})
        defaults = {name: spec["Default"] for name, spec in declared.items() if "Default" in spec}
        known = {name: text for name, text in parameters.items() if name in declared}
        self.names: dict[str, Any] = {**PSEUDO_PARAMETERS, **defaults, **known}
        self.intrinsics: Mapping[str, Callable[[Any], Any]] = {
            "Ref": self.refer,
            "Condition": self._condition,
            "Fn::Sub": self._substitute,
            "Fn::GetAtt": lambda value: value if isinstance(value, str) else ".".join(value),
            "Fn::Join": lambda value: value[0].join(str(self.resolve(part)) for part in value[1]),
            "Fn::If": lambda value: self.resolve(value[1] if self._condition(value[0]) else value[2]),
            "Fn::Equals": lambda value: str(self.resolve(value[0])) == str(self.resolve(value[1])),
            "Fn::Not": lambda value: not self.resolve(value[0]),
            "Fn::And": lambda value: all(self.resolve(part) for part in value),
            "Fn::Or": lambda value: any(self.resolve(part) for part in value),
        }

    def resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.resolve(part) for part in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and (name := next(iter(value))) in self.intrinsics:
            return self.intrinsics[name](value[name])
        for name in value:
            if str(name).startswith("Fn::"):
                raise TemplateError(f"template.yaml: the local machine does not resolve {name}")
        resolved = {name: self.resolve(part) for name, part in value.items()}
        return {name: part for name, part in resolved.items() if part is not None}

    def refer(self, name: str) -> Any:
        if name in self.names:
            return self.names[name]
        if name in self.resources:
            return self.resolve(self.resources[name].get("Properties", {}).get("TableName", name))
        raise TemplateError(f"template.yaml: nothing is called {name}")

    def _condition(self, name: str) -> bool:
        return bool(self.resolve(self.conditions[name]))

    def _substitute(self, value: Any) -> str:
        text, own = (value, {}) if isinstance(value, str) else value

        def found(match: re.Match[str]) -> str:
            name = match[1]
            if name in own:
                return str(self.resolve(own[name]))
            return name if "." in name else str(self.refer(name))

        return re.sub(r"\$\{([^!}]+)\}", found, text).replace("${!", "${")


Resolve = Callable[[Any], Any]


def _function(name: str, raw: Mapping[str, Any], defaults: Mapping[str, Any], resolve: Resolve) -> Function:
    variables = {
        **defaults.get("Environment", {}).get("Variables", {}),
        **raw.get("Environment", {}).get("Variables", {}),
    }
    merged = {**defaults, **raw}
    is_image = merged.get("PackageType") == "Image"
    return Function(
        name=name,
        handler=resolve(merged["ImageConfig"]["Command"][0] if is_image else merged["Handler"]),
        memory_mb=int(resolve(merged.get("MemorySize", LAMBDA_MEMORY_MB))),
        timeout_s=float(resolve(merged.get("Timeout", LAMBDA_TIMEOUT_S))),
        environment={key: str(text) for key, text in resolve(variables).items()},
        is_image=is_image,
    )


def _routes(name: str, raw: Mapping[str, Any], resolve: Resolve) -> list[Route]:
    events = [event["Properties"] for event in raw.get("Events", {}).values() if event["Type"] == "Api"]
    return [
        Route(
            path=resolve(event["Path"]),
            method=str(resolve(event["Method"])).upper(),
            function=name,
            required_headers=_required_headers(resolve(event.get("RequestParameters", []))),
        )
        for event in events
    ]


def _required_headers(parameters: list[Any]) -> tuple[str, ...]:
    """SAM writes `- method.request.header.NAME: {Required: true}`."""
    prefix = "method.request.header."
    pairs = [pair for entry in parameters if isinstance(entry, dict) for pair in entry.items()]
    return tuple(
        name.removeprefix(prefix).lower() for name, spec in pairs if name.startswith(prefix) and spec.get("Required")
    )


def _responses(apis: list[Mapping[str, Any]], resolve: Resolve) -> dict[str, GatewayResponse]:
    return {
        kind: GatewayResponse(
            status=int(response.get("StatusCode", 500 if kind.endswith("5XX") else 400)),
            headers=_static_headers(response.get("ResponseParameters", {}).get("Headers", {})),
            body=response.get("ResponseTemplates", {}).get(
                "application/json", '{"message":$context.error.messageString}'
            ),
        )
        for api in apis
        for kind, response in resolve(api.get("GatewayResponses", {})).items()
    }


def _static_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Literals stand in single quotes; mapped values (`context.requestId`) stay as they are."""
    return {name: text[1:-1] if text.startswith("'") else f"${text}" for name, text in headers.items()}


def _table(name: str, raw: Mapping[str, Any], resolver: _Resolver) -> Table:
    table_name = str(resolver.refer(name))
    kept = ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "LocalSecondaryIndexes")
    ttl = resolver.resolve(raw.get("TimeToLiveSpecification", {}))
    return Table(
        name=table_name,
        definition={
            "TableName": table_name,
            "BillingMode": "PAY_PER_REQUEST",
            **{key: resolver.resolve(raw[key]) for key in kept if key in raw},
        },
        expires_by=ttl.get("AttributeName") if ttl.get("Enabled") else None,
    )
