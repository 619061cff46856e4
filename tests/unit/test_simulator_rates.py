"""The simulator's limits on how much a number sends, by a clock that only the test moves, and through the API."""

from __future__ import annotations

from typing import Any, AsyncIterator

import pytest_asyncio

from connectors.simulator.errors import GraphError
from connectors.simulator.model import Settings
from connectors.simulator.rates import Rates
from tests.unit.simulator_rig import Rig, receiving, running, text_to

TO = "+447700900123"


class Clock:
    """A time that stands still, and limits that can be changed."""

    def __init__(self, **settings: Any) -> None:
        self.now = 1793440800.0
        self.settings = Settings(**settings)
        self.rates = Rates(lambda: self.now, lambda: self.settings)

    def sent(self, count: int, user: str = "ana", number: str = "1") -> int:
        """How many of so many are accepted before one is refused."""
        for done in range(count):
            try:
                self.rates.spend(number, user)
            except GraphError as error:
                self.code = error.code
                return done
        return count


def test_forty_five_at_once_are_borrowed_and_paid_back_one_every_six_seconds() -> None:
    clock = Clock()
    assert clock.sent(50) == 45 and clock.code == 131056
    clock.now += 5
    assert clock.sent(1) == 0
    clock.now += 1
    assert clock.sent(2) == 1
    clock.now += 60
    assert clock.sent(50) == 10
    clock.now += 45 * 6
    assert clock.sent(50) == 45


def test_one_every_six_seconds_goes_on_for_ever_and_each_customer_counts_alone() -> None:
    clock = Clock()
    for _ in range(200):
        assert clock.sent(1) == 1
        clock.now += 6
    assert clock.sent(45) == 45
    assert clock.sent(1, user="ben") == 1 and clock.sent(1, number="2") == 1


def test_eighty_a_second_in_and_out_for_each_number() -> None:
    clock = Clock(pair_burst=0)
    for _ in range(30):
        clock.rates.received("1")
    assert clock.sent(60) == 50 and clock.code == 130429
    assert clock.sent(60, number="2") == 60
    clock.now += 0.9
    assert clock.sent(1) == 0
    clock.now += 0.1
    assert clock.sent(100) == 80


def test_a_limit_of_zero_is_none() -> None:
    assert Clock(pair_burst=0, throughput=0).sent(500) == 500


@pytest_asyncio.fixture
async def rig(tmp_path: Any) -> AsyncIterator[Rig]:
    async with receiving() as receiver, running(tmp_path, receiver) as rig:
        yield rig


async def test_the_api_refuses_the_46th_message_and_the_clock_pays_back(rig: Rig) -> None:
    for n in range(45):
        await rig.send(str(n))
    refused = await rig.graph(text_to(TO, "one more"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, 131056)
    await rig.send("somebody else", "+447700900124")
    assert len(await rig.thread()) == 45
    await rig.control("POST", "clock", {"advance": 60})
    await rig.send("later")


async def test_limits_are_settings(rig: Rig) -> None:
    await rig.control("PUT", "settings", {"pair_burst": 1, "pair_seconds": 3600})
    await rig.send("one")
    assert (await rig.graph(text_to(TO, "two"))).json()["error"]["code"] == 131056
    await rig.control("PUT", "settings", {"throughput": 1, "pair_burst": 0})
    await rig.control("POST", "clock", {"advance": 60})
    answers = [await rig.graph(text_to(TO, str(n))) for n in range(50)]
    codes = {answer.json()["error"]["code"] for answer in answers if answer.status_code != 200}
    assert codes == {130429} and answers[0].status_code == 200


async def test_other_numbers_of_the_business_are_named_in_the_settings(rig: Rig) -> None:
    assert (await rig.graph(text_to(TO, "hi"), number="300000000000009")).status_code == 400
    await rig.control("PUT", "settings", {"numbers": ["300000000000009"]})
    assert (await rig.graph(text_to(TO, "hi"), number="300000000000009")).status_code == 200
