"""The data model as it is on the wire: layouts of columns and results, limits, names, rules of schemas.

Requests are written message by message where a client library would hide or forbid the case.
"""

import json
import struct

import numpy as np
import pytest
from elanus_server import Server
from pymilvus import DataType, MilvusClient, MilvusException
from pymilvus.grpc_gen import common_pb2, milvus_pb2, schema_pb2
from rows import count, create, index_of, simple_schema

T = schema_pb2.DataType


def refused(function, *arguments, **named):
    with pytest.raises(MilvusException) as error:
        function(*arguments, **named)
    return error.value


# ---- messages


def field(name, data_type, params=None, **arguments):
    one = schema_pb2.FieldSchema(name=name, data_type=data_type, **arguments)
    for key, value in (params or {}).items():
        one.type_params.add(key=key, value=str(value))
    return one


def schema_of(name, *extra, key=None, dim=4, structs=(), **arguments):
    key = key or field("id", T.Int64, is_primary_key=True)
    return schema_pb2.CollectionSchema(name=name, fields=[key, field("vector", T.FloatVector, {"dim": dim}), *extra],
                                       struct_array_fields=structs, **arguments)


def create_raw(stub, schema, name=None, properties=None, **arguments):
    request = milvus_pb2.CreateCollectionRequest(collection_name=name or schema.name,
                                                 schema=schema.SerializeToString(), **arguments)
    for key, value in (properties or {}).items():
        request.properties.add(key=key, value=value)
    return stub.CreateCollection(request)


def data(name, data_type, *, scalars=None, vectors=None, valid=None, **arguments):
    column = schema_pb2.FieldData(field_name=name, type=data_type, **arguments)
    if scalars is not None:
        column.scalars.CopyFrom(scalars)
    if vectors is not None:
        column.vectors.CopyFrom(vectors)
    column.valid_data.extend(valid or [])
    return column


def scalar(kind, values):
    one = schema_pb2.ScalarField()
    getattr(one, kind).data.extend(values)
    return one


def keys(values):
    return data("id", T.Int64, scalars=scalar("long_data", values))


def floats(rows, dim=4):
    vectors = schema_pb2.VectorField(dim=dim)
    vectors.float_vector.data.extend([0.5] * dim * rows)
    return data("vector", T.FloatVector, vectors=vectors)


def insert(stub, name, rows, *columns, call="Insert"):
    request = milvus_pb2.UpsertRequest if call == "Upsert" else milvus_pb2.InsertRequest
    return getattr(stub, call)(request(collection_name=name, num_rows=rows, fields_data=columns))


def query(stub, name, filter, fields, **params):
    request = milvus_pb2.QueryRequest(collection_name=name, expr=filter, output_fields=fields,
                                      use_default_consistency=True)
    for key, value in params.items():
        request.query_params.add(key=key, value=str(value))
    return stub.Query(request)


def placeholders(values, kind=common_pb2.PlaceholderType.FloatVector, tag="$0", groups=1):
    group = common_pb2.PlaceholderGroup()
    for _ in range(groups):
        group.placeholders.add(tag=tag, type=kind, values=values)
    return group.SerializeToString()


def search(stub, name, *, values=None, nq=1, output=(), dsl="", ids=None, group=None, **params):
    request = milvus_pb2.SearchRequest(collection_name=name, dsl=dsl, dsl_type=common_pb2.BoolExprV1, nq=nq,
                                       output_fields=output, use_default_consistency=True)
    if ids is not None:
        request.ids.int_id.data.extend(ids)
    else:
        request.placeholder_group = placeholders(values or [b"\0" * 16]) if group is None else group
    for key, value in ({"anns_field": "vector", "topk": 10, "params": "{}"} | params).items():
        request.search_params.add(key=key, value=str(value))
    return stub.Search(request)


# ---- layouts of columns: what goes in and what comes out, message by message


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


def struct_field(name, nullable=False):
    fields = [field("n", T.Array, {"max_capacity": 4}, element_type=T.Int32, nullable=nullable),
              field("v", T.ArrayOfVector, {"max_capacity": 4, "dim": 2}, element_type=T.FloatVector,
                    nullable=nullable)]
    return schema_pb2.StructArrayFieldSchema(name=name, fields=fields, nullable=nullable)


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


# ---- queries and results


@pytest.fixture(scope="module")
def five(client, module_name):
    """Ids 1 to 5; the distance of id i to the origin is i * i."""
    schema = simple_schema(dim=4)
    schema.add_field("n", DataType.INT64)
    create(client, module_name, schema)
    client.insert(module_name, [{"id": i, "vector": [float(i), 0, 0, 0], "n": 10 * i} for i in (3, 1, 5, 2, 4)])
    return module_name


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
    gone = stub.Delete(milvus_pb2.DeleteRequest(collection_name=name, expr="id in [5, 6, 99]"))
    assert gone.delete_cnt == 3, "keys of the request, not rows that were there"
    assert count(client, name) == 2


# ---- limits


SETTINGS = {
    "ROOTCOORD_MAXPARTITIONNUM": "3", "ROOTCOORD_MAXDATABASENUM": "3", "QUOTAANDLIMITS_LIMITS_MAXCOLLECTIONNUM": "3",
    "QUOTAANDLIMITS_LIMITS_TOPK": "20", "QUOTAANDLIMITS_LIMITS_NQ": "3",
    "QUOTAANDLIMITS_LIMITS_MAXQUERYRESULTWINDOW": "30", "PROXY_MAXFIELDNUM": "5", "PROXY_MAXVECTORFIELDNUM": "2",
    "PROXY_MAXSHARDNUM": "2", "PROXY_MAXDIMENSION": "16", "PROXY_MAXVARCHARLENGTH": "10", "PROXY_MAXNAMELENGTH": "20",
    "PROXY_MAXARRAYCAPACITY": "6", "PROXY_MAXCOLLECTIONDESCRIPTIONLENGTH": "5", "COMMON_JSONMAXLENGTH": "50",
    "QUOTAANDLIMITS_LIMITS_MAXOUTPUTSIZE": "4096", "COMMON_GROUPBY_MAXGROUPS": "4",
}


@pytest.fixture(scope="module")
def narrow(tmp_path_factory):
    """A server whose limits are set low, and its client."""
    with Server(tmp_path_factory.mktemp("narrow"), environment=SETTINGS) as server:
        yield server.client()


def one_more(*arguments, **named):
    schema = simple_schema(dim=4)
    schema.add_field("f", *arguments, **named)
    return schema


NARROW = {
    "fields": (lambda: _wide(DataType.INT64, 4), 1100, "maximum field's number should be limited to 5"),
    "vectors": (lambda: _wide(DataType.FLOAT_VECTOR, 2, dim=4), 1100,
                "maximum vector field's number should be limited to 2"),
    "dimension": (lambda: one_more(DataType.FLOAT_VECTOR, dim=17), 1100, "should be in range 2 ~ 16"),
    "binary dimension": (lambda: one_more(DataType.BINARY_VECTOR, dim=136), 1100, "should be in range 2 ~ 128"),
    "max_length": (lambda: one_more(DataType.VARCHAR, max_length=11), 1100, "should be in (0, 10]"),
    "max_capacity": (lambda: one_more(DataType.ARRAY, element_type=DataType.INT8, max_capacity=7), 1100,
                     "should be in (0, 6]"),
    "field name": (lambda: _named("f" * 21), 1701, "must be less than 20 characters"),
    "description": (lambda: MilvusClient.create_schema(description="abcdef"), 1100, "must not exceed 5"),
}


def _named(field_name):
    schema = simple_schema(dim=4)
    schema.add_field(field_name, DataType.INT64)
    return schema


def _wide(data_type, fields, **arguments):
    schema = simple_schema(dim=4)
    for number in range(fields):
        schema.add_field(f"f{number}", data_type, **arguments)
    return schema


@pytest.mark.parametrize("what", NARROW)
def test_limits_of_schemas_come_from_the_configuration(narrow, what):
    make, code, phrase = NARROW[what]
    schema = make()
    if what == "description":
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=4)
    error = refused(narrow.create_collection, "c", schema=schema)
    assert error.code == code and phrase in error.message
    assert not narrow.has_collection("c")


def test_limits_of_counts_come_from_the_configuration(narrow):
    error = refused(narrow.create_collection, "c" * 21, schema=simple_schema(dim=4))
    assert error.code == 1100 and "must be less than 20 characters" in error.message
    error = refused(narrow.create_collection, "c", schema=simple_schema(dim=4), num_shards=3)
    assert error.code == 1100 and "maximum shards's number should be limited to 2" in error.message
    for name in ("d1", "d2"):
        narrow.create_database(name)
    error = refused(narrow.create_database, "d3")
    assert error.code == 801 and "exceeded the limit number of database" in error.message
    for name in ("c1", "c2", "c3"):
        narrow.create_collection(name, schema=simple_schema(dim=4))
    error = refused(narrow.create_collection, "c4", schema=simple_schema(dim=4))
    assert error.code == 102 and "exceeded the limit number of collections" in error.message
    for name in ("p1", "p2"):
        narrow.create_partition("c1", name)
    error = refused(narrow.create_partition, "c1", "p3")
    assert error.code == 1100 and "partition number (3) exceeds max configuration (3)" in error.message
    for name in ("c1", "c2", "c3"):
        narrow.drop_collection(name)
    for name in ("d1", "d2"):
        narrow.drop_database(name)


def test_limits_of_reads_and_values_come_from_the_configuration(narrow):
    schema = simple_schema(dim=4, enable_dynamic_field=True)
    schema.add_field("doc", DataType.JSON)
    create(narrow, "reads", schema)
    try:
        rows = [{"id": i, "vector": [0.0] * 4, "doc": {}} for i in range(40)]
        narrow.insert("reads", rows)
        assert len(narrow.search("reads", [[0.0] * 4], limit=20)[0]) == 20
        assert "[1, 20], but got 21" in refused(narrow.search, "reads", [[0.0] * 4], limit=21).message
        assert len(narrow.search("reads", [[0.0] * 4] * 3, limit=1)) == 3
        assert "[1, 3], but got 4" in refused(narrow.search, "reads", [[0.0] * 4] * 4, limit=1).message
        assert len(narrow.query("reads", filter="", limit=20, offset=10)) == 20
        assert "[1, 30], but got 31" in refused(narrow.query, "reads", filter="", limit=20, offset=11).message
        for bad in ({"doc": {"x": "y" * 43}}, {"other": "y" * 40}):
            error = refused(narrow.insert, "reads", [rows[0] | bad])
            assert error.code == 1100 and "exceeds max length (50)" in error.message
        narrow.insert("reads", [{"id": 99 + i, "vector": [0.0] * 4, "doc": {"x": "y" * 40}} for i in range(100)])
        error = refused(narrow.query, "reads", filter="id > 98", output_fields=["*"])
        assert error.code == 1102 and "larger than 4096 bytes" in error.message
    finally:
        narrow.drop_collection("reads")


def test_the_limit_of_groups_comes_from_the_configuration(narrow):
    create(narrow, "groups", one_more(DataType.INT64))
    try:
        narrow.insert("groups", [{"id": i, "vector": [0.0] * 4, "f": i} for i in range(5)])
        grouped = {"group_by_fields": ["f"], "output_fields": ["f", "count(*)"]}
        assert len(narrow.query("groups", filter="id < 4", **grouped)) == 4
        error = refused(narrow.query, "groups", filter="", **grouped)
        assert error.code == 1100 and "common.groupBy.maxGroups" in error.message
    finally:
        narrow.drop_collection("groups")


def test_what_is_just_within_the_limits_is_taken(client, name):
    schema = simple_schema(dim=4, enable_dynamic_field=True, description="d" * 1024)
    schema.add_field("f" * 255, DataType.VARCHAR, max_length=65535)
    schema.add_field("list", DataType.ARRAY, element_type=DataType.BOOL, max_capacity=4096)
    schema.add_field("doc", DataType.JSON)
    create(client, name, schema)
    full = {"id": 1, "vector": [0.0] * 4, "f" * 255: "ä" * 32767 + "x", "list": [True] * 4096,
            "doc": {"k": "v" * (65536 - len('{"k":""}'))}, "k": "v" * (65536 - len('{"k":""}'))}
    client.insert(name, [full])
    found = client.query(name, filter="id == 1", output_fields=["*"], consistency_level="Strong")[0]
    assert {key: list(value) if key in ("list", "vector") else value for key, value in found.items()} == full
    for key, value in {"f" * 255: "x" * 65536, "list": [True] * 4097, "doc": full["doc"] | {"l": 1},
                       "l": 1}.items():
        error = refused(client.insert, name, [full | {"id": 2, key: value}])
        assert error.code == 1100 and "exceeds max" in error.message, key
    with pytest.raises(MilvusException, match="1024"):
        client.create_collection(name + "_b", schema=simple_schema(description="d" * 1025))


def test_the_largest_reads_are_answered(client, five):
    assert len(client.search(five, [[0.0] * 4], limit=16384)[0]) == 5
    assert len(client.search(five, [[0.0] * 4], limit=1, offset=16383)[0]) == 0
    assert len(client.search(five, [[0.0] * 4] * 16384, limit=1)) == 16384
    assert len(client.query(five, filter="", limit=16384)) == 5
    assert len(client.query(five, filter="", limit=1, offset=16383)) == 0


@pytest.mark.parametrize("arguments, phrase", [
    ({"limit": 0}, "topk [0] is invalid, it should be in range [1, 16384], but got 0"),
    ({"limit": -1}, "topk [-1] is invalid, it should be in range [1, 16384], but got -1"),
    ({"limit": 16385}, "topk [16385] is invalid, it should be in range [1, 16384], but got 16385"),
    ({"limit": 1, "offset": 16385}, "offset [16385] is invalid, it should be in range [1, 16384], but got 16385"),
    ({"limit": 2, "offset": 16383}, "offset+topk [16385] is invalid, it should be in range [1, 16384], but got 16385"),
])
def test_windows_of_searches(stub, five, arguments, phrase):
    named = {"topk" if key == "limit" else key: value for key, value in arguments.items()}
    status = search(stub, five, **named).status
    assert status.code == 1100 and phrase in status.reason


@pytest.mark.parametrize("params, phrase", [
    ({"limit": 0}, "limit [0] is invalid, should be greater than 0"),
    ({"limit": -1}, "limit [-1] is invalid, should be greater than 0"),
    ({"limit": 5, "offset": -1}, "offset [-1] is invalid, should be gte than 0"),
    ({"limit": 2, "offset": 16383}, "(offset+limit) should be in range [1, 16384], but got 16385"),
    ({"limit": "x"}, "limit [x] is invalid"),
])
def test_windows_of_queries(stub, five, params, phrase):
    status = query(stub, five, "id > 0", ["id"], **params).status
    assert status.code == 1100 and phrase in status.reason


def test_limits_over_rest(post, five):
    reply = post("entities/search", {"collectionName": five, "data": [[0, 0, 0, 0]], "limit": 16385})
    assert reply["code"] == 1100 and "topk [16385] is invalid" in reply["message"]
    reply = post("entities/query", {"collectionName": five, "filter": "", "limit": 16385})
    assert reply["code"] == 1100 and "should be in range [1, 16384], but got 16385" in reply["message"]
    reply = post("entities/query", {"collectionName": five, "filter": "id >", "limit": 5})
    assert reply["code"] == 1100 and "failed to create query plan: cannot parse expression: id >" in reply["message"]


def test_index_parameters_may_take_100_kib(stub, client, name):
    client.create_collection(name, schema=simple_schema(dim=4))

    def create_index(size):
        request = milvus_pb2.CreateIndexRequest(collection_name=name, field_name="vector", index_name="i")
        for key, value in {"index_type": "FLAT", "metric_type": "L2", "filler": "x" * size}.items():
            request.extra_params.add(key=key, value=value)
        return stub.CreateIndex(request)

    status = create_index(102400)
    assert status.code == 1100 and "102400" in status.reason
    assert client.list_indexes(name) == []


@pytest.mark.parametrize("seconds, good", [("3155760000", True), ("3155760001", False), ("-2", False), ("-1", True),
                                           ("0", True), ("1.5", False)])
def test_a_ttl_is_within_its_limits(stub, client, name, seconds, good):
    status = create_raw(stub, schema_of(name), properties={"collection.ttl.seconds": seconds})
    assert (status.code == 0) == good, status
    assert good or status.code == 1100


# ---- names


LONG = "a" * 256
NAMES = {
    "collection": (["a", "_", "A1_b", "a" * 255], {"": "should not be empty", "1a": "must be an underscore or letter",
                                                   "$a": "must be an underscore or letter", "a-b": "can only contain",
                                                   "a$": "can only contain", "ä": "must be an underscore or letter",
                                                   "a b": "can only contain", LONG: "must be less than 255"}),
    "alias": (["a", "_1", "a" * 255], {"1a": "must be an underscore or letter", "a-b": "can only contain",
                                       LONG: "must be less than 255"}),
    "partition": (["a", "_", "2024-01", "1", "a" * 255],
                  {"-a": "first character", "a b": "can only contain", "a$": "can only contain",
                   LONG: "must be less than 255"}),
    "field": (["a", "_", "A1_b", "a" * 255], {"": "should not be empty", "1a": "must be an underscore or letter",
                                              "a-b": "can only contain", "$a": "must be an underscore or letter",
                                              LONG: "must be less than 255"}),
    "database": (["a", "_1", "a" * 255], {"1a": "must be an underscore or letter", "a-b": "can only contain",
                                          LONG: "must be less than 255"}),
    "index": (["a", "_1", "a" * 255], {"1a": "must be an underscore or letter", "a b": "can only contain",
                                       LONG: "must be less than 255"}),
}
CODES = {"field": 1701, "database": 802}


def use_name(stub, kind, collection, name):
    """The status of something made under this name, which is unmade again."""
    if kind in ("collection", "field"):
        extra = [field(name, T.Int64)] if kind == "field" else []
        target = name if kind == "collection" else collection + "_f"
        status = create_raw(stub, schema_of(target, *extra), target)
        stub.DropCollection(milvus_pb2.DropCollectionRequest(collection_name=target or "x"))
        return status
    if kind == "alias":
        status = stub.CreateAlias(milvus_pb2.CreateAliasRequest(collection_name=collection, alias=name))
        stub.DropAlias(milvus_pb2.DropAliasRequest(alias=name))
    elif kind == "partition":
        status = stub.CreatePartition(milvus_pb2.CreatePartitionRequest(collection_name=collection,
                                                                        partition_name=name))
        stub.DropPartition(milvus_pb2.DropPartitionRequest(collection_name=collection, partition_name=name))
    elif kind == "database":
        status = stub.CreateDatabase(milvus_pb2.CreateDatabaseRequest(db_name=name))
        stub.DropDatabase(milvus_pb2.DropDatabaseRequest(db_name=name))
    else:
        request = milvus_pb2.CreateIndexRequest(collection_name=collection, field_name="vector", index_name=name)
        for key, value in {"index_type": "FLAT", "metric_type": "L2"}.items():
            request.extra_params.add(key=key, value=value)
        status = stub.CreateIndex(request)
        stub.DropIndex(milvus_pb2.DropIndexRequest(collection_name=collection, index_name=name))
    return status


@pytest.mark.parametrize("kind", NAMES)
def test_names(stub, name, kind):
    create_raw(stub, schema_of(name))
    good, bad = NAMES[kind]
    for one in good:
        status = use_name(stub, kind, name, one)
        assert status.code == 0, (one, status.reason)
    for one, phrase in bad.items():
        status = use_name(stub, kind, name, one)
        assert status.code == CODES.get(kind, 1100), (one, status.code, status.reason)
        assert phrase.lower() in status.reason.lower(), (one, status.reason)


KEYWORDS = ["like", "exists", "and", "or", "not", "in", "json_contains", "json_contains_all", "json_contains_any",
            "array_contains", "array_contains_all", "array_contains_any", "array_length", "true", "false",
            "text_match", "phrase_match", "random_sample"]


def test_keywords_are_no_field_names_in_the_spellings_of_the_grammar(stub, name):
    for word in [*KEYWORDS, *map(str.upper, KEYWORDS), "True", "False"]:
        status = create_raw(stub, schema_of(name, field(word, T.Int64)))
        assert status.code == 1701 and "keyword" in status.reason, (word, status)
    spellings = ["And", "Like", "Exists", "Array_Contains", "tRUE", "is", "null", "iso", "st_within", "match_any"]
    status = create_raw(stub, schema_of(name, *(field(word, T.Int64) for word in spellings)))
    assert status.code == 0, status
    for word in ("RowID", "Timestamp", "__virtual_pk__"):
        assert create_raw(stub, schema_of(name + "_b", field(word, T.Int64))).code == 1701, word
    assert create_raw(stub, schema_of(name + "_b", field("$meta", T.JSON))).code == 1100


# ---- rules of schemas


def struct_with(**changes):
    sub = {"name": "n", "data_type": T.Array, "element_type": T.Int32} | changes
    params = sub.pop("params", {"max_capacity": 4})
    return schema_pb2.StructArrayFieldSchema(name="s", fields=[
        field(sub.pop("name"), sub.pop("data_type"), params, **sub),
        field("m", T.Array, {"max_capacity": 4}, element_type=T.Int64)])


INT, TEXT = schema_pb2.ValueField(long_data=1), schema_pb2.ValueField(string_data="x")
JSON_PARAMS = {"max_length": 9, "enable_analyzer": "true"}
RULES = {
    "a second primary key": (lambda n: schema_of(n, field("k", T.Int64, is_primary_key=True)), 1100,
                             "more than one primary"),
    "a primary key of Int32": (lambda n: schema_of(n, key=field("id", T.Int32, is_primary_key=True)), 1100,
                               "should be Int64 or VarChar"),
    "a nullable primary key": (lambda n: schema_of(n, key=field("id", T.Int64, is_primary_key=True, nullable=True)),
                               1100, "primary field not support null"),
    "a primary key with a default": (lambda n: schema_of(n, key=field("id", T.Int64, is_primary_key=True,
                                                                      default_value=INT)), 1100, "default_value"),
    "autoID of another field": (lambda n: schema_of(n, field("f", T.Int64, autoID=True)), 1100, "only primary field"),
    "a default of JSON": (lambda n: schema_of(n, field("f", T.JSON, default_value=TEXT)), 1100,
                          "type not support default_value"),
    "a default of an array": (lambda n: schema_of(n, field("f", T.Array, {"max_capacity": 4}, element_type=T.Int64,
                                                           default_value=INT)), 1100, "type not support default_value"),
    "a default of a vector": (lambda n: schema_of(n, field("f", T.FloatVector, {"dim": 4}, default_value=TEXT)), 1100,
                              "type not support default_value"),
    "a default of another type": (lambda n: schema_of(n, field("f", T.Bool, default_value=INT)), 1100,
                                  "is not equal to the type"),
    "a default out of range": (lambda n: schema_of(n, field("f", T.Int16,
                                                            default_value=schema_pb2.ValueField(int_data=40000))),
                               1100, "out of range"),
    "a default too long": (lambda n: schema_of(n, field("f", T.VarChar, {"max_length": 2},
                                                        default_value=schema_pb2.ValueField(string_data="abc"))),
                           1100, "exceeds max length"),
    "two partition keys": (lambda n: schema_of(n, field("f", T.Int64, is_partition_key=True),
                                               field("g", T.Int64, is_partition_key=True)), 1100, "partition key"),
    "a partition key of Double": (lambda n: schema_of(n, field("f", T.Double, is_partition_key=True)), 1100,
                                  "should be Int64 or VarChar"),
    "a nullable partition key": (lambda n: schema_of(n, field("f", T.Int64, is_partition_key=True, nullable=True)),
                                 1100, "not support nullable"),
    "the key as partition key": (lambda n: schema_of(n, key=field("id", T.Int64, is_primary_key=True,
                                                                  is_partition_key=True)), 1100, "primary"),
    "two clustering keys": (lambda n: schema_of(n, field("f", T.Int64, is_clustering_key=True),
                                                field("g", T.Int64, is_clustering_key=True)), 1100, "clustering key"),
    "a vector clustering key": (lambda n: schema_of(n, field("f", T.FloatVector, {"dim": 4}, is_clustering_key=True)),
                                107, "vector clustering key not allowed"),
    "the type None": (lambda n: schema_of(n, field("f", T.Value("None"))), 1100, "not valid"),
    "the type String": (lambda n: schema_of(n, field("f", T.String)), 1100, "VarChar"),
    "the type Struct": (lambda n: schema_of(n, field("f", T.Struct)), 1100, ""),
    "the type Mol": (lambda n: schema_of(n, field("f", 27)), 1100, "not valid"),
    "the type Date": (lambda n: schema_of(n, field("f", 28)), 1100, "not valid"),
    "the type UUID": (lambda n: schema_of(n, field("f", 31)), 1100, "not valid"),
    "a namespace and a partition key": (lambda n: schema_of(n, field("f", T.Int64, is_partition_key=True),
                                                            enable_namespace=True), 1100, "partition key"),
    "a function without fields": (lambda n: schema_of(n, functions=[schema_pb2.FunctionSchema(name="bm25")]), 1100,
                   "function input field names cannot be empty, function: bm25"),
    "an ArrayOfVector by itself": (lambda n: schema_of(n, field("f", T.ArrayOfVector, {"max_capacity": 4, "dim": 4},
                                                                element_type=T.FloatVector)), 1100, "struct"),
    "a sparse vector with a dim": (lambda n: schema_of(n, field("f", T.SparseFloatVector, {"dim": 4})), 1100, "dim"),
    "a VarChar without length": (lambda n: schema_of(n, field("f", T.VarChar)), 1101, "max_length"),
    "an array without capacity": (lambda n: schema_of(n, field("f", T.Array, element_type=T.Int64)), 1101,
                                  "max_capacity"),
    "an array of VarChar without length": (lambda n: schema_of(n, field("f", T.Array, {"max_capacity": 4},
                                                                        element_type=T.VarChar)), 1101, "max_length"),
    "an array of Timestamptz": (lambda n: schema_of(n, field("f", T.Array, {"max_capacity": 4},
                                                             element_type=T.Timestamptz)), 1100, "is not supported"),
    "an array of Geometry": (lambda n: schema_of(n, field("f", T.Array, {"max_capacity": 4},
                                                          element_type=T.Geometry)), 1100, "is not supported"),
    "an array of vectors": (lambda n: schema_of(n, field("f", T.Array, {"max_capacity": 4, "dim": 4},
                                                         element_type=T.FloatVector)), 1100, "is not supported"),
    "a Text of 2 MiB and one": (lambda n: schema_of(n, field("f", T.Text, {"max_length": 2097153})), 1100,
                                "(0, 2097152]"),
    "match without analyzer": (lambda n: schema_of(n, field("f", T.VarChar, {"max_length": 9, "enable_match": "true"})),
                               1100, "enable_analyzer"),
    "match of a number": (lambda n: schema_of(n, field("f", T.Int64, {"enable_analyzer": "true",
                                                                      "enable_match": "true"})), 1100, ""),
    "analyzer parameters that are no JSON": (lambda n: schema_of(n, field("f", T.VarChar, JSON_PARAMS | {
        "analyzer_params": "{"})), 1100, "analyzer_params"),
    "mmap that is no bool": (lambda n: schema_of(n, field("f", T.Int64, {"mmap.enabled": "perhaps"})), 1100, "mmap"),
    "structs with a nullable part": (lambda n: schema_of(n, structs=[struct_with(nullable=True)]), 1100, "nullable"),
    "structs with another capacity": (lambda n: schema_of(n, structs=[struct_with(params={"max_capacity": 5})]), 1100,
                                      "max_capacity"),
    "structs without capacity": (lambda n: schema_of(n, structs=[struct_with(params={})]), 1101, "max_capacity"),
    "structs in structs": (lambda n: schema_of(n, structs=[struct_with(element_type=T.Struct)]), 1100, ""),
    "structs of plain fields": (lambda n: schema_of(n, structs=[struct_with(data_type=T.Int64)]), 1100,
                                "can only be array"),
    "structs with a key": (lambda n: schema_of(n, structs=[struct_with(is_primary_key=True)]), 1100, "key"),
    "structs with autoID": (lambda n: schema_of(n, structs=[struct_with(autoID=True)]), 1100, ""),
    "structs with a default": (lambda n: schema_of(n, structs=[struct_with(default_value=INT)]), 1100, "default_value"),
    "structs of sparse vectors": (lambda n: schema_of(n, structs=[struct_with(
        data_type=T.ArrayOfVector, element_type=T.SparseFloatVector)]), 1100, "SparseFloatVector"),
    "structs with one name twice": (lambda n: schema_of(n, structs=[struct_with(name="m")]), 1100, "duplicated"),
    "a struct named as a field": (lambda n: schema_of(n, field("s", T.Int64), structs=[struct_with()]), 1100,
                                  "duplicated"),
    "a name twice": (lambda n: schema_of(n, field("id", T.Int64)), 1100, "duplicated field name"),
    "another name in the schema": (lambda n: schema_of(n + "_other"), 1100, "name"),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_schema_against_a_rule_is_refused(stub, client, name, rule):
    make, code, phrase = RULES[rule]
    status = create_raw(stub, make(name), name)
    assert status.code == code, (status.code, status.reason)
    assert phrase in status.reason
    assert not client.has_collection(name)


GOOD = {
    "a VarChar key with autoID": lambda n: schema_of(n, key=field("id", T.VarChar, {"max_length": 20},
                                                                  is_primary_key=True, autoID=True)),
    "nullable vectors": lambda n: schema_of(n, field("f", T.FloatVector, {"dim": 4}, nullable=True)),
    "a clustering key": lambda n: schema_of(n, field("f", T.VarChar, {"max_length": 9}, is_clustering_key=True)),
    "a partition key of VarChar": lambda n: schema_of(n, field("f", T.VarChar, {"max_length": 9},
                                                               is_partition_key=True)),
    "a multi analyzer": lambda n: schema_of(n, field("f", T.VarChar, JSON_PARAMS | {
        "multi_analyzer_params": '{"by_field": "l", "analyzers": {"default": {}}}'}),
        field("l", T.VarChar, {"max_length": 9})),
    "field parameters": lambda n: schema_of(n, field("f", T.Int64, {"mmap.enabled": "true", "warmup": "sync",
                                                                    "field.skipLoad": "true"})),
    "a struct with a nullable whole": lambda n: schema_of(n, structs=[struct_field("s", nullable=True)]),
}


@pytest.mark.parametrize("what", GOOD)
def test_a_schema_within_the_rules_is_taken(stub, client, name, what):
    status = create_raw(stub, GOOD[what](name), name)
    assert status.code == 0, status


def test_partition_keys_have_16_partitions_or_up_to_1024(stub, client, name):
    key = field("f", T.Int64, is_partition_key=True)
    assert create_raw(stub, schema_of(name, key)).code == 0
    assert len(client.list_partitions(name)) == 16
    status = create_raw(stub, schema_of(name + "_b", key), num_partitions=1025)
    assert status.code == 1100 and "exceeds max configuration (1024)" in status.reason
    status = create_raw(stub, schema_of(name + "_b", key), num_partitions=-1)
    assert status.code == 1100
    status = create_raw(stub, schema_of(name + "_b"), num_partitions=4)
    assert status.code == 1100 and "partition key" in status.reason


def test_partition_keys_forbid_partition_names_in_every_call(client, name):
    schema = simple_schema(dim=4)
    schema.add_field("tenant", DataType.INT64, is_partition_key=True)
    create(client, name, schema)
    phrase = "not support manually specifying the partition names if partition key mode is used"
    row = {"id": 1, "vector": [0.0] * 4, "tenant": 1}
    for call in (lambda: client.insert(name, [row], partition_name="_default_0"),
                 lambda: client.upsert(name, [row], partition_name="_default_0"),
                 lambda: client.delete(name, filter="id == 1", partition_name="_default_0"),
                 lambda: client.query(name, filter="id == 1", partition_names=["_default_0"]),
                 lambda: client.search(name, [[0.0] * 4], limit=1, partition_names=["_default_0"])):
        error = refused(call)
        assert error.code == 1100 and phrase in error.message
    for call in (lambda: client.create_partition(name, "p"), lambda: client.drop_partition(name, "_default_0"),
                 lambda: client.load_partitions(name, ["_default_0"]),
                 lambda: client.release_partitions(name, ["_default_0"])):
        error = refused(call)
        assert error.code == 1100 and "partition key mode is used" in error.message


def test_creating_again_compares_everything(stub, client, name):
    assert create_raw(stub, schema_of(name)).code == 0
    assert create_raw(stub, schema_of(name)).code == 0
    for status in (create_raw(stub, schema_of(name, dim=8)), create_raw(stub, schema_of(name), shards_num=2),
                   create_raw(stub, schema_of(name), properties={"collection.ttl.seconds": "5"}),
                   create_raw(stub, schema_of(name, enable_dynamic_field=True))):
        assert status.code == 1100
        assert f"create duplicate collection with different parameters, collection: {name}" in status.reason
    client.create_alias(name, name + "_alias")
    try:
        status = create_raw(stub, schema_of(name + "_alias"))
        assert status.code == 1601 and "alias and collection name conflict" in status.reason
    finally:
        client.drop_alias(name + "_alias")


def test_properties_are_taken_and_described(stub, client, name):
    properties = {
        "collection.ttl.seconds": "3600", "collection.autocompaction.enabled": "false", "mmap.enabled": "true",
        "lazyload.enabled": "false", "collection.insertRate.max.mb": "5", "collection.insertRate.min.mb": "1",
        "collection.deleteRate.max.mb": "5", "collection.deleteRate.min.mb": "1",
        "collection.bulkLoadRate.max.mb": "5", "collection.bulkLoadRate.min.mb": "1",
        "collection.queryRate.max.qps": "5", "collection.queryRate.min.qps": "1",
        "collection.searchRate.max.vps": "5", "collection.searchRate.min.vps": "1",
        "collection.diskProtection.diskQuota.mb": "100", "partition.diskProtection.diskQuota.mb": "100",
        "collection.replica.number": "1", "collection.resource_groups": "__default_resource_group",
        "load_priority": "low", "timezone": "Asia/Tokyo", "allow_insert_auto_id": "true",
        "disable_func_runtime_check": "true", "warmup.scalarField": "sync", "warmup.scalarIndex": "async",
        "warmup.vectorField": "disable", "warmup.vectorIndex": "sync",
    }
    status = create_raw(stub, schema_of(name), properties=properties)
    assert status.code == 0, status
    described = client.describe_collection(name)["properties"]
    assert {key: described.get(key) for key in properties} == properties
    for key, bad in {"collection.autocompaction.enabled": "perhaps", "mmap.enabled": "2", "timezone": "Mars/Olympus",
                     "collection.insertRate.max.mb": "x", "collection.replica.number": "none",
                     "warmup.vectorIndex": "later", "allow_insert_auto_id": "x", "query_mode": "fast",
                     "dynamicfield.enabled": "x", "partitionkey.isolation": "true"}.items():
        status = create_raw(stub, schema_of(name + "_b"), properties={key: bad})
        assert status.code == 1100, (key, status)


@pytest.mark.parametrize("properties", [{"cipher.enabled": "true"}, {"cipher.key": "k"}, {"cipher.ezID": "1"}])
def test_encryption_is_refused(stub, client, name, properties):
    status = create_raw(stub, schema_of(name), properties=properties)
    assert status.code == 3000 and "does not encrypt" in status.reason
    assert not client.has_collection(name)
    with pytest.raises(MilvusException, match="does not encrypt"):
        client.create_database(name, properties=properties)
    create(client, name, simple_schema(dim=4), properties={"cipher.enabled": "false"})
    with pytest.raises(MilvusException, match="does not encrypt"):
        client.alter_collection_properties(name, properties)


def test_an_array_of_mixed_kinds_is_refused_by_its_field(stub, client, name):
    schema = simple_schema(dim=4)
    schema.add_field("list", DataType.ARRAY, element_type=DataType.INT64, max_capacity=4)
    create(client, name, schema)
    rows = schema_pb2.ArrayArray(element_type=schema_pb2.Int64, data=[
        schema_pb2.ScalarField(long_data=schema_pb2.LongArray(data=[1, 2])),
        schema_pb2.ScalarField(string_data=schema_pb2.StringArray(data=["x"]))])
    mixed = schema_pb2.FieldData(type=schema_pb2.Array, field_name="list",
                                 scalars=schema_pb2.ScalarField(array_data=rows))
    status = stub.Insert(milvus_pb2.InsertRequest(
        collection_name=name, num_rows=2, fields_data=[keys([1, 2]), floats(2), mixed])).status
    assert status.code == 1100 and "list" in status.reason
    assert count(client, name) == 0


def test_a_description_is_altered_by_its_property(client, name):
    create(client, name, simple_schema(dim=4, description="old"))
    client.alter_collection_properties(name, {"collection.description": "new"})
    assert client.describe_collection(name)["description"] == "new"


def test_requests_to_plain_collections_carry_no_namespace(stub, client, name):
    create(client, name, simple_schema(dim=4))
    write = {"collection_name": name, "num_rows": 1, "fields_data": [keys([1]), floats(1)], "namespace": "x"}
    for reply in (stub.Insert(milvus_pb2.InsertRequest(**write)), stub.Upsert(milvus_pb2.UpsertRequest(**write)),
                  stub.Query(milvus_pb2.QueryRequest(collection_name=name, expr="id > 0", namespace="x")),
                  stub.Search(milvus_pb2.SearchRequest(collection_name=name, nq=1, namespace="x",
                                                       placeholder_group=placeholders([b"\0" * 16])))):
        assert reply.status.code != 0 and "namespace" in reply.status.reason
    assert count(client, name) == 0


def test_text_analysis_is_described(stub, client, name):
    params = {"max_length": "9", "enable_analyzer": "true", "enable_match": "true",
              "analyzer_params": '{"type": "standard"}'}
    assert create_raw(stub, schema_of(name, field("f", T.VarChar, params))).code == 0
    described = stub.DescribeCollection(milvus_pb2.DescribeCollectionRequest(collection_name=name)).schema
    assert {pair.key: pair.value for pair in described.fields[2].type_params} == params


def test_an_auto_id_key_is_made_by_the_server(stub, client, name):
    create_raw(stub, schema_of(name, key=field("id", T.VarChar, {"max_length": 30}, is_primary_key=True, autoID=True)))
    client.create_index(name, index_of())
    client.load_collection(name)
    reply = insert(stub, name, 2, floats(2))
    made = list(reply.IDs.str_id.data)
    assert len(set(made)) == 2 and all(key.isdecimal() for key in made)
    again = insert(stub, name, 1, data("id", T.VarChar, scalars=scalar("string_data", [made[0]])), floats(1),
                   call="Upsert")
    assert again.status.code == 0 and again.upsert_cnt == 1
    new = list(again.IDs.str_id.data)
    assert new[0] not in made, "the sent key says what is replaced"
    assert {row["id"] for row in client.query(name, filter='id != ""', consistency_level="Strong")} == {made[1], *new}
    without = insert(stub, name, 1, floats(1), call="Upsert").status
    assert without.code == 1100


def test_a_delete_with_a_namespace_is_refused(stub, client, name):
    create(client, name, simple_schema(dim=4))
    insert(stub, name, 1, keys([1]), floats(1))
    reply = stub.Delete(milvus_pb2.DeleteRequest(collection_name=name, expr="id == 1", namespace="x"))
    assert reply.status.code == 1100 and "namespace data is set but namespace disabled" in reply.status.reason
    assert count(client, name) == 1


@pytest.mark.parametrize("params, phrase", [
    ('{"tokenizer": "klingon"}', "unsupported tokenizer"), ('{"tokenizer": {"type": 5}}', "tokenizer type should be string"),
    ('{"type": "klingon"}', "unknown build-in analyzer"), ('{"colour": 1}', "unknown analyzer option key: colour")])
@pytest.mark.parametrize("match", ["true", "false"])
def test_an_unknown_analyzer_is_refused(stub, name, params, phrase, match):
    extra = {"max_length": 9, "enable_analyzer": "true", "enable_match": match, "analyzer_params": params}
    status = create_raw(stub, schema_of(name, field("f", T.VarChar, extra)))
    assert status.code == 1100 and phrase in status.reason


@pytest.mark.parametrize("key", ["warmup", "field.skipLoad"])
def test_bad_field_parameters_are_refused(stub, name, key):
    assert create_raw(stub, schema_of(name, field("f", T.Int64, {key: "perhaps"}))).code == 1100


def test_a_description_altered_beyond_its_limit_is_refused(client, name):
    create(client, name, simple_schema(dim=4))
    client.alter_collection_properties(name, {"collection.description": "n" * 1024})
    assert refused(client.alter_collection_properties, name, {"collection.description": "n" * 1025}).code == 1100


@pytest.mark.parametrize("setting, value, code", [("PROXY_MAXINDEXPARAMSSIZE", "5", 1100),
                                                  ("QUOTAANDLIMITS_LIMITS_MAXCOLLECTIONNUMPERDB", "1", 102),
                                                  ("ROOTCOORD_MAXGENERALCAPACITY", "2", 250)])
def test_a_limit_comes_from_the_configuration(tmp_path, setting, value, code):
    with Server(tmp_path / "own", environment={setting: value}) as server:
        client = server.client()
        client.create_collection("a", schema=simple_schema(dim=4))
        with pytest.raises(MilvusException) as error:
            client.create_index("a", index_of(index_type="HNSW", M=16, efConstruction=100))
            client.create_collection("b", schema=simple_schema(dim=4))
            client.create_partition("b", "p")
        assert error.value.code == code
