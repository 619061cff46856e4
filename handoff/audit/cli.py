"""`python -m handoff audit`."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from pathlib import Path
from typing import Annotated, NoReturn, Sequence

import httpx
import typer

from handoff.audit.audit_file import AuditFile, AuditFileError, load
from handoff.audit.play import Arrived, Case, Player, Result, covering_cases, every_case
from handoff.audit.report import missed, report

MISSED, COULD_NOT_RUN = 1, 2


def mount(app: typer.Typer) -> None:
    app.command("audit")(audit)


def audit(
    simulator: Annotated[
        str, typer.Option(help="The simulator that the assistant writes to.")
    ] = "http://127.0.0.1:5090",
    file: Annotated[Path, typer.Option(help="Paths, ways of asking, and situations.")] = Path("tests/audit.yml"),
    ways: Annotated[int, typer.Option(help="Ways tried from each situation; 0: all of them.")] = 0,
    only: Annotated[str, typer.Option(help="Only situations with this in their name.")] = "",
    seed: Annotated[int | None, typer.Option(help="Which ways, when not all are tried.")] = None,
    desk: Annotated[str, typer.Option(help="A Baton desk: a transfer counts when it has arrived there.")] = "",
    token: Annotated[str, typer.Option(envvar="AUDIT_DESK_TOKEN", help="A token of an agent of that desk.")] = "",
    patience: Annotated[float, typer.Option(help="Seconds to wait for an answer.")] = 20.0,
) -> None:
    """Play WhatsApp's escalation policy against a running assistant: does asking for a person lead to one, from
    everywhere, within two turns? Ends with 1 when it does not, with 2 when that could not be found out."""
    try:
        rules = _narrowed(load(file), only)
    except AuditFileError as error:
        _cannot(str(error))
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    cases = covering_cases(rules, ways, seed) if ways else every_case(rules)
    typer.echo(f"{len(cases)} conversations" + (f", seed {seed}" if ways else ""))
    try:
        results = asyncio.run(_play(simulator, rules, cases, desk, token, patience))
    except httpx.HTTPStatusError as error:
        _cannot(f"{error.request.url} answered {error.response.status_code}: {error.response.text[:200]}")
    except httpx.HTTPError as error:
        _cannot(f"Nothing answers at {error.request.url} ({type(error).__name__}). Is it running?")
    typer.echo(report(results, desk_asked=bool(desk)))
    if missed(results):
        sys.exit(MISSED)


async def _play(
    simulator: str, rules: AuditFile, cases: Sequence[Case], desk: str, token: str, patience: float
) -> list[Result]:
    progress = Progress(len(cases))
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx.AsyncClient(base_url=simulator, timeout=30) as control,
        httpx.AsyncClient(base_url=desk, timeout=30, headers=headers) as api,
    ):
        player = Player(control, rules, patience, _arrivals(api) if desk else None)
        return await player.play(cases, progress)


def _arrivals(api: httpx.AsyncClient) -> Arrived:
    async def arrived(phone: str) -> bool:
        answer = await api.get("/api/v1/conversations", params={"q": phone})
        answer.raise_for_status()
        return any(each.get("state") in ("queued", "active") for each in answer.json()["conversations"])

    return arrived


class Progress:
    """A line every five seconds at most, and one for each miss."""

    def __init__(self, of: int) -> None:
        self._of = of
        self._done = 0
        self._said = time.monotonic()

    def __call__(self, result: Result) -> None:
        self._done += 1
        if result.turn is None:
            typer.echo(f"missed: {result.case.situation.name} / “{result.case.way}”")
        if time.monotonic() - self._said > 5:
            self._said = time.monotonic()
            typer.echo(f"{self._done} of {self._of}")


def _narrowed(rules: AuditFile, only: str) -> AuditFile:
    situations = tuple(one for one in rules.situations if only.casefold() in one.name.casefold())
    if not situations:
        raise AuditFileError(f"No situation has '{only}' in its name.")
    return AuditFile(rules.paths, rules.ways, situations)


def _cannot(why: str) -> NoReturn:
    typer.echo(why, err=True)
    sys.exit(COULD_NOT_RUN)
