"""Bring a database to the schema that this version needs. Embedded SQLite: at start. PostgreSQL: by command."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from handoff.database import Database
from handoff.settings import SettingsError


@dataclass(frozen=True)
class Schema:
    """The migrations of one database, the variable that names it, and the operator's command that runs them."""

    scripts: Path
    variable: str
    command: str

    def upgrade(self, database: Database) -> None:
        """Run the migrations that are missing, in one transaction."""
        database.write_now(self._upgrade)

    def prepare(self, database: Database) -> None:
        """Upgrade SQLite; only check PostgreSQL, whose migrations an operator runs once, before the servers start.

        Raises:
            SettingsError: the PostgreSQL database is not at this version; the message names the command to run.
        """
        if not database.read_now(self.is_current):
            if not database.is_sqlite:
                problem = f"{self.variable}: the tables are not those of this version; run: {self.command}"
                raise SettingsError([problem])
            self.upgrade(database)

    def is_current(self, connection: Connection) -> bool:
        head = ScriptDirectory.from_config(self._config()).get_current_head()
        return bool(MigrationContext.configure(connection).get_current_revision() == head)

    def _upgrade(self, connection: Connection) -> None:
        config = self._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    def _config(self) -> Config:
        logging.getLogger("alembic").setLevel(logging.WARNING)
        config = Config()
        config.set_main_option("script_location", str(self.scripts).replace("%", "%%"))
        return config


BRIDGE = Schema(Path(__file__).parent / "migrations", "DATABASE_URL", "python -m handoff migrate")
upgrade, prepare, is_current = BRIDGE.upgrade, BRIDGE.prepare, BRIDGE.is_current
