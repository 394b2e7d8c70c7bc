"""function_chains of a search against a plain model in 64-bit floats."""

import math

import hybrid_rows
import pytest
import rank_model as model
from pymilvus import AnnSearchRequest, Function, FunctionType, MilvusException, RRFRanker
from pymilvus.client.prepare import Prepare
from pymilvus.function_chain import FunctionChain, FunctionChainExpr, FunctionChainOp, FunctionChainStage, col, fn
from rerank_services import RerankServices, score

ROWS, NQ = 300, 2
L2 = FunctionChainStage.L2_RERANK


@pytest.fixture(scope="module")
def shop(client):
    name = "function_chains"
    client.drop_collection(name)
    hybrid_rows.create(client, name, num_shards=2)
    yield name, hybrid_rows.fill(client, name, hybrid_rows.make_rows(ROWS, seed=6))
    client.drop_collection(name, timeout=30)


def chain():
    return FunctionChain(L2)


def search(client, name, field, chains, limit, nq=NQ, **arguments):
    queries = [hybrid_rows.query_of(field, 700 + q)[1] for q in range(nq)]
    return client.search(name, queries, anns_field=field, limit=limit, function_chains=chains, **arguments)


def lists_of(rows, field, limit, nq=NQ):
    """A list of {id, score, row} for each query, best first."""
    return [[(key, float(s), rows[key]) for key, s in
             model.ranked(hybrid_rows.FIELDS[field], hybrid_rows.query_of(field, 700 + q)[0], list(rows.values()),
                          lambda row: row[field], limit)] for q in range(nq)]


def assert_same(result, truth):
    """truth: [(id, score or None)] a query."""
    assert [[hit["id"] for hit in hits] for hits in result] == [[key for key, _ in hits] for hits in truth]
    for hits, right in zip(result, truth, strict=True):
        assert [hit["distance"] for hit in hits] == pytest.approx([s or 0.0 for _, s in right], rel=1e-5, abs=1e-6)


def by_score(hits):
    """Largest first, without a score last, equal ones by key."""
    return sorted(hits, key=lambda hit: (hit[1] is None, -(hit[1] or 0), hit[0]))


COMBINE = {
    "sum": lambda a, b: a + b, "multiply": lambda a, b: a * b, "max": max, "min": min,
    "avg": lambda a, b: (a + b) / 2, "weighted": lambda a, b: 0.25 * a + 2 * b,
}


@pytest.mark.parametrize("mode", sorted(COMBINE))
def test_scores_are_combined_with_a_field(client, shop, mode):
    name, rows = shop
    weights = {"weights": [0.25, 2]} if mode == "weighted" else {}
    made = chain().map("$score", fn.num_combine(col("$score"), col("weight"), mode=mode, **weights))
    result = search(client, name, "alike", made, 80, output_fields=["weight"])
    truth = [by_score([(key, None if row["weight"] is None else COMBINE[mode](s, row["weight"]))
                       for key, s, row in hits]) for hits in lists_of(rows, "alike", 80)]
    assert_same(result, truth)
    assert all(hit["entity"]["weight"] == rows[hit["id"]]["weight"] for hits in result for hit in hits)


def test_a_whole_chain(client, shop):
    """The example of pymilvus: freshness beside the score, rounded, sorted, limited; then a page."""
    name, rows = shop
    curve = {"function": "exp", "origin": 120, "scale": 40, "offset": 3, "decay": 0.4}
    made = (chain().map("fresh", fn.decay(col("price"), **curve))
            .map("$score", fn.num_combine(col("$score"), col("fresh"), col("shelf"), mode="weighted",
                                          weights=[0.5, 8, -0.25]))
            .map("$score", fn.round_decimal(col("$score"), decimal=1))
            .sort(col("$score"), desc=True, tie_break_col=col("$id"))
            .limit(30, offset=2))

    def scored(s, row):
        if row["price"] is None:
            return None
        value = 0.5 * s + 8 * model.decay_factor(value=row["price"], **curve) - 0.25 * row["shelf"]
        return math.floor(value * 10 + 0.5) / 10

    # The chain has the 25, and then the 105, best hits of each query.
    for limit, most in ((20, 25), (100, 27)):
        truth = [by_score([(key, scored(s, row)) for key, s, row in hits])[2:32][5:most + 5]
                 for hits in lists_of(rows, "alike", limit + 5)]
        assert_same(search(client, name, "alike", made, limit, offset=5), truth)


def test_an_order_by_a_field_keeps_the_scores(client, shop):
    """Distances stay what they are; nulls come last both ways; equal prices stay as they were."""
    name, rows = shop
    for down in (False, True):
        made = chain().sort("price", desc=down)
        truth = [sorted(((key, s, row) for key, s, row in hits),
                        key=lambda hit: (hit[2]["price"] is None, (hit[2]["price"] or 0) * (-1 if down else 1)))
                 for hits in lists_of(rows, "near", 60)]
        assert_same(search(client, name, "near", made, 60), [[hit[:2] for hit in hits] for hits in truth])


def test_limits_ties_and_keys(client, shop):
    name, rows = shop
    lists = lists_of(rows, "near", 40)
    assert_same(search(client, name, "near", chain().limit(7, offset=3), 40), [[h[:2] for h in hits[3:10]]
                                                                               for hits in lists])
    assert_same(search(client, name, "near", chain().sort("$id", desc=True).limit(9), 40),
                [sorted((h[:2] for h in hits), reverse=True)[:9] for hits in lists])
    assert_same(search(client, name, "near", chain().sort("shelf", desc=False, tie_break_col="price"), 40),
                [[h[:2] for h in sorted(hits, key=lambda h: (h[2]["shelf"], h[2]["price"] or 0))] for hits in lists])
    assert_same(search(client, name, "near", chain(), 40), [[h[:2] for h in hits] for hits in lists])


def test_several_chains_run_one_after_the_other(client, shop):
    name, rows = shop
    made = [chain().map("twice", fn.num_combine(col("shelf"), col("shelf"))).limit(50),
            chain().map("$score", fn.num_combine(col("twice"), col("$score"), mode="sum"))]
    truth = [by_score([(key, 2 * row["shelf"] + s) for key, s, row in hits[:50]]) for hits in lists_of(rows, "near", 70)]
    assert_same(search(client, name, "near", made, 70), truth)


def test_a_model_scores_what_is_left(client, shop):
    name, rows = shop
    services = RerankServices()
    try:
        queries = ["red glass", "old paper"]
        made = (chain().limit(25).map("said", fn.rerank_model(col("text"), queries=queries, provider="tei",
                                                              endpoint=services.endpoint("tei")))
                .map("$score", fn.num_combine(col("$score"), col("said"), mode="multiply")))
        result = search(client, name, "alike", made, 60)
        sent = [text for _, body in services.requests for text in body["texts"]]
    finally:
        services.close()
    lists = lists_of(rows, "alike", 25)
    assert_same(result, [by_score([(key, s * score(query, row["text"])) for key, s, row in hits])
                         for query, hits in zip(queries, lists, strict=True)])
    assert len(sent) == sum(len({row["text"] for _, _, row in hits}) for hits in lists)


def raw(op, expr=None, outputs=(), **params):
    made = chain()
    made._ops.append(FunctionChainOp(op=op, expr=expr, outputs=tuple(outputs), params=params))
    return made


def expression(name, *args, **params):
    return raw("map", FunctionChainExpr(name, args=args, params=params), ["$score"])


@pytest.mark.parametrize("made, phrase", [
    (FunctionChain(FunctionChainStage.L0_RERANK).limit(1), "stage L0_RERANK is not supported for search"),
    (raw("filter"), "function chain op filter is not supported, should be one of [map, sort, limit]"),
    (expression("xgboost", col("price"), model_resource="m"), "function chain expression xgboost is not supported"),
    (expression("decay", col("none"), function="exp"), "function chain column none not found"),
    (expression("decay", col("text"), function="exp"), "column text must be numeric, got VarChar"),
    (expression("decay", col("$id"), function="exp"), "column $id can only be sorted by"),
    (expression("decay", col("price"), function="exp"), "decay origin not specified"),
    (expression("decay", col("price"), col("shelf")), "expression decay takes one column, got 2"),
    (expression("decay", 5), "expression decay takes columns, not literals"),
    (expression("num_combine", col("price")), "num_combine needs at least two columns, got 1"),
    (expression("num_combine", col("price"), col("shelf"), mode="most"), "num_combine: unsupported mode most"),
    (expression("num_combine", col("price"), col("shelf"), mode="weighted"), "needs one weight a column, got 0 for 2"),
    (expression("num_combine", col("price"), col("shelf"), weights=[1, 2]), "weights need the mode weighted"),
    (expression("num_combine", col("price"), col("shelf"), mode="weighted", weights=["a", "b"]), "must be numbers"),
    (expression("round_decimal", col("$score"), decimal=7), "decimal must be an integer in [0, 6]"),
    (expression("round_decimal", col("$score"), decimal=b"1"), "parameters cannot be bytes"),
    (expression("rerank_model", col("price"), queries=["a"]), "column price must be a VarChar field, got Int64"),
    (expression("rerank_model", col("text"), queries=["a", "b"], provider="tei"), "nq must equal to queries size"),
    (expression("rerank_model", col("text"), queries=["a"], provider="best"), "unknown rerank model provider:best"),
    (raw("map", None, ["x"]), "function chain map needs an expression and one output"),
    (raw("map", FunctionChainExpr("decay"), ["price"]), "function chain map cannot write price"),
    (raw("map", FunctionChainExpr("decay"), ["$id"]), "function chain map cannot write $id"),
    (raw("sort"), "function chain sort needs a column"),
    (raw("sort", column="later"), "function chain column later not found"),
    (raw("sort", column="price", desc=1), "desc must be a boolean"),
    (raw("limit", limit=0), "limit must be an integer of at least 1"),
    (raw("limit", limit=1, offset=-1), "offset must be an integer of at least 0"),
], ids=lambda value: value[:60] if isinstance(value, str) else "")
def test_chains_that_are_refused(client, shop, made, phrase):
    name, _ = shop
    with pytest.raises(MilvusException) as error:
        search(client, name, "near", made, 5, nq=1)
    assert error.value.code == 1100 and phrase in error.value.message


@pytest.mark.parametrize("arguments, phrase", [
    ({"group_by_field": "shelf"}, "not supported with order_by and group by"),
    ({"order_by_fields": "shelf:asc"}, "not supported with order_by and group by"),
    ({"iterator": "True"}, "not supported with search iterator"),
], ids=["groups", "order", "iterator"])
def test_combinations_that_are_refused(client, shop, arguments, phrase):
    name, _ = shop
    with pytest.raises(MilvusException, match=phrase):
        search(client, name, "near", chain().limit(1), 5, nq=1, **arguments)


def send_along(patched, method, chains):
    """pymilvus has no place for chains beside a function score or in a hybrid search; other clients have."""
    inner = getattr(Prepare, method)

    def with_chains(*arguments, **options):
        message = inner(*arguments, **options)
        message.function_chains.extend(made.to_proto() for made in chains)
        return message

    patched.setattr(Prepare, method, with_chains)


def test_not_beside_a_function_score_nor_in_a_list(client, shop, monkeypatch):
    name, _ = shop
    send_along(monkeypatch, "search_requests_with_expr", [chain().limit(1)])
    for params in ({"reranker": "rrf"}, {"reranker": "boost", "weight": 2}):
        ranker = Function(name="f", function_type=FunctionType.RERANK, input_field_names=[], params=params)
        with pytest.raises(MilvusException, match="function_chains and function_score cannot be used together"):
            search(client, name, "near", None, 5, nq=1, ranker=ranker)
    request = AnnSearchRequest([hybrid_rows.query_of("near", 1)[1]], "near", {}, limit=5)
    with pytest.raises(MilvusException, match="function_chains of a sub-request is not supported"):
        client.hybrid_search(name, [request], RRFRanker(), limit=5)


# ---- hybrid search

def hybrid(client, monkeypatch, name, chains, limit, ranker=None, lists=(("alike", 40), ("near", 30)), **more):
    with monkeypatch.context() as patched:
        send_along(patched, "hybrid_search_request_with_ranker", chains)
        requests = [AnnSearchRequest([hybrid_rows.query_of(field, 700 + q)[1] for q in range(NQ)], field, {},
                                     limit=window) for field, window in lists]
        return client.hybrid_search(name, requests, ranker or RRFRanker(60), limit=limit, **more)


def fused(rows, lists=(("alike", 40), ("near", 30))):
    """(id, score, row) of each query by reciprocal ranks, in 32 bits as scores are, best first."""
    answers = []
    for q in range(NQ):
        scores = {}
        for field, window in lists:
            for rank, (key, _, _) in enumerate(lists_of(rows, field, window)[q], 1):
                scores[key] = model.f32(scores.get(key, model.f32(0)) + model.f32(1 / (60 + rank)))
        answers.append(sorted(((key, float(s), rows[key]) for key, s in scores.items()), key=lambda hit: (-hit[1], hit[0])))
    return answers


def test_a_hybrid_search_runs_chains_over_the_fused_rows(client, shop, monkeypatch):
    name, rows = shop
    made = [chain().map("fresh", fn.decay(col("price"), function="linear", origin=100, scale=60))
            .map("$score", fn.num_combine(col("$score"), col("fresh"), mode="weighted", weights=[30, 0.5]))]

    def scored(s, row):
        price = row["price"]
        return None if price is None else 30 * s + 0.5 * model.decay_factor("linear", price, 100, 60)
    truth = [by_score([(key, scored(s, row)) for key, s, row in hits]) for hits in fused(rows)]
    assert_same(hybrid(client, monkeypatch, name, made, 100), truth)
    page = hybrid(client, monkeypatch, name, made, 12, offset=5, output_fields=["price"])
    assert_same(page, [hits[5:17] for hits in truth])
    assert all(hit["entity"]["price"] == rows[hit["id"]]["price"] for hits in page for hit in hits)


def test_a_hybrid_search_keeps_its_scores_in_an_order_by_a_field(client, shop, monkeypatch):
    name, rows = shop
    made = [chain().limit(20), chain().sort("shelf", desc=False)]
    truth = [[hit[:2] for hit in sorted(hits[:20], key=lambda hit: hit[2]["shelf"])] for hits in fused(rows)]
    assert_same(hybrid(client, monkeypatch, name, made, 100), truth)
    assert_same(hybrid(client, monkeypatch, name, [chain()], 9), [[hit[:2] for hit in hits[:9]]
                                                                   for hits in fused(rows)])


def test_a_model_scores_the_rows_of_a_hybrid_search(client, shop, monkeypatch):
    name, rows = shop
    services = RerankServices()
    try:
        queries = ["red glass", "old paper"]
        made = [chain().limit(15).map("$score", fn.rerank_model(col("text"), queries=queries, provider="tei",
                                                                endpoint=services.endpoint("tei")))]
        result = hybrid(client, monkeypatch, name, made, 60)
    finally:
        services.close()
    assert_same(result, [by_score([(key, score(query, row["text"])) for key, _, row in hits[:15]])
                         for query, hits in zip(queries, fused(rows), strict=True)])


def test_chains_of_a_hybrid_search_that_are_refused(client, shop, monkeypatch):
    name, _ = shop
    for made, more, phrase in (
            ([FunctionChain(FunctionChainStage.L1_RERANK).limit(1)], {}, "stage L1_RERANK is not supported"),
            ([raw("filter")], {}, "function chain op filter is not supported"),
            ([chain().limit(1)], {"group_by_field": "shelf"}, "not supported with order_by and group by"),
            ([chain().limit(1)], {"ranker": Function(name="f", function_type=FunctionType.RERANK,
                                                     input_field_names=[], params={"reranker": "rrf"})},
             "function_chains and function_score cannot be used together")):
        with pytest.raises(MilvusException) as error:
            hybrid(client, monkeypatch, name, made, 5, **more)
        assert error.value.code == 1100 and phrase in error.value.message
