"""What became of messages: sent, tried again, given up visibly; and what the channel tells of them afterwards."""

from __future__ import annotations

import random
from typing import Any, Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from handoff import attachments, conversations, floor, outbox, protocol, rates, receipts, tables
from handoff.channel import APP, FREE_FORM, NUMBER, OPTED_OUT, WINDOW_CLOSED, DeliveryError, Receipt, Remedy
from handoff.outbox import DEAD, PENDING, SENDING, SENT
from handoff.outbox_claims import STATUS_GRACE_SECONDS, Delivery

LONGEST_PAUSE = 3600.0
MOST_SENDS = 4  # of a message that is taken each time, and fails afterwards
GIVE_UP_AFTER_SECONDS = 24 * 3600.0  # a template's; a free-form message has until its window closes

_row = tables.outbox
_handoff = tables.handoffs
_UNSENT = _row.update().where(_row.c.seq == sa.bindparam("row_seq"), _row.c.status != SENT)
_OF_RECEIPT = (
    sa.select(_row)
    .where(sa.or_(_row.c.provider_id == sa.bindparam("provider_id"), _row.c.id == sa.bindparam("outbox_id")))
    .with_for_update()
)


def record_sent(connection: Connection, delivery: Delivery, provider_id: str | None, now: float) -> None:
    """The other side took it. A handoff whose request was taken is queued from now on."""
    values: dict[str, Any] = {"status": SENT, "sent_at": now, "claimed_by": None, "error": None, "error_code": None}
    if provider_id is not None:
        values |= {"provider_id": provider_id, "delivery": SENT, **outbox.without_file(delivery.payload)}
    taken = connection.execute(_UNSENT, {"row_seq": delivery.seq, **values})
    if delivery.kind == protocol.HANDOFF_REQUESTED:
        connection.execute(
            _handoff.update()
            .where(_handoff.c.id == delivery.handoff_id, _handoff.c.state == floor.REQUESTED)
            .values(state=floor.QUEUED)
        )
    if provider_id is not None and taken.rowcount:
        outbox.tell_agent(connection, delivery.__dict__, SENT, now)
        early = receipts.take_early(connection, provider_id)
        if early is not None:
            apply_receipt(connection, early, early.at)


def record_failure(connection: Connection, delivery: Delivery, error: DeliveryError, now: float) -> bool:
    """Try again later, or give up visibly. Returns whether it will be tried again."""
    attempts = delivery.attempts + 1
    again = error.retry and not _too_old(delivery, now) and (error.tries is None or attempts < error.tries)
    values: dict[str, Any] = {"attempts": attempts, "error": str(error), "error_code": error.code, "claimed_by": None}
    if error.unknown:
        values["unknown_sends"] = _row.c.unknown_sends + 1
    _learn(
        connection, delivery.__dict__, error.code, now
    )  # before the row is locked: turns lock conversations first, too
    if again:
        due = now + _pause(error, attempts)
        values |= {"status": PENDING, "next_try_at": _before_the_window_closes(connection, delivery, due, now)}
    else:
        values |= {"status": DEAD, **outbox.without_file(delivery.payload)}
    # void if a status has told, meanwhile, that the message went out after all, or if another server sends it now
    ours = (_row.c.seq == delivery.seq, _row.c.status == SENDING, _row.c.claimed_by == delivery.claimed_by)
    failed = _row.update().where(*ours).values(**values)
    if connection.execute(failed).rowcount and not again:
        outbox.tell_agent(connection, delivery.__dict__, "failed", now, code=str(error.code), text=str(error))
    return again


def apply_receipt(connection: Connection, receipt: Receipt, at: float) -> None:
    """Note what became of a message. States only move forward: statuses come unordered and more than once."""
    ids = {"provider_id": receipt.provider_id, "outbox_id": receipt.outbox_id}
    row = connection.execute(_OF_RECEIPT, ids).mappings().first()
    if row is None:
        receipts.keep_early(connection, receipt)
        return
    if _is_of_an_earlier_try(row, receipt) or not receipts.is_news(receipt.status, row["delivery"]):
        return
    if receipt.status == "failed" and _send_again(connection, row, receipt, at):
        return
    values: dict[str, Any] = {"delivery": receipt.status, "provider_id": receipt.provider_id}
    if row["status"] in (PENDING, SENDING):  # the answer to the send was lost: no need to send again
        values |= {"status": SENT, "sent_at": at, "claimed_by": None, **outbox.without_file(row["payload"])}
    if receipt.status == "failed":
        values |= {"error": receipt.error, "error_code": receipt.error_code}
    outbox.update(connection, row["seq"], **values)
    _learn(connection, row, receipt.error_code, at)
    outbox.tell_agent(
        connection, row, receipt.status, receipt.at,
        code=None if receipt.error_code is None else str(receipt.error_code), text=receipt.error,
    )  # fmt: skip


def slow_down(connection: Connection, number: str, error: DeliveryError, now: float) -> None:
    """Pause what an error slows: its number, or the app. The last lock of its transaction."""
    key = {NUMBER: number, APP: rates.APP}.get(error.slows or "")
    if key is not None:
        rates.pause(connection, key, error.retry_after or 1.0, now, grows=error.remedy is Remedy.RETRY)


def _is_of_an_earlier_try(row: RowMapping, receipt: Receipt) -> bool:
    """A message that failed and was sent again has a new id with its provider. What is still told of the old one, or
    told once more, is not about the new one; but a delivery of the old one is a delivery."""
    if receipt.status not in ("sent", "failed") or row["provider_id"] is None:
        return False
    same = row["provider_id"] == receipt.provider_id
    return same if row["status"] in (PENDING, SENDING) else not same


def _send_again(connection: Connection, row: RowMapping, receipt: Receipt, now: float) -> bool:
    """Queue a message that was taken first and failed afterwards, if trying again may help; floor and window decide
    when it is claimed. Returns whether it is."""
    error, attempts = receipt.failure, row["attempts"] + 1
    if error is None or not error.retry or row["status"] != SENT or attachments.has_lost_bytes(row["payload"]):
        return False
    most = error.tries or (None if error.remedy is Remedy.PARK else MOST_SENDS)
    if most is not None and attempts >= most:
        return False
    outbox.update(
        connection, row["seq"], status=PENDING, attempts=attempts, next_try_at=now + _pause(error, attempts),
        provider_id=receipt.provider_id, delivery=None, error=receipt.error, error_code=receipt.error_code,
    )  # fmt: skip
    return True


def _learn(connection: Connection, row: Mapping[str, Any], code: int | None, now: float) -> None:
    """What an error says about the customer: the window is closed, or they opted out."""
    if code == WINDOW_CLOSED:
        _close_window(connection, row, now)
    elif code == OPTED_OUT:
        conversations.update(connection, row["conversation_id"], opted_out=True)


def _close_window(connection: Connection, row: Mapping[str, Any], now: float) -> None:
    closed = conversations.close_window(connection, row["conversation_id"], row["created_at"], now)
    if closed is not None and closed["handoff_id"]:
        outbox.add_event(
            connection, closed["id"], protocol.WINDOW_CHANGED, {"window_ends_at": closed["window_ends_at"]},
            epoch=closed["epoch"], handoff_id=closed["handoff_id"], trace_id=row["trace_id"], at=now,
        )  # fmt: skip


def _too_old(delivery: Delivery, now: float) -> bool:
    """Has a template been tried for long enough? Of free-form messages, claims decide by their window."""
    is_template = delivery.lane == outbox.CUSTOMER and delivery.kind != FREE_FORM
    return is_template and now - delivery.created_at >= GIVE_UP_AFTER_SECONDS


def _pause(error: DeliveryError, attempts: int) -> float:
    if error.base is not None:
        return min(LONGEST_PAUSE, error.base ** (attempts - 1))
    pause = min(60.0, 0.5 * 2.0 ** min(attempts, 8)) * random.uniform(0.5, 1.0)
    return max(pause, STATUS_GRACE_SECONDS if error.unknown else 0.0, error.retry_after or 0.0)


def _before_the_window_closes(connection: Connection, delivery: Delivery, due: float, now: float) -> float:
    """A free-form message is looked at when its window closes, at the latest: then the agent hears that it is over."""
    if delivery.lane != outbox.CUSTOMER or delivery.kind != FREE_FORM:
        return due
    closes_at = conversations.closes_at(conversations.window_of(connection, delivery.conversation_id))
    return min(due, max(now, closes_at))
