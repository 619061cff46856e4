"""Who wants no messages that they did not ask for: kept with the conversation, because a new session forgets slots."""

from __future__ import annotations

from handoff import tables
from tests.support.bridge_rig import Rig

pytest_plugins = ["tests.support.bridge_fixtures"]


def test_an_opt_out_lasts_until_the_customer_takes_it_back(rig: Rig) -> None:
    one, opted_out = rig.server(), []
    for text in ("hello", "no news please", "hello again", "news again please"):
        conversation_id = rig.receive(text)
        rig.settle(one)
        opted_out.append(rig.row(conversation_id)["opted_out"])
    assert opted_out == [False, True, True, False]


def test_the_person_who_takes_over_sees_the_opt_out(rig: Rig) -> None:
    one = rig.server()
    for text in ("no news please", "a person please"):
        rig.receive(text)
        rig.settle(one)
    (handoff,) = rig.rows(tables.handoffs)
    assert handoff["context"]["opted_out"] is True
