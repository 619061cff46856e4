"""`python -m handoff evaluate`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from handoff.services import QUIET
from handoff.settings import var_folder

COMMITTED_REPORT = Path("docs/reports/evaluation.html")


def mount(app: typer.Typer) -> None:
    app.command("evaluate")(evaluate)


def evaluate(
    model: Annotated[Path | None, typer.Option(help="The model; else that of the training data.")] = None,
    crossvalidation: Annotated[
        Path | None, typer.Option(help="The --out folder of `rasa test nlu --cross-validation --successes`.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Where the report is written; else under var/reports.")] = None,
    update_baseline: Annotated[bool, typer.Option(help="Make these figures the baseline of CI.")] = False,
) -> None:
    """How good the bot is: held-out messages, labelled dialogues, and an HTML report. Fails on a regression."""
    for name, value in {**QUIET, "TQDM_DISABLE": "1", "LOG_LEVEL": "ERROR"}.items():
        os.environ.setdefault(name, value)  # before anything imports Rasa
    import skops.io  # noqa: F401  # before TensorFlow, else it takes 12 seconds: see handoff/rasa_command.py

    from handoff.evaluation import baseline, run
    from handoff.evaluation import report as reports
    from handoff.evaluation.quiet import quiet
    from handoff.training import TrainingFailed, ensure_model

    quiet()
    try:
        chosen = model or ensure_model()
    except TrainingFailed as error:
        sys.exit(str(error))
    result = run.evaluate(chosen, progress=Progress())
    verdicts = baseline.compare(result.figures, baseline.read_baseline())
    file = report or var_folder() / "reports" / "evaluation.html"
    reports.write(file, result, verdicts, crossvalidation)
    for verdict in verdicts:
        typer.echo(f"{'WORSE  ' if verdict.is_regression else '       '}{verdict}")
    typer.echo(f"Report: {file}")
    if update_baseline:
        baseline.write_baseline(result.figures)
        COMMITTED_REPORT.parent.mkdir(parents=True, exist_ok=True)
        COMMITTED_REPORT.write_bytes(file.read_bytes())
        typer.echo(f"Updated: {baseline.FILE} and {COMMITTED_REPORT}. Commit them with the change.")
    elif any(verdict.is_regression for verdict in verdicts):
        sys.exit("Worse than the baseline. If that is meant: make evaluate BASELINE=update")


class Progress:
    """A line every five seconds at most, and one at the end of each part."""

    def __init__(self) -> None:
        self._said = time.monotonic()

    def __call__(self, what: str, done: int, of: int) -> None:
        if done == of or time.monotonic() - self._said > 5:
            self._said = time.monotonic()
            typer.echo(f"{done} of {of} {what}")
