"""How fast messages leave: each number's rate, each customer's rate, pauses, and what comes back failed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff import outbox, outbox_claims, outbox_results, protocol, rates, tables
from handoff.channel import APP, NUMBER, DeliveryError, Receipt, Rendered
from handoff.outbox_claims import Delivery
from handoff.rates import Room
from tests.support.bridge_rig import NUMBER as OURS
from tests.support.bridge_rig import Rig, Work

pytest_plugins = ["tests.support.bridge_fixtures"]

BUSY = DeliveryError("We sent too fast.", retry=True, code=130429, retry_after=2.0, slows=NUMBER)
FULL = DeliveryError("Too many for this customer.", retry=True, code=131056, base=4.0)


def talk(rig: Rig, phone: str, number: str = OURS) -> str:
    """A conversation in which nothing waits to be sent."""
    address = rig.address(phone)
    conversation_id = rig.receive("hello", type(address)(number, wa_id=phone))
    rig.write(lambda connection: connection.execute(tables.inbox.update().values(status="done")))
    return conversation_id


def queue(rig: Rig, conversation_id: str, text: str = "hello") -> str:
    return rig.write(
        lambda connection: outbox.add_message(
            connection, conversation_id, Rendered({"text": text}, text), author="bot", epoch=0, trace_id="t",
            at=rig.clock.now,
        )
    )  # fmt: skip


def claim(rig: Rig, limit: int = 1000, per_second: float = 80.0) -> list[Delivery]:
    def work(connection: Any) -> list[Delivery]:
        room = rates.room(connection, rig.clock.now, lambda number: per_second)
        return outbox_claims.claim(connection, "a", rig.clock.now, limit, room)[0]

    return rig.write(work)


def sent(rig: Rig, deliveries: list[Delivery]) -> None:
    for each in deliveries:
        rig.write(lambda connection, each=each: outbox_results.record_sent(connection, each, each.id, rig.clock.now))


def fail(rig: Rig, delivery: Delivery, error: DeliveryError) -> None:
    def work(connection: Any) -> None:
        outbox_results.record_failure(connection, delivery, error, rig.clock.now)
        outbox_results.slow_down(connection, delivery.to.number, error, rig.clock.now)

    rig.write(work)


def failed_later(rig: Rig, outbox_id: str, provider_id: str, error: DeliveryError | None) -> None:
    told = Receipt(OURS, provider_id, "failed", rig.clock.now, outbox_id, error.code if error else 1, "x", error)
    rig.write(lambda connection: outbox_results.apply_receipt(connection, told, rig.clock.now))


def row(rig: Rig, outbox_id: str) -> dict[str, Any]:
    (found,) = rig.rows(tables.outbox, id=outbox_id)
    return found


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 0.3), min_size=20, max_size=200), st.sampled_from([10.0, 20.0, 80.0, 1000.0]))
def test_in_no_second_does_a_number_send_more_than_its_rate(pauses: list[float], per_second: float) -> None:
    room, let_out = Room(1000.0, lambda number: per_second, {}), []
    for pause in pauses:
        room.now += pause
        for _ in range(int(per_second)):
            if room.take("n"):
                let_out.append(room.now)
    for start in let_out:
        assert sum(start <= at < start + 1.0 for at in let_out) <= per_second


def test_a_number_sends_at_its_rate_when_there_is_always_something() -> None:
    room = Room(1000.0, lambda number: 80.0, {})
    taken = 0
    for _ in range(1000):
        room.now += 0.01
        while room.take("n"):
            taken += 1
    assert 700 < taken <= 730


def test_a_rate_that_is_used_up_delays_its_own_number_only_and_keeps_the_order(rig: Rig) -> None:
    first, second, other = talk(rig, "441"), talk(rig, "442"), talk(rig, "443", "200")
    wanted = [queue(rig, first), queue(rig, second)]
    elsewhere = queue(rig, other)
    claimed = claim(rig, per_second=1.0)
    assert [each.id for each in claimed] == [wanted[0], elsewhere]
    assert not claim(rig, per_second=1.0)
    rig.clock.now += 1.2
    assert [each.id for each in claim(rig, per_second=1.0)] == [wanted[1]]


def test_one_customer_gets_a_burst_of_45_and_then_one_every_six_seconds(rig: Rig) -> None:
    conversation_id, other = talk(rig, "441"), talk(rig, "442")
    wanted = [queue(rig, conversation_id, str(n)) for n in range(48)]
    got = []
    for _ in range(48):
        rig.clock.now += 0.02
        deliveries = claim(rig)
        sent(rig, deliveries)
        got += [each.id for each in deliveries]
    assert got == wanted[: rates.PAIR_BURST]
    free = queue(rig, other)
    assert [each.id for each in claim(rig)] == [free]
    for n in range(rates.PAIR_BURST, 48):
        rig.clock.now += 6.0
        deliveries = claim(rig)
        sent(rig, deliveries)
        assert [each.id for each in deliveries] == [wanted[n]]
        assert not claim(rig)


def test_what_was_sent_counts_after_a_restart_and_for_every_dispatcher(rig: Rig) -> None:
    conversation_id, other = talk(rig, "441"), talk(rig, "442")
    queue(rig, conversation_id)
    assert claim(rig, per_second=1.0)
    queue(rig, other)
    assert not claim(rig, per_second=1.0)  # nothing is kept outside the database between the two


def test_a_number_that_was_too_fast_pauses_and_pauses_longer_the_next_time(rig: Rig) -> None:
    talks = [talk(rig, f"44{n}") for n in range(4)]
    other = talk(rig, "449", "200")
    for each in talks:
        queue(rig, each)
    deliveries = claim(rig, limit=2)
    for delivery in deliveries:  # both were on their way: one pause, not two
        fail(rig, delivery, BUSY)
    assert not claim(rig)
    free = queue(rig, other)
    assert [each.id for each in claim(rig)] == [free]
    rig.clock.now += 2.1
    (again, *_rest) = claim(rig)
    fail(rig, again, BUSY)
    (paused,) = rig.rows(tables.rates, key=OURS)
    assert paused["paused_until"] - rig.clock.now == pytest.approx(4.0)


def test_the_apps_limit_stops_every_number_and_no_event_for_the_agents(rig: Rig) -> None:
    conversation_id, other = talk(rig, "441"), talk(rig, "449", "200")
    queue(rig, conversation_id)
    (delivery,) = claim(rig)
    fail(rig, delivery, DeliveryError("Slow down.", retry=True, code=4, retry_after=60.0, slows=APP))
    queue(rig, other)
    rig.write(
        lambda connection: outbox.add_event(
            connection, other, protocol.WINDOW_CHANGED, {}, epoch=0, handoff_id=None, trace_id="t", at=rig.clock.now
        )
    )
    assert [each.lane for each in claim(rig)] == [outbox.AGENT]
    rig.clock.now += 61
    assert sum(each.lane == outbox.CUSTOMER for each in claim(rig)) == 2


def test_a_customers_limit_makes_only_them_wait_four_to_the_power_of_the_failures(rig: Rig) -> None:
    conversation_id = talk(rig, "441")
    message = queue(rig, conversation_id)
    for wait in (1.0, 4.0, 16.0, 64.0):
        (delivery,) = claim(rig)
        fail(rig, delivery, FULL)
        assert row(rig, message)["next_try_at"] - rig.clock.now == pytest.approx(wait)
        rig.clock.now += wait


def test_a_message_that_failed_after_it_was_taken_is_sent_again_in_its_place(rig: Rig) -> None:
    conversation_id = talk(rig, "441")
    first, second, third = (queue(rig, conversation_id, text) for text in ("one", "two", "three"))
    for _ in range(2):
        sent(rig, claim(rig))
    failed_later(rig, first, first, BUSY)
    rig.clock.now += 5
    (again,) = claim(rig)
    assert (again.id, again.attempts) == (first, 1)
    failed_later(rig, again.id, first, BUSY)  # told once more, of the old try: nothing new
    assert row(rig, first)["status"] == "sending" and not claim(rig)
    rig.write(lambda connection: outbox_results.record_sent(connection, again, "wamid.second", rig.clock.now))
    failed_later(rig, again.id, first, BUSY)
    assert (row(rig, first)["status"], row(rig, first)["provider_id"]) == ("sent", "wamid.second")
    assert [each.id for each in claim(rig)] == [third] and row(rig, second)["status"] == "sent"


def test_a_message_is_not_sent_again_for_ever_and_not_when_trying_does_not_help(rig: Rig) -> None:
    conversation_id = talk(rig, "441")
    never, often = queue(rig, conversation_id), queue(rig, conversation_id)
    sent(rig, claim(rig))
    failed_later(rig, never, never, DeliveryError("Not on WhatsApp.", retry=False, code=131026))
    assert (row(rig, never)["status"], row(rig, never)["delivery"]) == ("sent", "failed")
    for n in range(outbox_results.MOST_SENDS):
        rig.clock.now += 70
        (delivery,) = claim(rig)
        name = f"wamid.{n}"
        rig.write(lambda c, d=delivery, p=name: outbox_results.record_sent(c, d, p, rig.clock.now))
        failed_later(rig, delivery.id, name, DeliveryError("Busy.", retry=True, code=131016))
    rig.clock.now += 70
    assert not claim(rig) and row(rig, often)["delivery"] == "failed"


def test_a_message_that_failed_is_not_sent_again_when_the_floor_has_moved_or_the_window_has_closed(rig: Rig) -> None:
    moved, closed = talk(rig, "441"), talk(rig, "442")
    messages = [queue(rig, moved), queue(rig, closed)]
    sent(rig, claim(rig))
    for message in messages:
        failed_later(rig, message, message, BUSY)
    rig.write(
        lambda c: c.execute(tables.conversations.update().where(tables.conversations.c.id == moved).values(epoch=1))
    )
    rig.clock.now += 24 * 3600
    assert not claim(rig)
    assert [row(rig, message)["status"] for message in messages] == ["refused", "dead"]


def test_a_delivery_of_the_old_try_makes_the_new_one_needless(rig: Rig) -> None:
    conversation_id = talk(rig, "441")
    message = queue(rig, conversation_id)
    sent(rig, claim(rig))
    failed_later(rig, message, message, BUSY)
    told = Receipt(OURS, message, "delivered", rig.clock.now, message)
    rig.write(lambda connection: outbox_results.apply_receipt(connection, told, rig.clock.now))
    rig.clock.now += 100
    assert not claim(rig) and row(rig, message)["status"] == "sent"


async def test_blue_ticks_count_and_give_way_to_messages(rig: Rig) -> None:
    """A number whose rate is used up acknowledges nothing until it has room again."""
    rig.channel.pace = 1.0
    server = rig.server()
    acknowledged: list[str] = []

    async def acknowledge(number: str, message_id: str) -> None:
        acknowledged.append(message_id)

    rig.channel.acknowledge = acknowledge  # type: ignore[method-assign]
    await server.dispatcher._acknowledge(OURS, "one")
    Work(server.dispatcher._record_and_claim(claim=True)).run()
    await server.dispatcher._acknowledge(OURS, "two")
    rig.clock.now += 1.2
    Work(server.dispatcher._record_and_claim(claim=True)).run()
    await server.dispatcher._acknowledge(OURS, "three")
    assert acknowledged == ["one", "three"]


def test_who_opted_out_at_whatsapp_has_opted_out_here(rig: Rig) -> None:
    conversation_id = talk(rig, "441")
    message = queue(rig, conversation_id)
    sent(rig, claim(rig))
    failed_later(rig, message, message, DeliveryError("No more.", retry=False, code=131050))
    assert rig.row(conversation_id)["opted_out"]
