"""Fixtures: a real server on each store, a mail server, and a recorder between clients and server."""

from __future__ import annotations

import os

import pytest

from mail_server import MailServer
from quaylai_client import Quaylai
from quaylai_server import PostgresDatabase, QuaylaiServer
from recorder import Recorder


def pytest_generate_tests(metafunc):
    """Every test that needs a server runs on both stores."""
    if "backend" in metafunc.fixturenames:
        # The web app is the same on both stores: SQLite unless told otherwise.
        of_web = metafunc.definition.path.parent.name == "web"
        names = ("QUAYLAI_TEST_WEB_STORES", "sqlite") if of_web else ("QUAYLAI_TEST_STORES", "sqlite,postgres")
        wanted = os.environ.get(*names).split(",")
        metafunc.parametrize("backend", wanted, scope="session", indirect=True)


@pytest.fixture(scope="session")
def backend(request) -> str:
    return request.param


@pytest.fixture(scope="session")
def make_server(backend, tmp_path_factory):
    """Builds servers, not yet started, each with a data folder and a database of its own."""
    made: list[QuaylaiServer] = []

    def make(name: str, environment: dict[str, str] | None = None) -> QuaylaiServer:
        database = PostgresDatabase() if backend == "postgres" else None
        server = QuaylaiServer(tmp_path_factory.mktemp(f"{backend}-{name}"), database, environment)
        made.append(server)
        return server

    yield make
    for server in made:
        server.close()
        if server.database:
            server.database.drop()


@pytest.fixture(scope="module")
def server(make_server, request) -> QuaylaiServer:
    """One running server for all tests of a module."""
    running = make_server(request.module.__name__)
    running.start()
    yield running
    assert running.stop() == 0, running.log_tail()


@pytest.fixture
def quaylai(server) -> Quaylai:
    return server.client


@pytest.fixture
def recorder(server):
    between = Recorder(("127.0.0.1", server.port))
    yield between
    between.close()


@pytest.fixture
def mail():
    running = MailServer()
    yield running
    running.close()
