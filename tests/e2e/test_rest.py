"""REST v2 on the same port, by plain HTTP."""

import json
import urllib.request

import pytest
from oracle import nearest, random_vectors

DIM = 8
VECTORS = random_vectors(60, DIM, seed=11)


@pytest.fixture(scope="module")
def ok(post):
    def ok(path, body=None, **arguments):
        reply = post(path, body, **arguments)
        assert reply["code"] == 0, reply
        return reply.get("data")
    return ok


def row(i, **more):
    return {"id": i, "vector": VECTORS[i].tolist(), "colour": ["red", "green"][i % 2]} | more


@pytest.fixture
def filled(ok, name):
    ok("collections/create", {"collectionName": name, "dimension": DIM, "metricType": "L2",
                              "params": {"consistencyLevel": "Strong"}})
    assert ok("entities/insert", {"collectionName": name, "data": [row(i) for i in range(60)]})["insertCount"] == 60
    return name


def test_the_quick_form_from_create_to_drop(ok, filled):
    assert filled in ok("collections/list")
    assert ok("collections/has", {"collectionName": filled}) == {"has": True}
    about = ok("collections/describe", {"collectionName": filled})
    assert about["collectionName"] == filled
    assert about["enableDynamicField"] is True
    assert [field["name"] for field in about["fields"]] == ["id", "vector"]
    assert about["fields"][0]["primaryKey"] is True
    assert about["fields"][1]["type"] == "FloatVector"
    assert about["load"] == "LoadStateLoaded"
    assert about["indexes"] == [{"fieldName": "vector", "indexName": "vector", "metricType": "L2"}]
    assert ok("collections/get_load_state", {"collectionName": filled})["loadState"] == "LoadStateLoaded"
    ok("collections/flush", {"collectionName": filled})
    assert ok("collections/get_stats", {"collectionName": filled}) == {"rowCount": 60}
    ok("collections/drop", {"collectionName": filled})
    assert ok("collections/has", {"collectionName": filled}) == {"has": False}


def test_search_query_and_get(ok, post, filled):
    query = random_vectors(1, DIM, seed=12)[0]
    reply = post("entities/search", {"collectionName": filled, "data": [query.tolist()], "annsField": "vector",
                                     "limit": 5, "outputFields": ["colour"]})
    rows, far = nearest(query, VECTORS, "L2", 5)
    assert [hit["id"] for hit in reply["data"]] == rows
    assert [hit["distance"] for hit in reply["data"]] == pytest.approx(far, rel=1e-4)
    assert [hit["colour"] for hit in reply["data"]] == [["red", "green"][i % 2] for i in rows]
    assert reply["topks"] == [5]
    found = ok("entities/search", {"collectionName": filled, "data": [query.tolist()], "limit": 100,
                                   "filter": 'colour == "red"', "outputFields": ["id"]})
    assert sorted(hit["id"] for hit in found) == list(range(0, 60, 2))
    found = ok("entities/query", {"collectionName": filled, "filter": "id in [1, 5]", "outputFields": ["*"]})
    assert sorted(one["id"] for one in found) == [1, 5]
    assert found[0]["vector"] == pytest.approx(VECTORS[found[0]["id"]].tolist())
    found = ok("entities/get", {"collectionName": filled, "id": [2, 4], "outputFields": ["colour"]})
    assert sorted(one["id"] for one in found) == [2, 4]
    assert ok("entities/query", {"collectionName": filled, "filter": "", "outputFields": ["count(*)"]}) == [
        {"count(*)": 60}]
    assert len(ok("entities/query", {"collectionName": filled, "filter": "id >= 0", "limit": 7, "offset": 3})) == 7


def test_two_queries_in_one_search(post, filled):
    reply = post("entities/search", {"collectionName": filled, "data": VECTORS[:2].tolist(), "limit": 3})
    assert reply["topks"] == [3, 3]
    assert [reply["data"][0]["id"], reply["data"][3]["id"]] == [0, 1]


def test_upsert_and_delete(ok, filled):
    reply = ok("entities/upsert", {"collectionName": filled, "data": [row(3, colour="blue")]})
    assert reply["upsertCount"] == 1
    assert ok("entities/get", {"collectionName": filled, "id": 3, "outputFields": ["colour"]})[0]["colour"] == "blue"
    ok("entities/delete", {"collectionName": filled, "filter": "id < 10"})
    assert ok("entities/query", {"collectionName": filled, "filter": "", "outputFields": ["count(*)"]}) == [
        {"count(*)": 50}]


def test_the_schema_form_with_every_json_value(ok, name):
    fields = [
        {"fieldName": "key", "dataType": "VarChar", "isPrimary": True, "elementTypeParams": {"max_length": 20}},
        {"fieldName": "vector", "dataType": "FloatVector", "elementTypeParams": {"dim": DIM}},
        {"fieldName": "number", "dataType": "Int64"},
        {"fieldName": "half", "dataType": "Float"},
        {"fieldName": "flag", "dataType": "Bool"},
        {"fieldName": "list", "dataType": "Array", "elementDataType": "Int32", "elementTypeParams": {"max_capacity": 5}},
        {"fieldName": "data", "dataType": "JSON"},
        {"fieldName": "maybe", "dataType": "Int8", "nullable": True},
        {"fieldName": "given", "dataType": "VarChar", "elementTypeParams": {"max_length": 9}, "defaultValue": "usual"},
    ]
    ok("collections/create", {"collectionName": name, "schema": {"fields": fields, "enableDynamicField": False},
                              "indexParams": [{"fieldName": "vector", "metricType": "COSINE", "indexType": "HNSW",
                                               "params": {"M": 8, "efConstruction": 50}}],
                              "params": {"consistencyLevel": "Strong"}})
    data = {"key": "k1", "vector": VECTORS[0].tolist(), "number": 2**53 + 1, "half": 0.5, "flag": True,
            "list": [1, -2], "data": {"a": [1, "x", None]}}
    ok("entities/insert", {"collectionName": name, "data": [data]})
    found = ok("entities/query", {"collectionName": name, "filter": 'key == "k1"', "outputFields": ["*"]})[0]
    assert found["number"] == 2**53 + 1
    assert (found["half"], found["flag"], found["maybe"], found["given"]) == (0.5, True, None, "usual")
    assert found["list"] == [1, -2] or found["list"] == {"Data": {"IntData": {"data": [1, -2]}}}
    assert (json.loads(found["data"]) if isinstance(found["data"], str) else found["data"]) == {"a": [1, "x", None]}


def test_int64_as_text_when_the_client_asks(ok, filled):
    found = ok("entities/query", {"collectionName": filled, "filter": "id == 1", "outputFields": ["id"]},
               headers={"Accept-Type-Allow-Int64": "false"})
    assert found == [{"id": "1"}]


def test_partitions_aliases_and_indexes(ok, filled):
    ok("partitions/create", {"collectionName": filled, "partitionName": "p"})
    assert sorted(ok("partitions/list", {"collectionName": filled})) == ["_default", "p"]
    assert ok("partitions/has", {"collectionName": filled, "partitionName": "p"}) == {"has": True}
    ok("partitions/release", {"collectionName": filled, "partitionNames": ["p"]})
    ok("partitions/drop", {"collectionName": filled, "partitionName": "p"})
    alias = filled + "_alias"
    ok("aliases/create", {"collectionName": filled, "aliasName": alias})
    assert ok("aliases/list", {"collectionName": filled}) == [alias]
    assert ok("aliases/describe", {"aliasName": alias})["collectionName"] == filled
    ok("aliases/drop", {"aliasName": alias})
    assert ok("indexes/list", {"collectionName": filled}) == ["vector"]
    index = ok("indexes/describe", {"collectionName": filled, "indexName": "vector"})[0]
    assert (index["fieldName"], index["indexType"], index["metricType"]) == ("vector", "AUTOINDEX", "L2")
    ok("collections/release", {"collectionName": filled})
    ok("indexes/drop", {"collectionName": filled, "indexName": "vector"})
    assert ok("indexes/list", {"collectionName": filled}) == []
    ok("indexes/create", {"collectionName": filled, "indexParams": [
        {"fieldName": "vector", "indexName": "vector", "metricType": "L2", "indexType": "FLAT"}]})
    ok("collections/load", {"collectionName": filled})
    ok("collections/rename", {"collectionName": filled, "newCollectionName": filled + "_b"})
    ok("collections/rename", {"collectionName": filled + "_b", "newCollectionName": filled})


@pytest.mark.parametrize("path, body, code", [
    ("collections/describe", {"collectionName": "nothing"}, 100),
    ("collections/describe", {}, 1802),
    ("collections/create", {"collectionName": "x"}, None),
    ("entities/search", {"collectionName": "nothing", "data": [[0.0] * DIM]}, 100),
    ("entities/insert", {"collectionName": "nothing", "data": [{"id": 1}]}, 100),
    ("collections/create", {"collectionName": "1x", "dimension": 4}, 1100),
])
def test_errors_are_200_with_a_code(post, path, body, code):
    reply = post(path, body)
    assert reply["code"] == code if code else reply["code"] != 0
    assert reply["message"]
    assert "data" not in reply


def test_bodies_that_are_no_json_are_refused(post):
    for raw in (b"", b"{", b"[]", b"not json", b"\xff\xfe", b'{"collectionName": }', b"[" * 100_000):
        assert post("collections/list", raw=raw)["code"] == 1801, raw[:20]


def test_rows_that_do_not_fit_are_refused(post, filled):
    good = row(1)
    for bad in ({"vector": [0.0] * DIM}, good | {"vector": [0.0] * 3}, good | {"vector": "x"}, good | {"id": "one"},
                good | {"id": 1.5}):
        assert post("entities/insert", {"collectionName": filled, "data": [bad]})["code"] != 0, bad
    found = post("entities/query", {"collectionName": filled, "filter": "", "outputFields": ["count(*)"]})
    assert found["data"] == [{"count(*)": 60}]


def test_unknown_paths_are_404(server):
    request = urllib.request.Request(f"{server.uri}/v2/vectordb/collections/nonsense", data=b"{}", method="POST")
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request)
    assert error.value.code == 404


def test_rest_and_grpc_see_the_same_rows(ok, client, filled):
    client.insert(filled, [row(0) | {"id": 1000}])
    assert ok("entities/get", {"collectionName": filled, "id": 1000, "outputFields": ["id"]}) == [{"id": 1000}]
