"""What is told about sent messages: in which order its states come, and what was told before the answer to the send."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from handoff import tables
from handoff.channel import Receipt

KEPT_SECONDS = 24 * 3600.0

_ORDER = {"sent": 1, "delivered": 2, "read": 3, "played": 4, "failed": 5}
_row = tables.early_receipts
_EARLY = sa.select(_row).where(_row.c.provider_id == sa.bindparam("provider_id"))


def is_news(status: str, known: str | None) -> bool:
    """Does a status tell more than the one that is known? Statuses come unordered, and more than once."""
    return _ORDER.get(status, 0) > _ORDER.get(known or "", 0)


def keep_early(connection: Connection, receipt: Receipt) -> None:
    """Keep what was told of a message that is not known by its provider's id yet. The answer to the send, which makes
    it known, comes within a minute: what is a day old is about messages that we did not send."""
    connection.execute(_row.delete().where(_row.c.at < receipt.at - KEPT_SECONDS))
    row = connection.execute(_EARLY, {"provider_id": receipt.provider_id}).mappings().first()
    values = {
        "status": receipt.status,
        "at": receipt.at,
        "error_code": receipt.error_code,
        "error": receipt.error,
    }
    if row is None:
        connection.execute(_row.insert().values(provider_id=receipt.provider_id, **values))
    elif is_news(receipt.status, row["status"]):
        connection.execute(_row.update().where(_row.c.provider_id == receipt.provider_id).values(**values))


def take_early(connection: Connection, provider_id: str) -> Receipt | None:
    """What was told of this message already, once."""
    row = connection.execute(_EARLY, {"provider_id": provider_id}).mappings().first()
    if row is None:
        return None
    connection.execute(_row.delete().where(_row.c.provider_id == provider_id))
    return Receipt("", provider_id, row["status"], row["at"], None, row["error_code"], row["error"])
