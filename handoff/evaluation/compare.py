"""Tries pipelines beside each other: `make compare-pipelines`, or `python -m handoff.evaluation.compare NAME...`.

Each file of `benchmarks/pipelines/` is a candidate: its first line says in words what it is. Every candidate is trained
on the same folds and read with the same held-out messages, in one process, one after the other; each figure is of the
whole pipeline. Times are processor time, all threads together, so that a busy machine does not change them much.
Results of candidates that are not named are kept from earlier runs in `var/reports/pipelines.json`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Iterable

from handoff.settings import var_folder

if TYPE_CHECKING:
    from rasa.shared.nlu.training_data.training_data import TrainingData

CANDIDATES = Path("benchmarks/pipelines")
DECISION = Path("docs/decisions/0014-pipeline.md")
FOLDS = 3
_BEGIN, _END = "<!-- make compare-pipelines writes from here -->", "<!-- to here -->"


@dataclass(frozen=True)
class Result:
    """One candidate's figures. Shares from 0 to 1; ``folds_*`` from cross-validation, the others on held-out
    messages."""

    name: str
    title: str
    folds_accuracy: float
    folds_macro_f1: float
    accuracy: float
    macro_f1: float
    scope_auroc: float
    caught: float
    false_fallback: float
    threshold: float
    p50_ms: float
    p95_ms: float
    training_seconds: float
    megabytes: float


def compare(names: Iterable[str], folds: int = FOLDS) -> list[Result]:
    """Measure the named candidates, all of them if none is named. Takes minutes each; says what it is at."""
    wanted = set(names)
    files = [file for file in sorted(CANDIDATES.glob("*.yml")) if not wanted or file.stem in wanted]
    from rasa.shared.importers.importer import TrainingDataImporter

    data = TrainingDataImporter.load_nlu_importer_from_config("config.yml", training_data_paths=["data"]).get_nlu_data()
    results = []
    for file in files:
        print(f"{file.stem}: {len(data.intent_examples)} examples, {folds} folds", flush=True)
        results.append(_measure(file, data, folds))
        print(f"  {_row(results[-1])}", flush=True)
    return results


def _measure(file: Path, data: TrainingData, folds: int) -> Result:
    from handoff.evaluation import scores
    from handoff.evaluation.readings import read_examples, read_with
    from handoff.evaluation.run import HELD_OUT, fallback_settings, load

    crossed = [_fold(file, train, test) for train, test in _folds(data, folds)]
    with TemporaryDirectory() as folder:
        started = time.process_time()
        model = _train(file, data, Path(folder))
        seconds = time.process_time() - started
        agent = load(model)
        readings = asyncio.run(read_with(agent, read_examples(HELD_OUT)))
        _, ambiguity = fallback_settings(agent)
        megabytes = model.stat().st_size / 1e6
    # each candidate with the threshold that suits it, chosen on one half of the messages and judged on the other
    chosen = scores.cheapest(scores.threshold_curve([r for r in readings if r.example.sets_thresholds], ambiguity))
    judged = scores.threshold([r for r in readings if not r.example.sets_thresholds], chosen.at, ambiguity)
    seen = scores.understanding(readings)
    return Result(
        name=file.stem,
        title=file.read_text().splitlines()[0].lstrip("# "),
        folds_accuracy=mean(scores.of(fold, lambda r: r.is_right) for fold in crossed),
        folds_macro_f1=mean(mean(i.f1 for i in scores.per_intent(fold)) for fold in crossed),
        accuracy=seen.accuracy,
        macro_f1=seen.macro_f1,
        scope_auroc=seen.scope_auroc,
        caught=judged.caught,
        false_fallback=judged.rejected_good,
        threshold=chosen.at,
        p50_ms=seen.p50_ms,
        p95_ms=seen.p95_ms,
        training_seconds=seconds,
        megabytes=megabytes,
    )


def _fold(file: Path, train: TrainingData, test: TrainingData) -> list[Any]:
    from handoff.evaluation.readings import Example, read_together
    from handoff.evaluation.run import load

    with TemporaryDirectory() as folder:
        agent = load(_train(file, train, Path(folder)))
        examples = [Example(message.get("text"), message.get("intent")) for message in test.intent_examples]
        return read_together(agent, examples)


def _folds(data: TrainingData, folds: int) -> Iterable[tuple[TrainingData, TrainingData]]:
    from rasa.nlu.test import drop_intents_below_freq, generate_folds

    yield from generate_folds(folds, drop_intents_below_freq(data, cutoff=folds))


def _train(config: Path, data: TrainingData, folder: Path) -> Path:
    from rasa.model_training import train_nlu
    from rasa.shared.nlu.training_data.formats.rasa_yaml import RasaYAMLWriter

    file = folder / "training_data.yml"
    RasaYAMLWriter().dump(file, data)
    return Path(train_nlu(str(config), str(file), str(folder)))


_HEADER = (
    "| pipeline | cross-validation: right | macro-F1 | held out: right | macro-F1 | sense from nonsense (AUROC) "
    "| nonsense caught | good messages rejected | at threshold | ms p50 | p95 | training, s | model, MB |\n"
    "| --- " + "| ---: " * 12 + "|"
)


def _row(result: Result) -> str:
    shares = (
        result.folds_accuracy, result.folds_macro_f1, result.accuracy, result.macro_f1,
    )  # fmt: skip
    cells = [result.title, *(f"{100 * share:.1f}%" for share in shares), f"{result.scope_auroc:.3f}"]
    cells += [f"{100 * share:.1f}%" for share in (result.caught, result.false_fallback)]
    cells += [f"{result.threshold:.2f}", f"{result.p50_ms:.1f}", f"{result.p95_ms:.1f}"]
    return f"| {' | '.join([*cells, f'{result.training_seconds:.0f}', f'{result.megabytes:.1f}'])} |"


def keep(new: list[Result], file: Path) -> list[Result]:
    """Add results to those of earlier runs, in the order of the candidates' names. A candidate that is gone is
    forgotten."""
    file.parent.mkdir(parents=True, exist_ok=True)
    earlier = [Result(**entry) for entry in json.loads(file.read_text())] if file.exists() else []
    by_name = {result.name: result for result in [*earlier, *new] if (CANDIDATES / f"{result.name}.yml").exists()}
    results = [by_name[name] for name in sorted(by_name)]
    file.write_text(json.dumps([asdict(result) for result in results], indent=2))
    return results


def write_table(results: list[Result], file: Path = DECISION) -> None:
    """Put the table into the decision, between its two marks."""
    text = file.read_text()
    before, rest = text.split(_BEGIN)
    _, after = rest.split(_END)
    table = "\n".join([_HEADER, *map(_row, results)])
    file.write_text(f"{before}{_BEGIN}\n{table}\n{_END}{after}")


def main() -> None:
    os.environ.setdefault("TQDM_DISABLE", "1")
    import skops.io  # noqa: F401  # before TensorFlow: see handoff/rasa_command.py

    from handoff.evaluation.quiet import quiet

    quiet()
    results = keep(compare(sys.argv[1:]), var_folder() / "reports" / "pipelines.json")
    write_table(results)
    print(f"Written into {DECISION}")


if __name__ == "__main__":
    main()
