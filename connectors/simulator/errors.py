"""Errors as the Graph API words them: one exception, one table of codes, one shape of body."""

from __future__ import annotations

import secrets
from typing import Any

# code -> (title, HTTP status). The numbers are Meta's; see "Codes" in its Cloud API documentation.
CODES: dict[int, tuple[str, int]] = {
    0: ("Authentication failed", 401),
    1: ("Unknown API error", 400),
    2: ("Service is down for a moment", 503),
    4: ("Too many calls by this app", 400),
    10: ("Permission denied", 403),
    33: ("Parameter value is not valid", 400),
    100: ("Invalid parameter", 400),
    104: ("An access token is required", 401),
    190: ("Access token is wrong or has expired", 401),
    368: ("Blocked for policy violations", 403),
    2500: ("Unknown path components", 400),
    80007: ("Rate limit reached", 400),
    130429: ("Rate limit reached for this number", 429),
    131000: ("Something went wrong", 500),
    131005: ("Access denied", 403),
    131008: ("Required parameter is missing", 400),
    131009: ("Parameter value is not valid", 400),
    131016: ("Service is overloaded", 500),
    131021: ("Recipient cannot be the sender", 400),
    131026: ("Message undeliverable", 400),
    131030: ("Recipient is not on the allowed list", 400),
    131042: ("Payment problem", 400),
    131047: ("Re-engagement message", 400),
    131048: ("Spam rate limit reached", 400),
    131051: ("Unsupported message type", 400),
    131053: ("Media could not be taken", 400),
    131056: ("Pair rate limit reached", 400),
    131050: ("User stopped marketing messages", 400),
    131057: ("Account in maintenance", 500),
    131062: ("Business-scoped user id is not allowed here", 400),
    132000: ("Number of parameters does not match", 400),
    132001: ("Template does not exist", 404),
    132005: ("Translated text too long", 400),
    132012: ("Parameter format does not match", 400),
    132015: ("Template is paused", 400),
    132016: ("Template is disabled", 400),
    132018: ("Template parameters are not valid", 400),
}


class GraphError(Exception):
    """A call that is refused. ``code`` is Meta's code, ``details`` plain words on what was wrong.

    ``status`` is the HTTP status, by default the usual one of the code.
    """

    def __init__(self, code: int, details: str, *, status: int | None = None, subcode: int | None = None) -> None:
        super().__init__(details)
        self.code = code
        self.details = details
        self.status = status if status is not None else CODES.get(code, ("", 400))[1]
        self.subcode = subcode

    @property
    def title(self) -> str:
        return CODES.get(self.code, ("Error", 400))[0]

    def body(self) -> dict[str, Any]:
        """The body of a refused Graph call."""
        error: dict[str, Any] = {
            "message": f"(#{self.code}) {self.title}",
            "type": "OAuthException",
            "code": self.code,
            "error_data": {"messaging_product": "whatsapp", "details": self.details},
            "fbtrace_id": secrets.token_urlsafe(12),
        }
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        return {"error": error}

    def as_status_error(self) -> dict[str, Any]:
        """The same error as an item of ``statuses[].errors``."""
        return {
            "code": self.code,
            "title": self.title,
            "message": self.title,
            "error_data": {"details": self.details},
            "href": "/documentation/business-messaging/whatsapp/support/error-codes/",
        }
