"""What every client does first: connect, ask the version, list databases, ask for health."""

import json
import re

import grpc
import pytest
from pymilvus import MilvusException
from pymilvus.grpc_gen import common_pb2, milvus_pb2, milvus_pb2_grpc


def test_connect_gives_an_identifier_that_is_not_zero(stub):
    request = milvus_pb2.ConnectRequest(client_info=common_pb2.ClientInfo(sdk_type="Python", sdk_version="3.0.2"))
    reply = stub.Connect(request)
    assert reply.status.code == 0
    assert reply.identifier != 0
    assert reply.server_info.deploy_mode == "STANDALONE"


def test_connect_to_a_missing_database_is_refused(stub):
    reply = stub.Connect(milvus_pb2.ConnectRequest(), metadata=[("dbname", "no_such_db")])
    assert reply.status.code == 800
    assert "database not found" in reply.status.reason
    assert reply.status.extra_info["is_input_error"] == "true"


def test_identifiers_grow(stub):
    first = stub.Connect(milvus_pb2.ConnectRequest()).identifier
    assert stub.Connect(milvus_pb2.ConnectRequest()).identifier > first


def test_version_looks_like_one_of_milvus_2_6(client):
    assert re.fullmatch(r"v?2\.6\.\d+.*", client.get_server_version())


def test_timestamps_are_hybrid_and_grow(stub):
    reply = stub.AllocTimestamp(milvus_pb2.AllocTimestampRequest())
    assert reply.status.code == 0
    later = stub.AllocTimestamp(milvus_pb2.AllocTimestampRequest())
    assert later.timestamp > reply.timestamp
    milliseconds = reply.timestamp >> 18
    assert 1_700_000_000_000 < milliseconds < 4_000_000_000_000


def test_the_default_database_is_listed_and_described(client):
    assert client.list_databases() == ["default"]
    assert client.describe_database("default")["name"] == "default"


def test_describing_a_missing_database_fails(client):
    with pytest.raises(MilvusException) as error:
        client.describe_database("no_such_db")
    assert error.value.code == 800


def test_the_server_says_it_is_healthy(stub):
    reply = stub.CheckHealth(milvus_pb2.CheckHealthRequest())
    assert reply.isHealthy
    assert list(reply.reasons) == []


def test_component_states_are_answered(stub):
    reply = stub.GetComponentStates(milvus_pb2.GetComponentStatesRequest())
    assert reply.status.code == 0
    assert reply.state.state_code == common_pb2.StateCode.Healthy


def test_system_info_is_json(stub):
    reply = stub.GetMetrics(milvus_pb2.GetMetricsRequest(request=json.dumps({"metric_type": "system_info"})))
    assert reply.status.code == 0
    assert "nodes_info" in json.loads(reply.response)


def test_an_rpc_that_is_not_built_is_named(stub):
    with pytest.raises(grpc.RpcError) as error:
        stub.CreateSnapshot(milvus_pb2.CreateSnapshotRequest())
    assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert "CreateSnapshot" in error.value.details()


def test_gzip_requests_are_understood(server):
    with grpc.insecure_channel(server.address, compression=grpc.Compression.Gzip) as channel:
        reply = milvus_pb2_grpc.MilvusServiceStub(channel).GetVersion(milvus_pb2.GetVersionRequest())
    assert reply.version


def test_the_health_check_of_grpc_is_answered(server):
    """As load balancers ask: empty request, answer {status: SERVING}."""
    with grpc.insecure_channel(server.address) as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check")
        assert check(b"", timeout=5) == b"\x08\x01"
        with pytest.raises(grpc.RpcError) as error:
            check(b"\x0a\x04nope", timeout=5)
        assert error.value.code() == grpc.StatusCode.NOT_FOUND


def test_many_clients_connect_at_once(server):
    clients = [server.client() for _ in range(20)]
    for client in clients:
        assert client.list_databases() == ["default"]
    for client in clients:
        client.close()


def test_the_ops_port_answers_health_and_metrics(server):
    import urllib.request

    base = f"http://127.0.0.1:{server.ops_port}"
    with urllib.request.urlopen(f"{base}/healthz") as reply:
        assert reply.read() == b"OK"
    with urllib.request.urlopen(f"{base}/api/v1/health") as reply:
        assert json.load(reply) == {"status": "ok"}
    with urllib.request.urlopen(f"{base}/metrics") as reply:
        text = reply.read().decode()
    assert "# TYPE" in text
