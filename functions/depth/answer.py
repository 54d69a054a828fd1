"""What may be answered: the Accept header, the form's options, and what comes of both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from depth.ports import Subject
from portrait.problems import InvalidOption, NotAcceptable

MEDIA_TYPES: Final = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "png16": "image/png",
    "webp": "image/webp",
}
PREFERENCE: Final = ("jpeg", "png", "webp")
"""JPEG wherever it is allowed at all: clients send a browser's list, which prefers WEBP, and expect JPEG."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to draw (one of `outputs`) and as what (a key of MEDIA_TYPES)."""

    output: str
    file_format: str

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self.file_format]


def acceptable(accept: str) -> str:
    """The format that an Accept header (RFC 9110, 12.5.1) gets. Raises NotAcceptable if it excludes all of ours."""
    weights = _weights(accept)
    for file_format in PREFERENCE:
        if _weight(weights, MEDIA_TYPES[file_format]) > 0:
            return file_format
    raise NotAcceptable()


def outputs(subject: Subject) -> tuple[str, ...]:
    """What the option `output` may be where a subject is asked for; the first is the default."""
    return (subject.value, "alpha", f"{subject.value}+alpha")


def options(fields: Mapping[str, str], accepted: str, subject: Subject) -> Options:
    """The form's options over what Accept gets. Raises InvalidOption."""
    possible = outputs(subject)
    output = fields.get("output", "").strip().lower() or possible[0]
    if output not in possible:
        raise InvalidOption("output", possible)
    file_format = fields.get("output_format", "").strip().lower().replace("jpg", "jpeg")
    if file_format and file_format not in MEDIA_TYPES:
        raise InvalidOption("output_format", tuple(MEDIA_TYPES))
    if output.endswith("+alpha"):  # only PNG carries the alpha channel in all of its values
        if file_format not in ("", "png"):
            raise InvalidOption(f"output_format with output={output}", ("png",))
        return Options(output, "png")
    return Options(output, file_format or accepted)


def _weights(accept: str) -> dict[str, float]:
    """Media range -> q. An empty or unreadable header allows everything."""
    weights: dict[str, float] = {}
    for item in accept.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        if "/" in name:
            weights[name.replace("image/jpg", "image/jpeg")] = _q(parameters)
    return weights or {"*/*": 1.0}


def _q(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 1.0
    return 1.0


def _weight(weights: Mapping[str, float], media_type: str) -> float:
    """The q of the most specific range that holds a media type."""
    for name in (media_type, "image/*", "*/*"):
        if name in weights:
            return weights[name]
    return 0.0
