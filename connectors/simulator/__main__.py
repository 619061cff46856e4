"""``python -m connectors.simulator``: run the simulator until Ctrl-C."""

from __future__ import annotations

import logging
import socket
import sys

from aiohttp import web

from connectors.simulator.app import make_app
from connectors.simulator.settings import simulator_settings
from handoff.settings import SettingsError

# Open pages and held calls must not keep Ctrl-C waiting.
SHUTDOWN_SECONDS = 1.0


def main() -> None:
    """Run; a wrong setting or a taken port ends with one message and status 1."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        settings = simulator_settings()
    except SettingsError as error:
        sys.exit(str(error))
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
