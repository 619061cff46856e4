"""The two servers that are compared: Baton, and Rasa with the inline connector. Same model, same action server."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import Iterator

from handoff.services import Plan, Service, plan
from tests.support.ports import free_ports
from tests.support.processes import ServiceProcess
from tests.support.waiting import wait_until

NAMES = ("inline", "baton")
READY_SECONDS = 180


@contextlib.contextmanager
def running(name: str, model: Path, folder: Path, graph_port: int) -> Iterator[tuple[str, Plan]]:
    """Start one of ``NAMES`` with a new database and its action server; gives the webhook's address."""
    what = _plan(model, folder, graph_port)
    services = {service.name: service for service in what.services}
    environ = {**what.environ, "INLINE_DATABASE": str(folder / "inline.db")}
    chosen = [services["actions"], _inline(services["rasa"]) if name == "inline" else services["rasa"]]
    if name == "baton":
        chosen.append(services["desk"])
    processes = [ServiceProcess(service, environ, folder / f"{service.name}.log") for service in chosen]
    try:
        for process in processes:
            process.start()
        for process in processes:
            what_for = f"{process.service.name} is ready"
            wait_until(what_for, process.is_ready, READY_SECONDS, process.last_lines, every=0.2)
        path = "whatsapp_inline" if name == "inline" else "whatsapp"
        yield f"http://127.0.0.1:{services['rasa'].port}/webhooks/{path}/webhook", what
    finally:
        for process in processes:
            process.signal(signal.SIGTERM)
        for process in processes:
            process.end()


def _plan(model: Path, folder: Path, graph_port: int) -> Plan:
    names = ("RASA_PORT", "ACTIONS_PORT", "DESK_PORT", "SIMULATOR_PORT")
    ports = {name: str(port) for name, port in zip(names, free_ports(4), strict=True)}
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    api = {"WHATSAPP_API_URL": f"http://127.0.0.1:{graph_port}", "BATON_DEMO": "1", "BATON_VAR": str(folder)}
    return plan({**inherited, **ports, **api}, model)


def _inline(rasa: Service) -> Service:
    """The same Rasa command with the inline connector's two files."""
    command = list(rasa.command)
    command[command.index("--endpoints") + 1] = "benchmarks/inline_endpoints.yml"
    command[command.index("--credentials") + 1] = "benchmarks/inline_credentials.yml"
    ready_url = f"http://127.0.0.1:{rasa.port}/webhooks/whatsapp_inline/"
    return Service("rasa", tuple(command), rasa.port, rasa.port_variable, ready_url)


def load_command() -> list[str]:
    return [sys.executable, "-m", "benchmarks.load"]
