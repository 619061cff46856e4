"""The panel beside the phone: clock, faults, templates, what may be sent, and what customers do besides writing."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.phone_support import ANA, Simulator, write
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser


def customer(simulator: Simulator, name: str = "Ana") -> dict[str, Any]:
    customers = simulator.control("GET", "customers")["customers"]
    return dict(next(one for one in customers if one["name"] == name))


def unfold(page: Page, title: str) -> None:
    page.locator("#panel summary").filter(has_text=title).click()


def act(page: Page, name: str) -> None:
    """Press a button of what the customer can do besides writing."""
    if not page.get_by_test_id("acts").is_visible():
        unfold(page, "can do besides writing")
    page.get_by_test_id("acts").get_by_role("button", name=name).click()


def test_the_panel_moves_the_clock_and_sets_faults(simulator: Simulator, phone: Page) -> None:
    before = simulator.control("GET", "clock")["now"]
    phone.get_by_test_id("advance-61m").click()
    wait_until("the clock moved", lambda: simulator.control("GET", "clock")["now"] - before >= 3660)
    unfold(phone, "Answers of the Graph API")
    phone.locator("select[name=answer]").select_option("code 131056")
    expect(phone.locator("[data-state=graph]")).to_have_text("Faulty")
    assert simulator.control("GET", "faults")["graph"]["code"] == 131056
    phone.get_by_role("button", name="Turn all faults off").click()
    expect(phone.locator("[data-state=graph]")).to_have_text("As usual")
    assert simulator.control("GET", "faults")["graph"]["code"] is None


def test_a_fault_that_a_test_set_survives_a_change_of_another(simulator: Simulator, phone: Page) -> None:
    simulator.control("PUT", "faults", {"download": {"kind": "drop", "times": 3}})
    phone.reload()
    unfold(phone, "Answers of the Graph API")
    expect(phone.locator("select[name=download]")).to_have_value("drop")
    phone.locator("input[name=latency_ms]").fill("50")
    phone.locator("input[name=latency_ms]").press("Tab")
    wait_until("the latency is set", lambda: simulator.control("GET", "faults")["graph"]["latency_ms"] == 50)
    assert simulator.control("GET", "faults")["download"]["times"] == 3


def test_at_the_end_of_the_24_hours_only_templates_may_be_sent(simulator: Simulator, phone: Page) -> None:
    write(phone, "hello")
    expect(phone.get_by_test_id("allowed")).to_contain_text("for 23 h 59 min")
    phone.get_by_test_id("to-the-end").click()
    expect(phone.get_by_test_id("allowed")).to_contain_text("no, the 24 hours are over")
    expect(phone.get_by_test_id("to-the-end")).to_be_disabled()
    assert customer(simulator)["window_ends_at"] < simulator.control("GET", "clock")["now"]


def test_a_template_is_paused_and_approved_again(simulator: Simulator, phone: Page) -> None:
    def status() -> Any:
        templates = simulator.control("GET", "templates")["templates"]
        return next(one["status"] for one in templates if one["name"] == "answer_ready")

    unfold(phone, "Templates")
    phone.get_by_test_id("template-answer_ready").select_option("PAUSED")
    wait_until("it is paused", lambda: status() == "PAUSED")
    expect(phone.get_by_test_id("template-answer_ready")).to_have_value("PAUSED")
    phone.get_by_test_id("template-answer_ready").select_option("APPROVED")
    wait_until("it is approved", lambda: status() == "APPROVED")


def test_offers_are_stopped_and_allowed(simulator: Simulator, phone: Page) -> None:
    act(phone, "Stop offers")
    expect(phone.get_by_test_id("allowed")).to_contain_text("no, stopped")
    expect(phone.get_by_test_id("thread")).to_contain_text("You stopped offers")
    assert customer(simulator)["marketing_stopped"] is True
    act(phone, "Allow offers")
    expect(phone.get_by_test_id("allowed")).to_contain_text("yes, as templates")


def test_the_business_is_blocked_and_unblocked(simulator: Simulator, phone: Page) -> None:
    act(phone, "Block the business")
    expect(phone.get_by_test_id("allowed")).to_contain_text("no, blocked")
    assert customer(simulator)["blocks"] is True
    act(phone, "Unblock the business")
    expect(phone.get_by_test_id("allowed")).not_to_contain_text("blocked")


def test_the_phone_follows_a_customer_who_changes_number(simulator: Simulator, phone: Page) -> None:
    simulator.control("POST", "customers", {"wa_id": "447700900124", "name": "Ben"})
    later = simulator.control("GET", "clock")["now"] + 3600
    simulator.does("447700900124", type="text", text="the latest of all", at=later)
    write(phone, "hello")
    before = customer(simulator)
    act(phone, "Change number")
    phone.get_by_test_id("new-number").fill("+44 7700 900999")
    phone.get_by_role("button", name="Change number", exact=True).click()
    expect(phone.get_by_text("You are Ana, +447700900999")).to_be_visible()
    expect(phone.get_by_test_id("thread")).to_contain_text(f"Ana changed from {ANA} to 447700900999")
    expect(phone.get_by_test_id("bubble")).to_contain_text("hello")
    assert customer(simulator)["user_id"] != before["user_id"]
    write(phone, "still me")
    wait_until("it is there", lambda: simulator.said("447700900999")[-1]["text"] == "still me")


def test_the_phone_follows_a_customer_with_a_new_user_id(simulator: Simulator, phone: Page) -> None:
    before = customer(simulator)["user_id"]
    act(phone, "New user id")
    expect(phone.get_by_test_id("thread")).to_contain_text(f"Ana changed from {before} to GB.")
    expect(phone.get_by_text(f"You are Ana, +{ANA}")).to_be_visible()
    assert customer(simulator)["user_id"] != before


def test_with_a_username_the_phone_number_is_hidden_from_then_on(simulator: Simulator, phone: Page) -> None:
    write(phone, "with number")
    wait_until("it is there", simulator.said)
    user_id = customer(simulator)["user_id"]
    act(phone, "Take a username")
    expect(phone.get_by_text("You are Ana, @ana.example")).to_be_visible()
    expect(phone.get_by_test_id("bubble")).to_contain_text("with number")
    write(phone, "without")
    wait_until("both are there", lambda: len(simulator.said(user_id)) == 2)
    first, second = simulator.said(user_id)
    assert ("from" in first["payload"], "from" in second["payload"]) == (True, False)
    expect(phone.get_by_test_id("acts").get_by_role("button", name="Take a username")).to_have_count(0)


def test_a_change_that_is_refused_says_why(simulator: Simulator, phone: Page) -> None:
    simulator.control("POST", "customers", {"wa_id": "447700900124", "name": "Ben"})
    act(phone, "Change number")
    phone.get_by_test_id("new-number").fill("447700900124")
    phone.get_by_role("button", name="Change number", exact=True).click()
    expect(phone.locator("#panel-note")).to_have_text("Not changed: Another customer has the number 447700900124.")
    expect(phone.get_by_text(f"You are Ana, +{ANA}")).to_be_visible()


def test_a_message_that_fails_later_leaves_the_phone(simulator: Simulator, phone: Page) -> None:
    unfold(phone, "Statuses of sent messages")
    phone.locator("select[name=fail_code]").select_option("131026")
    expect(phone.locator("[data-state=status]")).to_have_text("Faulty")
    simulator.control("PUT", "settings", {"delivered_after_ms": 800})
    lost = simulator.send("you will not keep this")
    expect(phone.get_by_test_id("bubble")).to_contain_text("you will not keep this")
    expect(phone.get_by_test_id("bubble")).to_have_count(0)
    [message] = simulator.control("GET", "sent")["messages"]
    assert (message["id"], message["status"], message["error"]["code"]) == (lost, "failed", 131026)


def test_whatsapps_rates_are_lifted_and_held_again(simulator: Simulator, phone: Page) -> None:
    def rates() -> tuple[int, int]:
        settings = simulator.control("GET", "settings")
        return settings["pair_burst"], settings["throughput"]

    usual = rates()
    unfold(phone, "WhatsApp's own rules")
    phone.get_by_label("Hold the rates").uncheck()
    wait_until("they are lifted", lambda: rates() == (0, 0))
    phone.get_by_label("Hold the rates").check()
    wait_until("they are held", lambda: rates() == usual)


def test_further_numbers_of_the_business_are_offered(simulator: Simulator, phone: Page) -> None:
    simulator.control("PUT", "settings", {"numbers": ["100000000000007"]})
    phone.reload()
    expect(phone.get_by_test_id("customer-row")).to_be_visible()
    phone.get_by_test_id("add-customer").click()
    expect(phone.get_by_test_id("customer-number").locator("option")).to_have_count(2)
