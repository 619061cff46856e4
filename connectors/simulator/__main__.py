"""``python -m connectors.simulator [--demo]``: run the simulator until Ctrl-C.

With ``--demo``, values of the account that are not set (token, ids, secrets) are made up and printed.
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
import sys

from aiohttp import web

from connectors.simulator.app import make_app
from connectors.simulator.settings import simulator_settings
from handoff.settings import Environment, SettingsError

# Open pages and held calls must not keep Ctrl-C waiting.
SHUTDOWN_SECONDS = 1.0


# What `make run` uses too, when nothing of WhatsApp is set.
DEMO = {
    "WHATSAPP_ACCESS_TOKEN": "demo-access-token",
    "WHATSAPP_PHONE_NUMBER_ID": "100000000000001",
    "WHATSAPP_BUSINESS_ACCOUNT_ID": "200000000000001",
    "WHATSAPP_APP_SECRET": "demo-app-secret",
    "WHATSAPP_VERIFY_TOKEN": "demo-verify-token",
}


def main() -> None:
    """Run; a wrong setting or a taken port ends with one message and status 1."""
    parser = argparse.ArgumentParser(prog="python -m connectors.simulator", description="A WhatsApp Cloud API, here.")
    parser.add_argument("--demo", action="store_true", help="make up what is not set of the account, and print it")
    environ = dict(os.environ)
    if parser.parse_args().demo:
        environ = {**DEMO, **{name: value for name, value in environ.items() if value}}
        print("\n".join(f"{name}={environ[name]}" for name in DEMO), flush=True)
    _run(environ)


def _run(environ: Environment) -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        settings = simulator_settings(environ)
    except SettingsError as error:
        sys.exit(f"{error}\nWith --demo, what is missing of the account is made up.")
    try:
        listening = _listen(settings.host, settings.port)
    except OSError as error:
        sys.exit(f"The simulator cannot listen on {settings.host}:{settings.port} (SIMULATOR_PORT): {error.strerror}")
    logging.info("Phone: http://%s:%s/ webhooks to: %s", settings.host, settings.port, settings.webhook_url)
    app = make_app(settings)
    web.run_app(app, sock=listening, access_log=None, print=None, shutdown_timeout=SHUTDOWN_SECONDS)


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything is opened, so that a taken one is told in one line."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=512)


if __name__ == "__main__":
    main()
