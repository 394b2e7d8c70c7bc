"""Fields added, altered and dropped, properties, truncation, databases: while rows are there."""

import threading
import time

import pytest
from pymilvus import DataType, MilvusClient, MilvusException
from rows import count, create, simple_schema


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
    with pytest.raises(MilvusException) as indexed:
        client.alter_collection_properties(name, {"partitionkey.isolation": True})
    assert indexed.value.code == 702
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
