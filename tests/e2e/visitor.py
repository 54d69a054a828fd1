"""A person at the site without a browser: signs in with the code that was mailed, and calls as the pages do."""

import email
import itertools
import re
import uuid
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from tests.e2e.local_machine import Machine

JSON = {"content-type": "application/json"}
WITHOUT_BODY = {"x-requested-with": "portrait"}
COOKIE = "session"
"""What the local machine, which has no TLS, calls the session's cookie."""

_places = itertools.count(2)


def new_address() -> str:
    return f"{uuid.uuid4().hex[:12]}@example.com"


def letters(machine: Machine, address: str) -> list[EmailMessage]:
    """What was mailed to an address, oldest first."""
    files = sorted((machine.data / "outbox").glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
    found = [email.message_from_bytes(file.read_bytes(), policy=default) for file in files]
    return [letter for letter in found if isinstance(letter, EmailMessage) and letter["to"].lower() == address.lower()]


def mailed_code(machine: Machine, address: str) -> str:
    """The six digits of the newest letter to an address."""
    text = letters(machine, address)[-1].get_content()
    [code] = re.findall(r"\b\d{6}\b", text)
    return str(code)


class Elsewhere(HTTPAdapter):
    """Calls come from an address of their own, 127.0.x.y: senders are counted by theirs."""

    def init_poolmanager(self, *arguments: Any, **settings: Any) -> None:
        place = next(_places)
        super().init_poolmanager(*arguments, source_address=(f"127.0.{place // 250}.{2 + place % 250}", 0), **settings)


class Visitor:
    """One person with a cookie jar."""

    def __init__(self, machine: Machine, address: str = "") -> None:
        self.machine = machine
        self.address = address or new_address()
        self.jar = requests.Session()
        self.jar.mount("http://", Elsewhere(pool_maxsize=64))

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> requests.Response:
        """As the pages call: JSON, or without a body the header that no form can send."""
        sent = headers if headers is not None else (JSON if body is not None else WITHOUT_BODY)
        return self.jar.request(method, f"{self.machine.url}{path}", json=body, headers=sent, timeout=30)

    def ask_for_code(self) -> requests.Response:
        return self.call("POST", "/session/v1/code", {"email": self.address})

    def enter(self, code: str) -> requests.Response:
        return self.call("POST", "/session/v1", {"email": self.address, "code": code})

    def sign_in(self) -> "Visitor":
        sent = self.ask_for_code()
        assert sent.status_code == 202, sent.text
        opened = self.enter(mailed_code(self.machine, self.address))
        assert opened.status_code == 200, opened.text
        return self

    @property
    def token(self) -> str:
        return str(self.jar.cookies[COOKIE])

    def session(self) -> Any:
        answer = self.call("GET", "/session/v1")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def key(self, name: str = "e2e") -> Any:
        answer = self.call("POST", "/account/v1/keys", {"name": name})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def depth(self, key: str, portrait: Path) -> requests.Response:
        with portrait.open("rb") as file:
            return self.jar.post(
                self.machine.depth_url, headers={"x-api-key": key}, files={"image_file": file}, timeout=60
            )

    def copy_of_the_cookie(self) -> "Visitor":
        """Somebody else who got hold of this person's cookie."""
        thief = Visitor(self.machine, self.address)
        thief.jar.cookies.update(self.jar.cookies)
        return thief
