"""The conditions that `handoff.yml` can name, each of which looks at a talk and says what it found."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from typing import Any, Callable, ClassVar, Mapping, Protocol

from handoff import language, sentiment
from handoff.criteria_talk import FALLBACK, Message, Talk
from handoff.criteria_values import Comparison, number, plain

CURRENT = 1  # most conditions look at the current message alone


@dataclass(frozen=True)
class Finding:
    """What a condition found.

    ``holds``: it is so. ``fresh``: the current message adds to it (a lasting fact, such as a slot's value, does not).
    ``detail`` says it in words with the values, ``progress`` in figures, ``share`` (0 to 1) how near it is.
    ``facts`` are the lasting facts that it rests on.
    """

    holds: bool
    fresh: bool = False
    detail: str = ""
    progress: str = ""
    share: float = 0.0
    facts: Mapping[str, Any] = field(default_factory=dict)


class Condition(Protocol):
    """``turns`` is how many of the customer's messages it looks back."""

    @property
    def turns(self) -> int: ...

    def look(self, talk: Talk) -> Finding: ...


@dataclass(frozen=True)
class Intent:
    """The message is about one of these."""

    names: tuple[str, ...]
    confidence: float = 0.0
    turns: ClassVar[int] = CURRENT

    def look(self, talk: Talk) -> Finding:
        said = talk.current
        holds = said.intent in self.names and said.confidence >= self.confidence
        words = f"about “{_label(said.intent or 'nothing known')}” ({said.confidence:.2f})"
        return _yes_or_no(holds, words)


@dataclass(frozen=True)
class FallbackCount:
    """So many messages of a span were not understood. What a form took as its answer was understood.

    ``also`` are intents that mean as much: gibberish reads as out of scope as often as not.
    """

    at_least: int
    turns: int
    also: tuple[str, ...] = ()

    def look(self, talk: Talk) -> Finding:
        span = talk.last(self.turns)
        return _counted(self._not_understood, span, self.at_least, "not understood")

    def _not_understood(self, said: Message) -> bool:
        return said.intent in (FALLBACK, *self.also) and said.typed and not said.answered_form


@dataclass(frozen=True)
class SameIntentAgain:
    """The message is about what others in the span were about already.

    Where a slot of ``same_slots`` has another value (another order's number), it is not. What is said to a form's
    question does not count: the bot has not answered yet, and `FormStuck` counts its questions. Nor do buttons: a
    form's lists carry the intent of their form with each choice.
    """

    at_least: int
    turns: int
    besides: tuple[str, ...] = ()
    same_slots: tuple[str, ...] = ()

    def look(self, talk: Talk) -> Finding:
        intent = talk.current.intent
        if intent is None or intent == FALLBACK or intent in self.besides:
            return Finding(False, progress=f"0/{self.at_least}")
        span = talk.last(self.turns)
        words = f"“{_label(intent)}” came"
        return _counted(lambda said: self._same(said, talk.current), span, self.at_least, words)

    def _same(self, said: Message, current: Message) -> bool:
        told = [name for name in self.same_slots if name in said.slots and name in current.slots]
        agree = all(said.slots[name] == current.slots[name] for name in told)
        return said.intent == current.intent and said.typed and said.waited_for is None and agree


@dataclass(frozen=True)
class Sentiment:
    """The mood of the span, the mean over ``turns`` messages, is under a limit. Messages that are not there yet count
    as neutral, so that one angry word is not a mood."""

    below: float
    turns: int

    def look(self, talk: Talk) -> Finding:
        typed = [said for said in talk.messages if said.typed][-self.turns :]
        scores = [sentiment.score(said.text) for said in typed]
        mood = sum(scores) / self.turns
        holds = bool(scores) and mood < self.below
        fresh = holds and talk.current.typed and scores[-1] < 0
        words = f"mood {mood:+.2f} over {self.turns} messages, under the limit of {self.below:+.2f}"
        share = max(0.0, min(1.0, mood / self.below)) if self.below < 0 else float(holds)
        return Finding(holds, fresh, words, f"{mood:+.2f}, limit {self.below:+.2f}", share)


@dataclass(frozen=True)
class Slot:
    """A slot's value compares like this."""

    name: str
    comparison: Comparison
    turns: ClassVar[int] = CURRENT

    def look(self, talk: Talk) -> Finding:
        value = talk.slots.get(self.name)
        holds = self.comparison.holds(value)
        words = f"{_label(self.name).lower()} {_value(value)} {self.comparison}"
        return Finding(holds, False, words, _value(value), float(holds), {self.name: value} if holds else {})


@dataclass(frozen=True)
class Customer:
    """Something that the channel says of the customer compares like this."""

    attribute: str
    comparison: Comparison
    turns: ClassVar[int] = CURRENT

    def look(self, talk: Talk) -> Finding:
        value = talk.current.customer.get(self.attribute)
        holds = self.comparison.holds(value)
        words = f"the customer's {self.attribute.replace('_', ' ')} {self.comparison}"
        return Finding(
            holds, False, words, "yes" if holds else "no", float(holds), {self.attribute: value} if holds else {}
        )


@dataclass(frozen=True)
class FormStuck:
    """A form asked the same so many times, and this message does not seem to answer it either. If it may be the answer,
    the form gets to check it first."""

    times: int
    form: str | None = None
    slot: str | None = None

    @property
    def turns(self) -> int:
        return self.times + 1

    def look(self, talk: Talk) -> Finding:
        asked = talk.asked
        if asked is None or (self.form or asked.form) != asked.form or (self.slot or asked.slot) != asked.slot:
            return Finding(False, progress=f"0/{self.times}")
        answers = asked.slot in talk.current.slots
        holds = asked.times > self.times or (asked.times == self.times and not answers)
        words = f"asked {asked.times} times for “{_label(asked.slot)}”"
        return Finding(holds, holds, words, f"{asked.times}/{self.times}", min(1.0, asked.times / self.times))


@dataclass(frozen=True)
class MessageType:
    """The message is of a kind such as voice or document."""

    kinds: tuple[str, ...]
    turns: ClassVar[int] = CURRENT

    def look(self, talk: Talk) -> Finding:
        kind = talk.current.kind
        return _yes_or_no(kind in self.kinds or (kind == "audio" and "voice" in self.kinds), f"sent: {kind}")


@dataclass(frozen=True)
class Language:
    """The message is, without much doubt, in a language that is not among these."""

    spoken: tuple[str, ...]
    turns: ClassVar[int] = CURRENT

    def look(self, talk: Talk) -> Finding:
        said = talk.current
        written = language.surely(said.text) if said.typed else None
        holds = written is not None and written not in self.spoken
        words = f"writes in {language.name(written) if written else 'a language not told'}"
        return _yes_or_no(holds, words)


@dataclass(frozen=True)
class Rating:
    """The customer just gave a rating this low."""

    at_most: float
    slot: str = "rating"
    turns: ClassVar[int] = CURRENT

    def look(self, talk: Talk) -> Finding:
        given = {**talk.before, **talk.current.slots}.get(self.slot)
        rating = number(given)
        return _yes_or_no(rating is not None and rating <= self.at_most, f"rated {given}, at most {self.at_most:g}")


@dataclass(frozen=True)
class BotFailure:
    """The bot failed at so many messages of a span: an action declined, or it said one of these responses.

    It is also what the bridge asks for when it gives a message up (`handoff.criteria.for_failure`).
    """

    at_least: int
    turns: int
    responses: tuple[str, ...] = ()

    def look(self, talk: Talk) -> Finding:
        # what it says to the current message is not known yet; so the latest failure is one message old
        span = talk.last(self.turns + 1)[:-1]
        found = [said for said in span if self._failed(said)]
        holds = len(found) >= self.at_least
        words = f"failed {_times(len(found))} in {_messages(len(span))}"
        fresh = holds and self._failed(span[-1])
        return Finding(holds, fresh, words, f"{len(found)}/{self.at_least}", min(1.0, len(found) / self.at_least))

    def _failed(self, said: Message) -> bool:
        return bool(said.rejected) or any(name in self.responses for name in said.said)


@dataclass(frozen=True)
class Keyword:
    """The customer wrote one of these words or phrases."""

    words: tuple[str, ...]
    turns: ClassVar[int] = CURRENT

    def look(self, talk: Talk) -> Finding:
        said = talk.current
        found = _any_of(self.words).search(plain(said.text)) if said.typed else None
        return _yes_or_no(found is not None, f"wrote “{found.group(0)}”" if found else "no keyword")


def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    return _pattern(tuple(sorted(words, key=len, reverse=True)))


@functools.lru_cache(maxsize=256)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    phrases = (r"\s+".join(map(re.escape, plain(word).split())) for word in words)
    return re.compile(rf"(?<!\w)(?:{'|'.join(phrases)})(?!\w)")


def _counted(hits: Callable[[Message], bool], span: list[Message], at_least: int, words: str) -> Finding:
    found = sum(map(hits, span))
    holds = found >= at_least
    detail = f"{words} {_times(found)} in {_messages(len(span))}"
    return Finding(holds, holds and hits(span[-1]), detail, f"{found}/{at_least}", min(1.0, found / at_least))


def _yes_or_no(holds: bool, words: str) -> Finding:
    return Finding(holds, holds, words, "yes" if holds else "no", float(holds))


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"


def _label(name: str) -> str:
    return name.replace("_", " ").replace("/", ": ").strip().capitalize()


def _value(value: Any) -> str:
    return "empty" if value is None else str(value)
