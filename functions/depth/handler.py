"""The door of both calls: gateway event -> plain values -> reply. Knows Lambda; nothing behind it does."""

from typing import Any

from depth.service import Call, Map, Service
from portrait.door import Door, Reply, Request
from portrait.trail import Trail


class Handler:
    """What Lambda calls: `handler(event, context)`."""

    def __init__(self, door: Door, service: Service) -> None:
        self.door = door
        self.service = service

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        return self.door.answer(event, self._story)

    def _story(self, request: Request, trail: Trail) -> Reply:
        headers = request.headers
        call = Call(
            endpoint=request.path.removeprefix("/"),
            key=headers.get("x-api-key", ""),
            accept=headers.get("accept", ""),
            content_type=headers.get("content-type", ""),
            idempotency_key=headers.get("idempotency-key"),
            body=request.body,
            received_at=request.received_at,
        )
        return _reply(self.service.map_of(call, trail))


def _reply(result: Map) -> Reply:
    headers = {
        "Content-Type": result.media_type,
        "x-credits-consumed": str(result.receipt.consumed),
        "x-remaining-credits": str(result.receipt.remaining),
        "x-person-coverage": _share(result.coverage),
    }
    return Reply(200, headers, result.file)


def _share(coverage: float) -> str:
    """Four digits, but `0` only where nobody is in the picture."""
    return f"{max(coverage, 0.0001):.4f}" if coverage > 0 else "0"
