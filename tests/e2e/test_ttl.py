"""Rows whose time is over: by the collection's TTL and by a field of the row."""

import time

import pytest
from pymilvus import DataType, MilvusException
from rows import count, create, simple_schema


def test_collection_ttl_hides_rows_and_acts_at_once(client, name):
    create(client, name, simple_schema())
    client.insert(name, [{"id": i, "vector": [float(i)] * 8} for i in range(5)])
    client.flush(name)
    client.insert(name, [{"id": i, "vector": [float(i)] * 8} for i in range(5, 8)])
    time.sleep(1.2)
    client.alter_collection_properties(name, {"collection.ttl.seconds": 1})
    client.insert(name, [{"id": 100, "vector": [9.0] * 8}])
    assert count(client, name) == 1
    assert [hit["id"] for hit in client.search(name, [[0.0] * 8], limit=10, consistency_level="Strong")[0]] == [100]
    assert client.query(name, ids=[1, 100], output_fields=["id"], consistency_level="Strong") == [{"id": 100}]
    assert client.delete(name, filter="id < 100 and id % 1 == 0")["delete_count"] == 0
    client.alter_collection_properties(name, {"collection.ttl.seconds": 3600})
    assert count(client, name, "id < 100") == 8
    client.drop_collection_properties(name, ["collection.ttl.seconds"])
    assert count(client, name, "id < 100") == 8


def test_a_field_says_when_a_row_expires(client, name):
    schema = simple_schema()
    schema.add_field("until", DataType.TIMESTAMPTZ, nullable=True)
    create(client, name, schema, properties={"ttl_field": "until"})
    client.insert(name, [{"id": 1, "vector": [0.0] * 8, "until": "2001-01-01T00:00:00Z"},
                         {"id": 2, "vector": [0.0] * 8, "until": "2999-01-01T00:00:00Z"},
                         {"id": 3, "vector": [0.0] * 8, "until": None}])
    assert count(client, name) == 2
    assert count(client, name, "id < 3") == 1
    hits = client.search(name, [[0.0] * 8], limit=10, consistency_level="Strong")[0]
    assert sorted(hit["id"] for hit in hits) == [2, 3]
    with pytest.raises(MilvusException, match="cannot be set at the same time"):
        client.alter_collection_properties(name, {"collection.ttl.seconds": 5})
