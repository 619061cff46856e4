"""The messaging window: free-form messages go out while it is open, and not a moment longer."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handoff import conversations, floor, outbox, outbox_claims, outbox_results, protocol, tables
from handoff.channel import FREE_FORM, MARKETING, TEMPLATE, WINDOW_CLOSED, DeliveryError, Receipt, Rendered
from handoff.outbox_claims import Delivery
from tests.support.bridge_rig import NUMBER, Rig, new_database

pytest_plugins = ["tests.support.bridge_fixtures"]

DAY = 24 * 3600.0
MARGIN = protocol.WINDOW_MARGIN_SECONDS
LATER = DeliveryError("Not now.", retry=True, code=131016)
NO_WINDOW = DeliveryError("More than 24 hours have passed.", retry=False, code=WINDOW_CLOSED)


def with_person(rig: Rig) -> str:
    conversation_id = rig.receive("person please")
    rig.settle(rig.server())
    rig.channel.accepted.clear()
    return conversation_id


def open_until(rig: Rig, conversation_id: str) -> float:
    return float(rig.row(conversation_id)["window_ends_at"])


def queue(rig: Rig, conversation_id: str, kind: str = FREE_FORM, text: str = "hello") -> str:
    """Put a message of the floor's owner into the outbox."""
    stands = rig.row(conversation_id)
    return rig.write(
        lambda connection: outbox.add_message(
            connection, conversation_id, Rendered({"text": text}, text, kind=kind),
            author=stands["owner"], epoch=stands["epoch"], trace_id="t", at=rig.clock.now,
        )
    )  # fmt: skip


def claim(rig: Rig) -> list[Delivery]:
    claimed, _ = rig.write(lambda connection: outbox_claims.claim(connection, "a", rig.clock.now))
    return [delivery for delivery in claimed if delivery.lane == outbox.CUSTOMER]


def fail(rig: Rig, delivery: Delivery, error: DeliveryError) -> bool:
    return rig.write(lambda connection: outbox_results.record_failure(connection, delivery, error, rig.clock.now))


def line(rig: Rig, outbox_id: str) -> dict[str, Any]:
    (row,) = rig.rows(tables.outbox, id=outbox_id)
    return row


@pytest.mark.parametrize("seconds, goes_out", [(MARGIN + 1, True), (MARGIN, False), (1, False), (-1, False)])
def test_a_free_form_message_goes_out_only_while_the_window_is_open(rig: Rig, seconds: float, goes_out: bool) -> None:
    conversation_id = with_person(rig)
    rig.clock.now = open_until(rig, conversation_id) - seconds
    message = queue(rig, conversation_id)
    assert [delivery.id for delivery in claim(rig)] == ([message] if goes_out else [])
    assert line(rig, message)["status"] == ("sending" if goes_out else "dead")


def test_the_agent_hears_that_the_window_is_closed_and_what_to_do(rig: Rig) -> None:
    conversation_id = with_person(rig)
    rig.clock.now += DAY
    rig.say(conversation_id, "Here is your answer")
    assert not claim(rig)
    (told,) = rig.told(conversation_id, protocol.MESSAGE_STATUS)
    assert (told["status"], told["error"]["code"]) == ("failed", str(WINDOW_CLOSED))
    assert "template" in told["error"]["message"]
    assert line(rig, told["message_id"])["error_code"] == WINDOW_CLOSED


def test_a_template_goes_out_at_any_time(rig: Rig) -> None:
    conversation_id = with_person(rig)
    rig.clock.now += 30 * DAY
    assert [delivery.id for delivery in claim(rig)] == []
    template = queue(rig, conversation_id, TEMPLATE)
    assert [delivery.id for delivery in claim(rig)] == [template]


def test_a_template_that_advertises_does_not_go_to_who_opted_out(rig: Rig) -> None:
    conversation_id = with_person(rig)
    rig.write(lambda connection: conversations.update(connection, conversation_id, opted_out=True))
    advert, useful = (queue(rig, conversation_id, kind) for kind in (MARKETING, TEMPLATE))
    assert not claim(rig)
    assert "marketing" in line(rig, advert)["error"]
    assert [delivery.id for delivery in claim(rig)] == [useful]


def test_who_never_wrote_to_us_gets_no_free_form_message(rig: Rig) -> None:
    conversation_id = rig.accept(rig.inbound("Hi, Tom here", echo=True))
    assert conversation_id is not None
    queue(rig, conversation_id)
    assert not claim(rig)


def test_a_customer_who_writes_again_opens_the_window_for_what_waits(rig: Rig) -> None:
    conversation_id = with_person(rig)
    message = queue(rig, conversation_id)
    (delivery,) = claim(rig)
    fail(rig, delivery, LATER)
    rig.clock.now += DAY - 600
    rig.receive("and?")
    rig.clock.now += 1200
    assert [delivery.id for delivery in claim(rig)] == [message]


def test_a_message_that_is_tried_again_ends_with_the_window_and_says_why_it_failed(rig: Rig) -> None:
    conversation_id = with_person(rig)
    message = queue(rig, conversation_id)
    (delivery,) = claim(rig)
    closes = open_until(rig, conversation_id) - MARGIN
    rig.clock.now = closes - 10
    slow = DeliveryError("WhatsApp is upgrading our number.", retry=True, code=131057, retry_after=3600)
    assert fail(rig, delivery, slow)
    assert line(rig, message)["next_try_at"] == closes
    rig.clock.now = closes
    assert not claim(rig)
    assert line(rig, message)["status"] == "dead" and "upgrading" in line(rig, message)["error"]


def test_a_template_is_tried_for_a_day(rig: Rig) -> None:
    conversation_id = with_person(rig)
    queue(rig, conversation_id, TEMPLATE)
    for tried_again in (True, False):
        rig.clock.now += DAY / 2
        (delivery,) = claim(rig)
        assert fail(rig, delivery, LATER) is tried_again


def test_the_channel_is_believed_when_it_says_that_the_window_is_closed(rig: Rig) -> None:
    conversation_id = with_person(rig)
    first, second = queue(rig, conversation_id), queue(rig, conversation_id)
    (delivery,) = claim(rig)
    fail(rig, delivery, NO_WINDOW)
    assert not claim(rig)
    assert [line(rig, each)["status"] for each in (first, second)] == ["dead", "dead"]
    assert rig.told(conversation_id, protocol.WINDOW_CHANGED) == [{"window_ends_at": rig.clock.now}]
    rig.clock.now += 60
    rig.receive("hello again")
    third = queue(rig, conversation_id)
    assert [delivery.id for delivery in claim(rig)] == [third]


def test_a_late_word_about_an_old_window_does_not_close_the_new_one(rig: Rig) -> None:
    conversation_id = with_person(rig)
    message = queue(rig, conversation_id)
    (delivery,) = claim(rig)
    rig.write(lambda connection: outbox_results.record_sent(connection, delivery, "wamid.late", rig.clock.now))
    rig.clock.now += 60
    rig.receive("hello again")
    ends_at = open_until(rig, conversation_id)
    told = Receipt(NUMBER, "wamid.late", "failed", rig.clock.now, error_code=WINDOW_CLOSED, error="Too late.")
    rig.write(lambda connection: outbox_results.apply_receipt(connection, told, rig.clock.now))
    assert line(rig, message)["delivery"] == "failed"
    assert open_until(rig, conversation_id) == ends_at


def test_a_reaction_does_not_open_the_window(rig: Rig) -> None:
    """Whether it does is not known, so it is not believed."""
    conversation_id = with_person(rig)
    ends_at = open_until(rig, conversation_id)
    rig.clock.now += 3600
    rig.receive(None, kind="reaction")
    assert open_until(rig, conversation_id) == ends_at


class Windows:
    """One conversation in which everything happens in any order; the rule is checked at every claim."""

    def __init__(self, rig: Rig, seed: int) -> None:
        self.rig, self.random = rig, random.Random(seed)
        self.conversation = rig.receive("person please")
        self.server = rig.server()
        rig.settle(self.server)
        self.last_words = rig.clock.now
        self.flying: list[Delivery] = []

    def customer_writes(self) -> None:
        sent_at = self.rig.clock.now - self.random.choice((0, 30, 7200, 2 * DAY))
        self.rig.receive("more", sent_at=sent_at)
        self.last_words = max(self.last_words, sent_at)

    def somebody_speaks(self) -> None:
        queue(self.rig, self.conversation, self.random.choice((FREE_FORM, FREE_FORM, TEMPLATE)))

    def time_passes(self) -> None:
        self.rig.clock.now += self.random.choice((0.5, 30, 61, 3600, DAY / 2, DAY - MARGIN, DAY))

    def floor_changes(self) -> None:
        row = self.rig.row(self.conversation)
        if row["owner"] == floor.HUMAN:
            self.rig.resolve(self.conversation)
        elif row["handoff_id"] is None:
            self.rig.receive("person please")
            self.last_words = self.rig.clock.now
            self.server.turns(self.conversation).run()

    def claims(self) -> None:
        for delivery in claim(self.rig):
            if delivery.kind == FREE_FORM:
                assert self.rig.clock.now < self.last_words + DAY - MARGIN
            self.flying.append(delivery)

    def send_ends(self) -> None:
        if not self.flying:
            return
        delivery, now = self.flying.pop(0), self.rig.clock.now
        outcome = self.random.choice((None, LATER, NO_WINDOW))
        if outcome is None:
            self.rig.write(lambda connection: outbox_results.record_sent(connection, delivery, delivery.id, now))
        else:
            fail(self.rig, delivery, outcome)

    def server_dies(self) -> None:
        self.flying.clear()
        self.rig.write(lambda c: outbox_claims.release_claims_of(c, lambda names: list(names), self.rig.clock.now))


STEPS = (
    Windows.customer_writes, Windows.somebody_speaks, Windows.somebody_speaks, Windows.time_passes,
    Windows.time_passes, Windows.floor_changes, Windows.claims, Windows.claims, Windows.send_ends, Windows.server_dies,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), steps=st.lists(st.sampled_from(STEPS), min_size=10, max_size=60))
def test_whatever_happens_no_free_form_message_is_let_out_after_the_window(seed: int, steps: list[Any]) -> None:
    database = new_database("sqlite:///:memory:")
    try:
        windows = Windows(Rig(database), seed)
        for step in steps:
            step(windows)
    finally:
        database.close()
