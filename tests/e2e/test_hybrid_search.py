"""Hybrid searches against a plain model: fusion, pages, filters, windows, snapshots, errors, REST, profile."""

import json
import random
import threading

import hybrid_rows
import pytest
import rank_model as model
from pymilvus import (AnnSearchRequest, Collection, Function, FunctionType, MilvusException, RRFRanker, WeightedRanker,
                      connections)
from pymilvus.client.prepare import Prepare
from pymilvus.grpc_gen import common_pb2

ROWS, NQ = 360, 3


@pytest.fixture(scope="module", params=[1, 3], ids=["one shard", "three shards"])
def shop(request, client):
    name = f"hybrid_{request.param}"
    client.drop_collection(name)
    hybrid_rows.create(client, name, num_shards=request.param)
    yield name, hybrid_rows.fill(client, name, hybrid_rows.make_rows(ROWS, seed=1))
    client.drop_collection(name, timeout=30)


class Lists:
    """Sub-requests for the server, and their lists as they should be, of each query."""

    def __init__(self, rows, nq=NQ):
        self.rows, self.nq, self.requests, self.metrics = rows, nq, [], []
        self.lists = [[] for _ in range(nq)]

    def add(self, field, limit, seed, expr=None, keep=lambda row: True, expr_params=None, asked=None, **param):
        """`asked`: the limit of the request, when the list here is to be longer."""
        metric = hybrid_rows.FIELDS[field]
        queries = [hybrid_rows.query_of(field, seed * 100 + q) for q in range(self.nq)]
        self.requests.append(AnnSearchRequest(data=[sent for _, sent in queries], anns_field=field,
                                              limit=asked or limit, param={"metric_type": metric} | param, expr=expr,
                                              expr_params=expr_params))
        self.metrics.append(metric)
        for q, (numbers, _) in enumerate(queries):
            self.lists[q].append(model.ranked(metric, numbers, list(self.rows.values()),
                                              lambda row: row[field], limit, keep))
        return self


def found(result):
    return [[(hit["id"], hit["distance"]) for hit in hits] for hits in result]


def assert_same(result, truth, digits=-1):
    got = found(result)
    assert [[key for key, _ in hits] for hits in got] == [[key for key, _ in hits] for hits in truth]
    for hits, right in zip(got, truth, strict=True):
        assert [score for _, score in hits] == pytest.approx(
            [model.rounded(score, digits) for _, score in right], rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("k", [1, 60, 0.5, 16383.5])
def test_rrf(client, shop, k):
    name, rows = shop
    lists = Lists(rows).add("near", 40, 1).add("alike", 25, 2).add("bits", 60, 3)
    result = client.hybrid_search(name, lists.requests, RRFRanker(k), limit=30)
    assert_same(result, [model.rrf(each, k)[:30] for each in lists.lists])


@pytest.mark.parametrize("norm", [False, True], ids=["raw", "normalized"])
@pytest.mark.parametrize("fields", [("near", "bits"), ("alike", "alike"), ("near", "alike", "bits"), ("bits",)],
                         ids=["distances", "similarities", "both", "one list"])
def test_weighted(client, shop, fields, norm):
    name, rows = shop
    lists, weights = Lists(rows), [0.7, 0.25, 1][:len(fields)]
    for i, field in enumerate(fields):
        lists.add(field, 45, 10 + i)
    result = client.hybrid_search(name, lists.requests, WeightedRanker(*weights, norm_score=norm), limit=40)
    assert_same(result, [model.weighted(each, lists.metrics, weights, norm)[:40] for each in lists.lists])


def test_without_a_strategy_the_lists_are_fused_by_rrf(client, stub, shop):
    name, rows = shop
    lists = Lists(rows).add("near", 20, 4).add("alike", 20, 5)
    request = hybrid_request(client, name, lists.requests, {"limit": "10"})
    results = stub.HybridSearch(request).results
    truth = [model.rrf(each)[:10] for each in lists.lists]
    assert list(results.ids.int_id.data) == [key for hits in truth for key, _ in hits]
    assert list(results.topks) == [10] * NQ


@pytest.mark.parametrize("offset, limit", [(0, 7), (7, 7), (40, 20), (95, 20), (400, 5)])
def test_pages(client, shop, offset, limit):
    name, rows = shop
    lists = Lists(rows).add("near", 60, 6).add("bits", 60, 7)
    result = client.hybrid_search(name, lists.requests, RRFRanker(), limit=limit, offset=offset)
    assert_same(result, [model.rrf(each)[offset:offset + limit] for each in lists.lists])


def test_pages_do_not_overlap_and_leave_nothing_out(client, shop):
    name, rows = shop
    lists = Lists(rows, nq=1).add("near", 100, 8).add("alike", 100, 9)
    pages = [client.hybrid_search(name, lists.requests, RRFRanker(), limit=10, offset=offset)
             for offset in range(0, 200, 10)]
    joined = [hit for page in pages for hit in found(page)[0]]
    assert [key for key, _ in joined] == [key for key, _ in model.rrf(lists.lists[0])]


def test_each_list_has_its_filter_templates_and_window(client, shop):
    name, rows = shop
    lists = (Lists(rows)
             .add("near", 33, 11, expr="shelf < 4", keep=lambda row: row["shelf"] < 4)
             .add("alike", 50, 12, expr="price > {least} and shelf in {shelves}",
                  keep=lambda row: row["price"] is not None and row["price"] > 90 and row["shelf"] in (1, 5, 9),
                  expr_params={"least": 90, "shelves": [1, 5, 9]})
             .add("maybe", 50, 13)
             .add("bits", 5, 14, expr="price is null", keep=lambda row: row["price"] is None))
    result = client.hybrid_search(name, lists.requests, RRFRanker(), limit=100)
    assert_same(result, [model.rrf(each)[:100] for each in lists.lists])


def test_a_list_that_is_empty_adds_nothing(client, shop):
    name, rows = shop
    lists = Lists(rows).add("near", 10, 15).add("alike", 10, 16, expr="shelf < 0", keep=lambda row: False)
    result = client.hybrid_search(name, lists.requests, WeightedRanker(1, 1, norm_score=False), limit=10)
    assert_same(result, [model.weighted(each, lists.metrics, [1, 1])[:10] for each in lists.lists])
    nothing = Lists(rows).add("near", 10, 15, expr="shelf < 0", keep=lambda row: False)
    assert found(client.hybrid_search(name, nothing.requests, RRFRanker(), limit=10)) == [[]] * NQ


def test_ranges_of_a_list(client, shop):
    name, rows = shop
    lists = Lists(rows).add("near", 400, 17).add("alike", 200, 18)
    lists.requests[0].param["params"] = {"radius": 50.0, "range_filter": 20.0}
    for each in lists.lists:
        each[0] = [(key, score) for key, score in each[0] if 20 <= score < 50]
    result = client.hybrid_search(name, lists.requests, RRFRanker(), limit=60)
    assert_same(result, [model.rrf(each)[:60] for each in lists.lists])


@pytest.mark.parametrize("digits", [-1, 0, 2, 6])
def test_scores_are_rounded_after_the_order_is_made(client, shop, digits):
    name, rows = shop
    lists = Lists(rows).add("near", 30, 19).add("alike", 30, 20)
    ranker = WeightedRanker(0.3, 0.9, norm_score=True)
    result = client.hybrid_search(name, lists.requests, ranker, limit=25, round_decimal=digits)
    assert_same(result, [model.weighted(each, lists.metrics, [0.3, 0.9], True)[:25] for each in lists.lists], digits)


def test_output_fields_belong_to_their_row(client, shop):
    name, rows = shop
    lists = Lists(rows).add("near", 30, 21).add("bits", 30, 22)
    result = client.hybrid_search(name, lists.requests, RRFRanker(), limit=20,
                                  output_fields=["text", "price", "alike", "shelf"])
    for hits in result:
        assert len(hits) == 20
        for hit in hits:
            row = rows[hit["id"]]
            assert {key: hit["entity"][key] for key in ("text", "price", "shelf")} == {
                key: row[key] for key in ("text", "price", "shelf")}
            assert list(hit["entity"]["alike"]) == row["alike"]


def test_random_requests_agree_with_the_model(client, shop):
    name, rows = shop
    draw = random.Random(5)
    for seed in range(25):
        lists = Lists(rows, nq=draw.randint(1, 4))
        for i in range(draw.randint(1, 5)):
            shelf = draw.randrange(13)
            lists.add(draw.choice(list(hybrid_rows.FIELDS)), draw.randint(1, 120), 1000 + seed * 10 + i,
                      expr=f"shelf <= {shelf}", keep=lambda row, shelf=shelf: row["shelf"] <= shelf)
        limit, offset = draw.randint(1, 90), draw.randint(0, 30)
        if draw.random() < 0.5:
            k = draw.choice([1, 7, 60, 1000])
            ranker, truth = RRFRanker(k), [model.rrf(each, k) for each in lists.lists]
        else:
            weights, norm = [draw.choice([0, 0.125, 0.5, 1]) for _ in lists.requests], draw.random() < 0.5
            ranker = WeightedRanker(*weights, norm_score=norm)
            truth = [model.weighted(each, lists.metrics, weights, norm) for each in lists.lists]
        result = client.hybrid_search(name, lists.requests, ranker, limit=limit, offset=offset)
        assert_same(result, [hits[offset:offset + limit] for hits in truth])


def test_string_keys_and_partitions(client, name):
    schema = client.create_schema(auto_id=False)
    schema.add_field("key", hybrid_rows.DataType.VARCHAR, max_length=20, is_primary=True)
    schema.add_field("near", hybrid_rows.DataType.FLOAT_VECTOR, dim=2)
    schema.add_field("alike", hybrid_rows.DataType.FLOAT_VECTOR, dim=2)
    index = client.prepare_index_params()
    index.add_index("near", index_type="FLAT", metric_type="L2")
    index.add_index("alike", index_type="FLAT", metric_type="IP")
    client.create_collection(name, schema=schema, index_params=index, consistency_level="Strong")
    for partition in ("left", "right"):
        client.create_partition(name, partition)
        client.insert(name, [{"key": f"{partition}{i:02}", "near": [i, i], "alike": [i % 3, 1]} for i in range(20)],
                      partition_name=partition)
    requests = [AnnSearchRequest([[3, 3]], "near", {}, limit=20), AnnSearchRequest([[1, 0]], "alike", {}, limit=20)]
    near = sorted((f"left{i:02}" for i in range(20)), key=lambda key: (abs(int(key[4:]) - 3), key))
    like = sorted((f"left{i:02}" for i in range(20)), key=lambda key: (-(int(key[4:]) % 3), key))
    truth = model.rrf([[(key, 0) for key in near], [(key, 0) for key in like]])[:9]
    result = client.hybrid_search(name, requests, RRFRanker(), limit=9, partition_names=["left"])
    assert [hit["key"] for hit in result[0]] == [key for key, _ in truth]
    both = client.hybrid_search(name, requests, RRFRanker(), limit=40)
    assert {hit["key"][:4] for hit in both[0]} == {"left", "righ"}


def test_1024_lists_are_taken_and_1025_are_not(client, shop):
    name, rows = shop
    one = Lists(rows, nq=1).add("near", 5, 23)
    requests = one.requests * 1024
    result = client.hybrid_search(name, requests, RRFRanker(), limit=5)
    truth = model.rrf(one.lists[0] * 1024)[:5]
    assert found(result)[0] == [(key, pytest.approx(float(score), rel=1e-3)) for key, score in truth]
    with pytest.raises(MilvusException, match="maximum of ann search requests is 1024") as error:
        client.hybrid_search(name, [*requests, requests[0]], RRFRanker(), limit=5)
    assert error.value.code == 1100


def test_a_list_without_a_limit_takes_that_of_the_whole(client, stub, shop):
    name, rows = shop
    lists = Lists(rows).add("near", 12, 24).add("bits", 12, 25)
    request = hybrid_request(client, name, lists.requests, {"limit": "8", "offset": "4"})
    for sub in request.requests:
        kept = [pair for pair in sub.search_params if pair.key != "topk"]
        del sub.search_params[:]
        sub.search_params.extend(kept)
    results = stub.HybridSearch(request).results
    assert list(results.ids.int_id.data) == [key for each in lists.lists for key, _ in model.rrf(each)[4:12]]


def test_growing_rows_may_be_left_out_of_one_list(client, shop):
    name, rows = shop
    lists = Lists(rows).add("near", 400, 26).add("alike", 400, 27)
    all_keys = {key for key, _ in lists.lists[0][0]}
    lists.requests[0].param["ignore_growing"] = True
    result = client.hybrid_search(name, lists.requests, WeightedRanker(1, 0, norm_score=False), limit=400)
    profile = json.loads(profiled(client, name, lists.requests, WeightedRanker(1, 0, norm_score=False), 400))
    in_first = {int(hit["id"]) for hit in profile["hybrid"]["hits"] if hit["lists"][0]["list"] == 0}
    assert {hit["id"] for hit in result[0]} == all_keys
    assert in_first and all(key < ROWS * 2 // 3 and key % 13 != 5 for key in in_first)


def profiled(client, name, requests, ranker, limit, form="json"):
    requests[0].param["profile"] = form
    try:
        result = client.hybrid_search(name, requests, ranker, limit=limit)
        return result.get_search_iterator_v2_results_info().token
    finally:
        del requests[0].param["profile"]


def test_the_profile_tells_of_each_list_and_what_it_did_for_each_hit(client, shop):
    name, rows = shop
    lists = Lists(rows, nq=2).add("near", 30, 28, expr="shelf < 6", keep=lambda row: row["shelf"] < 6)
    lists.add("alike", 20, 29)
    profile = json.loads(profiled(client, name, lists.requests, RRFRanker(10), 15))
    assert profile["kind"] == "hybrid_search" and profile["nq"] == 2 and profile["rows"] == 30
    assert [each["vector_field"] for each in profile["lists"]] == ["near", "alike"]
    assert [each["metric_type"] for each in profile["lists"]] == ["L2", "IP"]
    assert profile["lists"][0]["filter"] == "shelf < 6" and profile["lists"][1]["filter"] == ""
    assert all(segment["rows"] for each in profile["lists"] for shard in each["shards"]
               for segment in shard["segments"])
    assert profile["hybrid"]["ranking"] == "rrf k=10.0"
    hits = profile["hybrid"]["hits"]
    truth = [(q, key, score) for q, each in enumerate(lists.lists) for key, score in model.rrf(each, 10)[:15]]
    assert [(hit["query"], int(hit["id"])) for hit in hits] == [(q, key) for q, key, _ in truth]
    for hit, (q, key, score) in zip(hits, truth, strict=True):
        ranks = {i: [k for k, _ in each].index(key) + 1 for i, each in enumerate(lists.lists[q])
                 if key in [k for k, _ in each]}
        assert {part["list"]: part["rank"] for part in hit["lists"]} == ranks
        assert all(part["share"] == pytest.approx(1 / (10 + part["rank"])) for part in hit["lists"])
        raw = {i: float(dict(lists.lists[q][i])[key]) for i in ranks}
        assert {part["list"]: part["score"] for part in hit["lists"]} == pytest.approx(raw)
        assert hit["score"] == pytest.approx(float(score))
    text = profiled(client, name, lists.requests, RRFRanker(10), 15, form=True)
    assert text.startswith("Hybrid search on default.") and "-> List 1" in text and "[list 0: rank=" in text


def grouped_lists(lists, rows, field, size, limits, strict):
    """The lists as grouped searches find them; `lists` holds all rows, best first."""
    return [[model.grouped_list(hits, lambda key: rows[key][field], size, limit, strict)
             for hits, limit in zip(each, limits, strict=True)] for each in lists.lists]


@pytest.mark.parametrize("scorer", ["max", "sum", "avg"])
@pytest.mark.parametrize("size, strict", [(1, False), (3, False), (3, True), (10, True)])
@pytest.mark.parametrize("field", ["shelf", "price", "text"])
def test_groups(client, shop, field, size, strict, scorer):
    name, rows = shop
    for offset, limit in ((0, 6), (2, 5)):
        lists = Lists(rows).add("near", 400, 40, asked=9).add("alike", 400, 41, asked=7)
        truth = [model.grouped(model.rrf(each), lambda key: rows[key][field], size, limit, offset, scorer)
                 for each in grouped_lists(lists, rows, field, size, (9, 7), strict)]
        result = client.hybrid_search(name, lists.requests, RRFRanker(), limit=limit, offset=offset,
                                      group_by_field=field, group_size=size, strict_group_size=strict,
                                      rank_group_scorer=scorer, output_fields=["shelf"])
        assert_same(result, truth)
        assert all(hit["entity"]["shelf"] == rows[hit["id"]]["shelf"] for hits in result for hit in hits)


def test_groups_of_distances_and_their_values(client, stub, shop):
    name, rows = shop
    lists = Lists(rows).add("near", 400, 42, asked=8).add("maybe", 400, 43, asked=8)
    truth = [model.grouped(model.weighted(each, ["L2", "L2"], [0.5, 0.25]), lambda key: rows[key]["price"], 2, 5,
                           ascending=True)
             for each in grouped_lists(lists, rows, "price", 2, (8, 8), False)]
    request = hybrid_request(client, name, lists.requests, {
        "limit": "5", "strategy": "weighted", "params": '{"weights": [0.5, 0.25]}', "group_by_field": "price",
        "group_size": "2"})
    results = stub.HybridSearch(request).results
    flat = [hit for hits in truth for hit in hits]
    assert list(results.ids.int_id.data) == [key for key, _ in flat]
    assert list(results.scores) == pytest.approx([float(score) for _, score in flat])
    assert list(results.topks) == [len(hits) for hits in truth]
    values = results.group_by_field_value
    assert values.field_name == "price"
    assert [value if valid else None for value, valid in zip(values.scalars.long_data.data, values.valid_data)
            ] == [rows[key]["price"] for key, _ in flat]


def test_groups_over_rest(post, shop):
    name, rows = shop
    lists = Lists(rows, nq=1).add("near", 400, 44).add("alike", 400, 45)
    truth = [model.grouped(model.rrf(each), lambda key: rows[key]["shelf"], 2, 4)
             for each in grouped_lists(lists, rows, "shelf", 2, (6, 6), True)]
    body = {"collectionName": name, "limit": 4, "groupingField": "shelf", "groupSize": 2, "strictGroupSize": True,
            "search": [{"data": each.data, "annsField": each.anns_field, "limit": 6} for each in lists.requests]}
    answer = post("entities/hybrid_search", body)
    assert [row["id"] for row in answer["data"]] == [key for key, _ in truth[0]], answer


def test_groups_of_a_reranked_search(client, shop):
    name, rows = shop
    lists = Lists(rows).add("near", 400, 46)
    curve = {"function": "gauss", "origin": 70, "scale": 60}
    truth = []
    for (hits,) in grouped_lists(lists, rows, "shelf", 3, (5,), False):
        scored = model.decayed(model.combined([hits], ["L2"]), {key: row["price"] for key, row in rows.items()}, **curve)
        truth.append(model.grouped(scored, lambda key: rows[key]["shelf"], 3, 5))
    ranker = Function(name="f", function_type=FunctionType.RERANK, input_field_names=["price"],
                      params={"reranker": "decay"} | curve)
    result = client.search(name, lists.requests[0].data, anns_field="near", limit=5, group_by_field="shelf",
                           group_size=3, ranker=ranker)
    assert_same(result, truth)


def test_groups_that_are_refused(client, shop):
    name, rows = shop
    lists = Lists(rows).add("near", 5, 47).add("alike", 5, 48)
    binary = Lists(rows).add("near", 5, 47).add("bits", 5, 48)
    boost = Function(name="b", function_type=FunctionType.RERANK, input_field_names=[],
                     params={"reranker": "boost", "weight": 2})
    for requests, ranker, arguments, phrase in (
            (lists.requests, RRFRanker(), {"group_by_field": "none"}, "groupBy field not found in schema"),
            (lists.requests, RRFRanker(), {"group_by_field": "weight"}, "unsupported data type"),
            (lists.requests, RRFRanker(), {"group_by_field": "shelf", "group_size": 11},
             "exceeds configured max group size"),
            (lists.requests, RRFRanker(), {"group_by_field": "shelf", "rank_group_scorer": "best"},
             "input group scorer type: best is not supported"),
            (binary.requests, RRFRanker(), {"group_by_field": "shelf"}, "binary vector"),
            (lists.requests, boost, {"group_by_field": "shelf"}, "boost is not supported with group by")):
        with pytest.raises(MilvusException) as error:
            client.hybrid_search(name, requests, ranker, limit=5, **arguments)
        assert phrase in error.value.message


def test_all_lists_see_the_same_moment(client, name):
    hybrid_rows.create(client, name, num_shards=2)
    client.insert(name, [hybrid_rows.as_sent(row) for row in hybrid_rows.make_rows(50, seed=3)])
    stop = threading.Event()

    def write():
        start = 1000
        while not stop.is_set():
            rows = hybrid_rows.make_rows(3, seed=start, start=start)
            client.insert(name, [hybrid_rows.as_sent(row) for row in rows])
            client.delete(name, ids=[start - 6, start - 5])
            start += 3

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for level in ("Strong", "Bounded", "Eventually") * 8:
            requests = [AnnSearchRequest([hybrid_rows.query_of("near", 1)[1]], "near", {"profile": "json"}, limit=4000),
                        AnnSearchRequest([hybrid_rows.query_of("alike", 2)[1]], "alike", {}, limit=4000)]
            result = client.hybrid_search(name, requests, RRFRanker(), limit=4000, consistency_level=level)
            profile = json.loads(result.get_search_iterator_v2_results_info().token)
            assert [each["rows"] for each in profile["lists"]] == [len(result[0])] * 2
            assert all(len(hit["lists"]) == 2 for hit in profile["hybrid"]["hits"])
    finally:
        stop.set()
        writer.join()


def hybrid_request(client, name, requests, rank, **arguments):
    """The message, with rank parameters that the client would not send."""
    subs = [Prepare.search_requests_with_expr(collection_name=name, data=each.data, anns_field=each.anns_field,
                                              param=each.param, limit=each.limit, expr=each.expr)
            for each in requests]
    request = Prepare.hybrid_search_request_with_ranker(name, subs, RRFRanker(), 1, **arguments)
    del request.rank_params[:]
    request.rank_params.extend(common_pb2.KeyValuePair(key=key, value=value) for key, value in rank.items())
    return request


@pytest.mark.parametrize("rank, code, phrase", [
    ({}, 1100, "limit not found in rank_params"),
    ({"limit": "x"}, 1100, "limit [x] is invalid"),
    ({"limit": "0"}, 1100, "limit [0] is invalid, should be greater than 0"),
    ({"limit": "-1"}, 1100, "limit [-1] is invalid"),
    ({"limit": "10", "offset": "x"}, 1100, "offset [x] is invalid"),
    ({"limit": "10", "offset": "-1"}, 1100, "offset [-1] is invalid"),
    ({"limit": "16384", "offset": "1"}, 1100,
     "invalid max query result window, (offset+limit) should be in range [1, 16384], but got 16385"),
    ({"limit": "10", "round_decimal": "7"}, 1100,
     "round_decimal [7] is invalid, should be -1 or an integer in range [0, 6]"),
    ({"limit": "10", "strategy": "best"}, 1100, "unsupported rank type best"),
    ({"limit": "10", "params": "{"}, 1100, "parse rerank params failed"),
    ({"limit": "10", "strategy": "rrf", "params": '{"k": "x"}'}, 1100, "the type of rank param k should be float"),
    ({"limit": "10", "strategy": "rrf", "params": '{"k": 0}'}, 1100, "The rank params k should be in range (0, 16384)"),
    ({"limit": "10", "strategy": "rrf", "params": '{"k": 16384}'}, 1100,
     "The rank params k should be in range (0, 16384)"),
    ({"limit": "10", "strategy": "weighted"}, 1100, "requires weights parameter"),
    ({"limit": "10", "strategy": "weighted", "params": '{"weights": 1}'}, 1100, "the weights param should be an array"),
    ({"limit": "10", "strategy": "weighted", "params": '{"weights": [1, "a"]}'}, 1100, "weight should be float"),
    ({"limit": "10", "strategy": "weighted", "params": '{"weights": [1, 1.5]}'}, 1100,
     "rank param weight should be in range [0, 1]"),
    ({"limit": "10", "strategy": "weighted", "params": '{"weights": [1]}'}, 1100,
     "the length of weights param mismatch with ann search requests"),
    ({"limit": "10", "strategy": "weighted", "params": '{"weights": [1, 1], "norm_score": 3}'}, 1100,
     "the type of rank param norm_score should be bool"),
    ({"limit": "10", "order_by_fields": "price:asc"}, 1100, "order_by is not supported in hybrid search"),
    ({"limit": "10", "profile": "maybe"}, 1100, "profile [maybe] is invalid"),
], ids=lambda value: str(value)[:60] if isinstance(value, (dict, str)) else None)
def test_rank_parameters_that_are_refused(client, stub, shop, rank, code, phrase):
    name, rows = shop
    lists = Lists(rows).add("near", 10, 30).add("alike", 10, 31)
    status = stub.HybridSearch(hybrid_request(client, name, lists.requests, rank)).status
    assert status.code == code and phrase in status.reason


def test_lists_that_are_refused(client, stub, shop):
    name, rows = shop
    vector = hybrid_rows.query_of("near", 1)[1]

    def refusal(*requests, change=lambda message: None):
        message = hybrid_request(client, name, requests, {"limit": "5"})
        change(message)
        status = stub.HybridSearch(message).status
        return status.code, status.reason

    def request(data=(vector,), field="near", limit=5, expr=None, **param):
        return AnnSearchRequest(list(data), field, param, limit=limit, expr=expr)

    def refused(code, phrase, *requests, change=lambda message: None):
        got, reason = refusal(*requests, change=change)
        assert got == code and phrase in reason, (got, reason)

    refused(1100, "minimum of ann search requests is 1")
    refused(1100, "sub search request nq is different", request(), request([vector, vector]))
    refused(1100, "hints [best] is not supported", request(params={"hints": "best"}))
    refused(1100, "enable_recall_calculation", request(params={"enable_recall_calculation": "maybe"}))
    refused(1100, "fieldName(none) not found", request(), request(field="none"))
    refused(1100, "is not of vector data type", request(), request(field="shelf"))
    refused(1100, "cannot parse expression", request(), request(expr="shelf <"))
    refused(1100, "metric type not match", request(), request(metric_type="IP"))
    refused(1100, "topk [16385] is invalid", request(), request(limit=16385))
    refused(1100, "multiple anns_fields exist", request(), request(field=""))
    refused(1100, "order_by is not supported in hybrid search",
            request(), change=lambda m: m.requests[0].search_params.add(key="order_by_fields", value="price"))
    refused(1100, "search iterator is not supported in hybrid search",
            request(), change=lambda m: m.requests[0].search_params.add(key="iterator", value="True"))
    refused(1100, "highlighter", request(), change=lambda m: m.requests[0].highlighter.SetInParent())
    refused(1100, "search_aggregation", request(), change=lambda m: m.requests[0].search_aggregation.SetInParent())
    refused(1100, "function_score of a sub-request",
            request(), change=lambda m: m.requests[0].function_score.functions.add(name="f", type=3))
    refused(200, "partition not found", request(), change=lambda m: m.partition_names.append("nowhere"))
    refused(1100, "field none not exist", request(), change=lambda m: m.output_fields.append("none"))
    refused(100, "collection not found", request(), change=lambda m: setattr(m, "collection_name", "nowhere"))


def test_a_collection_that_is_not_loaded(client, name):
    hybrid_rows.create(client, name)
    client.release_collection(name)
    with pytest.raises(MilvusException) as error:
        client.hybrid_search(name, [AnnSearchRequest([hybrid_rows.query_of("near", 1)[1]], "near", {}, limit=3)] * 2,
                             RRFRanker(), limit=3)
    assert error.value.code == 101


def test_the_orm(client, server, shop):
    name, rows = shop
    lists = Lists(rows).add("near", 20, 32).add("alike", 20, 33)
    connections.connect("hybrid", uri=server.uri)
    try:
        result = Collection(name, using="hybrid").hybrid_search(lists.requests, RRFRanker(), limit=10,
                                                                output_fields=["shelf"])
        assert [list(hits.ids) for hits in result] == [[key for key, _ in model.rrf(each)[:10]] for each in lists.lists]
        assert all(hit.entity.get("shelf") == rows[hit.id]["shelf"] for hits in result for hit in hits)
    finally:
        connections.disconnect("hybrid")


@pytest.mark.parametrize("path", ["hybrid_search", "advanced_search"])
def test_rest(client, post, shop, path):
    name, rows = shop
    lists = (Lists(rows).add("near", 30, 34, expr="shelf < 9", keep=lambda row: row["shelf"] < 9).add("alike", 20, 35))
    body = {"collectionName": name, "limit": 12, "offset": 3, "outputFields": ["text"], "consistencyLevel": "Strong",
            "search": [{"data": lists.requests[0].data, "annsField": "near", "limit": 30, "metricType": "L2",
                        "filter": "shelf < {most}", "exprParams": {"most": 9}},
                       {"data": lists.requests[1].data, "annsField": "alike", "limit": 20, "params": {}}],
            "rerank": {"strategy": "weighted", "params": {"weights": [0.5, 0.75], "norm_score": True}}}
    answer = post(f"entities/{path}", body)
    assert answer["code"] == 0, answer
    truth = [model.weighted(each, lists.metrics, [0.5, 0.75], True)[3:15] for each in lists.lists]
    flat = [hit for hits in truth for hit in hits]
    assert [row["id"] for row in answer["data"]] == [key for key, _ in flat]
    assert [row["distance"] for row in answer["data"]] == pytest.approx([float(score) for _, score in flat], rel=1e-5)
    assert all(row["text"] == rows[row["id"]]["text"] for row in answer["data"])
    assert answer["topks"] == [len(hits) for hits in truth]


@pytest.mark.parametrize("change, code, phrase", [
    ({"search": None}, 1802, "search"),
    ({"search": []}, 1100, "minimum of ann search requests is 1"),
    ({"search": [{"annsField": "near"}]}, 1802, "data"),
    ({"rerank": {"strategy": "best"}}, 1100, "unsupported rank type best"),
    ({"limit": 0}, 1100, "limit [0] is invalid"),
    ({"searchAggregation": {}}, 1100, "searchAggregation"),
], ids=lambda value: str(value)[:40] if isinstance(value, dict) else None)
def test_rest_refuses(post, shop, change, code, phrase):
    name, _ = shop
    body = {"collectionName": name, "limit": 3, "search": [{"data": [hybrid_rows.query_of("near", 1)[1]],
                                                            "annsField": "near"}]}
    answer = post("entities/hybrid_search", body | change)
    assert answer["code"] == code and phrase in answer["message"], answer


def test_rest_wants_a_field_among_several(post, shop):
    name, _ = shop
    query = hybrid_rows.query_of("near", 1)[1]
    phrase = "multiple anns_fields exist, please specify a anns_field in search_params"
    for path, body in (("search", {"data": [query]}), ("hybrid_search", {"search": [{"data": [query]}]})):
        answer = post(f"entities/{path}", {"collectionName": name, "limit": 3} | body)
        assert answer["code"] == 1100 and phrase in answer["message"], answer


def test_rest_takes_a_profile(post, shop):
    name, _ = shop
    body = {"collectionName": name, "limit": 3, "profile": True,
            "search": [{"data": [hybrid_rows.query_of(field, 1)[1]], "annsField": field} for field in ("near", "alike")]}
    answer = post("entities/hybrid_search", body)
    assert len(answer["profile"]["lists"]) == 2 and "Ranking: rrf" in answer["profileText"]
