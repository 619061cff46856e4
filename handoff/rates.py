"""How fast messages may leave: so many a second for each of our numbers, and one every few seconds for each customer
after a burst. Both are kept in the database, so that they outlive a restart and bind every dispatcher.

A rate is one number, the moment at which everything that was let out so far is paid for (generic cell rate algorithm):
letting one out moves it by one interval, and it may lie ahead of now by a burst at most. A customer's share is taken
from the future, as WhatsApp has it: after a burst of 45 the next one waits for its 6 seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from handoff import tables

APP = "*"  # all calls of the app, whatever the number
PAIR_SECONDS = 6.0  # one message to one customer every so often,
PAIR_BURST = 45  # after so many at once
PAIR_AHEAD = (PAIR_BURST - 1) * PAIR_SECONDS
DEFAULT_PER_SECOND = 80.0
# Of a number's rate, a tenth may go at once and the rest evenly: in no second is it more than the rate.
BURST_SHARE = 0.1
LONGEST_PAUSE = 60.0
FORGET_AFTER = 60.0  # a pause this long after the last one is a first one

_rate = tables.rates
_pair = tables.pair_rates
_ALL = sa.select(_rate).order_by(_rate.c.key).with_for_update()


def _upsert(dialect: Any, table: sa.Table, key: str, columns: Iterable[str]) -> Any:
    statement = dialect.insert(table)
    return statement.on_conflict_do_update(
        index_elements=[key], set_={name: statement.excluded[name] for name in columns}
    )


_SAVE_RATE = {
    "sqlite": _upsert(sqlite, _rate, "key", ("paid_until", "paused_until", "strikes")),
    "postgresql": _upsert(postgresql, _rate, "key", ("paid_until", "paused_until", "strikes")),
}
_SAVE_PAIR = {
    "sqlite": _upsert(sqlite, _pair, "conversation_id", ("paid_until",)),
    "postgresql": _upsert(postgresql, _pair, "conversation_id", ("paid_until",)),
}

PerSecond = Callable[[str], float]


def default_pace(_number: str) -> float:
    return DEFAULT_PER_SECOND


@dataclass
class Room:
    """What may still leave at ``now``, by number. Held by one transaction at a time."""

    now: float
    pace: PerSecond
    rows: dict[str, dict[str, Any]]
    touched: set[str] = field(default_factory=set)

    @property
    def closed(self) -> list[str]:
        """Numbers of which nothing may leave now; APP among them: nothing at all."""
        return [key for key, row in self.rows.items() if row["paused_until"] > self.now or not self._has_room(key, row)]

    def take(self, number: str) -> bool:
        """Let one message out, if there is room."""
        row = self._row(number)
        if row["paused_until"] > self.now or not self._has_room(number, row):
            return False
        self.count(number)
        return True

    def count(self, number: str, calls: int = 1) -> None:
        """Calls that were made, or are about to be."""
        row = self._row(number)
        row["paid_until"] = max(row["paid_until"], self.now) + calls * self._interval(number)
        self.touched.add(number)

    def wait(self) -> float | None:
        """Seconds until the first of the closed numbers has room again; None when none is closed."""
        opens = [max(row["paused_until"], row["paid_until"] - self._ahead(key)) for key, row in self._closed_rows()]
        return max(0.0, min(opens) - self.now) if opens else None

    def save(self, connection: Connection) -> None:
        if self.touched:
            connection.execute(_SAVE_RATE[connection.dialect.name], [self.rows[key] for key in sorted(self.touched)])

    def _closed_rows(self) -> list[tuple[str, dict[str, Any]]]:
        return [(key, self.rows[key]) for key in self.closed]

    def _row(self, number: str) -> dict[str, Any]:
        return self.rows.setdefault(number, _fresh(number))

    def _has_room(self, number: str, row: Mapping[str, Any]) -> bool:
        return number == APP or bool(row["paid_until"] <= self.now + self._ahead(number))

    def _interval(self, number: str) -> float:
        return 1.0 / (self.pace(number) * (1.0 - BURST_SHARE))

    def _ahead(self, number: str) -> float:
        burst = max(1.0, self.pace(number) * BURST_SHARE)
        return 0.0 if number == APP else (burst - 1.0) * self._interval(number)


def room(connection: Connection, now: float, pace: PerSecond = default_pace) -> Room:
    """What may leave now. The rows stay locked until the transaction ends: two dispatchers share one allowance."""
    found = connection.execute(_ALL).mappings().all()
    return Room(now, pace, {row["key"]: dict(row) for row in found})


def pay_pairs(connection: Connection, claimed: Iterable[tuple[str, float | None]], now: float) -> None:
    """Note one message for each conversation (id, what it had paid until)."""
    paid = [
        {"conversation_id": conversation_id, "paid_until": max(until or 0.0, now) + PAIR_SECONDS}
        for conversation_id, until in claimed
    ]
    if paid:
        connection.execute(_SAVE_PAIR[connection.dialect.name], paid)


def pause(connection: Connection, key: str, seconds: float, now: float, *, grows: bool) -> None:
    """Let nothing of a number (or APP) out for a while. ``grows``: each pause soon after the last one is twice as long.
    What was on its way when it began does not make it longer. The last lock of its transaction."""
    found = connection.execute(_ALL.where(_rate.c.key == key)).mappings().first()
    row = dict(found) if found is not None else _fresh(key)
    if row["paused_until"] > now:
        return
    soon = row["paused_until"] > 0.0 and now - row["paused_until"] < FORGET_AFTER
    row["strikes"] = row["strikes"] + 1 if soon and grows else 0
    length = max(seconds, min(LONGEST_PAUSE, seconds * 2.0 ** min(row["strikes"], 10)))
    row["paused_until"] = now + length
    connection.execute(_SAVE_RATE[connection.dialect.name], [row])


def _fresh(key: str) -> dict[str, Any]:
    return {"key": key, "paid_until": 0.0, "paused_until": 0.0, "strikes": 0}
