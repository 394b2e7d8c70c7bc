"""Search aggregations against a plain model: buckets, metrics, orders, best hits, levels."""

import pytest
from elanus_server import Server
from pymilvus import MilvusException, SearchAggregation, TopHits
from pymilvus.grpc_gen import common_pb2
from ranked_rows import RankedRows, groups_of

POOL = 1000


@pytest.fixture(scope="module", params=[1, 3], ids=["one shard", "three shards"])
def data(request, client):
    data = RankedRows(client, f"aggregation_{request.param}", shards=request.param)
    yield data
    client.drop_collection(data.name)


def micros(text):
    import datetime
    stamp = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return int(stamp.timestamp() * 1_000_000)


def value_of(pair, name):
    score, row = pair
    if name == "_score":
        return score
    return micros(row[name]) if name == "seen" else row[name]


class Model:
    """What a tree of levels makes of ranked rows; a level is a dict like SearchAggregation's arguments."""

    def __init__(self, levels, pool=POOL):
        self.levels, self.pool_size = levels, pool

    def pool(self, ranked):
        fields = [field for level in self.levels for field in level["fields"]]
        groups = 1
        for level in self.levels:
            groups *= level.get("search_size") or level["size"]
        hits = max([1] + [level["top_hits"][0] for level in self.levels if level.get("top_hits")])
        nearest = ranked[:self.pool_size]
        chosen = {row["id"] for _, row in nearest}
        for group in groups_of(ranked, lambda row: [row[field] for field in fields])[:groups]:
            chosen |= {row["id"] for _, row in group[:hits]}
        return [pair for pair in ranked if pair[1]["id"] in chosen]

    def metric(self, rows, op, field):
        if field == "*":
            return len(rows)
        values = [value for value in (value_of(pair, field) for pair in rows) if value is not None]
        if op == "count":
            return len(values)
        if not values:
            return None
        return {"sum": sum, "avg": lambda v: sum(v) / len(v), "min": min, "max": max}[op](values)

    def buckets(self, rows, depth=0):
        level = self.levels[depth]
        made = []
        for group in groups_of(rows, lambda row: [row[field] for field in level["fields"]]):
            metrics = {alias: self.metric(group, op, field)
                       for alias, spec in (level.get("metrics") or {}).items() for op, field in spec.items()}
            made.append({"key": [value_of(group[0], field) for field in level["fields"]], "count": len(group),
                         "metrics": metrics, "rows": group})
        for order in reversed(level.get("order") or []):
            (key, direction), = order.items()
            made = self.ordered(made, key, direction == "desc")
        made = made[:level["size"]]
        for bucket in made:
            rows = bucket.pop("rows")
            bucket["hits"] = self.hits(rows, *level["top_hits"]) if level.get("top_hits") else []
            bucket["sub"] = self.buckets(rows, depth + 1) if depth + 1 < len(self.levels) else []
        return made

    @staticmethod
    def ordered(buckets, key, down):
        def part(bucket):
            return {"_count": [bucket["count"]], "_key": bucket["key"]}.get(key) or [bucket["metrics"][key]]
        for i in reversed(range(len(part(buckets[0])) if buckets else 0)):
            with_value = [bucket for bucket in buckets if part(bucket)[i] is not None]
            without = [bucket for bucket in buckets if part(bucket)[i] is None]
            buckets = sorted(with_value, key=lambda bucket: part(bucket)[i], reverse=down) + without
        return buckets

    @staticmethod
    def hits(rows, size, sort=()):
        for order in reversed(sort):
            (name, direction), = order.items()
            with_value = [pair for pair in rows if value_of(pair, name) is not None]
            without = [pair for pair in rows if value_of(pair, name) is None]
            rows = sorted(with_value, key=lambda pair: value_of(pair, name), reverse=direction == "desc") + without
        return [(row["id"], score) for score, row in rows[:size]]


def request_of(levels):
    spec = None
    for level in reversed(levels):
        arguments = {key: value for key, value in level.items() if key not in ("top_hits", "search_size")}
        top_hits = TopHits(level["top_hits"][0], *[list(part) for part in level["top_hits"][1:]]) \
            if level.get("top_hits") else None
        spec = SearchAggregation(**arguments, top_hits=top_hits, sub_aggregation=spec)
    return spec


def plain(buckets):
    return [{"key": [part["value"] for part in bucket.key], "count": bucket.count,
             "metrics": {alias: pytest.approx(value) if isinstance(value, float) else value
                         for alias, value in bucket.metrics.items()},
             "hits": [(hit.pk, hit.score) for hit in bucket.hits], "sub": plain(bucket.sub_groups)}
            for bucket in buckets]


ALL_METRICS = {"rows": {"count": "*"}, "sizes": {"count": "size"}, "total": {"sum": "number"}, "mean": {"avg": "price"},
               "least": {"min": "brand"}, "last": {"max": "seen"}, "near": {"min": "_score"}, "far": {"avg": "_score"},
               "money": {"sum": "price"}}
CASES = {
    "one field": [dict(fields=["brand"], size=3)],
    "all metrics": [dict(fields=["flag"], size=5, metrics=ALL_METRICS)],
    "two fields": [dict(fields=["size", "flag"], size=4, top_hits=(2,))],
    "by count": [dict(fields=["brand"], size=3, order=[{"_count": "desc"}])],
    "by key": [dict(fields=["size", "number"], size=9, order=[{"_key": "desc"}])],
    "by metric then key": [dict(fields=["brand"], size=9, metrics={"mean": {"avg": "number"}, "n": {"max": "size"}},
                                order=[{"n": "asc"}, {"mean": "desc"}, {"_key": "asc"}])],
    "sorted hits": [dict(fields=["brand"], size=4, top_hits=(3, [{"price": "desc"}, {"size": "asc"}]))],
    "hits by score": [dict(fields=["seen"], size=4, top_hits=(3, [{"_score": "desc"}]))],
    "two levels": [dict(fields=["brand"], size=3, metrics={"n": {"count": "*"}}, order=[{"_count": "desc"}]),
                   dict(fields=["size"], size=2, metrics={"mean": {"avg": "price"}}, top_hits=(2,))],
    "four levels": [dict(fields=["flag"], size=2, top_hits=(1,)), dict(fields=["size"], size=3),
                    dict(fields=["brand"], size=2, order=[{"_key": "asc"}]),
                    dict(fields=["number"], size=2, top_hits=(2, [{"price": "asc"}]))],
}


@pytest.mark.parametrize("case", CASES)
def test_buckets_are_those_of_the_model(data, case):
    levels = CASES[case]
    queries = [data.query() for _ in range(2)]
    results = data.search(queries, search_aggregation=request_of(levels))
    model = Model(levels)
    assert len(results.agg_buckets) == 2
    for query, buckets in zip(queries, results.agg_buckets, strict=True):
        assert plain(buckets) == model.buckets(model.pool(data.ranked(query)))
    assert [len(hits) for hits in results] == [0, 0]


def test_a_filter_narrows_the_pool(data):
    levels = [dict(fields=["brand"], size=9, metrics={"n": {"count": "*"}}, order=[{"_key": "asc"}])]
    query = data.query()
    result = data.search([query], search_aggregation=request_of(levels), filter="flag == true and number > 0")
    kept = data.ranked(query, lambda row: row["flag"] and row["number"] > 0)
    assert plain(result.agg_buckets[0]) == Model(levels).buckets(kept)
    nothing = data.search([query], search_aggregation=request_of(levels), filter="number > 100")
    assert nothing.agg_buckets == []


def test_hits_bring_the_output_fields(data):
    query = data.query()
    result = data.search([query], output_fields=["brand", "number", "price", "flag", "seen"],
                         search_aggregation=request_of([dict(fields=["number"], size=4, top_hits=(3,))]))
    for bucket in result.agg_buckets[0]:
        assert [(part["field_name"], part["field_id"] >= 100) for part in bucket.key] == [("number", True)]
        for hit in bucket.hits:
            row = data.rows[hit.pk]
            expected = {name: row[name] for name in ("brand", "number", "price", "flag") if row[name] is not None}
            assert {name: value for name, value in hit.fields.items() if name != "seen"} == expected
            assert hit.fields["seen"].startswith(row["seen"][:10])


def test_the_pool_and_the_limit_come_from_the_configuration(tmp_path):
    environment = {"ELANUS_SEARCHAGGREGATION_POOL": "50", "PROXY_MAXSEARCHAGGREGATIONRESULTENTRIES": "12"}
    with Server(tmp_path, environment=environment) as server:
        data = RankedRows(server.client(), "small", sealed=300, growing=100)
        levels = [dict(fields=["brand"], size=4, metrics={"n": {"count": "*"}}, top_hits=(3,))]
        query = data.query()
        result = data.search([query], search_aggregation=request_of(levels))
        model = Model(levels, pool=50)
        assert plain(result.agg_buckets[0]) == model.buckets(model.pool(data.ranked(query)))
        with pytest.raises(MilvusException, match=r"entries \[16\] exceeds the limit"):
            data.search([query], search_aggregation=request_of([dict(fields=["brand"], size=4, top_hits=(4,))]))


def nested(depth, **more):
    fields = ["brand", "size", "flag", "number", "seen"]
    return request_of([dict(fields=[field], size=2) | more for field in fields[:depth]])


REFUSED = {
    "Double": (dict(fields=["price"], size=2), "unsupported data type Double"),
    "JSON": (dict(fields=["meta"], size=2), "unsupported data type"),
    "dynamic key": (dict(fields=["color"], size=2), "not exist"),
    "twice": (dict(fields=["brand", "brand"], size=2), "duplicate field"),
    "sum of text": (dict(fields=["brand"], size=2, metrics={"s": {"sum": "brand"}}), "does not support field brand"),
    "unknown metric field": (dict(fields=["brand"], size=2, metrics={"s": {"sum": "nope"}}), "nope not exist"),
    "unsortable hits": (dict(fields=["brand"], size=2, top_hits=(1, [{"meta": "asc"}])), "cannot be sorted by"),
    "too much": (dict(fields=["brand"], size=10001), "exceeds the limit"),
    "too many hits": (dict(fields=["brand"], size=101, top_hits=(100,)), "exceeds the limit"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_aggregated_is_refused(data, case):
    level, phrase = REFUSED[case]
    with pytest.raises(MilvusException, match=phrase) as error:
        data.search([data.query()], search_aggregation=request_of([level]))
    assert error.value.code == 1100


def test_levels_and_what_goes_beside_them(data):
    assert data.search([data.query()], search_aggregation=nested(4)).agg_buckets
    for arguments, phrase in ((dict(search_aggregation=nested(5)), "at most 4 are allowed"),
                              (dict(search_aggregation=nested(1), offset=3), "cannot be used with offset"),
                              (dict(search_aggregation=nested(1), order_by_fields="number:asc"),
                               "cannot be used with order_by_fields"),
                              (dict(search_aggregation=nested(1), iterator=True),
                               "cannot be used with search iterator")):
        with pytest.raises(MilvusException, match=phrase) as error:
            data.search([data.query()], **arguments)
        assert error.value.code == 1100


def test_buckets_through_rest(data, post):
    query = data.query()
    levels = [dict(fields=["brand"], size=3, metrics={"mean": {"avg": "price"}}, order=[{"_count": "desc"}],
                   top_hits=(2, [{"price": "desc"}])), dict(fields=["size"], size=2)]
    body = {"collectionName": data.name, "data": [query, query], "annsField": "vector", "consistencyLevel": "Strong",
            "outputFields": ["price"], "searchAggregation": {
                "fields": ["brand"], "size": 3, "metrics": {"mean": {"op": "avg", "fieldName": "price"}},
                "order": [{"key": "_count", "direction": "desc"}],
                "topHits": {"size": 2, "sort": [{"fieldName": "price", "direction": "desc"}]},
                "subAggregation": {"fields": ["size"], "size": 2}}}
    reply = post("entities/search", body)
    assert reply["code"] == 0, reply

    def read(buckets):
        return [{"key": [part["value"] for part in bucket["key"]], "count": bucket["count"],
                 "metrics": {alias: pytest.approx(value) for alias, value in bucket["metrics"].items()},
                 "hits": [(hit["pk"], hit["score"]) for hit in bucket["hits"]], "sub": read(bucket["subGroups"])}
                for bucket in buckets]

    model = Model(levels)
    expected = model.buckets(model.pool(data.ranked(query)))
    assert reply["aggTopks"] == [len(expected)] * 2
    assert read(reply["data"]) == expected * 2
    assert all(hit["fields"]["price"] == data.rows[hit["pk"]]["price"] for b in reply["data"] for hit in b["hits"])


def test_a_search_size_widens_the_pool(data, stub):
    """pymilvus has no word for it: the message is made by hand."""
    import struct
    from pymilvus.grpc_gen import milvus_pb2
    query = data.query()
    levels = [dict(fields=["id"], size=3, search_size=1500, order=[{"_key": "desc"}])]
    group = common_pb2.PlaceholderGroup(placeholders=[common_pb2.PlaceholderValue(
        tag="$0", type=common_pb2.PlaceholderType.FloatVector, values=[struct.pack("<4f", *query)])])
    spec = common_pb2.SearchAggregationSpec(fields=["id"], size=3, search_size=1500,
                                            order=[common_pb2.OrderSpec(key="_key", direction="desc")])
    request = milvus_pb2.SearchRequest(
        collection_name=data.name, placeholder_group=group.SerializeToString(), nq=1, dsl_type=1,
        search_aggregation=spec, search_params=[common_pb2.KeyValuePair(key="topk", value="10"),
                                                common_pb2.KeyValuePair(key="anns_field", value="vector")])
    results = stub.Search(request).results
    model = Model(levels)
    assert [bucket.key[0].int_val for bucket in results.agg_buckets] == [
        bucket["key"][0] for bucket in model.buckets(model.pool(data.ranked(query)))]
    spec.search_size = 2
    request.search_aggregation.CopyFrom(spec)
    reply = stub.Search(request)
    assert reply.status.code == 1100 and "search_size [2] should be no less than size [3]" in reply.status.reason
