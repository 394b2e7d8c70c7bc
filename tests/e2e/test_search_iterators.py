"""Search iterators of both kinds: to the last row, each row once, whatever others write meanwhile."""

import threading
import uuid

import pytest
from oracle import random_vectors
from pymilvus import DataType, MilvusException
from pymilvus.client.iterator import SearchIterator
from ranked_rows import RankedRows, pairs, truth
from rows import create, index_of, insert_in_batches, simple_schema, vector_rows, wait_for_index


@pytest.fixture(scope="module", params=[1, 3], ids=["one shard", "three shards"])
def data(request, client):
    data = RankedRows(client, f"iterators_{request.param}", shards=request.param)
    yield data
    client.drop_collection(data.name)


def drain(iterator):
    batches = []
    while True:
        batch = iterator.next()
        if not batch:
            iterator.close()
            return batches
        batches.append(list(batch))


def joined(batches):
    return pairs(hit for batch in batches for hit in batch)


@pytest.mark.parametrize("batch_size", [1, 7, 100, 5000])
def test_an_iterator_goes_to_the_last_row(data, batch_size):
    """Distances are whole numbers: many more rows have the same one than a batch holds."""
    query = data.query()
    limit = 60 if batch_size == 1 else -1
    iterator = data.client.search_iterator(data.name, [query], batch_size=batch_size, anns_field="vector",
                                           limit=limit, consistency_level="Strong")
    batches = drain(iterator)
    expected = truth(data.ranked(query))
    assert joined(batches) == (expected[:limit] if limit > 0 else expected)
    assert max(len(batch) for batch in batches) <= batch_size


def test_an_iterator_obeys_filter_range_and_output_fields(data):
    query = data.query()
    iterator = data.client.search_iterator(
        data.name, [query], batch_size=9, anns_field="vector", filter='brand == "mid"', output_fields=["brand", "number"],
        search_params={"params": {"radius": 9.0, "range_filter": 2.0}}, consistency_level="Strong")
    hits = [hit for batch in drain(iterator) for hit in batch]
    expected = [(score, row) for score, row in data.ranked(query, lambda row: row["brand"] == "mid") if 2 <= score < 9]
    assert pairs(hits) == truth(expected)
    assert [(hit["entity"]["brand"], hit["entity"]["number"]) for hit in hits] == [
        (row["brand"], row["number"]) for _, row in expected]


@pytest.mark.parametrize("metric", ["L2", "IP", "COSINE"])
@pytest.mark.parametrize("index_type", ["HNSW", "FLAT"])
def test_no_row_is_missed_in_an_approximate_index(client, name, metric, index_type):
    vectors = random_vectors(2500, 64, seed=11)
    create(client, name, simple_schema(dim=64), index_of(index_type=index_type, metric=metric))
    insert_in_batches(client, name, vector_rows(vectors[:2000]))
    client.flush(name)
    insert_in_batches(client, name, vector_rows(vectors[2000:], start=2000))
    batches = drain(client.search_iterator(name, [vectors[3].tolist()], batch_size=150))
    found = joined(batches)
    assert sorted(key for key, _ in found) == list(range(2500))
    far = [score for _, score in found]
    assert far == sorted(far, reverse=metric != "L2")


def test_writes_of_others_are_not_seen(client, name):
    """While an iterator runs, rows are inserted and deleted, and its segments are sealed."""
    vectors = random_vectors(4000, 16, seed=12)
    create(client, name, simple_schema(dim=16), index_of(index_type="HNSW"), num_shards=2)
    insert_in_batches(client, name, vector_rows(vectors[:2000]))
    client.flush(name)
    insert_in_batches(client, name, vector_rows(vectors[2000:3000], start=2000))
    iterator = client.search_iterator(name, [vectors[0].tolist()], batch_size=20, output_fields=["vector"],
                                      consistency_level="Strong")
    found = list(iterator.next())
    stop = threading.Event()

    def write():
        key = 3000
        while not stop.is_set() and key < 4000:
            client.insert(name, vector_rows(vectors[key:key + 20], start=key))
            client.delete(name, ids=[key - 2900, key - 2901])
            key += 20

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(60):
            found += iterator.next()
        client.flush(name)
        while batch := iterator.next():
            found += batch
    finally:
        stop.set()
        writer.join()
    assert [hit["id"] for hit in found[:1]] == [0]
    assert sorted(hit["id"] for hit in found) == list(range(3000))
    far = [hit["distance"] for hit in found]
    assert far == sorted(far)


def first_kind(client, name, query, **arguments):
    """The iterator that pymilvus uses with servers that do not know the second kind."""
    handler = client._get_connection()
    schema, _ = handler._get_schema(name, timeout=None, context=client._generate_call_context())
    return SearchIterator(handler, client._generate_call_context(), name, [query], "vector",
                          {"metric_type": "L2", "params": {}}, schema=schema, **arguments)


def test_an_iterator_of_the_first_kind_gives_each_row_once(client, name):
    vectors = random_vectors(1500, 16, seed=13)
    create(client, name, simple_schema(dim=16), index_of(index_type="HNSW"))
    insert_in_batches(client, name, vector_rows(vectors[:1200]))
    client.flush(name)
    insert_in_batches(client, name, vector_rows(vectors[1200:], start=1200))
    batches = drain(first_kind(client, name, vectors[0].tolist(), batch_size=100, limit=1200))
    found = [hit["id"] for batch in batches for hit in batch]
    order = sorted(range(1500), key=lambda i: float(((vectors[i] - vectors[0]).astype(float) ** 2).sum()))
    assert len(found) == len(set(found)) == 1200
    assert set(found) == set(order[:1200])


def test_batches_may_be_larger_than_ef(client, name):
    vectors = random_vectors(1500, 16, seed=17)
    create(client, name, simple_schema(dim=16), index_of(index_type="HNSW"))
    insert_in_batches(client, name, vector_rows(vectors[:1300]))
    client.flush(name)
    wait_for_index(client, name, 1300)
    insert_in_batches(client, name, vector_rows(vectors[1300:], start=1300))
    query = vectors[0].tolist()
    iterator = client.search_iterator(name, [query], anns_field="vector", batch_size=200, limit=-1,
                                      search_params={"params": {"ef": 20}})
    found = [hit["id"] for batch in drain(iterator) for hit in batch]
    assert len(found) == len(set(found)) == 1500
    with pytest.raises(MilvusException, match=r"ef\(20\) should be larger than k\(200\)"):
        client.search(name, [query], anns_field="vector", limit=200, search_params={"params": {"ef": 20}})


def raw(client, name, query, **arguments):
    return client.search(name, [query], anns_field="vector", iterator=True, search_iter_v2=True, **arguments)


def info(result):
    return result.get_search_iterator_v2_results_info()


def test_a_batch_asked_for_again_is_the_same(data):
    query = data.query()
    first = raw(data.client, data.name, query, limit=5, search_iter_batch_size=5, consistency_level="Strong")
    again = dict(limit=5, search_iter_batch_size=5, search_iter_id=info(first).token,
                 guarantee_timestamp=first.get_session_ts(), search_iter_last_bound=info(first).last_bound)
    second, repeated = raw(data.client, data.name, query, **again), raw(data.client, data.name, query, **again)
    expected = truth(data.ranked(query))
    assert uuid.UUID(info(first).token) and info(second).token == info(first).token
    assert first.get_session_ts() > 0 and second.get_session_ts() == first.get_session_ts()
    assert pairs(first[0]) == expected[:5], "the first five end between two scores with this seed"
    assert 0 < len(second[0]) <= 5
    assert pairs(second[0]) == pairs(repeated[0]) == expected[5:5 + len(second[0])]


def test_a_bound_alone_is_enough(client, name):
    """A server that knows nothing of the iterator, as after a restart, goes on behind its bound."""
    vectors = random_vectors(300, 8, seed=14)
    create(client, name, simple_schema(dim=8))
    client.insert(name, vector_rows(vectors))
    query = vectors[0].tolist()
    first = raw(client, name, query, limit=40, search_iter_batch_size=40)
    second = raw(client, name, query, limit=40, search_iter_batch_size=40, search_iter_id=str(uuid.uuid4()),
                 guarantee_timestamp=first.get_session_ts(), search_iter_last_bound=info(first).last_bound)
    whole = client.search(name, [query], limit=80)[0]
    assert pairs(first[0]) + pairs(second[0]) == pairs(whole)


REFUSED = {
    "without iterator": (dict(search_iter_v2=True, search_iter_batch_size=5),
                         "both iterator and search_iter_v2 must be set in the SDK"),
    "bad token": (dict(iterator=True, search_iter_v2=True, search_iter_batch_size=5, search_iter_id="x"),
                  "invalid token format"),
    "no batch size": (dict(iterator=True, search_iter_v2=True), "batch size is required"),
    "batch size 0": (dict(iterator=True, search_iter_v2=True, search_iter_batch_size=0), "batch size is invalid"),
    "large batch": (dict(iterator=True, search_iter_v2=True, search_iter_batch_size=16385), "batch size is invalid"),
    "bad bound": (dict(iterator=True, search_iter_v2=True, search_iter_batch_size=5, search_iter_last_bound="far"),
                  "failed to parse input last bound"),
    "offset": (dict(iterator=True, search_iter_v2=True, search_iter_batch_size=5, offset=3),
               "Offset is not supported for search_iterator_v2"),
    "groups": (dict(iterator=True, search_iter_v2=True, search_iter_batch_size=5, group_by_field="brand"),
               "GroupBy is not permitted when using a search iterator"),
    "order": (dict(iterator=True, search_iter_v2=True, search_iter_batch_size=5, order_by_fields="number:asc"),
              "order_by is not supported"),
    "unknown place": (dict(iterator=True, search_iter_v2=True, search_iter_batch_size=5,
                           search_iter_id="6ba7b810-9dad-11d1-80b4-00c04fd430c8", search_iter_last_bound=2.0**100),
                      "is not known any more"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_iterator_can_do_is_refused(data, case):
    arguments, phrase = REFUSED[case]
    with pytest.raises(MilvusException, match=phrase) as error:
        data.search([data.query()], limit=5, **arguments)
    assert error.value.code == 1100


def test_two_vectors_are_refused(data):
    with pytest.raises(MilvusException, match="does not support processing multiple vectors simultaneously"):
        data.search([data.query(), data.query()], limit=5, iterator=True, search_iter_v2=True, search_iter_batch_size=5)


def test_string_keys_and_binary_vectors(client, name):
    schema = client.create_schema(auto_id=False)
    schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=20)
    schema.add_field("vector", DataType.BINARY_VECTOR, dim=8)
    create(client, name, schema, index_of(index_type="BIN_FLAT", metric="HAMMING"))
    rows = [{"id": f"k{i * 37 % 1000:03}", "vector": bytes([i * 7 % 256])} for i in range(700)]
    client.insert(name, rows)
    query = b"\x0f"
    batches = drain(client.search_iterator(name, [query], batch_size=11))
    expected = sorted((float((row["vector"][0] ^ query[0]).bit_count()), row["id"]) for row in rows)
    assert [(hit["distance"], hit["id"]) for batch in batches for hit in batch] == expected


def test_sparse_vectors(client, name):
    schema = client.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.SPARSE_FLOAT_VECTOR)
    create(client, name, schema, index_of(index_type="SPARSE_INVERTED_INDEX", metric="IP"))
    rows = [{"id": i, "vector": {i % 5: 1.0 + i % 3, 10 + i % 7: 2.0}} for i in range(600)]
    client.insert(name, rows[:400])
    client.flush(name)
    client.insert(name, rows[400:])
    query = {0: 1.0, 11: 0.5}
    batches = drain(client.search_iterator(name, [query], batch_size=13))
    scores = [(-sum(query.get(dim, 0) * value for dim, value in row["vector"].items()), row["id"]) for row in rows]
    expected = [(key, -score) for score, key in sorted(scores) if score < 0]
    assert joined(batches) == expected
