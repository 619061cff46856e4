"""The action server as a process of its own, with the shop behind an HTTP API."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

import httpx
import pytest

from actions.shop_sql import SqlShop
from handoff.services import Service
from tests.support.ports import free_ports
from tests.support.processes import ServiceProcess
from tests.support.shop_server import ShopServer
from tests.support.waiting import wait_until


@dataclass
class Running:
    shop: ShopServer
    url: str

    def said_about(self, number: str) -> str:
        """The response with which the server answers, when Rasa asks it how an order stands."""
        tracker = {
            "sender_id": "ana",
            "slots": {"order_number": number, "postcode": "BS1 4DJ"},
            "latest_message": {"text": number},
            "events": [],
            "paused": False,
            "active_loop": {},
            "latest_action_name": None,
        }
        call = {"next_action": "action_order_status", "sender_id": "ana", "tracker": tracker, "domain": {}}
        answer = httpx.post(f"{self.url}/webhook", json=call, timeout=30, trust_env=False)
        answer.raise_for_status()
        responses: list[dict[str, Any]] = answer.json()["responses"]
        return str(responses[0]["response"])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder, (port,) = tmp_path_factory.mktemp("actions"), free_ports(1)
    url = f"http://127.0.0.1:{port}"
    service = Service("actions", (sys.executable, "-m", "actions", "--port", str(port)), port, "", f"{url}/health")
    with ShopServer(SqlShop(folder / "behind.db"), token="a-token") as shop:
        var = folder / "var"
        settings = {"SHOP_API_URL": shop.url, "SHOP_API_TOKEN": "a-token", "BATON_VAR": str(var)}
        process = ServiceProcess(service, {**os.environ, **settings, "SANIC_HOST": "127.0.0.1"}, folder / "log")
        process.start()
        try:
            wait_until("the action server", process.is_ready, 60)
            yield Running(shop, url)
        finally:
            process.signal()
            process.end()
    assert not Path(var, "shop.db").exists(), "the demo's shop is not opened when there is another"


def test_an_order_comes_from_the_api(running: Running) -> None:
    assert running.said_about("1042") == "utter_order_shipped"
    assert running.said_about("1043") == "utter_order_delivered"


def test_an_api_that_is_away_is_said_and_nothing_breaks(running: Running) -> None:
    running.shop.faults.extend([500, 500, 500, "garbage", 401])
    assert [running.said_about("1042") for _ in range(3)] == ["utter_shop_unavailable"] * 3
    assert running.said_about("1042") == "utter_order_shipped"
