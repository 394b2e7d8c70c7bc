"""Searches over every vector type against exact answers by numpy: indexes, metrics, filters, ranges, nulls."""

import numpy as np
import pytest
from pymilvus import DataType, MilvusClient, MilvusException
from rows import index_of, insert_in_batches

ROWS, DIM, K = 2600, 16, 10
SEALED = 1800  # enough for an index to be built
QUERIES = 8


def _numbers(seed, count):
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(99).standard_normal((12, DIM))
    return (centres[generator.integers(12, size=count)] + 0.5 * generator.standard_normal((count, DIM))) * 20


def _bfloat16(values):
    """Cut to the upper half of a float32: what the wire carries, and what it means."""
    bits = values.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)
    return [(row >> 16).astype(np.uint16).tobytes() for row in bits], bits.view(np.float32).astype(np.float64)


def _sparse(seed, count):
    generator = np.random.default_rng(seed)
    dense = np.zeros((count, 60))
    for row in dense:
        row[generator.integers(60, size=generator.integers(1, 12))] = generator.random() * 4
    wire = [{int(i) * 1000003: float(np.float32(row[i])) for i in np.flatnonzero(row)} for row in dense]
    return wire, dense.astype(np.float32).astype(np.float64)


def _make(kind, seed, count):
    """The vectors as pymilvus takes them, and as float64."""
    if kind == "sparse":
        return _sparse(seed, count)
    if kind == "binary":
        bits = np.random.default_rng(seed).random((count, 64)) < 0.25
        return [np.packbits(row, bitorder="little").tobytes() for row in bits], bits.astype(np.float64)
    values = _numbers(seed, count)
    if kind == "bfloat16":
        return _bfloat16(values)
    typed = np.clip(np.rint(values), -128, 127).astype(np.int8) if kind == "int8" else values.astype(np.float16)
    return list(typed), typed.astype(np.float64)


TYPES = {
    "float16": (DataType.FLOAT16_VECTOR, {"dim": DIM}),
    "bfloat16": (DataType.BFLOAT16_VECTOR, {"dim": DIM}),
    "int8": (DataType.INT8_VECTOR, {"dim": DIM}),
    "binary": (DataType.BINARY_VECTOR, {"dim": 64}),
    "sparse": (DataType.SPARSE_FLOAT_VECTOR, {}),
}
CASES = [(kind, metric, index_type) for kind in ("float16", "bfloat16", "int8")
         for metric in ("L2", "IP", "COSINE") for index_type in ("FLAT", "HNSW", "AUTOINDEX")]
CASES += [("binary", metric, index_type) for metric in ("HAMMING", "JACCARD")
          for index_type in ("BIN_FLAT", "HNSW", "AUTOINDEX")]
CASES += [("sparse", "IP", index_type)
          for index_type in ("SPARSE_INVERTED_INDEX", "SPARSE_WAND", "AUTOINDEX")]
INNER = ("IP", "COSINE")


def scores_of(query, vectors, metric):
    if metric == "L2":
        return ((vectors - query) ** 2).sum(1)
    if metric == "IP":
        return vectors @ query
    if metric == "COSINE":
        return vectors @ query / np.linalg.norm(query) / np.linalg.norm(vectors, axis=1)
    both, any_bit = np.minimum(vectors, query).sum(1), np.maximum(vectors, query).sum(1)
    if metric == "HAMMING":
        return any_bit - both
    if metric == "JACCARD":
        return 1 - both / np.maximum(any_bit, 1)
    lacking = (query > vectors).any(1) if metric == "SUBSTRUCTURE" else (vectors > query).any(1)
    return lacking.astype(np.float64)


class Loaded:
    """A collection of one type: every fifth vector is null; most rows sealed, the rest growing."""

    def __init__(self, client, kind, metric, index_type):
        self.client, self.metric = client, metric
        self.name = f"vectors_{kind}_{metric}_{index_type}"
        client.drop_collection(self.name)
        data_type, arguments = TYPES[kind]
        schema = MilvusClient.create_schema(auto_id=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("value", data_type, nullable=True, **arguments)
        schema.add_field("number", DataType.INT64)
        params = {"M": 16, "efConstruction": 200} if index_type == "HNSW" else {}
        client.create_collection(self.name, schema=schema, consistency_level="Strong",
                                 index_params=index_of("value", index_type=index_type, metric=metric, **params))
        wire, self.vectors = _make(kind, 1, ROWS)
        self.queries, self.query_vectors = _make(kind, 2, QUERIES)
        self.valid = np.arange(ROWS) % 5 != 3
        self.numbers = np.arange(ROWS) % 50
        rows = [{"id": i, "value": wire[i] if self.valid[i] else None, "number": int(self.numbers[i])}
                for i in range(ROWS)]
        insert_in_batches(client, self.name, rows[:SEALED])
        client.flush(self.name)
        insert_in_batches(client, self.name, rows[SEALED:])

    def truth(self, q, keep=None):
        """Ids that can be hits and their scores, best first."""
        scores = scores_of(self.query_vectors[q], self.vectors, self.metric)
        rows = np.flatnonzero(self.valid if keep is None else self.valid & keep)
        if self.name.startswith("vectors_sparse"):
            rows = rows[scores[rows] > 0]
        order = np.argsort(-scores[rows] if self.metric in INNER else scores[rows], kind="stable")
        return rows[order], scores[rows[order]]

    def search(self, limit=K, **arguments):
        params = {"params": {"ef": max(200, limit), **arguments.pop("params", {})}}
        return self.client.search(self.name, self.queries, anns_field="value", limit=limit,
                                  search_params=params, **arguments)

    def check(self, result, least, limit=K, keep=None):
        good = wanted = 0
        for q, hits in enumerate(result):
            rows, scores = self.truth(q, keep)
            assert len(hits) == min(limit, len(rows))
            exact = dict(zip(rows.tolist(), scores, strict=True))
            for place, hit in enumerate(hits):
                own = exact[hit["id"]]
                assert hit["distance"] == pytest.approx(own, rel=1e-3, abs=1e-3)
                slack = 1e-3 * (1 + abs(scores[len(hits) - 1]))
                last = scores[len(hits) - 1]
                good += own >= last - slack if self.metric in INNER else own <= last + slack
                wanted += 1
        assert good >= least * wanted


@pytest.fixture(params=CASES, ids="-".join)
def loaded(client, request):
    collection = Loaded(client, *request.param)
    collection.least = 0.95 if request.param[2] in ("HNSW", "AUTOINDEX") else 1
    yield collection
    client.drop_collection(collection.name, timeout=30)


def test_the_nearest_are_found(loaded):
    loaded.check(loaded.search(), loaded.least)
    keep = loaded.numbers == 7
    loaded.check(loaded.search(filter="number == 7"), loaded.least, keep=keep)
    loaded.check(loaded.search(limit=500), loaded.least, limit=500)
    # A range between two scores that differ.
    rows, scores = loaded.truth(0)
    inner, outer = (scores[2] + scores[3]) / 2, (scores[60] + scores[61]) / 2
    found = loaded.search(limit=1000, params={"radius": float(outer), "range_filter": float(inner)})[0]
    better = (lambda a, b: a > b) if loaded.metric in INNER else (lambda a, b: a < b)
    sure = [int(row) for row, score in zip(rows, scores, strict=True)
            if better(score, outer) and better(inner, score)
            and min(abs(score - outer), abs(score - inner)) > 1e-3 * (1 + abs(score))]
    ids = {hit["id"] for hit in found}
    assert len(ids.intersection(sure)) >= loaded.least * len(sure)
    assert all(not better(outer, hit["distance"]) and not better(hit["distance"], inner) for hit in found)


@pytest.mark.parametrize("metric", ["SUBSTRUCTURE", "SUPERSTRUCTURE"])
def test_structure_tests_return_only_what_holds(client, metric):
    collection = Loaded(client, "binary", metric, "BIN_FLAT")
    query = np.zeros((1, 64)) if metric == "SUBSTRUCTURE" else np.ones((1, 64))
    query[0, :5] = 1
    if metric == "SUPERSTRUCTURE":
        query[0, 40:] = 0
        query[0, 63] = 1
    hits = client.search(collection.name, [np.packbits(query[0].astype(bool), bitorder="little").tobytes()],
                         anns_field="value", limit=100)[0]
    holds = scores_of(query[0], collection.vectors, metric) == 0
    want = np.flatnonzero(holds & collection.valid)[:100].tolist()
    assert [hit["id"] for hit in hits] == want
    assert all(hit["distance"] == 0 for hit in hits)
    client.drop_collection(collection.name)


def test_float_queries_of_half_fields(client):
    for kind in ("float16", "bfloat16"):
        collection = Loaded(client, kind, "L2", "FLAT")
        collection.queries = [vector.astype(np.float32).tolist() for vector in collection.query_vectors]
        collection.check(collection.search(), 1)
        client.drop_collection(collection.name)


def test_a_drop_ratio_keeps_most_of_a_sparse_answer(client):
    collection = Loaded(client, "sparse", "IP", "SPARSE_INVERTED_INDEX")
    found = collection.search(params={"drop_ratio_search": 0.2, "refine_factor": 4})
    collection.check(found, 0.9)
    for ratio in (1, -0.1, "much"):
        with pytest.raises(MilvusException, match="drop_ratio_search"):
            collection.search(params={"drop_ratio_search": ratio})
    client.drop_collection(collection.name)


@pytest.mark.parametrize("kind, query, text", [
    ("float16", {1: 0.5}, "vector type must be the same"),
    ("int8", [0.5] * DIM, "vector type must be the same"),
    ("binary", bytes(4), "expected vector size"),
    ("sparse", [0.5] * 4, "vector type must be the same"),
])
def test_queries_of_another_kind_are_refused(client, kind, query, text):
    metric = {"binary": "HAMMING", "sparse": "IP"}.get(kind, "L2")
    index_type = {"binary": "BIN_FLAT", "sparse": "SPARSE_WAND"}.get(kind, "FLAT")
    collection = Loaded(client, kind, metric, index_type)
    with pytest.raises(MilvusException, match=text):
        client.search(collection.name, [query], anns_field="value", limit=1)
    client.drop_collection(collection.name)


@pytest.mark.parametrize("kind, index_type, metric, text", [
    ("binary", "BIN_FLAT", "L2", "binary vector index does not support metric type: L2"),
    ("binary", "HNSW", "SUBSTRUCTURE", "does not support metric type"),
    ("sparse", "SPARSE_WAND", "L2", "does not support metric type: L2"),
    ("sparse", "HNSW", "IP", "data type SparseFloatVector can't build with this index HNSW"),
    ("int8", "SPARSE_WAND", "IP", "data type Int8Vector can't build with this index SPARSE_WAND"),
    ("float16", "BIN_FLAT", "L2", "data type Float16Vector can't build with this index BIN_FLAT"),
])
def test_indexes_that_do_not_fit_are_refused(client, name, kind, index_type, metric, text):
    data_type, arguments = TYPES[kind]
    schema = MilvusClient.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("value", data_type, **arguments)
    client.create_collection(name, schema=schema)
    with pytest.raises(MilvusException, match=text):
        client.create_index(name, index_of("value", index_type=index_type, metric=metric))
