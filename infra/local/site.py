"""The pages, as CloudFront answers for them: files of build/web, with their types, their age and the headers that keep
a page to itself."""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from infra.local.event import HttpAnswer

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self' blob:",
        "worker-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""Nothing from elsewhere, nothing inline. blob: and data: are pictures that a page made itself."""

HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

TYPES: Final = {".js": "text/javascript", ".webp": "image/webp", ".woff2": "font/woff2", ".yaml": "application/yaml"}
"""What this machine's own tables may lack or name otherwise."""

FOREVER: Final = "public, max-age=31536000, immutable"
"""For what has a hash of its content in its name."""


@dataclass(frozen=True, slots=True)
class Page:
    """One file of the site as it is answered."""

    body: bytes
    media_type: str
    tag: str
    cache_control: str


class Site:
    """The built site. All of it is read once, and again when another build has taken its place: what a caller writes
    into a path is looked up among names and never touches the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._built = (0, 0)
        self._pages: Mapping[str, Page] = {}

    def answer(self, method: str, path: str, headers: Mapping[str, str]) -> HttpAnswer | None:
        """The answer to GET or HEAD of a path of the site; None where the site has no such path. Lower-case headers."""
        if method not in ("GET", "HEAD"):
            return None
        pages = self._read()
        name = unquote(path)
        if page := pages.get(name):
            return _fresh(page) if _has(page, headers.get("if-none-match", "")) else _whole(page)
        return _moved(name) if f"{name}/" in pages else None

    def _read(self) -> Mapping[str, Page]:
        """A build replaces the folder as a whole, so that number and time of the folder tell one from another."""
        try:
            there = self._folder.stat()
            built = (there.st_ino, there.st_mtime_ns)
            if built != self._built:
                self._pages = _read(self._folder)
                self._built = built
        except FileNotFoundError:
            self._pages, self._built = {}, (0, 0)  # nothing is built, or a build is just taking its place
        return self._pages


def _read(folder: Path) -> dict[str, Page]:
    """Pages by path; `index.html` stands for its folder."""
    pages = {}
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            path = "/" + file.relative_to(folder).as_posix()
            pages[path.removesuffix("index.html")] = _page(file, path)
    return pages


def _page(file: Path, path: str) -> Page:
    body = file.read_bytes()
    media_type = TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    cache_control = FOREVER if path.startswith("/assets/") else "no-cache"
    return Page(body, media_type, f'"{hashlib.sha256(body).hexdigest()[:32]}"', cache_control)


def _has(page: Page, if_none_match: str) -> bool:
    """Whether the client says that it has this file (RFC 9110, 13.1.2: compared weakly)."""
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return page.tag in tags or "*" in tags


def _whole(page: Page) -> HttpAnswer:
    return HttpAnswer(200, (("Content-Type", page.media_type), *_kept(page)), page.body)


def _fresh(page: Page) -> HttpAnswer:
    return HttpAnswer(304, (("Content-Type", page.media_type), *_kept(page)), b"")


def _kept(page: Page) -> tuple[tuple[str, str], ...]:
    return (("ETag", page.tag), ("Cache-Control", page.cache_control), *HEADERS.items())


def _moved(path: str) -> HttpAnswer:
    """A folder without its slash: links within the page count on the slash."""
    headers = (("Location", f"{path}/"), ("Content-Type", "text/plain; charset=utf-8"), *HEADERS.items())
    return HttpAnswer(301, headers, b"")
