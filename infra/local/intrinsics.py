"""CloudFormation's intrinsics, as far as template.yaml uses them where the local machine looks.

Ref, Sub, GetAtt, If, Equals, Not, And, Or, Join. A reference to a resource becomes the name that it has here: its
logical id, or the table's name where the template gives one.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import yaml

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


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: `!Ref X` is read as {"Ref": X}, `!Sub X` as {"Fn::Sub": X}."""


def _short_form(loader: Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


Loader.add_multi_constructor("!", _short_form)


class Resolver:
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
