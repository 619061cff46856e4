"""Rasa's own tools on the project: what a conversation designer would run by hand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from handoff.services import QUIET

ROOT = Path(__file__).resolve().parents[2]
STORIES = ROOT / "tests" / "stories"


def rasa(*words: str, **environ: str) -> str:
    """Run a Rasa command in the project; returns what it wrote."""
    done = subprocess.run(
        [sys.executable, "-m", "handoff.rasa_command", *words],
        cwd=ROOT,
        env={**os.environ, **QUIET, "TQDM_DISABLE": "1", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def test_the_training_data_is_valid() -> None:
    rasa("data", "validate", "--fail-on-warnings")


def test_the_bot_predicts_every_test_story(model: Path, tmp_path: Path) -> None:
    """With NLU: `rasa test core` would skip it, and pass with a wrong intent."""
    assert list(STORIES.glob("test_*.yml")), "there is no test story"
    words = ("test", "--fail-on-prediction-errors", "--stories", str(STORIES), "--model", str(model))
    rasa(*words, "--out", str(tmp_path))
