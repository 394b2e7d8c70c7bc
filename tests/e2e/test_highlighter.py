"""Highlights: the words that were looked for, between tags, in pieces of the hits' texts."""

import pytest
from pymilvus import DataType, Function, FunctionType, LexicalHighlighter, MilvusClient, MilvusException
from pymilvus.grpc_gen import common_pb2

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


def test_the_semantic_kind_is_refused(client, table, stub):
    from pymilvus.grpc_gen import milvus_pb2
    group = common_pb2.PlaceholderGroup()
    group.placeholders.add(tag="$0", type=21, values=[b"fox"])
    request = milvus_pb2.SearchRequest(collection_name=table, placeholder_group=group.SerializeToString(), nq=1)
    for key, value in (("anns_field", "sparse"), ("topk", "3"), ("params", "{}")):
        request.search_params.add(key=key, value=value)
    request.highlighter.type = 1
    reply = stub.Search(request)
    assert reply.status.code == 1100 and "semantic highlighter" in reply.status.reason
