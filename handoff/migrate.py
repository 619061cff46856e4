"""Bring a database to the schema that this version needs. Embedded SQLite: at start. PostgreSQL: by command."""

from __future__ import annotations

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from handoff.database import Database

BRIDGE_MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaBehind(Exception):
    """The database's schema is older (or newer) than this version of Baton needs."""


def upgrade(database: Database, scripts: Path = BRIDGE_MIGRATIONS) -> None:
    """Run the migrations that are missing, in one transaction."""

    def work(connection: Connection) -> None:
        config = _config(scripts)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    database.write_now(work)


def prepare(database: Database, scripts: Path = BRIDGE_MIGRATIONS, how: str = "python -m handoff migrate") -> None:
    """Upgrade SQLite; only check PostgreSQL, whose migrations an operator runs once, before the servers start.

    Raises:
        SchemaBehind: the PostgreSQL database is not at this version; the message names the command to run.
    """
    if not is_current(database, scripts):
        if not database.is_sqlite:
            raise SchemaBehind(f"The database's schema is not the one this version needs. Run: {how}")
        upgrade(database, scripts)


def is_current(database: Database, scripts: Path = BRIDGE_MIGRATIONS) -> bool:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    head = ScriptDirectory.from_config(_config(scripts)).get_current_head()
    return bool(
        database.read_now(lambda connection: MigrationContext.configure(connection).get_current_revision()) == head
    )


def _config(scripts: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts))
    return config
