"""Mail: what SES is asked for, and what lies in the outbox."""

import email
import email.policy
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from portrait.mail import OutboxMail, SesMail, Undeliverable, mail_of
from portrait.problems import Unavailable
from portrait.settings import Settings, SettingsError
from tests.unit.test_settings import GOOD

SENDER = "no-reply@portrait-depth.example"
ASKED = {
    "FromEmailAddress": SENDER,
    "Destination": {"ToAddresses": ["ada@example.com"]},
    "Content": {
        "Simple": {
            "Subject": {"Data": "123456 is your code"},
            "Body": {"Text": {"Data": "Good for 10 minutes.", "Charset": "UTF-8"}},
        }
    },
}


@pytest.fixture
def ses(monkeypatch: pytest.MonkeyPatch) -> SesMail:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    return SesMail(SENDER, "eu-central-1")


def test_ses_is_asked_for_one_plain_message(ses: SesMail) -> None:
    with Stubber(ses.client) as stub:
        stub.add_response("send_email", {"MessageId": "1"}, ASKED)
        ses.send("ada@example.com", "123456 is your code", "Good for 10 minutes.")
        stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        ("MessageRejected", Undeliverable),
        ("BadRequestException", Undeliverable),
        ("TooManyRequestsException", Unavailable),
        ("SendingPausedException", Unavailable),
        ("AccessDeniedException", Unavailable),
    ],
)
def test_a_message_that_is_refused_is_not_a_service_that_is_down(
    ses: SesMail, code: str, raised: type[Exception]
) -> None:
    with Stubber(ses.client) as stub:
        stub.add_client_error("send_email", code)
        with pytest.raises(raised):
            ses.send("ada@example.com", "subject", "text")


def test_a_service_that_cannot_be_reached_is_down(ses: SesMail) -> None:
    def unreachable(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://email.eu-central-1.amazonaws.com")

    ses.client.meta.events.register("before-send.sesv2.SendEmail", unreachable)
    with pytest.raises(Unavailable):
        ses.send("ada@example.com", "subject", "text")


def test_the_outbox_holds_messages_that_a_mail_program_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outbox = OutboxMail(SENDER, tmp_path / "outbox")
    outbox.send("ada@example.com", "123456 is your code", "Good for 10 minutes \u2013 hurry.\n")
    outbox.send("eve@example.com", "654321 is your code", "x")
    first, second = sorted((tmp_path / "outbox").glob("*.eml"))
    message = email.message_from_bytes(first.read_bytes(), policy=email.policy.default)
    assert (message["From"], message["To"], message["Subject"]) == (SENDER, "ada@example.com", "123456 is your code")
    body = message.get_body()
    assert body is not None
    assert body.get_content().strip() == "Good for 10 minutes \u2013 hurry."
    assert b"eve@example.com" in second.read_bytes()
    assert (first.stat().st_mode & 0o777, first.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert "Mail to ada@example.com: 123456 is your code" in capsys.readouterr().out


def test_no_line_is_smuggled_into_a_header(tmp_path: Path) -> None:
    outbox = OutboxMail(SENDER, tmp_path)
    with pytest.raises(ValueError, match="linefeed"):
        outbox.send("ada@example.com\r\nBcc: all@example.com", "subject", "text")
    assert list(tmp_path.glob("*.eml")) == []


def test_a_deployment_sends_and_this_machine_keeps(tmp_path: Path) -> None:
    told = {**GOOD, "MAIL_FROM": SENDER}
    assert isinstance(mail_of(Settings.read(told)), SesMail)
    assert isinstance(mail_of(Settings.read({**told, "MAIL_OUTBOX": str(tmp_path)})), OutboxMail)
    with pytest.raises(SettingsError, match="MAIL_FROM is not set"):
        mail_of(Settings.read(GOOD))
