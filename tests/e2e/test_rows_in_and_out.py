"""Insert, upsert, delete, query, get and count."""

import pytest
from oracle import random_vectors
from pymilvus import DataType, MilvusClient, MilvusException
from rows import all_ids, count, create, insert_in_batches, simple_schema, vector_rows


@pytest.fixture
def numbered(client, name):
    """100 rows: id i, number i * 10, vector random."""
    schema = simple_schema()
    schema.add_field("number", DataType.INT64)
    create(client, name, schema)
    client.insert(name, vector_rows(random_vectors(100, 8), number=[i * 10 for i in range(100)]))
    return name


def test_insert_reports_ids_in_input_order(client, name):
    create(client, name, simple_schema())
    reply = client.insert(name, [{"id": i, "vector": [0.0] * 8} for i in (5, 3, 9)])
    assert reply["insert_count"] == 3
    assert list(reply["ids"]) == [5, 3, 9]


def test_rows_are_seen_at_once_by_strong_reads(client, name):
    create(client, name, simple_schema())
    for number in range(30):
        client.insert(name, [{"id": number, "vector": [float(number)] * 8}])
        assert count(client, name) == number + 1


def test_a_session_reads_its_own_writes(client, name):
    create(client, name, simple_schema(), consistency_level="Session")
    for number in range(10):
        client.insert(name, [{"id": number, "vector": [0.0] * 8}])
        rows = client.query(name, filter=f"id == {number}", output_fields=["id"], consistency_level="Session")
        assert len(rows) == 1


def test_query_answers_in_order_of_the_key(client, numbered):
    rows = client.query(numbered, filter="number >= 500", output_fields=["id", "number"], limit=100)
    assert [row["id"] for row in rows] == list(range(50, 100))
    assert all(row["number"] == row["id"] * 10 for row in rows)


def test_query_pages_with_limit_and_offset(client, numbered):
    pages = [client.query(numbered, filter="id >= 0", output_fields=["id"], limit=30, offset=offset)
             for offset in (0, 30, 60, 90, 120)]
    assert [row["id"] for page in pages for row in page] == list(range(100))


def test_query_without_filter_needs_a_limit(client, numbered):
    assert len(client.query(numbered, filter="", limit=7)) == 7
    with pytest.raises(MilvusException, match="empty expression should be used with limit") as error:
        client.query(numbered, filter="")
    assert error.value.code == 1100


def test_query_by_ids_and_get(client, numbered):
    rows = client.get(numbered, ids=[3, 1, 999], output_fields=["number"])
    assert sorted(row["id"] for row in rows) == [1, 3]
    assert sorted(row["number"] for row in rows) == [10, 30]
    rows = client.query(numbered, ids=[4, 5], output_fields=["*"])
    assert sorted(row["id"] for row in rows) == [4, 5]
    assert {*rows[0]} == {"id", "vector", "number"}


def test_the_key_is_always_among_the_columns(client, numbered):
    assert {*client.query(numbered, filter="id == 1", output_fields=["number"])[0]} == {"id", "number"}


def test_count_takes_filters_but_no_pages(client, numbered):
    assert count(client, numbered) == 100
    assert count(client, numbered, "number < 250") == 25
    assert count(client, numbered, "number < 0") == 0
    with pytest.raises(MilvusException, match="count entities with pagination is not allowed"):
        client.query(numbered, filter="", output_fields=["count(*)"], limit=5)


def test_an_unknown_output_field_is_refused(client, numbered):
    with pytest.raises(MilvusException, match="not exist") as error:
        client.query(numbered, filter="id == 1", output_fields=["nothing"])
    assert error.value.code in (1100, 1700)


def test_delete_by_ids(client, numbered):
    assert client.delete(numbered, ids=[1, 2, 3])["delete_count"] == 3
    assert count(client, numbered) == 97
    assert client.get(numbered, ids=[1, 2, 3]) == []


def test_delete_by_filter(client, numbered):
    client.delete(numbered, filter="number >= 900")
    assert all_ids(client, numbered) == list(range(90))


def test_delete_by_a_filter_that_matches_nothing(client, numbered):
    client.delete(numbered, filter="number == 12345")
    client.delete(numbered, ids=[777])
    assert count(client, numbered) == 100


def test_delete_needs_a_filter(client, numbered):
    with pytest.raises(MilvusException):
        client.delete(numbered, filter="")
    assert count(client, numbered) == 100


def test_delete_within_one_partition(client, name):
    create(client, name, simple_schema())
    client.create_partition(name, "p")
    client.insert(name, vector_rows(random_vectors(5, 8)), partition_name="p")
    client.insert(name, vector_rows(random_vectors(5, 8), start=10))
    client.delete(name, filter="id >= 0", partition_name="p")
    assert all_ids(client, name) == [10, 11, 12, 13, 14]


def test_a_deleted_row_can_come_back(client, numbered):
    client.delete(numbered, ids=[7])
    client.insert(numbered, [{"id": 7, "vector": [1.0] * 8, "number": 7777}])
    assert client.get(numbered, ids=[7], output_fields=["number"])[0]["number"] == 7777
    client.flush(numbered)
    assert client.get(numbered, ids=[7], output_fields=["number"])[0]["number"] == 7777
    client.delete(numbered, ids=[7])
    assert client.get(numbered, ids=[7]) == []


def test_deletes_reach_sealed_rows(client, numbered):
    client.flush(numbered)
    client.delete(numbered, ids=[0, 50, 99])
    assert count(client, numbered) == 97
    client.flush(numbered)
    assert count(client, numbered) == 97
    hits = client.search(numbered, [[0.0] * 8], limit=100)[0]
    assert len(hits) == 97
    assert not {0, 50, 99} & {hit["id"] for hit in hits}


def test_upsert_replaces_and_adds(client, numbered):
    reply = client.upsert(numbered, [{"id": i, "vector": [9.0] * 8, "number": -i} for i in range(95, 105)])
    assert reply["upsert_count"] == 10
    assert count(client, numbered) == 105
    rows = client.query(numbered, filter="id >= 90", output_fields=["number"], limit=100)
    assert {row["id"]: row["number"] for row in rows} == (
        {i: i * 10 for i in range(90, 95)} | {i: -i for i in range(95, 105)})


def test_upsert_of_sealed_rows(client, numbered):
    client.flush(numbered)
    for round_ in range(3):
        client.upsert(numbered, [{"id": 5, "vector": [float(round_)] * 8, "number": round_}])
        assert count(client, numbered) == 100
        assert client.get(numbered, ids=[5], output_fields=["number"])[0]["number"] == round_
        client.flush(numbered)
    assert count(client, numbered) == 100


def test_upsert_refuses_one_key_twice_in_a_batch(client, numbered):
    with pytest.raises(MilvusException) as error:
        client.upsert(numbered, [{"id": 1, "vector": [0.0] * 8, "number": n} for n in (1, 2)])
    assert error.value.code == 1100
    assert client.get(numbered, ids=[1], output_fields=["number"])[0]["number"] == 10


def test_upsert_with_auto_id_gives_a_new_id(client, name):
    schema = MilvusClient.create_schema(auto_id=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=8)
    create(client, name, schema)
    old = client.insert(name, [{"vector": [0.0] * 8}])["ids"][0]
    client.upsert(name, [{"id": old, "vector": [1.0] * 8}])
    assert count(client, name) == 1
    assert client.query(name, filter="id > 0", output_fields=["vector"])[0]["vector"] == [1.0] * 8


def test_upsert_moves_a_row_between_tenants(client, name):
    schema = simple_schema()
    schema.add_field("tenant", DataType.INT64, is_partition_key=True)
    create(client, name, schema)
    client.insert(name, vector_rows(random_vectors(10, 8), tenant=[1] * 10))
    client.upsert(name, [{"id": 4, "vector": [0.0] * 8, "tenant": 2}])
    assert count(client, name) == 10
    assert all_ids(client, name, "tenant == 2") == [4]


def test_several_shards_answer_as_one(client, name):
    create(client, name, simple_schema(), num_shards=4)
    insert_in_batches(client, name, vector_rows(random_vectors(2000, 8)))
    assert all_ids(client, name) == list(range(2000))
    client.flush(name)
    client.delete(name, filter="id < 500")
    client.upsert(name, [{"id": 1999, "vector": [0.0] * 8}])
    assert all_ids(client, name) == list(range(500, 2000))
    assert client.search(name, [[0.0] * 8], limit=1)[0][0]["id"] == 1999


def test_a_large_result_comes_back_whole(client, name):
    create(client, name, simple_schema(dim=128))
    insert_in_batches(client, name, vector_rows(random_vectors(16384, 128)), batch=4096)
    rows = client.query(name, filter="", output_fields=["vector"], limit=16384)
    assert len(rows) == 16384
    assert {row["id"] for row in rows} == set(range(16384))
