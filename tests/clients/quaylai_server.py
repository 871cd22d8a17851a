"""The real `quaylai` process, started, killed and restarted as its owner would."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import sqlite3
import subprocess
import uuid
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from quaylai_client import Quaylai
from waiting import wait_until

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def end_with_parent() -> None:
    """Runs in the child: should the test runner die, the server goes with it."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def binary() -> str:
    path = os.environ.get("QUAYLAI_BIN")
    if not path:
        raise RuntimeError("QUAYLAI_BIN is not set: run these tests with `./test clients`")
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class PostgresDatabase:
    """A database of its own on the test server that `./test` started."""

    def __init__(self):
        self._admin = os.environ["QUAYLAI_TEST_POSTGRES"]
        self.name = f"clients_{uuid.uuid4().hex[:12]}"
        self._psql(f'create database "{self.name}"')
        self.url = urlunsplit(urlsplit(self._admin)._replace(path=f"/{self.name}"))

    def drop(self) -> None:
        self._psql(f'drop database if exists "{self.name}" with (force)')

    def run(self, statement: str) -> None:
        self._psql(statement, self.url)

    def _psql(self, statement: str, database: str | None = None) -> None:
        connection = database or self._admin
        subprocess.run(
            ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--command={statement}", connection],
            check=True,
            timeout=60,
        )


class QuaylaiServer:
    """`quaylai serve` on a data folder and a port that stay the same over restarts."""

    def __init__(self, folder: Path, database: PostgresDatabase | None, environment: dict[str, str] | None = None):
        self.data = folder / "data"
        self.log = folder / "serve.log"
        self.database = database
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen | None = None
        self.client: Quaylai | None = None

    def _database_arguments(self) -> list[str]:
        return ["--database", self.database.url] if self.database else []

    def start(self) -> Quaylai:
        """Starts the process, waits until it is ready, and returns a client with fresh keys on the first start."""
        assert self._process is None
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [binary(), "serve", "--data", str(self.data), "--listen", f"127.0.0.1:{self.port}"]
                + self._database_arguments(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                preexec_fn=end_with_parent,
            )
        probe = Quaylai(self.base, "", "")

        def ready() -> bool:
            assert self._process.poll() is None, f"serve ended by itself\n{self.log_tail()}"
            return probe.ready()

        try:
            wait_until(ready, "GET /readyz answers 200", 60)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.log_tail()}") from None
        if self.client is None:
            self.client = Quaylai(self.base, self.create_key("write"), self.create_key("secret"))
        return self.client

    def create_key(self, kind: str) -> str:
        return self.run("key", "create", "--kind", kind, "--json")["key"]

    def run(self, *arguments: str) -> dict:
        """Runs another `quaylai` command on the same data folder and returns the JSON that it prints."""
        done = subprocess.run(
            [binary(), *arguments, "--data", str(self.data), *self._database_arguments()],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self._environment,
            timeout=60,
        )
        assert done.returncode == 0, (arguments, done.returncode, done.stdout, done.stderr)
        return json.loads(done.stdout)

    def add_user(self, email: str, password: str, *, name: str, role: str) -> None:
        """Makes an account of the shop's staff, as an operator does."""
        done = subprocess.run(
            [binary(), "user", "add", email, "--name", name, "--role", role, "--data", str(self.data)]
            + self._database_arguments(),
            input=f"{password}\n",
            capture_output=True,
            text=True,
            env=self._environment,
            timeout=60,
        )
        assert done.returncode == 0, (done.stdout, done.stderr)

    def tell(self, *arguments: str) -> dict:
        """As `run`, for long work that prints a line a second: the last line."""
        done = subprocess.run(
            [binary(), *arguments, "--data", str(self.data), *self._database_arguments()],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self._environment,
            timeout=300,
        )
        assert done.returncode == 0, (arguments, done.returncode, done.stdout, done.stderr)
        return json.loads(done.stdout.strip().splitlines()[-1])

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """As a power cut would: no warning, no clean-up."""
        self._process.kill()
        self._process.wait(30)
        self._process = None

    def pass_time(self, ms: int) -> None:
        """While it is down so much time passes, as far as its messages are concerned: all they have noted is older."""
        assert not self.running()
        instants = ("decided_at", "due_at", "attempted_at", "accepted_at", "delivered_at", "ask_at", "fall_back_at")
        statement = "update message set " + ", ".join(f"{name} = {name} - {ms}" for name in instants)
        if self.database:
            self.database.run(statement)
            return
        with closing(sqlite3.connect(self.data / "quaylai.sqlite3")) as connection, connection:
            connection.execute(statement)

    def stop(self) -> int:
        """As an operator would; returns the exit code."""
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(30)
            raise AssertionError(f"serve did not end within 30 s of SIGTERM\n{self.log_tail()}") from None
        finally:
            self._process = None
        return code

    def resident_bytes(self) -> int:
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def close(self) -> None:
        if self.running():
            self.kill()

    def log_tail(self, characters: int = 4_000) -> str:
        return self.log.read_text(errors="replace")[-characters:] if self.log.exists() else ""
