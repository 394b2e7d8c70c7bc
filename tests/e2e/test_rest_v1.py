"""REST v1: the older interface, which some clients still speak. Success is code 200 there."""

import json
import urllib.error
import urllib.parse
import urllib.request

import pytest

VECTORS = [[0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1], [0.9, 0.9, 0.9, 0.9]]


@pytest.fixture
def call(server):
    def ask(path, body=None, **query):
        url = f"http://{server.address}/v1/vector/{path}" + ("?" + urllib.parse.urlencode(query) if query else "")
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data=data)) as reply:
                return json.loads(reply.read())
        except urllib.error.HTTPError as error:
            return {"http": error.code} | json.loads(error.read())
    return ask


@pytest.fixture
def films(call, name):
    assert call("collections/create", {"collectionName": name, "dimension": 4, "description": "reels"}) == {
        "code": 200, "data": {}}
    rows = [{"vector": vector, "title": title} for vector, title in zip(VECTORS, ["Alien", "Brazil", "Cube"])]
    first = call("insert", {"collectionName": name, "data": rows[0]})
    rest = call("insert", {"collectionName": name, "data": rows[1:]})
    assert first["code"] == rest["code"] == 200 and rest["data"]["insertCount"] == 2
    return name, first["data"]["insertIds"] + rest["data"]["insertIds"]


def test_collections_are_listed_and_described(call, films):
    name, _ = films
    assert name in call("collections")["data"]
    about = call("collections/describe", collectionName=name)
    assert about == {"code": 200, "data": {
        "collectionName": name, "description": "reels", "enableDynamicField": True, "shardsNum": 1,
        "load": "LoadStateLoaded",
        "indexes": [{"indexName": "vector_idx", "fieldName": "vector", "metricType": "L2"}],
        "fields": [{"name": "id", "type": "Int64", "primaryKey": True, "autoId": True, "description": ""},
                   {"name": "vector", "type": "FloatVector(4)", "primaryKey": False, "autoId": False,
                    "description": ""}]}}
    assert call("collections/drop", {"collectionName": name}) == {"code": 200, "data": {}}
    assert call("collections/drop", {"collectionName": name})["code"] == 100
    assert call("collections/describe", collectionName=name)["code"] == 100
    assert call("collections", dbName="never was+there%")["code"] in (800, 802)


def test_names_and_metric_of_a_collection(call, name):
    call("collections/create", {"collectionName": name, "dimension": 4, "metricType": "IP", "primaryField": "pk",
                                "vectorField": "vec"})
    about = call("collections/describe", collectionName=name)["data"]
    assert [field["name"] for field in about["fields"]] == ["pk", "vec"]
    assert about["indexes"][0]["metricType"] == "IP"
    assert call("insert", {"collectionName": name, "data": {"vec": VECTORS[0]}})["code"] == 200
    call("collections/drop", {"collectionName": name})


def test_rows_are_read_and_searched(call, films):
    name, ids = films
    rows = call("query", {"collectionName": name, "filter": "title in ['Alien', 'Cube']", "outputFields": ["title"]})
    assert rows == {"code": 200, "data": [{"title": "Alien", "id": ids[0]}, {"title": "Cube", "id": ids[2]}]}
    assert call("query", {"collectionName": name, "filter": "id > 0", "limit": 1, "offset": 1,
                          "outputFields": ["title"]})["data"] == [{"title": "Brazil", "id": ids[1]}]
    assert [row["title"] for row in call("get", {"collectionName": name, "id": ids[:2]})["data"]] == [
        "Alien", "Brazil"]
    assert call("get", {"collectionName": name, "id": str(ids[2]), "outputFields": ["title"]})["data"] == [
        {"title": "Cube", "id": ids[2]}]
    hits = call("search", {"collectionName": name, "vector": VECTORS[0], "limit": 2, "outputFields": ["title"]})
    assert hits["code"] == 200 and set(hits) == {"code", "data"}
    assert hits["data"][0] == {"id": ids[0], "distance": 0, "title": "Alien"}
    assert hits["data"][1]["title"] == "Brazil" and abs(hits["data"][1]["distance"] - 0.2) < 1e-6
    near = call("search", {"collectionName": name, "vector": VECTORS[0], "filter": "title != 'Alien'",
                           "params": {"radius": 1.0, "range_filter": 0.1}})["data"]
    assert [row["id"] for row in near] == [ids[1]]


def test_rows_are_changed(call, films):
    name, ids = films
    changed = call("upsert", {"collectionName": name, "data": [{"id": ids[0], "vector": VECTORS[2], "title": "Dune"}]})
    assert changed["code"] == 200 and changed["data"]["upsertCount"] == 1
    assert call("delete", {"collectionName": name, "id": ids[1]}) == {"code": 200, "data": {}}
    assert call("delete", {"collectionName": name, "filter": f"id in [{ids[2]}]"}) == {"code": 200, "data": {}}
    rows = call("query", {"collectionName": name, "filter": "id > 0", "outputFields": ["title"]})["data"]
    assert [row["title"] for row in rows] == ["Dune"]


@pytest.mark.parametrize("path, body, words", [
    ("collections/create", {"collectionName": "c"}, "[collectionName, dimension]"),
    ("collections/drop", {}, "[collectionName]"),
    ("insert", {"collectionName": "c"}, "[collectionName, data]"),
    ("delete", {"collectionName": "c"}, "[collectionName, id/filter]"),
    ("query", {"collectionName": "c"}, "[collectionName, filter]"),
    ("get", {"collectionName": "c"}, "[collectionName, id]"),
    ("search", {"collectionName": "c"}, "[collectionName, vector]"),
])
def test_what_is_missing_is_named(call, path, body, words):
    reply = call(path, body)
    assert reply == {"code": 1802, "message": f"missing required parameters, required parameters: {words}"}


def test_what_is_refused(call, films):
    name, ids = films
    assert call("insert", {"collectionName": name, "data": {"vector": [0.1]}})["code"] == 1804
    assert call("get", {"collectionName": name, "id": "x"})["code"] == 1806
    assert call("delete", {"collectionName": name, "id": "x"})["code"] == 1806
    assert call("query", {"collectionName": name, "filter": "title =="})["code"] == 1100
    assert call("search", {"collectionName": "never_was_there", "vector": VECTORS[0]})["code"] == 100
    assert call("nothing", {})["http"] == 404
    assert call("collections/create")["http"] == 405
