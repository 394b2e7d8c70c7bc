"""What Prometheus reads on the ops port: requests by rpc and outcome, their times, and the process."""

import re
import urllib.request

from pymilvus.grpc_gen import milvus_pb2

LINE = re.compile(r'^(\w+)(?:\{(.*)\})? ([0-9.e+]+|\+Inf)$')


def metrics(server):
    with urllib.request.urlopen(f"http://127.0.0.1:{server.ops_port}/metrics") as reply:
        lines = [line for line in reply.read().decode().splitlines() if line and not line.startswith("#")]
    values = {}
    for line in lines:
        name, labels, value = LINE.match(line).groups()
        values[name, frozenset((labels or "").split(","))] = float(value)
    return values


def requests(server, function, status):
    labels = frozenset(['node_id="1"', f'function_name="{function}"', f'status="{status}"'])
    return metrics(server).get(("milvus_proxy_req_count", labels), 0)


def times(server, function):
    labels = frozenset(['node_id="1"', f'function_name="{function}"'])
    return metrics(server).get(("milvus_proxy_req_latency_count", labels), 0)


def test_requests_are_counted_by_outcome(server, stub):
    outcomes = ("total", "success", "fail_input", "fail_system")
    for function, good, bad in [
            ("GetVersion", lambda: stub.GetVersion(milvus_pb2.GetVersionRequest()), None),
            # The answer is a Status itself, a message with one, and bytes written without protobuf.
            ("CreateAlias", None, lambda: stub.CreateAlias(milvus_pb2.CreateAliasRequest(
                collection_name="never_was_there", alias="a"))),
            ("DescribeDatabase", lambda: stub.DescribeDatabase(milvus_pb2.DescribeDatabaseRequest()),
             lambda: stub.DescribeDatabase(milvus_pb2.DescribeDatabaseRequest(db_name="never_was_there"))),
            # The status is the third field.
            ("GetComponentStates", lambda: stub.GetComponentStates(milvus_pb2.GetComponentStatesRequest()), None),
            ("Query", None, lambda: stub.Query(milvus_pb2.QueryRequest(collection_name="never_was_there")))]:
        before = [requests(server, function, outcome) for outcome in outcomes]
        seen = times(server, function)
        for _ in range(3 if good else 0):
            assert good().status.code == 0
        for _ in range(2 if bad else 0):
            bad()
        gained = [requests(server, function, outcome) - old for outcome, old in zip(outcomes, before)]
        assert gained[0] == gained[1] + gained[2] + gained[3] == 3 * bool(good) + 2 * bool(bad), (function, gained)
        assert gained[1:] == [3 * bool(good), 2 * bool(bad), 0], (function, gained)
        assert times(server, function) - seen == gained[0]


def test_the_process_tells_of_itself(server):
    values = {name: value for (name, _), value in metrics(server).items()}
    assert 1 << 20 < values["process_resident_memory_bytes"] < values["process_virtual_memory_bytes"]
    assert 3 < values["process_open_fds"] < values["process_max_fds"]
    assert 0 < values["process_cpu_seconds_total"] < 3600
