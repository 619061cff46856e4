"""A real desk in a process of its own, a small bridge that answers it as told, and the calls of both."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping
from uuid import uuid4

import httpx
import pytest

from handoff import protocol
from handoff.desk import migrate
from handoff.desk.database import Database
from tests.support.ports import free_ports
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
SECRET = "a secret of this test"

Answerer = Callable[[Mapping[str, Any]], tuple[int, Mapping[str, Any]]]


def accepts(command: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
    return 200, {"status": "ok", "message_id": f"out-{command['id']}"}


def refuses(status: int, code: str, message: str) -> Answerer:
    return lambda _command: (status, {"error": {"code": code, "message": message}})


class Bridge:
    """Takes the desk's commands. ``answer`` decides; ``commands`` are those it accepted, each id once."""

    def __init__(self) -> None:
        self.answer: Answerer = accepts
        self.calls: list[Mapping[str, Any]] = []
        self.commands: list[Mapping[str, Any]] = []
        self.files: dict[str, bytes] = {}  # customers' files, by id
        self.bad_signatures = 0
        self.templates: list[Mapping[str, Any]] = []
        self.templates_answer: tuple[int, Mapping[str, Any]] | None = None
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def of_type(self, kind: str) -> list[Mapping[str, Any]]:
        return [command for command in self.commands if command["type"] == kind]

    def take(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, Mapping[str, Any]]:
        try:
            protocol.verify(SECRET, headers, body)
        except protocol.ProtocolError as error:
            self.bad_signatures += 1
            return error.status, error.body()
        command = json.loads(body)
        with self._lock:
            self.calls.append(command)
        status, answer = self.answer(command)
        with self._lock:
            if status == 200 and command["id"] not in {each["id"] for each in self.commands}:
                self.commands.append(command)
        return status, answer

    def give(self, address: str, headers: Mapping[str, str]) -> tuple[int, Mapping[str, Any]]:
        """The list of templates, to who signs."""
        try:
            protocol.verify(SECRET, headers, address.encode())
        except protocol.ProtocolError as error:
            self.bad_signatures += 1
            return error.status, error.body()
        return self.templates_answer or (200, {"templates": self.templates})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        bridge = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.reply(*bridge.take(body, self.headers))

            def reply(self, status: int, answer: Mapping[str, Any]) -> None:
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                try:
                    self.wfile.write(content)
                except OSError:
                    pass  # the desk was killed while it waited

            def do_GET(self) -> None:
                if self.path.startswith("/webhooks/handoff/templates?conversation="):
                    return self.reply(*bridge.give(self.path, self.headers))
                content = bridge.files.get(self.path.rpartition("/")[2])
                try:
                    protocol.verify(SECRET, self.headers, protocol.signed_address(self.path, ""))
                    status, part = (404, b"{}") if content is None else (200, content)
                except protocol.ProtocolError as error:
                    status, part = error.status, b"{}"
                wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
                ranged = status == 200 and content is not None and wanted is not None
                if ranged and content is not None and wanted is not None:
                    status, part = 206, content[int(wanted[1]) : int(wanted[2]) + 1]
                self.send_response(status)
                if ranged and content is not None and wanted is not None:
                    self.send_header("Content-Range", f"bytes {wanted[1]}-{wanted[2]}/{len(content)}")
                self.send_header("Content-Length", str(len(part)))
                self.end_headers()
                self.wfile.write(part)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


class DeskProcess:
    """`python -m handoff.desk`, which can be killed and started again on the same data."""

    def __init__(self, folder: Path, bridge_url: str, **environ: str) -> None:
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("DESK_", "BATON_"))},
            "BATON_VAR": str(folder),
            "HANDOFF_SECRET": SECRET,
            "RASA_URL": bridge_url,
            "DESK_PORT": str(self.port),
            "PYTHONPATH": str(ROOT),
            **environ,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "desk.log").open("ab") as log:
            command = [sys.executable, "-m", "handoff.desk"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environ, stdout=log, stderr=log)
        wait_until("the desk is ready", self._is_ready, 30, self.log)

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(15)

    def log(self) -> str:
        return (self.folder / "desk.log").read_text()

    def command(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run one of the desk's commands, as ``python -m handoff`` does."""
        code = "from handoff.desk.cli import standalone; standalone()()"
        return subprocess.run(
            [sys.executable, "-c", code, *arguments], cwd=ROOT, env={**self.environ, **environ},
            capture_output=True, text=True,
        )  # fmt: skip

    def token(self, agent: str) -> str:
        done = self.command("token", "create", "--agent", agent)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def add_agent(self, login: str, name: str, password: str) -> None:
        done = self.command("agent", "create", "--login", login, "--name", name, DESK_PASSWORD=password)
        assert done.returncode == 0, done.stderr

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False


class BridgeCalls:
    """What the bridge tells a desk."""

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, timeout=20)
        self.seq = 0

    def send(
        self, kind: str, conversation_id: str, handoff_id: str | None, data: Mapping[str, Any],
        event_id: str | None = None, seq: int | None = None, epoch: int = 1,
    ) -> httpx.Response:  # fmt: skip
        self.seq += 1
        envelope = protocol.Envelope(
            id=event_id or uuid4().hex, type=kind, at=time.time(), conversation_id=conversation_id,
            handoff_id=handoff_id, epoch=epoch, seq=self.seq if seq is None else seq, data=data,
        )  # fmt: skip
        return self.send_raw(envelope.to_bytes())

    def send_raw(self, body: bytes, headers: Mapping[str, str] | None = None) -> httpx.Response:
        signed = protocol.sign(SECRET, body) if headers is None else headers
        return self.client.post("/agent-channel/events", content=body, headers=dict(signed))

    def request(self, conversation_id: str, handoff_id: str, **more: Any) -> httpx.Response:
        """A handoff that waits for an agent. ``more``: parts of the handoff context."""
        return self.send(
            protocol.HANDOFF_REQUESTED, conversation_id, handoff_id, {"context": context(handoff_id, **more)}
        )

    def say(self, conversation_id: str, handoff_id: str | None, text: str, **more: Any) -> httpx.Response:
        data = {"message_id": uuid4().hex, "kind": "text", "text": text, "sent_at": time.time(), **more}
        return self.send(protocol.CUSTOMER_MESSAGE, conversation_id, handoff_id, data)

    def status(self, conversation_id: str, command_id: str, status: str, error: Any = None) -> httpx.Response:
        data = {"command_id": command_id, "message_id": None, "status": status, "at": time.time(), "error": error}
        return self.send(protocol.MESSAGE_STATUS, conversation_id, None, data)


def context(handoff_id: str, name: str = "Ana Lima", phone: str = "447700900123", **more: Any) -> dict[str, Any]:
    """A handoff context as the bridge makes it."""
    now = time.time()
    return {
        "version": 1,
        "handoff_id": handoff_id,
        "requested_at": now,
        "reason": "customer_request",
        "reason_detail": "",
        "topic": "delivery",
        "priority": "normal",
        "customer": {"name": name, "phone": phone, "username": None, "user_id": None, "language": "en"},
        "summary": "Wants to know where order 10023 is.",
        "facts": [
            {"name": "order_number", "label": "Order", "value": "10023", "source": "customer", "said": "it is 10023"}
        ],
        "form": None,
        "tried": [],
        "promised": [],
        "turns": [],
        "earlier_handoffs": [],
        "window_ends_at": now + 80_000,
        "transcript": [
            {"author": "customer", "text": "Where is my order?", "at": now - 60, "message_id": f"{handoff_id}-1"},
            {"author": "bot", "text": "I will ask a colleague.", "at": now - 58, "message_id": f"{handoff_id}-2"},
        ],
        **more,
    }


class Api:
    """The desk's API as one agent."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self.client = httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=20)

    def list(self, **query: str) -> list[dict[str, Any]]:
        return list(self.client.get("/conversations", params=query).raise_for_status().json()["conversations"])

    def get(self, conversation_id: str) -> dict[str, Any]:
        return dict(self.client.get(f"/conversations/{conversation_id}").raise_for_status().json())

    def post(self, conversation_id: str, act: str, body: Any = None, **headers: str) -> httpx.Response:
        return self.client.post(f"/conversations/{conversation_id}/{act}", json=body or {}, headers=headers)

    def texts(self, conversation_id: str, author: str) -> list[str]:
        return [line["text"] for line in self.get(conversation_id)["transcript"] if line["author"] == author]

    def line(self, conversation_id: str, text: str) -> dict[str, Any]:
        return next(line for line in self.get(conversation_id)["transcript"] if line["text"] == text)


@dataclass
class DeskUnderTest:
    """A running desk, its bridge in both directions, and two agents."""

    process: DeskProcess
    bridge: Bridge
    calls: BridgeCalls
    sam: Api
    alex: Api

    def waiting(self, **more: Any) -> str:
        """A conversation that waits, with an id of its own; its handoff's id is ``handoff-`` and that."""
        conversation_id = uuid4().hex[:12]
        answer = self.calls.request(conversation_id, f"handoff-{conversation_id}", **more)
        assert answer.status_code == 200, answer.text
        return conversation_id

    def accepted(self, **more: Any) -> str:
        conversation_id = self.waiting(**more)
        assert self.sam.post(conversation_id, "accept").status_code == 200
        return conversation_id

    def commands(self, conversation_id: str) -> list[Mapping[str, Any]]:
        return [each for each in self.bridge.commands if each["conversation_id"] == conversation_id]


PASSWORD = "a good long password"
BACKENDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session", params=BACKENDS)
def desk_database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An empty database for the shared desk; tests that use it run on both."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('desk')}/desk.db"
    return str(request.getfixturevalue("postgres").new_database("desk"))


@pytest.fixture(scope="session")
def running_desk(desk_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskUnderTest]:
    bridge = Bridge()
    process = DeskProcess(tmp_path_factory.mktemp("var"), bridge.url, DESK_DATABASE_URL=desk_database_url)
    assert process.command("desk", "migrate").returncode == 0
    process.add_agent("sam@example.com", "Sam Rivera", PASSWORD)
    process.add_agent("alex@example.com", "Alex Kim", PASSWORD)
    sam, alex = (Api(process.url, process.token(name)) for name in ("Sam Rivera", "Alex Kim"))
    process.start()
    yield DeskUnderTest(process, bridge, BridgeCalls(process.url), sam, alex)
    assert process.stop() == 0, process.log()
    bridge.close()
    assert "Traceback" not in process.log(), process.log()


@pytest.fixture
def desk(running_desk: DeskUnderTest) -> Iterator[DeskUnderTest]:
    """The running desk that tests share: use conversations of your own."""
    yield running_desk
    running_desk.bridge.answer = accepts


@pytest.fixture(params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty desk database of this test alone."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/desk.db"
    else:
        url = str(request.getfixturevalue("postgres").new_database("desk"))
    database = Database(url)
    migrate.upgrade(database)
    yield database
    database.close()
