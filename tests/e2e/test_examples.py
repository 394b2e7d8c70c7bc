"""The examples in Python and curl run and find what they should; Node and Go are run by their suites."""

import json
import os
import subprocess
import sys

import pytest
from elanus_server import ROOT

EXAMPLES = ROOT / "examples"


def run(server, *command):
    done = subprocess.run([str(part) for part in command], env=os.environ | {"ELANUS_ADDRESS": server.address},
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def first_queries(count):
    with open(EXAMPLES / "data/queries.jsonl", encoding="utf-8") as lines:
        return [json.loads(next(lines)) for _ in range(count)]


@pytest.mark.parametrize("command", [[sys.executable, EXAMPLES / "python/search.py"], [EXAMPLES / "curl/search.sh"]],
                         ids=["python", "curl"])
def test_the_example_runs_and_finds_the_right_packages(server, client, command):
    output = run(server, *command)
    assert "1500" in output
    for query, package in zip(first_queries(3), ["erlang", "dssi-host-jack", "lomiri"], strict=True):
        assert query["text"] in output
        assert package in output
    assert "installed_size_kb < 1000" in output
    assert not [name for name in client.list_collections() if name.startswith("example_")]
