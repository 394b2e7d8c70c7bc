"""function_score against a plain model: decay, boost, rrf and weighted, models behind stand-in services."""

import json
import random
import threading
import time

import hybrid_rows
import pytest
import rank_model as model
from elanus_server import Server
from pymilvus import AnnSearchRequest, Function, FunctionScore, FunctionType, MilvusException, RRFRanker
from pymilvus.client.prepare import Prepare
from rerank_services import INTERFACES, RerankServices, score

ROWS, NQ = 300, 2


@pytest.fixture(scope="module")
def shop(client):
    name = "function_score"
    client.drop_collection(name)
    hybrid_rows.create(client, name, num_shards=2)
    yield name, hybrid_rows.fill(client, name, hybrid_rows.make_rows(ROWS, seed=2))
    client.drop_collection(name, timeout=30)


@pytest.fixture(scope="module")
def heap(client):
    """All rows in one growing segment: a boost sees the k best of the whole collection."""
    name = "function_score_heap"
    client.drop_collection(name)
    hybrid_rows.create(client, name)
    yield name, hybrid_rows.fill(client, name, hybrid_rows.make_rows(ROWS, seed=4), sealed=0)
    client.drop_collection(name, timeout=30)


def rerank(reranker, field=None, name="f", **params):
    return Function(name=name, function_type=FunctionType.RERANK, input_field_names=[field] if field else [],
                    params={"reranker": reranker} | params)


def boost(name="f", **params):
    return rerank("boost", name=name, **params)


def queries_of(field, seed, nq=NQ):
    return [hybrid_rows.query_of(field, seed * 100 + q) for q in range(nq)]


def search(client, name, field, seed, limit, ranker, nq=NQ, **arguments):
    return client.search(name, [sent for _, sent in queries_of(field, seed, nq)], anns_field=field, limit=limit,
                         ranker=ranker, **arguments)


def lists_of(rows, field, seed, limit, nq=NQ, keep=lambda row: True):
    return [model.ranked(hybrid_rows.FIELDS[field], numbers, list(rows.values()), lambda row: row[field], limit, keep)
            for numbers, _ in queries_of(field, seed, nq)]


def found(result):
    return [[(hit["id"], hit["distance"]) for hit in hits] for hits in result]


def assert_same(result, truth):
    got = found(result)
    assert [[key for key, _ in hits] for hits in got] == [[key for key, _ in hits] for hits in truth]
    for hits, right in zip(got, truth, strict=True):
        assert [s for _, s in hits] == pytest.approx([float(s) for _, s in right], rel=1e-5, abs=1e-6)


CURVES = [
    {"function": "gauss", "origin": 100, "scale": 30},
    {"function": "gauss", "origin": 0, "scale": 12.5, "offset": 20, "decay": 0.3},
    {"function": "exp", "origin": 60, "scale": 25, "offset": 5, "decay": 0.9},
    {"function": "exp", "origin": -50, "scale": 300},
    {"function": "linear", "origin": 150, "scale": 40, "decay": 0.2},
    {"function": "linear", "origin": 10, "scale": 1, "offset": 3, "decay": 0.999},
]


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: "-".join(str(value) for value in curve.values()))
@pytest.mark.parametrize("field", ["near", "alike", "bits"])
def test_decay_of_a_search(client, shop, field, curve):
    name, rows = shop
    result = search(client, name, field, 1, 80, rerank("decay", "price", **curve), output_fields=["price"])
    prices = {key: row["price"] for key, row in rows.items()}
    metric = hybrid_rows.FIELDS[field]
    truth = [model.decayed(model.combined([hits], [metric]), prices, **curve)
             for hits in lists_of(rows, field, 1, 80)]
    if field == "alike":  # products may be below 0: those without a price still come last
        assert [[key for key, _ in hits] for hits in found(result)] == [[key for key, _ in hits] for hits in truth]
    assert_same(result, truth)
    assert all(hit["entity"]["price"] == prices[hit["id"]] for hits in result for hit in hits)


@pytest.mark.parametrize("mode", ["max", "sum", "avg"])
@pytest.mark.parametrize("norm", [False, True], ids=["raw", "normalized"])
@pytest.mark.parametrize("fields", [("near", "bits"), ("near", "alike"), ("alike", "alike", "bits")],
                         ids=["distances", "both", "three"])
def test_decay_of_a_hybrid_search(client, shop, fields, norm, mode):
    name, rows = shop
    curve = {"function": "gauss", "origin": 80, "scale": 35, "offset": 4, "decay": 0.4}
    requests = [AnnSearchRequest([sent for _, sent in queries_of(field, 10 + i)], field, {}, limit=60)
                for i, field in enumerate(fields)]
    ranker = rerank("decay", "price", score_mode=mode, norm_score=norm, **curve)
    result = client.hybrid_search(name, requests, ranker, limit=50, offset=10)
    lists = [lists_of(rows, field, 10 + i, 60) for i, field in enumerate(fields)]
    prices = {key: row["price"] for key, row in rows.items()}
    metrics = [hybrid_rows.FIELDS[field] for field in fields]
    truth = [model.decayed(model.combined([each[q] for each in lists], metrics, mode, norm), prices, **curve)[10:60]
             for q in range(NQ)]
    assert_same(result, truth)


def test_decay_of_floating_numbers_pages_and_filters(client, shop):
    name, rows = shop
    curve = {"function": "exp", "origin": 1.25, "scale": 2.5}
    weights = {key: row["weight"] for key, row in rows.items()}
    lists = lists_of(rows, "near", 20, 60, keep=lambda row: row["shelf"] != 3)
    truth = [model.decayed(model.combined([hits], ["L2"]), weights, **curve) for hits in lists]
    for offset in (0, 20, 40):
        # The page is cut from the 60 best by distance: what pages share is one list.
        result = search(client, name, "near", 20, 60 - offset, rerank("decay", "weight", **curve), offset=offset,
                        filter="shelf != 3")
        assert_same(result, [hits[offset:] for hits in truth])


def test_rrf_and_weighted_of_one_list(client, shop):
    name, rows = shop
    lists = lists_of(rows, "near", 21, 30)
    assert_same(search(client, name, "near", 21, 30, rerank("rrf", k=5)), [model.rrf([hits], 5) for hits in lists])
    assert_same(search(client, name, "near", 21, 30, rerank("weighted", weights=[0.5])),
                [model.weighted([hits], ["L2"], [0.5]) for hits in lists])
    assert_same(search(client, name, "near", 21, 30, rerank("weighted", weights=[0.5], norm_score=True)),
                [model.weighted([hits], ["L2"], [0.5], True) for hits in lists])


def test_rrf_and_weighted_of_hybrid_searches_as_functions(client, shop):
    name, rows = shop
    requests = [AnnSearchRequest([sent for _, sent in queries_of(field, 22)], field, {}, limit=40)
                for field in ("near", "alike")]
    lists = [lists_of(rows, field, 22, 40) for field in ("near", "alike")]
    both = [[each[q] for each in lists] for q in range(NQ)]
    assert_same(client.hybrid_search(name, requests, rerank("rrf", k=9), limit=30),
                [model.rrf(each, 9)[:30] for each in both])
    ranker = rerank("weighted", weights=[0.25, 1], norm_score="true")
    assert_same(client.hybrid_search(name, requests, ranker, limit=30),
                [model.weighted(each, ["L2", "IP"], [0.25, 1], True)[:30] for each in both])


SHELF = (lambda row: row["shelf"] in (1, 4, 7), "shelf in [1, 4, 7]")
CHEAP = (lambda row: row["price"] is not None and row["price"] < 60, "price < 60")
GLASS = (lambda row: "glass" in row["text"], 'text like "%glass%"')
ALL = (lambda row: True, "")


@pytest.mark.parametrize("boost_mode", ["multiply", "sum"])
@pytest.mark.parametrize("function_mode", ["multiply", "sum"])
@pytest.mark.parametrize("field", ["near", "alike"])
@pytest.mark.parametrize("functions", [[(SHELF, 0.5)], [(SHELF, 2.5), (CHEAP, 0.25)], [(ALL, 1.5), (GLASS, -2)]],
                         ids=["one", "two", "for all"])
@pytest.mark.parametrize("limit", [20, 400])
def test_boost(client, heap, functions, field, boost_mode, function_mode, limit):
    name, rows = heap
    ranker = FunctionScore([boost(f"f{i}", filter=text, weight=weight) if text else boost(f"f{i}", weight=weight)
                            for i, ((_, text), weight) in enumerate(functions)],
                           params={"boost_mode": boost_mode, "function_mode": function_mode})
    result = search(client, name, field, 30, limit, ranker)
    kept = [(keep, weight) for (keep, _), weight in functions]
    truth = [model.boosted(hits, hybrid_rows.FIELDS[field], rows, kept, boost_mode, function_mode)
             for hits in lists_of(rows, field, 30, limit)]
    assert_same(result, truth)


def test_boost_over_sealed_and_growing_rows_of_several_shards(client, shop):
    name, rows = shop
    ranker = FunctionScore([boost("a", filter=SHELF[1], weight=0.1), boost("b", filter=CHEAP[1], weight=3)])
    result = search(client, name, "near", 31, 400, ranker, output_fields=["shelf", "price"])
    truth = [model.boosted(hits, "L2", rows, [(SHELF[0], 0.1), (CHEAP[0], 3)])
             for hits in lists_of(rows, "near", 31, 400)]
    assert_same(result, truth)
    assert all(hit["entity"]["shelf"] == rows[hit["id"]]["shelf"] for hits in result for hit in hits)


def test_boost_with_templates_a_filter_and_pages(client, heap):
    name, rows = heap
    keep = lambda row: row["shelf"] < 8  # noqa: E731
    ranker = FunctionScore([boost(filter="shelf in {shelves}", weight=0.3)])
    lists = lists_of(rows, "near", 32, 400, keep=keep)
    truth = [model.boosted(hits, "L2", rows, [(lambda row: row["shelf"] in (2, 5), 0.3)]) for hits in lists]
    for offset in (0, 50):
        result = search(client, name, "near", 32, 400 - offset, ranker, filter="shelf < {most}",
                        filter_params={"shelves": [2, 5], "most": 8}, offset=offset)
        assert_same(result, [hits[offset:] for hits in truth])


def test_boost_of_a_hybrid_search_changes_each_list(client, heap):
    name, rows = heap
    requests = [AnnSearchRequest([sent for _, sent in queries_of(field, 33)], field, {}, limit=50)
                for field in ("near", "alike")]
    ranker = FunctionScore([boost(filter=SHELF[1], weight=0.2), rerank("weighted", weights=[0.5, 0.5])])
    lists = [[model.boosted(hits, hybrid_rows.FIELDS[field], rows, [(SHELF[0], 0.2)])
              for hits in lists_of(rows, field, 33, 50)] for field in ("near", "alike")]
    truth = [model.weighted([each[q] for each in lists], ["L2", "IP"], [0.5, 0.5])[:30] for q in range(NQ)]
    assert_same(hybrid(client, name, requests, ranker, limit=30), truth)
    only = FunctionScore([boost(filter=SHELF[1], weight=0.2)])
    assert_same(hybrid(client, name, requests, only, limit=30),
                [model.rrf([each[q] for each in lists])[:30] for q in range(NQ)])


def hybrid(client, name, requests, score, limit):
    """pymilvus sends one function with a hybrid search; the message takes several."""
    whole = Prepare.hybrid_search_request_with_ranker

    def with_score(*arguments, **options):
        message = whole(*arguments, **options)
        message.function_score.CopyFrom(Prepare.function_score_schema(score))
        return message

    try:
        Prepare.hybrid_search_request_with_ranker = with_score
        return client.hybrid_search(name, requests, RRFRanker(), limit=limit)
    finally:
        Prepare.hybrid_search_request_with_ranker = whole


def random_factors(client, name, **random_score):
    ranker = FunctionScore([boost(weight=4, random_score=random_score)], params={"boost_mode": "multiply"})
    plain = client.search(name, [hybrid_rows.query_of("near", 1)[1]], anns_field="near", limit=400)
    drawn = client.search(name, [hybrid_rows.query_of("near", 1)[1]], anns_field="near", limit=400, ranker=ranker)
    scores = {hit["id"]: hit["distance"] for hit in plain[0]}
    assert len(drawn[0]) == len(scores)
    distances = [hit["distance"] for hit in drawn[0]]
    assert distances == sorted(distances)
    return {hit["id"]: hit["distance"] / scores[hit["id"]] for hit in drawn[0] if scores[hit["id"]]}


@pytest.mark.parametrize("where", ["heap", "shop"])
def test_random_boosts(client, request, where):
    name, rows = request.getfixturevalue(where)
    factors = random_factors(client, name, seed=7)
    assert all(0 <= factor < 4 for factor in factors.values())
    assert 1.6 < sum(factors.values()) / len(factors) < 2.4
    assert sum(factor < 1 for factor in factors.values()) > len(factors) / 8
    assert random_factors(client, name, seed=7) == factors
    other = random_factors(client, name, seed=8)
    assert sum(abs(other[key] - factors[key]) > 0.01 for key in factors) > len(factors) * 0.9
    by_shelf = random_factors(client, name, seed=7, field="shelf")
    drawn = {}
    for key, factor in by_shelf.items():
        drawn.setdefault(rows[key]["shelf"], set()).add(round(factor, 3))
    assert all(max(values) - min(values) < 0.01 for values in drawn.values())
    assert len({round(min(values), 2) for values in drawn.values()}) > 6


@pytest.mark.parametrize("ranker, phrase", [
    (rerank("decay", "price", function="gauss", scale=3), "decay origin not specified"),
    (rerank("decay", "price", function="gauss", origin=3), "decay scale not specified"),
    (rerank("decay", "price", origin=3, scale=1), "decay function not specified"),
    (rerank("decay", "price", function="round", origin=3, scale=1), "invalid function"),
    (rerank("decay", "price", function="exp", origin="x", scale=1), "decay param origin: x is not a number"),
    (rerank("decay", "price", function="exp", origin=1, scale=0), "decay: scale must be > 0, got 0"),
    (rerank("decay", "price", function="exp", origin=1, scale=1, offset=-1), "decay: offset must be >= 0, got -1"),
    (rerank("decay", "price", function="exp", origin=1, scale=1, decay=1), "decay: decay must be 0 < decay < 1, got 1"),
    (rerank("decay", "price", function="exp", origin=1, scale=1, decay=0.0001), "for numerical stability"),
    (rerank("decay", "price", function="exp", origin=1, scale=1, score_mode="min"), "unsupported score_mode: min"),
    (rerank("decay", "text", function="exp", origin=1, scale=1), "decay input field text must be numeric, got VarChar"),
    (rerank("decay", "none", function="exp", origin=1, scale=1), "input field none not found in collection schema"),
    (rerank("decay", None, function="exp", origin=1, scale=1), "decay reranker requires exactly 1 input field, got 0"),
    (rerank("weighted", weights=[1, 1]), "the length of weights param mismatch with ann search requests"),
    (rerank("weighted", weights="x"), "failed to parse weights"),
    (rerank("weighted"), "requires weights parameter"),
    (rerank("rrf", k="x"), "x is not a number"),
    (rerank("rrf", k=-1), "The rank params k should be in range (0, 16384)"),
    (rerank("sorting"), "unsupported reranker sorting"),
    (rerank(""), "reranker name not specified"),
    (FunctionScore([rerank("rrf"), rerank("weighted", weights=[1])]), "only supports one rerank function"),
    (boost(filter="shelf > 1"), "must set weight params for weight scorer"),
    (boost(weight="heavy"), "heavy is not a number"),
    (boost(weight=1, filter="shelf >"), "cannot parse expression"),
    (boost(weight=1, random_score="x"), "parse random score params failed"),
    (boost(weight=1, random_score={"seed": "x"}), "random seed should be an integer"),
    (boost(weight=1, random_score={"field": "none"}), "random seed field"),
    (boost(weight=1, random_score={"field": "text"}), "only support int64 field"),
    (rerank("boost", "price", weight=1), "boost function should have no input field"),
    (FunctionScore([boost(weight=1)], params={"boost_mode": "max"}), "unknown boost mode: max"),
    (FunctionScore([boost(weight=1)], params={"function_mode": "max"}), "unknown function mode: max"),
    (Function("f", FunctionType.BM25, ["text"]), "is not rerank function"),
    (rerank("model", "text"), "missing required param: queries"),
    (rerank("model", "price", queries=["a"], provider="tei"), "model input field price must be VarChar"),
    (rerank("model", None, queries=["a"], provider="tei"), "model reranker requires exactly 1 input field, got 0"),
    (rerank("model", "text", queries=["a"]), "lost rerank params:provider"),
    (rerank("model", "text", queries=["a"], provider="best"), "unknown rerank model provider:best"),
    (rerank("model", "text", queries=["a"], provider="zilliz", model_deployment_id="m"),
     "unknown rerank model provider:zilliz, should be one of [vllm, tei, cohere, voyageai, siliconflow, ali]"),
    (rerank("model", "text", queries=[], provider="tei"), "rerank queries must not be empty"),
    (rerank("model", "text", queries="a", provider="tei"), "parse rerank params [queries] failed"),
    (rerank("model", "text", queries=["a", "b"], provider="tei", endpoint="http://h"),
     "nq must equal to queries size, but got nq [1], queries size [2]"),
    (rerank("model", "text", queries=["a"], provider="tei"), "rerank function lost params endpoint"),
    (rerank("model", "text", queries=["a"], provider="tei", endpoint="file:///etc"), "is not a valid http/https link"),
    (rerank("model", "text", queries=["a"], provider="tei", endpoint="http://h", max_client_batch_size=0),
     "must be greater than 0"),
    (rerank("model", "text", queries=["a"], provider="tei", endpoint="http://h", truncation_direction="Up"),
     "only supports [Left/Right]"),
    (rerank("model", "text", queries=["a"], provider="tei", endpoint="http://h", truncate="x"), "[true/false]"),
    (rerank("model", "text", queries=["a"], provider="cohere"), "cohere rerank model name is required"),
    (rerank("model", "text", queries=["a"], provider="cohere", model_name="m"),
     "configure the MILVUS_COHERE_API_KEY environment variable"),
    (rerank("model", "text", queries=["a"], provider="cohere", model_name="m", credential="none"),
     "can not find credential: none"),
    (rerank("model", "text", queries=["a"], provider="cohere", model_name="m", url="http://mine"),
     "is set in the server's configuration"),
], ids=lambda value: value[:50] if isinstance(value, str) else "")
def test_functions_that_are_refused(client, shop, ranker, phrase):
    name, _ = shop
    with pytest.raises(MilvusException) as error:
        search(client, name, "near", 1, 5, ranker, nq=1)
    assert error.value.code in (1100, 1101) and phrase in error.value.message


def test_combinations_that_are_refused(client, shop):
    name, _ = shop
    for ranker in (boost(weight=2), rerank("rrf")):
        with pytest.raises(MilvusException, match="not supported"):
            search(client, name, "near", 1, 5, ranker, nq=1, iterator="True")


def test_rest(client, post, shop, heap):
    name, rows = shop
    curve = {"function": "gauss", "origin": 100, "scale": 30}
    numbers, sent = hybrid_rows.query_of("near", 100)
    body = {"collectionName": name, "data": [sent], "annsField": "near", "limit": 40, "consistencyLevel": "Strong",
            "functionScore": {"functions": [{"name": "f", "type": "Rerank", "inputFieldNames": ["price"],
                                             "params": {"reranker": "decay"} | curve}]}}
    answer = post("entities/search", body)
    hits = model.ranked("L2", numbers, list(rows.values()), lambda row: row["near"], 40)
    truth = model.decayed(model.combined([hits], ["L2"]), {key: row["price"] for key, row in rows.items()}, **curve)
    assert [row["id"] for row in answer["data"]] == [key for key, _ in truth]
    name, rows = heap
    body |= {"collectionName": name, "functionScore": {
        "functions": [{"name": "f", "type": "Rerank", "params": {"reranker": "boost", "filter": SHELF[1], "weight": 5}}],
        "params": {"boost_mode": "sum"}}}
    answer = post("entities/search", body)
    hits = model.ranked("L2", numbers, list(rows.values()), lambda row: row["near"], 40)
    truth = model.boosted(hits, "L2", rows, [(SHELF[0], 5)], "sum")
    assert [(row["id"], row["distance"]) for row in answer["data"]] == [(key, float(s)) for key, s in truth]
    answer = post("entities/search", body | {"functionScore": {"functions": [{"name": "f", "type": "BM25"}]}})
    assert answer["code"] == 1100 and "is not rerank function" in answer["message"]


# ---- Models

KEYS = {"cohere": "cohere-secret-1", "voyageai": "voyage-secret-2", "siliconflow": "flow-secret-3",
        "ali": "ali-secret-4", "vllm": "vllm-secret-5"}


@pytest.fixture(scope="module")
def services():
    services = RerankServices(KEYS)
    yield services
    services.close()


@pytest.fixture(autouse=True)
def fresh_services(services):
    services.requests.clear()
    services.refusals.clear()
    services.faults.clear()
    services.change = lambda provider, answer: answer


@pytest.fixture(scope="module")
def model_shop(tmp_path_factory, services):
    folder = tmp_path_factory.mktemp("models")
    config = folder / "milvus.yaml"
    hosted = "".join(f"        {provider}:\n          url: {services.url(provider)}\n"
                     for provider in ("cohere", "voyageai", "siliconflow", "ali"))
    config.write_text(f"""
credential:
  flow:
    apikey: {KEYS["siliconflow"]}
  mine:
    apikey: {KEYS["vllm"]}
  wrong:
    apikey: not-the-key
function:
  rerank:
    model:
      providers:
{hosted}        vllm:
          credential: mine
        tei:
          enable: true
elanus:
  model:
    allowedEndpoints: "{services.uri}, http://127.0.0.1:9"
""".replace("        siliconflow:\n", "        siliconflow:\n          credential: flow\n"))
    environment = {"MILVUS_COHERE_API_KEY": KEYS["cohere"], "MILVUS_VOYAGEAI_API_KEY": KEYS["voyageai"],
                   "MILVUSAI_DASHSCOPE_API_KEY": KEYS["ali"], "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}
    with Server(folder / "server", arguments=["--config", str(config)], environment=environment) as server:
        client = server.client()
        rows = hybrid_rows.make_rows(120, seed=6)
        for row in rows[::9]:
            row["text"] = ""
        hybrid_rows.create(client, "shop", num_shards=2)
        left = hybrid_rows.fill(client, "shop", rows)
        yield server, client, left
        for key in KEYS.values():
            assert key not in server.log()


OPTIONS = {"tei": {"truncate": True, "truncation_direction": "Left"}, "vllm": {"truncate_prompt_tokens": 100},
           "cohere": {"model_name": "rerank-v3.5", "max_tokens_per_doc": 4096},
           "voyageai": {"model_name": "rerank-2", "truncation": False},
           "siliconflow": {"model_name": "bge", "max_chunks_per_doc": 3, "overlap_tokens": 7},
           "ali": {"model_name": "gte-rerank-v2"}}


def model_function(services, provider, queries, **params):
    where = {"endpoint": services.endpoint(provider)} if provider in ("tei", "vllm") else {}
    return rerank("model", "text", provider=provider, queries=queries, **where, **OPTIONS[provider], **params)


def model_ranked(rows, keys, query):
    """Rows with an empty text are not sent: last, with 0."""
    scored = {key: model.f32(score(query, rows[key]["text"])) for key in keys if rows[key]["text"]}
    return model.in_order(scored) + [(key, model.f32(0)) for key in sorted(set(keys) - set(scored))]


QUERIES = ["large red glass", "old square paper"]


@pytest.mark.parametrize("provider", INTERFACES)
def test_models_of_each_provider(services, model_shop, provider):
    _, client, rows = model_shop
    result = search(client, "shop", "near", 40, 50, model_function(services, provider, QUERIES), output_fields=["text"])
    truth = [model_ranked(rows, [key for key, _ in hits], query)
             for hits, query in zip(lists_of(rows, "near", 40, 50), QUERIES, strict=True)]
    assert services.refusals == []
    assert_same(result, truth)
    assert {name for name, _ in services.requests} == {provider}
    body = services.requests[0][1]
    sent = {key: value for key, value in OPTIONS[provider].items() if key != "model_name"}
    assert sent.items() <= body.items()
    assert body.get("model") == OPTIONS[provider].get("model_name")


@pytest.mark.parametrize("provider, batch, default", [("tei", 7, 32), ("ali", 20, 128)])
def test_texts_go_in_batches_and_each_once(services, model_shop, provider, batch, default):
    _, client, rows = model_shop
    requests = [AnnSearchRequest([sent for _, sent in queries_of(field, 41)], field, {}, limit=60)
                for field in ("near", "alike")]
    lists = [lists_of(rows, field, 41, 60) for field in ("near", "alike")]
    for size, params in ((batch, {"max_client_batch_size": batch}), (default, {})):
        services.requests.clear()
        result = client.hybrid_search("shop", requests, model_function(services, provider, QUERIES, **params), limit=40)
        truth, sent = [], []
        for q, query in enumerate(QUERIES):
            keys = list(dict.fromkeys(key for each in lists for key, _ in each[q]))
            truth.append(model_ranked(rows, keys, query)[:40])
            sent.append({rows[key]["text"] for key in keys} - {""})
        assert_same(result, truth)
        bodies = [body.get("input", body) for _, body in services.requests]
        texts = [body.get("texts", body.get("documents")) for body in bodies]
        assert all(len(each) <= size for each in texts)
        for query, wanted in zip(QUERIES, sent, strict=True):
            flat = [text for body, each in zip(bodies, texts, strict=True) if body["query"] == query for text in each]
            assert sorted(flat) == sorted(wanted)
            assert sum(body["query"] == query for body in bodies) == -(-len(wanted) // size)


def test_a_busy_service_is_asked_again(services, model_shop):
    _, client, rows = model_shop
    services.faults[:] = [(503, {"error": "busy"}), (429, {"error": "slow down"}, {"Retry-After": "1"})]
    begin = time.monotonic()
    result = search(client, "shop", "near", 42, 20, model_function(services, "cohere", QUERIES[:1]), nq=1)
    assert 2 <= time.monotonic() - begin < 10
    keys = [key for key, _ in lists_of(rows, "near", 42, 20, nq=1)[0]]
    assert_same(result, [model_ranked(rows, keys, QUERIES[0])])


@pytest.mark.parametrize("fault, phrase", [
    ((401, {"error": "wrong key"}), "answered status 401"),
    ((422, {"error": "documents too long"}), "documents too long"),
    ((200, b"<html>"), "holds no list of results"),
    ((200, {"results": [{"index": 0}]}), "has no index or no relevance_score"),
    ((200, {"results": [{"index": 999, "relevance_score": 1}]}), "that it was not asked for"),
    ((200, {"results": []}), "docs but got 0 scores"),
    ((302, b"", {"Location": "http://127.0.0.1:1/"}), "answered status 302"),
], ids=["denied", "refused", "no JSON", "no score", "unknown text", "too few", "elsewhere"])
def test_a_service_that_fails_fails_the_search(services, model_shop, fault, phrase):
    _, client, _ = model_shop
    services.faults[:] = [fault]
    with pytest.raises(MilvusException) as error:
        search(client, "shop", "near", 43, 10, model_function(services, "cohere", QUERIES[:1]), nq=1)
    assert error.value.code == 2400 and phrase in error.value.message
    assert "Call service failed" in error.value.message and KEYS["cohere"] not in error.value.message


def test_a_service_that_hangs_or_is_not_there(services, model_shop):
    _, client, _ = model_shop
    services.faults[:] = ["hang"] * 3
    with pytest.raises(MilvusException, match="did not answer within 200 ms") as error:
        search(client, "shop", "near", 44, 10, model_function(services, "cohere", QUERIES[:1], timeout_ms=200), nq=1)
    assert error.value.code == 2400
    gone = rerank("model", "text", provider="tei", queries=QUERIES[:1], endpoint="http://127.0.0.1:9")
    with pytest.raises(MilvusException, match="Call service failed") as error:
        search(client, "shop", "near", 44, 10, gone, nq=1)
    assert error.value.code == 2400


def test_keys_and_endpoints_are_the_configurations(services, model_shop):
    _, client, _ = model_shop
    with pytest.raises(MilvusException, match="answered status 401") as error:
        search(client, "shop", "near", 45, 5, model_function(services, "cohere", QUERIES[:1], credential="wrong"), nq=1)
    assert error.value.code == 2400
    for endpoint in ("http://127.0.0.1:99", f"{services.uri}1", f"{services.uri}@127.0.0.1/", "http://example.com"):
        with pytest.raises(MilvusException) as error:
            search(client, "shop", "near", 45, 5, nq=1, ranker=rerank(
                "model", "text", provider="tei", queries=QUERIES[:1], endpoint=endpoint))
        assert error.value.code == 1100, endpoint
    assert services.requests == []


def test_other_searches_go_on_while_a_service_is_slow(services, model_shop):
    _, client, rows = model_shop
    services.faults[:] = ["hang"]

    def give_up():
        with pytest.raises(Exception):  # the client's deadline, or what the server says of it
            search(client, "shop", "near", 46, 5, model_function(services, "cohere", QUERIES[:1]), nq=1, timeout=3)

    slow = threading.Thread(target=give_up)
    slow.start()
    begin = time.monotonic()
    for _ in range(5):
        assert len(client.search("shop", [hybrid_rows.query_of("near", 1)[1]], anns_field="near", limit=5)[0]) == 5
    assert time.monotonic() - begin < 2
    slow.join()


def test_the_profile_of_a_reranked_search(client, shop):
    name, rows = shop
    result = client.search(name, [hybrid_rows.query_of("near", 5)[1]], anns_field="near", limit=5,
                           search_params={"profile": "json"},
                           ranker=rerank("decay", "price", function="gauss", origin=10, scale=5))
    profile = json.loads(result.get_search_iterator_v2_results_info().token)
    assert profile["kind"] == "search" and len(profile["lists"]) == 1
    assert profile["hybrid"]["ranking"].startswith("decay function=gauss field=price")
    assert [int(hit["id"]) for hit in profile["hybrid"]["hits"]] == [hit["id"] for hit in result[0]]


def test_random_scores_agree_with_the_model(client, shop):
    name, rows = shop
    draw = random.Random(8)
    prices = {key: row["price"] for key, row in rows.items()}
    for seed in range(12):
        fields = [draw.choice(["near", "alike", "bits"]) for _ in range(draw.randint(1, 4))]
        limits = [draw.randint(5, 90) for _ in fields]
        parts = [(200 + seed * 5 + i, field, limit) for i, (field, limit) in enumerate(zip(fields, limits, strict=True))]
        requests = [AnnSearchRequest([sent for _, sent in queries_of(field, part)], field, {}, limit=limit)
                    for part, field, limit in parts]
        lists = [lists_of(rows, field, part, limit) for part, field, limit in parts]
        curve = {"function": draw.choice(["gauss", "exp", "linear"]), "origin": draw.randint(-20, 220),
                 "scale": draw.choice([3, 25, 100]), "offset": draw.choice([0, 10]),
                 "decay": draw.choice([0.1, 0.5, 0.8])}
        mode, norm = draw.choice(["max", "sum", "avg"]), draw.random() < 0.5
        limit, offset = draw.randint(1, 60), draw.randint(0, 20)
        ranker = rerank("decay", "price", score_mode=mode, norm_score=norm, **curve)
        result = client.hybrid_search(name, requests, ranker, limit=limit, offset=offset)
        metrics = [hybrid_rows.FIELDS[field] for field in fields]
        truth = [model.decayed(model.combined([each[q] for each in lists], metrics, mode, norm), prices, **curve)
                 for q in range(NQ)]
        assert_same(result, [hits[offset:offset + limit] for hits in truth])
