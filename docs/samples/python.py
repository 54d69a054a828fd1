"""Turns a portrait into its depth map: python python.py portrait.jpg depth.jpg"""

import os
import sys
import uuid
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter, Retry

URL = os.environ.get("PORTRAIT_DEPTH_URL", "http://127.0.0.1:8000")
KEY = os.environ["PORTRAIT_DEPTH_KEY"]


def depth_map(picture: Path) -> requests.Response:
    """Ask up to three times; the Idempotency-Key makes all attempts one charge."""
    again = Retry(2, status_forcelist=[429, 500, 502, 503, 504], allowed_methods=["POST"], raise_on_status=False)
    with requests.Session() as session, picture.open("rb") as file:
        session.mount(URL, HTTPAdapter(max_retries=again))
        return session.post(
            f"{URL}/portrait-depth-estimation/v1",
            headers={"x-api-key": KEY, "Idempotency-Key": str(uuid.uuid4())},
            files={"image_file": file},
            timeout=30,
        )


picture, result = map(Path, sys.argv[1:])
try:
    answer = depth_map(picture)
except requests.RequestException as error:
    sys.exit(f"No answer: {error}")
if not answer.ok:
    sys.exit(f"{answer.status_code} {answer.json()['error']}")
result.write_bytes(answer.content)
print(answer.headers["x-remaining-credits"], "credits left")
