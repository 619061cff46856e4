"""Starts everything together, in one coloured log: `python -m handoff.launch`, which is what `make run` calls."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any, Mapping
from urllib.request import urlopen

import honcho.manager
from honcho.environ import parse as parse_env_file
from honcho.printer import Message

from handoff.services import DEMO_LOGIN, Plan, Service, plan, taken_ports
from handoff.settings import SettingsError
from handoff.training import TrainingFailed, ensure_model

# How long a process may take to stop by itself; whatever it drops then, the next start picks up from the database.
STOP_SECONDS = 8
READY_SECONDS = 180


class Launcher(honcho.manager.Manager):
    """Honcho's manager, which besides says when everything is ready and stops whatever does not stop by itself."""

    def __init__(self, what: Plan) -> None:
        super().__init__()
        self.what = what
        for service in what.services:
            self.add_process(service.name, f"exec {shlex.join(service.command)}", env=dict(what.environ))

    def _start(self) -> None:
        super()._start()
        threading.Thread(target=self._announce, daemon=True).start()

    def terminate(self) -> None:
        last_resort = threading.Timer(STOP_SECONDS, self.kill)
        last_resort.daemon = True
        last_resort.start()
        super().terminate()

    def _announce(self) -> None:
        started = time.monotonic()
        waiting = {service.name: service for service in self.what.services}
        while waiting and not self._terminating and time.monotonic() - started < READY_SECONDS:
            for service in [service for service in waiting.values() if _is_ready(service)]:
                del waiting[service.name]
                seconds = time.monotonic() - started
                rest = f", waiting for {', '.join(waiting)}" if waiting else ""
                self.say(f"{service.name} is ready after {seconds:.0f} s{rest}")
            time.sleep(0.2)
        if not waiting:
            self.say(welcome(self.what))
        elif not self._terminating:
            self.say(f"not ready after {READY_SECONDS} s: {', '.join(waiting)}; the log above says why")

    def say(self, text: str) -> None:
        self.events.put(Message(type="line", data=text, time=datetime.now(), name="baton", colour="1;32"))


def welcome(what: Plan) -> str:
    """The addresses to open, and how to sign in."""
    ports = {service.name: service.port for service in what.services}
    lines = ["", "Baton is running. Stop it with Ctrl-C.", ""]
    if "simulator" in ports:
        lines.append(f"  phone  http://127.0.0.1:{ports['simulator']}/")
    lines.append(f"  desk   http://127.0.0.1:{ports['desk']}/")
    if what.demo:
        lines.append("         sign in as {} with the password {}".format(*DEMO_LOGIN))
    else:
        lines.append(f"  webhook for Meta: https://your-address/webhooks/whatsapp/webhook -> port {ports['rasa']}")
    return "\n".join([*lines, ""])


def read_environment(env_file: Path = Path(".env")) -> dict[str, str]:
    """The environment, and below it what ``.env`` sets."""
    written: Mapping[str, Any] = parse_env_file(env_file.read_text()) if env_file.exists() else {}
    return {**written, **os.environ}


def _is_ready(service: Service) -> bool:
    try:
        with urlopen(service.ready_url, timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def run() -> int:
    """Start, wait, stop; returns the exit status. A stop that was asked for is no failure."""
    what = plan(read_environment(), ensure_model().absolute())
    problems = taken_ports(what.services, what.environ["BATON_HOST"])
    if problems:
        raise SettingsError(problems)
    Path(what.environ["BATON_VAR"]).mkdir(parents=True, exist_ok=True)
    names = ", ".join(service.name for service in what.services)
    print(f"Starting {names}: ready in about half a minute", flush=True)
    honcho.manager.KILL_WAIT = STOP_SECONDS
    launcher = Launcher(what)
    # A closed terminal stops everything as Ctrl-C does.
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    launcher.loop()
    stopped_on_request = launcher.returncode in (128 + signal.SIGINT, 128 + signal.SIGTERM)
    return 0 if stopped_on_request else int(launcher.returncode or 1)


def main() -> None:
    try:
        sys.exit(run())
    except (SettingsError, TrainingFailed) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
