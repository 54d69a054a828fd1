"""What a call of the site's own pages looks like: its cookie, its JSON, where it comes from.

A browser sends a cookie along with whatever a page of anybody asks for. So a call that changes something must show
what no other site's page can send: a JSON content type or a header of our own (either makes a browser ask first, and
the answer names no credentials), and `Sec-Fetch-Site` and `Origin` as the browser itself writes them. SameSite=Lax
keeps the cookie at home in most cases already.
"""

import hmac
import ipaddress
import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from portrait import tariff
from portrait.door import Request
from portrait.identity import Identities, Member
from portrait.problems import CrossSite, InvalidBody, NotSignedIn, UnsupportedMediaType

LOOPBACK: Final = ("127.0.0.1", "localhost")


def check_origin(request: Request, site_url: str) -> None:
    """A page of this site asks, or no browser. Raises CrossSite, UnsupportedMediaType."""
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise CrossSite()
    if request.headers.get("origin", site_url) not in _origins(site_url):
        raise CrossSite()
    if request.method == "DELETE" and not request.body:
        if request.headers.get("x-requested-with") != "portrait":
            raise CrossSite()
    elif not _is_json(request):
        raise UnsupportedMediaType()


def member_of(request: Request, identities: Identities, site_url: str, now: float) -> Member:
    """Who is signed in. Raises NotSignedIn."""
    token = token_of(request, site_url)
    if not token:
        raise NotSignedIn()
    return identities.identify(token, now)


def token_of(request: Request, site_url: str) -> str:
    """The session's token out of the cookie; empty where there is none that could be one."""
    name = _cookie_name(site_url)
    for pair in request.headers.get("cookie", "").split(";"):
        key, _, value = pair.strip().partition("=")
        if key == name:
            return value if re.fullmatch(r"[\w-]{43}", value, re.ASCII) else ""
    return ""


def cookie(token: str, site_url: str) -> dict[str, str]:
    """The header that gives a browser its session, or with an empty token takes it away.

    `__Host-` binds it to this host and to https; the local machine has no https.
    """
    age_s = tariff.SESSION_S if token else 0
    is_secure = site_url.startswith("https:")
    return {
        "Set-Cookie": f"{_cookie_name(site_url)}={token}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=Lax"
        + ("; Secure" if is_secure else "")
    }


def fields(request: Request, **expected: int) -> dict[str, str]:
    """The members of the body's JSON object that are asked for: texts, each at most so many characters.

    Raises InvalidBody. Members that nobody asks for are ignored.
    """
    found = _object(request.body)
    return {name: _text(found.get(name), name, most) for name, most in expected.items()}


def sender_of(request: Request, origin_secret: str) -> str:
    """Whose IP address the request comes from; an IPv6 one as its /64, which is one household's. Empty: this machine's.

    Behind CloudFront the gateway is called by CloudFront, whose function tells the viewer's address in a header.
    Anybody else can send that header too, straight to the gateway: it counts only beside the secret that the
    distribution adds.
    """
    proof = request.headers.get("x-origin-proof", "")
    is_proved = bool(origin_secret) and hmac.compare_digest(proof.encode("utf-8", "replace"), origin_secret.encode())
    told = request.headers.get("x-viewer-address", "") if is_proved else ""
    try:
        address = ipaddress.ip_address((told or request.source_ip).strip("[]"))
    except ValueError:
        return "unknown"
    if address.is_loopback:
        return ""
    return str(ipaddress.ip_network((address, 64), strict=False) if address.version == 6 else address)


def _origins(site_url: str) -> set[str]:
    """The site's origin; on this machine by both of its names."""
    parts = urlsplit(site_url)
    if parts.hostname not in LOOPBACK:
        return {site_url}
    return {f"{parts.scheme}://{name}:{parts.port}" for name in LOOPBACK}


def _cookie_name(site_url: str) -> str:
    return "__Host-session" if site_url.startswith("https:") else "session"


def _is_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


def _object(body: bytes) -> Mapping[str, Any]:
    if len(body) > tariff.BODY_BYTES:
        raise InvalidBody(f"at most {tariff.BODY_BYTES} bytes")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidBody() from error
    if not isinstance(value, dict):
        raise InvalidBody()
    return value


def _text(value: object, name: str, most: int) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= most:
        raise InvalidBody(f"{name}, a text of 1 to {most} characters")
    return value
