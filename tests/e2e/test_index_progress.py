"""How far the index of one large segment is: the rows that count grow while it is built, in every call that tells
them, and are all only when searches use it."""

import itertools
import time

import numpy as np
import pytest
from pymilvus import Collection, connections, utility
from pymilvus.grpc_gen import milvus_pb2
from rows import index_of, simple_schema

ROWS, DIM = 20_000, 32
SLOW = {"M": 16, "efConstruction": 240}  # two seconds of CPU time
SECONDS_MAX = 120


@pytest.fixture
def connection(server):
    connections.connect("progress", uri=server.uri)
    yield "progress"
    connections.disconnect("progress")


def by_rpc(stub, name):
    request = milvus_pb2.GetIndexBuildProgressRequest(collection_name=name, index_name="vector")
    answer = stub.GetIndexBuildProgress(request)
    assert answer.status.code == 0
    return answer.indexed_rows, answer.total_rows


def by_rest(post, name):
    index, = post("indexes/describe", {"collectionName": name, "indexName": "vector"})["data"]
    return index["indexedRows"], index["pendingRows"], index["totalRows"], index["indexState"]


def parts(described):
    return tuple(described[key] for key in ("indexed_rows", "pending_index_rows", "total_rows", "state"))


def told(client, stub, post, connection, name):
    """One value after the other, of all calls in turn, until the index is finished."""
    end = time.monotonic() + SECONDS_MAX
    while time.monotonic() < end:
        described = parts(client.describe_index(name, "vector"))
        yield "DescribeIndex", described[0]
        assert sum(described[:2]) == described[2] == ROWS
        assert described[3] == ("InProgress" if described[0] < ROWS else "Finished")
        if described[3] == "Finished":
            return
        yield "index_building_progress", parts(utility.index_building_progress(name, "vector", connection))[0]
        indexed, total = by_rpc(stub, name)
        assert total == ROWS
        yield "GetIndexBuildProgress", indexed
        indexed, pending, total, state = by_rest(post, name)
        assert indexed + pending == total == ROWS
        assert state == ("InProgress" if indexed < ROWS else "Finished")
        yield "REST", indexed
        time.sleep(0.05)
    raise AssertionError("the index is not built")


def test_the_rows_done_grow_while_an_index_is_built(client, stub, post, connection, name):
    vectors = np.random.default_rng(5).standard_normal((ROWS, DIM)).astype(np.float32)
    client.create_collection(name, schema=simple_schema(DIM))
    collection = Collection(name, using=connection)
    for begin in range(0, ROWS, 10_000):
        collection.insert([list(range(begin, begin + 10_000)), list(vectors[begin:begin + 10_000])])
    client.flush(name)
    client.create_index(name, index_of("vector", index_type="HNSW", **SLOW), sync=False)

    seen = list(told(client, stub, post, connection, name))
    values = [value for _, value in seen]
    assert all(a <= b for a, b in itertools.pairwise(values)), seen
    for call in {call for call, _ in seen}:
        between = {value for of, value in seen if of == call and 0 < value < ROWS}
        assert len(between) >= 2, (call, seen)

    client.load_collection(name)
    hits = client.search(name, list(vectors[:3]), limit=1, search_params={"params": {"ef": 100}})
    assert [hit[0]["id"] for hit in hits] == [0, 1, 2]
