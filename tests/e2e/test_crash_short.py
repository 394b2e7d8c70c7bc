"""A few cycles of the crash test (make crash), so that every run of the tests kills the server."""

import subprocess
import sys

from elanus_server import BINARY, ROOT

SECONDS_MAX = 300


def test_five_kills_lose_nothing(tmp_path):
    program = ROOT / "tests/crash/crash_test.py"
    done = subprocess.run([sys.executable, program, "--binary", BINARY, "--cycles", "5", "--seed", "7",
                           "--folder", tmp_path / "crash"], capture_output=True, text=True, timeout=SECONDS_MAX,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
