"""Fixtures of the phone page's tests: a simulator without a bot, and Ana's phone in a real browser."""

from __future__ import annotations

import re
import threading
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Callable, Iterator

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.e2e.phone_support import Simulator


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    from tests.e2e.phone_support import Connector, Simulator

    connector = ThreadingHTTPServer(("127.0.0.1", 0), Connector)
    threading.Thread(target=connector.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{connector.server_address[1]}/webhook"
    simulator = Simulator(tmp_path_factory.mktemp("simulator"), url)
    simulator.start()
    yield simulator
    simulator.stop()
    connector.shutdown()


@pytest.fixture
def simulator(process: Simulator) -> Simulator:
    """The simulator, with nobody in it."""
    process.control("POST", "reset")
    return process


@pytest.fixture
def phone(simulator: Simulator, new_page: Callable[..., Page]) -> Iterator[Page]:
    """Ana's phone; an error in the page's scripts, or something that its security policy refuses, fails the test."""
    from playwright.sync_api import expect

    page = new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if "Content Security Policy" in line.text else None)
    page.goto(simulator.address)
    expect(page.get_by_test_id("customer-row")).to_have_text(re.compile("Ana"))
    yield page
    assert not problems
