"""Names of everything that has one: lengths, characters, and words that are taken."""

import pytest
from messages import T, create_raw, field, schema_of
from pymilvus.grpc_gen import milvus_pb2


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
