"""Queries and results on the wire, message by message."""

import struct

from messages import five, floats, insert, keys, placeholders, query, search
from pymilvus.grpc_gen import common_pb2, milvus_pb2
from rows import count, create, simple_schema


def test_search_results_are_flat_columns(stub, five):
    two = [struct.pack("<4f", 0, 0, 0, 0), struct.pack("<4f", 6, 0, 0, 0)]
    reply = search(stub, five, values=two, nq=2, output=["n"], topk=3)
    found = reply.results
    assert reply.status.code == 0 and reply.collection_name == five
    assert found.num_queries == 2 and found.top_k == 3 and list(found.topks) == [3, 3]
    assert list(found.ids.int_id.data) == [1, 2, 3, 5, 4, 3]
    assert list(found.scores) == [1, 4, 9, 1, 4, 9]
    assert [column.field_name for column in found.fields_data] == ["n"], "the key only when it is asked for"
    assert list(found.fields_data[0].scalars.long_data.data) == [10, 20, 30, 50, 40, 30]
    assert list(found.output_fields) == ["n"] and found.primary_field_name == "id"
    asked = search(stub, five, output=["id"], topk=1).results
    assert [column.field_name for column in asked.fields_data] == ["id"]


def test_no_hits_are_zeros(stub, five):
    found = search(stub, five, values=[b"\0" * 16] * 2, nq=2, dsl="id > 99").results
    assert list(found.topks) == [0, 0] and list(found.scores) == [] and found.num_queries == 2


def test_nq_zero_means_count_the_vectors(stub, five):
    assert search(stub, five, values=[b"\0" * 16] * 3, nq=0, topk=1).results.num_queries == 3


def test_a_placeholder_group_holds_exactly_one(stub, five):
    for groups in (0, 2):
        status = search(stub, five, group=placeholders([b"\0" * 16], groups=groups)).status
        assert status.code != 0, groups
    wrong = search(stub, five, group=placeholders([b"\0" * 16], common_pb2.PlaceholderType.Float16Vector)).status
    assert wrong.code == 1100


def test_search_by_ids(stub, five):
    found = search(stub, five, ids=[4, 1], nq=2, topk=2).results
    assert list(found.ids.int_id.data)[::2] == [4, 1]


def test_query_results_are_rows_in_key_order_with_the_key(stub, five):
    reply = query(stub, five, "id > 0", ["n"])
    columns = {column.field_name: list(column.scalars.long_data.data) for column in reply.fields_data}
    assert columns == {"id": [1, 2, 3, 4, 5], "n": [10, 20, 30, 40, 50]}
    assert reply.collection_name == five and reply.primary_field_name == "id"
    assert "n" in reply.output_fields


def test_mutation_results_say_what_was_done(stub, client, name):
    create(client, name, simple_schema(dim=4))
    done = insert(stub, name, 3, keys([7, 5, 6]), floats(3))
    assert list(done.IDs.int_id.data) == [7, 5, 6], "in the order of the input"
    assert list(done.succ_index) == [0, 1, 2] and list(done.err_index) == []
    assert done.insert_cnt == 3 and done.timestamp > 0
    again = insert(stub, name, 2, keys([5, 8]), floats(2), call="Upsert")
    assert again.upsert_cnt == 2 and list(again.IDs.int_id.data) == [5, 8] and again.timestamp > done.timestamp
    assert again.insert_cnt == 2 and again.delete_cnt == 2, "an upsert deletes and inserts"
    gone = stub.Delete(milvus_pb2.DeleteRequest(collection_name=name, expr="id in [5, 6, 99]"))
    assert gone.delete_cnt == 3, "keys of the request, not rows that were there"
    assert count(client, name) == 2
