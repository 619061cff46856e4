"""The whole of Baton as real processes on free ports, with data of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, Mapping

import httpx

from handoff.services import Plan, plan
from tests.support.agent import Agent
from tests.support.backends import Backend
from tests.support.phone import Phone
from tests.support.ports import free_ports
from tests.support.processes import ServiceProcess
from tests.support.waiting import wait_until

PORTS = ("RASA_PORT", "ACTIONS_PORT", "DESK_PORT", "SIMULATOR_PORT")
READY_SECONDS = 180
# A developer's own settings must not reach the tests.
OURS = (
    "WHATSAPP_",
    "BATON_",
    "HANDOFF_",
    "SIMULATOR_",
    "DATABASE_URL",
    "DESK_",
    "RASA_",
    "ACTIONS_",
    "REDIS_URL",
    "SHOP_",
)

_numbers = count(447700800000)  # below those that the phone page makes up


class Stack:
    """``start`` it, talk to it through phones and agents, break it with ``kill`` and ``faults``, ``stop`` it.

    Processes are named rasa (then rasa-2, ...), actions, desk and simulator. ``environ`` adds to their environment.
    """

    def __init__(
        self,
        model: Path,
        folder: Path,
        backend: Backend,
        rasa_servers: int = 1,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.backend = backend
        self.folder = folder
        self.var = folder / "var"
        self.plan = _plan(model, self.var, {**backend.variables, **(environ or {})})
        services = {service.name: service for service in self.plan.services}
        for number in range(2, rasa_servers + 1):
            another = _plan(model, self.var, {**backend.variables, **(environ or {})}).services[0]
            services[f"rasa-{number}"] = replace(another, name=f"rasa-{number}")
        self.processes = {
            name: ServiceProcess(service, self.plan.environ, folder / f"{name}.log")
            for name, service in services.items()
        }
        self.control = httpx.Client(base_url=self.url("simulator"), timeout=15)
        self.agents: dict[str, Agent] = {}

    def url(self, name: str) -> str:
        """The address of a process."""
        return f"http://127.0.0.1:{self.processes[name].service.port}"

    @property
    def webhook_url(self) -> str:
        return f"{self.url('rasa')}/webhooks/whatsapp/webhook"

    @property
    def environ(self) -> Mapping[str, str]:
        return self.plan.environ

    def start(self) -> None:
        """Start everything and wait until all of it can work."""
        self.var.mkdir(parents=True, exist_ok=True)
        self.backend.prepare(self.environ)
        try:
            for process in self.processes.values():
                process.start()
            self.wait_ready()
            self.lift_limits()
        except BaseException:
            self.stop()
            raise

    def lift_limits(self) -> None:
        """A few customers of a load test get more than a message in six seconds each, which WhatsApp would refuse: what
        Baton does at its limits is tested where that is the subject."""
        self.control.put("/control/settings", json={"pair_burst": 0, "throughput": 0}).raise_for_status()

    def stop(self) -> None:
        """Stop everything; nothing is left running."""
        for agent in self.agents.values():
            agent.close()
        self.agents.clear()
        for process in self.processes.values():
            process.signal(signal.SIGTERM)
        for process in self.processes.values():
            process.end()

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """Send a signal (``kill -9`` unless told otherwise) and wait until the process is gone."""
        self.processes[name].signal(number)
        self.processes[name].end(30)

    def restart(self, name: str, number: int = signal.SIGKILL) -> None:
        """Kill a process, start it again, wait until it is ready."""
        self.kill(name, number)
        self.processes[name].start()
        self.wait_ready(name)

    def wait_ready(self, *names: str) -> None:
        """Wait until these processes (all, without a name) can work."""
        for name in names or tuple(self.processes):
            process = self.processes[name]
            wait_until(f"{name} is ready", process.is_ready, READY_SECONDS, process.last_lines, every=0.2)

    def heal(self) -> None:
        """After a test that broke things: no faults, every process runs."""
        dead = [name for name, process in self.processes.items() if not process.alive]
        for name in dead:
            self.processes[name].start()
        self.wait_ready(*dead) if dead else None
        self.clear_faults()

    def phone(self, name: str, **customer: Any) -> Phone:
        """A new customer with a number of their own (``wa_id=None, user_id=...`` for one with a username only)."""
        if "wa_id" not in customer:
            customer["wa_id"] = str(next(_numbers))
        answer = self.control.post("/control/customers", json={"name": name, **customer})
        answer.raise_for_status()
        return Phone(self.control, answer.json())

    def agent(self, name: str = "sam") -> Agent:
        """An agent of this name, with an API token made by the command that people use."""
        if name not in self.agents:
            command = [sys.executable, "-m", "handoff", "token", "create", "--agent", name]
            done = subprocess.run(command, env=dict(self.environ), capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"no token for {name}:\n{done.stdout}{done.stderr}")
            self.agents[name] = Agent(self.url("desk"), name, done.stdout.split()[-1])
        return self.agents[name]

    def faults(self, **faults: Any) -> None:
        """Make the simulator misbehave: ``graph={...}``, ``webhook={...}``, ``seed=...``."""
        self.control.put("/control/faults", json=faults).raise_for_status()

    def clear_faults(self) -> None:
        self.control.delete("/control/faults").raise_for_status()

    def advance_clock(self, seconds: float) -> None:
        """Move the simulator's clock."""
        self.control.post("/control/clock", json={"advance": seconds}).raise_for_status()

    def sent(self, after: int = 0) -> list[dict[str, Any]]:
        """Every message that the simulator accepted from the business, in order, for all customers."""
        answer = self.control.get("/control/sent", params={"after": after})
        answer.raise_for_status()
        return list(answer.json()["messages"])

    def logs(self, offsets: Mapping[str, int] | None = None) -> dict[str, str]:
        """The end of every process's log, by its name; ``offsets``: only what came after these sizes."""
        return {name: each.last_lines(offset=(offsets or {}).get(name, 0)) for name, each in self.processes.items()}

    def log_sizes(self) -> dict[str, int]:
        return {name: process.log_size() for name, process in self.processes.items()}


def _plan(model: Path, var: Path, more: Mapping[str, str]) -> Plan:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    ports = {name: str(port) for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True)}
    return plan({**inherited, **ports, "BATON_VAR": str(var), "BATON_DEMO": "1", **more}, model)
