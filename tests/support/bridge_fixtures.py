"""Fixtures of the bridge's tests, loaded by the files that use them: a rig on each kind of database."""

from __future__ import annotations

import itertools
from typing import Iterator

import psycopg2
import pytest

from handoff.database import Database
from tests.support.bridge_rig import Rig, new_database, only_errors_logged
from tests.support.postgres import Postgres

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def bridge_template(postgres: Postgres) -> str:
    """A PostgreSQL database with the bridge's schema, to be copied: a tenth of the time of making one."""
    url = postgres.new_database("template")
    new_database(url).close()
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def bridge_url(request: pytest.FixtureRequest) -> str:
    """An empty database's address. Tests that ask for it run on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        return "sqlite:///:memory:"
    template = request.getfixturevalue("bridge_template")
    server, _, source = template.rpartition("/")
    name = f"{source}_{next(_NUMBERS)}"
    connection = psycopg2.connect(f"{server}/postgres")
    connection.autocommit = True
    connection.cursor().execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
    connection.close()
    return f"{server}/{name}"


@pytest.fixture
def rig(bridge_url: str) -> Iterator[Rig]:
    """A bridge around an empty database. No error may be logged in it."""
    database = new_database(bridge_url) if bridge_url.startswith("sqlite") else Database(bridge_url)
    with only_errors_logged() as errors:
        yield Rig(database)
    database.close()
    assert not errors
