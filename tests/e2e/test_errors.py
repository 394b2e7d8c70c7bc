"""Codes and phrases of errors, which programs match on; nothing of a refused request is kept."""

import math

import grpc
import pytest
from oracle import random_vectors
from pymilvus import DataType, MilvusClient, MilvusException
from pymilvus.grpc_gen import common_pb2, milvus_pb2, schema_pb2
from rows import count, create, index_of, simple_schema, vector_rows


@pytest.fixture
def small(client, name):
    """Two rows and a VarChar of 5 bytes."""
    schema = simple_schema(dim=4)
    schema.add_field("text", DataType.VARCHAR, max_length=5)
    create(client, name, schema)
    client.insert(name, vector_rows(random_vectors(2, 4), text=["a", "b"]))
    return name


def refused(function, *arguments, **named):
    with pytest.raises(MilvusException) as error:
        function(*arguments, **named)
    return error.value


# --- the status of an error ---


def test_a_missing_collection_has_its_codes_and_text(stub):
    reply = stub.DescribeCollection(milvus_pb2.DescribeCollectionRequest(collection_name="nothing"))
    status = reply.status
    assert status.code == 100
    assert status.error_code == common_pb2.CollectionNotExists
    assert "can't find collection[database=default][collection=nothing]" in status.reason or (
        "collection not found[database=default][collection=nothing]" in status.reason)
    assert not status.retriable
    assert status.detail == status.reason


@pytest.mark.parametrize("call", [
    lambda client: client.insert("nothing", [{"id": 1, "vector": [0.0] * 4}]),
    lambda client: client.upsert("nothing", [{"id": 1, "vector": [0.0] * 4}]),
    lambda client: client.delete("nothing", ids=[1]),
    lambda client: client.query("nothing", filter="id > 0"),
    lambda client: client.search("nothing", [[0.0] * 4], limit=1),
    lambda client: client.load_collection("nothing"),
    lambda client: client.release_collection("nothing"),
    lambda client: client.flush("nothing"),
    lambda client: client.describe_collection("nothing"),
    lambda client: client.get_collection_stats("nothing"),
    lambda client: client.create_partition("nothing", "p"),
    lambda client: client.list_partitions("nothing"),
    lambda client: client.create_alias("nothing", "alias"),
    lambda client: client.create_index("nothing", index_of()),
    lambda client: client.rename_collection("nothing", "something"),
], ids="insert upsert delete query search load release flush describe stats create_partition list_partitions "
       "create_alias create_index rename".split())
def test_every_call_names_a_missing_collection(client, call):
    error = refused(call, client)
    assert error.code == 100
    assert "can't find collection" in error.message or "collection not found" in error.message


def test_input_errors_say_so(client, stub, small):
    request = milvus_pb2.QueryRequest(collection_name=small, expr="id >")
    status = stub.Query(request).status
    assert status.code == 1100
    assert status.error_code == common_pb2.IllegalArgument
    assert status.extra_info["is_input_error"] == "true"
    assert not status.retriable


def test_reading_before_load(client, name):
    client.create_collection(name, schema=simple_schema())
    client.create_index(name, index_of())
    for error in (refused(client.query, name, filter="id > 0"), refused(client.search, name, [[0.0] * 8], limit=1)):
        assert error.code == 101
        assert "collection not loaded" in error.message


# --- schemas ---


def schema_with(*fields, **arguments):
    schema = simple_schema(**arguments)
    for field_name, data_type, field_arguments in fields:
        schema.add_field(field_name, data_type, **field_arguments)
    return schema


@pytest.mark.parametrize("bad", ["1a", "a b", "a-b", "a.b", "ä", "a" * 256, " "])
def test_bad_collection_names(client, bad):
    error = refused(client.create_collection, bad, schema=simple_schema())
    assert error.code == 1100
    assert "Invalid collection name" in error.message


def test_names_of_255_bytes_are_allowed(client):
    long_name = "n" * 255
    client.create_collection(long_name, schema=simple_schema())
    assert client.has_collection(long_name)
    client.drop_collection(long_name)


@pytest.mark.parametrize("dim", [0, 1, 32769, -4])
def test_bad_dimensions(stub, dim):
    schema = raw_schema("bad_dim", dim=str(dim))
    status = create_raw(stub, schema)
    assert status.code == 1100
    assert "should be in range 2 ~ 32768" in status.reason


def raw_schema(name, *, dim="4", extra=()):
    key = schema_pb2.FieldSchema(name="id", data_type=schema_pb2.Int64, is_primary_key=True)
    vector = schema_pb2.FieldSchema(name="vector", data_type=schema_pb2.FloatVector)
    if dim is not None:
        vector.type_params.add(key="dim", value=dim)
    return schema_pb2.CollectionSchema(name=name, fields=[key, vector, *extra])


def create_raw(stub, schema, **arguments):
    return stub.CreateCollection(milvus_pb2.CreateCollectionRequest(
        collection_name=schema.name, schema=schema.SerializeToString(), **arguments))


def field(name, data_type, **arguments):
    params = arguments.pop("params", {})
    one = schema_pb2.FieldSchema(name=name, data_type=data_type, **arguments)
    for key, value in params.items():
        one.type_params.add(key=key, value=value)
    return one


BAD_FIELDS = {
    "two primary keys": field("second", schema_pb2.Int64, is_primary_key=True),
    "the same name twice": field("id", schema_pb2.Int64),
    "a name with a space": field("a b", schema_pb2.Int64),
    "a keyword as name": field("like", schema_pb2.Int64),
    "the old String type": field("text", schema_pb2.String),
    "no type": field("text", schema_pb2.DataType.Value("None")),
    "a nullable partition key": field("part", schema_pb2.Int64, is_partition_key=True, nullable=True),
    "a Float partition key": field("part", schema_pb2.Float, is_partition_key=True),
    "a VarChar too long": field("text", schema_pb2.VarChar, params={"max_length": "65536"}),
    "a VarChar of length 0": field("text", schema_pb2.VarChar, params={"max_length": "0"}),
    "an array without capacity": field("list", schema_pb2.Array, element_type=schema_pb2.Int64),
    "an array of arrays": field("list", schema_pb2.Array, element_type=schema_pb2.Array,
                                params={"max_capacity": "4"}),
    "an array too long": field("list", schema_pb2.Array, element_type=schema_pb2.Int64,
                               params={"max_capacity": "4097"}),
    "an auto id that is no key": field("number", schema_pb2.Int64, autoID=True),
    "a default of another type": field("number", schema_pb2.Int64,
                                       default_value=schema_pb2.ValueField(string_data="x")),
    "a default out of range": field("number", schema_pb2.Int8, default_value=schema_pb2.ValueField(int_data=300)),
}


@pytest.mark.parametrize("what", BAD_FIELDS)
def test_bad_fields_are_refused(client, stub, what):
    status = create_raw(stub, raw_schema("bad_field", extra=[BAD_FIELDS[what]]))
    assert status.code != 0, what
    assert status.code in (105, 1100, 1101, 1701), (status.code, status.reason)
    assert not client.has_collection("bad_field")


def test_a_reserved_field_name_is_refused(stub):
    assert create_raw(stub, raw_schema("bad_field", extra=[field("RowID", schema_pb2.Int64)])).code == 1701


def test_a_varchar_needs_its_length(stub):
    status = create_raw(stub, raw_schema("bad_field", extra=[field("text", schema_pb2.VarChar)]))
    assert status.code == 1101
    assert "type param(max_length) should be specified for the field(text) of collection bad_field" in status.reason


def test_a_vector_needs_its_dimension(stub):
    assert create_raw(stub, raw_schema("bad_field", dim=None)).code in (1100, 1101)


def test_a_collection_needs_a_key_and_a_vector(stub):
    no_vector = schema_pb2.CollectionSchema(name="bad_field", fields=[
        schema_pb2.FieldSchema(name="id", data_type=schema_pb2.Int64, is_primary_key=True)])
    no_key = schema_pb2.CollectionSchema(name="bad_field", fields=[
        field("vector", schema_pb2.FloatVector, params={"dim": "4"})])
    assert create_raw(stub, no_vector).code != 0
    assert create_raw(stub, no_key).code != 0


def test_schema_bytes_that_are_no_schema_are_refused(stub):
    reply = stub.CreateCollection(milvus_pb2.CreateCollectionRequest(collection_name="x", schema=b"\xff\xfe\x01"))
    assert reply.code != 0


def test_too_many_shards_fields_and_vectors(client, stub):
    assert create_raw(stub, raw_schema("bad_field"), shards_num=17).code == 1100
    many = [field(f"f{i}", schema_pb2.Int64) for i in range(63)]
    assert create_raw(stub, raw_schema("bad_field", extra=many)).code == 1100
    vectors = [field(f"v{i}", schema_pb2.FloatVector, params={"dim": "4"}) for i in range(10)]
    assert create_raw(stub, raw_schema("bad_field", extra=vectors)).code == 1100
    assert not client.has_collection("bad_field")


# --- indexes ---


@pytest.mark.parametrize("index_type, metric, params, phrase", [
    ("NOPE", "L2", {}, "index type"),
    ("HNSW", "HAMMING", {"M": 8, "efConstruction": 10}, "metric"),
    ("HNSW", "L2", {"M": 1, "efConstruction": 10}, "M"),
    ("HNSW", "L2", {"M": 4096, "efConstruction": 10}, "M"),
    ("HNSW", "L2", {"M": 16, "efConstruction": 0}, "efConstruction"),
    ("HNSW", "", {"M": 16, "efConstruction": 10}, "metric type not set for vector index"),
    ("AUTOINDEX", "L2", {"M": 16}, "only metric type can be passed when use AutoIndex"),
])
def test_bad_indexes(client, name, index_type, metric, params, phrase):
    client.create_collection(name, schema=simple_schema())
    index = MilvusClient.prepare_index_params()
    index.add_index("vector", index_type=index_type, params=params, **({"metric_type": metric} if metric else {}))
    error = refused(client.create_index, name, index)
    assert error.code == 1100
    assert phrase in error.message
    assert client.list_indexes(name) == []


def test_an_index_on_a_missing_field(client, name):
    client.create_collection(name, schema=simple_schema())
    error = refused(client.create_index, name, index_of("nothing"))
    assert error.code in (1100, 1700)


# --- rows ---


def test_a_wrong_dimension_writes_nothing(stub, client, small):
    vector = schema_pb2.FieldData(type=schema_pb2.FloatVector, field_name="vector",
                                  vectors=schema_pb2.VectorField(dim=3))
    vector.vectors.float_vector.data.extend([0.0] * 3)
    status = insert_raw(stub, small, 1, vector, texts(["x"]), keys([7])).status
    assert status.code == 1100
    assert "dim" in status.reason
    assert count(client, small) == 2


def keys(values, name="id"):
    one = schema_pb2.FieldData(type=schema_pb2.Int64, field_name=name)
    one.scalars.long_data.data.extend(values)
    return one


def texts(values, name="text"):
    one = schema_pb2.FieldData(type=schema_pb2.VarChar, field_name=name)
    one.scalars.string_data.data.extend(values)
    return one


def floats(values, dim=4, name="vector"):
    one = schema_pb2.FieldData(type=schema_pb2.FloatVector, field_name=name,
                               vectors=schema_pb2.VectorField(dim=dim))
    one.vectors.float_vector.data.extend(values)
    return one


def insert_raw(stub, collection, rows, *columns):
    return stub.Insert(milvus_pb2.InsertRequest(collection_name=collection, num_rows=rows, fields_data=columns))


def test_columns_of_different_lengths_are_refused(stub, client, small):
    status = insert_raw(stub, small, 2, keys([8, 9]), texts(["x"]), floats([0.0] * 8)).status
    assert status.code == 1100
    assert "num_rows" in status.reason
    assert count(client, small) == 2


def test_a_missing_or_unknown_column_is_refused(stub, client, small):
    assert insert_raw(stub, small, 1, keys([8]), floats([0.0] * 4)).status.code == 1100
    status = insert_raw(stub, small, 1, keys([8]), texts(["x"]), floats([0.0] * 4), keys([1], "other")).status
    assert status.code == 1100
    assert "other" in status.reason
    assert count(client, small) == 2


def test_a_column_of_the_wrong_type_is_refused(stub, client, small):
    wrong = schema_pb2.FieldData(type=schema_pb2.Int64, field_name="text")
    wrong.scalars.long_data.data.append(1)
    assert insert_raw(stub, small, 1, keys([8]), wrong, floats([0.0] * 4)).status.code == 1100
    assert count(client, small) == 2


def test_no_rows_at_all_are_refused(stub, small):
    assert insert_raw(stub, small, 0).status.code == 1100


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_vectors_that_are_no_numbers_are_refused(stub, client, small, value):
    status = insert_raw(stub, small, 2, keys([8, 9]), texts(["x", "y"]), floats([0.0] * 7 + [value])).status
    assert status.code == 1100
    assert count(client, small) == 2


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_searching_with_what_is_no_number_is_refused(client, small, value):
    assert refused(client.search, small, [[0.0, 0.0, 0.0, value]], limit=1).code in (1100, 65535)


def test_a_varchar_too_long_is_refused_with_its_row(stub, client, small):
    status = insert_raw(stub, small, 2, keys([8, 9]), texts(["12345", "123456"]), floats([0.0] * 8)).status
    assert status.code == 1100
    assert "length of varchar field text exceeds max length" in status.reason
    assert "row number: 1" in status.reason and "length: 6" in status.reason and "max length: 5" in status.reason
    assert count(client, small) == 2


def test_the_length_of_a_varchar_is_in_bytes(client, small):
    assert refused(client.insert, small, vector_rows(random_vectors(1, 4), start=9, text=["ääa ü"])).code == 1100
    client.insert(small, vector_rows(random_vectors(1, 4), start=9, text=["ääa"]))


def test_invalid_utf8_never_reaches_the_disk(server, client, small):
    """protobuf refuses such text in clients, so the bytes are written by hand."""
    request = milvus_pb2.InsertRequest(collection_name=small, num_rows=1,
                                       fields_data=[keys([8]), texts(["qqqqq"]), floats([0.0] * 4)])
    raw = request.SerializeToString().replace(b"qqqqq", b"\xff\xfeqqq")
    with grpc.insecure_channel(server.address) as channel:
        call = channel.unary_unary("/milvus.proto.milvus.MilvusService/Insert",
                                   response_deserializer=milvus_pb2.MutationResult.FromString)
        try:
            assert call(raw).status.code != 0
        except grpc.RpcError as error:
            assert error.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.INVALID_ARGUMENT)
    assert count(client, small) == 2


def test_an_array_too_long_and_json_too_large_are_refused(client, name):
    schema = simple_schema(dim=4)
    schema.add_field("list", DataType.ARRAY, element_type=DataType.INT64, max_capacity=3)
    schema.add_field("data", DataType.JSON)
    create(client, name, schema)
    good = {"id": 1, "vector": [0.0] * 4, "list": [1], "data": {}}
    assert refused(client.insert, name, [good | {"list": [1, 2, 3, 4]}]).code == 1100
    assert refused(client.insert, name, [good | {"data": {"x": "y" * 70000}}]).code == 1100
    client.insert(name, [good | {"data": {"x": "y" * 65000}}])
    assert count(client, name) == 1


def test_broken_json_is_refused(stub, client, name):
    schema = simple_schema(dim=4)
    schema.add_field("data", DataType.JSON)
    create(client, name, schema)
    for text in (b"{", b"", b"{'a': 1}", b"nul", b"[1,]", b"\xff"):
        data = schema_pb2.FieldData(type=schema_pb2.JSON, field_name="data")
        data.scalars.json_data.data.append(text)
        assert insert_raw(stub, name, 1, keys([1]), floats([0.0] * 4), data).status.code == 1100, text
    assert count(client, name) == 0


def test_null_for_a_field_that_allows_none_is_refused(stub, client, small):
    text = texts([])
    text.valid_data.append(False)
    assert insert_raw(stub, small, 1, keys([8]), text, floats([0.0] * 4)).status.code == 1100
    assert count(client, small) == 2


def test_a_key_for_an_auto_id_is_refused(stub, client, name):
    schema = MilvusClient.create_schema(auto_id=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=4)
    create(client, name, schema)
    assert insert_raw(stub, name, 1, keys([1]), floats([0.0] * 4)).status.code == 1100
    assert insert_raw(stub, name, 1, floats([0.0] * 4)).status.code == 0


# --- reads ---


def test_limits_of_topk_nq_and_window(client, small):
    error = refused(client.search, small, [[0.0] * 4], limit=16385)
    assert error.code == 1100
    assert "topk [16385] is invalid, it should be in range [1, 16384]" in error.message
    error = refused(client.search, small, [[0.0] * 4] * 16385, limit=1)
    assert error.code == 1100
    assert "nq [16385] is invalid" in error.message
    error = refused(client.query, small, filter="id > 0", limit=16385)
    assert error.code == 1100
    assert "invalid max query result window, (offset+limit) should be in range [1, 16384]" in error.message
    assert refused(client.search, small, [[0.0] * 4], limit=10, offset=16380).code == 1100
    assert refused(client.query, small, filter="id > 0", limit=10, offset=16380).code == 1100


def test_a_search_vector_of_the_wrong_width(client, small):
    error = refused(client.search, small, [[0.0] * 5], limit=1)
    assert error.code in (1100, 65535)
    assert "dim" in error.message.lower()


def test_a_search_field_that_is_not_there(client, small):
    assert refused(client.search, small, [[0.0] * 4], anns_field="nothing", limit=1).code in (1100, 1700)
    assert refused(client.search, small, [[0.0] * 4], anns_field="text", limit=1).code in (1100, 1700)


def test_garbage_instead_of_query_vectors(stub, small):
    request = milvus_pb2.SearchRequest(collection_name=small, placeholder_group=b"\xff\xff\xff", nq=1, dsl="",
                                       dsl_type=common_pb2.BoolExprV1)
    for key, value in {"anns_field": "vector", "topk": "3", "params": "{}"}.items():
        request.search_params.add(key=key, value=value)
    assert stub.Search(request).status.code != 0


def search_raw(stub, collection, **params):
    request = milvus_pb2.SearchRequest(collection_name=collection, nq=1, dsl_type=common_pb2.BoolExprV1)
    group = common_pb2.PlaceholderGroup()
    group.placeholders.add(tag="$0", type=common_pb2.PlaceholderType.FloatVector, values=[b"\0" * 16])
    request.placeholder_group = group.SerializeToString()
    for key, value in params.items():
        request.search_params.add(key=key, value=value)
    return stub.Search(request)


def test_search_parameters_are_checked(stub, small):
    good = {"anns_field": "vector", "topk": "2", "params": "{}", "round_decimal": "-1"}
    assert search_raw(stub, small, **good).status.code == 0
    for key, value in [("topk", "none"), ("topk", "0"), ("topk", "-1"), ("offset", "-1"), ("offset", "x"),
                       ("round_decimal", "7"), ("round_decimal", "-2"), ("params", "{"), ("params", "[]"),
                       ("ignore_growing", "perhaps")]:
        assert search_raw(stub, small, **good | {key: value}).status.code == 1100, (key, value)


def test_a_search_without_topk(stub, small):
    status = search_raw(stub, small, anns_field="vector").status
    assert status.code in (1100, 1101)
    assert "topk" in status.reason
