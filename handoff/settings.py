"""Settings from the environment: typed, read once, checked at start.

``.env.example`` documents every variable. A process asks for the parts it needs (`bridge_settings`, `desk_settings`,
`whatsapp_settings`, ...); what is missing or wrong in any of them is reported together, in one message.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Mapping
from urllib.parse import urlsplit

Environment = Mapping[str, str]


class SettingsError(Exception):
    """Lists every variable that is missing or wrong, and what to do about each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("Settings are missing or wrong:\n" + "\n".join(f"  - {problem}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class WhatsAppSettings:
    access_token: str
    phone_number_id: str
    business_account_id: str
    app_secret: str
    verify_token: str
    api_url: str
    api_version: str


@dataclass(frozen=True)
class BridgeSettings:
    database_url: str
    redis_url: str | None
    secret: str
    desk_url: str


@dataclass(frozen=True)
class MediaSettings:
    """Where customers' files are kept (an address for fsspec), and how large one may be, in bytes."""

    store: str
    most_bytes: int


@dataclass(frozen=True)
class DeskSettings:
    database_url: str
    redis_url: str | None
    secret: str
    rasa_url: str
    host: str
    port: int
    answer_ready: TemplateName | None = None


@dataclass(frozen=True)
class TemplateName:
    """An approved template, by its name and its exact language."""

    name: str
    language: str

    @classmethod
    def parse(cls, text: str) -> TemplateName | None:
        """``name/language``; None for anything else."""
        name, slash, language = text.strip().partition("/")
        return cls(name, language) if slash and name and language else None


@dataclass(frozen=True)
class ShopSettings:
    """``api_url`` None: the demo's shop, in a file."""

    api_url: str | None
    api_token: str | None


def check(environ: Environment, *parts: Callable[[Environment], object]) -> None:
    """Ask for several parts at once, so that one message names what any of them misses.

    Raises:
        SettingsError: one or more variables are missing or wrong.
    """
    problems: list[str] = []
    for settings in parts:
        try:
            settings(environ)
        except SettingsError as error:
            problems += [problem for problem in error.problems if problem not in problems]
    if problems:
        raise SettingsError(problems)


class Reader:
    """Reads variables and gathers every problem, so that one start names them all."""

    def __init__(self, environ: Environment | None = None) -> None:
        self.environ = os.environ if environ is None else environ
        self.problems: list[str] = []

    def required(self, name: str, hint: str) -> str:
        value = self.environ.get(name, "").strip()
        if not value:
            self.problems.append(f"{name} is not set: {hint}")
        return value

    def optional(self, name: str, default: str) -> str:
        return self.environ.get(name, "").strip() or default

    def url(self, name: str, default: str) -> str:
        value = self.optional(name, default).rstrip("/")
        try:
            parts = urlsplit(value)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:  # a bracket or a port that is none
            usable = False
        if not usable:
            self.problems.append(f"{name} is '{value}': it must be an address such as https://example.com")
        return value

    def port(self, name: str, default: int) -> int:
        value = self.optional(name, str(default))
        if not (value.isascii() and value.isdigit()) or not 0 < int(value) < 65536:
            self.problems.append(f"{name} is '{value}': it must be a port number from 1 to 65535")
            return default
        return int(value)

    def count(self, name: str, default: int) -> int:
        value = self.optional(name, str(default))
        if not (value.isascii() and value.isdigit()) or not 0 < int(value) < 1_000_000:
            self.problems.append(f"{name} is '{value}': it must be a whole number from 1 on")
            return default
        return int(value)

    def database(self, name: str, file_name: str) -> str:
        """A database address; without one, a SQLite file under ``BATON_VAR``."""
        value = self.optional(name, f"sqlite:///{var_folder(self.environ) / file_name}")
        if value.startswith("postgres://"):
            value = "postgresql://" + value[len("postgres://") :]
        if not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg2://")):
            self.problems.append(f"{name} must start with sqlite:/// or postgresql://")
        return value

    def redis(self) -> str | None:
        value = self.environ.get("REDIS_URL", "").strip()
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            self.problems.append("REDIS_URL must start with redis://, rediss:// or unix://")
        return value or None

    def template(self, variable: str) -> TemplateName | None:
        """A template's name and language, if one is set."""
        value = self.environ.get(variable, "").strip()
        found = TemplateName.parse(value)
        if value and found is None:
            self.problems.append(f"{variable} is '{value}': write name/language, such as answer_ready/en_GB")
        return found

    def finish(self) -> None:
        if self.problems:
            raise SettingsError(self.problems)


def var_folder(environ: Environment | None = None) -> Path:
    """The folder of everything that is written at run time."""
    return Path((os.environ if environ is None else environ).get("BATON_VAR", "").strip() or "var").absolute()


def handoff_file(environ: Environment | None = None) -> Path:
    """Where opening hours and what waiting is like are read from while Baton runs. (A model keeps its criteria.)"""
    return Path(
        (os.environ if environ is None else environ).get("HANDOFF_FILE", "").strip() or "handoff.yml"
    ).absolute()


def whatsapp_settings(environ: Environment | None = None) -> WhatsAppSettings:
    """The WhatsApp number's settings.

    Raises:
        SettingsError: one or more are missing or wrong.
    """
    read = Reader(environ)
    settings = WhatsAppSettings(
        access_token=read.required("WHATSAPP_ACCESS_TOKEN", "a system user's token, from Meta's business settings"),
        phone_number_id=read.required("WHATSAPP_PHONE_NUMBER_ID", "the number's id, from the app's WhatsApp API setup"),
        business_account_id=read.required("WHATSAPP_BUSINESS_ACCOUNT_ID", "the WhatsApp business account's id"),
        app_secret=read.required("WHATSAPP_APP_SECRET", "the app's secret, from its basic settings"),
        verify_token=read.required("WHATSAPP_VERIFY_TOKEN", "a word you choose and repeat in Meta's webhook form"),
        api_url=read.url("WHATSAPP_API_URL", "https://graph.facebook.com"),
        api_version=read.optional("WHATSAPP_API_VERSION", "v23.0"),
    )
    read.finish()
    return settings


def bridge_settings(environ: Environment | None = None) -> BridgeSettings:
    """What the bridge inside the Rasa server needs.

    Raises:
        SettingsError: one or more are missing or wrong.
    """
    read = Reader(environ)
    settings = BridgeSettings(
        database_url=read.database("DATABASE_URL", "baton.db"),
        redis_url=read.redis(),
        secret=read.required("HANDOFF_SECRET", "a long random word that the Rasa server and the desk share"),
        desk_url=read.url("DESK_URL", f"http://127.0.0.1:{read.port('DESK_PORT', 5080)}"),
    )
    read.finish()
    return settings


def desk_settings(environ: Environment | None = None) -> DeskSettings:
    """What the desk needs.

    Raises:
        SettingsError: one or more are missing or wrong.
    """
    read = Reader(environ)
    settings = DeskSettings(
        database_url=read.database("DESK_DATABASE_URL", "desk.db"),
        redis_url=read.redis(),
        secret=read.required("HANDOFF_SECRET", "a long random word that the Rasa server and the desk share"),
        rasa_url=read.url("RASA_URL", f"http://127.0.0.1:{read.port('RASA_PORT', 5005)}"),
        host=read.optional("BATON_HOST", "127.0.0.1"),
        port=read.port("DESK_PORT", 5080),
        answer_ready=read.template("ANSWER_READY_TEMPLATE"),
    )
    read.finish()
    return settings


def media_settings(environ: Environment | None = None) -> MediaSettings:
    """What keeping customers' files needs.

    Raises:
        SettingsError: the limit is no number.
    """
    read = Reader(environ)
    settings = MediaSettings(
        store=read.optional("MEDIA_STORE", str(var_folder(read.environ) / "media")),
        most_bytes=read.count("MEDIA_MAX_MB", 100) * 1_000_000,
    )
    read.finish()
    return settings


def shop_settings(environ: Environment | None = None) -> ShopSettings:
    """What the action server needs to reach the shop's own system.

    Raises:
        SettingsError: one is wrong.
    """
    read = Reader(environ)
    url, token = read.optional("SHOP_API_URL", ""), read.optional("SHOP_API_TOKEN", "")
    if url:
        url = read.url("SHOP_API_URL", url)
    elif token:
        read.problems.append("SHOP_API_URL is not set: SHOP_API_TOKEN is of no use without the API's address")
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        read.problems.append("SHOP_API_TOKEN has characters that no token has: copy it again")
    read.finish()
    return ShopSettings(url or None, token or None)
