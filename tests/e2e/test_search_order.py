"""The order of hits: by fields, by score and key, page after page; searches by ids and in ranges."""

import functools

import numpy as np
import pytest
from elanus_server import Server
from oracle import random_vectors
from pymilvus import AnnSearchRequest, Function, FunctionType, MilvusException, RRFRanker
from ranked_rows import RankedRows, groups_of, pairs, truth
from rows import create, index_of, insert_in_batches, simple_schema, vector_rows, wait_for_index


@pytest.fixture(scope="module", params=[1, 3], ids=["one shard", "three shards"])
def data(request, client):
    data = RankedRows(client, f"order_{request.param}", shards=request.param)
    yield data
    client.drop_collection(data.name)


def json_order(value):
    """Of JSON: booleans, then numbers, then strings; all else is null."""
    if isinstance(value, bool):
        return (0, value)
    if isinstance(value, (int, float)):
        return (1, value)
    return (2, value) if isinstance(value, str) else None


def at(*path):
    def value(row):
        found = row["meta"]
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return json_order(found)
    return value


VALUES = {
    "brand": lambda row: row["brand"],
    "size": lambda row: row["size"],
    "flag": lambda row: row["flag"],
    "number": lambda row: row["number"],
    "price": lambda row: row["price"],
    "seen": lambda row: row["seen"],
    "id": lambda row: row["id"],
    'meta["n"]': at("n"),
    'meta["deep"]["kind"]': at("deep", "kind"),
    "color": lambda row: json_order(row.get("color")),
}


def in_order(hits, text):
    """Sorts (score, row) as order_by_fields says; equal ones stay where they were."""
    def compare(a, b):
        for part in text.split(","):
            name, direction, *nulls = part.split(":")
            down = direction == "desc"
            nulls_first = nulls == ["nulls_first"] if nulls else down
            left, right = VALUES[name](a[1]), VALUES[name](b[1])
            if left is None or right is None:
                if (left is None) != (right is None):
                    return -1 if (left is None) == nulls_first else 1
            elif left != right:
                return -1 if (left < right) != down else 1
        return 0
    return sorted(hits, key=functools.cmp_to_key(compare))


ORDERS = ["brand:asc", "brand:desc", "brand:asc:nulls_first", "size:desc:nulls_last,price:asc", "flag:desc,number:asc",
          "seen:desc", "id:desc", 'meta["n"]:asc', 'meta["deep"]["kind"]:desc:nulls_last', "color:asc,brand:desc"]


@pytest.mark.parametrize("order", ORDERS)
def test_the_best_hits_are_sorted_by_fields(data, order):
    queries = [data.query() for _ in range(3)]
    for query, hits in zip(queries, data.search(queries, limit=40, order_by_fields=order), strict=True):
        assert pairs(hits) == truth(in_order(data.ranked(query)[:40], order))


def test_the_list_form_of_an_order(data):
    query = data.query()
    hits = data.search([query], limit=20, order_by_fields=[{"field": "price", "order": "desc"}, {"field": "number"}])[0]
    assert pairs(hits) == truth(in_order(data.ranked(query)[:20], "price:desc,number:asc"))


def test_the_offset_applies_after_sorting(data):
    query = data.query()
    ordered = truth(in_order(data.ranked(query)[:37], "number:asc,brand:asc"))
    hits = data.search([query], limit=7, offset=30, order_by_fields="number:asc,brand:asc")[0]
    assert pairs(hits) == ordered[30:]


def test_groups_are_sorted_by_their_best_hits(data):
    query = data.query()
    hits = data.search([query], limit=4, group_by_field="brand", group_size=2, strict_group_size=True,
                       order_by_fields="number:desc")[0]
    groups = groups_of(data.ranked(query), lambda row: row["brand"])[:4]
    order = in_order([group[0] for group in groups], "number:desc")
    expected = [next(group for group in groups if group[0] is best)[:2] for best in order]
    assert pairs(hits) == [pair for group in expected for pair in truth(group)]


@pytest.mark.parametrize("text, phrase", [
    ("nothing[]:asc", "order_by field"), ("vector:asc", "unsortable type"), ("number:up", "invalid order direction"),
    ("number:asc:nulls_middle", "invalid null ordering"), ("number:asc,number:desc", "duplicate order_by field"),
])
def test_orders_that_are_refused(data, text, phrase):
    with pytest.raises(MilvusException, match=phrase) as error:
        data.search([data.query()], order_by_fields=text)
    assert error.value.code == 1100


def test_order_through_rest(data, post):
    query = data.query()
    reply = post("entities/search", {"collectionName": data.name, "data": [query], "annsField": "vector", "limit": 10,
                                     "orderByFields": ["size:desc:nulls_last", "id:asc"], "consistencyLevel": "Strong"})
    assert reply["code"] == 0, reply
    expected = truth(in_order(data.ranked(query)[:10], "size:desc:nulls_last,id:asc"))
    assert [(hit["id"], hit["distance"]) for hit in reply["data"]] == expected


@pytest.mark.parametrize("page", [1, 9, 50])
def test_pages_of_equal_scores_never_overlap(data, page):
    """Scores are whole numbers, so that every page ends inside a run of equal ones."""
    queries = [data.query() for _ in range(2)]
    expected = [truth(data.ranked(query)) for query in queries]
    for offset in range(0, page * 12, page):
        results = data.search(queries, limit=page, offset=offset)
        assert [pairs(hits) for hits in results] == [each[offset:offset + page] for each in expected]


@pytest.mark.parametrize("metric", ["L2", "IP", "COSINE"])
def test_equal_scores_of_an_index_come_by_key(client, name, metric):
    """Each vector stands in eight rows of a sealed segment, in no order of their keys."""
    vectors = np.repeat(random_vectors(250, 16, seed=21), 8, axis=0)
    keys = [i * 7919 % 100_003 for i in range(2000)]
    create(client, name, simple_schema(dim=16), index_of(index_type="FLAT", metric=metric))
    insert_in_batches(client, name, [{"id": key, "vector": vector.tolist()}
                                     for key, vector in zip(keys, vectors, strict=True)])
    client.flush(name)
    query = random_vectors(1, 16, seed=22)[0].tolist()
    whole = pairs(client.search(name, [query], limit=200)[0])
    assert whole == sorted(whole, key=lambda pair: (pair[1] if metric == "L2" else -pair[1], pair[0]))
    for offset in range(0, 195, 5):
        assert pairs(client.search(name, [query], limit=5, offset=offset)[0]) == whole[offset:offset + 5]


def test_pages_of_an_approximate_index_keep_their_order_when_asked(client, name):
    vectors = random_vectors(3000, 64, seed=23)
    create(client, name, simple_schema(dim=64), index_of(index_type="HNSW", M=4, efConstruction=8))
    insert_in_batches(client, name, vector_rows(vectors))
    client.flush(name)
    query = random_vectors(1, 64, seed=24)[0]
    order = np.argsort(((vectors.astype(np.float64) - query) ** 2).sum(1), kind="stable")[:60].tolist()
    found = []
    for offset in range(0, 60, 6):
        hits = client.search(name, [query.tolist()], limit=6, offset=offset, page_retain_order=True)[0]
        found += [hit["id"] for hit in hits]
    assert found == order


@pytest.mark.parametrize("hints", ["iterative_filter", "disable"])
def test_hints_change_no_answer(data, hints):
    query = data.query()
    hits = data.search([query], limit=25, filter="number > 1 and size == 2", search_params={"hints": hints})[0]
    kept = data.ranked(query, lambda row: row["number"] > 1 and row["size"] == 2)
    assert pairs(hits) == truth(kept)[:25]


def test_the_filter_of_an_iterative_search_looks_at_the_nearest_rows(data):
    for hints in ({}, {"hints": "iterative_filter"}, {"params": {"hints": "iterative_filter"}}):
        found = data.search([data.query()], limit=1, filter="number > -3", search_params=hints | {"profile": True})
        profile = found.get_search_iterator_v2_results_info().token
        assert ("Filter: scan of the nearest rows" in profile) == bool(hints), profile


def test_unknown_hints_are_refused(data):
    with pytest.raises(MilvusException, match=r"hints \[guess\] is not supported") as error:
        data.search([data.query()], search_params={"hints": "guess"})
    assert error.value.code == 1100


@pytest.mark.parametrize("radius, inner", [(9.0, None), (9.0, 4.0), (4.5, 4.0), (1e9, 9.0)])
def test_ranges_and_pages(data, radius, inner):
    query = data.query()
    params = {"radius": radius} | ({} if inner is None else {"range_filter": inner})
    expected = truth((score, row) for score, row in data.ranked(query) if (inner or 0) <= score < radius)
    for offset in (0, 10, 300):
        hits = data.search([query], limit=10, offset=offset, search_params={"params": params})[0]
        assert pairs(hits) == expected[offset:offset + 10]


def test_a_search_by_ids_takes_the_vectors_of_the_rows(data, post):
    keys = data.rng.sample(sorted(data.rows), 5)
    expected = [truth(data.ranked(data.rows[key]["vector"]))[:6] for key in keys]
    results = data.search(None, ids=keys, limit=6)
    assert [pairs(hits) for hits in results] == expected
    reply = post("entities/search", {"collectionName": data.name, "ids": keys, "annsField": "vector", "limit": 6,
                                     "consistencyLevel": "Strong"})
    assert reply["topks"] == [6] * 5
    assert [(hit["id"], hit["distance"]) for hit in reply["data"]] == [pair for hits in expected for pair in hits]


def test_a_search_by_ids_obeys_everything_else(data):
    key = data.rng.choice(sorted(data.rows))
    ranked = data.ranked(data.rows[key]["vector"], lambda row: row["flag"])
    hits = data.search(None, ids=[key], limit=3, filter="flag == true", group_by_field="brand")[0]
    assert pairs(hits) == truth(group[0] for group in groups_of(ranked, lambda row: row["brand"])[:3])


@pytest.mark.parametrize("ids, phrase", [([-5], "were not found"), (["a"], "does not match the primary key")])
def test_ids_that_are_not_there_are_refused(data, ids, phrase):
    with pytest.raises(MilvusException, match=phrase) as error:
        data.search(None, ids=ids)
    assert error.value.code == 1100


@pytest.mark.parametrize("decimals", [-1, 0, 3])
def test_rounding_does_not_change_the_order(client, name, decimals):
    vectors = random_vectors(400, 8, seed=25)
    create(client, name, simple_schema(dim=8))
    client.insert(name, vector_rows(vectors))
    query = random_vectors(1, 8, seed=26)[0].tolist()
    plain = client.search(name, [query], limit=50)[0]
    rounded = client.search(name, [query], limit=50, round_decimal=decimals)[0]
    assert [hit["id"] for hit in plain] == [hit["id"] for hit in rounded]


def test_recalls_are_told_when_asked(client, name, post):
    vectors = random_vectors(6000, 32, seed=27)
    create(client, name, simple_schema(dim=32), index_of(index_type="HNSW", M=2, efConstruction=4))
    insert_in_batches(client, name, vector_rows(vectors[:5500]))
    client.flush(name)
    wait_for_index(client, name, 5500)
    insert_in_batches(client, name, vector_rows(vectors[5500:], start=5500))
    queries = random_vectors(20, 32, seed=28)
    result = client.search(name, [query.tolist() for query in queries], limit=20,
                           search_params={"params": {"ef": 20, "enable_recall_calculation": True}})
    exact = [set(np.argsort(((vectors.astype(np.float64) - query) ** 2).sum(1), kind="stable")[:20].tolist())
             for query in queries]
    own = [len(exact[i] & {hit["id"] for hit in hits}) / 20 for i, hits in enumerate(result)]
    assert list(result.recalls) == pytest.approx(own)
    assert min(own) < 1, "the index is too good to show anything"
    reply = post("entities/search", {"collectionName": name, "data": [queries[0].tolist()], "limit": 5,
                                     "searchParams": {"params": {"enable_recall_calculation": True}}})
    assert len(reply["recalls"]) == 1 and 0 <= reply["recalls"][0] <= 1
    assert "recalls" not in post("entities/search", {"collectionName": name, "data": [queries[0].tolist()], "limit": 5})
    # Of a hybrid search: what its lists have found, of all that exact ones find.
    lists = [AnnSearchRequest([query.tolist() for query in queries[at:at + 3]], "vector", {"params": params}, limit=20)
             for at, params in ((0, {"ef": 20, "enable_recall_calculation": True}), (3, {"ef": 20}))]
    told = client.hybrid_search(name, lists, RRFRanker(), limit=5).recalls
    assert list(told) == pytest.approx([(own[i] + own[3 + i]) / 2 for i in range(3)])
    decay = Function(name="near", function_type=FunctionType.RERANK, input_field_names=["id"], params={
        "reranker": "decay", "function": "exp", "origin": 0, "scale": 3000})
    told = client.search(name, [queries[0].tolist()], limit=20, ranker=decay, search_params={
        "params": {"ef": 20, "enable_recall_calculation": True}}).recalls
    assert list(told) == pytest.approx(own[:1])


def test_recall_is_sampled_in_the_background(tmp_path):
    import time
    import urllib.request
    with Server(tmp_path, environment={"ELANUS_RECALL_SAMPLERATIO": "1"}) as server:
        client = server.client()
        create(client, "sampled", simple_schema(dim=64), index_of(index_type="HNSW", M=4, efConstruction=8))
        vectors = random_vectors(3000, 64, seed=29)
        insert_in_batches(client, "sampled", vector_rows(vectors))
        client.flush("sampled")
        deadline = time.monotonic() + 30
        counters = {}
        while counters.get("elanus_search_recall_samples_total", 0) < 5 and time.monotonic() < deadline:
            client.search("sampled", [vectors[5].tolist()], limit=10, search_params={"params": {"ef": 10}})
            with urllib.request.urlopen(f"http://127.0.0.1:{server.ops_port}/metrics", timeout=5) as reply:
                lines = [line for line in reply.read().decode().splitlines() if 'collection="sampled"' in line]
            counters = {line.split("{")[0]: float(line.split()[-1]) for line in lines}
        expected = counters["elanus_search_recall_expected_total"]
        assert counters["elanus_search_recall_samples_total"] >= 5
        assert expected == 10 * counters["elanus_search_recall_samples_total"]
        assert 0 < counters["elanus_search_recall_found_total"] <= expected


def test_deep_pages_up_to_the_limit_and_past_it_when_configured(client, name, tmp_path):
    create(client, name, simple_schema(dim=2))
    insert_in_batches(client, name, [{"id": i, "vector": [float(i), 0.0]} for i in range(17000)], batch=5000)
    hits = client.search(name, [[0.0, 0.0]], limit=1, offset=16383)[0]
    assert [hit["id"] for hit in hits] == [16383]
    assert len(client.search(name, [[0.0, 0.0]], limit=16384)[0]) == 16384
    for limit, offset in ((16385, 0), (2, 16383)):
        with pytest.raises(MilvusException, match=r"should be in range \[1, 16384\], but got 16385") as error:
            client.search(name, [[0.0, 0.0]], limit=limit, offset=offset)
        assert error.value.code == 1100
    with Server(tmp_path, environment={"QUOTAANDLIMITS_LIMITS_TOPK": "20000"}) as server:
        other = server.client()
        create(other, "deep", simple_schema(dim=2))
        insert_in_batches(other, "deep", [{"id": i, "vector": [float(i), 0.0]} for i in range(17000)], batch=5000)
        hits = other.search("deep", [[0.0, 0.0]], limit=16990, offset=5)[0]
        assert [hit["id"] for hit in hits] == list(range(5, 16995))
