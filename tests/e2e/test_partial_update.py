"""Upserts that give some fields only, array operations, and concurrent updates of one row."""

import json
import threading
import urllib.request

import pytest
from pymilvus import DataType, MilvusException
from rows import count, create, simple_schema


@pytest.fixture
def table(client, name):
    schema = simple_schema()
    schema.enable_dynamic_field = True
    schema.add_field("n", DataType.INT64)
    schema.add_field("m", DataType.INT64, nullable=True)
    schema.add_field("tags", DataType.ARRAY, element_type=DataType.VARCHAR, max_capacity=4, max_length=9,
                     nullable=True)
    create(client, name, schema)
    client.insert(name, [{"id": i, "vector": [float(i)] * 8, "n": i, "m": 10, "tags": ["a", "b"], "color": "red"}
                         for i in range(4)])
    return name


def row(client, name, key):
    return client.query(name, filter=f"id == {key}", output_fields=["*"], consistency_level="Strong")[0]


def test_given_fields_are_laid_over_the_row(client, table):
    client.flush(table)
    client.upsert(table, [{"id": 1, "n": 100, "size": 5}], partial_update=True)
    updated = row(client, table, 1)
    assert updated["n"] == 100 and updated["m"] == 10 and updated["tags"] == ["a", "b"]
    assert updated["color"] == "red" and updated["size"] == 5
    assert updated["vector"] == [1.0] * 8
    client.upsert(table, [{"id": 1, "m": None}], partial_update=True)
    assert row(client, table, 1)["m"] is None and row(client, table, 1)["n"] == 100
    assert count(client, table) == 4


def test_a_new_row_needs_all_required_fields(client, table):
    with pytest.raises(MilvusException, match="needs all required fields"):
        client.upsert(table, [{"id": 99, "m": 1}], partial_update=True)
    client.upsert(table, [{"id": 99, "n": 1, "vector": [0.0] * 8}], partial_update=True)
    assert row(client, table, 99)["m"] is None
    with pytest.raises(MilvusException, match="duplicate primary keys"):
        client.upsert(table, [{"id": 1, "n": 1}, {"id": 1, "n": 2}], partial_update=True)


def rest(server, path, body):
    request = urllib.request.Request(f"{server.uri}/v2/vectordb/{path}", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request))


def test_array_operations_and_partial_updates_over_rest(client, server, table):
    def upsert(data, **more):
        return rest(server, "entities/upsert", {"collectionName": table, "data": data} | more)

    assert upsert([{"id": 1, "tags": ["c"]}], fieldOps=[{"fieldName": "tags", "op": "ARRAY_APPEND"}])["code"] == 0
    assert row(client, table, 1)["tags"] == ["a", "b", "c"]
    assert upsert([{"id": 1, "tags": ["a", "c"]}], fieldOps=[{"fieldName": "tags", "op": "ARRAY_REMOVE"}])["code"] == 0
    assert row(client, table, 1)["tags"] == ["b"]
    assert upsert([{"id": 1, "tags": ["c", "d", "e", "f"]}],
                  fieldOps=[{"fieldName": "tags", "op": "ARRAY_APPEND"}])["code"] == 1100
    assert upsert([{"id": 1, "n": 3}], fieldOps=[{"fieldName": "n", "op": "ARRAY_APPEND"}])["code"] == 1100
    assert upsert([{"id": 2, "n": 77}], partialUpdate=True)["code"] == 0
    assert row(client, table, 2)["n"] == 77 and row(client, table, 2)["m"] == 10


def test_no_update_is_lost(server, client, table):
    fields = [f"c{i}" for i in range(4)]
    rounds = 15

    def work(field):
        mine = server.client()
        for value in range(1, rounds + 1):
            mine.upsert(table, [{"id": 3, field: value}], partial_update=True)

    workers = [threading.Thread(target=work, args=(field,)) for field in fields]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    updated = row(client, table, 3)
    assert [updated[field] for field in fields] == [rounds] * 4
    assert updated["color"] == "red" and count(client, table) == 4


def test_a_changed_partition_key_moves_the_row(client, name):
    schema = simple_schema()
    schema.add_field("tenant", DataType.INT64, is_partition_key=True)
    create(client, name, schema)
    client.insert(name, [{"id": 1, "vector": [1.0] * 8, "tenant": 1}])
    client.upsert(name, [{"id": 1, "tenant": 2}], partial_update=True)
    assert count(client, name, "tenant == 2") == 1
    assert count(client, name, "tenant == 1") == 0
