"""The shop's API when it fails: what may pass is tried again, all else is said plainly, and nothing is done twice."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from typing import Iterator

import pytest

from actions.shop import ShopRefuses, ShopUnavailable
from actions.shop_http import TRIES, HttpShop
from actions.shop_sql import SqlShop
from tests.support.ports import free_ports
from tests.support.shop_server import Fault, ShopServer

TODAY = date(2026, 3, 2)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ShopServer]:
    behind = SqlShop(tmp_path / "shop.db", today=lambda: TODAY)
    with ShopServer(behind, token="right") as running:
        yield running
    behind.close()


@pytest.fixture
def shop(server: ShopServer) -> HttpShop:
    return HttpShop(server.url, "right", answer_seconds=0.3)


@pytest.mark.parametrize("fault", ["hang", "close", 429, 500, 502, 503, 504])
def test_a_failure_that_passes_is_not_noticed(server: ShopServer, shop: HttpShop, fault: Fault) -> None:
    server.faults.append(fault)
    order = shop.order("1042")
    assert order is not None and order.number == "1042"
    assert len(server.seen) == 2


@pytest.mark.parametrize("fault", ["hang", "close", 429, 500, 503])
def test_a_failure_that_stays_means_unavailable_after_a_few_tries(
    server: ShopServer, shop: HttpShop, fault: Fault
) -> None:
    server.faults.extend([fault] * 10)
    started = time.monotonic()
    with pytest.raises(ShopUnavailable, match=r"GET /orders/\{\}"):
        shop.order("1042")
    assert len(server.seen) == TRIES
    assert time.monotonic() - started < 5


def test_a_cancellation_whose_answer_was_lost_is_asked_again_and_refunds_once(
    server: ShopServer, shop: HttpShop
) -> None:
    server.faults.append("close_after_work")
    assert shop.cancel("1047").state == "cancelled"
    assert server.seen == ["POST /api/orders/1047/cancel"] * 2
    refund = shop.refund("1047")
    assert refund is not None and refund.state == "pending"


def test_a_return_whose_answer_was_lost_has_one_label(server: ShopServer, shop: HttpShop) -> None:
    server.faults.append("close_after_work")
    opened = shop.open_return("1043", "BRD-WAL", "broken")
    assert opened == server.shop.open_return("1043", "BRD-WAL", "broken")


@pytest.mark.parametrize("fault", ["garbage", "other_json", 400, 404, 301])
def test_an_answer_that_is_no_answer_of_the_api_means_unavailable(
    server: ShopServer, shop: HttpShop, fault: Fault
) -> None:
    server.faults.append(fault)
    with pytest.raises(ShopUnavailable):
        shop.order("1042")
    assert len(server.seen) == 1, "trying again would not help"


def test_a_page_not_found_is_no_missing_order(server: ShopServer) -> None:
    with pytest.raises(ShopUnavailable, match="SHOP_API_URL"):
        HttpShop(f"{server.url}/elsewhere", "right").order("1042")


@pytest.mark.parametrize("token", ["wrong", None])
def test_a_refused_token_names_the_setting_and_not_the_token(server: ShopServer, token: str | None) -> None:
    with pytest.raises(ShopUnavailable, match="SHOP_API_TOKEN") as caught:
        HttpShop(server.url, token).order("1042")
    assert "wrong" not in str(caught.value)
    assert len(server.seen) == 1


def test_nobody_there_means_unavailable() -> None:
    with pytest.raises(ShopUnavailable):
        HttpShop(f"http://127.0.0.1:{free_ports(1)[0]}").order("1042")


def test_a_password_file_in_the_home_folder_does_not_replace_the_token(
    server: ShopServer, shop: HttpShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password else")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert shop.order("1042") is not None


def test_a_refusal_that_only_this_shop_knows_keeps_its_sentence(server: ShopServer, shop: HttpShop) -> None:
    class Strict(SqlShop):
        def cancel(self, number: str):  # type: ignore[no-untyped-def]
            raise ShopRefuses("on_a_sunday", "We do not cancel on Sundays.")  # type: ignore[arg-type]

    server.shop = Strict(Path("never-opened"))
    with pytest.raises(ShopRefuses, match="We do not cancel on Sundays") as caught:
        shop.cancel("1047")
    assert caught.value.code == "refused"


def test_an_error_says_nothing_about_the_customer(server: ShopServer, shop: HttpShop) -> None:
    server.faults.append("garbage")
    with pytest.raises(ShopUnavailable) as caught:
        shop.orders_of("447700900123")
    assert "447700900123" not in str(caught.value)
