"""The shape of the code: imports point one way, modules and functions stay small, every route is guarded."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Iterator

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULE_LINES, FUNCTION_LINES = 300, 50
FOLDERS = ("handoff", "connectors", "actions")

# What of `handoff` the desk may use: the protocol it speaks, and what both processes are made of.
SHARED_WITH_DESK = {
    "protocol",
    "settings",
    "logs",
    "clock",
    "database",
    "migrate",
    "server",
    "loop_thread",
    "services",
    "template_text",
    "desk",
}
# Modules above the budget, and why. Empty is right.
LONG_MODULES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {
    "handoff/context.py:build": "one object literal: the schema, field by field",
    "handoff/floor.py:change": "its one home; a third is the signature and what it promises",
    "handoff/handoffs.py:end": "one transaction told in order; a third is the signature and what it promises",
}
# Routes that need no signature, and why.
OPEN_ROUTES = {
    ("connectors/whatsapp.py", "health"): "says only that the channel is there",
    ("connectors/whatsapp.py", "verify"): "Meta's verification: checked against the verify token",
}
SIGNATURE_CHECKS = ("protocol.verify(", "signed_json(", "self._receive(")


def modules(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")) if "static" not in path.parts]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(path: Path) -> Iterator[tuple[str, str | None]]:
    """Each import of a module, as (module, name), those inside functions and for types only included."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield from ((module, alias.name) for alias in node.names)


def reaches(path: Path, *tops: str) -> list[str]:
    return [module for module, _ in imports(path) if module.split(".")[0] in tops]


def is_desk(path: Path) -> bool:
    return "desk" in path.relative_to(ROOT).parts


def test_there_is_something_to_look_at() -> None:
    assert len(modules("handoff")) > 40 and len(modules("connectors")) > 20


@pytest.mark.parametrize("path", modules("handoff"), ids=name_of)
def test_the_bridge_knows_neither_its_channels_nor_the_bot(path: Path) -> None:
    assert not reaches(path, "connectors", "actions", "tests", "benchmarks")


@pytest.mark.parametrize("path", modules("connectors"), ids=name_of)
def test_connectors_know_neither_the_bot_nor_the_desk(path: Path) -> None:
    assert not reaches(path, "actions", "tests", "benchmarks")
    assert not [module for module, name in imports(path) if f"{module}.{name}".startswith("handoff.desk")]


@pytest.mark.parametrize("path", modules("actions"), ids=name_of)
def test_actions_know_neither_channels_nor_the_desk(path: Path) -> None:
    assert not reaches(path, "connectors", "rasa", "tests", "benchmarks")
    assert not [module for module, name in imports(path) if f"{module}.{name}".startswith("handoff.desk")]


@pytest.mark.parametrize("path", [path for path in modules("handoff") if is_desk(path)], ids=name_of)
def test_the_desk_talks_to_the_bridge_over_the_protocol_only(path: Path) -> None:
    assert not reaches(path, "rasa", "rasa_sdk")
    used = {
        (module.split(".")[1] if "." in module else str(name))
        for module, name in imports(path)
        if module.split(".")[0] == "handoff"
    }
    assert used <= SHARED_WITH_DESK


@pytest.mark.parametrize("name", sorted(SHARED_WITH_DESK - {"desk"}))
def test_what_the_desk_shares_knows_nothing_of_rasa_or_the_desk(name: str) -> None:
    path = ROOT / "handoff" / f"{name}.py"
    if path.exists():
        assert not reaches(path, "rasa", "rasa_sdk")
        assert not [module for module, imported in imports(path) if f"{module}.{imported}".startswith("handoff.desk")]


def test_only_the_operators_command_line_joins_bridge_and_desk() -> None:
    joined = {
        name_of(path)
        for path in modules("handoff")
        if not is_desk(path)
        for module, name in imports(path)
        if f"{module}.{name}".startswith("handoff.desk")
    }
    assert joined <= {"handoff/__main__.py"}


@pytest.mark.parametrize(
    "name", ["floor", "event_log", "tracker_events", "context", "protocol", "channel", "inbox", "outbox"]
)
def test_what_decides_knows_nothing_of_rasa(name: str) -> None:
    assert not reaches(ROOT / "handoff" / f"{name}.py", "rasa", "sanic", "httpx")


def test_the_floor_is_changed_in_one_place() -> None:
    """Owner, handoff and epoch of a conversation are written by `floor.change`, and once, when it is made."""
    writers = {
        name_of(path)
        for path in modules("handoff")
        if not is_desk(path)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and {"owner", "epoch"} <= {keyword.arg for keyword in node.keywords}
        and ast.unparse(node.func).endswith(".values")
    }
    assert writers == {"handoff/floor.py"}


def test_no_module_grows_past_the_budget() -> None:
    long = {name_of(path): len(path.read_text().splitlines()) for path in modules(*FOLDERS)}
    long = {name: lines for name, lines in long.items() if lines > MODULE_LINES and name not in LONG_MODULES}
    assert not long, f"split these, or give a reason in LONG_MODULES: {long}"


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_function_grows_past_the_budget() -> None:
    long = {
        f"{name_of(path)}:{name}": lines
        for path in modules(*FOLDERS)
        if "versions" not in path.parts  # a migration is one long list
        for name, lines in functions(path)
        if lines > FUNCTION_LINES
    }
    long = {name: lines for name, lines in long.items() if name not in LONG_FUNCTIONS}
    assert not long, f"split these, or give a reason in LONG_FUNCTIONS: {long}"


@pytest.mark.parametrize("path", modules(*FOLDERS), ids=name_of)
def test_annotations_are_not_evaluated_and_nothing_connects_at_import(path: Path) -> None:
    tree = ast.parse(path.read_text())
    if not any(isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)) for node in ast.walk(tree)):
        return
    assert "from __future__ import annotations" in path.read_text()
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.Expr)) and node.value is not None:
            source = ast.unparse(node.value)
            assert not source.startswith(("os.environ", "os.getenv", "Database(", "sa.create_engine", "Reader("))


def routes() -> Iterator[tuple[str, str, str]]:
    """The routes of the channels in the Rasa server: file, function, source."""
    for path in [ROOT / "connectors/whatsapp.py", ROOT / "handoff/agent_channel.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.AsyncFunctionDef):
                decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
                if any(decorator.startswith("blueprint.") and "listener" not in decorator for decorator in decorators):
                    yield name_of(path), node.name, ast.unparse(node)


def test_every_route_of_the_rasa_server_is_signed_or_on_the_list() -> None:
    found = list(routes())
    assert len(found) >= 4
    for file, name, source in found:
        if (file, name) not in OPEN_ROUTES:
            assert any(check in source for check in SIGNATURE_CHECKS), f"{file}: {name} checks no signature"
    assert set(OPEN_ROUTES) <= {(file, name) for file, name, _ in found}


def test_no_other_module_of_the_rasa_server_has_routes() -> None:
    others = [path for path in modules("handoff", "connectors") if not is_desk(path) and "simulator" not in path.parts]
    with_routes = {name_of(path) for path in others if "Blueprint(" in path.read_text()}
    assert with_routes == {"connectors/whatsapp.py", "handoff/agent_channel.py"}
