"""The simulator as another project uses it: a process of its own, with nothing but its own variables."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, AsyncIterator, Mapping

import httpx
import pytest
from aiohttp import web
from pywa_async import WhatsApp

from tests.unit.simulator_rig import ACCOUNT, NUMBER, SECRET, TOKEN, Receiver, environment, free_port, serving, until

PROJECT = Path(__file__).resolve().parents[2]
KEY = "447700900123"


@contextlib.asynccontextmanager
async def alone(variables: Mapping[str, str], *arguments: str) -> AsyncIterator[httpx.AsyncClient]:
    """The process, with these variables and no others, and a client of it; Ctrl-C ends it cleanly."""
    command = [sys.executable, "-m", "connectors.simulator", *arguments]
    process = await asyncio.create_subprocess_exec(*command, cwd=PROJECT, env=dict(variables))
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{variables['SIMULATOR_PORT']}") as http:

            async def healthy() -> bool:
                try:
                    return (await http.get("/healthz")).status_code == 200
                except httpx.TransportError:
                    return False

            await until(healthy, 30)
            yield http
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 10) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@contextlib.asynccontextmanager
async def somebodys_webhook() -> AsyncIterator[Receiver]:
    """A small bot of somebody's: takes webhooks, and answers the challenge."""

    async def challenge(request: web.Request) -> web.Response:
        if request.query["hub.verify_token"] == "polite":
            return web.Response(text="thank you")  # 200, and not the challenge
        right = request.query["hub.mode"] == "subscribe" and request.query["hub.verify_token"] == "demo-verify-token"
        return web.Response(text=request.query["hub.challenge"]) if right else web.Response(status=403)

    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    app.router.add_get("/hook", challenge)
    async with serving(app) as address:
        receiver.url = f"{address}/hook"
        yield receiver


async def says(http: httpx.AsyncClient, **message: Any) -> None:
    await http.post("/control/customers", json={"wa_id": KEY, "name": "Ana"})
    answer = await http.post(f"/control/customers/{KEY}/messages", json=message)
    assert answer.status_code == 200, answer.text


async def test_it_runs_with_its_own_variables_alone_and_pywa_uses_it(tmp_path: Path) -> None:
    async with somebodys_webhook() as hook:
        variables = environment(tmp_path / "var", hook.url, free_port())
        async with alone(variables) as http, httpx.AsyncClient() as session:
            client = WhatsApp(phone_id=NUMBER, token=TOKEN, waba_id=ACCOUNT, session=session)
            session.base_url = f"http://127.0.0.1:{variables['SIMULATOR_PORT']}/v23.0"
            assert (await http.post("/control/verify")).json() == {"verified": True}
            for token in ("another", "polite"):
                wrong = await http.post("/control/verify", json={"verify_token": token})
                assert wrong.json() == {"verified": False}
            await says(http, text="hello")
            await until(lambda: hook.messages)
            sent = await client.send_text(to=hook.messages[0]["from"], text="Hello yourself")
            await until(lambda: [one["status"] for one in hook.statuses] == ["sent", "delivered"])
            assert hook.statuses[0]["id"] == sent.id
            assert len([one.name async for one in _each(client)]) >= 4
            page = await http.get("/")
            assert page.status_code == 200 and "<html" in page.text
    assert os.listdir(tmp_path) == ["var"]


async def _each(client: WhatsApp) -> AsyncIterator[Any]:
    for template in await client.get_templates():
        yield template


async def test_with_demo_it_needs_no_account_and_prints_what_it_made_up(tmp_path: Path) -> None:
    async with somebodys_webhook() as hook:
        port = free_port()
        variables = {"BATON_VAR": str(tmp_path), "SIMULATOR_PORT": str(port), "SIMULATOR_WEBHOOK_URL": hook.url}
        async with alone(variables, "--demo") as http:
            await says(http, text="hello")
            await until(lambda: hook.bodies)
    assert json.loads(hook.bodies[0])["entry"][0]["id"] == ACCOUNT and hook.signatures[0].startswith("sha256=")


def test_without_an_account_it_says_what_is_missing_and_how_to_do_without(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "connectors.simulator"]
    bare = subprocess.run(command, cwd=PROJECT, env={}, capture_output=True, text=True, timeout=30)
    assert (
        bare.returncode == 1
        and "WHATSAPP_APP_SECRET" in bare.stderr
        and "--demo" in bare.stderr
        and "Traceback" not in bare.stderr
    )
    usage = subprocess.run([*command, "--help"], cwd=PROJECT, env={}, capture_output=True, text=True, timeout=30)
    assert "--demo" in usage.stdout


@pytest.mark.parametrize("heavy", ["rasa", "sanic", "sqlalchemy", "tensorflow", "pywa", "rasa_sdk"])
def test_it_needs_nothing_of_the_assistant(heavy: str) -> None:
    look = f"import sys, connectors.simulator.__main__; print({heavy!r} in sys.modules)"
    environ = {"PATH": os.environ.get("PATH", "")}
    done = subprocess.run([sys.executable, "-c", look], cwd=PROJECT, env=environ, capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


def test_demo_values_are_those_of_make_run() -> None:
    from connectors.simulator.__main__ import DEMO
    from handoff import services

    assert DEMO == services.DEMO_WHATSAPP
    assert (DEMO["WHATSAPP_ACCESS_TOKEN"], DEMO["WHATSAPP_APP_SECRET"]) == (TOKEN, SECRET)
