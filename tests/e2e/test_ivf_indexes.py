"""Inverted file indexes through pymilvus, with the parameters that tutorials use: answers against numpy."""

import json

import numpy as np
import pytest
from pymilvus import DataType, MilvusClient, MilvusException
from rows import index_of, insert_in_batches, wait_for_index

ROWS, DIM, K, QUERIES = 4000, 32, 10, 10
INNER = ("IP", "COSINE")

# Index type, build parameters, search parameters, least recall@10.
FAMILIES = [
    ("IVF_FLAT", {"nlist": 128}, {"nprobe": 10}, 0.9),
    ("IVF_FLAT", {"nlist": 1024, "use_elkan": False}, {"nprobe": 64, "ensure_topk_full": True}, 0.8),
    ("IVF_SQ8", {"nlist": 128}, {"nprobe": 10}, 0.85),
    ("IVF_SQ8", {"nlist": 64, "sq_type": "SQ4", "refine": True, "refine_type": "FP16"},
     {"nprobe": 16, "refine_k": 4}, 0.9),
    ("IVF_SQ", {"nlist": 64, "sq_type": "SQ6"}, {"nprobe": 16}, 0.85),
    ("IVF_PQ", {"nlist": 128, "m": 16, "nbits": 8}, {"nprobe": 10}, 0.6),
    ("IVF_PQ", {"nlist": 64, "m": 32, "nbits": 4, "refine": "true", "refine_type": "SQ8"},
     {"nprobe": 16, "refine_k": 4}, 0.8),
    ("SCANN", {"nlist": 128, "with_raw_data": True}, {"nprobe": 16, "reorder_k": 60}, 0.85),
    ("IVF_RABITQ", {"nlist": 128, "refine": True, "refine_type": "SQ8"}, {"nprobe": 16, "refine_k": 8,
                                                                        "rbq_bits_query": 8}, 0.75),
    ("IVF_RABITQ", {"nlist": 64, "rbq_bits": 5}, {"nprobe": 16}, 0.7),
    ("IVF_RABITQ_FASTSCAN", {"nlist": 64, "refine": True, "refine_type": "FLAT"},
     {"nprobe": 16, "refine_k": 8}, 0.75),
]
TYPES = {
    "float": DataType.FLOAT_VECTOR, "float16": DataType.FLOAT16_VECTOR,
    "bfloat16": DataType.BFLOAT16_VECTOR, "int8": DataType.INT8_VECTOR, "binary": DataType.BINARY_VECTOR,
}


def _make(kind, seed, count):
    """The vectors as pymilvus takes them, and as float64."""
    generator = np.random.default_rng(seed)
    if kind == "binary":
        centres = np.random.default_rng(98).random((30, 128)) < 0.3
        bits = centres[generator.integers(30, size=count)] ^ (generator.random((count, 128)) < 0.08)
        return [np.packbits(row, bitorder="little").tobytes() for row in bits], bits.astype(np.float64)
    centres = np.random.default_rng(99).standard_normal((30, DIM))
    values = (centres[generator.integers(30, size=count)] + 0.5 * generator.standard_normal((count, DIM))) * 20
    if kind == "bfloat16":
        bits = values.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)
        return [(row >> 16).astype(np.uint16).tobytes() for row in bits], bits.view(np.float32).astype(np.float64)
    if kind == "int8":
        typed = np.clip(np.rint(values), -128, 127).astype(np.int8)
    else:
        typed = values.astype(np.float16 if kind == "float16" else np.float32)
    return list(typed), typed.astype(np.float64)


def _scores(query, vectors, metric):
    if metric == "L2":
        return ((vectors - query) ** 2).sum(1)
    if metric in INNER:
        products = vectors @ query
        return products if metric == "IP" else products / np.linalg.norm(query) / np.linalg.norm(vectors, axis=1)
    both, any_bit = np.minimum(vectors, query).sum(1), np.maximum(vectors, query).sum(1)
    return any_bit - both if metric == "HAMMING" else 1 - both / np.maximum(any_bit, 1)


class Indexed:
    """A collection whose rows are all in one sealed, indexed segment."""

    def __init__(self, client, name, kind, metric, index_type, build):
        self.client, self.name, self.metric = client, name, metric
        schema = MilvusClient.create_schema(auto_id=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("vector", TYPES[kind], dim=128 if kind == "binary" else DIM)
        schema.add_field("number", DataType.INT64)
        client.create_collection(name, schema=schema, consistency_level="Strong")
        wire, self.vectors = _make(kind, 1, ROWS)
        self.queries, self.query_vectors = _make(kind, 2, QUERIES)
        self.numbers = np.arange(ROWS) % 40
        insert_in_batches(client, name, [{"id": i, "vector": wire[i], "number": int(self.numbers[i])}
                                         for i in range(ROWS)])
        client.flush(name)
        client.create_index(name, index_of(index_type=index_type, metric=metric, **build))
        client.load_collection(name)

    def search(self, limit=K, params=None, **arguments):
        return self.client.search(self.name, self.queries, anns_field="vector", limit=limit,
                                  search_params={"params": params or {}}, **arguments)

    def way(self):
        """How the index says it was searched."""
        found = self.client.search(self.name, self.queries[:1], limit=K, search_params={"profile": "json"})
        profile = json.loads(found.get_search_iterator_v2_results_info().token)
        return profile["shards"][0]["segments"][0]["search"]

    def recall(self, result, limit=K, keep=None):
        """The share of the best that were found; as many rows as exist are there, best first."""
        good = wanted = 0
        for query, hits in zip(self.query_vectors, result, strict=True):
            scores = _scores(query, self.vectors, self.metric)
            rows = np.flatnonzero(np.ones(ROWS, bool) if keep is None else keep)
            best = np.sort(-scores[rows] if self.metric in INNER else scores[rows])[:limit]
            ids = [hit["id"] for hit in hits]
            assert len(set(ids)) == len(hits) == len(best)
            assert set(ids) <= set(rows.tolist())
            distances = [-hit["distance"] if self.metric in INNER else hit["distance"] for hit in hits]
            assert distances == sorted(distances)
            own = -scores[ids] if self.metric in INNER else scores[ids]
            good += (own <= best[-1] + 1e-3 * (1 + abs(best[-1]))).sum()
            wanted += len(best)
        return good / wanted


@pytest.fixture
def make(client, name):
    return lambda *arguments: Indexed(client, name, *arguments)


@pytest.mark.parametrize("metric", ["L2", "COSINE", "IP"])
@pytest.mark.parametrize("index_type, build, search, least", FAMILIES, ids=lambda value: str(value)[:40])
def test_every_family_finds_the_nearest(make, index_type, build, search, least, metric):
    indexed = make("float", metric, index_type, build)
    assert indexed.recall(indexed.search(params=search)) >= least
    assert indexed.recall(indexed.search()) >= 0.3
    keep = indexed.numbers == 7
    assert indexed.recall(indexed.search(params=search, filter="number == 7"), keep=keep) >= least - 0.05
    assert all(len(hits) == 1500 for hits in indexed.search(limit=1500, params={"nprobe": 1}))
    described = indexed.client.describe_index(indexed.name, "vector")
    assert described["index_type"] == index_type and described["metric_type"] == metric
    assert all(described[key] == str(value) for key, value in build.items())
    assert described["state"] == "Finished" and described["indexed_rows"] == ROWS
    assert indexed.way() == "list_probe"


@pytest.mark.parametrize("kind, metric", [
    ("float16", "L2"), ("float16", "COSINE"), ("bfloat16", "IP"), ("bfloat16", "COSINE"), ("int8", "L2"),
    ("int8", "COSINE"), ("binary", "HAMMING"), ("binary", "JACCARD")])
def test_every_vector_type_has_its_lists(make, kind, metric):
    index_type = "BIN_IVF_FLAT" if kind == "binary" else "IVF_FLAT"
    indexed = make(kind, metric, index_type, {"nlist": 64})
    assert indexed.recall(indexed.search(params={"nprobe": 10})) >= 0.9
    assert indexed.recall(indexed.search(params={"nprobe": 64})) == 1
    keep = indexed.numbers < 20
    assert indexed.recall(indexed.search(params={"nprobe": 64}, filter="number < 20"), keep=keep) == 1


def test_a_range_and_an_iterator_walk_the_lists(make):
    indexed = make("float", "L2", "IVF_FLAT", {"nlist": 64})
    scores = _scores(indexed.query_vectors[0], indexed.vectors, "L2")
    order = np.argsort(scores)
    outer, inner = float(scores[order[80:82]].mean()), float(scores[order[5:7]].mean())
    hits = indexed.search(limit=1000, params={"radius": outer, "range_filter": inner})[0]
    assert all(inner <= hit["distance"] < outer for hit in hits)
    assert len({hit["id"] for hit in hits} & set(order[6:81].tolist())) >= 70
    every = indexed.search(limit=1000, params={"radius": outer, "max_empty_result_buckets": 0})[0]
    assert {hit["id"] for hit in every} == set(order[:81].tolist())
    iterator = indexed.client.search_iterator(
        indexed.name, [indexed.queries[0]], batch_size=50, limit=300, anns_field="vector",
        search_params={"metric_type": "L2", "params": {"nprobe": 16}})
    found = []
    while batch := iterator.next():
        found += [hit["id"] for hit in batch]
    iterator.close()
    assert len(found) == len(set(found)) == 300
    assert len(set(found) & set(order[:300].tolist())) >= 250


def test_deletes_growing_rows_and_a_restart(own_server):
    client = own_server.client()
    for number, (index_type, build, search, _) in enumerate(FAMILIES):
        indexed = Indexed(client, f"kept_{number}", "float", "COSINE", index_type, build)
        client.delete(indexed.name, filter="number >= 30")
        client.insert(indexed.name, [{"id": ROWS, "vector": indexed.queries[0], "number": 1}])
        before = indexed.search(params=search)
        assert before[0][0]["id"] == ROWS
        assert all(hit["id"] == ROWS or hit["id"] % 40 < 30 for hits in before for hit in hits)
        build["before"] = before
    own_server.stop()
    own_server.start()
    client = own_server.client()
    for number, (_, build, search, _) in enumerate(FAMILIES):
        before = build.pop("before")
        queries = _make("float", 2, QUERIES)[0]
        after = client.search(f"kept_{number}", queries, limit=K, search_params={"params": search})
        assert [[hit["id"] for hit in hits] for hits in after] == [[hit["id"] for hit in hits] for hits in before]


def test_large_topk_makes_autoindex_a_list_index(client, name):
    client.create_collection(name, dimension=DIM, metric_type="L2", auto_id=False,
                             properties={"query_mode": "large_topk"}, consistency_level="Strong")
    wire, vectors = _make("float", 1, ROWS)
    insert_in_batches(client, name, [{"id": i, "vector": wire[i]} for i in range(ROWS)])
    client.flush(name)
    wait_for_index(client, name, ROWS)
    client.release_collection(name)
    client.load_collection(name)
    hits = client.search(name, [wire[0]], limit=2000, search_params={"profile": "json"})
    profile = json.loads(hits.get_search_iterator_v2_results_info().token)
    assert profile["shards"][0]["segments"][0]["search"] == "list_probe"
    found = {hit["id"] for hit in client.search(name, [wire[0]], limit=2000)[0]}
    wanted = np.argsort(_scores(vectors[0], vectors, "L2"))[:2000].tolist()
    assert len(found) == 2000 and len(found & set(wanted)) >= 1700
    assert client.describe_index(name, "vector")["index_type"] == "AUTOINDEX"


BUILD_ERRORS = [
    ("IVF_FLAT", {"nlist": 0}, r"param 'nlist' \(0\) should be in range \[1, 65536\]"),
    ("IVF_FLAT", {"nlist": 65537}, "should be in range"),
    ("IVF_FLAT", {"nlist": "many"}, "should be integer"),
    ("IVF_SQ8", {"sq_type": "SQ5"}, "should be one of"),
    ("IVF_PQ", {"m": 5}, "multiple of the number of subquantizers"),
    ("IVF_PQ", {"nlist": 8}, "param 'm' is missing"),
    ("IVF_PQ", {"m": 8, "nbits": 25}, r"should be in range \[1, 24\]"),
    ("SCANN", {"sub_dim": 5}, "multiple of sub_dim"),
    ("IVF_RABITQ", {"rbq_bits": 10}, r"should be in range \[1, 9\]"),
    ("IVF_RABITQ_FASTSCAN", {"refine": True, "refine_type": "SQ8"}, r"should be one of \[FP32, FLAT\]"),
    ("MINHASH_LSH", {}, "data type FloatVector can't build with this index MINHASH_LSH"),
    ("SVS_VAMANA", {}, "is not supported by this server"),
    ("AISAQ", {}, "is not supported by this server"),
    ("FAISS", {}, "is not supported by this server"),
    ("GPU_CAGRA", {}, "is not supported by this server"),
    ("BIN_IVF_FLAT", {"nlist": 8}, "data type FloatVector can't build with this index BIN_IVF_FLAT"),
    ("GPU_IVF_FLAT", {"nlist": 8}, "index type GPU_IVF_FLAT is not supported by this server"),
]
SEARCH_ERRORS = [
    ("IVF_FLAT", {}, {"nprobe": 0}, r"param 'nprobe' \(0\) should be in range \[1, 65536\]"),
    ("IVF_FLAT", {}, {"nprobe": 65537}, "should be in range"),
    ("IVF_FLAT", {}, {"nprobe": "some"}, "should be integer"),
    ("IVF_FLAT", {}, {"max_empty_result_buckets": -1}, "should be in range"),
    ("IVF_FLAT", {}, {"ensure_topk_full": "perhaps"}, "should be boolean"),
    ("IVF_SQ8", {}, {"refine_k": 0.5}, "should be in range"),
    ("SCANN", {}, {"reorder_k": 9}, r"reorder_k\(9\) should be larger than k\(10\)"),
    ("IVF_RABITQ", {}, {"rbq_bits_query": 9}, r"should be in range \[0, 8\]"),
    ("IVF_RABITQ_FASTSCAN", {}, {"rbq_bits_query": 1}, r"should be in range \[0, 0\]"),
]


def test_bad_parameters_are_refused(client, name):
    schema = MilvusClient.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
    client.create_collection(name, schema=schema)
    for index_type, build, text in BUILD_ERRORS:
        with pytest.raises(MilvusException, match=text) as caught:
            client.create_index(name, index_of(index_type=index_type, **build))
        assert caught.value.code == 1100
    for index_type, build, search, text in SEARCH_ERRORS:
        client.create_index(name, index_of(index_type=index_type, **build))
        client.load_collection(name)
        with pytest.raises(MilvusException, match=text):
            client.search(name, [[0.0] * DIM], limit=K, search_params={"params": search})
        client.release_collection(name)
        client.drop_index(name, "vector")


class Signatures:
    """MinHash signatures of 64 elements of 32 bits: groups of similar sets, most rows sealed, some growing."""

    ELEMENTS, ROWS, GROUP = 64, 2400, 6

    def __init__(self, client, name, index_type, **build):
        self.client, self.name = client, name
        schema = MilvusClient.create_schema(auto_id=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("vector", DataType.BINARY_VECTOR, dim=32 * self.ELEMENTS)
        client.create_collection(name, schema=schema, consistency_level="Strong")
        generator = np.random.default_rng(5)
        self.elements = generator.integers(2**32, size=(self.ROWS, self.ELEMENTS), dtype=np.uint32)
        for row in range(self.ROWS):  # each row of a group has fewer elements of its first one
            first, place = row - row % self.GROUP, row % self.GROUP
            same = generator.random(self.ELEMENTS) >= 0.12 * place
            self.elements[row, same] = self.elements[first, same]
        rows = [{"id": i, "vector": self.elements[i].tobytes()} for i in range(self.ROWS)]
        insert_in_batches(client, name, rows[:2000])
        client.flush(name)
        client.create_index(name, index_of(index_type=index_type, metric="MHJACCARD", **build))
        client.load_collection(name)
        client.insert(name, rows[2000:])

    def hits(self, row, bands, score):
        """Rows that share a band with the row, and what they score, best first."""
        equal = self.elements == self.elements[row]
        agreed = equal.reshape(self.ROWS, bands, -1).all(2).sum(1)
        rows = np.flatnonzero(agreed)
        scores = (equal.mean(1) if score == "elements" else agreed / bands)[rows]
        order = np.lexsort((rows, -scores))
        return [(int(rows[i]), pytest.approx(float(scores[i]), abs=1e-6)) for i in order]

    def search(self, row, **params):
        hits = self.client.search(self.name, [self.elements[row].tobytes()], limit=20,
                                  search_params={"metric_type": "MHJACCARD", "params": params})[0]
        return [(hit["id"], hit["distance"]) for hit in hits]


@pytest.mark.parametrize("raw", [True, False])
def test_minhash_finds_the_rows_that_share_a_band(client, name, raw):
    signatures = Signatures(client, name, "MINHASH_LSH", mh_element_bit_width=32, mh_lsh_band=16,
                            with_raw_data=raw)
    for row in (0, 6, 1200, 1203, 2100, 2394):
        assert signatures.search(row) == signatures.hits(row, 16, "bands")
        if raw:
            wanted = signatures.hits(row, 16, "elements")
            assert signatures.search(row, mh_search_with_jaccard=True, refine_k=10) == wanted
    if not raw:
        with pytest.raises(MilvusException, match="with_raw_data=true"):
            signatures.search(0, mh_search_with_jaccard=True)
    client.delete(name, ids=[1, 2101])
    assert 1 not in {row for row, _ in signatures.search(0)}
    described = client.describe_index(name, "vector")
    assert described["index_type"] == "MINHASH_LSH" and described["mh_lsh_band"] == "16"


def test_autoindex_of_mhjaccard_finds_equal_signatures(client, name):
    signatures = Signatures(client, name, "AUTOINDEX")
    assert signatures.search(600) == [(600, pytest.approx(1.0))]


@pytest.mark.parametrize("build, text", [
    ({"mh_element_bit_width": 7}, r"should be in range \[8, 256\]"),
    ({"mh_element_bit_width": 48}, "multiple of mh_element_bit_width"),
    ({"mh_element_bit_width": 32, "mh_lsh_band": 65}, "mh_lsh_band"),
    ({"mh_lsh_aligned_block_size": 512}, "should be in range"),
])
def test_bad_parameters_of_minhash_are_refused(client, name, build, text):
    schema = MilvusClient.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.BINARY_VECTOR, dim=2048)
    client.create_collection(name, schema=schema)
    with pytest.raises(MilvusException, match=text):
        client.create_index(name, index_of(index_type="MINHASH_LSH", metric="MHJACCARD", **build))
    with pytest.raises(MilvusException, match="does not support metric type: MHJACCARD"):
        client.create_index(name, index_of(index_type="BIN_FLAT", metric="MHJACCARD"))
