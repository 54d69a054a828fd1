"""What template.yaml says about functions, routes, gateway responses and tables, as plain values.

Only what the local machine needs is read. A function's and a table's name here is its logical id.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from infra.local.intrinsics import Loader, Resolver

LAMBDA_MEMORY_MB: Final = 128
LAMBDA_TIMEOUT_S: Final = 3
"""Lambda's own defaults, used where the template says nothing."""

PLAIN_BODY: Final = '{"message":$context.error.messageString}'
"""API Gateway's own default, where the template gives no body."""


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
    document = yaml.load(path.read_text(), Loader)  # noqa: S506 - derived from the safe loader
    resolver = Resolver(document, parameters)
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


def renamed(template: Template, environment: Mapping[str, str]) -> Template:
    """The template with a deployment's own table names: KEYS_TABLE and the like, where `environment` has them."""
    variables = {name: text for function in template.functions.values() for name, text in function.environment.items()}
    known = {table.name for table in template.tables}
    names = {text: environment[name] for name, text in variables.items() if text in known and name in environment}

    def of_function(function: Function) -> Function:
        changed = {name: names.get(text, text) for name, text in function.environment.items()}
        return replace(function, environment=changed)

    def of_table(table: Table) -> Table:
        name = names.get(table.name, table.name)
        return replace(table, name=name, definition={**table.definition, "TableName": name})

    return replace(
        template,
        functions={name: of_function(function) for name, function in template.functions.items()},
        tables=tuple(of_table(table) for table in template.tables),
    )


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


def _table(name: str, raw: Mapping[str, Any], resolver: Resolver) -> Table:
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
