"""`python -m handoff`: the commands for operators."""

from __future__ import annotations

import sys

import typer

from handoff import criteria_cli
from handoff import migrate as migrations
from handoff.audit import cli as audit_cli
from handoff.database import Database, Unavailable
from handoff.desk import cli as desk_cli
from handoff.evaluation import cli as evaluation_cli
from handoff.settings import Reader, SettingsError

app = typer.Typer(help="Baton's commands for operators.", no_args_is_help=True, add_completion=False)


@app.command()
def migrate() -> None:
    """Bring the bridge's database (DATABASE_URL) to this version's schema."""
    read = Reader()
    url = read.database("DATABASE_URL", "baton.db")
    read.finish()
    database = Database(url)
    migrations.upgrade(database)
    typer.echo("The bridge's database is at this version's schema.")


desk_cli.mount(app)
app.add_typer(criteria_cli.app, name="criteria")
evaluation_cli.mount(app)
audit_cli.mount(app)


def main() -> None:
    try:
        app()
    except (SettingsError, Unavailable) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
