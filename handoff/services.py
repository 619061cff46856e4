"""The processes that make up Baton: how each is started, where it listens, and how one knows that it is ready.

`make run` and the tests start the same processes from the same list.
"""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping

from handoff.settings import (
    Reader,
    bridge_settings,
    check,
    desk_settings,
    media_settings,
    shop_settings,
    var_folder,
    whatsapp_settings,
)

DEMO_WHATSAPP = {
    "WHATSAPP_ACCESS_TOKEN": "demo-access-token",
    "WHATSAPP_PHONE_NUMBER_ID": "100000000000001",
    "WHATSAPP_BUSINESS_ACCOUNT_ID": "200000000000001",
    "WHATSAPP_APP_SECRET": "demo-app-secret",
    "WHATSAPP_VERIFY_TOKEN": "demo-verify-token",
}
DEMO_SECRET = "demo-handoff-secret"
DEMO_ANSWER_READY = "answer_ready/en"  # the simulator has it from the start
DEMO_LOGIN = ("sam", "marigold-demo")

# What libraries read from the environment, the same for every process.
QUIET = {
    "PYTHONUNBUFFERED": "1",
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


@dataclass(frozen=True)
class Service:
    """One process. ``ready_url`` answers 200 once it can work; ``port_variable`` moves its port."""

    name: str
    command: tuple[str, ...]
    port: int
    port_variable: str
    ready_url: str


@dataclass(frozen=True)
class Plan:
    """What is started, with which environment. ``demo``: no WhatsApp number is set up."""

    services: tuple[Service, ...]
    environ: Mapping[str, str]
    demo: bool


def plan(environ: Mapping[str, str], model: Path) -> Plan:
    """Everything to start for this environment.

    Raises:
        SettingsError: variables are missing or wrong, all of them named.
    """
    demo = is_demo(environ)
    complete, host, ports = _complete(environ, demo)
    check(complete, whatsapp_settings, bridge_settings, media_settings, desk_settings, shop_settings)
    services = [_rasa(host, ports["RASA_PORT"], model), _actions(host, ports["ACTIONS_PORT"])]
    services.append(_module("desk", "handoff.desk", host, ports["DESK_PORT"], "DESK_PORT", "/readyz"))
    if demo and not environ.get("WHATSAPP_API_URL", "").strip():
        simulator_port = ports["SIMULATOR_PORT"]
        services.append(
            _module("simulator", "connectors.simulator", host, simulator_port, "SIMULATOR_PORT", "/healthz")
        )
    return Plan(tuple(services), complete, demo)


def is_demo(environ: Mapping[str, str]) -> bool:
    """Whether the demo's values are used: nothing of WhatsApp is set, or ``BATON_DEMO=1`` asks for it."""
    if environ.get("BATON_DEMO", "").strip():
        return environ["BATON_DEMO"].strip() == "1"
    return not any(name.startswith("WHATSAPP_") and value.strip() for name, value in environ.items())


def taken_ports(services: tuple[Service, ...], host: str) -> list[str]:
    """A sentence for every port that somebody else listens on."""
    problems = []
    for service in services:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, service.port))
            except OSError as error:
                problems.append(
                    f"port {service.port} for {service.name} cannot be used ({error.strerror}): "
                    f"stop what listens there, or set {service.port_variable} to another port"
                )
    return problems


def _complete(environ: Mapping[str, str], demo: bool) -> tuple[dict[str, str], str, dict[str, int]]:
    """The children's environment: what is set, the defaults that follow from it, and the demo's values."""
    read = Reader(environ)
    defaults = {"RASA_PORT": 5005, "ACTIONS_PORT": 5055, "DESK_PORT": 5080, "SIMULATOR_PORT": 5090}
    ports = {name: read.port(name, default) for name, default in defaults.items()}
    read.finish()
    host = read.optional("BATON_HOST", "127.0.0.1")
    reach = "127.0.0.1" if host == "0.0.0.0" else host
    follows = {
        "BATON_HOST": host,
        "BATON_VAR": str(var_folder(environ)),
        "SANIC_HOST": host,  # rasa-sdk's action server listens on every address unless this says otherwise
        "RASA_URL": f"http://{reach}:{ports['RASA_PORT']}",
        "DESK_URL": f"http://{reach}:{ports['DESK_PORT']}",
        "ACTIONS_URL": f"http://{reach}:{ports['ACTIONS_PORT']}/webhook",
        **{name: str(port) for name, port in ports.items()},
    }
    if demo:
        follows |= DEMO_WHATSAPP
        follows["BATON_DEMO"] = "1"
        follows["HANDOFF_SECRET"] = DEMO_SECRET
        follows["ANSWER_READY_TEMPLATE"] = DEMO_ANSWER_READY
        follows["WHATSAPP_API_URL"] = f"http://{reach}:{ports['SIMULATOR_PORT']}"
    given = {name: value for name, value in environ.items() if value.strip() or name not in follows}
    return {**QUIET, **follows, **given}, host, ports


def _rasa(host: str, port: int, model: Path) -> Service:
    command = (sys.executable, "-m", "handoff.rasa_command", "run", "--interface", host, "--port", str(port))
    files = ("--model", str(model), "--endpoints", "endpoints.yml", "--credentials", "credentials.yml")
    reach = "127.0.0.1" if host == "0.0.0.0" else host
    ready_url = f"http://{reach}:{port}/webhooks/whatsapp/"
    return Service("rasa", command + files, port, "RASA_PORT", ready_url)


def _actions(host: str, port: int) -> Service:
    reach = "127.0.0.1" if host == "0.0.0.0" else host
    command = (sys.executable, "-m", "actions", "--port", str(port))
    return Service("actions", command, port, "ACTIONS_PORT", f"http://{reach}:{port}/health")


def _module(name: str, module: str, host: str, port: int, variable: str, ready: str) -> Service:
    reach = "127.0.0.1" if host == "0.0.0.0" else host
    return Service(name, (sys.executable, "-m", module), port, variable, f"http://{reach}:{port}{ready}")
