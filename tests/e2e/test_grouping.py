"""Group-by searches against a plain model: fields of every kind, segments, shards, deleted rows."""

import pytest
from pymilvus import DataType, MilvusException
from pymilvus.grpc_gen import common_pb2, milvus_pb2
from ranked_rows import RankedRows, groups_of, pairs, truth
from rows import create, index_of, insert_in_batches, simple_schema


@pytest.fixture(scope="module", params=[1, 3], ids=["one shard", "three shards"])
def data(request, client):
    data = RankedRows(client, f"grouping_{request.param}", shards=request.param)
    yield data
    client.drop_collection(data.name)


def whole(number):
    """What json_type Int64 makes of a JSON value, strict_cast off."""
    if isinstance(number, bool) or number is None:
        return None
    if isinstance(number, str):
        return int(number) if number.lstrip("-").isdigit() else None
    return int(number) if number == int(number) else None


def text(value):
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def at(row, *path):
    value = row["meta"]
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


FIELDS = {
    "VarChar with nulls": (dict(group_by_field="brand"), lambda row: row["brand"]),
    "Int16 with nulls": (dict(group_by_field="size"), lambda row: row["size"]),
    "Bool": (dict(group_by_field="flag"), lambda row: row["flag"]),
    "Int64": (dict(group_by_field="number"), lambda row: row["number"]),
    "Timestamptz": (dict(group_by_field="seen"), lambda row: row["seen"]),
    "primary key": (dict(group_by_field="id"), lambda row: row["id"]),
    "dynamic key": (dict(group_by_field="color"), lambda row: text(row.get("color"))),
    "JSON path in the name": (dict(group_by_field='meta["kind"]'), lambda row: text(at(row, "kind"))),
    "json_path": (dict(group_by_field="meta", json_path='meta["deep"]["kind"]'),
                  lambda row: text(at(row, "deep", "kind"))),
    "json_path as pointer": (dict(group_by_field="meta", json_path="/deep/kind"),
                             lambda row: text(at(row, "deep", "kind"))),
    "json_type": (dict(group_by_field="meta", json_path='meta["n"]', json_type=DataType.INT64),
                  lambda row: whole(at(row, "n"))),
    "strict_cast": (dict(group_by_field="meta", json_path='meta["n"]', json_type=DataType.INT64, strict_cast=True),
                    lambda row: at(row, "n") if type(at(row, "n")) is int else None),
    "two fields": (dict(group_by_fields=["brand", "size"]), lambda row: [row["brand"], row["size"]]),
    "three fields": (dict(group_by_fields=["flag", "size", "number"]),
                     lambda row: [row["flag"], row["size"], row["number"]]),
}


@pytest.mark.parametrize("case", FIELDS)
def test_each_group_gives_its_best_hit(data, case):
    arguments, value = FIELDS[case]
    queries = [data.query() for _ in range(4)]
    for query, hits in zip(queries, data.search(queries, limit=8, **arguments), strict=True):
        groups = groups_of(data.ranked(query), value)
        assert pairs(hits) == truth(group[0] for group in groups[:8])


@pytest.mark.parametrize("case", ["VarChar with nulls", "Int16 with nulls", "json_type", "two fields"])
@pytest.mark.parametrize("limit, offset, size", [(5, 0, 3), (3, 2, 10), (30, 0, 2)])
def test_strict_groups_are_full(data, case, limit, offset, size):
    arguments, value = FIELDS[case]
    queries = [data.query() for _ in range(3)]
    results = data.search(queries, limit=limit, offset=offset, group_size=size, strict_group_size=True, **arguments)
    for query, hits in zip(queries, results, strict=True):
        groups = groups_of(data.ranked(query), value)[offset:offset + limit]
        assert pairs(hits) == [pair for group in groups for pair in truth(group[:size])]


def test_other_groups_hold_what_was_met_on_the_way(data):
    query = data.query()
    hits = data.search([query], limit=4, group_by_field="brand", group_size=5)[0]
    ranked = data.ranked(query)
    groups = groups_of(ranked, lambda row: row["brand"])[:4]
    last = max(ranked.index(group[0]) for group in groups)
    expected = [[row for row in group if ranked.index(row) <= last][:5] for group in groups]
    assert pairs(hits) == [pair for group in expected for pair in truth(group)]


@pytest.mark.parametrize("offset", [0, 1, 3, 5, 40])
def test_the_offset_counts_groups(data, offset):
    query = data.query()
    hits = data.search([query], limit=2, offset=offset, group_by_field="brand")[0]
    groups = groups_of(data.ranked(query), lambda row: row["brand"])
    assert pairs(hits) == truth(group[0] for group in groups[offset:offset + 2])


def test_a_filter_decides_which_groups_there_are(data):
    query = data.query()
    hits = data.search([query], limit=20, group_by_field="brand", filter='brand != "big" and number > 0')[0]
    kept = data.ranked(query, lambda row: row["brand"] not in ("big", None) and row["number"] > 0)
    assert pairs(hits) == truth(group[0] for group in groups_of(kept, lambda row: row["brand"]))


def values_of(field):
    scalars = field.scalars
    values = list(getattr(scalars, scalars.WhichOneof("data")).data)
    return [value if valid else None for value, valid in zip(values, field.valid_data or [True] * len(values),
                                                             strict=True)]


def raw_search(stub, data, query, **params):
    import struct
    group = common_pb2.PlaceholderGroup(placeholders=[common_pb2.PlaceholderValue(
        tag="$0", type=common_pb2.PlaceholderType.FloatVector, values=[struct.pack(f"<{len(query)}f", *query)])])
    params = {"topk": 10, "anns_field": "vector"} | params
    request = milvus_pb2.SearchRequest(
        collection_name=data.name, placeholder_group=group.SerializeToString(), nq=1, dsl_type=1,
        search_params=[common_pb2.KeyValuePair(key=key, value=str(value)) for key, value in params.items()])
    reply = stub.Search(request)
    assert reply.status.code == 0, reply.status.reason
    return reply.results


def test_group_values_come_beside_the_hits(data, stub):
    query = data.query()
    single = raw_search(stub, data, query, group_by_field="brand")
    assert values_of(single.group_by_field_value) == [data.rows[key]["brand"] for key in single.ids.int_id.data]
    assert single.group_by_field_value.field_name == "brand" and not single.group_by_field_values
    several = raw_search(stub, data, query, group_by_fields="size,flag", group_size=2, strict_group_size="true")
    keys = several.ids.int_id.data
    assert not several.HasField("group_by_field_value")
    assert [field.field_name for field in several.group_by_field_values] == ["size", "flag"]
    assert values_of(several.group_by_field_values[0]) == [data.rows[key]["size"] for key in keys]
    assert values_of(several.group_by_field_values[1]) == [data.rows[key]["flag"] for key in keys]
    cast = raw_search(stub, data, query, group_by_field="meta", json_path='meta["n"]', json_type="Int64")
    assert values_of(cast.group_by_field_value) == [whole(at(data.rows[key], "n")) for key in cast.ids.int_id.data]


def test_groups_come_through_rest(data, post):
    query = data.query()
    reply = post("entities/search", {"collectionName": data.name, "data": [query], "annsField": "vector", "limit": 3,
                                     "groupingField": "brand", "groupSize": 2, "strictGroupSize": True,
                                     "outputFields": ["brand"], "consistencyLevel": "Strong"})
    assert reply["code"] == 0, reply
    groups = groups_of(data.ranked(query), lambda row: row["brand"])[:3]
    expected = [row for group in groups for row in group[:2]]
    assert [(hit["id"], hit["distance"], hit["brand"]) for hit in reply["data"]] == [
        (row["id"], score, row["brand"]) for score, row in expected]
    assert reply["topks"] == [len(expected)]


@pytest.mark.parametrize("index_type", ["HNSW", "FLAT"])
def test_far_groups_are_found(client, name, index_type):
    """One group holds the 3,000 nearest rows; the search goes on until there are ten groups."""
    schema = simple_schema(dim=8)
    schema.add_field("topic", DataType.INT32)
    create(client, name, schema, index_of(index_type=index_type))
    near = [{"id": i, "vector": [i * 1e-4] * 8, "topic": 0} for i in range(3000)]
    far = [{"id": 3000 + i, "vector": [10.0 + i] * 8, "topic": 1 + i % 12} for i in range(24)]
    insert_in_batches(client, name, near + far)
    client.flush(name)
    hits = client.search(name, [[0.0] * 8], limit=10, group_by_field="topic", output_fields=["topic"])[0]
    assert [hit["id"] for hit in hits] == [0] + list(range(3000, 3009))
    full = client.search(name, [[0.0] * 8], limit=10, group_by_field="topic", group_size=2, strict_group_size=True)[0]
    assert [hit["id"] for hit in full] == [0, 1] + [key for i in range(3000, 3009) for key in (i, i + 12)]


REFUSED = {
    "Double": (dict(group_by_field="price"), "unsupported data type Double"),
    "vector": (dict(group_by_field="vector"), "unsupported data type"),
    "JSON without path": (dict(group_by_field="meta"), "json_path is required"),
    "size 11": (dict(group_by_field="brand", group_size=11),
                "input group size:11 exceeds configured max group size:10"),
    "size 0": (dict(group_by_field="brand", group_size=0), "input group size:0 is negative"),
    "range": (dict(group_by_field="brand", search_params={"params": {"radius": 10}}),
              "not allowed to do range-search when doing search-group-by"),
    "two JSON paths": (dict(group_by_fields=["brand", 'meta["n"]'], json_path='meta["n"]'),
                       "json_path is only supported with a single group by field"),
    "bad cast": (dict(group_by_field="color", json_path="/color", iterator=True), "Not allowed to do groupBy"),
    "twice": (dict(group_by_fields=["brand", "brand"]), "duplicate group by field"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_grouped_is_refused(data, case):
    arguments, phrase = REFUSED[case]
    with pytest.raises(MilvusException, match=phrase) as error:
        data.search([data.query()], **arguments)
    assert error.value.code == 1100


def test_an_unknown_field_and_binary_vectors_are_refused(client, name):
    schema = simple_schema(dim=8)
    schema.add_field("bits", DataType.BINARY_VECTOR, dim=16)
    schema.add_field("n", DataType.INT64)
    index = index_of("vector")
    index.add_index("bits", index_type="BIN_FLAT", metric_type="HAMMING")
    create(client, name, schema, index)
    with pytest.raises(MilvusException, match="groupBy field not found in schema") as error:
        client.search(name, [[0.0] * 8], anns_field="vector", group_by_field="nope")
    assert error.value.code == 1700
    with pytest.raises(MilvusException, match="not support search_group_by operation based on binary vector column"):
        client.search(name, [b"ab"], anns_field="bits", group_by_field="n")
