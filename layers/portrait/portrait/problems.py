"""Every way a call can end without an answer.

    Problem
    ├── Refusal                       the caller's to mend; costs nothing, raises no alarm
    │   ├── UnknownUrl            404 unknown_url
    │   ├── MethodNotAllowed      405 method_not_allowed
    │   ├── MissingApiKey         401 missing_api_key
    │   ├── InvalidApiKey         403 invalid_api_key
    │   ├── RevokedApiKey         403 revoked_api_key
    │   ├── RateLimited           429 rate_limited
    │   ├── NotAcceptable         406 not_acceptable
    │   ├── MalformedForm         400 malformed_form
    │   ├── MissingImageFile      400 missing_image_file
    │   ├── InvalidOption         400 invalid_option
    │   ├── ImageFileTooBig       400 image_file_too_big
    │   ├── ImageFormat           400 image_format
    │   ├── ImageResolution       400 image_resolution
    │   ├── ImageUnreadable       400 image_unreadable
    │   ├── ResultTooBig          400 result_too_big
    │   ├── IdempotencyKeyReused  422 idempotency_key_reused
    │   ├── NoCredits             402 no_credits
    │   │                             and of the site's calls:
    │   ├── UnsupportedMediaType  415 unsupported_media_type
    │   ├── CrossSite             403 cross_site
    │   ├── InvalidBody           400 invalid_body
    │   ├── InvalidEmail          400 invalid_email
    │   ├── WrongCode             403 wrong_code
    │   ├── NotSignedIn           401 not_signed_in
    │   ├── UnknownKey            404 unknown_key
    │   ├── KeysFull              409 too_many_keys
    │   ├── AlreadyClaimed        409 already_claimed
    │   ├── UnknownPack           400 unknown_pack
    │   ├── InvalidSignature      400 invalid_signature
    │   └── BuyingOff             503 buying_off
    └── Fault                         ours; costs the caller nothing either, raises an alarm
        ├── Unavailable           503 unavailable
        ├── Timeout               504 timeout
        └── Internal              500 internal

The class carries status and code, the instance the sentence and the headers of its answer. Nothing is ever
decided by a sentence. Clients of this family of services search the sentences for words, so *quota, credit,
limit* and *exceeded* stand in NoCredits and RateLimited alone.

(`gateway` and `refused`, the codes of answers that API Gateway makes by itself, live in template.yaml: no function
runs then.)
"""

from collections.abc import Mapping
from typing import ClassVar

from portrait import tariff


class Problem(Exception):
    """A call that ends without an answer: HTTP `status`, machine-readable `code`, one `sentence` for people."""

    status: ClassVar[int]
    code: ClassVar[str]
    sentence: ClassVar[str]

    def __init__(self, sentence: str | None = None, *, headers: Mapping[str, str] | None = None) -> None:
        self.text = sentence or type(self).sentence
        self.headers = dict(headers or {})
        super().__init__(self.text)


class Refusal(Problem):
    """The caller can mend this."""


class Fault(Problem):
    """We must mend this."""


class UnknownUrl(Refusal):
    status, code, sentence = 404, "unknown_url", "Unknown url"


class MethodNotAllowed(Refusal):
    status, code = 405, "method_not_allowed"

    def __init__(self, *allowed: str) -> None:
        super().__init__(
            f"Method not allowed: use {' or '.join(allowed)}",
            headers={"Allow": ", ".join([*allowed, "OPTIONS"])},
        )


class MissingApiKey(Refusal):
    status, code, sentence = 401, "missing_api_key", "No api key provided"


class InvalidApiKey(Refusal):
    status, code, sentence = 403, "invalid_api_key", "Invalid api key"


class RevokedApiKey(Refusal):
    status, code, sentence = 403, "revoked_api_key", "Revoked api key"


class RateLimited(Refusal):
    status, code = 429, "rate_limited"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(
            f"Too many requests, blocked by the rate limiter: retry in {retry_after_s} s",
            headers={"Retry-After": str(retry_after_s)},
        )


class NotAcceptable(Refusal):
    status, code = 406, "not_acceptable"
    sentence = "Accept header not acceptable: use image/jpeg, image/png or image/webp"


class MalformedForm(Refusal):
    status, code, sentence = 400, "malformed_form", "The form could not be read"


class MissingImageFile(Refusal):
    status, code, sentence = 400, "missing_image_file", "Missing image_file in request"


class InvalidOption(Refusal):
    status, code = 400, "invalid_option"

    def __init__(self, option: str, allowed: tuple[str, ...]) -> None:
        super().__init__(f"Invalid {option}: it may be {', '.join(allowed)}")


class ImageFileTooBig(Refusal):
    status, code = 400, "image_file_too_big"

    def __init__(self, file_bytes: int) -> None:
        # One more byte than allowed must not read "30 MB, at most 30 MB": round up to a tenth.
        tenths = -(-file_bytes * 10 // tariff.MEGABYTE)
        most = tariff.FILE_BYTES // tariff.MEGABYTE
        super().__init__(f"Input image file is too big: {tenths / 10:.1f} MB, at most {most} MB")


class ImageFormat(Refusal):
    status, code = 400, "image_format"

    def __init__(self, found: str = "it is none of PNG, JPEG and WEBP") -> None:
        super().__init__(f"Input image format is not valid: {found}")


class ImageResolution(Refusal):
    status, code = 400, "image_resolution"

    def __init__(self, width: int, height: int) -> None:
        # As many digits as tell the figure from the bound: 25.1, but 25.005 for one row too many.
        megapixels = width * height / 1e6
        most = tariff.PIXELS / 1e6
        figure = next(text for digits in (1, 3, 6) if float(text := f"{megapixels:.{digits}f}") > most or digits == 6)
        super().__init__(f"Image resolution is too big: {figure} megapixels, at most {most:.0f}")


class ImageUnreadable(Refusal):
    status, code = 400, "image_unreadable"

    def __init__(self, why: str) -> None:
        super().__init__(f"Input image could not be read: {why}")


class ResultTooBig(Refusal):
    status, code = 400, "result_too_big"
    sentence = "The result of this image is too big for the answer: ask for output_format=jpeg"


class IdempotencyKeyReused(Refusal):
    status, code = 422, "idempotency_key_reused"
    sentence = "Idempotency-Key was used with another request"


class NoCredits(Refusal):
    status, code, sentence = 402, "no_credits", "Your account has no remaining credits"


class UnsupportedMediaType(Refusal):
    status, code, sentence = 415, "unsupported_media_type", "Unsupported media type: use application/json"


class CrossSite(Refusal):
    status, code, sentence = 403, "cross_site", "Refused: this call is for the pages of this site"


class InvalidBody(Refusal):
    status, code = 400, "invalid_body"

    def __init__(self, expected: str = "a JSON object") -> None:
        super().__init__(f"The request body is not valid: expected {expected}")


class InvalidEmail(Refusal):
    status, code, sentence = 400, "invalid_email", "This is no e-mail address that mail could be sent to"


class WrongCode(Refusal):
    """Also used, too old, or tried too often: who guesses is not told which."""

    status, code, sentence = 403, "wrong_code", "This code is wrong, used or too old: ask for a new one"


class NotSignedIn(Refusal):
    status, code, sentence = 401, "not_signed_in", "Not signed in, or no longer"


class UnknownKey(Refusal):
    status, code, sentence = 404, "unknown_key", "Your account has no such key"


class KeysFull(Refusal):
    status, code = 409, "too_many_keys"
    sentence = f"Your account has {tariff.LIVE_KEYS} live keys: revoke one first"


class AlreadyClaimed(Refusal):
    status, code, sentence = 409, "already_claimed", "Claimed before: each address may claim once"


class UnknownPack(Refusal):
    status, code, sentence = 400, "unknown_pack", "There is no such pack"


class InvalidSignature(Refusal):
    status, code, sentence = 400, "invalid_signature", "The signature does not fit"


class BuyingOff(Refusal):
    status, code, sentence = 503, "buying_off", "Nothing can be bought here at the moment"

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "3600"})  # nobody knows; every 503 has one


class Unavailable(Fault):
    status, code, sentence = 503, "unavailable", "Temporarily unavailable, nothing was charged"

    def __init__(self, retry_after_s: int = 1) -> None:
        super().__init__(headers={"Retry-After": str(retry_after_s)})


class Timeout(Fault):
    status, code, sentence = 504, "timeout", "Took too long, nothing was charged"


class Internal(Fault):
    status, code, sentence = 500, "internal", "Something went wrong on our side, nothing was charged"
