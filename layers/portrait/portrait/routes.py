"""The paths that there are, and which of them a caller's is. Pure."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from portrait import tariff
from portrait.problems import MethodNotAllowed, UnknownUrl

ROUTES: Final[Mapping[str, tuple[str, ...]]] = {
    f"/{tariff.DEPTH_ENDPOINT}": ("POST",),
    f"/{tariff.NORMALS_ENDPOINT}": ("POST",),
    "/session/v1/code": ("POST",),
    "/session/v1": ("GET", "POST", "DELETE"),
    "/account/v1": ("GET", "DELETE"),
    "/account/v1/keys": ("GET", "POST"),
    "/account/v1/keys/{id}": ("PATCH", "DELETE"),
    "/account/v1/claim": ("POST",),
    "/account/v1/statement": ("GET",),
    "/account/v1/statement.csv": ("GET",),
    "/account/v1/usage": ("GET",),
    "/account/v1/packs": ("GET",),
    "/account/v1/checkout": ("POST",),
    "/payments/v1/webhook": ("POST",),
    "/health": ("GET",),
}
"""Every path there is, with its methods. HEAD goes with GET; OPTIONS is answered on each. `{id}` is any one step."""


_PATTERNS: Final = {
    route: re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", re.escape(route).replace(r"\{", "{").replace(r"\}", "}")))
    for route in ROUTES
    if "{" in route
}


def plain(path: str) -> str:
    """`//` collapsed, one trailing `/` taken away."""
    return re.sub("/{2,}", "/", path).removesuffix("/") or "/"


def name_of(path: str) -> str:
    """The route that a path is on, or `unknown`. For the log: a path that is none of ours may hold anything, also a
    key."""
    route, _ = _found(plain(path))
    return route or "unknown"


def of(method: str, path: str) -> tuple[str, dict[str, str]]:
    """The route of ROUTES that a plain path is on, and what stands in the place of its `{id}`. Raises UnknownUrl,
    MethodNotAllowed."""
    route, parameters = _found(path)
    if not route:
        raise UnknownUrl()
    allowed = ROUTES[route]
    also = ("OPTIONS", "HEAD") if "GET" in allowed else ("OPTIONS",)
    if method not in (*allowed, *also):
        raise MethodNotAllowed(*allowed)
    return route, parameters


def _found(path: str) -> tuple[str, dict[str, str]]:
    """Empty where a path is on no route."""
    if path in ROUTES and "{" not in path:
        return path, {}
    for route, pattern in _PATTERNS.items():
        if found := pattern.fullmatch(path):
            return route, {name: unquote(text) for name, text in found.groupdict().items()}
    return "", {}
