"""Limits of schemas, requests and answers: what is just within, one more, and where they are configured."""

import pytest
from elanus_server import Server
from messages import create_raw, five, query, refused, schema_of, search
from pymilvus import DataType, MilvusClient, MilvusException
from pymilvus.grpc_gen import milvus_pb2
from rows import create, index_of, simple_schema


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


def test_large_windows_where_the_collection_asks_for_them(stub, client, name):
    """query_mode=large_topk: topk and windows of up to a million."""
    rows = 16384 + 600
    client.create_collection(name, schema=simple_schema(dim=2), index_params=index_of(),
                             properties={"query_mode": "large_topk"}, consistency_level="Strong")
    for begin in range(0, rows, 8192):
        client.insert(name, [{"id": i, "vector": [i, 0]} for i in range(begin, min(begin + 8192, rows))])
    hits = client.search(name, [[0, 0]], limit=rows + 5)[0]
    assert [hit["id"] for hit in hits] == list(range(rows))
    assert [hit["id"] for hit in client.search(name, [[0, 0]], limit=50, offset=16800)[0]] == list(range(16800, 16850))
    assert len(client.query(name, filter="id >= 0", limit=rows, output_fields=["id"])) == rows
    assert client.query(name, filter="", limit=1, offset=16900)[0]["id"] == 16900
    status = search(stub, name, topk=1_000_001).status
    assert status.code == 1100 and "topk [1000001] is invalid, it should be in range [1, 1000000]" in status.reason
    status = query(stub, name, "id > 0", ["id"], limit=1_000_000, offset=1).status
    assert status.code == 1100 and "should be in range [1, 1000000], but got 1000001" in status.reason


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
