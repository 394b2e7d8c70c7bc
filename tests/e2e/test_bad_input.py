"""Whatever arrives on the port, the server answers others, keeps nothing and leaks nothing."""

import os
import resource
import socket
import time

import grpc
import pytest
from elanus_server import Server
from oracle import random_vectors
from pymilvus.grpc_gen import milvus_pb2, milvus_pb2_grpc, schema_pb2
from rows import count, create, simple_schema, vector_rows

MAX_REQUEST = 64 << 20


def alive(server):
    with grpc.insecure_channel(server.address) as channel:
        return milvus_pb2_grpc.MilvusServiceStub(channel).GetVersion(milvus_pb2.GetVersionRequest(), timeout=20).version


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


GARBAGE = {
    "zeros": b"\0" * 4096,
    "random": os.urandom(65536),
    "tls hello": bytes.fromhex("16030100f1010000ed0303") + os.urandom(236),
    "http/1.0": b"GET /etc/passwd HTTP/1.0\r\n\r\n",
    "endless header": b"POST /v2/vectordb/collections/list HTTP/1.1\r\nX: " + b"a" * 200_000,
    "a lying length": b"POST /v2/vectordb/collections/list HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
    "a negative length": b"POST /v2/vectordb/collections/list HTTP/1.1\r\nContent-Length: -1\r\n\r\n{}",
    "http/2 preface, then noise": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + os.urandom(4096),
    "http/2 preface cut short": b"PRI * HTTP/2.0\r\n\r",
    "one byte": b"P",
}


@pytest.mark.parametrize("what", GARBAGE)
def test_garbage_ends_only_its_own_connection(server, what):
    with connect(server) as one:
        one.settimeout(20)
        try:  # the server may hang up at any of these steps
            one.sendall(GARBAGE[what])
            one.shutdown(socket.SHUT_WR)
            while one.recv(65536):
                pass
        except TimeoutError:
            pytest.fail("the server keeps a connection whose client has finished")
        except OSError:
            pass
    assert alive(server)


def test_half_open_connections_disturb_nobody(server):
    sockets = []
    for number in range(100):
        one = connect(server)
        if number % 2:
            one.sendall(b"POST /v2/vectordb/collections/list HTTP/1.1\r\nContent-Le")
        sockets.append(one)
    assert alive(server)
    for one in sockets:
        one.close()
    assert alive(server)


def test_connections_that_end_give_their_files_back(server):
    alive(server)
    time.sleep(0.5)
    before = server.open_files()
    for _ in range(200):
        with connect(server) as one:
            one.sendall(b"GET / HTTP/1.1\r\n")
    deadline = time.monotonic() + 20
    while server.open_files() > before + 5 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert server.open_files() <= before + 5


def test_ten_thousand_idle_connections_disturb_nobody(tmp_path):
    wanted = 10_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < wanted + 500:
        pytest.skip(f"only {hard} open files are allowed here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    sockets = []
    try:
        with Server(tmp_path / "own") as server:
            client = server.client()
            create(client, "c", simple_schema())
            before = server.resident_bytes()
            for _ in range(wanted):
                sockets.append(connect(server))
            client.insert("c", [{"id": 1, "vector": [0.0] * 8}])
            assert count(client, "c") == 1
            assert server.client().list_collections() == ["c"]
            assert server.resident_bytes() - before < wanted * 32 * 1024
            for one in sockets:
                one.close()
            assert count(client, "c") == 1
            server.stop()
    finally:
        for one in sockets:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def request_of(collection, size):
    """An insert request of exactly `size` bytes."""
    text = schema_pb2.FieldData(type=schema_pb2.VarChar, field_name="text")
    request = milvus_pb2.InsertRequest(collection_name=collection, num_rows=1, fields_data=[text])
    filler = size - 64
    while True:
        request.fields_data[0].scalars.string_data.data[:] = ["x" * filler]
        over = request.ByteSize() - size
        if over == 0:
            return request
        filler -= over


@pytest.mark.parametrize("size, fits", [(MAX_REQUEST, True), (MAX_REQUEST + 1, False)], ids=["64 MiB", "1 byte more"])
def test_requests_end_at_64_mib(server, client, name, size, fits):
    create(client, name, simple_schema())
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(server.address, options=options) as channel:
        stub = milvus_pb2_grpc.MilvusServiceStub(channel)
        request = request_of(name, size)
        if fits:
            assert stub.Insert(request, timeout=120).status.code != 0  # too large for a VarChar, not for the wire
        else:
            with pytest.raises(grpc.RpcError) as error:
                stub.Insert(request, timeout=120)
            assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert count(client, name) == 0


def test_a_message_that_is_no_protobuf_is_refused(server):
    with grpc.insecure_channel(server.address) as channel:
        for method, reply in [("Insert", milvus_pb2.MutationResult), ("Search", milvus_pb2.SearchResults),
                              ("DescribeCollection", milvus_pb2.DescribeCollectionResponse)]:
            call = channel.unary_unary(f"/milvus.proto.milvus.MilvusService/{method}",
                                       response_deserializer=reply.FromString)
            try:
                assert call(b"\xff" * 100, timeout=20).status.code == 1100
            except grpc.RpcError as error:
                assert error.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.INVALID_ARGUMENT)


def test_an_unknown_method_is_unimplemented(server):
    with grpc.insecure_channel(server.address) as channel:
        for method in ("/milvus.proto.milvus.MilvusService/Nonsense", "/other.Service/Call"):
            with pytest.raises(grpc.RpcError) as error:
                channel.unary_unary(method)(b"", timeout=20)
            assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_deadline_ends_a_search(server, client, name):
    create(client, name, simple_schema(dim=256))
    client.insert(name, vector_rows(random_vectors(3000, 256)))
    queries = random_vectors(2000, 256, seed=2).tolist()
    with pytest.raises(Exception):
        client.search(name, queries, limit=100, timeout=0.002)
    assert alive(server)
    assert count(client, name) == 3000


def test_large_replies_arrive(client, name):
    create(client, name, simple_schema(dim=1024))
    for start in range(0, 8000, 2000):
        client.insert(name, vector_rows(random_vectors(2000, 1024, seed=start), start=start))
    rows = client.query(name, filter="id >= 0", limit=8000, output_fields=["vector"])
    assert len(rows) == 8000


def test_repeated_refusals_do_not_fill_the_memory(server, client, name):
    create(client, name, simple_schema())
    bad = milvus_pb2.QueryRequest(collection_name=name, expr="id > " + "(" * 1000)
    with grpc.insecure_channel(server.address) as channel:
        stub = milvus_pb2_grpc.MilvusServiceStub(channel)
        for _ in range(200):
            stub.Query(bad)
        before = server.resident_bytes()
        for number in range(2000):
            bad.expr = f"id > {'(' * 1000} {number}"
            assert stub.Query(bad).status.code == 1100
        assert server.resident_bytes() - before < 64 << 20
