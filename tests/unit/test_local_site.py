"""The pages as the local front answers for them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from infra.local.event import HttpAnswer
from infra.local.site import Site
from infra.local.template import Route
from tests.unit.local_front import PLAN, Local, head, local

FILES = {
    "index.html": "<!doctype html>home",
    "docs/index.html": "<!doctype html>docs",
    "assets/page-ABC.js": "export {}",
    "assets/letters.woff2": "letters",
    "assets/face.webp": "face",
    "reference/openapi.yaml": "openapi: 3.1.0",
    "favicon.ico": "icon",
    "robots.txt": "User-agent: *",
    "a name.txt": "spaced",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text("not of the site")
    return build(tmp_path / "web", FILES)


def build(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def get(site: Site, path: str, method: str = "GET", **headers: str) -> HttpAnswer:
    answer = site.answer(method, path, {name.replace("_", "-"): text for name, text in headers.items()})
    assert answer, path
    return answer


@pytest.mark.parametrize(
    ("path", "text", "media_type"),
    [
        ("/", "<!doctype html>home", "text/html; charset=utf-8"),
        ("/docs/", "<!doctype html>docs", "text/html; charset=utf-8"),
        ("/assets/page-ABC.js", "export {}", "text/javascript; charset=utf-8"),
        ("/assets/letters.woff2", "letters", "font/woff2"),
        ("/assets/face.webp", "face", "image/webp"),
        ("/reference/openapi.yaml", "openapi: 3.1.0", "application/yaml"),
        ("/robots.txt", "User-agent: *", "text/plain; charset=utf-8"),
        ("/a%20name.txt", "spaced", "text/plain; charset=utf-8"),
    ],
)
def test_a_file_is_answered_with_its_type(folder: Path, path: str, text: str, media_type: str) -> None:
    answer = get(Site(folder), path)
    assert (answer.status, answer.body.decode(), dict(answer.headers)["Content-Type"]) == (200, text, media_type)


def test_a_folder_without_its_slash_is_sent_to_the_one_with_it(folder: Path) -> None:
    answer = get(Site(folder), "/docs")
    assert (answer.status, dict(answer.headers)["Location"]) == (301, "/docs/")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/docs/index.html",
        "/../secret.txt",
        "/docs/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%5c..%5csecret.txt",
        "/docs/%00",
        "//evil.example/",
        "//docs",
        "/%ff",
        "/assets/",
    ],
)
def test_what_is_no_file_of_the_site_is_none_of_its_business(folder: Path, path: str) -> None:
    assert Site(folder).answer("GET", path, {}) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_pages_are_only_read(folder: Path, method: str) -> None:
    assert Site(folder).answer(method, "/", {}) is None


def test_who_has_a_page_already_is_not_sent_it_again(folder: Path) -> None:
    site = Site(folder)
    tag = dict(get(site, "/docs/").headers)["ETag"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', tag)
    for sent in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = get(site, "/docs/", if_none_match=sent)
        assert (answer.status, answer.body, dict(answer.headers)["ETag"]) == (304, b"", tag)
    assert get(site, "/docs/", if_none_match='"other"').status == 200
    assert dict(get(site, "/").headers)["ETag"] != tag


def test_only_what_has_its_hash_in_its_name_is_kept_without_asking(folder: Path) -> None:
    site = Site(folder)
    kept = {
        path: dict(get(site, path).headers)["Cache-Control"] for path in ("/", "/robots.txt", "/assets/page-ABC.js")
    }
    assert kept["/"] == kept["/robots.txt"] == "no-cache"
    assert "immutable" in kept["/assets/page-ABC.js"]


def test_no_page_runs_what_is_not_in_the_site_s_own_files(folder: Path) -> None:
    for path in ("/", "/docs", "/assets/page-ABC.js"):
        headers = dict(get(Site(folder), path).headers)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy and "http" not in policy and "*" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_new_build_is_answered_at_once(folder: Path) -> None:
    site = Site(folder)
    assert get(site, "/").body == b"<!doctype html>home"
    fresh = build(folder.with_name("fresh"), {"index.html": "new"})
    folder.rename(folder.with_name("old"))
    fresh.rename(folder)
    assert get(site, "/").body == b"new"
    assert site.answer("GET", "/docs/", {}) is None


def test_without_a_build_there_are_no_pages(folder: Path) -> None:
    site = Site(folder)
    assert get(site, "/").status == 200
    folder.rename(folder.with_name("old"))
    assert site.answer("GET", "/", {}) is None


# ---- behind the front: routes of the API, then the site, then the catch-all --------------------------------


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    files = {**FILES, "health/index.html": "page", "files/of/mine": "page"}
    site = Site(build(tmp_path_factory.mktemp("site") / "web", files))
    function = next(route.function for route in PLAN.routes if route.path == "/health")
    everything = (Route("/", "ANY", function, ()), Route("/{proxy+}", "ANY", function, ()))
    with local(plan=replace(PLAN, routes=(*PLAN.routes, *everything)), site=site) as running:
        yield running


def test_routes_of_the_api_go_before_files_of_the_site(here: Local) -> None:
    with here.wire() as wire:
        for path, resource in (("/health", "/health"), ("/health/", "/health"), ("/files/of/mine", "/files/{proxy+}")):
            assert wire.send(head(method="GET", path=path)).receive().json["event"]["resource"] == resource


def test_files_of_the_site_go_before_the_catch_all(here: Local) -> None:
    with here.wire() as wire:
        assert wire.send(head(method="GET", path="/?from=mail")).receive().body == b"<!doctype html>home"
        assert wire.send(head(method="GET", path="/nowhere")).receive().json["event"]["resource"] == "/{proxy+}"
        assert wire.send(head(method="POST", path="/")).receive().json["event"]["resource"] == "/"


def test_head_of_a_page_is_its_length_and_no_body(here: Local) -> None:
    with here.wire() as wire:
        answer = wire.send(head(method="HEAD", path="/docs/")).receive(has_body=False)
        assert (answer.status, answer.one("content-length")) == (200, str(len("<!doctype html>docs")))
        again = wire.send(head("echo", f"If-None-Match: {answer.one('etag')}", method="GET", path="/docs/")).receive()
        assert (again.status, again.body, "content-length" in again.headers) == (304, b"", False)


def test_dots_in_a_path_lead_nowhere(here: Local) -> None:
    with here.wire() as wire:
        for path in ("/../../etc/passwd", "/assets/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc%2fpasswd"):
            assert wire.send(head(method="GET", path=path)).receive().json["event"]["resource"] == "/{proxy+}"
