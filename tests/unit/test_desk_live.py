"""Live updates: an open page hears of every change, also of those that another desk process made."""

from __future__ import annotations

import queue
import threading
from pathlib import Path
from typing import Iterator

import httpx
import pytest

from handoff import protocol
from handoff.desk.live import QUEUE_LENGTH, Hub, Page
from tests.support.redis import Redis
from tests.support.waiting import wait_until
from tests.unit.desk_support import PASSWORD, SECRET, BridgeCalls, DeskProcess, DeskUnderTest
from tests.unit.test_desk_access import sign_in


class Listener:
    """A signed-in browser's event stream, read in a thread."""

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, timeout=30)
        assert sign_in(self.client, "sam@example.com", PASSWORD).status_code == 303
        self.heard: queue.Queue[tuple[str, str]] = queue.Queue()
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()
        assert self.heard.get(timeout=10) == ("hello", "")

    def next(self) -> tuple[str, str]:
        return self.heard.get(timeout=10)

    def _listen(self) -> None:
        event = ""
        try:
            with self.client.stream("GET", "/live") as stream:
                assert stream.headers["content-type"].startswith("text/event-stream")
                for line in stream.iter_lines():
                    name, _, value = line.partition(":")
                    if name == "event":
                        event = value.strip()
                    elif name == "data":
                        self.heard.put((event, value.strip()))
        except httpx.HTTPError:
            self.heard.put(("gone", ""))

    def close(self) -> None:
        self.client.close()


@pytest.fixture
def listener(desk: DeskUnderTest) -> Iterator[Listener]:
    listener = Listener(desk.process.url)
    yield listener
    listener.close()


def test_an_open_page_hears_of_events_and_of_what_colleagues_do(desk: DeskUnderTest, listener: Listener) -> None:
    conversation_id = desk.waiting()
    assert listener.next() == ("change", conversation_id)
    desk.alex.post(conversation_id, "notes", {"text": "mine soon"})
    assert listener.next() == ("change", conversation_id)


def test_an_agent_with_an_open_page_is_available(desk: DeskUnderTest, listener: Listener) -> None:
    path = "/agent-channel/availability"
    answer = desk.calls.client.get(path, headers=protocol.sign(SECRET, path.encode())).json()
    assert answer["open"] is True


def test_a_page_that_is_too_slow_is_told_to_look_at_everything() -> None:
    page = Page("agent")
    for number in range(QUEUE_LENGTH + 1):
        page.tell(str(number))
    assert page.changes.qsize() == 1 and page.changes.get_nowait() is None


async def test_a_hub_without_redis_or_with_one_that_is_away_still_tells_its_own_pages() -> None:
    for address in (None, "redis://127.0.0.1:1/0"):
        hub = Hub(address)
        page = hub.open("agent")
        await hub.changed("c1")
        assert page.changes.get_nowait() == "c1"
        await hub.close()


@pytest.mark.redis
@pytest.mark.postgres
def test_desks_that_share_a_database_and_redis_show_each_others_changes(
    redis: Redis, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = str(request.getfixturevalue("postgres").new_database("desk"))
    desks = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        desks.append(DeskProcess(folder, "http://127.0.0.1:1", DESK_DATABASE_URL=url, REDIS_URL=redis.url))
    assert desks[0].command("desk", "migrate").returncode == 0
    desks[0].add_agent("sam@example.com", "Sam Rivera", PASSWORD)
    for each in desks:
        each.start()
    listener = Listener(desks[1].url)
    try:
        calls = BridgeCalls(desks[0].url)

        def told() -> bool:  # until the second desk has subscribed, what it misses it looks up when it has
            assert calls.say("c1", "h1", "hello").status_code == 200
            return listener.heard.qsize() > 0

        wait_until("the second desk hears of it", told, every=0.2)
        assert listener.next() in (("change", "c1"), ("everything", ""))
    finally:
        listener.close()
        for each in desks:
            each.stop()
