#!/usr/bin/env python3
"""Runs every test suite, goes on after failures, and ends with "N passed, N failed, N skipped".

    scripts/run_tests.py --build build/release [unit floors contract e2e oracle node go]

Suites are found, not listed: unit test programs in BUILD/src, tests/e2e/*_test.py or test_*.py,
tests/node/*.mjs, tests/go/*_test.go. A suite that dies without a report counts as one failure.
End-to-end tests run in each mode of the role calls (ELANUS_ROLE_CALLS: direct, loopback), both modes
at once; they start their own servers from ELANUS_BINARY, with data in memory where there is room: a process that is
killed loses nothing there either, and each of thousands of small commits waits milliseconds for a disk. What a power
cut loses is shown by the unit tests of the stores. Node and Go tests get a running one as ELANUS_ADDRESS.
"""

import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]
SUITES = ("unit", "floors", "contract", "e2e", "oracle", "node", "go")
ROLE_CALLS = ("direct", "loopback")
MEASURING = ("simd_test",)  # unit test programs with floors of speed
TAIL_LINES = 60
MEMORY_FOLDER = "/dev/shm"
MEMORY_BYTES_MIN = 4 << 30  # the servers of both modes leave 1 GB behind
SUITE_SECONDS_MAX = 3600
START_SECONDS_MAX = 30


class Counts:
    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def run(command, cwd=ROOT, env=None):
    """Exit code and output; a command that hangs or cannot start fails."""
    try:
        done = subprocess.run([str(part) for part in command], cwd=cwd, env=env, text=True,
                              errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=SUITE_SECONDS_MAX)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as expired:
        return -1, f"{expired.stdout or ''}\nstopped after {SUITE_SECONDS_MAX} s"
    except OSError as error:
        return -1, str(error)


def report(name, counts, seconds, output):
    tail = output.splitlines()[-TAIL_LINES:] if counts.failed else []
    print("\n".join([f"{name}: {counts} ({seconds:.1f} s)"] + ["    " + line for line in tail]), flush=True)


def timed(name, function, *arguments):
    begin = time.monotonic()
    counts, output = function(*arguments)
    report(name, counts, time.monotonic() - begin, output)
    return counts


def counts_of_junit(path, code):
    """Counts of a JUnit file as GoogleTest and pytest write it; no file or no test is a failure."""
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError):
        return Counts(failed=1)
    counts = Counts()
    for case in root.iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            counts.failed += 1
        elif case.find("skipped") is not None or case.get("status") == "notrun":
            counts.skipped += 1
        else:
            counts.passed += 1
    if code != 0 and counts.failed == 0:
        counts.failed = 1
    return counts


def sanitizer_env():
    env = dict(os.environ)
    env.setdefault("ASAN_OPTIONS", "detect_leaks=1:halt_on_error=1")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
    env.setdefault("TSAN_OPTIONS", f"halt_on_error=0:ignore_noninstrumented_modules=1:suppressions={ROOT}/tests/tsan.supp")
    env.setdefault("LSAN_OPTIONS", f"suppressions={ROOT}/tests/lsan.supp")
    return env


def unit_program(program, folder):
    xml = folder / f"{program.name}.xml"
    code, output = run([program, f"--gtest_output=xml:{xml}"], cwd=folder, env=sanitizer_env())
    return counts_of_junit(xml, code), output


def unit(build, folder):
    """One program a core at a time, large ones first; those that measure speed before all, each alone."""
    counts = Counts()
    programs = sorted((p for p in (build / "src").glob("*/*_test") if os.access(p, os.X_OK)),
                      key=lambda p: -p.stat().st_size)

    def run_all(some, at_once):
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            for done in pool.map(lambda p: timed(f"unit {p.name}", unit_program, p, folder), some):
                counts.add(done)

    run_all([p for p in programs if p.name in MEASURING], 1)
    run_all([p for p in programs if p.name not in MEASURING], len(os.sched_getaffinity(0)))
    if not programs:
        print(f"no unit test program in {build}/src")
        counts.failed += 1
    return counts


def single(command):
    code, output = run(command)
    for line in output.splitlines()[-3:] if code == 0 else []:
        print(f"    {line}")
    return (Counts(passed=1) if code == 0 else Counts(failed=1)), output


def floors(_build, _folder):
    return timed("floors", single, [sys.executable, ROOT / "tools/check_floors.py"])


def contract(_build, _folder):
    return timed("wire contract", single, [sys.executable, ROOT / "tests/contract/wire_contract_test.py"])


def memory_folder():
    """A folder in memory with room for servers that also read around the page cache; None when there is none."""
    try:
        if shutil.disk_usage(MEMORY_FOLDER).free < MEMORY_BYTES_MIN:
            return None
        with tempfile.NamedTemporaryFile(dir=MEMORY_FOLDER) as probe:
            os.close(os.open(probe.name, os.O_RDONLY | os.O_DIRECT))
        return MEMORY_FOLDER
    except OSError:
        return None


def pytest_counts(binary, folder, mode, tests):
    with tempfile.TemporaryDirectory(prefix="elanus_servers_", dir=memory_folder()) as servers:
        return pytest_in(servers, binary, folder, mode, tests)


def pytest_in(servers, binary, folder, mode, tests):
    xml = folder / f"{pathlib.Path(tests).name}_{mode}.xml"
    env = sanitizer_env() | {"ELANUS_BINARY": str(binary), "ELANUS_ROLE_CALLS": mode}
    code, output = run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tests,
                        f"--junitxml={xml}", f"--basetemp={servers}/tests"], env=env)
    return counts_of_junit(xml, code), output


def e2e(build, folder):
    counts = Counts()
    if any((ROOT / "tests/e2e").glob("*test*.py")):
        with concurrent.futures.ThreadPoolExecutor(len(ROLE_CALLS)) as pool:
            for done in pool.map(lambda mode: timed(f"e2e {mode}", pytest_counts, build / "elanus", folder, mode,
                                                    "tests/e2e"), ROLE_CALLS):
                counts.add(done)
    return counts


def oracle(build, folder):
    return timed("oracle", pytest_counts, build / "elanus", folder, "direct", "tests/oracle")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_healthy(server, port):
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1) as reply:
                if reply.status == 200:
                    return True
        time.sleep(0.05)
    return False


def local_models():
    """Settings of a server that runs the embedding models of the tests, when the library is in the virtual environment."""
    found = sorted((ROOT / ".venv").glob("lib/python*/site-packages/onnxruntime/capi/libonnxruntime.so*"))
    return {"ELANUS_MODEL_LOCALFOLDER": str(ROOT / "tests/embedding/models"),
            "ELANUS_MODEL_ONNXRUNTIME": str(found[0])} if found else {}


@contextlib.contextmanager
def running_server(binary, folder):
    """Yields the environment of a client, or None when the server does not come up."""
    if not binary.exists():
        (folder / "server.log").write_text(f"{binary} is missing\n", encoding="utf-8")
        yield None
        return
    port, ops_port = free_port(), free_port()
    data = folder / "server_data"
    env = os.environ | {"METRICS_PORT": str(ops_port)} | local_models()
    with open(folder / "server.log", "w", encoding="utf-8") as log:
        server = subprocess.Popen([binary, "run", "standalone", "--data", data, "--port", str(port)],
                                  env=env, stdout=log, stderr=log)
        try:
            healthy = wait_until_healthy(server, ops_port)
            yield os.environ | {"ELANUS_ADDRESS": f"127.0.0.1:{port}"} if healthy else None
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
            shutil.rmtree(data, ignore_errors=True)


def node_counts(env):
    code, output = run(["node", "--test", "--test-reporter=tap", *sorted((ROOT / "tests/node").glob("*.mjs"))],
                       cwd=ROOT / "tests/node", env=env)
    found = {key: int(value) for key, value in
             re.findall(r"^# (pass|fail|cancelled|skipped|todo) (\d+)$", output, re.MULTILINE)}
    counts = Counts(found.get("pass", 0), found.get("fail", 0) + found.get("cancelled", 0),
                    found.get("skipped", 0) + found.get("todo", 0))
    if code != 0 and counts.failed == 0:
        counts.failed = 1
    return counts, output


def go_program():
    ours = ROOT / ".venv/bin/go"
    return str(ours) if ours.exists() else "go"


def go_counts(env):
    code, output = run([go_program(), "test", "-count=1", "-json", "./..."], cwd=ROOT / "tests/go", env=env)
    counts, text = Counts(), []
    for line in output.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            text.append(line)
            continue
        text.append(event.get("Output", "").rstrip("\n"))
        if event.get("Test") and event["Action"] in ("pass", "fail", "skip"):
            counts.add(Counts(event["Action"] == "pass", event["Action"] == "fail", event["Action"] == "skip"))
    if code != 0 and counts.failed == 0:
        counts.failed = 1
    return counts, "\n".join(line for line in text if line)


def with_server(name, build, folder, function):
    with running_server(build / "elanus", folder) as env:
        if env is None:
            log = (folder / "server.log").read_text(errors="replace")
            report(name, Counts(failed=1), 0, "the server did not start\n" + log)
            return Counts(failed=1)
        return timed(name, function, env)


def node(build, folder):
    if not any((ROOT / "tests/node").glob("*.mjs")):
        return Counts()
    return with_server("node", build, folder, node_counts)


def go(build, folder):
    if not any((ROOT / "tests/go").glob("*_test.go")):
        return Counts()
    return with_server("go", build, folder, go_counts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(SUITES)}; all when none")
    arguments = parser.parse_args()
    unknown = set(arguments.suites) - set(SUITES)
    if unknown:
        parser.error(f"unknown suite {', '.join(sorted(unknown))}")
    build = arguments.build.resolve()
    total = Counts()
    with tempfile.TemporaryDirectory(prefix="elanus_tests_") as folder:
        for suite in arguments.suites or SUITES:
            total.add(globals()[suite](build, pathlib.Path(folder)))
    print(total)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
