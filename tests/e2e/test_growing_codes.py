"""Searches of rows without an index, by their codes, against exact answers by numpy: filters, deletes, upserts,
FLAT, rows that become sealed, and searches while rows arrive."""

import threading

import numpy as np
import pytest
from rows import create, index_of, insert_in_batches, simple_schema, vector_rows

ROWS, DIM, K = 5000, 64, 10
QUERIES = 20


def _vectors(seed, count):
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(1).standard_normal((60, DIM)) + 0.4
    vectors = centres[generator.integers(60, size=count)] + 0.6 * generator.standard_normal((count, DIM))
    return vectors.astype(np.float32)


def _scores(vectors, queries, metric):
    vectors, queries = vectors.astype(np.float64), queries.astype(np.float64)
    if metric == "L2":
        return -((vectors[None] - queries[:, None]) ** 2).sum(axis=2)
    if metric == "COSINE":
        vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        queries = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    return queries @ vectors.T


def _recall(found, scores, ids):
    """The share of the K best ids that were found; every query has its K hits, best first."""
    right = 0
    for hits, row in zip(found, scores):
        assert len(hits) == K
        assert {hit["id"] for hit in hits} <= set(ids.tolist())
        right += len({hit["id"] for hit in hits} & set(ids[np.argsort(-row, kind="stable")[:K]].tolist()))
    return right / (K * len(scores))


@pytest.fixture(scope="module")
def growing(client):
    vectors = _vectors(2, ROWS)
    names = {}
    for metric in ("L2", "IP", "COSINE"):
        name = names[metric] = f"growing_codes_{metric}"
        create(client, name, simple_schema(DIM),
               index_of("vector", index_type="HNSW", metric=metric, M=16, efConstruction=100))
        insert_in_batches(client, name, vector_rows(vectors), 2500)
    yield vectors, names
    for name in names.values():
        client.drop_collection(name)


@pytest.mark.parametrize("metric", ["L2", "IP", "COSINE"])
def test_a_search_of_growing_rows_finds_what_a_comparison_of_all_finds(client, growing, metric):
    vectors, names = growing
    queries = _vectors(3, QUERIES)
    ids = np.arange(ROWS)
    found = client.search(names[metric], list(queries), limit=K, consistency_level="Strong")
    scores = _scores(vectors, queries, metric)
    assert _recall(found, scores, ids) >= 0.99
    for hits, row in zip(found, scores):
        for hit in hits:
            assert abs(hit["distance"]) == pytest.approx(abs(row[hit["id"]]), rel=1e-4, abs=1e-4)
    chosen = ids[ids % 3 == 0]
    found = client.search(names[metric], list(queries), filter="id % 3 == 0", limit=K, consistency_level="Strong")
    assert _recall(found, scores[:, chosen], chosen) >= 0.99
    few = ids[1234:1240]
    found = client.search(names[metric], list(queries[:1]), filter="id in [1234,1235,1236,1237,1238,1239]", limit=K,
                          consistency_level="Strong")
    assert sorted(hit["id"] for hit in found[0]) == few.tolist()


def test_deleted_and_replaced_rows(client, name):
    vectors, queries = _vectors(4, ROWS), _vectors(5, QUERIES)
    create(client, name, simple_schema(DIM), index_of("vector", index_type="AUTOINDEX", metric="COSINE"))
    insert_in_batches(client, name, vector_rows(vectors), 2500)
    client.search(name, list(queries), limit=K, consistency_level="Strong")  # the codes are made
    client.delete(name, filter="id < 1000")
    vectors[1000:1500] = _vectors(6, 500)
    client.upsert(name, vector_rows(vectors[1000:1500], 1000))
    ids = np.arange(1000, ROWS)
    scores = _scores(vectors[1000:], queries, "COSINE")
    found = client.search(name, list(queries), limit=K, consistency_level="Strong")
    assert _recall(found, scores, ids) >= 0.99
    client.flush(name)  # sealed, with an index or not yet
    found = client.search(name, list(queries), limit=K, consistency_level="Strong", search_params={"params": {"ef": 400}})
    assert _recall(found, scores, ids) >= 0.98


def test_flat_stays_exact(client, name):
    vectors, queries = _vectors(7, ROWS), _vectors(8, QUERIES)
    create(client, name, simple_schema(DIM), index_of("vector", index_type="FLAT", metric="L2"))
    insert_in_batches(client, name, vector_rows(vectors), 2500)
    found = client.search(name, list(queries), limit=100, consistency_level="Strong")
    for hits, row in zip(found, _scores(vectors, queries, "L2")):
        assert [hit["distance"] for hit in hits] == pytest.approx(np.sort(-row)[:100], rel=1e-4)


def test_searches_while_rows_arrive(client, server, name):
    vectors, queries = _vectors(9, 2 * ROWS), _vectors(10, 5)
    create(client, name, simple_schema(DIM), index_of("vector", index_type="HNSW", metric="L2", M=16, efConstruction=100))
    failures, done = [], threading.Event()

    def search():
        own = server.client()
        while not done.is_set():
            hits = own.search(name, list(queries), limit=K, consistency_level="Strong")
            if any(len({hit["id"] for hit in of_query}) not in (0, K) for of_query in hits):
                failures.append(hits)

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    insert_in_batches(client, name, vector_rows(vectors), 500)
    done.set()
    for thread in threads:
        thread.join()
    assert not failures
    found = client.search(name, list(queries), limit=K, consistency_level="Strong")
    assert _recall(found, _scores(vectors, queries, "L2"), np.arange(2 * ROWS)) >= 0.98
