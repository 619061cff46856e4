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
    """With NLU: without --e2e it would be skipped, and a wrong intent pass."""
    assert list(STORIES.glob("test_*.yml")), "there is no test story"
    words = ("test", "core", "--e2e", "--fail-on-prediction-errors", "--stories", str(STORIES), "--model", str(model))
    rasa(*words, "--out", str(tmp_path))


BROKEN = """version: 1
criteria:
  - name: lost
    when: {fallback_count: {at_leest: 3, turns: 6}}
"""
SMALL = {
    "config.yml": "recipe: default.v1\nassistant_id: small\nlanguage: en\npipeline: [{name: KeywordIntentClassifier}]\n"
    "policies: [{name: handoff.policy.HandoffPolicy}]\n",
    "domain.yml": "version: '3.1'\nintents: [greet, bye]\nactions: [action_handoff]\n",
    "data/nlu.yml": "version: '3.1'\nnlu:\n  - {intent: greet, examples: '- hi'}\n"
    "  - {intent: bye, examples: '- bye'}\n"
    "stories:\n  - {story: hello, steps: [{intent: greet}, {action: action_handoff}]}\n",
}


def test_a_mistake_in_the_criteria_stops_rasa_train_with_its_line(tmp_path: Path) -> None:
    for name, text in {**SMALL, "handoff.yml": BROKEN}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "handoff.rasa_command", "train"],
        cwd=tmp_path,
        env={**os.environ, **QUIET, "TQDM_DISABLE": "1", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 1, done.stdout
    message = (
        "handoff.yml, line 4: criterion 'lost', fallback_count: 'at_leest' is not known here; "
        "allowed: at_least, turns, also"
    )
    assert message in done.stdout and "Traceback" not in done.stdout, done.stdout
    assert not list(tmp_path.glob("models/*"))
