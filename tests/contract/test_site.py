"""The built pages: what they promise is what the service does, all they load is theirs, and nothing is inline."""

import html
import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from infra.local import template
from infra.local.gateway import Gateway, Refused
from portrait import tariff
from tests.contract.test_docs import errors

ROOT = Path(__file__).parents[2]
PICTURES = (".jpg", ".png", ".webp")
HOME_BYTES = 150_000
"""Of everything that the first page loads at once but pictures."""


def build(folder: Path) -> Path:
    command = ["node", "infra/web/build.mjs", "--out", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=60)
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("site") / "web")


class Page(HTMLParser):
    """Elements in order, anchors, and text."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.within: list[str] = []
        self.feed(file.read_text())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        self.within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.within and self.within.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.within and self.within[-1] in ("script", "style"):
            assert not data.strip(), "text within a script or style"
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def anchors(self) -> set[str]:
        return {str(own["id"]) for _, own in self.elements if own.get("id")}

    def loads(self) -> Iterator[str]:
        """Addresses that a browser asks for without being told to."""
        yield from (str(own["src"]) for _, own in self.elements if own.get("src"))
        yield from (str(own["href"]) for own in self.all("link"))
        yield from (str(own[name]) for _, own in self.elements for name in ("data-photo", "data-relief") if name in own)


def pages(site: Path) -> dict[str, Page]:
    return {
        f"/{file.parent.relative_to(site).as_posix()}".rstrip(".") or "/": Page(file) for file in site.rglob("*.html")
    }


@pytest.fixture(scope="module")
def read(site: Path) -> dict[str, Page]:
    return pages(site)


# ---- what is said -------------------------------------------------------------------------------------


def test_numbers_on_the_first_page_are_the_tariffs(read: dict[str, Page]) -> None:
    text = " ".join(read["/"].text.split())
    for said in (
        f"{tariff.FREE_CREDITS} free credits",
        f"{tariff.CALL_CREDITS} call, {tariff.CALL_CREDITS} credit",
        f"up to {tariff.PIXELS // 1_000_000} megapixels and {tariff.FILE_BYTES // tariff.MEGABYTE} MB",
    ):
        assert said in text


def test_every_error_links_to_a_row_of_the_docs_page(read: dict[str, Page]) -> None:
    assert set(errors()) <= read["/docs"].anchors


def test_the_docs_page_has_every_sample_whole(site: Path) -> None:
    text = re.sub(r"<[^>]+>", "", (site / "docs/index.html").read_text())
    samples = sorted((ROOT / "docs/samples").iterdir())
    assert samples
    for sample in samples:
        assert sample.read_text().strip() in html.unescape(text), sample.name


def test_the_reference_shows_the_contract_itself(site: Path) -> None:
    assert (site / "reference/openapi.yaml").read_bytes() == (ROOT / "infra/openapi.yaml").read_bytes()


# ---- what is loaded -----------------------------------------------------------------------------------


def test_nothing_is_inline(read: dict[str, Page]) -> None:
    for path, page in read.items():
        for tag, attributes in page.elements:
            assert tag != "style", path
            assert "style" not in attributes, (path, tag)
            assert not [name for name in attributes if name.startswith("on")], (path, tag)
            assert tag != "script" or attributes.get("src"), path


def test_everything_that_is_loaded_is_of_this_site_and_there(site: Path, read: dict[str, Page]) -> None:
    for path, page in read.items():
        for address in page.loads():
            assert address.startswith("/") and not address.startswith("//"), (path, address)
            assert (site / address.removeprefix("/")).is_file(), (path, address)


def test_styles_and_scripts_name_no_other_host(site: Path) -> None:
    for file in site.rglob("*.css"):
        addresses = re.findall(r"url\(\s*[\"']?([^\"')]+)", file.read_text())
        assert all(address.startswith(("/assets/", "data:", "#")) for address in addresses), file.name


def test_links_lead_to_a_page_an_anchor_or_a_call(site: Path, read: dict[str, Page]) -> None:
    gateway = Gateway(template.read(ROOT / "template.yaml", {}).routes, {})
    for path, page in read.items():
        for link in page.all("a"):
            target = urlsplit(str(link.get("href") or "#"))
            if target.scheme in ("http", "https"):
                continue
            name = target.path or f"{path.rstrip('/')}/"
            if name.endswith("/") and name.rstrip("/") in {known.rstrip("/") for known in read}:
                known = read[name.rstrip("/") or "/"]
                assert not target.fragment or target.fragment in known.anchors, (path, link)
            else:
                assert (site / name.removeprefix("/")).is_file() or is_a_call(gateway, name), (path, link)


def is_a_call(gateway: Gateway, path: str) -> bool:
    try:
        return gateway.match("GET", path).route.path not in ("/", "/{proxy+}")
    except Refused:
        return False


def test_the_first_page_is_small_without_its_pictures(site: Path, read: dict[str, Page]) -> None:
    loaded = {address for address in read["/"].loads() if not address.endswith(PICTURES)}
    for address in list(loaded):
        if address.endswith((".js", ".css")):
            text = (site / address.removeprefix("/")).read_text()
            loaded |= set(re.findall(r"/assets/[\w.-]+", text))
            loaded |= {f"/assets/{name}" for name in re.findall(r'from\s*"\./([\w.-]+)"', text)}
    assert any(address.endswith(".woff2") for address in loaded)
    sizes = {address: (site / address.removeprefix("/")).stat().st_size for address in loaded}
    assert sum(sizes.values()) + (site / "index.html").stat().st_size < HOME_BYTES, sizes


# ---- how it is made -----------------------------------------------------------------------------------


def test_every_page_can_be_named_heard_and_laid_out_before_its_pictures_come(site: Path) -> None:
    for file in site.rglob("*.html"):
        page = Page(file)
        assert page.all("html")[0].get("lang") == "en"
        assert page.all("h1"), file
        assert len(page.all("title")) == len(page.all("main")) == 1
        assert [own for own in page.all("meta") if own.get("name") == "description" and own.get("content")], file
        for image in (own for own in page.all("img") if own.get("src")):
            assert "alt" in image and image.get("width") and image.get("height"), (file, image)


def test_two_builds_are_the_same(site: Path, tmp_path: Path) -> None:
    again = build(tmp_path / "web")
    names = sorted(file.relative_to(site) for file in site.rglob("*") if file.is_file())
    assert names == sorted(file.relative_to(again) for file in again.rglob("*") if file.is_file())
    assert all((site / name).read_bytes() == (again / name).read_bytes() for name in names)


def test_a_built_site_is_replaced_as_a_whole(site: Path, tmp_path: Path) -> None:
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "old.html").write_text("of another build")
    build(folder)
    assert not (folder / "old.html").exists()
    assert [file.name for file in tmp_path.iterdir()] == ["web"]
