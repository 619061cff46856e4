"""The inbox: kept once, taken in order, tried again with growing pauses, parked in the end, one server at a time."""

from __future__ import annotations

import os

import pytest

from handoff import floor, inbox, outbox, protocol, server, tables
from handoff.channel import Inbound
from handoff.criteria import for_failure
from handoff.handoff_file import read
from handoff.saving import LeaseLost
from tests.support.bridge_rig import Rig, Work

pytest_plugins = ["tests.support.bridge_fixtures"]


def take(rig: Rig, conversation_id: str, name: str) -> inbox.Item | None:
    return rig.write(lambda connection: inbox.take_next(connection, conversation_id, name, rig.clock.now))


def due(rig: Rig) -> list[str]:
    return rig.write(lambda connection: inbox.due(connection, rig.clock.now))


def test_a_message_that_is_delivered_again_is_kept_once(rig: Rig) -> None:
    message = rig.inbound("hello")
    assert rig.accept(message)
    assert rig.accept(message) is None
    rig.settle(rig.server())
    assert rig.accept(message) is None
    assert len(rig.rows(tables.inbox)) == 1


def test_the_same_message_id_on_another_number_is_another_message(rig: Rig) -> None:
    message = rig.inbound("hello")
    other = Inbound(**{**message.__dict__, "address": message.address.__class__("200", wa_id="447700900123")})
    first, second = rig.accept(message), rig.accept(other)
    assert first and second and first != second


def test_a_redelivered_message_does_not_bring_an_old_address_back(rig: Rig) -> None:
    by_phone = rig.inbound("hello", rig.address(user_id="GB.1"))
    conversation_id = rig.accept(by_phone)
    assert conversation_id
    rig.receive("now without a phone", rig.address(None, user_id="GB.1", username="ana"))  # type: ignore[arg-type]
    assert rig.row(conversation_id)["reply_wa_id"] is None
    assert rig.accept(by_phone) is None
    assert rig.row(conversation_id)["reply_wa_id"] is None


def test_messages_are_answered_in_their_order(rig: Rig) -> None:
    for number in range(5):
        rig.receive(f"message {number}")
    rig.settle(rig.server())
    assert [text for _, text in rig.channel.accepted] == [f"re:wamid.in.{number}" for number in range(1, 6)]


def test_a_waiting_message_holds_back_the_ones_behind_it(rig: Rig) -> None:
    conversation_id = rig.receive("flaky")
    rig.receive("hello")
    one = rig.server()
    one.turns(conversation_id).run()
    assert [row["status"] for row in rig.rows(tables.inbox)] == ["pending", "pending"]
    rig.settle(one)
    assert [text for _, text in rig.channel.accepted] == ["re:wamid.in.1", "re:wamid.in.2"]


def test_pauses_between_tries_grow_and_the_fifth_failure_parks_the_message(rig: Rig) -> None:
    conversation_id = rig.receive("broken")
    one = rig.server()
    pauses = []
    for attempt in range(1, 5):
        one.turns(conversation_id).run()
        (row,) = rig.rows(tables.inbox)
        assert (row["status"], row["attempts"]) == ("pending", attempt)
        pauses.append(row["next_try_at"] - rig.clock.now)
        assert not due(rig)
        rig.clock.now = row["next_try_at"]
        assert due(rig) == [conversation_id]
    assert [0.75 <= pause / 2**number <= 1.25 for number, pause in enumerate(pauses)] == [True] * 4
    one.turns(conversation_id).run()
    (row,) = rig.rows(tables.inbox)
    assert (row["status"], row["attempts"]) == ("parked", 5)
    assert "The action server does not answer" in row["error"]


def test_a_parked_message_goes_to_a_person_and_the_customer_is_told(rig: Rig) -> None:
    conversation_id = rig.receive("broken")
    rig.receive("still there?")
    one = rig.server()
    rig.settle(one)
    (handoff,) = rig.rows(tables.handoffs)
    assert (handoff["reason"], handoff["priority"]) == (floor.BOT_FAILURE, "high")
    assert rig.row(conversation_id)["owner"] == floor.HUMAN
    assert [text for _, text in rig.channel.accepted] == ["utter_bot_failure"]
    assert [line["text"] for line in handoff["context"]["transcript"]] == ["broken"]
    told = [(data["author"], data["text"]) for data in rig.told(conversation_id, protocol.CUSTOMER_MESSAGE)]
    assert told == [("bot", "utter_bot_failure"), ("customer", "still there?")]


def test_the_criterion_about_failures_says_who_is_asked_for_a_parked_message(rig: Rig) -> None:
    rig.receive("broken")
    one = rig.server()
    text = "version: 1\ncriteria:\n  - name: down\n    when: {bot_failure: {at_least: 2}}\n    "
    one.saver.failure = for_failure(read(f"{text}priority: urgent\n    topic: orders\n    skills: [vip]").criteria)
    rig.settle(one)
    (handoff,) = rig.rows(tables.handoffs)
    assert (handoff["reason"], handoff["priority"], handoff["topic"]) == (floor.BOT_FAILURE, "urgent", "orders")
    assert handoff["skills"] == ["vip"]


def test_a_parked_message_of_the_human_floor_reaches_the_person(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    conversation_id = rig.receive("person please")
    one = rig.server()
    rig.settle(one)
    rig.receive("my order")

    def fails(*_: object) -> None:
        raise ValueError("a defect")

    monkeypatch.setattr(one.saver, "human_turn", fails)
    rig.settle(one)
    assert [row["status"] for row in rig.rows(tables.inbox)] == ["done", "parked"]
    assert [data["text"] for data in rig.told(conversation_id, protocol.CUSTOMER_MESSAGE)] == ["my order"]
    assert len(rig.rows(tables.handoffs)) == 1


def test_two_servers_never_work_on_one_conversation(rig: Rig) -> None:
    conversation_id = rig.receive("hello")
    assert take(rig, conversation_id, "a")
    assert take(rig, conversation_id, "b") is None
    assert not due(rig)
    assert take(rig, conversation_id, "a")  # its own lease stands in nobody's way


def test_a_lease_that_ran_out_is_taken_over_and_what_the_first_server_did_is_not_saved(rig: Rig) -> None:
    conversation_id = rig.receive("hello")
    one, two = rig.server(), rig.server()
    item = take(rig, conversation_id, one.name)
    assert item
    rig.clock.now += inbox.LEASE_SECONDS
    assert due(rig) == [conversation_id]
    two.turns(conversation_id).run()
    with pytest.raises(LeaseLost):
        rig.write(lambda connection: one.saver.skip(connection, item))
    assert [row["status"] for row in rig.rows(tables.inbox)] == ["done"]


def test_a_renewed_lease_lasts(rig: Rig) -> None:
    conversation_id = rig.receive("hello")
    take(rig, conversation_id, "a")
    rig.clock.now += inbox.LEASE_SECONDS - 1
    rig.write(lambda connection: inbox.renew(connection, [conversation_id], "a", rig.clock.now))
    rig.write(lambda connection: inbox.renew(connection, [conversation_id], "b", rig.clock.now + 100))
    rig.clock.now += inbox.LEASE_SECONDS - 1
    assert take(rig, conversation_id, "b") is None
    rig.clock.now += 2
    assert take(rig, conversation_id, "b")


def test_a_conversation_without_work_is_given_back(rig: Rig) -> None:
    conversation_id = rig.receive("hello")
    rig.settle(rig.server())
    row = rig.row(conversation_id)
    assert (row["lease_owner"], row["lease_until"]) == (None, None)


def test_a_new_process_releases_what_ended_processes_of_this_machine_held(rig: Rig) -> None:
    held = {phone: rig.receive("hello", rig.address(phone)) for phone in ("441", "442", "443")}
    ended = f"{server.place()}/{2**22 + 1}/x"  # above the highest process id
    alive = f"{server.place()}/{os.getppid()}/x"
    elsewhere = "another-machine/1/x"
    for phone, name in zip(held, (ended, alive, elsewhere), strict=True):
        take(rig, held[phone], name)
    rig.write(lambda connection: inbox.release_leases_of(connection, server.gone))
    assert due(rig) == [held["441"]]


def test_a_server_that_dies_after_its_commit_loses_nothing_and_repeats_nothing(rig: Rig) -> None:
    conversation_id = rig.receive("hello")
    for stop_after in range(1, 30):
        turn = rig.server().turns(conversation_id)
        for _ in range(stop_after):
            if not turn.ended:
                turn.step()
        if turn.ended:
            break
        turn.kill()
        rig.clock.now += inbox.LEASE_SECONDS
    rig.settle(rig.server())
    assert [text for _, text in rig.channel.accepted] == ["re:wamid.in.1"]
    assert [row["type_name"] for row in rig.rows(tables.events)] == ["user", "action", "bot", "action"]


def test_a_turn_that_ends_after_the_floor_moved_says_nothing_and_the_message_goes_to_the_person(rig: Rig) -> None:
    from handoff import handoffs

    conversation_id = rig.receive("hello")
    one = rig.server()
    turn = one.turns(conversation_id)
    for _ in range(3):
        turn.step()  # taken, and the bot is at work

    def step_in(connection: object) -> None:
        row = floor.lock(connection, conversation_id)  # type: ignore[arg-type]
        assert row
        handoffs.start(
            connection, row, handoffs.Wish(floor.POLICY), who="supervisor", forms={}, at=rig.clock.now,  # type: ignore[arg-type]
            trace_id="t", hand_on=False,
        )  # fmt: skip

    rig.write(step_in)
    turn.run()
    assert not rig.outbox(conversation_id)
    assert [data["text"] for data in rig.told(conversation_id, protocol.CUSTOMER_MESSAGE)] == ["hello"]
    assert [row["type_name"] for row in rig.rows(tables.events)] == ["user"]


def test_a_return_that_a_newer_handoff_has_overtaken_says_nothing(rig: Rig) -> None:
    conversation_id = rig.receive("person please")
    one = rig.server()
    rig.settle(one)
    rig.resolve(conversation_id)
    rig.accept(rig.inbound("on my phone", echo=True))
    (returned,) = rig.rows(tables.inbox, kind=inbox.RETURNED)
    echo = rig.rows(tables.inbox, kind=inbox.ECHO)[0]
    assert returned["seq"] < echo["seq"]
    # the colleague's words are handled first by a server that was quicker
    item = take(rig, conversation_id, one.name)
    assert item and item.kind == inbox.RETURNED
    rig.write(lambda connection: one.saver.skip(connection, item))
    rig.settle(one)
    assert rig.row(conversation_id)["owner"] == floor.HUMAN
    assert not rig.unfinished()


def test_a_customer_who_answers_the_person_days_later_still_reaches_them(rig: Rig) -> None:
    conversation_id = rig.receive("person please")
    one = rig.server()
    rig.settle(one)
    rig.command(protocol.AGENT_JOINED, conversation_id, rig.row(conversation_id)["handoff_id"])
    for wait in (61 * 60, 3 * 24 * 3600):
        rig.clock.now += wait
        one.sweep()
        rig.receive(f"after {wait} s")
        rig.settle(one)
    assert rig.row(conversation_id)["owner"] == floor.HUMAN
    assert len(rig.told(conversation_id, protocol.CUSTOMER_MESSAGE)) == 2
    assert rig.outbox(conversation_id, outbox.AGENT)[-1]["status"] == outbox.SENT


def test_staying_with_the_bot_needs_a_button_that_was_sent(rig: Rig) -> None:
    conversation_id = rig.receive("broken")  # a handoff without the button
    one = rig.server()
    rig.settle(one)
    rig.receive("Stay with the bot", payload="/continue_with_bot", kind="button")
    rig.settle(one)
    assert rig.row(conversation_id)["owner"] == floor.HUMAN
    told = rig.told(conversation_id, protocol.CUSTOMER_MESSAGE)
    assert [data["text"] for data in told if data["author"] == "customer"] == ["Stay with the bot"]


def test_a_waiting_customer_can_go_back_to_the_bot_and_a_served_one_cannot(rig: Rig) -> None:
    conversation_id = rig.receive("person please")
    one = rig.server()
    rig.settle(one)
    rig.receive("Stay with the bot", payload="/continue_with_bot", kind="button")
    rig.settle(one)
    assert rig.row(conversation_id)["owner"] == floor.BOT
    assert rig.told(conversation_id, protocol.HANDOFF_CANCELLED)[0]["by"] == "customer"
    rig.receive("person please")
    rig.settle(one)
    rig.command(protocol.AGENT_JOINED, conversation_id, rig.row(conversation_id)["handoff_id"])
    rig.receive("Stay with the bot", payload="/continue_with_bot", kind="button")
    rig.settle(one)
    assert rig.row(conversation_id)["owner"] == floor.HUMAN


def test_a_colleagues_reply_on_the_phone_silences_the_bot_at_once(rig: Rig) -> None:
    conversation_id = rig.receive("hello")
    one = rig.server()
    one.turns(conversation_id).run()  # the bot's answer waits to be sent
    rig.accept(rig.inbound("I have you, Ana", echo=True))
    one.turns(conversation_id).run()
    rig.settle(one)
    assert rig.row(conversation_id)["owner"] == floor.HUMAN
    assert not rig.channel.accepted
    (handoff,) = rig.rows(tables.handoffs)
    assert (handoff["reason"], handoff["state"]) == (floor.PHONE_REPLY, floor.ACTIVE)
    lines = [(line["author"], line["text"]) for line in handoff["context"]["transcript"]]
    assert lines == [("customer", "hello"), ("bot", "re:wamid.in.1"), ("human", "I have you, Ana")]


def test_an_echo_while_a_person_has_the_floor_is_part_of_the_story(rig: Rig) -> None:
    conversation_id = rig.receive("person please")
    one = rig.server()
    rig.settle(one)
    rig.accept(rig.inbound("from the shop's phone", echo=True))
    rig.settle(one)
    (data,) = rig.told(conversation_id, protocol.CUSTOMER_MESSAGE)
    assert (data["author"], data["text"]) == ("human", "from the shop's phone")
    (handoff,) = rig.rows(tables.handoffs)
    assert handoff["state"] == floor.ACTIVE, "the customer has a person now, so nothing may say that nobody was reached"


def test_killed_work_is_closed(rig: Rig) -> None:
    """The rig itself: a killed coroutine runs no further."""
    conversation_id = rig.receive("hello")
    turn = rig.server().turns(conversation_id)
    turn.step()
    turn.kill()
    assert turn.ended and isinstance(turn, Work)
    assert rig.row(conversation_id)["lease_owner"] is None
