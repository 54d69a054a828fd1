"""The client libraries that people really use, each unchanged, against the running machine."""

import asyncio
import io
import json
import subprocess
from pathlib import Path

import aiohttp
import httpx
import numpy as np
import pytest
import requests
from PIL import Image
from pyclipdrop import ClipdropClient
from pyclipdrop.exceptions import APIRequestError
from requests_toolbelt import MultipartEncoder

from tests.e2e.local_machine import Machine

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "tests" / "e2e" / "clients"

pytestmark = pytest.mark.e2e


def assert_depth_map(data: bytes, portrait: Path) -> None:
    """A grayscale JPEG of the portrait's size, black at the corners, white somewhere, with values between."""
    with Image.open(io.BytesIO(data)) as result, Image.open(portrait) as picture:
        assert (result.format, result.mode, result.size) == ("JPEG", "L", picture.size)
        values = np.asarray(result)
    assert values.max() >= 250
    assert values[:8, :8].max() == 0
    assert len(np.unique(values)) > 50


def test_requests(machine: Machine, key: str, portrait: Path) -> None:
    with portrait.open("rb") as file:
        answer = requests.post(machine.depth_url, headers={"x-api-key": key}, files={"image_file": file}, timeout=60)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert (answer.headers["x-credits-consumed"], answer.headers["x-remaining-credits"]) == ("1", "99")
    assert_depth_map(answer.content, portrait)


def test_requests_streaming_with_toolbelt(machine: Machine, key: str, portrait: Path) -> None:
    with portrait.open("rb") as file:
        form = MultipartEncoder({"image_file": ("portrait.jpg", file, "image/jpeg"), "output_format": "png"})
        headers = {"x-api-key": key, "content-type": form.content_type}
        answer = requests.post(machine.depth_url, headers=headers, data=form, timeout=60)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")


def test_httpx(machine: Machine, key: str, portrait: Path) -> None:
    with portrait.open("rb") as file:
        answer = httpx.post(machine.depth_url, headers={"X-API-KEY": key}, files={"image_file": file}, timeout=60)
    assert answer.status_code == 200
    assert_depth_map(answer.content, portrait)


def test_aiohttp(machine: Machine, key: str, portrait: Path) -> None:
    async def call() -> tuple[int, bytes]:
        async with aiohttp.ClientSession() as session:
            form = aiohttp.FormData()
            form.add_field("image_file", portrait.read_bytes(), filename="portrait.jpg")
            async with session.post(machine.depth_url, headers={"x-api-key": key}, data=form) as answer:
                return answer.status, await answer.read()

    status, body = asyncio.run(call())
    assert status == 200
    assert_depth_map(body, portrait)


@pytest.mark.parametrize("script", ["fetch.mjs", "axios.mjs"])
def test_node(machine: Machine, key: str, portrait: Path, tmp_path: Path, script: str) -> None:
    result = tmp_path / "result.jpg"
    command = ["node", str(CLIENTS / script), machine.depth_url, key, str(portrait), str(result)]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)
    assert (answer["status"], answer["headers"]["x-credits-consumed"]) == (200, "1")
    assert_depth_map(result.read_bytes(), portrait)


def test_curl_as_the_documentation_says(machine: Machine, key: str, portrait: Path, tmp_path: Path) -> None:
    result = tmp_path / "result.jpg"
    command = ["curl", "-sS", "-X", "POST", machine.depth_url, "-H", f"x-api-key: {key}"]
    command += ["-F", f"image_file=@{portrait}", "-o", str(result), "-w", "%{http_code} %{content_type}"]
    told = subprocess.run(command, check=True, capture_output=True, timeout=60, text=True).stdout
    assert told == "200 image/jpeg"
    assert_depth_map(result.read_bytes(), portrait)


def test_curl_sends_a_raw_body_after_100_continue(machine: Machine, key: str, portrait: Path, tmp_path: Path) -> None:
    result = tmp_path / "result.jpg"
    command = ["curl", "-sS", machine.depth_url, "-H", f"x-api-key: {key}", "-H", "content-type: image/jpeg"]
    command += ["-H", "Expect: 100-continue", "--data-binary", f"@{portrait}", "-o", str(result), "-v"]
    told = subprocess.run(command, check=True, capture_output=True, timeout=60, text=True).stderr
    assert "100 Continue" in told
    assert_depth_map(result.read_bytes(), portrait)


def test_the_original_s_python_client_with_another_base_url(
    machine: Machine, key: str, portrait: Path, tmp_path: Path
) -> None:
    result = tmp_path / "depth.jpg"
    ClipdropClient(key, base_url=machine.url).portrait_depth_estimation(str(portrait), str(result))
    assert_depth_map(result.read_bytes(), portrait)


def test_the_original_s_python_client_tells_our_errors(machine: Machine, portrait: Path, tmp_path: Path) -> None:
    client = ClipdropClient("undefined", base_url=machine.url)
    with pytest.raises(APIRequestError, match="Invalid api key"):
        client.portrait_depth_estimation(str(portrait), str(tmp_path / "depth.jpg"))


def test_the_sister_call_answers_with_normals_or_is_not_there(machine: Machine, key: str, portrait: Path) -> None:
    """As the served network knows them or not; its manifest says which."""
    outputs = json.loads((ROOT / "models" / "portrait-depth.json").read_text())["outputs"]
    url = f"{machine.url}/portrait-surface-normals/v1"
    with portrait.open("rb") as file:
        answer = requests.post(url, headers={"x-api-key": key}, files={"image_file": file}, timeout=30)
    if "normals" not in outputs:
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_url")
        return
    assert (answer.status_code, answer.headers["x-credits-consumed"]) == (200, "1")
    with Image.open(io.BytesIO(answer.content)) as normals, Image.open(portrait) as picture:
        assert (normals.format, normals.mode, normals.size) == ("JPEG", "RGB", picture.size)
