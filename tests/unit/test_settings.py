"""Settings: all that is wrong in one message, no secret by default, and every variable documented."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Callable, Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handoff.settings import (
    Reader,
    SettingsError,
    bridge_settings,
    desk_settings,
    shop_settings,
    var_folder,
    whatsapp_settings,
)

ROOT = Path(__file__).resolve().parents[2]
WHATSAPP = {
    "WHATSAPP_ACCESS_TOKEN": "t",
    "WHATSAPP_PHONE_NUMBER_ID": "1",
    "WHATSAPP_BUSINESS_ACCOUNT_ID": "2",
    "WHATSAPP_APP_SECRET": "s",
    "WHATSAPP_VERIFY_TOKEN": "v",
}
# Read from the environment, and set by no operator of Baton:
NOT_OURS = {
    "TQDM_DISABLE": "tqdm's own; Rasa's progress bars, which would drown ours",
    "RASA_TELEMETRY_ENABLED": "Rasa's own; switched off before Rasa is imported",
    "PATH": "the system's",
    "HOME": "the system's",
    "LANG": "the system's",
}
_NAME = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+|PATH|HOME|LANG")


@pytest.mark.parametrize("read", [whatsapp_settings, bridge_settings, desk_settings])
def test_no_secret_has_a_default(read: Callable[[dict[str, str]], object]) -> None:
    with pytest.raises(SettingsError):
        read({})


def test_all_problems_are_in_one_message() -> None:
    with pytest.raises(SettingsError) as caught:
        whatsapp_settings({"WHATSAPP_API_URL": "graph"})
    assert [problem.split()[0] for problem in caught.value.problems] == [*WHATSAPP, "WHATSAPP_API_URL"]
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    with pytest.raises(SettingsError) as caught:
        desk_settings({"DESK_DATABASE_URL": "mysql://x", "REDIS_URL": "x", "RASA_URL": "x", "DESK_PORT": "0"})
    assert [problem.split()[0] for problem in caught.value.problems] == [
        "DESK_DATABASE_URL", "REDIS_URL", "HANDOFF_SECRET", "RASA_URL", "DESK_PORT",
    ]  # fmt: skip


def test_no_value_of_a_secret_is_in_a_message() -> None:
    environ = {**WHATSAPP, "WHATSAPP_APP_SECRET": "very-secret", "WHATSAPP_VERIFY_TOKEN": ""}
    with pytest.raises(SettingsError) as caught:
        whatsapp_settings(environ)
    assert "very-secret" not in str(caught.value)
    with pytest.raises(SettingsError) as caught:
        bridge_settings({"HANDOFF_SECRET": "x", "DATABASE_URL": "mysql://u:very-secret@h/d"})
    assert "very-secret" not in str(caught.value)


def test_defaults_are_this_machine_and_files_under_the_var_folder(tmp_path: Path) -> None:
    environ = {"HANDOFF_SECRET": "x", "BATON_VAR": str(tmp_path)}
    bridge, desk = bridge_settings(environ), desk_settings(environ)
    assert bridge.database_url == f"sqlite:///{tmp_path}/baton.db" and bridge.desk_url == "http://127.0.0.1:5080"
    assert desk.database_url == f"sqlite:///{tmp_path}/desk.db" and desk.rasa_url == "http://127.0.0.1:5005"
    assert (desk.host, desk.port, desk.redis_url) == ("127.0.0.1", 5080, None)
    whatsapp = whatsapp_settings(WHATSAPP)
    assert (whatsapp.api_url, whatsapp.api_version) == ("https://graph.facebook.com", "v23.0")
    assert var_folder({}) == Path("var").absolute()


def test_addresses_are_tidied() -> None:
    environ = {"HANDOFF_SECRET": " x ", "DATABASE_URL": "postgres://u@h/d", "DESK_URL": "https://desk.example/ "}
    settings = bridge_settings(environ)
    assert settings == settings.__class__("postgresql://u@h/d", None, "x", "https://desk.example")


def test_the_shop_is_the_demos_unless_its_address_is_set() -> None:
    assert shop_settings({"SHOP_API_URL": " "}).api_url is None
    settings = shop_settings({"SHOP_API_URL": "https://shop.example/api/", "SHOP_API_TOKEN": " t "})
    assert (settings.api_url, settings.api_token) == ("https://shop.example/api", "t")


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"SHOP_API_URL": "shop"}, "SHOP_API_URL"),
        ({"SHOP_API_TOKEN": "t"}, "SHOP_API_URL"),
        ({"SHOP_API_URL": "http://shop", "SHOP_API_TOKEN": "to\nken"}, "SHOP_API_TOKEN"),
    ],
)
def test_a_shop_that_cannot_be_reached_as_it_is_set_is_reported(environ: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError) as caught:
        shop_settings(environ)
    assert [problem.split()[0] for problem in caught.value.problems] == [named]
    assert "to\nken" not in str(caught.value)


@given(st.text())
@example("http://[")
@example("http://h:99999")
@example("http://h:port")
@example("http://:80")
@example("²")
@example("１２３")
def test_any_text_is_read_or_reported_and_never_breaks_the_start(value: str) -> None:
    read = Reader({"A_URL": value, "A_PORT": value, "A_DATABASE_URL": value, "REDIS_URL": value})
    url, port = read.url("A_URL", "http://127.0.0.1"), read.port("A_PORT", 1)
    read.database("A_DATABASE_URL", "x.db")
    read.redis()
    assert 0 < port < 65536
    reported = " ".join(read.problems)
    assert "A_URL" in reported or url.startswith(("http://", "https://"))


@pytest.mark.parametrize(
    "value", ["http://[", "http://h:99999", "http://h:port", "http://:80", "ftp://h", "h:80", "//h"]
)
def test_an_address_that_is_none_is_reported(value: str) -> None:
    read = Reader({"A_URL": value})
    read.url("A_URL", "")
    assert len(read.problems) == 1


def names_read(path: Path) -> Iterator[str]:
    """Variables that a module asks the environment for: each upper-case string in a call of, or an index into, it."""
    for node in ast.walk(ast.parse(path.read_text())):
        parts: list[ast.expr] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            source = ast.unparse(node.func.value)
            ours = source in ("read", "self", "Reader()") and node.func.attr in _READS
            if ours or "environ" in source or node.func.attr == "getenv":
                parts = [*node.args]
        elif isinstance(node, ast.Subscript) and "environ" in ast.unparse(node.value):
            parts = [node.slice]
        for part in parts:
            for value in ast.walk(part):
                if isinstance(value, ast.Constant) and isinstance(value.value, str) and _NAME.fullmatch(value.value):
                    yield value.value
                elif isinstance(value, ast.Name) and (constant := _constant(path, value.id)):
                    yield constant


_READS = {"required", "optional", "url", "port", "database", "redis"}


def _constant(path: Path, name: str) -> str | None:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]:
            value = node.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str) and _NAME.fullmatch(value.value):
                return value.value
    return None


def documented() -> set[str]:
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def test_every_variable_that_is_read_is_documented() -> None:
    read: dict[str, str] = {}
    for folder in ("handoff", "connectors", "actions"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for name in names_read(path):
                read.setdefault(name, str(path.relative_to(ROOT)))
    for file in ("endpoints.yml", "credentials.yml"):
        for name in re.findall(r"\$\{([A-Z_]+)\}", (ROOT / file).read_text()):
            read.setdefault(name, file)
    assert len(read) > 15  # the search does find them
    missing = {name: where for name, where in read.items() if name not in documented() | set(NOT_OURS)}
    assert not missing, f".env.example says nothing about {missing}"


def test_what_is_documented_is_read_somewhere() -> None:
    sources = [
        *(ROOT / "handoff").rglob("*.py"),
        *(ROOT / "connectors").rglob("*.py"),
        *(ROOT / "actions").rglob("*.py"),
    ]
    text = "\n".join(path.read_text() for path in [*sources, ROOT / "endpoints.yml"])
    unused = {name for name in documented() if name not in text}
    assert not unused
