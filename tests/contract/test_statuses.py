"""One test for each row of the contract's table of statuses, in its order, through the real door and story, at both
endpoints.

Each refused request breaks every later row as well where it can, so that these tests hold the order too. After each
one the ledger is as it was before: nothing that is refused costs anything.
"""

import base64
import io
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from PIL import Image

from depth.handler import Handler
from depth.ports import Estimate, Pixels, Subject
from depth.service import Service
from portrait import problems, tariff
from portrait.door import Door
from portrait.ledger import Caller, Charge, Receipt, Window
from portrait.settings import Settings
from tests import making
from tests.fakes import FakeLedger
from tests.unit.test_settings import GOOD

NOW = 1_800_000_000.0
DEPTH, NORMALS = (f"/{endpoint}" for endpoint in (tariff.DEPTH_ENDPOINT, tariff.NORMALS_ENDPOINT))


class Ellipse:
    """An estimator that sees one person, an ellipse in the middle that faces left, in every picture."""

    subjects = frozenset(Subject)

    def estimate(self, pixels: Pixels, subject: Subject = Subject.DEPTH) -> Estimate:
        y, x = np.mgrid[-1:1:64j, -1:1:64j].astype(np.float32)
        alpha = (x**2 + y**2 < 0.5).astype(np.float32)
        left = np.stack([np.full_like(x, -1), 0 * x, 0 * x])
        return Estimate(1 - x**2, alpha, left if subject is Subject.NORMALS else None)


def png(width: int = 64, height: int = 64) -> bytes:
    return making.file(Image.new("RGB", (width, height), "gray"))


def broken_png() -> bytes:
    """A whole header, and half of the pixels that it promises."""
    whole = making.file(making.noise())
    return whole[: len(whole) // 2]


@dataclass
class Bench:
    """The function as Lambda would call it, with a ledger of the tests' own and a clock that stands still."""

    ledger: FakeLedger
    key: str
    answer_bytes: int = 0
    now: float = NOW
    estimator: Any = field(default_factory=Ellipse)
    path: str = DEPTH

    def call(self, **changes: Any) -> tuple[int, dict[str, str], Any]:
        door = Door(Settings.read(GOOD), f"test-{uuid.uuid4()}")
        service = Service(self.ledger, self.estimator, self.answer_bytes, clock=lambda: self.now)
        answer = Handler(door, service)(self.event(**changes), None)
        headers = {name.lower(): value for name, value in answer["headers"].items()}
        body = base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"]
        return answer["statusCode"], headers, json.loads(body) if "json" in headers.get("content-type", "") else body

    def event(
        self,
        *,
        key: str | None = None,
        method: str = "POST",
        path: str | None = None,
        body: bytes | None = None,
        received_at: float = NOW,
        **headers: str,
    ) -> dict[str, Any]:
        sent = {"content-type": making.CONTENT_TYPE}
        sent |= {name.replace("_", "-"): text for name, text in headers.items()}
        sent["x-api-key"] = self.key if key is None else key
        return {
            "httpMethod": method,
            "path": self.path if path is None else path,
            "headers": sent,
            "requestContext": {"requestId": "r-1", "requestTimeEpoch": received_at * 1000},
            "isBase64Encoded": True,
            "body": base64.b64encode(making.form(png()) if body is None else body).decode(),
        }


@pytest.fixture(params=[DEPTH, NORMALS])
def bench(request: pytest.FixtureRequest) -> Bench:
    return Bench(*FakeLedger.with_key(credits=10), path=request.param)


@pytest.fixture
def free(bench: Bench) -> Iterator[Bench]:
    """A bench whose account must hold as many credits after the test as before it."""
    before = bench.ledger.credits()
    yield bench
    assert bench.ledger.credits() == before


def assert_refused(answer: tuple[int, dict[str, str], Any], problem: type[problems.Problem], text: str) -> None:
    status, headers, body = answer
    assert (status, body["code"], body["status"]) == (problem.status, problem.code, problem.status)
    assert headers["content-type"] == "application/json"
    assert next(iter(body)) == "error" and text in body["error"]
    assert headers["access-control-allow-origin"] == "*" and headers["x-request-id"] == body["request_id"] == "r-1"
    if problem not in (problems.NoCredits, problems.RateLimited):
        assert not any(word in body["error"].lower() for word in ("quota", "credit", "limit", "exceeded"))
    if problem.status == 400 and problem.code.startswith("image"):
        assert "image" in body["error"].lower()


def test_1_unknown_path(free: Bench) -> None:
    answer = free.call(path="/portrait-depth-estimation/v2", method="PUT", key="")
    assert_refused(answer, problems.UnknownUrl, "Unknown url")


def test_2_wrong_method(free: Bench) -> None:
    answer = free.call(method="GET", key="")
    assert_refused(answer, problems.MethodNotAllowed, "Method not allowed: use POST")
    assert answer[1]["allow"] == "POST, OPTIONS"


@pytest.mark.parametrize("blank", ["", "   "])
def test_3_no_key(free: Bench, blank: str) -> None:
    assert_refused(free.call(key=blank, accept="text/html"), problems.MissingApiKey, "No api key provided")


@pytest.mark.parametrize("garbage", ["undefined", "null", "pd_live_" + "0" * 30, "é", "x" * 5000, "f" * 96])
def test_4_unknown_key(free: Bench, garbage: str) -> None:
    assert_refused(free.call(key=garbage, accept="text/html"), problems.InvalidApiKey, "Invalid api key")


def test_5_revoked_key(free: Bench) -> None:
    free.ledger.revoke_text(free.key, NOW)
    assert_refused(free.call(accept="text/html"), problems.RevokedApiKey, "Revoked api key")


def test_6_full_minute(free: Bench) -> None:
    for _ in range(tariff.CALLS_PER_MINUTE):
        assert free.call(body=b"")[0] == 400  # a failing call counts
    answer = free.call(accept="text/html")
    assert_refused(answer, problems.RateLimited, "Too many requests, blocked by the rate limiter: retry in ")
    assert 1 <= int(answer[1]["retry-after"]) <= 60
    assert answer[1]["ratelimit"].startswith('"default";r=0;t=')
    free.now += 60
    assert free.call(body=b"")[0] == 400


def test_7_accept_excludes_all_formats(free: Bench) -> None:
    answer = free.call(accept="application/json", body=b"no form")
    assert_refused(answer, problems.NotAcceptable, "Accept header not acceptable")


def test_8_malformed_form(free: Bench) -> None:
    cut = making.form(png(), output="nonsense").removesuffix(making.end())
    assert_refused(free.call(body=cut), problems.MalformedForm, "")


@pytest.mark.parametrize("file", [None, b""])
def test_9_no_image_file(free: Bench, file: bytes | None) -> None:
    answer = free.call(body=making.form(file, output="nonsense"))
    assert_refused(answer, problems.MissingImageFile, "Missing image_file in request")


def test_10_wrong_option(free: Bench) -> None:
    answer = free.call(body=making.form(b"GIF89a" + bytes(tariff.FILE_BYTES), output_format="gif"))
    assert_refused(answer, problems.InvalidOption, "output_format: it may be jpeg, png, png16, webp")


def test_11_file_too_big(free: Bench) -> None:
    answer = free.call(body=making.form(b"GIF89a" + bytes(tariff.FILE_BYTES)))
    assert_refused(answer, problems.ImageFileTooBig, "Input image file is too big: 30.1 MB, at most 30 MB")


def test_12_wrong_format(free: Bench) -> None:
    answer = free.call(body=making.form(b"GIF89a" + bytes(100)))
    assert_refused(answer, problems.ImageFormat, "Input image format is not valid: ")


def test_13_too_many_pixels(free: Bench) -> None:
    answer = free.call(body=making.form(png(5000, 5001)))
    assert_refused(answer, problems.ImageResolution, "Image resolution is too big: 25.005 megapixels, at most 25")


def test_14_idempotency_key_of_another_request(bench: Bench) -> None:
    assert bench.call(idempotency_key="k")[0] == 200
    spent = bench.ledger.credits()
    answer = bench.call(idempotency_key="k", body=making.form(png(65, 64)))
    assert_refused(answer, problems.IdempotencyKeyReused, "Idempotency-Key was used with another request")
    assert bench.ledger.credits() == spent


def test_15_no_credits() -> None:
    bench = Bench(*FakeLedger.with_key(credits=0))
    answer = bench.call(body=making.form(broken_png()))  # broken too: the look at the credits comes first
    assert_refused(answer, problems.NoCredits, "Your account has no remaining credits")


def test_16_pixels_that_do_not_decode(free: Bench) -> None:
    answer = free.call(body=making.form(broken_png()))
    assert_refused(answer, problems.ImageUnreadable, "Input image could not be read: ")


def test_17_result_does_not_fit(free: Bench) -> None:
    free.answer_bytes = 100
    assert_refused(free.call(), problems.ResultTooBig, "output_format=jpeg")


def test_18_the_last_credit_goes_to_another_call() -> None:
    class Contested(FakeLedger):
        """Another call takes the last credit between this one's look and its debit."""

        def debit(self, caller: Caller, charge: Charge, now: float, deadline: float) -> Receipt:
            super().debit(caller, Charge.of_call("another", 1), now, deadline)
            return super().debit(caller, charge, now, deadline)

    bench = Bench(*Contested.with_key(credits=1))
    assert_refused(bench.call(), problems.NoCredits, "Your account has no remaining credits")
    assert bench.ledger.credits() == 0


def test_the_store_does_not_answer(free: Bench) -> None:
    class Silent(FakeLedger):
        def count(self, caller: Caller, endpoint: str, now: float) -> Window:
            raise problems.Unavailable()

    free.ledger.__class__ = Silent
    answer = free.call()
    assert_refused(answer, problems.Unavailable, "Temporarily unavailable, nothing was charged")
    assert answer[1]["retry-after"] == "1"


def test_too_late_for_a_debit(free: Bench) -> None:
    answer = free.call(received_at=NOW - tariff.DEBIT_WITHIN_S - 1)
    assert_refused(answer, problems.Timeout, "Took too long, nothing was charged")


def test_a_fault_of_ours(free: Bench) -> None:
    class Blind(Ellipse):
        def estimate(self, pixels: Pixels, subject: Subject = Subject.DEPTH) -> Estimate:
            raise MemoryError

    free.estimator = Blind()
    assert_refused(free.call(), problems.Internal, "Something went wrong on our side, nothing was charged")


def test_success_costs_one_credit_and_says_so(bench: Bench) -> None:
    status, headers, body = bench.call()
    assert (status, headers["content-type"]) == (200, "image/jpeg")
    assert (headers["x-credits-consumed"], headers["x-remaining-credits"]) == ("1", "9")
    assert bench.ledger.credits() == 9
    assert 0.3 < float(headers["x-person-coverage"]) < 0.5
    assert headers["ratelimit"].startswith('"default";r=59;t=')
    with Image.open(io.BytesIO(body)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (64, 64))
        assert picture.mode == {DEPTH: "L", NORMALS: "RGB"}[bench.path]


def test_nobody_in_the_picture_is_an_answer_too(bench: Bench) -> None:
    class Nobody(Ellipse):
        def estimate(self, pixels: Pixels, subject: Subject = Subject.DEPTH) -> Estimate:
            seen = super().estimate(pixels, subject)
            return Estimate(seen.inverse_depth, np.zeros_like(seen.alpha), seen.normals)

    bench.estimator = Nobody()
    status, headers, body = bench.call(body=making.form(png(), output_format="png"))
    assert (status, headers["x-person-coverage"], headers["x-credits-consumed"]) == (200, "0", "1")
    with Image.open(io.BytesIO(body)) as picture:
        assert picture.getcolors() == [(64 * 64, {DEPTH: 0, NORMALS: (128, 128, 255)}[bench.path])]


# ---- two endpoints ------------------------------------------------------------------------------------


def test_normals_are_no_url_where_the_network_knows_none() -> None:
    class DepthAlone(Ellipse):
        subjects = frozenset({Subject.DEPTH})

    bench = Bench(*FakeLedger.with_key(credits=10), estimator=DepthAlone(), path=NORMALS)
    assert_refused(bench.call(key=""), problems.UnknownUrl, "Unknown url")
    assert bench.call(path=DEPTH)[0] == 200
    assert bench.ledger.credits() == 9


def test_a_person_is_drawn_by_normals() -> None:
    bench = Bench(*FakeLedger.with_key(credits=10), path=NORMALS)
    body = bench.call(body=making.form(png(), output_format="png"))[2]
    picture = making.opened(body)
    assert picture.getpixel((32, 32)) == (0, 128, 128)
    assert picture.getpixel((1, 1)) == (128, 128, 255)


def test_each_endpoint_has_a_minute_of_its_own() -> None:
    bench = Bench(*FakeLedger.with_key(credits=10), path=NORMALS)
    for _ in range(tariff.CALLS_PER_MINUTE):
        bench.call(body=b"")
    assert bench.call()[0] == 429
    assert bench.call(path=DEPTH)[0] == 200


def test_the_same_picture_at_the_other_endpoint_is_another_request() -> None:
    bench = Bench(*FakeLedger.with_key(credits=10))
    assert bench.call(idempotency_key="k", path=DEPTH)[0] == 200
    answer = bench.call(idempotency_key="k", path=NORMALS)
    assert_refused(answer, problems.IdempotencyKeyReused, "Idempotency-Key was used with another request")


# ---- repeats ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quoted", ["k-1", '"k-1"'])
def test_a_repeat_is_computed_again_and_not_charged_again(bench: Bench, quoted: str) -> None:
    first = bench.call(idempotency_key="k-1")
    again = bench.call(idempotency_key=quoted)
    assert (again[0], again[1]["x-credits-consumed"], again[1]["x-remaining-credits"]) == (200, "0", "9")
    assert again[2] == first[2]


def test_a_request_may_be_repeated_five_times(bench: Bench) -> None:
    for _ in range(1 + tariff.IDEMPOTENT_REPEATS):
        assert bench.call(idempotency_key="k")[0] == 200
    answer = bench.call(idempotency_key="k")
    assert (answer[0], answer[2]["code"]) == (422, "idempotency_key_reused")
    assert bench.ledger.credits() == 9


def test_a_repeat_needs_no_credits() -> None:
    bench = Bench(*FakeLedger.with_key(credits=1))
    assert bench.call(idempotency_key="k")[0] == 200
    assert bench.call(idempotency_key="k")[0] == 200
    assert bench.call(idempotency_key="other")[0] == 402


def test_a_failed_call_leaves_its_idempotency_key_unused(bench: Bench) -> None:
    assert bench.call(idempotency_key="k", body=making.form(broken_png()))[0] == 400
    assert bench.call(idempotency_key="k")[0] == 200


@pytest.mark.parametrize("text", ["k" * 256, "", " ", '""'])
def test_an_idempotency_key_has_1_to_255_characters(free: Bench, text: str) -> None:
    answer = free.call(idempotency_key=text, body=making.form(b"GIF89a"))  # decided with the options, before the format
    assert_refused(answer, problems.InvalidOption, "Idempotency-Key: it may be 1 to 255 characters")
