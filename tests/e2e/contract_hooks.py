"""What schemathesis cannot know: what a picture is, that no request id is refused, what the cookie is called here."""

from typing import Any

import schemathesis
from hypothesis import strategies as st
from PIL import Image

from tests import making
from tests.e2e.visitor import COOKIE

PICTURES = {
    f"image/{kind}": making.file(Image.new("RGB", (32, 24), "gray"), kind.upper()) for kind in ("jpeg", "png", "webp")
}
for media_type, picture in PICTURES.items():
    schemathesis.openapi.media_type(media_type, st.just(picture))
schemathesis.openapi.media_type("application/octet-stream", st.sampled_from(sorted(PICTURES.values())))


@schemathesis.hook
def before_load_schema(context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """The pattern of x-request-id says which ids are echoed; others are taken too. `__Host-` needs TLS."""
    del raw_schema["components"]["parameters"]["RequestId"]["schema"]["pattern"]
    raw_schema["components"]["securitySchemes"]["session"]["name"] = COOKIE


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """A form's picture is one; nothing, or what is no text, is wrong on purpose and stays so."""
    form = case.body
    if isinstance(form, dict) and isinstance(form.get("image_file"), str) and form["image_file"]:
        case.body = {**form, "image_file": PICTURES["image/png"]}
