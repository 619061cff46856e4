"""Fixtures of all tests: the trained model, the databases, one running stack at a time, a browser."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Iterator

import pytest

from handoff.training import ensure_model
from tests.support.backends import Backend, PostgresBackend, SqliteBackend
from tests.support.postgres import Postgres
from tests.support.redis import Redis
from tests.support.stack import Stack
from tests.support.tools import find_program, postgres_folder, skip_without

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BACKENDS = ("sqlite", "postgresql+redis")
ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests without a stack first, then those of each backend together: a stack takes half a minute to start."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    if "backend" not in getattr(item, "fixturenames", ()):
        return 0
    callspec = getattr(item, "callspec", None)
    name = callspec.params.get("backend_name") if callspec else None
    return 1 + BACKENDS.index(name) if name in BACKENDS else 1


@pytest.fixture(scope="session")
def model() -> Path:
    """The trained model of the project's training data."""
    os.chdir(ROOT)
    return ensure_model(ROOT).resolve()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL cluster; `new_database` makes a fresh database in it."""
    programs = postgres_folder()
    skip_without(programs, "PostgreSQL")
    assert programs is not None
    cluster = Postgres(programs)
    cluster.start()
    yield cluster
    cluster.remove()


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    """A running Redis server."""
    program = find_program("redis-server")
    skip_without(program, "redis-server")
    assert program is not None
    server = Redis(program)
    server.start()
    yield server
    server.remove()


@pytest.fixture(
    scope="session",
    params=[BACKENDS[0], pytest.param(BACKENDS[1], marks=[pytest.mark.postgres, pytest.mark.redis])],
)
def backend_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def backend(backend_name: str, request: pytest.FixtureRequest) -> Callable[[Path], Backend]:
    """Makes an empty place for a stack's data, given the stack's ``BATON_VAR``. Tests that ask for it run twice: on
    SQLite, and on PostgreSQL with Redis."""
    if backend_name == "sqlite":
        return SqliteBackend
    cluster, server = request.getfixturevalue("postgres"), request.getfixturevalue("redis")
    return lambda var: PostgresBackend(cluster, server)


@pytest.fixture(scope="session")
def shared_stack(
    model: Path, backend: Callable[[Path], Backend], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    stack = Stack(model, folder, backend(folder / "var"))
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture
def stack(shared_stack: Stack, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The running stack that tests share, on each backend in turn. Use new customers, not an empty database. A test
    may kill its processes and inject faults: all is mended afterwards."""
    request.node.stash[STACKS] = [(shared_stack, shared_stack.log_sizes())]
    yield shared_stack
    shared_stack.heal()


@pytest.fixture
def start_stack(
    model: Path, backend: Callable[[Path], Backend], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Stack]]:
    """Starts a stack for this test alone: ``start_stack(rasa_servers=2, environ={...})``."""
    started: list[Stack] = []
    request.node.stash[STACKS] = []

    def start(**options: Any) -> Stack:
        folder = tmp_path / f"stack{len(started)}"
        folder.mkdir()
        stack = Stack(model, folder, backend(folder / "var"), **options)
        started.append(stack)
        request.node.stash[STACKS].append((stack, {}))
        stack.start()
        return stack

    yield start
    for stack in started:
        stack.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium. Not for the whole session: while Playwright is open its event loop runs in this thread,
    and no asynchronous test can have one of its own."""
    program = find_program("chromium", "chromium-browser", "google-chrome")
    skip_without(program, "Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page in a window of its own, with cookies of its own: one for each person in the test."""
    with contextlib.ExitStack() as contexts:

        def open_page(**options: Any) -> Page:
            context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
            contexts.callback(context.close)
            return context.new_page()

        yield open_page


STACKS: pytest.StashKey[list[tuple[Stack, dict[str, int]]]] = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A failed test shows what each process of its stack wrote meanwhile."""
    report: Any = yield
    if report.failed:
        for stack, sizes in item.stash.get(STACKS, []):
            for name, text in stack.logs(sizes).items():
                report.sections.append((f"log of {name} ({stack.backend.name})", text))
    return report
