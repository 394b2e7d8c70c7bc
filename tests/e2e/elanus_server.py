"""One server process of the tests: start, wait until it serves, stop, kill, restart.

The binary comes from ELANUS_BINARY (default build/release/elanus); ELANUS_ROLE_CALLS says how its
roles talk: `direct`, or `loopback`, where every call goes through bytes and may be delayed, repeated
or dropped. Clients get short-lived addresses, so that several servers can run side by side.
"""

import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.request

from pymilvus import MilvusClient

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("ELANUS_BINARY", ROOT / "build/release/elanus"))
ROLE_CALLS = os.environ.get("ELANUS_ROLE_CALLS", "direct")
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 10
LOG_TAIL_BYTES = 6000

_ports = iter(())


def free_port():
    """A port that was free a moment ago and that no other test of this run was given."""
    global _ports
    for port in _ports:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    base = 20000 + os.getpid() % 100 * 120
    _ports = iter(range(base, base + 120))
    return free_port()


class Server:
    running = []  # every server that was started and not stopped: their logs explain a failed test

    def __init__(self, folder, *, environment=None, arguments=(), data=None, loopback_seed=1):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = pathlib.Path(data or self.folder / "data")
        self.log_path = self.folder / "server.log"
        self.port, self.ops_port = free_port(), free_port()
        self.arguments = list(arguments)
        self.environment = {"METRICS_PORT": str(self.ops_port)}
        if ROLE_CALLS == "loopback":
            self.environment |= {"ELANUS_DEBUG_LOOPBACK": "true",
                                 "ELANUS_DEBUG_LOOPBACKSEED": str(loopback_seed)}
        self.environment |= environment or {}
        self.process = None
        self._clients = []

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def uri(self):
        return f"http://{self.address}"

    def command(self):
        return [str(BINARY), "run", "standalone", "--data", str(self.data), "--port", str(self.port),
                *self.arguments]

    def spawn(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command(), env=os.environ | self.environment,
                                            stdout=log, stderr=log)
        return self

    def start(self):
        self.spawn()
        Server.running.append(self)
        deadline = time.monotonic() + START_SECONDS_MAX
        while not self.is_healthy():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the server did not start\n{self.log_tail()}")
            time.sleep(0.02)
        return self

    def is_healthy(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ops_port}/healthz", timeout=2) as reply:
                return reply.status == 200
        except OSError:
            return False

    def stop(self):
        """SIGTERM; the exit status and how many seconds the server took."""
        self._close_clients()
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._forget()
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"SIGTERM did not stop the server in {STOP_SECONDS_MAX} s\n{self.log_tail()}")
        self._forget()
        return status, time.monotonic() - begin

    def kill(self):
        self.process.kill()
        self.process.wait()
        self._close_clients()
        self._forget()

    def restart(self):
        self.stop()
        return self.start()

    def revive(self):
        """Starts the server again if it died; its exit status, or None when it lives."""
        status = self.process.poll()
        if status is not None:
            self._forget()
            self.start()
        return status

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def client(self, **arguments):
        client = MilvusClient(uri=self.uri, dedicated=True, **arguments)
        self._clients.append(client)
        return client

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self):
        return self.log()[-LOG_TAIL_BYTES:]

    def resident_bytes(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")

    def open_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def _close_clients(self):
        for client in self._clients:
            client.close()
        self._clients.clear()

    def _forget(self):
        if self in Server.running:
            Server.running.remove(self)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()
