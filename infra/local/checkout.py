"""Where Stripe stands on this machine: its API as far as a checkout is opened by it, the page where a buyer would pay,
and the events that it sends. No money moves.

The functions do not know: they speak to the address in STRIPE_URL with Stripe's library, and check the signatures of
events, which are made by Stripe's algorithm with a secret of this machine. It answers under /checkout as if it were
one more function, and forgets its purchases when the machine stops.
"""

import asyncio
import base64
import html
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

import stripe

from infra.local import purchase
from infra.local.purchase import Purchase
from infra.local.template import Function, Route, Template

NAME: Final = "TestCheckout"
PATH: Final = "/checkout"
ROUTES: Final = (Route(PATH, "ANY", NAME, ()), Route(f"{PATH}/{{proxy+}}", "ANY", NAME, ()))
WEBHOOK: Final = "/payments/v1/webhook"

SITE: Final = Path(__file__).resolve().parents[2] / "build" / "web" / "assets"

STYLE: Final = """
main { display: grid; align-content: center; justify-items: center; padding: 2rem 1.125rem }
.panel { display: grid; gap: 1.25rem; width: 100%; max-width: 32rem }
form { display: flex; flex-wrap: wrap; gap: .75rem }
"""
"""What the pages' own style, which comes before it, does not say."""

PAGE: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Test checkout</title>
{styles}</head>
<body><main><div class="panel">
<p class="soft small">Test checkout. It stands in for Stripe on this machine: no money moves.</p>
<h1>{product}</h1>
<p class="lead">{price}. {state}</p>
<form method="post" action="/checkout/"><input type="hidden" name="session" value="{session_id}">
{buttons}
</form>
<p><a href="{back}">Back to the account</a></p>
</div></main></body></html>
"""

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class TestCheckout:
    """Answers events of the front like a function's pool. `url`: of this machine."""

    def __init__(self, url: str, secret_file: Path) -> None:
        self.url = url
        told = json.loads(secret_file.read_text())
        self.api_key: str = told["api_key"]
        self.webhook_secret: str = told["webhook_secret"]
        self.purchases: dict[str, Purchase] = {}

    async def invoke(self, event: bytes) -> bytes:
        request = json.loads(event)
        headers = {name.lower(): text for name, text in (request["headers"] or {}).items()}
        body = base64.b64decode(request["body"] or "").decode(errors="replace")
        told = dict(parse_qsl(body, keep_blank_values=True))
        path = request["path"].rstrip("/")
        if path == f"{PATH}/stripe/v1/checkout/sessions":
            answer = self._open(told, headers)
        elif path == f"{PATH}/style.css":
            answer = _answer(200, STYLE, "text/css")
        elif path == PATH and request["httpMethod"] == "POST":
            answer = await self._act(told, headers)
        elif path == PATH:
            answer = self._page((request["queryStringParameters"] or {}).get("session", ""))
        else:
            answer = _answer(404, "Not found", "text/plain")
        return json.dumps(answer).encode()

    # ---- Stripe's API --------------------------------------------------------------------------

    def _open(self, told: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
        if headers.get("authorization") != f"Bearer {self.api_key}":
            return _json(401, {"error": {"type": "invalid_request_error", "message": "Invalid API Key provided"}})
        bought = Purchase(told)
        self.purchases[bought.session_id] = bought
        url = f"{self.url}{PATH}/?session={bought.session_id}"
        return _json(200, {"id": bought.session_id, "object": "checkout.session", "url": url})

    # ---- the page ------------------------------------------------------------------------------

    def _page(self, session_id: str, failure: str = "") -> dict[str, Any]:
        bought = self.purchases.get(session_id)
        if bought is None:
            return _answer(404, "There is no such checkout, or this machine was started again.", "text/plain")
        text = PAGE.format(
            styles=_styles(),
            product=html.escape(bought.told["line_items[0][price_data][product_data][name]"]),
            price=f"${bought.price_cents / 100:,.2f}",
            state=html.escape(failure or purchase.state(bought)),
            session_id=session_id,
            back=html.escape(bought.told["cancel_url"]),
            buttons="\n".join(
                f'<button class="{_looks(action)}" name="action" value="{action}">{html.escape(words)}</button>'
                for action, words in purchase.actions(bought).items()
            ),
        )
        return _answer(500 if failure else 200, text, "text/html; charset=utf-8")

    async def _act(self, told: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
        """Do what a button says. Only what a button of the page could say now is done."""
        bought, action = self.purchases.get(told.get("session", "")), told.get("action", "")
        if bought is None or action not in purchase.actions(bought):
            return self._page(told.get("session", ""))
        if headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return _answer(403, "Only this page's own buttons count.", "text/plain")
        if action == "cancel":
            return _go(bought.told["cancel_url"])
        status = await self._send(purchase.event_of(bought, action))
        if status != 200:
            return self._page(bought.session_id, f"The webhook answered {status}.")
        return _go(bought.told["success_url"] if action == "pay" else f"{PATH}/?session={bought.session_id}")

    async def _send(self, event: Mapping[str, Any]) -> int:
        """Deliver an event as Stripe does; the status of the answer."""
        text = json.dumps(event)
        signature = stripe.WebhookSignature.generate_signature_header(text, self.webhook_secret)
        headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signature}
        request = urllib.request.Request(self.url + WEBHOOK, text.encode(), headers)  # noqa: S310 - our own address
        return await asyncio.to_thread(_status, request)


def stand_in(plan: Template, url: str, data: Path) -> tuple[Template, dict[str, TestCheckout]]:
    """The machine's plan with Stripe on this machine, at `url`, and what answers the routes that this adds to it.

    The functions that sell are told where Stripe is, and its secrets in a file under `data`.
    """
    file = data / "stripe.secret"
    _write_secret(file)
    told = {"BUYING": "1", "STRIPE_SECRET": f"file:{file}", "STRIPE_URL": f"{url}{PATH}/stripe"}
    functions = {name: _told(function, told) for name, function in plan.functions.items()}
    return replace(plan, functions=functions, routes=(*plan.routes, *ROUTES)), {NAME: TestCheckout(url, file)}


def _styles() -> str:
    """Links to the pages' own style, if they are built, and to the little that is missing in it."""
    built = sorted(SITE.glob("frame-frame-*.css"), key=lambda file: file.stat().st_mtime_ns)
    addresses = [*(f"/assets/{file.name}" for file in built[-1:]), f"{PATH}/style.css"]
    return "".join(f'<link rel="stylesheet" href="{address}">' for address in addresses)


def _looks(action: str) -> str:
    return "button primary" if action == "pay" else "button"


def _write_secret(file: Path) -> None:
    """A key and a secret as Stripe would give them, of this machine alone, in a file that only its user reads."""
    file.touch(mode=0o600)
    if not file.read_text():
        file.write_text(json.dumps({"api_key": purchase.fresh("sk_test"), "webhook_secret": purchase.fresh("whsec")}))


def _told(function: Function, told: Mapping[str, str]) -> Function:
    if "STRIPE_SECRET" not in function.environment:
        return function
    return replace(function, environment={**function.environment, **told})


def _status(request: urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - our own http address
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def _json(status: int, value: Mapping[str, Any]) -> dict[str, Any]:
    return _answer(status, json.dumps(value), "application/json")


def _go(url: str) -> dict[str, Any]:
    return {"statusCode": 303, "headers": {**HEADERS, "Location": url}, "body": ""}


def _answer(status: int, text: str, media_type: str) -> dict[str, Any]:
    return {"statusCode": status, "headers": {**HEADERS, "Content-Type": media_type}, "body": text}
