"""Agents, their sessions and tokens: who may use the desk."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Mapping

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import func, or_, select
from sqlalchemy.engine import Connection

from handoff.desk.database import insert_once
from handoff.desk.tables import agents, sessions, sign_in_failures, tokens

SESSION_SECONDS = 12 * 3600.0
SEEN_EVERY_SECONDS = 10.0
AVAILABLE_SECONDS = 60.0

THROTTLE_SECONDS = 300.0
FAILURES_PER_LOGIN_AND_ADDRESS = 5
FAILURES_PER_ADDRESS = 30

SHORTEST_PASSWORD = 10

_hasher = PasswordHasher()


@dataclass(frozen=True)
class Agent:
    id: str
    login: str
    name: str

    def for_bridge(self) -> dict[str, str]:
        return {"id": self.id, "name": self.name}


@dataclass(frozen=True)
class Session:
    agent: Agent
    csrf_token: str
    session_hash: str


class PeopleError(Exception):
    """An agent or token could not be made; the text says why and what to do."""


def digest(secret: str) -> str:
    """How a random secret is kept: its hash is of use only to who has the secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create_agent(connection: Connection, login: str, name: str, password: str | None, now: float) -> Agent:
    """Add a person. ``password`` None makes one that can only use tokens.

    Raises:
        PeopleError: the login is taken, or the password too short.
    """
    login, name = login.strip().lower(), name.strip()
    if not login or not name:
        raise PeopleError("A login and a name are needed.")
    if password is not None and len(password) < SHORTEST_PASSWORD:
        raise PeopleError(f"The password is too short: use at least {SHORTEST_PASSWORD} characters.")
    agent = Agent(secrets.token_hex(8), login, name)
    values = {"id": agent.id, "login": login, "name": name, "active": True, "created_at": now}
    values["password_hash"] = None if password is None else _hasher.hash(password)
    if not insert_once(connection, agents, values):
        raise PeopleError(f"The login '{login}' is taken.")
    return agent


def find_agent(connection: Connection, name: str) -> Agent | None:
    """An active agent by id, login or name."""
    wanted = name.strip()
    match = or_(agents.c.id == wanted, agents.c.login == wanted.lower(), agents.c.name == wanted)
    row = connection.execute(select(agents).where(match, agents.c.active).limit(1)).mappings().first()
    return None if row is None else _agent(row)


def all_agents(connection: Connection) -> list[Agent]:
    rows = connection.execute(select(agents).where(agents.c.active).order_by(agents.c.name)).mappings()
    return [_agent(row) for row in rows]


def count_who_can_sign_in(connection: Connection) -> int:
    query = select(func.count()).select_from(agents).where(agents.c.password_hash.isnot(None))
    return int(connection.execute(query).scalar() or 0)


def create_token(connection: Connection, agent: Agent, now: float) -> str:
    """A bearer token for the API. It is shown once; only its hash is kept."""
    token = "baton_" + secrets.token_urlsafe(32)
    connection.execute(tokens.insert().values(token_hash=digest(token), agent_id=agent.id, created_at=now))
    return token


def agent_of_token(connection: Connection, token: str) -> Agent | None:
    query = select(agents).join(tokens, tokens.c.agent_id == agents.c.id)
    query = query.where(tokens.c.token_hash == digest(token), tokens.c.revoked_at.is_(None), agents.c.active)
    row = connection.execute(query).mappings().first()
    return None if row is None else _agent(row)


def is_throttled(connection: Connection, login: str, address: str, now: float) -> bool:
    """Too many wrong passwords lately, for this login from this address, or from this address at all."""
    recent = sign_in_failures.c.at > now - THROTTLE_SECONDS
    query = select(func.count()).select_from(sign_in_failures).where(recent, sign_in_failures.c.address == address)
    from_here = int(connection.execute(query).scalar() or 0)
    for_login = int(connection.execute(query.where(sign_in_failures.c.login == _login(login))).scalar() or 0)
    return for_login >= FAILURES_PER_LOGIN_AND_ADDRESS or from_here >= FAILURES_PER_ADDRESS


def note_failure(connection: Connection, login: str, address: str, now: float) -> None:
    connection.execute(sign_in_failures.delete().where(sign_in_failures.c.at < now - 10 * THROTTLE_SECONDS))
    connection.execute(sign_in_failures.insert().values(login=_login(login), address=address, at=now))


def password_of(connection: Connection, login: str) -> tuple[Agent | None, str]:
    """The agent with this login and the hash to verify; a stand-in hash when there is none."""
    query = select(agents).where(agents.c.login == _login(login), agents.c.active)
    row = connection.execute(query).mappings().first()
    if row is None or not row["password_hash"]:
        return None, _hash_of_nobody()
    return _agent(row), str(row["password_hash"])


def password_fits(password_hash: str, password: str) -> bool:
    """Slow on purpose (tens of milliseconds): run it in a thread."""
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def open_session(connection: Connection, agent: Agent, login: str, address: str, now: float) -> str:
    """Start a session and return its secret, which goes into the cookie. Clears the failures before it."""
    failed = (sign_in_failures.c.login == _login(login)) & (sign_in_failures.c.address == address)
    connection.execute(sign_in_failures.delete().where(failed))
    connection.execute(sessions.delete().where(sessions.c.expires_at < now))
    secret = secrets.token_urlsafe(32)
    connection.execute(
        sessions.insert().values(
            session_hash=digest(secret),
            agent_id=agent.id,
            csrf_token=secrets.token_urlsafe(24),
            created_at=now,
            expires_at=now + SESSION_SECONDS,
        )
    )
    return secret


def session_of(connection: Connection, secret: str, now: float) -> Session | None:
    query = select(sessions, agents.c.id, agents.c.login, agents.c.name)
    query = query.join(agents, agents.c.id == sessions.c.agent_id)
    query = query.where(sessions.c.session_hash == digest(secret), sessions.c.revoked_at.is_(None))
    row = connection.execute(query.where(sessions.c.expires_at > now, agents.c.active)).mappings().first()
    return None if row is None else Session(_agent(row), row["csrf_token"], row["session_hash"])


def close_session(connection: Connection, session: Session, now: float) -> None:
    mine = sessions.c.session_hash == session.session_hash
    connection.execute(sessions.update().where(mine).values(revoked_at=now))


def mark_seen(connection: Connection, agent_ids: list[str], now: float) -> None:
    connection.execute(agents.update().where(agents.c.id.in_(agent_ids)).values(last_seen_at=now))


def available(connection: Connection, now: float) -> list[str]:
    """The names of those who are there now."""
    query = select(agents.c.name).where(agents.c.active, agents.c.last_seen_at > now - AVAILABLE_SECONDS)
    return [str(name) for name in connection.execute(query.order_by(agents.c.name)).scalars()]


@lru_cache(maxsize=1)
def _hash_of_nobody() -> str:
    """Verified against when a login is unknown, so that the answer takes as long as for a known one."""
    return _hasher.hash(secrets.token_urlsafe())


def _login(login: str) -> str:
    return login.strip().lower()[:255]


def _agent(row: Mapping[str, Any]) -> Agent:
    return Agent(row["id"], row["login"], row["name"])
