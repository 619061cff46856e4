"""What is started, for which environment."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from handoff.services import is_demo, plan, taken_ports
from handoff.settings import SettingsError

MODEL = Path("models/some.tar.gz")
REAL = {
    "WHATSAPP_ACCESS_TOKEN": "token",
    "WHATSAPP_PHONE_NUMBER_ID": "1",
    "WHATSAPP_BUSINESS_ACCOUNT_ID": "2",
    "WHATSAPP_APP_SECRET": "secret",
    "WHATSAPP_VERIFY_TOKEN": "word",
    "HANDOFF_SECRET": "long",
}


def names(environ: dict[str, str]) -> list[str]:
    return [service.name for service in plan(environ, MODEL).services]


def test_with_nothing_set_the_demo_is_started_with_its_simulator() -> None:
    what = plan({}, MODEL)
    assert [service.name for service in what.services] == ["rasa", "actions", "desk", "simulator"]
    assert what.demo
    assert what.environ["WHATSAPP_API_URL"] == "http://127.0.0.1:5090"
    assert what.environ["HANDOFF_SECRET"] == "demo-handoff-secret"


def test_with_a_real_number_no_simulator_is_started_and_no_demo_value_is_used() -> None:
    what = plan(REAL, MODEL)
    assert [service.name for service in what.services] == ["rasa", "actions", "desk"]
    assert not what.demo
    assert not [value for value in what.environ.values() if value.startswith("demo-")]
    assert "WHATSAPP_API_URL" not in what.environ


def test_a_number_that_is_half_set_up_is_named_in_one_message() -> None:
    with pytest.raises(SettingsError) as caught:
        plan({"WHATSAPP_ACCESS_TOKEN": "token"}, MODEL)
    message = str(caught.value)
    for name in ("WHATSAPP_APP_SECRET", "WHATSAPP_VERIFY_TOKEN", "WHATSAPP_PHONE_NUMBER_ID", "HANDOFF_SECRET"):
        assert message.count(f"{name} is not set") == 1


def test_the_demo_against_another_api_starts_no_simulator() -> None:
    environ = {"BATON_DEMO": "1", "WHATSAPP_API_URL": "http://127.0.0.1:9"}
    assert "simulator" not in names(environ)
    assert plan(environ, MODEL).environ["WHATSAPP_API_URL"] == "http://127.0.0.1:9"


def test_an_empty_variable_counts_as_not_set() -> None:
    assert is_demo({"WHATSAPP_ACCESS_TOKEN": " "})
    assert "simulator" in names({"WHATSAPP_ACCESS_TOKEN": "", "WHATSAPP_API_URL": ""})


def test_ports_move_and_every_address_follows() -> None:
    what = plan({"RASA_PORT": "6005", "ACTIONS_PORT": "6055", "DESK_PORT": "6080", "SIMULATOR_PORT": "6090"}, MODEL)
    assert [service.port for service in what.services] == [6005, 6055, 6080, 6090]
    assert what.environ["RASA_URL"] == "http://127.0.0.1:6005"
    assert what.environ["DESK_URL"] == "http://127.0.0.1:6080"
    assert what.environ["ACTIONS_URL"] == "http://127.0.0.1:6055/webhook"
    assert what.environ["WHATSAPP_API_URL"] == "http://127.0.0.1:6090"


def test_everything_listens_on_this_machine_only_unless_told_otherwise() -> None:
    what = plan({}, MODEL)
    assert what.environ["SANIC_HOST"] == what.environ["BATON_HOST"] == "127.0.0.1"
    rasa = what.services[0].command
    assert rasa[rasa.index("--interface") + 1] == "127.0.0.1"
    assert "--enable-api" not in rasa


def test_a_taken_port_is_named_with_the_variable_that_moves_it() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        what = plan({"DESK_PORT": str(port)}, MODEL)
        (desk,) = [service for service in what.services if service.name == "desk"]
        (problem,) = taken_ports((desk,), "127.0.0.1")
    assert str(port) in problem
    assert "DESK_PORT" in problem
    assert taken_ports((desk,), "127.0.0.1") == []
