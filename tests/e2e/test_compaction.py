"""Compaction: what leaves the files, what every reader still sees, by request and by itself."""

import itertools
import random
import subprocess
import threading
import time

import numpy as np
import pytest
from elanus_server import BINARY, Server
from oracle import random_vectors
from pymilvus import DataType, MilvusClient, MilvusException
from pymilvus.grpc_gen import common_pb2, milvus_pb2
from rows import count, create, index_of, simple_schema, vector_rows

DIM = 8
WAIT_SECONDS_MAX = 60


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A server on which nothing comes by itself, and iterators are not waited for long."""
    with Server(tmp_path_factory.mktemp("quick"), environment={
            "DATACOORD_COMPACTION_ENABLEAUTOCOMPACTION": "false",
            "ELANUS_SNAPSHOT_MAXIDLETIME": "1"}) as server:
        time.sleep(1.1)  # after a start, iterators of before it are waited for
        yield server
        server.stop()
        check(server)


@pytest.fixture
def near(quick):
    return quick.client()


def check(server):
    done = subprocess.run([BINARY, "check", server.data], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def compact(client, name, **arguments):
    """Returns the job when it is complete."""
    job = client.compact(name, **arguments)
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while client.get_compaction_state(job) != "Completed":
        assert time.monotonic() < deadline, f"compaction {job} does not end"
        time.sleep(0.05)
    return job


def segments(client, name):
    return sorted(client.list_persistent_segments(name), key=lambda segment: segment.segment_id)


def plans(client, job):
    return client.get_compaction_plans(job).plans


def rows_of(client, name, fields=("*",), filter="id >= 0", **arguments):
    found = client.query(name, filter=filter, output_fields=list(fields), limit=16384, consistency_level="Strong",
                         **arguments)
    return {row["id"]: {key: value for key, value in row.items() if key != "id"} for row in found}


def fill(client, name, batches, rows_each, start=0):
    for batch in range(batches):
        begin = start + batch * rows_each
        client.insert(name, vector_rows(random_vectors(rows_each, DIM, seed=begin), start=begin))
        client.flush(name)


def test_small_segments_become_one_and_every_value_stays(near, name):
    client = near
    schema = MilvusClient.create_schema(enable_dynamic_field=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
    schema.add_field("half", DataType.FLOAT16_VECTOR, dim=4)
    schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
    schema.add_field("text", DataType.VARCHAR, max_length=200, nullable=True)
    schema.add_field("flag", DataType.BOOL)
    schema.add_field("small", DataType.INT8, nullable=True)
    schema.add_field("real", DataType.DOUBLE)
    schema.add_field("doc", DataType.JSON, nullable=True)
    schema.add_field("list", DataType.ARRAY, element_type=DataType.VARCHAR, max_capacity=8, max_length=20)
    index = index_of("vector")
    index.add_index("half", index_type="FLAT", metric_type="L2")
    index.add_index("sparse", index_type="SPARSE_INVERTED_INDEX", metric_type="IP")
    create(client, name, schema, index)
    chance = random.Random(5)
    for batch in range(5):
        vectors = random_vectors(300, DIM, seed=batch)
        client.insert(name, [{
            "id": batch * 300 + i, "vector": vectors[i].tolist(),
            "half": np.array([batch, i, 1, 2], dtype=np.float16), "sparse": {i + 1: 0.5, i + 400: 1.0},
            "text": None if i % 7 == 0 else "x" * chance.randint(0, 100) + str(i), "flag": i % 3 == 0,
            "small": None if i % 5 == 0 else i % 100, "real": i / 7,
            "doc": None if i % 11 == 0 else {"a": i, "b": ["c", i]}, "list": [str(k) for k in range(i % 6)],
            "extra": i if i % 2 else f"s{i}"} for i in range(300)])
        client.flush(name)
    before = rows_of(client, name)
    query = [random_vectors(1, DIM, seed=99)[0].tolist()]
    nearest = client.search(name, data=query, anns_field="vector", limit=50, output_fields=["text", "extra"])
    old = segments(client, name)
    assert len(old) == 5
    job = compact(client, name)
    new = segments(client, name)
    assert len(new) == 1 and new[0].num_rows == 1500
    assert [sorted(plan.sources) for plan in plans(client, job)] == [[segment.segment_id for segment in old]]
    assert plans(client, job)[0].target == new[0].segment_id
    assert len(before) == 1500 and rows_of(client, name) == before
    after = client.search(name, data=query, anns_field="vector", limit=50, output_fields=["text", "extra"])
    assert [dict(hit) for hit in after[0]] == [dict(hit) for hit in nearest[0]]
    assert count(client, name, 'text like "%7"') == sum(1 for row in before.values() if (row["text"] or "")[-1:] == "7")
    client.release_collection(name)
    client.load_collection(name)
    assert rows_of(client, name) == before
    client.drop_collection(name)


def test_deleted_and_replaced_rows_leave_the_files(near, quick, name):
    client = near
    create(client, name, simple_schema(dim=DIM))
    fill(client, name, 4, 500)
    client.delete(name, ids=list(range(0, 2000, 3)))
    client.upsert(name, vector_rows(random_vectors(100, DIM, seed=7), start=1900))
    client.delete(name, filter="id > 1700 and id < 1750")
    client.flush(name)
    expected = {key for key in range(2000) if key % 3 or key >= 1900} - set(range(1701, 1750))
    assert set(rows_of(client, name, ["id"])) == expected
    compact(client, name)
    assert sum(segment.num_rows for segment in segments(client, name)) == len(expected)
    assert set(rows_of(client, name, ["id"])) == expected and count(client, name) == len(expected)
    assert client.get_collection_stats(name)["row_count"] == len(expected)
    # Delete files without a delete that is still needed go too, and so do the old data files.
    collection = str(client.describe_collection(name)["collection_id"])
    left = [path for path in (quick.data / "objects").rglob("*") if path.is_file() and collection in str(path)]
    assert len(left) == 1, left
    quick.restart()
    client = quick.client()
    assert set(rows_of(client, name, ["id"])) == expected
    client.drop_collection(name)


def test_a_segment_without_rows_vanishes(near, name):
    client = near
    create(client, name, simple_schema(dim=DIM))
    fill(client, name, 2, 100)
    client.delete(name, ids=list(range(200)))
    client.flush(name)
    time.sleep(1.1)
    compact(client, name)
    assert segments(client, name) == [] and count(client, name) == 0
    client.insert(name, vector_rows(random_vectors(5, DIM), start=0))
    assert count(client, name) == 5
    client.drop_collection(name)


def test_with_nothing_to_do_there_is_no_job(near, name):
    client = near
    create(client, name, simple_schema(dim=DIM))
    assert compact(client, name) == -1
    fill(client, name, 1, 10)
    assert compact(client, name) == -1
    assert compact(client, name, is_l0=True) == -1
    assert client.get_compaction_state(123456) == "Completed"
    with pytest.raises(MilvusException) as caught:
        client.compact("no_such_collection")
    assert caught.value.code == 100
    client.drop_collection(name)


def test_clustering_needs_a_clustering_key_and_orders_by_it(near, name):
    client = near
    create(client, name, simple_schema(dim=DIM))
    with pytest.raises(MilvusException, match="collection not support clustering compaction") as caught:
        client.compact(name, is_clustering=True)
    assert caught.value.code == 2304
    client.drop_collection(name)
    schema = simple_schema(dim=DIM)
    schema.add_field("group", DataType.INT32, is_clustering_key=True)
    create(client, name, schema)
    for batch in range(3):
        vectors = random_vectors(400, DIM, seed=batch)
        client.insert(name, vector_rows(vectors, start=batch * 400, group=[(i * 7919) % 1000 for i in range(400)]))
        client.flush(name)
    client.delete(name, ids=list(range(0, 1200, 5)))
    client.flush(name)
    before = rows_of(client, name)
    time.sleep(1.1)
    compact(client, name, is_clustering=True)
    new = segments(client, name)
    assert len(new) == 1 and new[0].level == 3 and new[0].num_rows == len(before) == 960
    assert rows_of(client, name) == before
    assert count(client, name, "group < 100") == sum(row["group"] < 100 for row in before.values())
    client.delete(name, ids=[1, 2])
    client.upsert(name, vector_rows(random_vectors(1, DIM), start=3, group=[5000]))
    assert count(client, name) == 958 and rows_of(client, name)[3]["group"] == 5000
    client.drop_collection(name)


def test_a_target_size_merges_and_splits(near, name):
    client = near
    create(client, name, simple_schema(dim=256), index_of())
    rows = 3000  # about 3 MiB
    for begin in range(0, rows, 1000):
        client.insert(name, vector_rows(random_vectors(1000, 256, seed=begin), start=begin))
        client.flush(name)
    compact(client, name, target_size=1024)
    assert [segment.num_rows for segment in segments(client, name)] == [rows]
    compact(client, name, target_size=1)
    parts = segments(client, name)
    assert len(parts) > 2 and sum(segment.num_rows for segment in parts) == rows
    assert max(segment.num_rows for segment in parts) - min(segment.num_rows for segment in parts) <= 1
    assert set(rows_of(client, name, ["id"])) == set(range(rows))
    client.drop_collection(name)


def test_delete_files_become_one(near, quick, name):
    client = near
    create(client, name, simple_schema(dim=DIM))
    fill(client, name, 1, 1000)
    for first in range(0, 50, 10):
        client.delete(name, ids=list(range(first, first + 10)))
        client.flush(name)
    collection = str(client.describe_collection(name)["collection_id"])
    folder = quick.data / "objects/deletes"

    def files():
        return [path for path in folder.rglob("*") if path.is_file() and collection in str(path.parent)]
    assert len(files()) == 5
    compact(client, name, is_l0=True)
    assert len(files()) == 1 and count(client, name) == 950
    quick.kill()
    quick.start()
    client = quick.client()
    assert count(client, name) == 950
    client.drop_collection(name)


def test_expired_rows_leave_the_files(near, name):
    client = near
    create(client, name, simple_schema(dim=DIM))
    fill(client, name, 2, 100)
    client.alter_collection_properties(name, {"collection.ttl.seconds": "2"})
    time.sleep(4)
    client.insert(name, vector_rows(random_vectors(7, DIM), start=1000))
    client.flush(name)
    compact(client, name)
    assert sum(segment.num_rows for segment in segments(client, name)) in (0, 7)
    client.alter_collection_properties(name, {"collection.ttl.seconds": "3600"})
    assert set(rows_of(client, name, ["id"])) <= set(range(1000, 1007))
    client.drop_collection(name)


def test_rows_that_expire_by_a_field_leave_the_files(near, name):
    client = near
    schema = simple_schema(dim=DIM)
    schema.add_field("until", DataType.TIMESTAMPTZ, nullable=True)
    create(client, name, schema, properties={"ttl_field": "until"})
    vectors = random_vectors(30, DIM)
    until = ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z", None] * 10
    client.insert(name, vector_rows(vectors, until=until))
    client.flush(name)
    assert count(client, name) == 20
    compact(client, name)
    assert [segment.num_rows for segment in segments(client, name)] == [20]
    assert count(client, name) == 20
    client.drop_collection(name)


def test_fields_that_came_and_went(near, name):
    client = near
    schema = simple_schema(dim=DIM)
    schema.add_field("old", DataType.VARCHAR, max_length=20, nullable=True)
    create(client, name, schema)
    client.insert(name, vector_rows(random_vectors(50, DIM, seed=1), old=[f"o{i}" for i in range(50)]))
    client.flush(name)
    client.add_collection_field(name, "late", DataType.INT64, nullable=True, default_value=42)
    client.add_collection_field(name, "maybe", DataType.VARCHAR, max_length=10, nullable=True)
    client.insert(name, vector_rows(random_vectors(50, DIM, seed=2), start=50, old=["n"] * 50, late=list(range(50)),
                                    maybe=["m"] * 50))
    client.flush(name)
    before = rows_of(client, name)
    assert before[0]["late"] == 42 and before[0]["maybe"] is None and before[60]["late"] == 10
    compact(client, name)
    assert len(segments(client, name)) == 1 and rows_of(client, name) == before
    assert count(client, name, "late == 42") == sum(row["late"] == 42 for row in before.values())
    assert count(client, name, "maybe is null") == 50
    client.drop_collection(name)


def test_indexes_are_there_with_the_new_segment(near, name):
    client = near
    create(client, name, simple_schema(dim=DIM), index_of(index_type="HNSW", M=8, efConstruction=64))
    fill(client, name, 4, 1500)
    compact(client, name)
    assert len(segments(client, name)) == 1
    progress = client.describe_index(name, "vector")
    assert progress["indexed_rows"] == progress["total_rows"] == 6000 and progress["pending_index_rows"] == 0
    vectors = random_vectors(1500, DIM, seed=1500)
    hits = client.search(name, data=vectors[:20].tolist(), limit=1, search_params={"params": {"ef": 100}})
    assert [hit[0]["id"] for hit in hits] == list(range(1500, 1520))
    client.drop_collection(name)


def test_partitions_and_namespaces_are_not_mixed(near, name):
    client = near
    schema = simple_schema(dim=DIM)
    schema.add_field("tenant", DataType.VARCHAR, max_length=20, is_partition_key=True)
    client.create_collection(name, schema=schema, index_params=index_of(), num_partitions=4,
                             consistency_level="Strong")
    for batch in range(3):
        tenants = [f"t{i % 10}" for i in range(200)]
        client.insert(name, vector_rows(random_vectors(200, DIM, seed=batch), start=batch * 200, tenant=tenants))
        client.flush(name)
    before = rows_of(client, name)
    partitions = {segment.partition_id for segment in segments(client, name)}
    compact(client, name)
    assert [segment.partition_id for segment in segments(client, name)] != []
    assert len(segments(client, name)) == len(partitions)
    assert rows_of(client, name) == before
    assert count(client, name, 'tenant == "t3"') == 60
    client.drop_collection(name)


def test_rest(post, client, name):
    create(client, name, simple_schema(dim=DIM))
    fill(client, name, 3, 20)
    job = post("collections/compact", {"collectionName": name})["data"]["compactionID"]
    assert job > 0
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while True:
        state = post("collections/get_compaction_state", {"jobID": job})["data"]
        if state["state"] == "Completed":
            break
        assert state["state"] == "Executing" and time.monotonic() < deadline
        time.sleep(0.05)
    assert state == {"compactionID": job, "state": "Completed", "executingPlanNumber": 0, "timeoutPlanNumber": 0,
                     "completedPlanNumber": 1}
    assert len(segments(client, name)) == 1
    assert post("collections/compact", {"collectionName": name, "isClustering": True})["code"] == 2304
    assert post("collections/compact", {})["code"] == 1802


def test_raw_answers(stub, client, name):
    create(client, name, simple_schema(dim=DIM))
    fill(client, name, 3, 20)
    old = segments(client, name)
    reply = stub.ManualCompaction(milvus_pb2.ManualCompactionRequest(
        collectionID=client.describe_collection(name)["collection_id"],
        segment_ids=[segment.segment_id for segment in old[:2]]))
    assert reply.status.code == 0 and reply.compactionID > 0 and reply.compactionPlanCount == 1
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while stub.GetCompactionState(milvus_pb2.GetCompactionStateRequest(
            compactionID=reply.compactionID)).state != common_pb2.CompactionState.Completed:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    infos = stub.GetPersistentSegmentInfo(milvus_pb2.GetPersistentSegmentInfoRequest(collectionName=name)).infos
    merged = [info for info in infos if info.compaction_from]
    assert len(infos) == 2 and list(merged[0].compaction_from) == [segment.segment_id for segment in old[:2]]
    assert merged[0].level == common_pb2.SegmentLevel.L1 and merged[0].state == common_pb2.SegmentState.Flushed
    tasks = stub.GetCompactionStateWithPlans(milvus_pb2.GetCompactionPlansRequest(collection_name=name))
    assert [(list(info.sources), list(info.targets), info.trigger_id) for info in tasks.mergeInfos] == [
        ([segment.segment_id for segment in old[:2]], [merged[0].segmentID], reply.compactionID)]


# ---- readers of an older moment


class Churn(threading.Thread):
    """Inserts, deletes, replaces, flushes and compacts rows without end; knows what must be there."""

    def __init__(self, server, name, keys):
        super().__init__()
        self.client, self.name = server.client(), name
        self.rows = dict.fromkeys(keys, 0)  # key -> version
        self.next_key = max(keys) + 1
        self.chance = random.Random(1)
        self.halt = threading.Event()
        self.compactions = 0
        self.failure = None

    def run(self):
        try:
            for step in itertools.count():
                if self.halt.is_set():
                    return
                self.change(step)
                if step % 3 == 2:
                    self.client.flush(self.name)
                if step % 6 == 5:
                    self.compactions += compact(self.client, self.name) > 0
        except Exception as error:  # noqa: BLE001 - shown by the test
            self.failure = error

    def change(self, step):
        fresh = range(self.next_key, self.next_key + 40)
        self.next_key += 40
        self.write(fresh, step + 1, self.client.insert)
        gone = self.chance.sample(sorted(self.rows), 25)
        self.client.delete(self.name, ids=gone)
        for key in gone:
            del self.rows[key]
        self.write(self.chance.sample(sorted(self.rows), 25), step + 1, self.client.upsert)

    def write(self, keys, version, send):
        keys = list(keys)
        send(self.name, [{"id": key, "vector": [float(key)] * DIM, "version": version} for key in keys])
        self.rows |= dict.fromkeys(keys, version)


def versioned_schema():
    schema = simple_schema(dim=DIM)
    schema.add_field("version", DataType.INT64)
    return schema


def drain(iterator, pause=0.0):
    rows = []
    while page := iterator.next():
        rows += page
        time.sleep(pause)
    iterator.close()
    return [(row["id"], row["version"]) for row in rows]


@pytest.mark.parametrize("shards", [1, 2])
def test_iterators_see_their_moment_while_others_write_and_compact(own_server, name, shards):
    client = own_server.client()
    client.create_collection(name, schema=versioned_schema(), index_params=index_of(), num_shards=shards,
                             consistency_level="Strong")
    keys = list(range(2000))
    for begin in range(0, 2000, 500):
        client.insert(name, [{"id": key, "vector": [float(key)] * DIM, "version": 0}
                             for key in keys[begin:begin + 500]])
        client.flush(name)
    churn = Churn(own_server, name, keys)
    expected = []
    iterators = []
    churn.halt.clear()
    for _ in range(3):  # each of another moment, with writes and compactions in between
        expected.append(sorted(churn.rows.items()))
        iterator = client.query_iterator(name, batch_size=97, filter="id >= 0", output_fields=["id", "version"],
                                         consistency_level="Strong")
        iterators.append(([(row["id"], row["version"]) for row in iterator.next()], iterator))
        churn.change(len(expected) * 100)
        client.flush(name)
        churn.compactions += compact(client, name) > 0
    churn.start()
    for (first, iterator), rows in zip(iterators, expected, strict=True):
        assert first + drain(iterator, pause=0.03) == rows
    churn.halt.set()
    churn.join()
    assert churn.failure is None, churn.failure
    assert churn.compactions > 2
    assert sorted((key, row["version"]) for key, row in rows_of(client, name, ["id", "version"]).items()) == \
        sorted(churn.rows.items())
    assert count(client, name) == len(churn.rows)
    own_server.stop()
    check(own_server)


def test_an_iterator_goes_on_after_a_restart_with_compactions(own_server, name):
    client = own_server.client()
    create(client, name, versioned_schema())
    client.insert(name, [{"id": key, "vector": [1.0] * DIM, "version": 0} for key in range(1000)])
    client.flush(name)
    iterator = client.query_iterator(name, batch_size=100, filter="id >= 0", output_fields=["id", "version"],
                                     consistency_level="Strong")
    found = [(row["id"], row["version"]) for row in iterator.next()]
    session_ts = iterator._session_ts
    client.delete(name, ids=list(range(0, 1000, 2)))
    client.flush(name)
    own_server.kill()
    own_server.start()
    client = own_server.client()
    compact(client, name)
    assert count(client, name) == 500
    while True:  # what the iterator of the client would ask
        page = client.query(name, filter=f"id > {found[-1][0]}", output_fields=["id", "version"], limit=100,
                            iterator="True", reduce_stop_for_best="True", guarantee_timestamp=session_ts,
                            consistency_level="Customized")
        if not page:
            break
        found += [(row["id"], row["version"]) for row in page]
    assert found == [(key, 0) for key in range(1000)]


def test_a_moment_that_was_given_up_is_refused_by_name(near, name):
    client = near
    create(client, name, versioned_schema())
    client.insert(name, [{"id": key, "vector": [1.0] * DIM, "version": 0} for key in range(300)])
    client.flush(name)
    iterator = client.query_iterator(name, batch_size=100, filter="id >= 0", output_fields=["id", "version"],
                                     consistency_level="Strong")
    assert len(iterator.next()) == 100
    client.delete(name, ids=list(range(200, 300)))
    client.flush(name)
    time.sleep(2.2)  # longer than iterators are waited for here
    compact(client, name)
    assert segments(client, name)[0].num_rows == 200
    with pytest.raises(MilvusException, match="can no longer be read") as caught:
        while iterator.next():
            pass
    assert caught.value.code == 1100
    client.drop_collection(name)


# ---- at the same time as everything else


def test_writes_during_a_compaction_reach_the_new_segment(own_server, name):
    client = own_server.client()
    create(client, name, versioned_schema(), index_of(index_type="HNSW", M=8, efConstruction=64))
    for batch in range(4):
        client.insert(name, [{"id": key, "vector": [float(key)] * DIM, "version": 0}
                             for key in range(batch * 2000, batch * 2000 + 2000)])
        client.flush(name)
    writer = own_server.client()
    job = client.compact(name)
    deleted, replaced = set(), set()
    key = 0
    while client.get_compaction_state(job) != "Completed":
        writer.delete(name, ids=[key, key + 1])
        writer.upsert(name, [{"id": key + 2, "vector": [0.5] * DIM, "version": 1}])
        deleted |= {key, key + 1}
        replaced.add(key + 2)
        key = (key + 3) % 7000
    expected = {key: int(key in replaced) for key in range(8000) if key not in deleted}
    found = {key: row["version"] for key, row in rows_of(client, name, ["id", "version"]).items()}
    assert found == expected
    own_server.kill()
    own_server.start()
    client = own_server.client()
    found = {key: row["version"] for key, row in rows_of(client, name, ["id", "version"]).items()}
    assert found == expected
    own_server.stop()
    check(own_server)


@pytest.mark.parametrize("end", ["drop", "truncate", "release", "drop_partition"])
def test_a_collection_may_go_during_a_compaction(own_server, name, end):
    client = own_server.client()
    create(client, name, simple_schema(dim=DIM), index_of(index_type="HNSW", M=8, efConstruction=64))
    client.create_partition(name, "side")
    for batch in range(3):
        client.insert(name, vector_rows(random_vectors(1500, DIM, seed=batch), start=batch * 1500),
                      partition_name="side")
        client.flush(name)
    job = client.compact(name)
    if end == "drop":
        client.drop_collection(name)
    elif end == "truncate":
        client.truncate_collection(name)
    elif end == "release":
        client.release_collection(name)
    else:
        client.release_partitions(name, ["side"])
        client.drop_partition(name, "side")
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while client.get_compaction_state(job) != "Completed":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    if end == "release":
        client.load_collection(name)
        assert count(client, name) == 4500
    elif end == "truncate":
        assert count(client, name) == 0
    elif end == "drop":
        assert not client.has_collection(name)
    own_server.stop()
    check(own_server)
    if end in ("drop", "drop_partition"):
        assert [path for path in (own_server.data / "objects/segments").rglob("*") if path.is_file()] == []


def test_reads_go_on_during_compactions(own_server, name):
    client = own_server.client()
    create(client, name, simple_schema(dim=DIM))
    fill(client, name, 3, 300)
    reader = own_server.client()
    halt = threading.Event()
    problems = []
    reads = itertools.count()

    def read():
        vector = random_vectors(1, DIM, seed=3)[0].tolist()
        while not halt.is_set():
            next(reads)
            hits = reader.search(name, data=[vector], limit=10, output_fields=["id", "vector"])
            if len(hits[0]) != 10 or any(len(hit["entity"]["vector"]) != DIM for hit in hits[0]):
                problems.append(hits)
            if (found := count(reader, name)) % 300 or found < 900:
                problems.append(found)
    thread = threading.Thread(target=read)
    thread.start()
    for start in range(900, 3900, 300):
        fill(client, name, 1, 300, start=start)
        compact(client, name)
    halt.set()
    thread.join()
    assert problems == [] and next(reads) > 20
    assert len(segments(client, name)) == 1


# ---- by itself


@pytest.fixture(scope="module")
def eager(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("eager"), environment={
            "DATACOORD_COMPACTION_MIX_TRIGGERINTERVAL": "1", "DATACOORD_COMPACTION_LEVELZERO_TRIGGERINTERVAL": "1",
            "DATACOORD_COMPACTION_LEVELZERO_FORCETRIGGER_DELTALOGMINNUM": "3",
            "ELANUS_SNAPSHOT_MAXIDLETIME": "1"}) as server:
        time.sleep(1.1)
        yield server
        server.stop()
        check(server)


def await_segments(client, name, wanted):
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while [segment.num_rows for segment in segments(client, name)] != wanted:
        assert time.monotonic() < deadline, segments(client, name)
        time.sleep(0.1)


def test_small_segments_are_merged_by_themselves(eager, name):
    client = eager.client()
    create(client, name, simple_schema(dim=DIM))
    fill(client, name, 8, 100)
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while len(segments(client, name)) > 4:  # three small ones or less are left alone
        assert time.monotonic() < deadline, segments(client, name)
        time.sleep(0.1)
    assert any(segment.compaction_from for segment in segments(client, name))
    assert set(rows_of(client, name, ["id"])) == set(range(800))
    client.drop_collection(name)


def test_many_deletes_rewrite_a_segment_by_themselves(eager, name):
    client = eager.client()
    create(client, name, simple_schema(dim=DIM))
    fill(client, name, 1, 1000)
    client.delete(name, ids=list(range(100)))
    client.flush(name)
    time.sleep(3)
    assert [segment.num_rows for segment in segments(client, name)] == [1000]  # a tenth is not enough
    client.delete(name, ids=list(range(100, 400)))
    client.flush(name)
    await_segments(client, name, [600])
    assert set(rows_of(client, name, ["id"])) == set(range(400, 1000))
    client.drop_collection(name)


def test_expired_rows_go_by_themselves(eager, name):
    client = eager.client()
    create(client, name, simple_schema(dim=DIM), properties={"collection.ttl.seconds": "2"})
    fill(client, name, 1, 100)
    await_segments(client, name, [])
    client.drop_collection(name)


def test_a_collection_may_refuse_it(eager, name):
    client = eager.client()
    create(client, name, simple_schema(dim=DIM), properties={"collection.autocompaction.enabled": "false"})
    fill(client, name, 5, 100)
    time.sleep(3)
    assert len(segments(client, name)) == 5
    compact(client, name)
    assert len(segments(client, name)) == 1
    client.drop_collection(name)
