"""A few cycles of the crash test (make crash), so that every run of the tests kills the server."""

import os
import subprocess
import sys

from elanus_server import BINARY, ROLE_CALLS, ROOT

SECONDS_MAX = 300


def test_five_kills_lose_nothing(tmp_path):
    program = ROOT / "tests/crash/crash_test.py"
    loopback = {"ELANUS_DEBUG_LOOPBACK": "true"} if ROLE_CALLS == "loopback" else {}
    done = subprocess.run([sys.executable, program, "--binary", BINARY, "--cycles", "5", "--seed", "7",
                           "--folder", tmp_path / "crash"], capture_output=True, text=True, timeout=SECONDS_MAX,
                          env=os.environ | loopback, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
