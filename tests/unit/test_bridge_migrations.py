"""The schema: what the migrations make is what the code says, in one line of history, with a log that only grows."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from handoff import event_log, migrate, tables
from handoff.database import Database
from handoff.migrate import BRIDGE
from handoff.settings import SettingsError
from tests.support.bridge_rig import Rig
from tests.support.postgres import Postgres

pytest_plugins = ["tests.support.bridge_fixtures"]


def test_the_migrated_schema_is_the_one_in_the_code(rig: Rig) -> None:
    def differences(connection: sa.engine.Connection) -> list[object]:
        def ours(name: str | None, kind: str, _parents: object) -> bool:
            return kind != "table" or name != "sqlite_sequence"  # SQLite's own

        # Alembic takes an empty text as SQLite's default for another than the empty text in the code
        options = {
            "compare_server_default": connection.dialect.name != "sqlite",
            "compare_type": True,
            "include_name": ours,
        }
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, tables.metadata))

    assert rig.database.read_now(differences) == []


def test_migrations_are_one_line_of_history() -> None:
    scripts = ScriptDirectory.from_config(BRIDGE._config())
    assert len(scripts.get_heads()) == len(scripts.get_bases()) == 1
    revisions = [script.revision for script in scripts.walk_revisions()]
    assert revisions == [f"{number:04}" for number in range(len(revisions), 0, -1)]
    assert len(list((BRIDGE.scripts / "versions").glob("[0-9]*.py"))) == len(revisions)


@pytest.mark.parametrize("change", ["UPDATE event_log SET why = 'x'", "DELETE FROM event_log"])
def test_the_event_log_only_grows(change: str, rig: Rig) -> None:
    def line(connection: sa.engine.Connection) -> None:
        event_log.record(
            connection, at=1.0, conversation_id="c", kind="k", who="w", why="y", owner_before="bot", owner_after="bot",
            epoch=0,
        )  # fmt: skip

    rig.write(line)
    with pytest.raises(Exception, match="append-only"):
        rig.write(lambda connection: connection.exec_driver_sql(change))
    assert [row["why"] for row in rig.rows(tables.event_log)] == ["y"]


def test_a_new_sqlite_file_is_prepared_at_start_and_left_alone_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        database = Database(f"sqlite:///{tmp_path}/baton.db")
        migrate.prepare(database)
        assert database.read_now(BRIDGE.is_current)
        database.close()


@pytest.mark.postgres
def test_an_unprepared_postgresql_database_names_the_command(postgres: Postgres) -> None:
    database = Database(postgres.new_database("bare"))
    with pytest.raises(SettingsError, match="python -m handoff migrate"):
        migrate.prepare(database)
    migrate.upgrade(database)
    migrate.prepare(database)
    database.close()


def test_a_newer_schema_than_this_version_knows_is_not_touched_on_postgresql(rig: Rig) -> None:
    rig.write(lambda connection: connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'"))
    assert not rig.database.read_now(BRIDGE.is_current)
    with pytest.raises(Exception, match=r"not those of this version|9999"):
        migrate.prepare(rig.database)
