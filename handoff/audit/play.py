"""Plays the audit: each case is one situation and one way of asking, with a customer of its own."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any, Awaitable, Callable, Iterable, Iterator, Sequence

import httpx

from handoff.audit.audit_file import AuditFile, Situation
from handoff.audit.judge import Message, offer_in, paths_in
from handoff.audit.phone import Phone, Unplayable

TURNS = 2  # within so many of asking, a path must appear
AT_ONCE = 6
DONE_ELSEWHERE = "transfer"  # the path that a desk can be asked about

Arrived = Callable[[str], Awaitable[bool]]  # has a person got the conversation of this phone?


@dataclass(frozen=True)
class Case:
    situation: Situation
    way: str


@dataclass(frozen=True)
class Result:
    """``turn`` is the one in which a path appeared, from 1; None: none did, and ``why`` says what came instead."""

    case: Case
    turn: int | None
    paths: tuple[str, ...] = ()
    why: str = ""
    talk: tuple[str, ...] = field(default=())


def every_case(rules: AuditFile) -> list[Case]:
    return [Case(situation, way) for situation in rules.situations for way in rules.ways]


def covering_cases(rules: AuditFile, per_situation: int, seed: int) -> list[Case]:
    """A part of all cases: every situation with ``per_situation`` ways (or all), every way at least once."""
    dice = random.Random(seed)
    left: list[str] = []  # ways are dealt like cards, and shuffled anew when there are not enough
    cases = []
    for situation in rules.situations:
        dealt: list[str] = []
        while len(dealt) < min(per_situation, len(rules.ways)):
            if set(left) <= set(dealt):
                left += dice.sample(rules.ways, len(rules.ways))
            way = next(way for way in left if way not in dealt)
            left.remove(way)
            dealt.append(way)
        cases += [Case(situation, way) for way in dealt]
    tried = {case.way for case in cases}
    return [*cases, *(Case(dice.choice(rules.situations), way) for way in rules.ways if way not in tried)]


class Player:
    """Plays cases against the assistant behind a simulator. ``arrived`` asks a desk whether a transfer took place."""

    def __init__(
        self, control: httpx.AsyncClient, rules: AuditFile, patience: float, arrived: Arrived | None = None
    ) -> None:
        self.control = control
        self.rules = rules
        self.patience = patience
        self.arrived = arrived
        self._numbers = _new_numbers()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._of_one: dict[str, asyncio.Lock] = {}

    async def play(self, cases: Sequence[Case], heard: Callable[[Result], None]) -> list[Result]:
        """All cases, several at a time; ``heard`` gets each result as it comes.

        Raises:
            httpx.HTTPError: the simulator does not answer.
        """

        async def one(case: Case) -> Result:
            # a situation with a customer of its own has one conversation: its cases follow each other
            key = case.situation.customer or str(id(case))
            async with self._of_one.setdefault(key, asyncio.Lock()), self._places:
                result = await self._case(case)
            heard(result)
            return result

        return list(await asyncio.gather(*(one(case) for case in cases)))

    async def _case(self, case: Case) -> Result:
        number = case.situation.customer or next(self._numbers)
        phone = await Phone.of(self.control, "Audit", number)
        before: list[Message] = []
        try:
            for step in case.situation.steps:
                await phone.do(step)
                before = await phone.answers(self.patience, lambda heard: False)
        except Unplayable as error:
            return await self._result(phone, case, None, why=f"the situation could not be reached: {error}")
        return await self._ask(phone, case, before)

    async def _ask(self, phone: Phone, case: Case, before: list[Message]) -> Result:
        offered: list[Message] = before
        promised = paths_in(before, self.rules) if case.situation.waiting else ()
        if case.situation.waiting and not promised:
            return await self._result(phone, case, None, why="the situation could not be reached: nobody was promised")
        for turn in range(1, TURNS + 1):
            offer = offer_in(offered, self.rules) if turn > 1 else None
            await (phone.press(offer.title) if offer else phone.say(case.way))
            if promised:
                return await self._checked(phone, case, turn, promised)
            heard = await phone.answers(self.patience, lambda heard: bool(paths_in(heard, self.rules)))
            paths = paths_in(heard, self.rules)
            if paths:
                return await self._checked(phone, case, turn, paths)
            offered = heard
        return await self._result(phone, case, None, why="no path to a person" if offered else "no answer")

    async def _checked(self, phone: Phone, case: Case, turn: int, paths: tuple[str, ...]) -> Result:
        """A transfer that was announced must have taken place, where there is a desk to ask."""
        if self.arrived is None or set(paths) != {DONE_ELSEWHERE} or await self._has_arrived(phone):
            return await self._result(phone, case, turn, paths)
        return await self._result(phone, case, None, why="a person was promised, and nobody got the conversation")

    async def _has_arrived(self, phone: Phone) -> bool:
        assert self.arrived is not None
        loop = asyncio.get_running_loop()
        until = loop.time() + self.patience
        while not await self.arrived(phone.key):
            if loop.time() > until:
                return False
            await asyncio.sleep(0.2)
        return True

    async def _result(
        self, phone: Phone, case: Case, turn: int | None, paths: Iterable[str] = (), why: str = ""
    ) -> Result:
        talk = tuple(_line(message) for message in await phone.messages()) if turn is None else ()
        return Result(case, turn, tuple(paths), why, talk)


def _line(message: Message) -> str:
    who = "business" if message["direction"] == "out" else "customer"
    text: Any = message.get("text") or f"<{message.get('type', '?')}>"
    return f"{who}: {text}"


def _new_numbers() -> Iterator[str]:
    """Numbers that nobody has, other ones in each run: no country has the code 999."""
    start = random.SystemRandom().randrange(10**9)
    while True:
        start = (start + 1) % 10**9
        yield f"999{start:09}"
