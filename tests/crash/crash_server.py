"""The server under test: started with a kill point armed or not, killed, started again.

A life of the server ends in one of three ways: this program kills it, it kills itself at the kill
point that was armed (exit by SIGKILL that we did not send), or anything else, which is a defect.
"""

import http.client
import os
import signal
import socket
import subprocess
import time

import grpc
from pymilvus.grpc_gen import milvus_pb2_grpc

START_SECONDS_MAX = 60
DEATH_SECONDS_MAX = 5
SETTINGS = {
    "ELANUS_SEGMENT_MAXGROWINGSIZE": "1",
    "ELANUS_LOG_MAXRETAINED": "8",
    "ELANUS_LOG_SEGMENTSIZE": "1",
    "ROOTCOORD_MINSEGMENTSIZETOENABLEINDEX": "64",
    "QUOTAANDLIMITS_LIMITS_MAXQUERYRESULTWINDOW": "1000000",
    "DATACOORD_COMPACTION_MIX_TRIGGERINTERVAL": "1",
    "DATACOORD_COMPACTION_LEVELZERO_TRIGGERINTERVAL": "1",
    "DATACOORD_COMPACTION_LEVELZERO_FORCETRIGGER_DELTALOGMINNUM": "3",
    "ELANUS_SNAPSHOT_MAXIDLETIME": "0",
}


class Defect(Exception):
    """The server broke a promise; the text says which."""


class KilledItself(Exception):
    """The armed kill point was reached before the server served."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.data = folder / "data"
        self.log_path = folder / "server.log"
        self.port, self.ops_port = free_port(), free_port()
        self.process = None
        self.armed = None  # the kill point that this process dies at
        self.start_seconds = []

    def start(self, armed=None):
        """Returns when the server serves. `armed` is "name:visit" or None."""
        self.armed = armed
        environment = os.environ | SETTINGS | {"METRICS_PORT": str(self.ops_port)}
        environment.pop("ELANUS_KILL_POINT", None)
        if armed:
            environment["ELANUS_KILL_POINT"] = armed
        begin = time.monotonic()
        with open(self.log_path, "ab") as log:
            log.write(f"---- start, armed: {armed}\n".encode())
            log.flush()
            self.process = subprocess.Popen(
                [self.binary, "run", "standalone", "--data", self.data, "--port", str(self.port)],
                env=environment, stdout=log, stderr=log)
        while not self._is_healthy():
            if self.is_dead():
                self.must_have_killed_itself()
                raise KilledItself(armed)
            if time.monotonic() > begin + START_SECONDS_MAX:
                raise Defect(f"the server does not serve after {START_SECONDS_MAX} s")
            time.sleep(0.003)
        self.start_seconds.append(time.monotonic() - begin)

    def _is_healthy(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.ops_port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def is_dead(self):
        return self.process.poll() is not None

    def dies_soon(self):
        """A killed process first closes its sockets; on a busy machine it is gone a while after that."""
        try:
            self.process.wait(DEATH_SECONDS_MAX)
            return True
        except subprocess.TimeoutExpired:
            return False

    def kill(self):
        """The place where the process died: its kill point, if that came first, else None."""
        if self.is_dead():
            self.must_have_killed_itself()
            return self.armed
        self.process.kill()
        self.process.wait()
        return None

    def must_have_killed_itself(self):
        status = self.process.returncode
        if self.armed is None or status != -signal.SIGKILL:
            raise Defect(f"the server ended by itself, exit status {status}")

    def stop(self):
        self.process.terminate()
        status = self.process.wait(30)
        if status != 0:
            raise Defect(f"after SIGTERM: exit status {status}")

    def check(self):
        """`elanus check` on the stopped folder."""
        done = subprocess.run([self.binary, "check", self.data], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Defect(f"elanus check: exit status {done.returncode}\n{done.stdout}{done.stderr}")

    def connect(self):
        """A channel of its own, which knows nothing of the failures of earlier ones, and its stub."""
        channel = grpc.insecure_channel(f"127.0.0.1:{self.port}", options=[
            ("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)])
        return channel, milvus_pb2_grpc.MilvusServiceStub(channel)
