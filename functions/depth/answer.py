"""What may be answered: the Accept header, the form's options, and what comes of both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from portrait.problems import InvalidOption, NotAcceptable

OUTPUTS: Final = ("depth", "alpha", "depth+alpha")
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
    """What to draw (one of OUTPUTS) and as what (a key of MEDIA_TYPES)."""

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


def options(fields: Mapping[str, str], accepted: str) -> Options:
    """The form's options over what Accept gets. Raises InvalidOption."""
    output = fields.get("output", "").strip().lower() or "depth"
    if output not in OUTPUTS:
        raise InvalidOption("output", OUTPUTS)
    file_format = fields.get("output_format", "").strip().lower().replace("jpg", "jpeg")
    if file_format and file_format not in MEDIA_TYPES:
        raise InvalidOption("output_format", tuple(MEDIA_TYPES))
    if output == "depth+alpha":  # two channels: only PNG carries them
        if file_format not in ("", "png"):
            raise InvalidOption("output_format with output=depth+alpha", ("png",))
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
