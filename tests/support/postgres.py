"""A PostgreSQL cluster of its own for a test session, with fsync on, that can be stopped as a crash would."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from uuid import uuid4

from tests.support.ports import free_ports

# PostgreSQL refuses to run as root.
UNPRIVILEGED = "postgres"


class Postgres:
    """Made by ``initdb`` in a new folder; listens on a free port of 127.0.0.1 and on a socket in its folder."""

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="baton-pg-"))
        (self.port,) = free_ports(1)
        self.prefix: list[str] = []
        if os.geteuid() == 0:
            user = pwd.getpwnam(UNPRIVILEGED)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.prefix = ["runuser", "-u", UNPRIVILEGED, "--"]
        self._run("initdb", "-D", str(self.data), "-U", "baton", "--auth=trust", "--no-sync", "--encoding=UTF8")

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c max_connections=200"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self.data), "-w", "-t", "60", "-l", log, "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        """``mode``: ``fast`` ends sessions in order, ``immediate`` is a crash that the next start recovers from."""
        self._run("pg_ctl", "-D", str(self.data), "-w", "-t", "60", "-m", mode, "stop")

    def remove(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self, name: str) -> str:
        """A fresh, empty database; returns its address."""
        unique = f"{name}_{uuid4().hex[:8]}"
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "baton", unique)
        return f"postgresql://baton@127.0.0.1:{self.port}/{unique}"

    def _run(self, program: str, *arguments: str) -> None:
        # Output goes to a file: the server would keep a pipe open.
        with tempfile.TemporaryFile() as output:
            command = [*self.prefix, str(self.programs / program), *arguments]
            done = subprocess.run(command, cwd=self.folder, stdout=output, stderr=subprocess.STDOUT)
            if done.returncode:
                output.seek(0)
                raise RuntimeError(f"{program} failed: {output.read().decode(errors='replace')}")
