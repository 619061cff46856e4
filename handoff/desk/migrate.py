"""The desk's database schema: bring it up to date, or say how far behind it is."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from handoff.desk.database import Database
from handoff.settings import SettingsError

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> None:
    """Apply every migration that is missing, in one transaction."""
    database.write_now(_upgrade)


def is_current(connection: Connection) -> bool:
    return bool(MigrationContext.configure(connection).get_current_revision() == _head())


def prepare(database: Database) -> None:
    """At start: SQLite is brought up to date by itself; PostgreSQL only by an operator's command.

    Raises:
        SettingsError: a PostgreSQL schema is behind, or newer than this code.
    """
    if database.is_sqlite:
        upgrade(database)
    elif not database.write_now(is_current):
        raise SettingsError(
            [
                "DESK_DATABASE_URL: the tables are not those of this version; run: python -m handoff desk migrate"
            ]
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _head() -> str | None:
    head: str | None = ScriptDirectory.from_config(_config()).get_current_head()
    return head


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
