"""Search among the vectors in struct arrays, against a model in numpy: rows by MaxSim of their embedding list, single
elements by the ordinary metrics, and both in hybrid searches. Rows are sealed with an index, growing, and deleted."""

import json
from collections import defaultdict

import numpy as np
import pytest
from pymilvus import (
    AnnSearchRequest,
    DataType,
    MilvusClient,
    MilvusException,
    RRFRanker,
    SearchAggregation,
    TopHits,
    WeightedRanker,
)
from pymilvus.client.embedding_list import EmbeddingList
from rows import create
from test_scalar_indexes import wait_until_built

SEALED = 1400
GROWING = 160
DIM = 16
BITS = 64
CENTRES = 200
COLORS = ["red", "green", "blue"]
DISTANCES = ("L2", "HAMMING", "JACCARD")

# Sub-field: its index and metric. Those with MAX_SIM metrics are searched by lists, the others by element.
INDEXES = {
    "tokens": ("HNSW", "MAX_SIM_COSINE", {"M": 16, "efConstruction": 100}),
    "encoded": ("HNSW", "MAX_SIM_IP", {"M": 16, "efConstruction": 100, "emb_list_strategy": "muvera",
                                      "muvera_num_repeats": 8}),
    "half": ("IVF_FLAT", "MAX_SIM_L2", {"nlist": 16}),
    "bits": ("HNSW", "MAX_SIM_HAMMING", {"M": 16}),
    "near": ("HNSW", "COSINE", {"M": 16, "efConstruction": 100}),
    "far": ("FLAT", "L2", {}),
}
PARAMS = {"ef": 200, "nprobe": 16, "retrieval_ann_ratio": 20}


def schema():
    clip = MilvusClient.create_struct_field_schema()
    for field in ("tokens", "encoded", "near", "far"):
        clip.add_field(field, DataType.FLOAT_VECTOR, dim=DIM)
    clip.add_field("half", DataType.FLOAT16_VECTOR, dim=DIM)
    clip.add_field("bits", DataType.BINARY_VECTOR, dim=BITS)
    clip.add_field("color", DataType.VARCHAR, max_length=10)
    clip.add_field("start", DataType.INT64)
    made = MilvusClient.create_schema()
    made.add_field("id", DataType.INT64, is_primary=True)
    made.add_field("price", DataType.INT64)
    made.add_field("flat", DataType.FLOAT_VECTOR, dim=DIM)
    made.add_field("clips", DataType.ARRAY, element_type=DataType.STRUCT, struct_schema=clip, max_capacity=12)
    return made


def make_rows(numbers, dice, centres):
    def clip():
        near = centres[dice.integers(CENTRES)] + 0.4 * dice.normal(size=(4, DIM))
        return {"tokens": near[0].astype(np.float32), "encoded": near[0].astype(np.float32),
                "near": near[1].astype(np.float32), "far": near[2].astype(np.float32),
                "half": near[3].astype(np.float16), "bits": dice.integers(0, 256, BITS // 8, dtype=np.uint8),
                "color": COLORS[dice.integers(3)], "start": int(dice.integers(1000))}
    return [{"id": int(number), "price": int(dice.integers(100)), "flat": dice.normal(size=DIM).astype(np.float32),
             "clips": [clip() for _ in range(dice.integers(0, 9))]} for number in numbers]


def as_sent(row):
    clips = [clip | {"half": clip["half"].tobytes(), "bits": clip["bits"].tobytes()} for clip in row["clips"]]
    return row | {"clips": clips}


class Filled:
    """A collection and the rows that must be in it."""

    def __init__(self, client, name):
        self.client = client
        self.name = name
        dice = np.random.default_rng(5)
        centres = dice.normal(size=(CENTRES, DIM))
        create(client, name, schema(), self.flat_index())
        rows = make_rows(range(SEALED), dice, centres)
        client.insert(name, [as_sent(row) for row in rows])
        client.flush(name)
        client.create_index(name, self.struct_indexes())
        wait_until_built(client, name, len(INDEXES))
        growing = make_rows(range(SEALED, SEALED + GROWING), dice, centres)
        client.insert(name, [as_sent(row) for row in growing])
        gone = {int(number) for number in dice.choice(SEALED + GROWING, 100, replace=False)}
        client.delete(name, ids=sorted(gone))
        self.rows = {row["id"]: row for row in rows + growing if row["id"] not in gone}
        self.dice = dice
        self.centres = centres
        client.refresh_load(name)
        client.get_load_state(name)

    @staticmethod
    def flat_index():
        params = MilvusClient.prepare_index_params()
        params.add_index("flat", index_type="FLAT", metric_type="L2")
        return params

    @staticmethod
    def struct_indexes():
        params = MilvusClient.prepare_index_params()
        for number, (field, (index_type, metric, build)) in enumerate(INDEXES.items()):
            params.add_index(f"clips[{field}]", index_name=f"i{number}", index_type=index_type, metric_type=metric,
                             params=build)
        return params

    def query_vectors(self, field, count):
        """Vectors near those of some row."""
        row = self.dice.choice([row for row in self.rows.values() if row["clips"]])
        picked = [row["clips"][i][field] for i in self.dice.integers(0, len(row["clips"]), count)]
        if field == "bits":
            return [vector ^ (np.uint8(1) << self.dice.integers(0, 8, len(vector), dtype=np.uint8)) for vector in picked]
        return [(vector + 0.3 * self.dice.normal(size=DIM)).astype(vector.dtype) for vector in picked]

    def search(self, field, data, limit=10, **more):
        params = {"params": PARAMS | more.pop("params", {})}
        found = self.client.search(self.name, data=data, anns_field=f"clips[{field}]", limit=limit,
                                   search_params=params, consistency_level="Strong", **more)
        return [list(hits) for hits in found]


@pytest.fixture(scope="module")
def filled(client, module_name):
    return Filled(client, module_name)


# ---- the model

def element_scores(metric, query, vectors):
    if metric in ("HAMMING", "JACCARD"):
        a, b = np.unpackbits(query), np.unpackbits(np.stack(vectors), axis=1)
        if metric == "HAMMING":
            return (a != b).sum(axis=1).astype(float)
        return 1 - (a & b).sum(axis=1) / np.maximum((a | b).sum(axis=1), 1)
    a, b = query.astype(np.float64), np.stack(vectors).astype(np.float64)
    if metric == "L2":
        return ((b - a) ** 2).sum(axis=1)
    if metric == "IP":
        return b @ a
    return b @ a / (np.linalg.norm(a) * np.linalg.norm(b, axis=1))


def max_sim(metric, queries, vectors):
    element = metric.removeprefix("MAX_SIM_")
    best = min if element in DISTANCES else max
    return sum(best(element_scores(element, query, vectors)) for query in queries)


def best_first(scores, metric):
    sign = 1 if metric.removeprefix("MAX_SIM_") in DISTANCES else -1
    return sorted(scores, key=lambda key: (sign * scores[key], key))


def list_truth(filled, field, queries, keep=lambda row: True):
    metric = INDEXES[field][1]
    return {row["id"]: max_sim(metric, queries, [clip[field] for clip in row["clips"]])
            for row in filled.rows.values() if row["clips"] and keep(row)}


def element_truth(filled, field, query, keep=lambda row, clip: True):
    metric = INDEXES[field][1]
    return {(row["id"], i): score for row in filled.rows.values() if row["clips"]
            for i, score in enumerate(element_scores(metric, query, [clip[field] for clip in row["clips"]]))
            if keep(row, row["clips"][i])}


def key_of(hit):
    return (hit["id"], hit["offset"]) if "offset" in hit else hit["id"]


def check_hits(hits, scores, metric, limit, recall=0.95):
    """Every hit has its true score, the order is right, and nearly all of the best are there."""
    assert len(hits) == min(limit, len(scores))
    keys = [key_of(hit) for hit in hits]
    assert len(set(keys)) == len(keys)
    for hit, key in zip(hits, keys):
        assert hit["distance"] == pytest.approx(scores[key], rel=2e-3, abs=2e-3), key
    distances = [hit["distance"] for hit in hits]
    assert distances == sorted(distances, reverse=metric.removeprefix("MAX_SIM_") not in DISTANCES)
    wanted = best_first(scores, metric)[:limit]
    border = scores[wanted[-1]]
    right = sum(key in wanted or abs(scores[key] - border) < 1e-6 for key in keys)
    assert right >= recall * len(wanted), f"{right} of {len(wanted)}"
    return right / len(wanted)


def lists_of(*queries):
    return [EmbeddingList(list(query)) for query in queries]


# ---- embedding lists

@pytest.mark.parametrize("field, recall", [("tokens", 0.95), ("encoded", 0.5), ("half", 0.95), ("bits", 0.9)])
def test_rows_are_found_by_the_best_matches_of_every_query_vector(filled, field, recall):
    metric = INDEXES[field][1]
    queries = [filled.query_vectors(field, count) for count in (1, 2, 5, 5, 7, 8)]
    found = filled.search(field, lists_of(*queries))
    shares = [check_hits(hits, list_truth(filled, field, query), metric, 10, 0) for hits, query in zip(found, queries)]
    assert np.mean(shares) >= recall, shares


@pytest.mark.parametrize("field", ["tokens", "encoded"])
@pytest.mark.parametrize("text, keep", [
    ("price < 50", lambda row: row["price"] < 50),
    ("price == 7", lambda row: row["price"] == 7),
    ('match_any(clips, $[color] == "red")', lambda row: any(clip["color"] == "red" for clip in row["clips"])),
    ("id >= 1400", lambda row: row["id"] >= SEALED),
    ("price > 1000", lambda row: False),
])
def test_filters_choose_the_rows(filled, field, text, keep):
    query = filled.query_vectors(field, 4)
    hits = filled.search(field, lists_of(query), filter=text)[0]
    scores = list_truth(filled, field, query, keep)
    if scores:
        check_hits(hits, scores, INDEXES[field][1], 10, 0.9)
    else:
        assert hits == []


def test_an_exact_search_pages_and_columns(filled):
    query = filled.query_vectors("tokens", 3)
    wanted = best_first(list_truth(filled, "tokens", query), "MAX_SIM_COSINE")
    hits = filled.search("tokens", lists_of(query), limit=30, params={"page_retain_order": True},
                         output_fields=["price", "clips"])[0]
    assert [hit["id"] for hit in hits] == wanted[:30]
    for hit in hits:
        row = filled.rows[hit["id"]]
        assert hit["entity"]["price"] == row["price"]
        assert [clip["color"] for clip in hit["entity"]["clips"]] == [clip["color"] for clip in row["clips"]]
    second = filled.client.search(
        filled.name, data=lists_of(query), anns_field="clips[tokens]", limit=10, consistency_level="Strong",
        search_params={"params": PARAMS | {"page_retain_order": True}, "offset": 10})[0]
    assert [hit["id"] for hit in second] == wanted[10:20]


def test_the_strategies_are_used_and_reported(filled):
    for field in ("tokens", "encoded"):
        found = filled.client.search(
            filled.name, data=lists_of(filled.query_vectors(field, 2)), anns_field=f"clips[{field}]", limit=5,
            search_params={"params": {"ef": 50, "profile": "json"}}, consistency_level="Strong")
        told = json.loads(found.get_search_iterator_v2_results_info().token)
        assert "HNSW" in json.dumps(told) and f"clips[{field}]" in json.dumps(told)


def test_rows_are_searched_by_the_lists_of_other_rows(filled):
    ids = [row["id"] for row in filled.rows.values() if len(row["clips"]) > 2][:2]
    found = filled.client.search(filled.name, ids=ids, anns_field="clips[tokens]", limit=5,
                                 search_params={"params": PARAMS}, consistency_level="Strong")
    for one, hits in zip(ids, found):
        query = [clip["tokens"] for clip in filled.rows[one]["clips"]]
        check_hits(list(hits), list_truth(filled, "tokens", query), "MAX_SIM_COSINE", 5, 0.8)
        assert hits[0]["id"] == one


# ---- elements

@pytest.mark.parametrize("field", ["near", "far"])
def test_elements_are_found_one_by_one(filled, field):
    queries = filled.query_vectors(field, 5)
    found = filled.search(field, queries, limit=20)
    for hits, query in zip(found, queries):
        check_hits(hits, element_truth(filled, field, query), INDEXES[field][1], 20)


@pytest.mark.parametrize("text, keep", [
    ('element_filter(clips, $[color] == "red")', lambda row, clip: clip["color"] == "red"),
    ("element_filter(clips, $[start] < 20)", lambda row, clip: clip["start"] < 20),
    ('price < 30 and element_filter(clips, $[color] != "blue" && $[start] > 500)',
     lambda row, clip: row["price"] < 30 and clip["color"] != "blue" and clip["start"] > 500),
    ("price < 30", lambda row, clip: row["price"] < 30),
    ('match_any(clips, $[color] == "red")', lambda row, clip: any(c["color"] == "red" for c in row["clips"])),
    ("element_filter(clips, $[start] < 0)", lambda row, clip: False),
])
def test_an_element_filter_chooses_which_elements_hit(filled, text, keep):
    for field in ("near", "far"):
        query = filled.query_vectors(field, 1)
        hits = filled.search(field, query, filter=text, limit=15)[0]
        scores = element_truth(filled, field, query[0], keep)
        if scores:
            check_hits(hits, scores, INDEXES[field][1], 15)
        else:
            assert hits == []


def test_elements_come_with_columns_pages_and_ranges(filled):
    query = filled.query_vectors("far", 1)
    scores = element_truth(filled, "far", query[0])
    wanted = best_first(scores, "L2")
    hits = filled.search("far", query, limit=12, output_fields=["price", "clips[start]"])[0]
    assert [key_of(hit) for hit in hits] == wanted[:12]
    for hit in hits:
        row = filled.rows[hit["id"]]
        assert hit["entity"]["price"] == row["price"]
        assert [clip["start"] for clip in hit["entity"]["clips"]] == [clip["start"] for clip in row["clips"]]
    second = filled.client.search(filled.name, data=query, anns_field="clips[far]", limit=12, consistency_level="Strong",
                                  search_params={"params": {}, "offset": 12})[0]
    assert [key_of(hit) for hit in second] == wanted[12:24]
    radius = (scores[wanted[6]] + scores[wanted[7]]) / 2
    ranged = filled.search("far", query, limit=50, params={"radius": float(radius)})[0]
    assert [key_of(hit) for hit in ranged] == wanted[:7]


def test_elements_in_groups_of_their_row(filled):
    query = filled.query_vectors("far", 1)
    scores = element_truth(filled, "far", query[0])
    best = {}
    for key in best_first(scores, "L2"):
        best.setdefault(key[0], []).append(key)
    hits = filled.search("far", query, limit=10, group_by_field="id")[0]
    assert [key_of(hit) for hit in hits] == [keys[0] for keys in best.values()][:10]
    pairs = filled.search("far", query, limit=5, group_by_field="id", group_size=2, strict_group_size=True)[0]
    assert [key_of(hit) for hit in pairs] == [key for keys in list(best.values())[:5] for key in keys[:2]]


def test_buckets_count_elements(filled):
    """A bucket's hits are elements: the 1,000 nearest of them are counted, and a row may be in it several times."""
    query = filled.query_vectors("far", 1)
    scores = element_truth(filled, "far", query[0])
    buckets = defaultdict(list)
    for key in best_first(scores, "L2")[:1000]:
        buckets[filled.rows[key[0]]["price"]].append(key)
    spec = SearchAggregation(["price"], 6, metrics={"n": {"count": "*"}, "far": {"max": "_score"}}, top_hits=TopHits(3))
    found = filled.client.search(filled.name, data=query, anns_field="clips[far]", search_aggregation=spec,
                                 consistency_level="Strong").agg_buckets[0]
    assert [bucket.key[0]["value"] for bucket in found] == list(buckets)[:6]
    for bucket, keys in zip(found, buckets.values()):
        assert bucket.count == bucket.metrics["n"] == len(keys)
        assert bucket.metrics["far"] == pytest.approx(max(scores[key] for key in keys), rel=1e-5)
        assert [hit.pk for hit in bucket.hits] == [key[0] for key in keys[:3]]
    assert any(len({key[0] for key in keys}) < len(keys) for keys in buckets.values())


def test_an_iterator_gives_every_element_once(filled):
    query = filled.query_vectors("far", 1)
    wanted = best_first(element_truth(filled, "far", query[0]), "L2")[:250]
    iterator = filled.client.search_iterator(filled.name, data=query, anns_field="clips[far]", batch_size=60, limit=250,
                                             search_params={"params": {}}, consistency_level="Strong")
    got = []
    while batch := iterator.next():
        got += [key_of(hit) for hit in batch]
    iterator.close()
    assert sorted(got) == sorted(wanted)


def truth_of_row(filled, field, one):
    """Every element by the best of its scores for the vectors of row `one`."""
    metric = INDEXES[field][1]
    best = min if metric in DISTANCES else max
    return {(row["id"], i): best(scores) for row in filled.rows.values() if row["clips"]
            for i, scores in enumerate(zip(*(element_scores(metric, clip[field], [c[field] for c in row["clips"]])
                                             for clip in filled.rows[one]["clips"]), strict=True))}


@pytest.mark.parametrize("field", ["near", "far"])
def test_elements_are_searched_by_the_vectors_of_rows(filled, field):
    """One list an id: what any of the row's vectors finds. One of the rows is sealed, one growing."""
    ids = [next(row["id"] for row in filled.rows.values() if len(row["clips"]) > 3),
           next(row["id"] for row in filled.rows.values() if len(row["clips"]) > 2 and row["id"] >= SEALED)]
    found = filled.client.search(filled.name, ids=ids, anns_field=f"clips[{field}]", limit=25, output_fields=["price"],
                                 search_params={"params": PARAMS}, consistency_level="Strong")
    assert len(found) == 2
    for one, hits in zip(ids, found):
        check_hits(list(hits), truth_of_row(filled, field, one), INDEXES[field][1], 25)
        own = len(filled.rows[one]["clips"])
        assert {key_of(hit) for hit in hits[:own]} == {(one, i) for i in range(own)}
        assert all(hit["entity"]["price"] == filled.rows[hit["id"]]["price"] for hit in hits)


def test_ids_at_element_level_take_everything_else(filled):
    one = next(row["id"] for row in filled.rows.values() if len(row["clips"]) > 3)
    truth = truth_of_row(filled, "far", one)

    def search(limit, params=None, **more):
        return filled.client.search(filled.name, ids=[one], anns_field="clips[far]", limit=limit,
                                    search_params={"params": params or {}} | more.pop("flat", {}),
                                    consistency_level="Strong", **more)
    kept = {key: score for key, score in truth.items() if filled.rows[key[0]]["price"] < 40}
    hits = search(20, filter="price < 40")[0]
    assert [key_of(hit) for hit in hits] == best_first(kept, "L2")[:20]
    order = best_first(truth, "L2")
    assert [key_of(hit) for hit in search(9, flat={"offset": 7})[0]] == order[7:16]
    groups = defaultdict(list)
    for key in order:
        groups[key[0]].append(key)
    assert [key_of(hit) for hit in search(8, group_by_field="id")[0]] == [keys[0] for keys in groups.values()][:8]
    pairs = search(8, group_by_field="id", group_size=2, strict_group_size=True)[0]
    assert [key_of(hit) for hit in pairs] == [key for keys in list(groups.values())[:8] for key in keys[:2]]
    assert search(10, flat={"enable_recall_calculation": True}).recalls == pytest.approx([1])
    radius = float(truth[order[11]] + truth[order[12]]) / 2
    assert [key_of(hit) for hit in search(30, {"radius": radius})[0]] == order[:12]
    buckets = search(5, search_aggregation=SearchAggregation(["id"], 6, metrics={"n": {"count": "*"}})).agg_buckets[0]
    pool = defaultdict(int)
    for key in order[:1000]:
        pool[key[0]] += 1
    assert [(bucket.key[0]["value"], bucket.count) for bucket in buckets] == list(pool.items())[:6]
    empty = next(row["id"] for row in filled.rows.values() if not row["clips"])
    with pytest.raises(MilvusException, match="have no vector in field clips"):
        filled.client.search(filled.name, ids=[empty], anns_field="clips[far]", limit=3)
    with pytest.raises(MilvusException, match="were not found"):
        filled.client.search(filled.name, ids=[10 ** 9], anns_field="clips[far]", limit=3)


@pytest.mark.parametrize("field, least", [("tokens", 0.6), ("encoded", 0.1), ("half", 0.6)])
def test_lists_may_go_without_the_exact_comparison(filled, field, least):
    """Scores of sealed rows are then estimates; those of growing rows stay exact."""
    metric = INDEXES[field][1]
    found, total, estimates = 0, 0, 0
    for _ in range(5):
        query = filled.query_vectors(field, 4)
        truth = list_truth(filled, field, query)
        hits = filled.search(field, lists_of(query), params={"emb_list_rerank": False})[0]
        distances = [hit["distance"] for hit in hits]
        assert len(hits) == 10 and distances == sorted(distances, reverse=metric != "MAX_SIM_L2")
        for hit in hits:
            exact = hit["distance"] == pytest.approx(truth[hit["id"]], rel=2e-3, abs=2e-3)
            assert exact or hit["id"] < SEALED
            estimates += not exact
        found += len({hit["id"] for hit in hits} & set(best_first(truth, metric)[:10]))
        total += 10
    assert estimates > 0 and found >= least * total, (found, total)


# ---- hybrid search

def collapsed(scores, metric, limit, collapse):
    """The rows of a list of elements, best first, with their scores."""
    rows = defaultdict(list)
    for key in best_first(scores, metric)[:limit]:
        rows[key[0]].append(scores[key])
    return {row: collapse(found) for row, found in rows.items()}


COLLAPSES = {
    "max": (None, lambda found: found[0]),
    "sum": (None, sum),
    "avg": (None, lambda found: sum(found) / len(found)),
    "topk_sum": (2, lambda found: sum(found[:2])),
    "topk_avg": (2, lambda found: sum(found[:2]) / len(found[:2])),
}


@pytest.mark.parametrize("strategy", [None, *COLLAPSES])
def test_hybrid_search_collapses_elements_to_rows(filled, strategy):
    query = filled.query_vectors("near", 1)
    flat = filled.dice.normal(size=DIM).astype(np.float32)
    best, collapse = COLLAPSES[strategy or "max"]
    params = {"ef": 400}
    if strategy is not None:
        params["element_scope"] = {"collapse": {"strategy": strategy} | ({"topk": best} if best else {})}
    lists = [AnnSearchRequest(query, "clips[near]", {"metric_type": "COSINE", "params": params}, limit=60),
             AnnSearchRequest([flat], "flat", {"metric_type": "L2", "params": {}}, limit=60)]
    found = filled.client.hybrid_search(filled.name, lists, WeightedRanker(0.7, 0.3, norm_score=False), limit=20,
                                        consistency_level="Strong")[0]
    by_element = collapsed(element_truth(filled, "near", query[0]), "COSINE", 60, collapse)
    distances = {row["id"]: float(((row["flat"].astype(np.float64) - flat) ** 2).sum())
                 for row in filled.rows.values()}
    by_flat = {key: 1 - 2 * np.arctan(distances[key]) / np.pi for key in best_first(distances, "L2")[:60]}
    fused = defaultdict(float)
    for weight, scores in ((0.7, by_element), (0.3, by_flat)):
        for key, score in scores.items():
            fused[key] += weight * score
    wanted = best_first(fused, "IP")[:20]
    assert len({hit["id"] for hit in found} & set(wanted)) >= 19
    for hit in found:
        if hit["id"] in wanted:
            assert hit["distance"] == pytest.approx(fused[hit["id"]], rel=1e-3, abs=1e-4)


def test_hybrid_search_fuses_lists_and_elements(filled):
    tokens = filled.query_vectors("tokens", 3)
    near = filled.query_vectors("near", 1)
    lists = [AnnSearchRequest(lists_of(tokens), "clips[tokens]", {"params": PARAMS}, limit=30,
                              expr='match_any(clips, $[color] == "red")'),
             AnnSearchRequest(near, "clips[near]", {"params": {"ef": 400}}, limit=30,
                              expr='element_filter(clips, $[color] == "red")')]
    found = filled.client.hybrid_search(filled.name, lists, RRFRanker(60), limit=10, consistency_level="Strong")[0]

    def red(clip):
        return clip["color"] == "red"
    first = list_truth(filled, "tokens", tokens, lambda row: any(map(red, row["clips"])))
    second = collapsed(element_truth(filled, "near", near[0], lambda row, clip: red(clip)), "COSINE", 30, max)
    fused = defaultdict(float)
    for scores in ({key: first[key] for key in best_first(first, "IP")[:30]}, second):
        for rank, key in enumerate(best_first(scores, "IP")):
            fused[key] += 1 / (61 + rank)
    wanted = best_first(fused, "IP")[:10]
    assert len({hit["id"] for hit in found} & set(wanted)) >= 9


# ---- what is described and refused

def test_indexes_are_described_by_their_sub_field(filled):
    for number, (field, (index_type, metric, build)) in enumerate(INDEXES.items()):
        described = filled.client.describe_index(filled.name, f"i{number}")
        assert (described["field_name"], described["index_type"], described["metric_type"]) == \
            (f"clips[{field}]", index_type, metric)
        assert described["indexed_rows"] == SEALED and described["state"] == "Finished"
        for key, value in build.items():
            assert described[key] == str(value)
    with pytest.raises(MilvusException, match="vector index cannot be dropped on loaded collection"):
        filled.client.drop_index(filled.name, "i0")


def test_an_index_is_created_and_dropped_on_a_sub_field(client, name):
    client.create_collection(name, schema=schema())
    params = MilvusClient.prepare_index_params()
    params.add_index("clips[tokens]", index_type="AUTOINDEX")
    params.add_index("clips[bits]", index_type="AUTOINDEX")
    client.create_index(name, params)
    assert client.describe_index(name, "clips[tokens]")["metric_type"] == "MAX_SIM_COSINE"
    assert client.describe_index(name, "clips[bits]")["metric_type"] == "MAX_SIM_HAMMING"
    client.drop_index(name, "clips[tokens]")
    assert client.list_indexes(name) == ["clips[bits]"]


@pytest.mark.parametrize("field, index_type, metric, params, message", [
    ("flat", "HNSW", "MAX_SIM_COSINE", {}, "float vector index does not support metric type: MAX_SIM_COSINE"),
    ("clips[tokens]", "HNSW", "", {}, "metric type not set for vector index"),
    ("clips[tokens]", "HNSW", "MAX_SIM_HAMMING", {}, "does not support metric type"),
    ("clips[tokens]", "HNSW", "HAMMING", {}, "float vector index does not support metric type: HAMMING"),
    ("clips[bits]", "HNSW", "MAX_SIM_L2", {}, "binary vector index does not support metric type"),
    ("clips[tokens]", "SCANN", "MAX_SIM", {}, "can't build with this index SCANN"),
    ("clips[tokens]", "STL_SORT", "MAX_SIM", {}, "can't build with this index STL_SORT"),
    ("clips[tokens]", "HNSW", "MAX_SIM", {"M": 1}, "'M'"),
    ("clips[tokens]", "HNSW", "MAX_SIM", {"emb_list_strategy": "lemur", "lemur_hidden_dim": 64},
     "emb_list_strategy lemur is not supported by this server, use tokenann or muvera"),
    ("clips[tokens]", "HNSW", "MAX_SIM", {"emb_list_strategy": "best"}, "emb_list_strategy"),
    ("clips[tokens]", "HNSW", "MAX_SIM", {"emb_list_rerank": "maybe"}, "emb_list_rerank"),
    ("clips[tokens]", "HNSW", "MAX_SIM", {"muvera_num_projections": 9}, "muvera_num_projections"),
    ("clips[nothing]", "HNSW", "MAX_SIM", {}, "cannot create index on non-exist field: clips[nothing]"),
])
def test_indexes_that_cannot_be(client, filled, field, index_type, metric, params, message):
    index = MilvusClient.prepare_index_params()
    index.add_index(field, index_name="bad", index_type=index_type, metric_type=metric, params=params)
    with pytest.raises(MilvusException) as error:
        client.create_index(filled.name, index)
    assert error.value.code == 1100 and message in error.value.message


def floats(count):
    return [np.ones(DIM, np.float32)] * count


@pytest.mark.parametrize("field, data, more, message", [
    ("tokens", floats(1), {}, "vector type must be the same, field clips[tokens]"),
    ("near", lists_of(floats(2)), {}, "vector type must be the same, field clips[near]"),
    ("tokens", [EmbeddingList([np.ones(DIM + 1, np.float32)])], {}, "vector dimension mismatch"),
    ("near", [np.ones(DIM - 1, np.float32)], {}, "vector dimension mismatch"),
    ("bits", lists_of(floats(1)), {}, "vector type must be the same"),
    ("tokens", lists_of(floats(1)), {"params": {"radius": 0.5}},
     "range search is not supported for vector array (embedding list) fields"),
    ("tokens", lists_of(floats(1)), {"group_by_field": "price"},
     "group by search is not supported for vector array (embedding list) fields"),
    ("tokens", lists_of(floats(1)), {"params": {"retrieval_ann_ratio": 0}}, "retrieval_ann_ratio"),
    ("near", floats(1), {"params": {"element_scope": {"collapse": {"strategy": "max"}}}},
     "element_scope is only supported in hybrid search"),
])
def test_searches_that_cannot_be(filled, field, data, more, message):
    with pytest.raises(MilvusException) as error:
        filled.search(field, data, **more)
    assert error.value.code == 1100 and message in error.value.message


def test_metrics_must_match(filled):
    with pytest.raises(MilvusException, match="metric type not match"):
        filled.client.search(filled.name, data=lists_of(floats(1)), anns_field="clips[tokens]", limit=3,
                             search_params={"metric_type": "COSINE"})
    hits = filled.client.search(filled.name, data=lists_of(floats(1)), anns_field="clips[tokens]", limit=3,
                                search_params={"metric_type": "MAX_SIM"})[0]
    assert len(hits) == 3


@pytest.mark.parametrize("scope, message", [
    ({"collapse": {"strategy": "median"}}, "collapse strategy [median] is not supported"),
    ({"collapse": {"strategy": "topk_sum"}}, "needs a topk"),
    ({"strategy": "max"}, "should be an object with the member collapse"),
])
def test_element_scopes_that_cannot_be(filled, scope, message):
    one = AnnSearchRequest(floats(1), "clips[near]", {"params": {"ef": 64, "element_scope": scope}}, limit=5)
    with pytest.raises(MilvusException) as error:
        filled.client.hybrid_search(filled.name, [one], RRFRanker(), limit=5)
    assert error.value.code == 1100 and message in error.value.message


def test_sums_of_distances_and_scopes_of_rows_are_refused(filled):
    scope = {"element_scope": {"collapse": {"strategy": "sum"}}}
    for field, data, message in (("clips[far]", floats(1), "only supported for positively related metrics"),
                                 ("flat", floats(1), "only supported for element-level search"),
                                 ("clips[tokens]", lists_of(floats(2)), "only supported for element-level search")):
        one = AnnSearchRequest(data, field, {"params": scope}, limit=5)
        with pytest.raises(MilvusException) as error:
            filled.client.hybrid_search(filled.name, [one], RRFRanker(), limit=5)
        assert error.value.code == 1100 and message in error.value.message


def test_rest_takes_lists_and_vectors(filled, post):
    tokens = filled.query_vectors("tokens", 2)
    near = filled.query_vectors("near", 1)
    body = {"collectionName": filled.name, "limit": 5, "consistencyLevel": "Strong", "outputFields": ["id"]}
    lists = post("entities/search", body | {"annsField": "clips[tokens]", "searchParams": {"params": PARAMS},
                                            "data": [[vector.tolist() for vector in tokens]]})
    assert lists["code"] == 0, lists
    check_hits(lists["data"], list_truth(filled, "tokens", tokens), "MAX_SIM_COSINE", 5, 0.8)
    elements = post("entities/search", body | {"annsField": "clips[near]", "searchParams": {"params": PARAMS},
                                               "data": [near[0].tolist()]})
    assert elements["code"] == 0, elements
    check_hits(elements["data"], element_truth(filled, "near", near[0]), "COSINE", 5, 0.8)
