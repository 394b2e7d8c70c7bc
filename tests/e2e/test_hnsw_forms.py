"""HNSW in its smaller forms ("form": "lean", "compact") through the server, against exact answers by numpy."""

import numpy as np
import pytest
from pymilvus import MilvusException
from rows import create, index_of, insert_in_batches, simple_schema, vector_rows, wait_for_index

ROWS, K = 3000, 10
QUERIES = 20


def _vectors(seed, count, dim):
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(3).standard_normal((40, dim)) + 0.3
    vectors = centres[generator.integers(40, size=count)] + 0.6 * generator.standard_normal((count, dim))
    return vectors.astype(np.float32)


# Scores of the lean form are by 8 bits a dimension, those of the compact one are exact.
@pytest.mark.parametrize("form, dim, off", [("lean", 64, 0.03), ("compact", 384, 1e-5)])
@pytest.mark.parametrize("metric", ["L2", "IP", "COSINE"])
def test_small_graphs_find_what_they_should(client, name, metric, form, dim, off):
    vectors, queries = _vectors(1, ROWS, dim), _vectors(2, QUERIES, dim)
    create(client, name, simple_schema(dim),
           index_of("vector", index_type="HNSW", metric=metric, M=16, efConstruction=120, form=form))
    insert_in_batches(client, name, vector_rows(vectors), 1500)
    client.flush(name)
    wait_for_index(client, name, ROWS)
    assert client.describe_index(name, "vector")["form"] == form
    exact = queries.astype(np.float64) @ vectors.T.astype(np.float64)
    if metric == "L2":
        exact = ((vectors[None].astype(np.float64) - queries[:, None]) ** 2).sum(axis=2)
    if metric == "COSINE":
        exact = exact / np.linalg.norm(queries, axis=1)[:, None] / np.linalg.norm(vectors, axis=1)
    best = exact if metric == "L2" else -exact
    for share, rows in ((1, np.arange(ROWS)), (3, np.arange(0, ROWS, 3)), (200, np.arange(0, ROWS, 200))):
        found = client.search(name, list(queries), filter=f"id % {share} == 0", limit=K, consistency_level="Strong",
                              search_params={"params": {"ef": 100}})
        right = 0
        for hits, row, scores in zip(found, best, exact):
            ids = [hit["id"] for hit in hits]
            assert len(set(ids)) == K and set(ids) <= set(rows.tolist())
            right += len(set(ids) & set(rows[np.argsort(row[rows], kind="stable")[:K]].tolist()))
            for hit in hits:
                assert hit["distance"] == pytest.approx(scores[hit["id"]], rel=off, abs=off * np.abs(scores).max())
        assert right >= 0.95 * K * QUERIES, share


def test_forms_have_names(client, name):
    with pytest.raises(MilvusException, match="form"):
        create(client, name, simple_schema(64), index_of("vector", index_type="HNSW", form="slim"))
