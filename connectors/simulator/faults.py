"""Faults that can be switched on: how the Graph API misbehaves, and how webhooks arrive. Seeded."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from random import Random
from typing import Any, Mapping, TypeVar, cast

from connectors.simulator.errors import CODES, GraphError
from connectors.simulator.model import Document

T = TypeVar("T")

MESSAGES = "messages"
MEDIA = "media"
TEMPLATES = "templates"
DOWNLOAD_KINDS = ("not_found", "wrong_bytes", "drop")


class FaultsError(ValueError):
    """The description of faults (or of settings) is wrong; the text says where."""


@dataclass
class GraphFaults(Document):
    """``only`` limits the faults to calls about ``messages``, ``media`` or ``templates``.

    ``latency_ms`` holds for every call; ``rate`` is the share of calls that get the error or the hang.

    The error is ``status`` and ``code`` (one of them is enough), or with ``html`` a page as a gateway sends it.
    ``drop_answer_rate``: the message is accepted, and the connection closed without an answer.
    ``hang_seconds``: the call is held that long before it is looked at, and not accepted if the caller has gone
    by then; with ``hang_accepts`` it is accepted first, and only the answer is late.
    """

    latency_ms: int = 0
    status: int | None = None
    code: int | None = None
    html: bool = False
    rate: float = 1.0
    drop_answer_rate: float = 0.0
    hang_seconds: float = 0.0
    hang_accepts: bool = False
    only: str | None = None

    def error(self) -> GraphError | None:
        """The error to answer with, if one is set."""
        if self.status is None and self.code is None:
            return None
        code = self.code if self.code is not None else {429: 130429, 503: 2, 401: 190}.get(self.status or 0, 131000)
        return GraphError(code, "A fault that was switched on in the simulator.", status=self.status)


@dataclass
class StatusFaults(Document):
    """How the statuses of the business's messages come. ``repeat``: each so often. ``late_sent_ms``: the status sent
    that much later, so that it may follow others. ``early``: the status sent arrives before the call is answered.
    ``skip_delivered``: read follows sent. ``fail_code``: accepted messages fail later with this code, a share of
    ``fail_rate``."""

    repeat: int = 1
    late_sent_ms: int = 0
    early: bool = False
    skip_delivered: bool = False
    fail_code: int | None = None
    fail_rate: float = 1.0


@dataclass
class DownloadFaults(Document):
    """How the download of a file goes wrong after ``latency_ms``: ``kind`` is ``not_found``, ``wrong_bytes`` or
    ``drop`` (the connection closes in the middle), or ``redirect_to`` is an address. ``times``: for so many downloads,
    then no more; None for all."""

    kind: str | None = None
    redirect_to: str | None = None
    times: int | None = None
    latency_ms: int = 0

    def strikes(self) -> bool:
        """Whether this download goes wrong; counts it."""
        if (self.kind is None and self.redirect_to is None) or self.times == 0:
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass
class WebhookFaults(Document):
    """``duplicate``: how often each update is delivered. ``shuffle``: gathered for ``shuffle_seconds`` and sent
    in any order, all at once. ``batch``: updates merged in one POST. ``delay_ms``: before delivery."""

    duplicate: int = 1
    shuffle: bool = False
    shuffle_seconds: float = 1.0
    batch: int = 1
    drop_statuses: bool = False
    delay_ms: int = 0


@dataclass
class Faults(Document):
    """All faults, and the dice they are rolled with. The same seed and calls give the same faults."""

    graph: GraphFaults = field(default_factory=GraphFaults)
    webhook: WebhookFaults = field(default_factory=WebhookFaults)
    status: StatusFaults = field(default_factory=StatusFaults)
    download: DownloadFaults = field(default_factory=DownloadFaults)
    seed: int = 0

    def __post_init__(self) -> None:
        self.graph_dice = Random(f"graph {self.seed}")
        self.webhook_dice = Random(f"webhook {self.seed}")
        self.status_dice = Random(f"status {self.seed}")

    def to_document(self) -> dict[str, Any]:
        parts = {"graph": self.graph, "webhook": self.webhook, "status": self.status, "download": self.download}
        return {**{name: part.to_document() for name, part in parts.items()}, "seed": self.seed}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Faults:
        """Read a description; what is left out has no fault.

        Raises:
            FaultsError: an unknown name or a wrong value.
        """
        known = ("graph", "webhook", "status", "download", "seed")
        unknown = set(data) - set(known)
        if unknown:
            raise FaultsError(f"Unknown: {', '.join(sorted(unknown))}. Known are {', '.join(known)}.")
        graph = read_into(GraphFaults, data.get("graph") or {}, "graph")
        webhook = read_into(WebhookFaults, data.get("webhook") or {}, "webhook")
        status = read_into(StatusFaults, data.get("status") or {}, "status")
        download = read_into(DownloadFaults, data.get("download") or {}, "download")
        if graph.code is not None and graph.status is None and graph.code not in CODES:
            raise FaultsError(f"graph.code {graph.code} is not known here: give graph.status with it.")
        if graph.status is not None and not 400 <= graph.status <= 599:
            raise FaultsError("graph.status must be from 400 to 599.")
        if graph.only not in (None, MESSAGES, MEDIA, TEMPLATES):
            raise FaultsError(f"graph.only must be {MESSAGES}, {MEDIA} or {TEMPLATES}.")
        if status.repeat < 1 or status.fail_code not in (None, *CODES):
            raise FaultsError("status.repeat must be at least 1, status.fail_code one of Meta's codes.")
        if download.kind not in (None, *DOWNLOAD_KINDS):
            raise FaultsError(f"download.kind must be one of {', '.join(DOWNLOAD_KINDS)}.")
        if webhook.duplicate < 1 or not 1 <= webhook.batch <= 1000:
            raise FaultsError("webhook.duplicate must be at least 1, webhook.batch from 1 to 1000.")
        seed = data.get("seed", 0)
        if not isinstance(seed, int) or isinstance(seed, bool):
            raise FaultsError("seed must be a whole number.")
        return cls(graph, webhook, status, download, seed)


def read_into(kind: type[T], data: Any, where: str) -> T:
    """A dataclass of simple values from JSON; names and types are checked against its fields.

    Raises:
        FaultsError: an unknown name or a value of the wrong type.
    """
    if not isinstance(data, dict):
        raise FaultsError(f"{where} must be an object.")
    known = {item.name: str(item.type) for item in fields(cast(Any, kind))}
    for name, value in data.items():
        if name not in known:
            raise FaultsError(f"{where}.{name} is not known. Known are {', '.join(known)}.")
        if not _fits(value, known[name]):
            raise FaultsError(f"{where}.{name} must be of type {known[name]} and not below zero.")
    return kind(**data)


def _fits(value: Any, annotation: str) -> bool:
    if value is None:
        return "None" in annotation
    base = annotation.split(" | ")[0]
    if base == "bool":
        return isinstance(value, bool)
    if base == "str":
        return isinstance(value, str)
    if base == "list[str]":
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    allowed = int if base == "int" else (int, float)
    return isinstance(value, allowed) and not isinstance(value, bool) and value >= 0
