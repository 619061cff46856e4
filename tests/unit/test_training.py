"""When a model is trained again."""

from __future__ import annotations

from pathlib import Path

import pytest

from handoff.training import TrainingFailed, ensure_model, fingerprint


def project(root: Path) -> Path:
    (root / "data" / "nlu").mkdir(parents=True)
    (root / "data" / "nlu" / "greet.yml").write_text("nlu: []")
    (root / "domain.yml").write_text("intents: [greet]")
    (root / "config.yml").write_text("pipeline: []")
    return root


def test_the_fingerprint_changes_with_the_data_the_domain_and_the_configuration(tmp_path: Path) -> None:
    root = project(tmp_path)
    seen = {fingerprint(root)}
    for name in ("data/nlu/greet.yml", "domain.yml", "config.yml", "handoff.yml"):
        (root / name).write_text("changed: true")
        seen.add(fingerprint(root))
    (root / "data" / "nlu" / "greet.yml").rename(root / "data" / "nlu" / "hello.yml")
    seen.add(fingerprint(root))
    (root / "handoff").mkdir()
    (root / "handoff" / "sentence_encoder.py").write_text("# a component that learns from the data")
    seen.add(fingerprint(root))
    assert len(seen) == 7


def test_the_fingerprint_stays_when_something_else_changes(tmp_path: Path) -> None:
    root = project(tmp_path)
    before = fingerprint(root)
    (root / "README.md").write_text("words")
    (root / "data" / "notes.txt").write_text("words")
    assert fingerprint(root) == before


def test_a_model_that_is_there_is_not_trained_again(tmp_path: Path) -> None:
    root = project(tmp_path)
    model = tmp_path / "models" / f"baton-{fingerprint(root)}.tar.gz"
    model.parent.mkdir()
    model.write_text("trained")
    assert ensure_model(root) == model
    assert model.read_text() == "trained"


def test_a_mistake_in_the_handoff_file_is_told_before_training_begins(tmp_path: Path) -> None:
    root = project(tmp_path)
    (root / "handoff.yml").write_text("version: 1\ncriteria:\n  - name: x\n    when: {intent: great}\n")
    with pytest.raises(TrainingFailed, match=r"^handoff.yml, line 4: .* 'great' \(did you mean 'greet'\?\)$"):
        ensure_model(root)
