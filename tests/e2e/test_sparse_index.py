"""Sparse indexes under every algorithm name and parameter, against products in numpy."""

import time

import numpy as np
import pytest
from pymilvus import DataType, MilvusClient, MilvusException

SEALED, GROWING, DIMS, STEP = 6000, 200, 500, 40009
INDEXES = {
    "sindi": ("SPARSE_INVERTED_INDEX", {"inverted_index_algo": "SINDI", "sindi_window_size": 1024}),
    "naive": ("SPARSE_INVERTED_INDEX", {"inverted_index_algo": "TAAT_NAIVE"}),
    "wand": ("SPARSE_WAND", {"inverted_index_algo": "BLOCK_MAX_WAND", "block_max_block_size": 64,
                             "inverted_index_codec": "block_maskedvbyte"}),
    "half": ("SPARSE_INVERTED_INDEX", {"quant_type": "fp16"}),
    "cut": ("SPARSE_INVERTED_INDEX", {"drop_ratio_build": 0.3}),
}


def make(seed, count):
    """Rows about one of 30 subjects, as dense float32, and as pymilvus takes them."""
    random = np.random.default_rng(seed)
    dense = np.zeros((count, DIMS), dtype=np.float32)
    for row in dense:
        subject = random.integers(30)
        row[subject * 10 + random.integers(10, size=8)] = random.random(8) + 0.2
        row[300 + (200 * random.random(12) ** 3).astype(int)] = random.random(12) * 0.6
    return dense, [{int(i) * STEP: float(row[i]) for i in np.flatnonzero(row)} for row in dense]


class Rows:
    def __init__(self, client):
        self.client, self.name = client, "sparse_indexes"
        client.drop_collection(self.name)
        schema = MilvusClient.create_schema()
        schema.add_field("id", DataType.INT64, is_primary=True)
        index = client.prepare_index_params()
        for field, (index_type, params) in INDEXES.items():
            schema.add_field(field, DataType.SPARSE_FLOAT_VECTOR)
            index.add_index(field, index_type=index_type, metric_type="IP", params=params)
        client.create_collection(self.name, schema=schema, index_params=index, consistency_level="Strong")
        self.dense, wire = make(1, SEALED + GROWING)
        self.queries, self.wire_queries = make(2, 6)
        rows = [{"id": i} | dict.fromkeys(INDEXES, wire[i]) for i in range(len(wire))]
        for first in range(0, SEALED, 1500):
            client.insert(self.name, rows[first : first + 1500])
        client.flush(self.name)
        client.insert(self.name, rows[SEALED:])
        client.delete(self.name, ids=list(range(0, 1000, 7)))
        self.live = np.ones(len(rows), dtype=bool)
        self.live[0:1000:7] = False
        deadline = time.monotonic() + 60
        for field in INDEXES:
            while client.describe_index(self.name, field)["indexed_rows"] < SEALED:
                assert time.monotonic() < deadline
                time.sleep(0.1)

    def search(self, field, limit=10, **more):
        params = {"params": {name: str(value) for name, value in more.pop("params", {}).items()}}
        return self.client.search(self.name, self.wire_queries, anns_field=field, limit=limit,
                                  search_params=params, **more)

    def scores(self, q):
        return self.dense.astype(np.float64) @ self.queries[q].astype(np.float64)

    def recall(self, found, limit=10, keep=True, least=0.0, most=np.inf):
        """Checks scores, order and number; the share of hits that are among the best."""
        good = wanted = 0
        for q, hits in enumerate(found):
            scores = self.scores(q)
            rows = np.flatnonzero(self.live & keep & (scores > least) & (scores <= most))
            best = np.sort(scores[rows])[::-1][:limit]
            assert len(hits) == len(best)
            distances = [hit["distance"] for hit in hits]
            assert distances == sorted(distances, reverse=True)
            for hit in hits:
                assert hit["id"] in rows
                assert hit["distance"] == pytest.approx(scores[hit["id"]], rel=1e-5)
                good += scores[hit["id"]] >= best[-1] * (1 - 1e-6)
                wanted += 1
        return good / wanted


@pytest.fixture(scope="module")
def rows(server):
    return Rows(MilvusClient(f"http://{server.address}"))


@pytest.mark.parametrize("field", ["sindi", "naive", "wand"])
def test_every_algorithm_is_exact(rows, field):
    assert rows.recall(rows.search(field)) == 1
    assert rows.recall(rows.search(field, limit=700), limit=700) == 1
    for algorithm in ("TAAT_NAIVE", "DAAT_WAND", "INHERIT"):
        assert rows.recall(rows.search(field, params={"search_algo": algorithm})) == 1
    third = np.arange(len(rows.dense)) % 3 == 0
    assert rows.recall(rows.search(field, filter="id % 3 == 0"), keep=third) == 1
    few = np.isin(np.arange(len(rows.dense)), [5, 900, 4000, 6100])
    assert rows.recall(rows.search(field, filter="id in [5, 900, 4000, 6100]"), keep=few) == 1
    ranged = rows.search(field, limit=500, params={"radius": 0.9, "range_filter": 2.0})
    assert rows.recall(ranged, limit=500, least=0.9, most=2.0) == 1


def test_what_is_approximate_still_fills_the_answer(rows):
    for params, least in (({"drop_ratio_search": 0.3, "refine_factor": 5}, 0.9),
                          ({"dim_max_score_ratio": 0.5}, 0.9), ({"dim_max_score_ratio": 1.3}, 1)):
        assert rows.recall(rows.search("sindi", params=params)) >= least


def test_halves_are_rounded(rows):
    for q, hits in enumerate(rows.search("half")):
        best = np.sort(rows.scores(q)[rows.live])[::-1][:10]
        assert [hit["distance"] for hit in hits] == pytest.approx(best.tolist(), rel=2e-3)
        rounded = rows.dense.astype(np.float16).astype(np.float64) @ rows.queries[q].astype(np.float64)
        for hit in hits:
            known = rounded if hit["id"] < SEALED else rows.scores(q)  # growing rows are not indexed
            assert hit["distance"] == pytest.approx(known[hit["id"]], rel=1e-6)


def test_rows_that_share_only_dropped_values_are_not_found(rows):
    values = rows.dense[:SEALED][rows.dense[:SEALED] > 0]
    least = np.sort(values)[int(0.3 * len(values))]
    dim = 305
    found = rows.client.search(rows.name, [{dim * STEP: 1.0}], anns_field="cut", limit=5000)[0]
    column = rows.dense[:, dim]
    indexed = np.arange(len(column)) < SEALED
    wanted = np.flatnonzero(rows.live & np.where(indexed, column >= least, column > 0))
    assert sorted(hit["id"] for hit in found) == wanted.tolist()
    assert rows.recall(rows.search("cut")) >= 0.95


@pytest.mark.parametrize("params, text", [
    ({"search_algo": "FASTEST"}, "search_algo"), ({"dim_max_score_ratio": 0.4}, "dim_max_score_ratio"),
    ({"refine_factor": 0}, "refine_factor"), ({"drop_ratio_search": 1}, "drop_ratio_search"),
])
def test_bad_search_parameters_are_refused(rows, params, text):
    with pytest.raises(MilvusException, match=text):
        rows.search("sindi", params=params)


@pytest.mark.parametrize("params, text", [
    ({"inverted_index_algo": "FASTEST"}, "inverted_index_algo"), ({"sindi_window_size": 1023}, "sindi_window_size"),
    ({"quant_type": "u16"}, "quant_type"), ({"drop_ratio_build": 1}, "drop_ratio_build"),
])
def test_bad_build_parameters_are_refused(client, name, params, text):
    schema = MilvusClient.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("value", DataType.SPARSE_FLOAT_VECTOR)
    client.create_collection(name, schema=schema)
    index = client.prepare_index_params()
    index.add_index("value", index_type="SPARSE_INVERTED_INDEX", metric_type="IP", params=params)
    with pytest.raises(MilvusException, match=text):
        client.create_index(name, index)
