"""`python -m handoff criteria ...`: check handoff.yml, and explain a conversation or a story."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping

import sqlalchemy as sa
import typer
from ruamel.yaml import YAML

from handoff import tables, tracker_events
from handoff.criteria_explain import explain, story_events, table
from handoff.database import Database, Unavailable
from handoff.domain_names import DomainFile, read_domain
from handoff.handoff_file import FILE, HandoffFile, HandoffFileError, load
from handoff.settings import Reader

STORIES = Path("tests/stories")
app = typer.Typer(help="The criteria of handoff.yml.", no_args_is_help=True)


@app.command("check")
def check_file(file: Path = Path(FILE), domain: Path = Path("domain.yml")) -> None:
    """Check handoff.yml against the domain; all mistakes are told, by line."""
    handoffs = _load(file, _domain(domain))
    typer.echo(f"{file.name} is right: {len(handoffs.criteria)} criteria.")


@app.command("explain")
def explain_one(what: str, file: Path = Path(FILE), domain: Path = Path("domain.yml"), nlu: bool = False) -> None:
    """Tell turn by turn which criteria were near and which fired.

    WHAT is a conversation's id or phone number, the title of a test story (or a part of it), or a file of stories.
    With --nlu the newest model reads the texts of stories; else their own intents count.
    """
    known = _domain(domain)
    handoffs = _load(file, known)
    found = list(_stories(what))
    parse = _reader() if nlu and found else None
    if not found:
        found = [(f"conversation {what}", _conversation(what))]
    for title, events in found:
        typer.echo(f"\n{title}")
        turns = explain(_understood(events, parse), handoffs.criteria, known.initial)
        typer.echo(table(turns))


def _load(file: Path, known: DomainFile) -> HandoffFile:
    try:
        return load(file, known.names)
    except HandoffFileError as error:
        sys.exit(str(error))


def _domain(path: Path) -> DomainFile:
    try:
        return read_domain(path if path.exists() else path.with_suffix(""))
    except OSError as error:
        sys.exit(f"The domain cannot be read: {error}")


def _stories(what: str) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    path = Path(what)
    is_file = path.suffix in (".yml", ".yaml") and path.is_file()
    for file in [path] if is_file else sorted(STORIES.glob("*.yml")):
        for story in (YAML(typ="safe").load(file.read_text(encoding="utf-8")) or {}).get("stories") or []:
            if is_file or what.lower() in str(story["story"]).lower():
                yield f"story: {story['story']}", [*story_events(story)]


def _conversation(what: str) -> list[Mapping[str, Any]]:
    read = Reader()
    url = read.database("DATABASE_URL", "baton.db")
    read.finish()
    database, row = Database(url), tables.conversations
    digits = "".join(filter(str.isdigit, what))
    wanted = (row.c.id == what) | (row.c.wa_id == digits) if digits else row.c.id == what

    def work(connection: sa.engine.Connection) -> list[Mapping[str, Any]]:
        ids = connection.execute(sa.select(row.c.id).where(wanted)).scalars().all()
        # what Rasa's own channels (rasa shell) wrote has events and no row
        return [event for each in ids or [what] for event in tracker_events.load_all(connection, each)]

    try:
        events = database.read_now(work)
    except Unavailable as error:
        sys.exit(f"'{what}' is no story in {STORIES}/, and conversations cannot be looked up. {error}")
    if not events:
        sys.exit(f"'{what}' is neither a conversation in the database nor a story in {STORIES}/.")
    return events


def _understood(events: list[Any], parse: Callable[[str], Mapping[str, Any]] | None) -> Iterator[Mapping[str, Any]]:
    for event in events:
        if parse and event["event"] == "user" and not event["text"].startswith("/"):
            event = {**event, "parse_data": parse(event["text"])}
        yield event


def _reader() -> Callable[[str], Mapping[str, Any]]:
    """The newest model's reading of a text."""
    import asyncio

    import skops.io  # noqa: F401  (before Rasa: see handoff.rasa_command)
    from rasa.core.agent import Agent
    from rasa.model import get_latest_model

    model = get_latest_model("models")
    if model is None:
        sys.exit("There is no model in models/ that could read the texts. Run `make train`, or leave out --nlu.")
    agent = Agent.load(model)
    return lambda text: asyncio.run(agent.parse_message(text))
