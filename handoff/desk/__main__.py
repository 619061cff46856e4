"""`python -m handoff.desk`: start the desk."""

from __future__ import annotations

import socket
import sys

from handoff.desk import migrate
from handoff.desk.app import create_app, is_demo
from handoff.desk.database import Database, DatabaseUnavailable
from handoff.logs import configure_logging
from handoff.settings import DeskSettings, SettingsError, desk_settings


def main() -> int:
    configure_logging()
    try:
        settings = desk_settings()
        _check_database(settings)
        app = create_app(settings, demo=is_demo())
        app.run(sock=_listen(settings), access_log=False, motd=False)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _check_database(settings: DeskSettings) -> None:
    """Before the server starts, so that a wrong address or an old schema is one message and not a stack trace."""
    database = Database(settings.database_url)
    try:
        migrate.prepare(database)
    except DatabaseUnavailable as error:
        cause = str(error.__cause__).strip().splitlines()[0]
        raise SettingsError([f"DESK_DATABASE_URL: the database does not answer: {cause}"]) from error
    finally:
        database.close()


def _listen(settings: DeskSettings) -> socket.socket:
    """Sanic only logs an address that is taken, and ends as if all were well: so the desk takes it first."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        where = f"{settings.host}:{settings.port}"
        raise SettingsError([f"DESK_PORT: the desk cannot listen on {where}: {error.strerror}"]) from error
    return listening


if __name__ == "__main__":
    sys.exit(main())
