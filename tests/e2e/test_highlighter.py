"""Highlights: the words that were looked for, or sentences close in meaning, between tags."""

import contextlib

import pytest
from elanus_server import Server
from pymilvus import DataType, Function, FunctionType, LexicalHighlighter, MilvusClient, MilvusException
from pymilvus.orm.schema import SemanticHighlighter
from rerank_services import RerankServices, score

TEXTS = {1: "The quick brown fox jumps over the lazy dog.",
         2: "A lazy afternoon: the fox sleeps, the dog sleeps, everybody sleeps.",
         3: "Größe, Fox und Hund – nichts als Wörter.",
         4: "Nothing of the kind."}


@pytest.fixture(scope="module")
def table(client):
    schema = MilvusClient.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("text", DataType.VARCHAR, max_length=2000, enable_analyzer=True, enable_match=True)
    schema.add_field("note", DataType.VARCHAR, max_length=100, enable_analyzer=True)
    schema.add_field("plain", DataType.VARCHAR, max_length=100)
    schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
    schema.add_field("dense", DataType.FLOAT_VECTOR, dim=2)
    schema.add_function(Function(name="f", function_type=FunctionType.BM25, input_field_names=["text"],
                                 output_field_names=["sparse"]))
    index = MilvusClient.prepare_index_params()
    index.add_index("sparse", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25")
    index.add_index("dense", index_type="FLAT", metric_type="L2")
    name = "highlighted"
    client.create_collection(name, schema=schema, index_params=index, consistency_level="Strong", num_shards=2)
    client.insert(name, [{"id": key, "text": text, "note": f"note {key} on foxes", "plain": "x",
                          "dense": [float(key), 0.0]} for key, text in TEXTS.items()])
    yield name
    client.drop_collection(name)


def search(client, table, queries, highlighter, field="sparse", **more):
    more.setdefault("limit", 10)
    answers = client.search(table, queries, anns_field=field, highlighter=highlighter, **more)
    return [{hit["id"]: hit.highlight for hit in hits} for hits in answers]


def pieces(highlight, field="text"):
    return highlight[field]["fragments"]


def test_the_words_of_the_search_text(client, table):
    [hits] = search(client, table, ["FOX dogs dog"], LexicalHighlighter(highlight_search_text=True))
    assert pieces(hits[1]) == ["fox jumps over the lazy dog.".replace("fox", "<em>fox</em>").replace(
        "dog", "<em>dog</em>")]
    assert pieces(hits[2]) == ["<em>fox</em> sleeps, the <em>dog</em> sleeps, everybody sleeps."]
    assert pieces(hits[3]) == ["<em>Fox</em> und Hund – nichts als Wörter."]
    assert 4 not in hits


def test_tags_in_turn_offsets_and_sizes_are_characters(client, table):
    whole = LexicalHighlighter(highlight_search_text=True, pre_tags=["{", "<<"], post_tags=["}", ">>"],
                               fragment_offset=100, fragment_size=1000)
    [hits] = search(client, table, ["fox lazy"], whole)
    assert pieces(hits[1]) == ["The quick brown {fox} jumps over the <<lazy>> dog."]
    [hits] = search(client, table, ["wörter fox"], LexicalHighlighter(
        highlight_search_text=True, fragment_offset=7, fragment_size=12, num_of_fragments=1))
    assert pieces(hits[3]) == ["Größe, <em>Fox</em> u"]
    [hits] = search(client, table, ["sleeps"], LexicalHighlighter(
        highlight_search_text=True, fragment_size=8, num_of_fragments=2))
    assert pieces(hits[2]) == ["<em>sleeps</em>, ", "<em>sleeps</em>, "]
    [hits] = search(client, table, ["sleeps"], LexicalHighlighter(highlight_search_text=True, num_of_fragments=0))
    assert pieces(hits[2]) == []


def test_each_query_has_its_own_words(client, table):
    first, second = search(client, table, ["quick", "afternoon"],
                           LexicalHighlighter(highlight_search_text=True, fragment_size=9))
    assert pieces(first[1]) == ["<em>quick</em> bro"]
    assert pieces(second[2]) == ["<em>afternoon</em>"]


def test_words_of_a_filter_on_any_field_with_any_search(client, table):
    highlighter = LexicalHighlighter(fragment_size=20)
    highlighter.with_query("text", "lazy kind", "TextMatch")
    highlighter.with_query("note", "foxes", "TextMatch")
    [hits] = search(client, table, [[0.0, 0.0]], highlighter, field="dense", output_fields=["id"],
                    filter="text_match(text, 'lazy kind')")
    assert pieces(hits[1]) == ["<em>lazy</em> dog."]
    assert pieces(hits[2]) == ["<em>lazy</em> afternoon: the "]
    assert pieces(hits[4]) == ["<em>kind</em>."]
    assert pieces(hits[4], "note") == ["<em>foxes</em>"]
    [hits] = search(client, table, [[0.0, 0.0]], highlighter, field="dense")
    assert pieces(hits[3]) == [] and pieces(hits[3], "note") == ["<em>foxes</em>"]


def test_over_rest(post, table):
    reply = post("entities/search", {"collectionName": table, "data": ["quick"], "annsField": "sparse", "limit": 3,
                                     "highlighter": {"type": "Lexical", "params": {"highlight_search_text": True,
                                                                                   "pre_tags": ["["],
                                                                                   "post_tags": ["]"],
                                                                                   "fragment_size": 11}}})
    assert reply["code"] == 0, reply
    assert [(hit["id"], hit["highlight"]) for hit in reply["data"]] == [(1, {"text": ["[quick] brown"]})]


@pytest.mark.parametrize("arguments, field, phrase", [
    (dict(highlight_search_text=True), "dense", 'Search highlight only support with metric type "BM25" but was: L2'),
    (dict(highlight_query=[{"type": "TextMatch", "field": "nope", "text": "a"}]), "sparse",
     "highlight field not found in schema: nope"),
    (dict(highlight_query=[{"type": "TextMatch", "field": "plain", "text": "a"}]), "sparse", "enable_analyzer"),
    (dict(highlight_query=[{"type": "Fuzzy", "field": "text", "text": "a"}]), "sparse", "unknown type"),
    (dict(highlight_query=[{"field": "text", "text": "a"}]), "sparse", "type, field and text"),
    (dict(pre_tags=[]), "sparse", "pre_tags cannot be empty list"),
    (dict(fragment_size=0), "sparse", "invalid fragment_size"),
    (dict(fragment_offset=-1), "sparse", "invalid fragment_offset"),
    (dict(num_of_fragments=-1), "sparse", "invalid num_of_fragments"),
])
def test_what_cannot_be_highlighted(client, table, arguments, field, phrase):
    with pytest.raises(MilvusException, match=phrase) as error:
        search(client, table, ["fox"] if field == "sparse" else [[0.0, 0.0]], LexicalHighlighter(**arguments),
               field=field)
    assert error.value.code == 1100


# ---- By meaning, with a model's scores

TWO_LINES = "Cats sleep all day. Ships carry grain and cats."


@pytest.fixture(scope="module")
def models():
    with contextlib.closing(RerankServices()) as services:
        yield services


@pytest.fixture(scope="module")
def library(tmp_path_factory, models):
    folder = tmp_path_factory.mktemp("library")
    config = folder / "milvus.yaml"
    config.write_text(f"""
function:
  rerank:
    model:
      providers:
        tei:
          url: {models.endpoint("tei")}
elanus:
  highlight:
    provider: tei
""")
    environment = {"no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}
    with Server(folder / "server", arguments=["--config", str(config)], environment=environment) as server:
        client = server.client()
        schema = MilvusClient.create_schema()
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("body", DataType.VARCHAR, max_length=2000, nullable=True)
        schema.add_field("title", DataType.VARCHAR, max_length=2000)
        schema.add_field("v", DataType.FLOAT_VECTOR, dim=2)
        index = MilvusClient.prepare_index_params()
        index.add_index("v", index_type="FLAT", metric_type="L2")
        client.create_collection("library", schema=schema, index_params=index, consistency_level="Strong")
        client.insert("library", [{"id": 1, "body": TWO_LINES, "title": "of Cats", "v": [1.0, 0.0]},
                                  {"id": 2, "body": None, "title": "", "v": [2.0, 0.0]},
                                  {"id": 3, "body": "Grain is dear.  Grain grows!", "title": "x", "v": [3.0, 0.0]}])
        yield client


def semantic(client, queries, fields=("body",), **arguments):
    answers = client.search("library", [[0.0, 0.0]] * len(queries), limit=3, highlighter=SemanticHighlighter(
        queries, list(fields), **arguments))
    return [{hit["id"]: hit.highlight for hit in hits} for hits in answers]


def test_sentences_close_to_the_query(library, models):
    models.requests.clear()
    cats, grain = semantic(library, ["cats Cats sleep", "Grain grows! is dear."], threshold=0.75)
    first = "Cats sleep all day."
    assert pieces(cats[1], "body") == [f"<em>{first}</em> Ships carry grain and cats."]
    assert cats[1]["body"]["scores"] == pytest.approx([score("cats Cats sleep", first)])
    assert pieces(cats[2], "body") == [] and pieces(cats[3], "body") == []
    assert pieces(grain[1], "body") == []
    assert pieces(grain[3], "body") == ["<em>Grain is dear.</em>  <em>Grain grows!</em>"]
    assert grain[3]["body"]["scores"] == pytest.approx([score("Grain grows! is dear.", "Grain is dear.")])
    assert models.refusals == [] and len(models.requests) == 2  # a request a query


def test_only_the_sentences_themselves(library, models):
    models.requests.clear()
    [hits] = semantic(library, ["Grain cats. Cats of"], ("title", "body"), highlight_only=True, threshold=0.5,
                      pre_tags=["<", "{"], post_tags=[">", "}"], max_client_batch_size=2)
    assert pieces(hits[1], "body") == ["<Cats sleep all day.>", "{Ships carry grain and cats.}"]
    assert pieces(hits[1], "title") == ["<of Cats>"]
    assert pieces(hits[3], "body") == ["<Grain is dear.>", "{Grain grows!}"]
    assert hits[3]["body"]["scores"] == pytest.approx(
        [score("Grain cats. Cats of", text) for text in ("Grain is dear.", "Grain grows!")])
    assert [len(body["texts"]) for _, body in models.requests] == [2, 2, 2]


@pytest.mark.parametrize("arguments, phrase", [
    (dict(queries=["a", "b"], input_fields=["body"]), "nq must equal to queries size"),
    (dict(queries=[], input_fields=["body"]), "queries cannot be empty list"),
    (dict(queries=["a"], input_fields=[]), "input_fields cannot be empty list"),
    (dict(queries=["a"], input_fields=["nope"]), "highlight field not found in schema: nope"),
    (dict(queries=["a"], input_fields=["v"]), "should be a text field"),
    (dict(queries=["a"], input_fields=["body"], threshold=1.5), "threshold"),
    (dict(queries=["a"], input_fields=["body"], post_tags=[]), "post_tags cannot be empty list"),
])
def test_what_the_semantic_kind_refuses(library, arguments, phrase):
    with pytest.raises(MilvusException, match=phrase) as error:
        library.search("library", [[0.0, 0.0]], limit=3, highlighter=SemanticHighlighter(**arguments))
    assert error.value.code == 1100


def test_a_service_that_fails_and_one_that_is_not_there(client, table, library, models):
    models.faults.append((400, {"error": "no such model"}, {}))
    with pytest.raises(MilvusException, match="no such model") as error:
        semantic(library, ["cats"])
    assert error.value.code == 2400
    with pytest.raises(MilvusException, match="set elanus.highlight.provider") as error:
        search(client, table, ["fox"], SemanticHighlighter(["fox"], ["text"]))
    assert error.value.code == 1100
