"""Mail to people: by SES, or on this machine into a folder. The home of boto3's SES."""

import sys
import time
import uuid
from email.message import EmailMessage
from email.policy import SMTP
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from portrait.problems import Unavailable
from portrait.settings import Settings

REFUSED = ("MessageRejected", "BadRequestException")
"""SES will not send to this address, whoever asks: malformed in its eyes, or not verified while it is a sandbox."""


class Undeliverable(Exception):
    """The mail service refuses this one message. Not to be told to who asked for it."""


class Mail(Protocol):
    """Sends plain text. `to` is an address in ASCII. Raises Undeliverable, problems.Unavailable."""

    def send(self, to: str, subject: str, text: str) -> None: ...


class SesMail:
    """Amazon SES. A lost answer can send a message twice: the code in it is the same."""

    def __init__(self, sender: str, region: str) -> None:
        self.sender = sender
        self.region = region

    @cached_property
    def client(self) -> Any:
        """Made for the first message: most cold starts send none."""
        config = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})
        return boto3.client("sesv2", region_name=self.region, config=config)

    def send(self, to: str, subject: str, text: str) -> None:
        content = {"Subject": {"Data": subject}, "Body": {"Text": {"Data": text, "Charset": "UTF-8"}}}
        try:
            self.client.send_email(
                FromEmailAddress=self.sender, Destination={"ToAddresses": [to]}, Content={"Simple": content}
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in REFUSED:
                raise Undeliverable() from error
            raise Unavailable() from error
        except BotoCoreError as error:
            raise Unavailable() from error


class OutboxMail:
    """A folder of .eml files, which any mail program opens, and the subject on the terminal."""

    def __init__(self, sender: str, folder: Path) -> None:
        self.sender = sender
        self.folder = folder

    def send(self, to: str, subject: str, text: str) -> None:
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"], message["Subject"] = self.sender, to, subject
        message.set_content(text)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self.folder / f"{time.time_ns()}-{uuid.uuid4()}.eml"
        file.touch(mode=0o600)
        file.write_bytes(message.as_bytes())
        sys.stdout.write(f"Mail to {to}: {subject}\n")
        sys.stdout.flush()


def mail_of(settings: Settings) -> Mail:
    """How this deployment sends mail. Raises SettingsError."""
    sender = settings.needed("mail_from")
    return OutboxMail(sender, settings.mail_outbox) if settings.mail_outbox else SesMail(sender, settings.region)
