"""Fixtures of the end-to-end tests: one server for the session, a collection name for each test.

Every case of every test runs with direct role calls. By loopback (ELANUS_ROLE_CALLS), where only the way of the
calls differs, a test of many parameters runs some of its cases, spread evenly; ELANUS_ALL_CASES=1 runs them all.
"""

import itertools
import json
import os
import re
import time
import urllib.request

import grpc
import pytest
from elanus_server import BINARY, Server
from pymilvus.client import grpc_handler
from pymilvus.grpc_gen import milvus_pb2_grpc

_numbers = itertools.count()


class ShortPauses:
    """The clock of pymilvus, which pauses half a second before it first asks for a new index."""
    @staticmethod
    def sleep(seconds):
        time.sleep(min(seconds, 0.02))

    def __getattr__(self, name):
        return getattr(time, name)


grpc_handler.time = ShortPauses()


LOOPBACK_CASES_MAX = 4  # of one test


def pytest_collection_modifyitems(config, items):
    asked_by_name = any("::" in argument for argument in config.args)
    if os.environ.get("ELANUS_ROLE_CALLS") != "loopback" or os.environ.get("ELANUS_ALL_CASES") or asked_by_name:
        return
    cases = {}
    for item in items:
        cases.setdefault((item.path, getattr(item, "originalname", item.name)), []).append(item)
    kept = set()
    for of_test in cases.values():
        step = max(1, len(of_test) / LOOPBACK_CASES_MAX)
        kept.update(of_test[int(i * step)] for i in range(min(len(of_test), LOOPBACK_CASES_MAX)))
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = [item for item in items if item in kept]


def pytest_configure():
    if not BINARY.exists():
        pytest.exit(f"{BINARY} is missing: build it with make elanus", returncode=3)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for server in Server.running:
            report.sections.append((f"log of the server on {server.address}", server.log_tail()))


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("server")) as server:
        yield server
        assert server.process.poll() is None, f"the server died\n{server.log_tail()}"
        server.stop()


@pytest.fixture(scope="session")
def client(server):
    return server.client()


@pytest.fixture(scope="session")
def stub(server):
    """The server's rpcs without a client's conversions."""
    with grpc.insecure_channel(server.address) as channel:
        yield milvus_pb2_grpc.MilvusServiceStub(channel)


@pytest.fixture(scope="session")
def post(server):
    """A call of REST v2 on the server: path and body to the decoded answer."""
    def post(path, body=None, *, raw=None, headers=None):
        data = raw if raw is not None else json.dumps(body or {}).encode()
        request = urllib.request.Request(f"{server.uri}/v2/vectordb/{path}", data=data, method="POST",
                                         headers={"Content-Type": "application/json"} | (headers or {}))
        with urllib.request.urlopen(request, timeout=60) as reply:
            assert reply.headers["Content-Type"].startswith("application/json")
            return json.load(reply)
    return post


@pytest.fixture(autouse=True)
def server_survives(server):
    """A test that kills the server of the session fails, and the tests after it get it back."""
    yield
    status = server.revive()
    assert status is None, f"the server died in this test, exit status {status}"


@pytest.fixture
def own_server(tmp_path):
    """A server for tests that stop or kill it."""
    with Server(tmp_path / "own") as server:
        yield server


def _name_for(request):
    words = re.sub(r"\W+", "_", request.node.name)[:60].strip("_")
    return f"{words}_{next(_numbers)}"


@pytest.fixture
def name(request, server, client):
    """A collection name that only this test uses; what it names is dropped afterwards."""
    name = _name_for(request)
    yield name
    if server.process.poll() is None:
        client.drop_collection(name, timeout=30)


@pytest.fixture(scope="module")
def module_name(request, client):
    name = f"module_{request.module.__name__}_{next(_numbers)}"
    yield name
    client.drop_collection(name, timeout=30)
