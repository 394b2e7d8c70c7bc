"""Searches against exact answers by numpy: indexes, metrics, filters, pages, ranges, partitions."""

import numpy as np
import pytest
from oracle import distances, ids, nearest, random_vectors, recall, scores
from pymilvus import DataType, MilvusException
from rows import create, index_of, insert_in_batches, simple_schema, vector_rows

ROWS, DIM, K = 3000, 24, 10
VECTORS = random_vectors(ROWS, DIM, seed=3)
QUERIES = random_vectors(20, DIM, seed=4)
GROUPS = [i % 10 for i in range(ROWS)]
INDEXES = {"FLAT": {}, "HNSW": {"M": 16, "efConstruction": 200}, "AUTOINDEX": {}}
METRICS = ("L2", "IP", "COSINE")


@pytest.fixture(scope="module")
def loaded(client):
    """Collections by (index, metric): two thirds of the rows sealed, the rest growing."""
    names = {}
    for index_type, params in INDEXES.items():
        for metric in METRICS:
            name = names[index_type, metric] = f"search_{index_type}_{metric}"
            client.drop_collection(name)
            schema = simple_schema(dim=DIM)
            schema.add_field("group_of", DataType.INT64)
            schema.add_field("label", DataType.VARCHAR, max_length=20)
            create(client, name, schema, index_of(index_type=index_type, metric=metric, **params))
            rows = vector_rows(VECTORS, group_of=GROUPS, label=[f"row {i}" for i in range(ROWS)])
            insert_in_batches(client, name, rows[:2000])
            client.flush(name)
            insert_in_batches(client, name, rows[2000:])
    yield names
    for name in names.values():
        client.drop_collection(name, timeout=30)


def search(client, name, queries=QUERIES, **arguments):
    arguments.setdefault("limit", K)
    params = arguments.pop("params", {})
    return client.search(name, [query.tolist() for query in queries], search_params={"params": params},
                         **arguments)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("index_type", INDEXES)
def test_the_nearest_are_found_with_their_distances(client, loaded, index_type, metric):
    result = search(client, loaded[index_type, metric], params={"ef": 100} if index_type == "HNSW" else {})
    truth = [nearest(query, VECTORS, metric, K) for query in QUERIES]
    least = 1 if index_type == "FLAT" else 0.95
    assert recall(ids(result), [rows for rows, _ in truth]) >= least
    for query, hits in zip(QUERIES, result, strict=True):
        exact = distances([query], VECTORS[[hit["id"] for hit in hits]], metric)[0]
        np.testing.assert_allclose([hit["distance"] for hit in hits], exact, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("index_type", INDEXES)
def test_hits_come_best_first(client, loaded, index_type, metric):
    for found in scores(search(client, loaded[index_type, metric], limit=50)):
        assert found == sorted(found, reverse=metric != "L2")


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("index_type", INDEXES)
@pytest.mark.parametrize("rule, keep", [
    ("group_of == 3", lambda i: i % 10 == 3),
    ("id < 40", lambda i: i < 40),
    ("id >= 2990", lambda i: i >= 2990),
    ("id in [5, 1500, 2999]", lambda i: i in (5, 1500, 2999)),
    ("id >= 10", lambda i: i >= 10),
], ids=["a tenth", "the first rows", "growing rows", "three rows", "nearly all"])
def test_a_filter_always_gives_every_match_up_to_the_limit(client, loaded, index_type, metric, rule, keep):
    kept = np.array([keep(i) for i in range(ROWS)])
    result = search(client, loaded[index_type, metric], filter=rule, params={"ef": 100} if index_type == "HNSW" else {})
    truth = [nearest(query, VECTORS, metric, K, kept)[0] for query in QUERIES]
    for hits, right in zip(result, truth, strict=True):
        assert len(hits) == len(right)
        assert all(kept[hit["id"]] for hit in hits)
    assert recall(ids(result), truth) >= (1 if index_type == "FLAT" or kept.sum() <= 400 else 0.95)


def test_a_filter_that_matches_nothing_gives_no_hits(client, loaded):
    assert ids(search(client, loaded["HNSW", "L2"], filter="id < 0")) == [[] for _ in QUERIES]


def test_output_fields_belong_to_their_row(client, loaded):
    for hits in search(client, loaded["HNSW", "IP"], output_fields=["group_of", "label", "vector"]):
        for hit in hits:
            row = hit["id"]
            assert hit["entity"]["group_of"] == GROUPS[row]
            assert hit["entity"]["label"] == f"row {row}"
            np.testing.assert_array_equal(np.array(hit["entity"]["vector"], np.float32), VECTORS[row])


def test_star_brings_every_field(client, loaded):
    hit = search(client, loaded["FLAT", "L2"], QUERIES[:1], limit=1, output_fields=["*"])[0][0]
    assert {*hit["entity"]} == {"id", "vector", "group_of", "label"}


def test_without_output_fields_only_id_and_distance_come(client, loaded):
    hit = search(client, loaded["FLAT", "L2"], QUERIES[:1], limit=1)[0][0]
    assert {*hit["entity"]} <= {"id"}


@pytest.mark.parametrize("index_type", INDEXES)
def test_pages_follow_each_other(client, loaded, index_type):
    name = loaded[index_type, "COSINE"]
    params = {"ef": 200} if index_type == "HNSW" else {}
    whole = ids(search(client, name, QUERIES[:3], limit=40, params=params))
    pages = [ids(search(client, name, QUERIES[:3], limit=10, offset=offset, params=params))
             for offset in (0, 10, 20, 30)]
    for query in range(3):
        joined = [row for page in pages for row in page[query]]
        assert len(set(joined)) == 40
        assert recall([joined], [whole[query]]) >= 0.9
    if index_type == "FLAT":
        assert [[row for page in pages for row in page[query]] for query in range(3)] == whole


def test_limit_above_the_rows_gives_them_all(client, loaded):
    hits = search(client, loaded["FLAT", "L2"], QUERIES[:1], limit=16384)[0]
    assert sorted(hit["id"] for hit in hits) == list(range(ROWS))


@pytest.mark.parametrize("index_type", ["HNSW", "AUTOINDEX"])
def test_a_limit_near_the_rows_is_filled(client, loaded, index_type):
    hits = search(client, loaded[index_type, "L2"], QUERIES[:1], limit=2500, params={"ef": 2500})[0]
    assert len({hit["id"] for hit in hits}) == 2500


@pytest.mark.parametrize("index_type", INDEXES)
@pytest.mark.parametrize("metric", METRICS)
def test_range_search_keeps_what_lies_between(client, loaded, index_type, metric):
    name = loaded[index_type, metric]
    exact = np.sort(distances(QUERIES[:1], VECTORS, metric)[0])
    if metric != "L2":
        exact = exact[::-1]
    inner, outer = float(exact[20] + exact[19]) / 2, float(exact[120] + exact[119]) / 2
    hits = search(client, name, QUERIES[:1], limit=300, params={"radius": outer, "range_filter": inner})[0]
    truth = nearest(QUERIES[0], VECTORS, metric, ROWS)[0][20:120]
    low, high = sorted((inner, outer))
    assert all(low - 1e-5 <= hit["distance"] <= high + 1e-5 for hit in hits)
    assert recall([[hit["id"] for hit in hits]], [truth]) >= (1 if index_type == "FLAT" else 0.9)
    only_radius = search(client, name, QUERIES[:1], limit=1000, params={"radius": outer})[0]
    assert len(only_radius) >= (120 if index_type == "FLAT" else 108)


def test_range_filter_without_radius_is_refused(client, loaded):
    with pytest.raises(MilvusException) as error:
        search(client, loaded["FLAT", "L2"], params={"range_filter": 1.0})
    assert error.value.code == 1100


@pytest.mark.parametrize("decimals", [0, 2, 6])
def test_distances_are_rounded_when_asked(client, loaded, decimals):
    name = loaded["FLAT", "L2"]
    plain = scores(search(client, name, QUERIES[:2]))
    rounded = scores(search(client, name, QUERIES[:2], round_decimal=decimals))
    np.testing.assert_allclose(rounded, np.round(plain, decimals), atol=10.0**-decimals * 0.51 + 1e-4)
    for value in np.ravel(rounded):
        assert abs(value - round(float(value), decimals)) < 1e-5 * max(1, abs(value))


@pytest.mark.parametrize("level", ["Strong", "Session", "Bounded", "Eventually"])
def test_every_consistency_level_answers(client, loaded, level):
    hits = search(client, loaded["FLAT", "L2"], QUERIES[:1], consistency_level=level)
    assert len(hits[0]) == K


def test_an_unknown_consistency_level_is_refused(client, loaded):
    with pytest.raises(Exception):
        search(client, loaded["FLAT", "L2"], QUERIES[:1], consistency_level="Sometimes")


def test_ignore_growing_leaves_out_unflushed_rows(client, name):
    create(client, name, simple_schema(dim=DIM))
    client.insert(name, vector_rows(VECTORS[:100]))
    client.flush(name)
    client.insert(name, vector_rows(VECTORS[100:150], start=100))
    everything = client.search(name, [QUERIES[0].tolist()], limit=1000)[0]
    sealed = client.search(name, [QUERIES[0].tolist()], limit=1000, search_params={"ignore_growing": True})[0]
    assert len(everything) == 150
    assert sorted(hit["id"] for hit in sealed) == list(range(100))


def test_a_metric_that_is_not_the_index_one_is_refused(client, loaded):
    with pytest.raises(MilvusException, match="metric type"):
        client.search(loaded["FLAT", "L2"], [QUERIES[0].tolist()], limit=1, search_params={"metric_type": "IP"})


def test_the_index_metric_may_be_named(client, loaded):
    for metric in METRICS:
        hits = client.search(loaded["FLAT", metric], [QUERIES[0].tolist()], limit=3,
                             search_params={"metric_type": metric})
        assert ids(hits)[0] == nearest(QUERIES[0], VECTORS, metric, 3)[0]


def test_equal_distances_are_ordered_by_key(client, name):
    create(client, name, simple_schema(dim=DIM))
    client.insert(name, vector_rows(np.repeat(VECTORS[:1], 50, axis=0)))
    client.flush(name)
    client.insert(name, vector_rows(np.repeat(VECTORS[:1], 50, axis=0), start=50))
    first = ids(client.search(name, [VECTORS[0].tolist()], limit=30))[0]
    second = ids(client.search(name, [VECTORS[0].tolist()], limit=30, offset=30))[0]
    assert len(set(first) | set(second)) == 60


def test_a_thousand_queries_in_one_request(client, loaded):
    queries = random_vectors(1000, DIM, seed=9)
    result = search(client, loaded["FLAT", "L2"], queries, limit=3)
    assert ids(result) == [nearest(query, VECTORS, "L2", 3)[0] for query in queries]


def test_searching_an_empty_collection_gives_no_hits(client, name):
    create(client, name, simple_schema(dim=DIM))
    assert ids(client.search(name, QUERIES[:2].tolist(), limit=5)) == [[], []]


def test_cosine_of_a_zero_vector_is_no_nan(client, name):
    create(client, name, simple_schema(dim=4), index_of(metric="COSINE"))
    client.insert(name, [{"id": 0, "vector": [0.0] * 4}, {"id": 1, "vector": [1.0, 0, 0, 0]}])
    found = client.search(name, [[1.0, 0, 0, 0]], limit=2)[0]
    assert found[0]["id"] == 1
    assert all(np.isfinite(hit["distance"]) for hit in found)
