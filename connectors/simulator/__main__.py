"""``python -m connectors.simulator``: run the simulator until Ctrl-C."""

from __future__ import annotations

import logging
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
    logging.info("Phone: http://%s:%s/ webhooks to: %s", settings.host, settings.port, settings.webhook_url)
    try:
        web.run_app(
            make_app(settings),
            host=settings.host,
            port=settings.port,
            access_log=None,
            print=None,
            shutdown_timeout=SHUTDOWN_SECONDS,
        )
    except OSError as error:
        sys.exit(f"The simulator cannot listen on {settings.host}:{settings.port} (SIMULATOR_PORT): {error.strerror}")


if __name__ == "__main__":
    main()
