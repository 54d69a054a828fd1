"""The story of one call, told in order.

The order is the contract's: cheapest check first, nothing is decoded before everything above it holds, and the debit
is the last thing that happens. So whatever goes wrong before it costs the caller nothing, and the one thing
that can go wrong in it, a lost reply, is the ledger's to resolve.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from depth import answer, drawing, form, picture, refine
from depth.form import Form
from depth.ports import Estimator, Relief, Subject
from portrait import tariff
from portrait.admission import admit
from portrait.ledger import Caller, Charge, Ledger, Receipt, Standing
from portrait.problems import InvalidOption, NoCredits, ResultTooBig, Timeout, UnknownUrl
from portrait.trail import Trail

SUBJECTS: Final[Mapping[str, Subject]] = {
    tariff.DEPTH_ENDPOINT: Subject.DEPTH,
    tariff.NORMALS_ENDPOINT: Subject.NORMALS,
}
"""What is asked of a picture at each endpoint."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call as plain values. `endpoint` is one of SUBJECTS, `received_at` in seconds since 1970. Absent headers are
    empty, but an Idempotency-Key that is there and empty is not the same as none."""

    endpoint: str
    key: str
    accept: str
    content_type: str
    idempotency_key: str | None
    body: bytes
    received_at: float


@dataclass(frozen=True, slots=True)
class Map:
    """A finished file of depth or normals, what it cost, and the share (0-1) of the picture that is a person."""

    file: bytes
    media_type: str
    receipt: Receipt
    coverage: float


@dataclass(frozen=True, slots=True)
class Service:
    """Answers calls with the ledger and the networks it is given. `answer_bytes` 0: answers of any size fit."""

    ledger: Ledger
    estimator: Estimator
    answer_bytes: int = 0
    clock: Callable[[], float] = field(default=time.time)

    def map_of(self, call: Call, trail: Trail) -> Map:
        """Turn a picture into a map of what the endpoint is for, and charge for it.

        Raises every Problem but MethodNotAllowed; UnknownUrl where the networks here know nothing of the subject.
        """
        deadline = call.received_at + tariff.DEBIT_WITHIN_S
        subject = SUBJECTS[call.endpoint]
        if subject not in self.estimator.subjects:
            raise UnknownUrl()

        with trail.stage("admit"):
            caller = admit(self.ledger, call.key, call.endpoint, self.clock(), trail)
        accepted = answer.acceptable(call.accept)
        with trail.stage("form"):
            sent = form.parse(call.content_type, call.body)
        options = answer.options(sent.fields, accepted, subject)
        key = _idempotency_key(call.idempotency_key)
        header = picture.look(sent.picture)
        trail.facts |= {
            "format": header.format,
            "megapixels": round(header.width * header.height / 1e6, 2),
            "output": options.output,
        }
        charge = _charge(key, call.endpoint, sent, trail)
        with trail.stage("standing"):
            standing = self._afford(caller, charge)

        with trail.stage("decode"):
            pixels = picture.decode(header)
        self._in_time(deadline)
        with trail.stage("estimate"):
            estimate = self.estimator.estimate(pixels, subject)
        self._in_time(deadline)
        with trail.stage("refine"):
            relief = refine.refine(estimate, pixels)
        with trail.stage("draw"):
            file = drawing.draw(relief, pixels.size, options.output, options.file_format)
        if self.answer_bytes and len(file) > self.answer_bytes:
            raise ResultTooBig()
        coverage = _coverage(relief)

        self._in_time(deadline)
        with trail.stage("debit"):
            trail.receipt = self._pay(caller, charge, standing, deadline)
        return Map(file, options.media_type, trail.receipt, coverage)

    def _afford(self, caller: Caller, charge: Charge) -> Standing:
        """Can the account pay? What was charged before is not paid again."""
        standing = self.ledger.standing(caller, charge, self.clock())
        if not standing.charged_before and standing.credits < charge.credits:
            raise NoCredits()
        return standing

    def _pay(self, caller: Caller, charge: Charge, standing: Standing, deadline: float) -> Receipt:
        """Take the credit, unless this very request was charged before."""
        if standing.charged_before:
            return Receipt(consumed=0, remaining=standing.credits)
        return self.ledger.debit(caller, charge, self.clock(), deadline)

    def _in_time(self, deadline: float) -> None:
        if self.clock() > deadline:
            raise Timeout()


def _idempotency_key(told: str | None) -> str | None:
    """The key of `Idempotency-Key: "8e03978e"` (the IETF draft's form) or of a bare one. Raises InvalidOption.

    An empty one is refused: whoever sends it believes that a retry costs nothing.
    """
    if told is None:
        return None
    key = told.strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not 0 < len(key) <= tariff.IDEMPOTENCY_KEY_CHARACTERS:
        raise InvalidOption("Idempotency-Key", (f"1 to {tariff.IDEMPOTENCY_KEY_CHARACTERS} characters",))
    return key


def _charge(key: str | None, endpoint: str, sent: Form, trail: Trail) -> Charge:
    """The charge of this call, under the name that makes it happen once."""
    if key is None:
        return Charge.of_call(trail.call_id, tariff.CALL_CREDITS)
    fingerprint = _fingerprint(endpoint, sent.picture, sent.fields)
    return Charge.of_idempotent_call(trail.call_id, tariff.CALL_CREDITS, key, fingerprint)


def _fingerprint(endpoint: str, file: memoryview, fields: Mapping[str, str]) -> str:
    """SHA-256 of the endpoint, the picture and the options: what makes two requests the same."""
    digest = hashlib.sha256(endpoint.encode())
    for name in ("output", "output_format"):
        digest.update(f"\0{name}={fields.get(name, '')}\0".encode())
    digest.update(file)
    return digest.hexdigest()


def _coverage(relief: Relief) -> float:
    return float(np.mean(relief.alpha >= drawing.PERSON_ALPHA))
