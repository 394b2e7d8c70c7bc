"""Iterators over a graph index: they walk on from batch to batch, and every row comes once."""

import numpy as np
import pytest
from oracle import distances, random_vectors
from rows import create, index_of, insert_in_batches, simple_schema, vector_rows, wait_for_index

ROWS = 5000
GROWING = 300
DIM = 768


@pytest.fixture(scope="module")
def walked(client):
    """Rows around 20 centres: a graph over fewer or narrower rows would compare them all at once."""
    name = "iterator_walk"
    centres = random_vectors(20, DIM, seed=31)
    vectors = centres[np.arange(ROWS + GROWING) % 20] + 0.7 * random_vectors(ROWS + GROWING, DIM, seed=32)
    vectors = vectors.astype(np.float32)
    create(client, name, simple_schema(dim=DIM), index_of(index_type="HNSW", metric="COSINE"))
    insert_in_batches(client, name, vector_rows(vectors[:ROWS]), batch=2500)
    client.flush(name)
    wait_for_index(client, name, ROWS)
    insert_in_batches(client, name, vector_rows(vectors[ROWS:], start=ROWS))
    client.delete(name, ids=list(range(0, ROWS + GROWING, 50)))
    yield name, vectors
    client.drop_collection(name)


def alive(where=lambda key: True):
    return [key for key in range(ROWS + GROWING) if key % 50 != 0 and where(key)]


def ranked(vectors, query, keys):
    scores = distances([query], vectors[keys], "COSINE")[0]
    return [keys[i] for i in np.argsort(-scores, kind="stable")]


def batches(client, name, query, size, **arguments):
    iterator = client.search_iterator(name, [query.tolist()], batch_size=size, consistency_level="Strong", **arguments)
    found = []
    while batch := iterator.next():
        found.append([(hit["id"], hit["distance"]) for hit in batch])
    iterator.close()
    return found


def late(found):
    """Hits that are nearer than one of an earlier batch."""
    farthest, count = found[0][-1][1], 0
    for batch in found[1:]:
        count += sum(score > farthest for _, score in batch)
        farthest = min(farthest, batch[-1][1])
    return count


def test_all_rows_come_once(client, walked):
    name, vectors = walked
    query = random_vectors(1, DIM, seed=33)[0] * 0.3 + vectors[7]
    found = batches(client, name, query, 500)
    keys = [key for batch in found for key, _ in batch]
    assert sorted(keys) == alive()
    assert all(batch == sorted(batch, key=lambda hit: (-hit[1], hit[0])) for batch in found)
    expected = ranked(vectors, query, alive())
    assert len(set(keys[:100]) & set(expected[:100])) >= 95
    wanted = distances([query], vectors[[key for key in keys[:200]]], "COSINE")[0]
    assert np.allclose([score for batch in found for _, score in batch][:200], wanted, atol=1e-5)


def test_small_batches_walk_on(client, walked):
    name, vectors = walked
    for key in (7, 1203, 4444):
        found = batches(client, name, vectors[key], 10, limit=200)
        keys = [row for batch in found for row, _ in batch]
        assert len(keys) == len(set(keys)) == 200
        expected = ranked(vectors, vectors[key], alive())
        assert len(set(keys) & set(expected[:200])) >= 190
        assert late(found) <= 10


def test_filters_are_obeyed_on_the_way(client, walked):
    name, vectors = walked
    found = batches(client, name, vectors[9], 40, filter="id % 3 == 1")
    keys = [key for batch in found for key, _ in batch]
    assert sorted(keys) == alive(lambda key: key % 3 == 1)


def test_in_order_when_asked(client, walked):
    name, vectors = walked
    found = batches(client, name, vectors[11], 30, limit=600,
                    search_params={"params": {"retain_iterator_order": True}})
    keys = [key for batch in found for key, _ in batch]
    scores = [score for batch in found for _, score in batch]
    assert scores == sorted(scores, reverse=True)
    assert set(keys) == set(ranked(vectors, vectors[11], alive())[:600])


def test_an_iterator_sees_rows_that_are_deleted_meanwhile(client, walked):
    """Rows of its moment come, also when they are deleted meanwhile."""
    name, vectors = walked
    iterator = client.search_iterator(name, [vectors[13].tolist()], batch_size=50, consistency_level="Strong")
    keys = [hit["id"] for hit in iterator.next()]
    before = alive()
    doomed = list(range(1, ROWS, 100))
    rows = client.query(name, filter=f"id in {doomed}", output_fields=["id", "vector"])
    client.delete(name, ids=doomed)
    try:
        while batch := iterator.next():
            keys += [hit["id"] for hit in batch]
    finally:
        client.upsert(name, rows)
    assert sorted(keys) == before
