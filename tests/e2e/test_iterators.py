"""The query and search iterators of pymilvus."""

import pytest
from oracle import nearest, random_vectors, recall
from rows import create, index_of, insert_in_batches, simple_schema, vector_rows

ROWS, DIM = 2500, 16
VECTORS = random_vectors(ROWS, DIM, seed=5)


@pytest.fixture(scope="module")
def filled(client, module_name):
    create(client, module_name, simple_schema(dim=DIM), index_of(index_type="HNSW", M=16, efConstruction=200))
    insert_in_batches(client, module_name, vector_rows(VECTORS))
    client.flush(module_name)
    return module_name


def drain(iterator):
    pages = []
    while True:
        page = iterator.next()
        if not page:
            break
        pages.append(page)
    iterator.close()
    return pages


def test_a_query_iterator_visits_every_row_once(client, filled):
    pages = drain(client.query_iterator(filled, batch_size=400, filter="id >= 0", output_fields=["id"]))
    assert [row["id"] for page in pages for row in page] == list(range(ROWS))
    assert max(len(page) for page in pages) <= 400


def test_a_query_iterator_obeys_filter_and_limit(client, filled):
    pages = drain(client.query_iterator(filled, batch_size=100, limit=250, filter="id >= 1000", output_fields=["id"]))
    assert [row["id"] for page in pages for row in page] == list(range(1000, 1250))


def test_a_query_iterator_does_not_see_later_rows(client, name):
    create(client, name, simple_schema(dim=DIM))
    client.insert(name, vector_rows(VECTORS[:300]))
    iterator = client.query_iterator(name, batch_size=100, filter="id >= 0", output_fields=["id"],
                                     consistency_level="Strong")
    first = iterator.next()
    client.insert(name, vector_rows(VECTORS[300:400], start=300))
    rest = drain(iterator)
    assert [row["id"] for row in first] + [row["id"] for page in rest for row in page] == list(range(300))


def test_a_search_iterator_walks_from_near_to_far(client, filled):
    query = random_vectors(1, DIM, seed=6)[0]
    pages = drain(client.search_iterator(filled, data=[query.tolist()], batch_size=100, limit=600,
                                         search_params={"metric_type": "L2", "params": {"ef": 600}}))
    found = [hit["id"] for page in pages for hit in page]
    far = [hit["distance"] for page in pages for hit in page]
    assert len(found) == len(set(found)) == 600
    assert far == sorted(far)
    assert recall([found], [nearest(query, VECTORS, "L2", 600)[0]]) >= 0.95


def test_a_search_iterator_obeys_its_filter(client, filled):
    query = random_vectors(1, DIM, seed=8)[0]
    pages = drain(client.search_iterator(filled, data=[query.tolist()], batch_size=50, filter="id < 120", limit=1000,
                                         search_params={"metric_type": "L2"}))
    assert sorted(hit["id"] for page in pages for hit in page) == list(range(120))
