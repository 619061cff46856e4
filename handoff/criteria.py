"""The criteria of `handoff.yml`: which of them says that a person is needed now, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterator, Literal, Mapping, Sequence

from handoff.criteria_conditions import BotFailure, Condition, Finding
from handoff.criteria_talk import Talk

Verdict = Literal["fired", "holds", "near", "no"]
NEAR = 0.5


@dataclass(frozen=True)
class All:
    """Every one of these holds."""

    parts: tuple[Condition, ...]

    @property
    def turns(self) -> int:
        return max(part.turns for part in self.parts)

    def look(self, talk: Talk) -> Finding:
        found = [part.look(talk) for part in self.parts]
        holds = all(each.holds for each in found)
        return Finding(
            holds,
            holds and any(each.fresh for each in found),
            " and ".join(each.detail for each in found if each.detail),
            _progress(self.parts, found, " and "),
            1.0 if holds else self._share(found),
            _facts(found) if holds else {},
        )

    def _share(self, found: list[Finding]) -> float:
        """How near it is: what must not be is nothing that one comes near to."""
        shares = [each.share for part, each in zip(self.parts, found, strict=True) if not isinstance(part, Not)]
        return sum(shares) / len(shares) if shares else 0.0


@dataclass(frozen=True)
class Any_:
    """At least one of these holds."""

    parts: tuple[Condition, ...]

    @property
    def turns(self) -> int:
        return max(part.turns for part in self.parts)

    def look(self, talk: Talk) -> Finding:
        found = [part.look(talk) for part in self.parts]
        holding = [each for each in found if each.holds]
        nearest = max(found, key=lambda each: each.share)
        return Finding(
            bool(holding),
            any(each.fresh for each in holding),
            " and ".join(each.detail for each in holding if each.detail) or nearest.detail,
            _progress(self.parts, found, " or "),
            1.0 if holding else nearest.share,
            _facts(holding),
        )


@dataclass(frozen=True)
class Not:
    """This does not hold. That something is missing is never by itself a reason, nor new."""

    part: Condition

    @property
    def turns(self) -> int:
        return self.part.turns

    def look(self, talk: Talk) -> Finding:
        found = self.part.look(talk)
        return Finding(not found.holds, False, "", f"({_progress([self.part], [found], '')})", float(not found.holds))


def _progress(parts: Sequence[Condition], found: Sequence[Finding], between: str) -> str:
    """How far each part is: ``slot 120 and intent yes``."""
    named = zip(parts, found, strict=True)
    return between.join(f"{type(part).__name__.rstrip('_').lower()} {each.progress}" for part, each in named)


def _facts(found: Sequence[Finding]) -> dict[str, Any]:
    return {name: value for each in found for name, value in each.facts.items()}


@dataclass(frozen=True)
class Criterion:
    """When a person is needed, and what kind of person. ``message`` is the response that is said first.

    A criterion that rests on lasting facts alone (a slot, the customer) fires once for each value of them, and again
    after ``again_after`` seconds if that is given.
    """

    name: str
    when: Condition
    priority: str = "normal"
    topic: str | None = None
    skills: tuple[str, ...] = ()
    message: str | None = None
    again_after: float | None = None
    line: int = 0


@dataclass(frozen=True)
class Looked:
    """What a criterion found at a message. ``why_not`` says why it did not fire although it holds."""

    criterion: Criterion
    finding: Finding
    why_not: str = ""

    @property
    def fires(self) -> bool:
        return self.finding.holds and not self.why_not

    @property
    def verdict(self) -> Verdict:
        if self.finding.holds:
            return "fired" if self.fires else "holds"
        return "near" if self.finding.share >= NEAR else "no"


def look(criteria: Sequence[Criterion], talk: Talk) -> Iterator[Looked]:
    """Each criterion's look at the talk, in the order of the file."""
    for criterion in criteria:
        finding = criterion.when.look(talk)
        yield Looked(criterion, finding, _why_not(criterion, finding, talk) if finding.holds else "")


def decide(criteria: Sequence[Criterion], talk: Talk) -> Looked | None:
    """The first criterion of the file that fires."""
    return next((looked for looked in look(criteria, talk) if looked.fires), None)


def spent(talk: Talk, fired: Looked) -> dict[str, Any]:
    """The value that the slot `handoff_spent` gets when a criterion fires."""
    if not fired.finding.facts:
        return dict(talk.spent)
    entry = {"facts": dict(fired.finding.facts), "at": talk.current.at}
    return {**talk.spent, fired.criterion.name: entry}


def for_failure(criteria: Sequence[Criterion]) -> Criterion | None:
    """The criterion that says who is asked when the bot itself fails: the first that is about `bot_failure` alone, or
    names it among others of `any`."""
    return next((criterion for criterion in criteria if _is_failure(criterion.when)), None)


def _is_failure(condition: Condition) -> bool:
    if isinstance(condition, Any_):
        return any(map(_is_failure, condition.parts))
    return isinstance(condition, BotFailure)


def _why_not(criterion: Criterion, finding: Finding, talk: Talk) -> str:
    if talk.returned:
        return "the customer has just chosen to stay with the bot"
    if finding.fresh:
        return ""
    if not finding.facts:
        return "nothing new since the message before"
    before: Mapping[str, Any] | None = talk.spent.get(criterion.name)
    if before is None or before.get("facts") != dict(finding.facts):
        return ""
    if criterion.again_after and talk.current.at - before.get("at", 0.0) >= criterion.again_after:
        return ""
    return "it has handed over for the same already"
