"""Layouts of columns on the wire: what goes in and what comes out, message by message."""

import json
import struct

import numpy as np
import pytest
from messages import T, create_raw, data, field, floats, insert, keys, query, scalar, schema_of, struct_field
from pymilvus.grpc_gen import milvus_pb2, schema_pb2
from rows import count, create, index_of, simple_schema


def pairs(*entries):
    return b"".join(struct.pack("<If", index, value) for index, value in entries)


def array_rows(kind, element, rows):
    one = schema_pb2.ScalarField()
    one.array_data.element_type = element
    for row in rows:
        getattr(one.array_data.data.add(), kind).data.extend(row)
    return one


# Field type: its parameters, the member that holds the values, two of them as sent and as they come back.
SCALAR_LAYOUTS = {
    "Bool": ({}, "bool_data", [True, False], False),
    "Int8": ({}, "int_data", [-128, 127], 0),
    "Int16": ({}, "int_data", [-32768, 32767], 0),
    "Int32": ({}, "int_data", [-2**31, 2**31 - 1], 0),
    "Int64": ({}, "long_data", [-2**63, 2**63 - 1], 0),
    "Float": ({}, "float_data", [0.5, -1.25], 0.0),
    "Double": ({}, "double_data", [0.1, -1e300], 0.0),
    "VarChar": ({"max_length": 9}, "string_data", ["", "ä"], ""),
    "Text": ({}, "string_data", ["long", ""], ""),
    "JSON": ({}, "json_data", [b'{"a":1}', b"[1,null]"], None),
    "Geometry": ({}, "geometry_wkt_data", ["POINT (1 2)", "LINESTRING (0 0, 1 1)"], None),
    "Timestamptz": ({}, "string_data", ["2025-01-01T00:00:00Z", "1969-12-31T23:59:59.5Z"], None),
}


@pytest.mark.parametrize("state", ["growing", "sealed"])
@pytest.mark.parametrize("kind", SCALAR_LAYOUTS)
def test_scalar_columns_are_compact_in_and_full_length_out(stub, client, name, kind, state):
    params, member, values, placeholder = SCALAR_LAYOUTS[kind]
    data_type = T.Value(kind)
    create_raw(stub, schema_of(name, field("f", data_type, params, nullable=True)))
    client.create_index(name, index_of())
    client.load_collection(name)
    reply = insert(stub, name, 3, keys([1, 2, 3]), floats(3),
                   data("f", data_type, scalars=scalar(member, values), valid=[True, False, True]))
    assert reply.status.code == 0, reply.status
    if state == "sealed":
        client.flush(name)
    found = {column.field_name: column for column in query(stub, name, "id > 0", ["f"]).fields_data}
    assert set(found) == {"id", "f"}, "the key always comes along"
    column = found["f"]
    assert column.type == data_type and column.scalars.WhichOneof("data") == member
    assert list(column.valid_data) == [True, False, True]
    stored = list(getattr(column.scalars, member).data)
    assert [stored[0], stored[2]] == values and len(stored) == 3, "full length"
    if placeholder is not None:
        assert stored[1] == placeholder


ARRAY_LAYOUTS = {
    "Bool": ("bool_data", [True, False]), "Int8": ("int_data", [-128, 127]), "Int16": ("int_data", [-32768, 1]),
    "Int32": ("int_data", [-2**31, 1]), "Int64": ("long_data", [-2**63, 1]), "Float": ("float_data", [0.5, 2]),
    "Double": ("double_data", [0.1, 2]), "VarChar": ("string_data", ["ä", ""]),
}


@pytest.mark.parametrize("element", ARRAY_LAYOUTS)
def test_an_array_column_holds_one_scalar_field_a_row(stub, client, name, element):
    member, values = ARRAY_LAYOUTS[element]
    element_type = T.Value(element)
    params = {"max_capacity": 4} | ({"max_length": 9} if element == "VarChar" else {})
    create_raw(stub, schema_of(name, field("f", T.Array, params, element_type=element_type, nullable=True)))
    client.create_index(name, index_of())
    client.load_collection(name)
    reply = insert(stub, name, 3, keys([1, 2, 3]), floats(3),
                   data("f", T.Array, scalars=array_rows(member, element_type, [values, []]),
                        valid=[True, True, False]))
    assert reply.status.code == 0, reply.status
    for sealed in (False, True):
        if sealed:
            client.flush(name)
        column = [one for one in query(stub, name, "id > 0", ["f"]).fields_data if one.field_name == "f"][0]
        array = column.scalars.array_data
        assert array.element_type == element_type
        assert list(column.valid_data) == [True, True, False]
        assert len(array.data) == 3
        assert list(getattr(array.data[0], member).data) == values
        assert list(getattr(array.data[1], member).data) == []


VECTOR_LAYOUTS = {
    "FloatVector": ({"dim": 2}, "float_vector", [0.5, -1.0, 2.0, 3.0]),
    "BinaryVector": ({"dim": 16}, "binary_vector", bytes([1, 2, 3, 4])),
    "Float16Vector": ({"dim": 2}, "float16_vector", np.array([1, -2, 3, 0.5], np.float16).tobytes()),
    "BFloat16Vector": ({"dim": 2}, "bfloat16_vector", bytes([0x80, 0x3F, 0, 0xC0, 0, 0x40, 0, 0x3F])),
    "Int8Vector": ({"dim": 2}, "int8_vector", bytes([128, 127, 0, 255])),
    "SparseFloatVector": ({}, "sparse_float_vector", [pairs((3, 0.5), (4294967294, 2.0)), b""]),
}


def vector_data(member, dim, value):
    vectors = schema_pb2.VectorField(dim=dim)
    if member == "float_vector":
        vectors.float_vector.data.extend(value)
    elif member == "sparse_float_vector":
        vectors.sparse_float_vector.contents.extend(value)
    else:
        setattr(vectors, member, value)
    return vectors


def vector_index(field_name, kind):
    index = index_of()
    metric = {"BinaryVector": ("BIN_FLAT", "HAMMING"), "SparseFloatVector": ("SPARSE_INVERTED_INDEX", "IP")}
    index_type, metric_type = metric.get(kind, ("FLAT", "L2"))
    index.add_index(field_name, index_type=index_type, metric_type=metric_type)
    return index


@pytest.mark.parametrize("kind", VECTOR_LAYOUTS)
def test_null_vectors_stay_out_of_the_payload_both_ways(stub, client, name, kind):
    params, member, value = VECTOR_LAYOUTS[kind]
    data_type = T.Value(kind)
    create_raw(stub, schema_of(name, field("f", data_type, params, nullable=True)))
    client.create_index(name, vector_index("f", kind))
    client.load_collection(name)
    valid = [True, False, True]
    reply = insert(stub, name, 3, keys([1, 2, 3]), floats(3),
                   data("f", data_type, vectors=vector_data(member, params.get("dim", 0), value), valid=valid))
    assert reply.status.code == 0, reply.status
    for sealed in (False, True):
        if sealed:
            client.flush(name)
        column = [one for one in query(stub, name, "id > 0", ["f"]).fields_data if one.field_name == "f"][0]
        assert list(column.valid_data) == valid
        assert column.vectors.WhichOneof("data") == member
        stored = getattr(column.vectors, member)
        if member == "float_vector":
            assert list(stored.data) == value
        elif member == "sparse_float_vector":
            assert list(stored.contents) == value
            assert column.vectors.dim == stored.dim == 4294967295, "the largest index of the batch and one"
        else:
            assert stored == value
        assert column.vectors.dim == params.get("dim", 4294967295)


def struct_data(name, numbers, valid=None):
    column = schema_pb2.FieldData(field_name=name, type=T.ArrayOfStruct)
    vectors = schema_pb2.VectorField(dim=2)
    vectors.vector_array.dim = 2
    vectors.vector_array.element_type = T.FloatVector
    for row in numbers:
        one = vectors.vector_array.data.add(dim=2)
        one.float_vector.data.extend(float(n) for n in row for _ in range(2))
    column.struct_arrays.fields.append(data("n", T.Array, scalars=array_rows("int_data", T.Int32, numbers),
                                            valid=valid))
    column.struct_arrays.fields.append(data("v", T.ArrayOfVector, vectors=vectors, valid=valid))
    return column


def test_struct_arrays_go_by_bare_sub_field_names_and_null_rows_are_empty(stub, client, name):
    create_raw(stub, schema_of(name, structs=[struct_field("s", nullable=True)]))
    client.create_index(name, index_of())
    client.load_collection(name)
    reply = insert(stub, name, 3, keys([1, 2, 3]), floats(3),
                   struct_data("s", [[1, 2], [3]], valid=[True, False, True]))
    assert reply.status.code == 0, reply.status
    for sealed in (False, True):
        if sealed:
            client.flush(name)
        column = [one for one in query(stub, name, "id > 0", ["s"]).fields_data if one.field_name == "s"][0]
        assert column.type == T.ArrayOfStruct
        numbers, vectors = column.struct_arrays.fields
        assert (numbers.field_name, vectors.field_name) == ("n", "v")
        assert (numbers.type, vectors.type) == (T.Array, T.ArrayOfVector)
        assert [list(row.int_data.data) for row in numbers.scalars.array_data.data] == [[1, 2], [], [3]]
        rows = vectors.vectors.vector_array
        assert rows.element_type == T.FloatVector and rows.dim == 2
        assert [list(row.float_vector.data) for row in rows.data] == [[1, 1, 2, 2], [], [3, 3]]
        assert list(numbers.valid_data) == [True, False, True]


def test_the_dynamic_column_is_json_objects_under_its_own_mark(stub, client, name):
    create_raw(stub, schema_of(name, enable_dynamic_field=True))
    client.create_index(name, index_of())
    client.load_collection(name)

    def dynamic(*rows):
        return data("$meta", T.JSON, scalars=scalar("json_data", rows), is_dynamic=True)

    assert insert(stub, name, 2, keys([1, 2]), floats(2), dynamic(b'{"a": 1}', b"{}")).status.code == 0
    for bad in (b"[1]", b"1", b'"a"', b"null", b"{", b""):
        assert insert(stub, name, 1, keys([3]), floats(1), dynamic(bad)).status.code == 1100, bad
    assert count(client, name, "a == 1") == 1 and count(client, name) == 2
    column = [one for one in query(stub, name, "id > 0", ["$meta"]).fields_data if one.is_dynamic][0]
    assert [json.loads(row) for row in column.scalars.json_data.data] == [{"a": 1}, {}]
    described = stub.DescribeCollection(milvus_pb2.DescribeCollectionRequest(collection_name=name)).schema
    assert described.enable_dynamic_field
    assert [one.name for one in described.fields] == ["id", "vector"], "$meta is not listed"


BAD_COLUMNS = {
    "values for null rows": (lambda: data("n", T.Int64, scalars=scalar("long_data", [1, 2]), valid=[True, False]),
                             "the length of field is wrong"),
    "too few values": (lambda: data("n", T.Int64, scalars=scalar("long_data", [1]), valid=[True, True]),
                       "the length of field is wrong"),
    "valid_data too short": (lambda: data("n", T.Int64, scalars=scalar("long_data", [1]), valid=[True]), "valid_data"),
    "valid_data of a plain field": (lambda: data("plain", T.Int64, scalars=scalar("long_data", [1, 2]),
                                                 valid=[True, True]), "valid_data"),
}


@pytest.mark.parametrize("what", BAD_COLUMNS)
def test_validity_that_does_not_fit_is_refused(stub, client, name, what):
    create_raw(stub, schema_of(name, field("n", T.Int64, nullable=True), field("plain", T.Int64)))
    client.create_index(name, index_of())
    client.load_collection(name)
    make, phrase = BAD_COLUMNS[what]
    columns = [make()]
    if columns[0].field_name != "plain":
        columns.append(data("plain", T.Int64, scalars=scalar("long_data", [1, 2])))
    status = insert(stub, name, 2, keys([1, 2]), floats(2), *columns).status
    assert status.code == 1100 and phrase in status.reason, status
    assert count(client, name) == 0


def test_a_field_with_a_default_takes_validity_too(stub, client, name):
    default = schema_pb2.ValueField(long_data=7)
    create_raw(stub, schema_of(name, field("n", T.Int64, default_value=default)))
    client.create_index(name, index_of())
    client.load_collection(name)
    column = data("n", T.Int64, scalars=scalar("long_data", [1]), valid=[False, True])
    assert insert(stub, name, 2, keys([1, 2]), floats(2), column).status.code == 0
    assert [row["n"] for row in client.query(name, filter="id > 0", output_fields=["n"],
                                             consistency_level="Strong")] == [7, 1]


@pytest.mark.parametrize("row, phrase", [
    (b"\0" * 7, "invalid data length"), (pairs((2, 1.0), (1, 1.0)), "unsorted"),
    (pairs((2, 1.0), (2, 1.0)), "unsorted"),
    (pairs((4294967295, 1.0)), "2^32-1"), (pairs((1, -1.0)), "negative"), (pairs((1, float("nan"))), "NaN"),
    (pairs((1, float("inf"))), "Inf"),
])
def test_sparse_rows_that_are_none_are_refused(stub, client, name, row, phrase):
    create_raw(stub, schema_of(name, field("f", T.SparseFloatVector)))
    client.create_index(name, vector_index("f", "SparseFloatVector"))
    client.load_collection(name)
    status = insert(stub, name, 1, keys([1]), floats(1),
                    data("f", T.SparseFloatVector, vectors=vector_data("sparse_float_vector", 0, [row]))).status
    assert status.code == 1100 and phrase in status.reason, status
    assert count(client, name) == 0


@pytest.mark.parametrize("kind, value", [("Float", float("nan")), ("Float", float("inf")), ("Double", float("nan")),
                                         ("Double", float("-inf"))])
def test_numbers_that_are_none_are_refused(stub, client, name, kind, value):
    create_raw(stub, schema_of(name, field("f", T.Value(kind))))
    client.create_index(name, index_of())
    client.load_collection(name)
    column = data("f", T.Value(kind), scalars=scalar(kind.lower() + "_data", [value]))
    assert insert(stub, name, 1, keys([1]), floats(1), column).status.code == 1100
    assert count(client, name) == 0


def test_a_replaced_row_gets_nulls_and_defaults_anew(stub, client, name):
    default = schema_pb2.ValueField(long_data=7)
    create_raw(stub, schema_of(name, field("n", T.Int64, nullable=True), field("d", T.Int64, default_value=default)))
    client.create_index(name, index_of())
    client.load_collection(name)
    client.insert(name, [{"id": 1, "vector": [0.0] * 4, "n": 5, "d": 6}])
    client.upsert(name, [{"id": 1, "vector": [0.0] * 4}])
    assert client.query(name, filter="id == 1", output_fields=["n", "d"], consistency_level="Strong") == [
        {"id": 1, "n": None, "d": 7}]


def test_keys_from_the_least_to_the_largest(client, name):
    create(client, name, simple_schema(dim=4))
    ids = [-2**63, -1, 0, 2**63 - 1]
    client.insert(name, [{"id": i, "vector": [0.0] * 4} for i in reversed(ids)])
    for sealed in (False, True):
        if sealed:
            client.flush(name)
        rows = client.query(name, filter="", limit=9, output_fields=["id"], consistency_level="Strong")
        assert [row["id"] for row in rows] == ids
        assert [row["id"] for row in client.get(name, ids=ids, output_fields=["id"])] == ids
        assert count(client, name, "id <= -9223372036854775808") == 1
    client.delete(name, ids=[ids[0], ids[-1]])
    assert count(client, name) == 2


def test_a_search_leaves_null_vectors_out(stub, client, name):
    create_raw(stub, schema_of(name, field("f", T.FloatVector, {"dim": 4}, nullable=True)))
    client.create_index(name, vector_index("f", "FloatVector"))
    client.load_collection(name)
    client.insert(name, [{"id": i, "vector": [0.0] * 4, "f": None if i % 3 else [float(i)] * 4} for i in range(30)])

    def found():
        return [hit["id"] for hit in client.search(name, [[0.0] * 4], anns_field="f", limit=30,
                                                   consistency_level="Strong")[0]]
    assert found() == list(range(0, 30, 3))
    client.flush(name)
    assert found() == list(range(0, 30, 3))
    client.delete(name, filter="id % 3 == 0")
    assert found() == []
