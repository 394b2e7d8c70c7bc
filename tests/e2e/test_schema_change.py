"""Fields added, altered and dropped, properties, truncation, databases: while rows are there."""

import signal
import threading
import time

import grpc
import pytest
from elanus_server import Server
from pymilvus import DataType, MilvusClient, MilvusException
from pymilvus.grpc_gen import milvus_pb2, milvus_pb2_grpc, schema_pb2
from rows import count, create, index_of, simple_schema


def rows(begin, end, **more):
    return [{"id": i, "vector": [float(i)] * 8} | more for i in range(begin, end)]


def query(client, name, filter, *fields):
    return client.query(name, filter=filter, output_fields=list(fields), consistency_level="Strong")


def test_old_rows_read_null_or_the_default(client, name):
    create(client, name, simple_schema())
    client.insert(name, rows(0, 20))
    client.flush(name)
    client.insert(name, rows(20, 40))
    client.add_collection_field(name, "year", DataType.INT64, nullable=True, default_value=7)
    client.add_collection_field(name, "title", DataType.VARCHAR, nullable=True, max_length=20)
    client.insert(name, rows(40, 50, year=9, title="new"))
    assert count(client, name, "year == 7") == 40
    assert count(client, name, "title is null") == 40
    assert count(client, name, 'title == "new" and year == 9') == 10
    assert query(client, name, "id in [1, 30, 45]", "year", "title") == [
        {"id": 1, "year": 7, "title": None}, {"id": 30, "year": 7, "title": None},
        {"id": 45, "year": 9, "title": "new"}]
    hits = client.search(name, [[1.0] * 8], filter="year == 7", limit=3, output_fields=["year"])[0]
    assert [hit["entity"]["year"] for hit in hits] == [7, 7, 7]


def test_what_may_not_be_added_or_dropped(client, name):
    create(client, name, simple_schema())
    with pytest.raises(MilvusException, match="added field must be nullable, please check it, field name = x"):
        client.add_collection_field(name, "x", DataType.INT64)
    with pytest.raises(MilvusException, match="duplicated field name vector"):
        client.add_collection_field(name, "vector", DataType.INT64, nullable=True)
    for field in ("id", "vector"):
        with pytest.raises(MilvusException, match="cannot drop"):
            client.drop_collection_field(name, field)


def test_a_dropped_field_is_gone_and_its_name_is_free(client, name):
    schema = simple_schema()
    schema.add_field("old", DataType.INT64)
    create(client, name, schema)
    client.insert(name, rows(0, 10, old=1))
    client.drop_collection_field(name, "old")
    with pytest.raises(MilvusException):
        query(client, name, "old == 1", "id")
    client.add_collection_field(name, "old", DataType.VARCHAR, nullable=True, max_length=9)
    client.insert(name, rows(10, 12, old="x"))
    assert count(client, name, "old is null") == 10
    assert count(client, name, 'old == "x"') == 2


def test_a_schema_change_while_clients_write(client, name, server):
    create(client, name, simple_schema())
    stop = threading.Event()
    written, failures = [], []

    def write(worker):
        mine = server.client()
        key = worker * 1_000_000
        while not stop.is_set():
            try:
                mine.insert(name, rows(key, key + 5))
                written.append(key)
                key += 5
            except Exception as failure:  # noqa: BLE001
                failures.append(failure)
                return

    workers = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for worker in workers:
        worker.start()
    for i in range(6):
        client.add_collection_field(name, f"f{i}", DataType.INT64, nullable=True)
        time.sleep(0.1)  # the client asks for the new schema once, and gives up on a second change
    stop.set()
    for worker in workers:
        worker.join()
    assert not failures
    assert count(client, name) == 5 * len(written)
    assert count(client, name, "f5 is null") == 5 * len(written)


def test_fields_survive_kill_and_restart(own_server, name):
    client = own_server.client()
    create(client, name, simple_schema())
    client.insert(name, rows(0, 10))
    client.add_collection_field(name, "n", DataType.INT64, nullable=True, default_value=3)
    client.insert(name, rows(10, 20, n=4))
    own_server.kill()
    own_server.start()
    client = own_server.client()
    client.load_collection(name)
    assert count(client, name, "n == 3") == 10
    assert count(client, name, "n == 4") == 10


def test_alter_field(client, name):
    schema = simple_schema()
    schema.add_field("text", DataType.VARCHAR, max_length=5)
    create(client, name, schema)
    with pytest.raises(MilvusException, match="exceeds max length"):
        client.insert(name, rows(0, 1, text="longer"))
    client.alter_collection_field(name, "text", {"max_length": 10, "field.description": "a text"})
    client.insert(name, rows(0, 1, text="longer"))
    with pytest.raises(MilvusException, match="can not be decreased"):
        client.alter_collection_field(name, "text", {"max_length": 4})
    with pytest.raises(MilvusException) as loaded:
        client.alter_collection_field(name, "text", {"mmap.enabled": True})
    assert loaded.value.code == 104
    client.release_collection(name)
    client.alter_collection_field(name, "text", {"mmap.enabled": True})
    field = client.describe_collection(name)["fields"][2]
    assert field["params"]["max_length"] == 10 and field["description"] == "a text"


def test_the_dynamic_field_switched_on_later(client, name):
    create(client, name, simple_schema())
    client.insert(name, rows(0, 5))
    client.alter_collection_properties(name, {"dynamicfield.enabled": True})
    client.insert(name, rows(5, 10, color="red"))
    assert count(client, name, 'color == "red"') == 5
    assert count(client, name) == 10
    assert client.describe_collection(name)["enable_dynamic_field"] is True


def test_properties_are_checked_stored_and_dropped(client, name):
    create(client, name, simple_schema())
    for bad in ({"collection.ttl.seconds": "x"}, {"timezone": "Nowhere/City"}, {"ttl_field": "nothing"},
                {"partitionkey.isolation": "perhaps"}, {"collection.insertRate.max.mb": "much"}):
        with pytest.raises(MilvusException):
            client.alter_collection_properties(name, bad)
    with pytest.raises(MilvusException, match="no partition key field is set") as keyless:
        client.alter_collection_properties(name, {"partitionkey.isolation": True})
    assert keyless.value.code == 1100
    keyed = simple_schema()
    keyed.add_field("tenant", DataType.INT64, is_partition_key=True)
    create(client, name + "_keyed", keyed)
    for properties in ({"query_mode": "large_topk"}, {"partitionkey.isolation": True}):
        with pytest.raises(MilvusException, match="Please drop the index first") as indexed:
            client.alter_collection_properties(name + "_keyed", properties)
        assert indexed.value.code == 702
    client.drop_collection(name + "_keyed")
    with pytest.raises(MilvusException) as loaded:
        client.alter_collection_properties(name, {"warmup.vectorIndex": "sync"})
    assert loaded.value.code == 104
    client.alter_collection_properties(name, {"collection.insertRate.max.mb": "5", "load_priority": "low"})
    properties = client.describe_collection(name)["properties"]
    assert properties["collection.insertRate.max.mb"] == "5" and properties["load_priority"] == "low"
    client.drop_collection_properties(name, ["load_priority"])
    assert "load_priority" not in client.describe_collection(name)["properties"]


def test_truncate(client, name):
    create(client, name, simple_schema())
    client.insert(name, rows(0, 50))
    client.flush(name)
    client.insert(name, rows(50, 80))
    client.truncate_collection(name)
    assert count(client, name) == 0
    client.insert(name, rows(0, 3))
    assert count(client, name) == 3


def test_database_limits_and_denials(client, server, name):
    client.create_database(name, {"database.max.collections": "1"})
    mine = MilvusClient(server.uri, db_name=name)
    create(mine, "one", simple_schema())
    with pytest.raises(MilvusException) as limit:
        create(mine, "two", simple_schema())
    assert limit.value.code == 102
    client.alter_database_properties(name, {"database.force.deny.writing": True})
    with pytest.raises(MilvusException) as denied:
        mine.insert("one", rows(0, 1))
    assert denied.value.code == 9
    client.drop_database_properties(name, ["database.force.deny.writing"])
    mine.insert("one", rows(0, 1))
    client.alter_database_properties(name, {"database.force.deny.reading": True})
    with pytest.raises(MilvusException) as denied:
        mine.search("one", [[0.0] * 8], limit=1)
    assert denied.value.code == 9
    mine.drop_collection("one")
    client.drop_database(name)


def test_denials_of_a_database(client, server, name):
    client.create_database(name)
    mine = MilvusClient(server.uri, db_name=name)
    create(mine, "one", simple_schema())
    mine.insert("one", rows(0, 5))
    scalar = index_of("id", index_type="STL_SORT", metric="")
    vector = [[0.0] * 8]
    one = rows(0, 1)
    calls = {
        "index": [lambda: mine.create_index("one", scalar), lambda: mine.drop_index("one", "vector"),
                  lambda: mine.alter_index_properties("one", "vector", {"mmap.enabled": True})],
        "flush": [lambda: mine.flush("one")],
        "writing": [lambda: mine.insert("one", one), lambda: mine.upsert("one", one),
                    lambda: mine.upsert("one", one, partial_update=True),
                    lambda: mine.delete("one", filter="id == 1"), lambda: mine.delete("one", filter="id > 1")],
        "reading": [lambda: mine.query("one", filter="id == 1"), lambda: mine.search("one", vector, limit=1),
                    lambda: count(mine, "one")],
        "collectionDDL": [lambda: create(mine, "two", simple_schema()), lambda: mine.drop_collection("one"),
                          lambda: mine.add_collection_field("one", "x", DataType.INT64, nullable=True),
                          lambda: mine.alter_collection_properties("one", {"load_priority": "low"}),
                          lambda: mine.truncate_collection("one")],
        "partitionDDL": [lambda: mine.create_partition("one", "p"), lambda: mine.drop_partition("one", "q")],
        "ddl": [lambda: create(mine, "two", simple_schema()), lambda: mine.create_partition("one", "p")],
    }
    mine.create_partition("one", "q")
    mine.release_partitions("one", ["q"])
    for number, (kind, refused) in enumerate(calls.items()):
        client.alter_database_properties(name, {f"database.force.deny.{kind}": ("true", True, "1")[number % 3]})
        for i, call in enumerate(refused):
            with pytest.raises(MilvusException) as denied:
                call()
            assert denied.value.code == 9, (kind, i, denied.value)
        allowed = [f"database.force.deny.{kind}"]
        client.drop_database_properties(name, allowed)
    assert count(mine, "one") == 5 and mine.list_collections() == ["one"]
    assert mine.list_indexes("one") == ["vector"] and mine.list_partitions("one") == ["_default", "q"]
    mine.flush("one")
    mine.create_index("one", scalar)
    with pytest.raises(MilvusException, match="invalid value of property database.force.deny.flush"):
        client.alter_database_properties(name, {"database.force.deny.flush": "perhaps"})
    mine.drop_collection("one")
    client.drop_database(name)


def test_a_delete_by_filter_of_a_million_rows_stays_within_its_memory(own_server, name):
    rows, batch = 1_000_000, 50_000
    client = own_server.client()
    schema = simple_schema(dim=2)
    schema.add_field("n", DataType.INT64)
    create(client, name, schema)
    with grpc.insecure_channel(own_server.address) as channel:
        stub = milvus_pb2_grpc.MilvusServiceStub(channel)
        for begin in range(0, rows, batch):
            vectors = schema_pb2.FieldData(field_name="vector", type=schema_pb2.FloatVector)
            vectors.vectors.dim = 2
            vectors.vectors.float_vector.data.extend([1.0] * 2 * batch)
            request = milvus_pb2.InsertRequest(collection_name=name, num_rows=batch, fields_data=[vectors])
            for field in ("id", "n"):
                column = request.fields_data.add(field_name=field, type=schema_pb2.Int64)
                column.scalars.long_data.data.extend(range(begin, begin + batch))
            assert stub.Insert(request).status.code == 0
    client.flush(name)
    peak = before = own_server.resident_bytes()
    deleted = []
    worker = threading.Thread(target=lambda: deleted.append(client.delete(name, filter="n >= 5")))
    worker.start()
    while worker.is_alive():
        peak = max(peak, own_server.resident_bytes())
        time.sleep(0.005)
    worker.join()
    peak = max(peak, own_server.resident_bytes())
    assert deleted[0]["delete_count"] == rows - 5 and count(client, name) == 5
    assert peak - before < 128 << 20, f"{(peak - before) >> 20} MiB"


# ---- a kill inside a change


class Inserter(threading.Thread):
    """Inserts until the server is gone; `keys` are those of acknowledged rows, whose n is the key."""

    def __init__(self, server, name, first):
        super().__init__()
        self.server, self.name, self.first = server, name, first
        self.keys, self.refusals = [], []
        self.stopping = threading.Event()
        self.start()

    def run(self):
        with grpc.insecure_channel(self.server.address) as channel:
            stub = milvus_pb2_grpc.MilvusServiceStub(channel)
            for begin in range(self.first, self.first + 1_000_000, 5):
                if self.stopping.is_set():
                    return
                try:
                    reply = stub.Insert(self._request(range(begin, begin + 5)), timeout=10)
                except grpc.RpcError:
                    return
                if reply.status.code != 0:
                    self.refusals.append(reply.status)
                    return
                self.keys.extend(range(begin, begin + 5))

    def _request(self, keys):
        vectors = schema_pb2.FieldData(field_name="vector", type=schema_pb2.FloatVector)
        vectors.vectors.dim = 8
        vectors.vectors.float_vector.data.extend(float(key) for key in keys for _ in range(8))
        columns = [vectors]
        for field in ("id", "n"):
            column = schema_pb2.FieldData(field_name=field, type=schema_pb2.Int64)
            column.scalars.long_data.data.extend(keys)
            columns.append(column)
        return milvus_pb2.InsertRequest(collection_name=self.name, num_rows=len(keys), fields_data=columns)

    def stop(self):
        self.stopping.set()
        self.join()
        assert not self.refusals, self.refusals


def field_names(client, name):
    return [field["name"] for field in client.describe_collection(name)["fields"]]


def add_late(client, name):
    client.add_collection_field(name, "late", DataType.INT64, nullable=True, default_value=7, timeout=5)


def drop_old(client, name):
    client.drop_collection_field(name, "old", timeout=5)


def widen_text(client, name):
    client.alter_collection_field(name, "text", {"max_length": 40}, timeout=5)


def late_is_there(client, name, keys):
    assert "late" in field_names(client, name)
    assert count(client, name, "late == 7") >= len(keys)
    with pytest.raises(MilvusException, match="duplicated field name late"):
        add_late(client, name)


def old_is_gone(client, name, keys):
    assert "old" not in field_names(client, name)
    with pytest.raises(MilvusException):
        query(client, name, "old == 1", "id")
    with pytest.raises(MilvusException, match="field not found"):
        drop_old(client, name)
    client.add_collection_field(name, "old", DataType.INT64, nullable=True)
    assert count(client, name, "old is null") >= len(keys)


def text_is_wide(client, name, keys):
    text = next(field for field in client.describe_collection(name)["fields"] if field["name"] == "text")
    assert text["params"]["max_length"] == 40
    assert count(client, name, 'text == "short"') == 100
    client.insert(name, rows(9_000_000, 9_000_001, n=0, text="x" * 40))
    client.delete(name, ids=[9_000_000])
    widen_text(client, name)


CHANGES = {"add": (add_late, late_is_there), "drop": (drop_old, old_is_gone), "alter": (widen_text, text_is_wide)}


@pytest.mark.parametrize("point", ["coord.schema_after_intent", "coord.schema_after_event"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_kill_inside_a_schema_change_loses_nothing(tmp_path, name, point, change):
    make, must_hold = CHANGES[change]
    schema = simple_schema()
    schema.add_field("n", DataType.INT64)
    schema.add_field("old", DataType.INT64, nullable=True)
    schema.add_field("text", DataType.VARCHAR, max_length=5, nullable=True)
    with Server(tmp_path / "own", environment={"ELANUS_KILL_POINT": f"{point}:1"}) as server:
        client = server.client()
        create(client, name, schema)
        first = [{"id": i, "vector": [float(i)] * 8, "n": i, "old": 1, "text": "short"} for i in range(100)]
        client.insert(name, first[:50])
        client.flush(name)
        client.insert(name, first[50:])
        writers = [Inserter(server, name, (i + 1) * 1_000_000) for i in range(3)]
        while any(len(writer.keys) < 50 for writer in writers):
            time.sleep(0.01)
        with pytest.raises(Exception):  # noqa: B017, PT011: the connection breaks, one way or another
            make(client, name)
        assert server.process.wait(30) == -signal.SIGKILL
        for writer in writers:
            writer.stop()
        server.kill()

        del server.environment["ELANUS_KILL_POINT"]
        keys = set(range(100)).union(*(writer.keys for writer in writers))
        for changed in (False, True):
            server.start()
            client = server.client()
            client.load_collection(name)
            values = {}
            iterator = client.query_iterator(name, batch_size=5000, filter="id < 9000000", output_fields=["n"],
                                             consistency_level="Strong")
            while batch := iterator.next():
                for row in batch:
                    assert row["id"] not in values, "a row stands twice"
                    values[row["id"]] = row["n"]
            assert keys <= values.keys(), "acknowledged rows are missing"
            assert all(key == n for key, n in values.items())
            assert len(values) - len(keys) <= 15, "more rows than were under way"
            if not changed:
                must_hold(client, name, keys)
                writer = Inserter(server, name, 5_000_000)
                while len(writer.keys) < 50:
                    time.sleep(0.01)
                client.add_collection_field(name, "more", DataType.INT64, nullable=True)
                writer.stop()
                keys.update(writer.keys)
                assert "more" in field_names(client, name)
            server.kill()


def test_the_load_progress_of_no_collection_is_an_error(stub):
    missing = stub.GetLoadingProgress(milvus_pb2.GetLoadingProgressRequest(collection_name="not_there"))
    assert missing.status.code == 100 and "collection not found" in missing.status.reason
    state = stub.GetLoadState(milvus_pb2.GetLoadStateRequest(collection_name="not_there"))
    assert state.status.code == 0 and state.state == 0  # LoadStateNotExist
