"""HNSW_SQ, HNSW_PQ, HNSW_PRQ and DISKANN through pymilvus: what they find against exact answers by numpy, filters,
ranges, deletes, restarts, and the parameters that are refused."""

import os
import pathlib
import time

import numpy as np
import pytest
from oracle import distances, ids, nearest, recall, scores
from pymilvus import DataType, MilvusClient, MilvusException
from rows import index_of, insert_in_batches

ROWS, DIM, K, QUERIES = 3000, 32, 10, 20
SEALED = 2400  # enough for an index to be built
EXACT = {"refine": True, "refine_type": "FP32"}
FAMILIES = {
    "HNSW_SQ": {"M": 16, "efConstruction": 120, "sq_type": "SQ8"} | EXACT,
    "HNSW_PQ": {"M": 16, "efConstruction": 120, "m": 16, "nbits": 8} | EXACT,
    "HNSW_PRQ": {"M": 16, "efConstruction": 120, "m": 4, "nrq": 3, "nbits": 8} | EXACT,
    "DISKANN": {"max_degree": 32, "search_list_size": 80},
    # Of so many dimensions; its nodes then hold codes of their neighbours.
    "DISKANN/400": {"max_degree": 32, "search_list_size": 80},
}
SEARCH = {family: {"ef": 120, "refine_k": 6} for family in FAMILIES} | {
    family: {"search_list": 120, "beamwidth": 4} for family in FAMILIES if "DISKANN" in family}
METRICS = ("L2", "IP", "COSINE")


def type_of(family):
    return family.split("/")[0]


def dim_of(family):
    return int(family.split("/")[1]) if "/" in family else DIM


def clustered(seed, count, dim):
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(1).standard_normal((30, dim))
    noise = 0.5 * generator.standard_normal((count, dim))
    return ((centres[generator.integers(30, size=count)] + noise) * 8).astype(np.float32)


def bfloat16(values):
    bits = values.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)
    return [(row >> 16).astype(np.uint16).tobytes() for row in bits], bits.view(np.float32)


def typed(kind, values):
    """The vectors as pymilvus takes them, and the numbers they stand for."""
    if kind == "bfloat16":
        return bfloat16(values)
    to = {"float": np.float32, "float16": np.float16, "int8": np.int8}[kind]
    cast = np.clip(np.rint(values), -127, 127).astype(to) if kind == "int8" else values.astype(to)
    return list(cast), cast.astype(np.float32)


def wait_for(ask, is_done, seconds=60):
    end = time.monotonic() + seconds
    while not is_done(answer := ask()):
        assert time.monotonic() < end, answer
        time.sleep(0.02)


TYPES = {"float": DataType.FLOAT_VECTOR, "float16": DataType.FLOAT16_VECTOR,
         "bfloat16": DataType.BFLOAT16_VECTOR, "int8": DataType.INT8_VECTOR}


class Loaded:
    """A collection of one family; most rows sealed and indexed, the rest growing."""

    def __init__(self, client, name, family, metric, kind="float", **params):
        self.client, self.name, self.family, self.metric = client, name, family, metric
        schema = MilvusClient.create_schema(auto_id=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        dim = dim_of(family)
        schema.add_field("vector", TYPES[kind], dim=dim)
        schema.add_field("number", DataType.INT64)
        index = index_of(index_type=type_of(family), metric=metric, **(FAMILIES[family] | params))
        client.create_collection(name, schema=schema, consistency_level="Strong", index_params=index)
        wire, self.vectors = typed(kind, clustered(2, ROWS, dim))
        self.queries, self.query_vectors = typed(kind, clustered(3, QUERIES, dim))
        self.numbers = np.arange(ROWS) % 100
        rows = [{"id": i, "vector": wire[i], "number": int(self.numbers[i])} for i in range(ROWS)]
        insert_in_batches(client, name, rows[:SEALED])
        client.flush(name)
        insert_in_batches(client, name, rows[SEALED:])
        wait_for(lambda: client.describe_index(name, "vector"),
                 lambda index: index["state"] == "Finished" and index["indexed_rows"] >= SEALED)

    def search(self, limit=K, params=None, client=None, **arguments):
        search_params = {"params": SEARCH[self.family] | (params or {})}
        return (client or self.client).search(self.name, data=self.queries, anns_field="vector", limit=limit,
                                              search_params=search_params, **arguments)

    def truth(self, limit=K, keep=None):
        return [nearest(q, self.vectors, self.metric, limit, keep)[0] for q in self.query_vectors]


@pytest.fixture(scope="module")
def loaded(client):
    """A collection of each family and metric, made when it is first asked for."""
    made = {}

    def get(family, metric):
        name = f"quantised_{type_of(family)}_{dim_of(family)}_{metric}"
        if name not in made:
            client.drop_collection(name)
            made[name] = Loaded(client, name, family, metric)
        return made[name]

    yield get
    for name in made:
        client.drop_collection(name)


CASES = [(family, metric) for family in FAMILIES for metric in METRICS]


@pytest.mark.parametrize(("family", "metric"), CASES)
def test_finds_the_nearest_with_their_scores(loaded, family, metric):
    collection = loaded(family, metric)
    result = collection.search()
    assert all(len(hits) == K for hits in result)
    assert recall(ids(result), collection.truth()) >= 0.95
    for query, hits in zip(collection.query_vectors, result, strict=True):
        want = distances([query], collection.vectors[[hit["id"] for hit in hits]], metric)[0]
        assert [hit["distance"] for hit in hits] == pytest.approx(want, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("family", FAMILIES)
def test_is_described_as_it_was_made(client, loaded, family):
    collection = loaded(family, "L2")
    described = client.describe_index(collection.name, "vector")
    assert described["index_type"] == type_of(family)
    assert described["metric_type"] == "L2"
    assert described["state"] == "Finished"
    assert described["total_rows"] >= SEALED
    for key, value in FAMILIES[family].items():
        assert str(described[key]).lower() == str(value).lower()


@pytest.mark.parametrize(("family", "metric"), CASES)
@pytest.mark.parametrize("below", [60, 10, 1])
def test_filters_keep_recall_and_count(loaded, family, metric, below):
    collection = loaded(family, metric)
    keep = collection.numbers < below
    result = collection.search(filter=f"number < {below}")
    assert all(len(hits) == K for hits in result)
    assert all(collection.numbers[row] < below for hits in ids(result) for row in hits)
    assert recall(ids(result), collection.truth(keep=keep)) >= 0.9


@pytest.mark.parametrize(("family", "metric"), CASES)
def test_ranges_hold(loaded, family, metric):
    collection = loaded(family, metric)
    for query, vector in zip(collection.queries[:5], collection.query_vectors, strict=False):
        _, best = nearest(vector, collection.vectors, metric, 60)
        params = {"radius": float(best[50]), "range_filter": float(best[5])}
        hits = collection.client.search(collection.name, data=[query], anns_field="vector", limit=100,
                                        search_params={"params": {"ef": 400, "search_list": 400} | params})[0]
        found = [hit["distance"] for hit in hits]
        assert 40 <= len(found) <= 47
        if metric == "L2":
            assert all(best[5] * 0.999 <= score < best[50] * 1.001 for score in found)
        else:
            assert all(best[50] - 0.1 < score <= best[5] + 0.1 for score in found)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_row_can_be_asked_for(loaded, family):
    collection = loaded(family, "COSINE")
    result = collection.search(limit=ROWS, params={"ef": ROWS, "search_list": ROWS})
    for hits in ids(result):
        assert sorted(hits) == list(range(ROWS))


@pytest.mark.parametrize(("family", "kind"), [(family, kind) for family in FAMILIES
                                              for kind in ("float16", "bfloat16", "int8")
                                              if (type_of(family), kind) != ("DISKANN", "int8")])
def test_every_type_is_indexed(client, name, family, kind):
    collection = Loaded(client, name, family, "COSINE", kind)
    assert recall(ids(collection.search()), collection.truth()) >= 0.95


@pytest.mark.parametrize("sq_type", ["SQ4U", "SQ6", "SQ8", "FP16", "BF16"])
@pytest.mark.parametrize("refine_type", ["SQ6", "SQ8", "FP16", "BF16", "FP32", "FLAT"])
def test_every_pair_of_quantisers(client, name, sq_type, refine_type):
    collection = Loaded(client, name, "HNSW_SQ", "L2", sq_type=sq_type, refine_type=refine_type)
    least = {"SQ6": 0.85, "BF16": 0.9}.get(refine_type, 0.95)
    assert recall(ids(collection.search()), collection.truth()) >= least


def test_without_refinement_scores_are_those_of_the_codes(client, name):
    collection = Loaded(client, name, "HNSW_SQ", "L2", refine=False)
    result = collection.search(filter=f"id < {SEALED}")
    assert recall(ids(result), collection.truth(keep=np.arange(ROWS) < SEALED)) >= 0.9
    found, exact = [], []
    for query, hits in zip(collection.query_vectors, result, strict=True):
        found += [hit["distance"] for hit in hits]
        exact += list(distances([query], collection.vectors[[hit["id"] for hit in hits]], "L2")[0])
    assert found == pytest.approx(exact, rel=0.05)
    assert found != pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_deleted_rows_are_not_found(client, name, family):
    collection = Loaded(client, name, family, "L2")
    first = ids(collection.search())
    gone = sorted({row for hits in first for row in hits[::2]})
    client.delete(name, ids=gone)
    keep = ~np.isin(np.arange(ROWS), gone)
    result = ids(collection.search())
    assert not {row for hits in result for row in hits} & set(gone)
    assert all(len(hits) == K for hits in result)
    assert recall(result, collection.truth(keep=keep)) >= 0.95


@pytest.mark.parametrize("family", [family for family in FAMILIES if type_of(family) == "DISKANN"])
def test_diskann_reads_from_its_file(server, loaded, family):
    assert len(loaded(family, "L2").search()) == QUERIES
    descriptors = pathlib.Path(f"/proc/{server.process.pid}/fd")
    opened = {os.readlink(link) for link in descriptors.iterdir() if link.is_symlink()}
    assert any("/objects/index/" in path for path in opened)


def test_answers_are_the_same_after_a_restart(own_server):
    client = own_server.client()
    collections = [Loaded(client, family.lower().replace("/", "_"), family, "COSINE") for family in FAMILIES]
    before = [ids(collection.search()) for collection in collections]
    own_server.stop()
    own_server.start()
    client = own_server.client()
    for collection, found in zip(collections, before, strict=True):
        again = ids(collection.search(client=client))
        assert recall(again, collection.truth()) >= 0.95
        if type_of(collection.family) != "DISKANN":  # its walks follow what the disk gives first
            assert again == found


@pytest.mark.parametrize("family", FAMILIES)
def test_an_iterator_gives_rows_in_order(loaded, family):
    collection = loaded(family, "L2")
    iterator = collection.client.search_iterator(
        collection.name, data=[collection.queries[0]], anns_field="vector", batch_size=50, limit=200,
        search_params={"params": SEARCH[family]})
    found = []
    while batch := iterator.next():
        found += batch
    iterator.close()
    distance = [hit["distance"] for hit in found]
    assert len({hit["id"] for hit in found}) == len(found) == 200
    assert distance == sorted(distance)


def make(client, name, family, metric="L2", kind="float", **params):
    schema = MilvusClient.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", TYPES[kind], dim=dim_of(family))
    client.create_collection(name, schema=schema)
    client.create_index(name, index_of(index_type=type_of(family), metric=metric, **params))


REFUSED = [
    ("HNSW_SQ", {"M": 1}, "should be in range [2, 2048]"),
    ("HNSW_SQ", {"efConstruction": 0}, "efConstruction"),
    ("HNSW_SQ", {"sq_type": "SQ5"}, "sq_type"),
    ("HNSW_SQ", {"refine": True, "refine_type": "SQ7"}, "refine_type"),
    ("HNSW_SQ", {"refine": "perhaps"}, "refine"),
    ("HNSW_PQ", {"m": 5}, "dimension must be able to be divided by `m`"),
    ("HNSW_PQ", {"m": 0}, "should be in range [1, 65536]"),
    ("HNSW_PQ", {"nbits": 25}, "should be in range [1, 24]"),
    ("HNSW_PRQ", {"m": 3}, "dimension must be able to be divided by `m`"),
    ("HNSW_PRQ", {"nrq": 17}, "should be in range [1, 16]"),
    ("DISKANN", {"max_degree": 4096}, "should be in range [1, 2048]"),
    ("DISKANN", {"search_list_size": 0}, "search_list_size"),
    ("DISKANN", {"pq_code_budget_gb_ratio": 3}, "pq_code_budget_gb_ratio"),
    ("DISKANN", {"disk_pq_dims": 8}, "disk_pq_dims"),
]


@pytest.mark.parametrize(("family", "params", "text"), REFUSED)
def test_bad_build_parameters_are_refused(client, name, family, params, text):
    with pytest.raises(MilvusException) as error:
        make(client, name, family, **params)
    assert error.value.code == 1100
    assert text in error.value.message


@pytest.mark.parametrize("family", FAMILIES)
def test_bad_metrics_are_refused(client, name, family):
    with pytest.raises(MilvusException, match="does not support metric type: JACCARD") as error:
        make(client, name, family, metric="JACCARD")
    assert error.value.code == 1100


def test_diskann_is_not_mapped(client, name):
    with pytest.raises(MilvusException, match="index type DISKANN does not support mmap") as error:
        make(client, name, "DISKANN", **{"mmap.enabled": True})
    assert error.value.code == 1100


def test_diskann_takes_no_int8(client, name):
    with pytest.raises(MilvusException, match="data type Int8Vector can't build with this index DISKANN") as error:
        make(client, name, "DISKANN", kind="int8")
    assert error.value.code == 1100


@pytest.mark.parametrize(("family", "params"), [
    ("HNSW_SQ", {"ef": 5}), ("HNSW_PQ", {"ef": 9}), ("HNSW_PRQ", {"refine_k": 0.5}), ("HNSW_SQ", {"refine_k": 0}),
    ("DISKANN", {"search_list": 9}), ("DISKANN", {"beamwidth": 0}), ("DISKANN", {"beamwidth": 129})])
def test_bad_search_parameters_are_refused(loaded, family, params):
    with pytest.raises(MilvusException):
        loaded(family, "L2").search(params=params)


def test_scores_come_in_order(loaded):
    for family in FAMILIES:
        for metric, best_first in (("L2", 1), ("IP", -1)):
            for hits in scores(loaded(family, metric).search()):
                assert hits == sorted(hits, key=lambda score, sign=best_first: sign * score)
