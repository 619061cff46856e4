"""Commands for the people who run a desk: tokens, agents, migrations. Mounted by ``python -m handoff``."""

from __future__ import annotations

import os
import sys
import time
from typing import NoReturn

import typer
from sqlalchemy.engine import Connection

from handoff.desk import migrate, people
from handoff.desk.database import Database, DatabaseUnavailable
from handoff.settings import Reader, SettingsError

PASSWORD_VARIABLE = "DESK_PASSWORD"

token_app = typer.Typer(help="Bearer tokens for the desk's API.", no_args_is_help=True)
agent_app = typer.Typer(help="The people who answer customers.", no_args_is_help=True)
desk_app = typer.Typer(help="The desk's database.", no_args_is_help=True)


@token_app.callback()
@agent_app.callback()
@desk_app.callback()
def _group() -> None:
    """Keeps a group with one command a group."""


@token_app.command("create")
def create_token(
    agent: str = typer.Option(..., help="The agent's login or name; made if there is none."),
) -> None:
    """Print a new token for the API. It cannot be shown again."""

    def make(connection: Connection) -> str:
        person = people.find_agent(connection, agent)
        if person is None:
            login = agent.strip().lower().replace(" ", ".")
            person = people.create_agent(connection, login, agent, None, time.time())
        return people.create_token(connection, person, time.time())

    database = _open(migrated=True)
    try:
        typer.echo(database.write_now(make))
    except (people.PeopleError, DatabaseUnavailable) as error:
        _fail(str(error))
    finally:
        database.close()


@agent_app.command("create")
def create_agent(
    name: str = typer.Option(..., help="The name that customers and colleagues see."),
    login: str | None = typer.Option(None, "--login", "--email", help="What the agent signs in with."),
    password: str | None = typer.Option(None, help=f"Better: leave it out and type it, or set {PASSWORD_VARIABLE}."),
) -> None:
    """Add a person who can sign in to the desk."""
    if not login:
        _fail("Give --login or --email: what the agent signs in with.")
    secret = password or os.environ.get(PASSWORD_VARIABLE) or _typed_password()
    database = _open(migrated=True)
    try:
        agent = database.write_now(people.create_agent, login, name, secret, time.time())
        typer.echo(f"{agent.name} can sign in as {agent.login}.")
    except (people.PeopleError, DatabaseUnavailable) as error:
        _fail(str(error))
    finally:
        database.close()


@desk_app.command("migrate")
def migrate_desk() -> None:
    """Bring the desk's tables up to this version."""
    database = _open(migrated=False)
    try:
        migrate.upgrade(database)
        typer.echo("The desk's database is up to date.")
    except DatabaseUnavailable as error:
        _fail(str(error))
    finally:
        database.close()


def mount(app: typer.Typer) -> None:
    """Add the desk's groups to ``python -m handoff``."""
    app.add_typer(token_app, name="token")
    app.add_typer(agent_app, name="agent")
    app.add_typer(desk_app, name="desk")


def _open(*, migrated: bool) -> Database:
    read = Reader()
    url = read.database("DESK_DATABASE_URL", "desk.db")
    try:
        read.finish()
        database = Database(url)
        if migrated:
            migrate.prepare(database)
        return database
    except (SettingsError, DatabaseUnavailable) as error:
        _fail(str(error))


def _typed_password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)


def standalone() -> typer.Typer:
    """The desk's commands alone, for tests."""
    app = typer.Typer()
    mount(app)
    return app
