"""Rules of schemas and properties of collections: what is taken and described, what is refused and why."""

import pytest
from messages import (
    T, create_raw, data, field, floats, insert, keys, placeholders, refused, scalar, schema_of, struct_field,
)
from pymilvus import DataType, MilvusException
from pymilvus.grpc_gen import milvus_pb2, schema_pb2
from rows import count, create, index_of, simple_schema


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
