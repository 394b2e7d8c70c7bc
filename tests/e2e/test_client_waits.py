"""What clients wait for and poll: every wait has to end, by an answer or by an error.

Client libraries and benchmarks ask for a state again and again until it is the one they want. A state that never
comes hangs them for ever, so what cannot come is an error here.
"""

import time

import pytest
from oracle import random_vectors
from pymilvus import MilvusException
from pymilvus.grpc_gen import milvus_pb2
from rows import count, create, index_of, simple_schema, vector_rows

DIM = 8


@pytest.fixture
def unloaded(client, name):
    client.create_collection(name, schema=simple_schema(dim=DIM))
    client.create_index(name, index_of())
    return name


def refusal(function, *arguments, **named):
    with pytest.raises(MilvusException) as error:
        function(*arguments, **named)
    return error.value.code, error.value.message


def compacted(client, name, **arguments):
    job = client.compact(name, **arguments)
    assert job > 0
    deadline = time.monotonic() + 60
    while client.get_compaction_state(job) != "Completed":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return {source for plan in client.get_compaction_plans(job).plans for source in plan.sources}


# --- loading ---


def progress(stub, name, *partitions):
    return stub.GetLoadingProgress(milvus_pb2.GetLoadingProgressRequest(
        collection_name=name, partition_names=partitions))


def test_there_is_no_progress_of_what_is_not_loaded(stub, client, unloaded):
    missing = progress(stub, "never_was_there").status
    assert missing.code == 100
    assert "collection not found[database=default][collection=never_was_there]" in missing.reason
    assert progress(stub, unloaded).status.code == 101
    client.create_partition(unloaded, "east")
    client.create_partition(unloaded, "west")
    client.load_partitions(unloaded, ["east"])
    assert progress(stub, unloaded, "east").progress == 100
    assert progress(stub, unloaded).progress == 100
    other = progress(stub, unloaded, "east", "west").status
    assert other.code == 201 and "partition not loaded[partition=" in other.reason


def test_a_refresh_needs_a_loaded_collection(client, unloaded):
    code, message = refusal(client.refresh_load, unloaded)
    assert code == 101 and "collection not loaded" in message
    client.load_collection(unloaded)
    client.refresh_load(unloaded)


def test_replicas_are_in_the_only_resource_group(client, unloaded):
    for load in (lambda groups: client.load_collection(unloaded, resource_groups=groups),
                 lambda groups: client.load_partitions(unloaded, ["_default"], resource_groups=groups)):
        code, message = refusal(load, ["elsewhere"])
        assert code == 300 and "resource group not found[rg=elsewhere]" in message
    client.load_collection(unloaded, resource_groups=["__default_resource_group"])


@pytest.mark.parametrize("call", ["load_partitions", "release_partitions"])
def test_no_partitions_are_not_all_partitions(client, unloaded, call):
    code, message = refusal(getattr(client, call), unloaded, [])
    assert code == 1100 and "due to no partition specified" in message


# --- flush ---


def flushed_rows(client, name):
    return sum(segment.num_rows for segment in client.list_persistent_segments(name))


def wait_flushed(stub, state):
    deadline = time.monotonic() + 30
    while not stub.GetFlushAllState(state).flushed:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_everything_is_flushed_in_every_database(server, stub, client, name):
    client.create_database(name)
    other = server.client(db_name=name)
    try:
        for each in (client, other):
            create(each, name, simple_schema(dim=DIM))
            each.insert(name, vector_rows(random_vectors(7, DIM)))
        client.flush_all()
        assert flushed_rows(client, name) == 7 and flushed_rows(other, name) == 7
        other.insert(name, vector_rows(random_vectors(5, DIM), start=10))
        client.insert(name, vector_rows(random_vectors(5, DIM), start=10))
        reply = stub.FlushAll(milvus_pb2.FlushAllRequest(db_name=name))
        assert [result.db_name for result in reply.flush_results] == [name]
        assert [one.collection_name for one in reply.flush_results[0].collection_results] == [name]
        state = milvus_pb2.GetFlushAllStateRequest(db_name=name, flush_all_ts=reply.flush_all_ts)
        wait_flushed(stub, state)
        assert flushed_rows(other, name) == 12 and flushed_rows(client, name) == 7
        assert stub.GetFlushAllState(state).flush_states[0].collection_flush_states[name]
        target = milvus_pb2.FlushAllTarget(db_name="default", collection_names=[name])
        reply = stub.FlushAll(milvus_pb2.FlushAllRequest(flush_targets=[target]))
        state = milvus_pb2.GetFlushAllStateRequest(flush_targets=[target], flush_all_tss={"any": reply.flush_all_ts})
        wait_flushed(stub, state)
        assert flushed_rows(client, name) == 12
        target = milvus_pb2.FlushAllTarget(db_name="default", collection_names=["never_was_there"])
        assert stub.FlushAll(milvus_pb2.FlushAllRequest(flush_targets=[target])).status.code == 100
        assert stub.FlushAll(milvus_pb2.FlushAllRequest(db_name="never_was_there")).status.code == 800
        # A target that is named a hundred thousand times is one.
        often = milvus_pb2.FlushAllRequest(flush_targets=[milvus_pb2.FlushAllTarget(db_name=name)] * 100_000)
        reply = stub.FlushAll(often)
        assert [len(result.collection_results) for result in reply.flush_results] == [1]
    finally:
        other.drop_collection(name)
        client.drop_database(name)


# --- segments and compactions ---


def test_a_flushed_segment_needs_no_sort(client, name):
    create(client, name, simple_schema(dim=DIM))
    client.insert(name, vector_rows(random_vectors(20, DIM)))
    client.flush(name)
    assert [segment.is_sorted for segment in client.list_persistent_segments(name)] == [True]
    assert [segment.is_sorted for segment in client.list_loaded_segments(name)] == [True]


def test_a_merge_to_any_size_has_all_segments_in_its_plans(client, name):
    """Benchmarks merge until the plans of one job name every segment, and give up when there is no job."""
    create(client, name, simple_schema(dim=DIM))
    for start in (0, 1000):
        client.insert(name, vector_rows(random_vectors(1000, DIM, seed=start), start=start))
        client.flush(name)
    before = {segment.segment_id for segment in client.list_persistent_segments(name)}
    assert compacted(client, name, target_size=(2**63 - 1) // 2**20) == before
    merged = [segment.segment_id for segment in client.list_persistent_segments(name)]
    assert len(merged) == 1 and merged[0] not in before
    assert compacted(client, name, target_size=(2**63 - 1) // 2**20) == set(merged)
    assert [segment.segment_id for segment in client.list_persistent_segments(name)] == merged, "nothing to change"
    assert count(client, name) == 2000


def test_a_collection_is_optimized(client, name):
    create(client, name, simple_schema(dim=DIM))
    client.insert(name, vector_rows(random_vectors(100, DIM)))
    client.flush(name)
    assert client.optimize(name).status == "success"
    assert client.optimize(name, target_size="512MB").status == "success"
