"""Functions of a schema: what may be created, what clients see of them, MinHash, several analyzers for one field,
functions added to and dropped from a collection that has rows."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from bm25_oracle import Bm25, check, random_texts
from pymilvus import DataType, Function, FunctionType, MilvusClient, MilvusException
from pymilvus.grpc_gen import milvus_pb2
from pymilvus.grpc_gen import schema_pb2
from rows import wait_for_index


def bm25(name="bm25", source="text", target="sparse", **more):
    return Function(name=name, function_type=FunctionType.BM25, input_field_names=[source],
                    output_field_names=[target], **more)


def base_schema(**text):
    schema = MilvusClient.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("text", DataType.VARCHAR, max_length=2000, **({"enable_analyzer": True} | text))
    return schema


def sparse_index(field="sparse", metric="BM25", index_type="SPARSE_INVERTED_INDEX"):
    index = MilvusClient.prepare_index_params()
    index.add_index(field, index_type=index_type, metric_type=metric)
    return index


def text_collection(client, name, **text):
    schema = base_schema(**text)
    schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
    schema.add_function(bm25())
    client.create_collection(name, schema=schema, index_params=sparse_index(), consistency_level="Strong")


def ids(client, name, query, field="sparse", limit=10, **more):
    return [hit["id"] for hit in client.search(name, [query], anns_field=field, limit=limit, **more)[0]]


def test_a_description_shows_functions(client, stub, post, name):
    text_collection(client, name)
    about = client.describe_collection(name)
    [function] = about["functions"]
    assert (function["name"], function["type"]) == ("bm25", FunctionType.BM25)
    assert function["input_field_names"] == ["text"] and function["output_field_names"] == ["sparse"]
    flags = {field["name"]: field.get("is_function_output", False) for field in about["fields"]}
    assert flags == {"id": False, "text": False, "sparse": True}
    raw = stub.DescribeCollection(milvus_pb2.DescribeCollectionRequest(collection_name=name)).schema
    numbers = {field.name: field.fieldID for field in raw.fields}
    assert list(raw.functions[0].input_field_ids) == [numbers["text"]]
    assert list(raw.functions[0].output_field_ids) == [numbers["sparse"]]
    assert raw.functions[0].id >= 100
    rest = post("collections/describe", {"collectionName": name})["data"]
    assert [(f["name"], f["type"], f["inputFieldNames"], f["outputFieldNames"]) for f in rest["functions"]] == [
        ("bm25", "BM25", ["text"], ["sparse"])]
    assert [field.get("isFunctionOutput", False) for field in rest["fields"]] == [False, False, True]
    client.create_collection(name, schema=client_schema_again(), consistency_level="Strong")  # the same: no error


def client_schema_again():
    schema = base_schema()
    schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
    schema.add_function(bm25())
    return schema


def test_everything_over_rest(post, name):
    def ok(path, **body):
        reply = post(path, {"collectionName": name} | body)
        assert reply["code"] == 0, reply
        return reply["data"]

    ok("collections/create", schema={
        "fields": [{"fieldName": "id", "dataType": "Int64", "isPrimary": True},
                   {"fieldName": "text", "dataType": "VarChar",
                    "elementTypeParams": {"max_length": 100, "enable_analyzer": True}},
                   {"fieldName": "sparse", "dataType": "SparseFloatVector"}],
        "functions": [{"name": "f", "type": "BM25", "inputFieldNames": ["text"], "outputFieldNames": ["sparse"]}]},
       indexParams=[{"fieldName": "sparse", "indexName": "sparse", "metricType": "BM25", "indexType": "AUTOINDEX"}])
    ok("entities/insert", data=[{"id": 1, "text": "a wide river"}, {"id": 2, "text": "a river bank"}])
    hits = ok("entities/search", data=["the river bank"], annsField="sparse", limit=5, outputFields=["text"],
              consistencyLevel="Strong")
    assert [(hit["id"], hit["text"]) for hit in hits] == [(2, "a river bank"), (1, "a wide river")]
    refused = post("entities/insert", {"collectionName": name, "data": [{"id": 3, "text": "x", "sparse": {"1": 1.0}}]})
    assert refused["code"] != 0 and "function" in refused["message"]
    assert [set(row) for row in ok("entities/query", filter="id == 1")] == [{"id", "text"}]


def test_what_a_schema_may_not_say(client, stub, name):
    def create(change):
        schema = schema_pb2.CollectionSchema(name=name)
        schema.fields.add(name="id", data_type=5, is_primary_key=True)
        text = schema.fields.add(name="text", data_type=21)
        for key, value in (("max_length", "100"), ("enable_analyzer", "true")):
            text.type_params.add(key=key, value=value)
        plain = schema.fields.add(name="plain", data_type=21)
        plain.type_params.add(key="max_length", value="100")
        schema.fields.add(name="sparse", data_type=104)
        dense = schema.fields.add(name="dense", data_type=101)
        dense.type_params.add(key="dim", value="4")
        function = schema.functions.add(name="f", type=1, input_field_names=["text"], output_field_names=["sparse"])
        change(schema, function)
        return stub.CreateCollection(milvus_pb2.CreateCollectionRequest(collection_name=name,
                                                                        schema=schema.SerializeToString()))

    cases = [
        (lambda s, f: f.ClearField("name"), "function name cannot be empty"),
        (lambda s, f: f.ClearField("input_field_names"), "function input field names cannot be empty"),
        (lambda s, f: f.ClearField("output_field_names"), "function output field names cannot be empty"),
        (lambda s, f: f.input_field_names.__setitem__(0, "nope"), "function input field not found: nope"),
        (lambda s, f: f.output_field_names.__setitem__(0, "nope"), "function output field not found: nope"),
        (lambda s, f: f.input_field_names.__setitem__(0, "id"), "must be a VARCHAR/TEXT field, got 1 field with type"),
        (lambda s, f: f.input_field_names.__setitem__(0, "plain"), "input field must set enable_analyzer to true"),
        (lambda s, f: f.output_field_names.__setitem__(0, "dense"),
         "output field must be a SparseFloatVector field, but got FloatVector"),
        (lambda s, f: f.output_field_names.__setitem__(0, "text"), "cannot be both input and output"),
        (lambda s, f: s.functions.append(f), "duplicate function name"),
        (lambda s, f: s.functions.add(name="g", type=1, input_field_names=["text"], output_field_names=["sparse"]),
         "duplicate function output field"),
        (lambda s, f: s.fields[3].__setattr__("nullable", True), "function output field cannot be nullable"),
        (lambda s, f: f.params.add(key="k", value="v"), "BM25 function accepts no params"),
        (lambda s, f: f.__setattr__("type", 2), "must be a FloatVector or Int8Vector field"),
    ]
    for change, phrase in cases:
        status = create(change)
        assert status.code == 1100 and phrase in status.reason, (phrase, status.reason)
    assert create(lambda s, f: None).code == 0


def test_outputs_are_the_servers(client, stub, name):
    text_collection(client, name)
    client.insert(name, [{"id": 1, "text": "one two"}])
    with pytest.raises(Exception, match="sparse"):
        client.insert(name, [{"id": 2, "text": "three", "sparse": {1: 1.0}}])
    with pytest.raises(MilvusException, match="not allowed to retrieve raw data of field sparse"):
        client.query(name, filter="id == 1", output_fields=["sparse"])
    [row] = client.query(name, filter="id == 1", output_fields=["*"])
    assert set(row) == {"id", "text"}
    with pytest.raises(MilvusException, match="referenced by function bm25"):
        client.drop_collection_field(name, "text")


def test_null_and_long_texts(client, name):
    schema = MilvusClient.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("text", DataType.VARCHAR, max_length=60000, enable_analyzer=True, nullable=True)
    schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
    schema.add_function(bm25())
    client.create_collection(name, schema=schema, index_params=sparse_index(), consistency_level="Strong")
    texts = {1: None, 2: "short word", 3: "word " * 9000, 4: ""}
    client.insert(name, [{"id": key, "text": text} for key, text in texts.items()])
    model = Bm25({key: text or "" for key, text in texts.items()})
    for _ in range(2):
        check(client.search(name, ["word short"], anns_field="sparse", limit=5)[0], model, "word short", 5)
        client.flush(name)


def test_a_row_names_its_analyzer(client, name):
    schema = MilvusClient.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("lang", DataType.VARCHAR, max_length=10)
    schema.add_field("text", DataType.VARCHAR, max_length=200, enable_analyzer=True, multi_analyzer_params={
        "by_field": "lang",
        "analyzers": {"default": {"tokenizer": "standard"}, "exact": {"tokenizer": "whitespace"}},
        "alias": {"raw": "exact"}})
    schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
    schema.add_function(bm25())
    client.create_collection(name, schema=schema, index_params=sparse_index(), consistency_level="Strong")
    client.insert(name, [{"id": 1, "lang": "raw", "text": "C++ Coding"}, {"id": 2, "lang": "exact", "text": "C# coding"},
                         {"id": 3, "lang": "else", "text": "C++ Coding"}])
    for _ in range(2):
        assert ids(client, name, "C++", search_params={"analyzer_name": "exact"}) == [1]
        assert ids(client, name, "C++", search_params={"analyzer_name": "raw"}) == [1]
        assert set(ids(client, name, "Coding", search_params={"analyzer_name": "exact"})) == {1, 3}
        assert ids(client, name, "C", search_params={"analyzer_name": "default"}) == [3]
        assert set(ids(client, name, "Coding")) == {1, 3} and ids(client, name, "C#") == [3]
        client.flush(name)
    for params, phrase in [({"analyzers": {"default": {}}}, "by_field"),
                           ({"by_field": "lang", "analyzers": {"x": {}}}, "default"),
                           ({"by_field": "id", "analyzers": {"default": {}}}, "by_field")]:
        schema = MilvusClient.create_schema()
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("lang", DataType.VARCHAR, max_length=10)
        schema.add_field("text", DataType.VARCHAR, max_length=200, enable_analyzer=True, multi_analyzer_params=params)
        schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
        schema.add_function(bm25())
        with pytest.raises(MilvusException, match=phrase):
            client.create_collection(f"{name}_bad", schema=schema)


def minhash(**params):
    return Function(name="minhash", function_type=FunctionType.MINHASH, input_field_names=["text"],
                    output_field_names=["bits"], params=params)


def test_minhash_finds_near_duplicates(client, name):
    schema = base_schema()
    schema.add_field("bits", DataType.BINARY_VECTOR, dim=64 * 32)
    schema.add_function(minhash(num_hashes=64, shingle_size=2))
    index = MilvusClient.prepare_index_params()
    index.add_index("bits", index_type="BIN_FLAT", metric_type="HAMMING")
    client.create_collection(name, schema=schema, index_params=index, consistency_level="Strong")
    rng = random.Random(7)
    texts = [" ".join(f"w{rng.randrange(400)}" for _ in range(60)) for _ in range(300)]
    client.insert(name, [{"id": i, "text": text} for i, text in enumerate(texts)])
    for _ in range(2):
        for i in (3, 77, 150):
            changed = texts[i].split()
            changed[10] = "other"
            [hits] = client.search(name, [" ".join(changed)], anns_field="bits", limit=3, output_fields=["text"])
            assert hits[0]["id"] == i and hits[0]["distance"] < hits[1]["distance"]
            [same] = client.search(name, [texts[i]], anns_field="bits", limit=1)
            assert (same[0]["id"], same[0]["distance"]) == (i, 0)
        client.flush(name)
    # The signature can be read, and searched for as any binary vector.
    [row] = client.query(name, filter="id == 5", output_fields=["bits"])
    [hits] = client.search(name, [row["bits"][0]], anns_field="bits", limit=1)
    assert (hits[0]["id"], hits[0]["distance"]) == (5, 0)


@pytest.mark.parametrize("params, phrase", [
    (dict(num_hashes=3), "num_hashes"), (dict(hash_function="md5"), "hash_function"),
    (dict(token_level="line"), "token_level"), (dict(shingle_size=0), "shingle_size"), (dict(speed=1), "speed")])
def test_minhash_parameters(client, name, params, phrase):
    schema = base_schema()
    schema.add_field("bits", DataType.BINARY_VECTOR, dim=128)
    schema.add_function(minhash(**params))
    with pytest.raises(MilvusException, match=phrase):
        client.create_collection(name, schema=schema)


def plain_collection(client, name):
    schema = base_schema()
    schema.add_field("dense", DataType.FLOAT_VECTOR, dim=4)
    index = MilvusClient.prepare_index_params()
    index.add_index("dense", index_type="FLAT", metric_type="L2")
    client.create_collection(name, schema=schema, index_params=index, consistency_level="Strong")


def add_bm25(client, name):
    client.add_function_field(name, client.create_schema().add_field("sparse", DataType.SPARSE_FLOAT_VECTOR).fields[-1],
                              bm25(), sparse_index())


def test_a_function_field_added_later_fills_old_rows(own_server):
    client, name = own_server.client(), "late"
    plain_collection(client, name)
    texts = random_texts(2600, seed=9)
    rows = [{"id": i, "text": text, "dense": [0.0] * 4} for i, text in enumerate(texts)]
    client.insert(name, rows[:2000])
    client.flush(name)
    client.insert(name, rows[2000:2300])
    client.flush(name)
    client.insert(name, rows[2300:2500])  # these are in memory when the field comes
    add_bm25(client, name)
    client.insert(name, rows[2500:])
    model = Bm25(dict(enumerate(texts)))
    queries = ["w0 w5", "w3 w17 w40", "w250"]

    def verify():
        for query in queries:
            check(client.search(name, [query], anns_field="sparse", limit=10)[0], model, query, 10)

    verify()
    [function] = client.describe_collection(name)["functions"]
    assert function["name"] == "bm25"
    wait_for_index(client, name, 2000, "sparse")  # the large old segment
    verify()
    client.flush(name)
    verify()
    client.delete(name, filter="id < 100")
    for query in queries:
        check(client.search(name, [query], anns_field="sparse", limit=10)[0], model, query, 10, range(100, 2600))
    own_server.kill()
    own_server.start()
    client = own_server.client()
    client.load_collection(name)
    for query in queries:
        check(client.search(name, [query], anns_field="sparse", limit=10)[0], model, query, 10, range(100, 2600))
    client.drop_function_field(name, "bm25")
    about = client.describe_collection(name)
    assert not about.get("functions") and "sparse" not in [field["name"] for field in about["fields"]]
    with pytest.raises(MilvusException):
        client.search(name, ["w0"], anns_field="sparse", limit=3)
    assert client.list_indexes(name) == ["dense"]


def test_signatures_of_rows_older_than_the_function(client, name):
    plain_collection(client, name)
    client.insert(name, [{"id": i, "text": f"word{i} stands here", "dense": [0.0] * 4} for i in range(20)])
    client.flush(name)
    client.add_function_field(name, client.create_schema().add_field("bits", DataType.BINARY_VECTOR,
                                                                     dim=64 * 32).fields[-1],
                              minhash(num_hashes=64), sparse_index("bits", "HAMMING", "BIN_FLAT"))
    client.insert(name, [{"id": 100, "text": "word3 stands here", "dense": [0.0] * 4}])
    assert sorted(ids(client, name, "word3 stands here", field="bits", limit=2)) == [3, 100]
    for found in (client.query(name, filter="id in [3, 100]", output_fields=["bits"]),
                  [hit["entity"] for hit in client.search(name, ["word3 stands here"], anns_field="bits", limit=2,
                                                          output_fields=["bits"])[0]]):
        assert len(found) == 2 and found[0]["bits"] == found[1]["bits"]


def test_rows_written_while_the_function_comes_are_found(server, client, name):
    plain_collection(client, name)
    written, stop = [], threading.Event()

    def write(worker):
        mine, number = server.client(), 0
        while not stop.is_set():
            key = worker * 100000 + number
            mine.insert(name, [{"id": key, "text": f"common t{key}", "dense": [0.0] * 4}])
            written.append(key)
            number += 1

    with ThreadPoolExecutor(3) as pool:
        workers = [pool.submit(write, worker) for worker in range(3)]
        time.sleep(0.5)
        add_bm25(client, name)
        time.sleep(0.5)
        stop.set()
        for worker in workers:
            worker.result()
    for key in written[::7]:
        assert ids(client, name, f"t{key}") == [key]
    found = client.search(name, ["common"], anns_field="sparse", limit=16384)[0]
    assert sorted(hit["id"] for hit in found) == sorted(written)


def test_what_may_not_be_added(client, name):
    plain_collection(client, name)
    add_bm25(client, name)
    with pytest.raises(MilvusException, match="duplicate"):
        add_bm25(client, name)
    bits = client.create_schema().add_field("bits", DataType.BINARY_VECTOR, dim=100 * 32).fields[-1]
    bad = Function(name="bad", function_type=FunctionType.MINHASH, input_field_names=["nothing"],
                   output_field_names=["bits"])
    with pytest.raises(MilvusException, match="function input field not found: nothing"):
        client.add_function_field(name, bits, bad, sparse_index("bits", "HAMMING", "BIN_FLAT"))
    with pytest.raises(MilvusException, match="function nobody not found"):
        client.drop_function_field(name, "nobody")


def test_functions_cannot_come_or_go_alone(client, stub, name):
    text_collection(client, name)
    schema = schema_pb2.FunctionSchema(name="g", type=1, input_field_names=["text"], output_field_names=["sparse"])
    added = stub.AddCollectionFunction(milvus_pb2.AddCollectionFunctionRequest(collection_name=name,
                                                                               functionSchema=schema))
    assert added.code == 1100 and "does not support adding BM25 function" in added.reason
    altered = stub.AlterCollectionFunction(milvus_pb2.AlterCollectionFunctionRequest(
        collection_name=name, function_name="bm25", functionSchema=schema))
    assert altered.code == 1100 and "does not support altering BM25 function" in altered.reason
    dropped = stub.DropCollectionFunction(milvus_pb2.DropCollectionFunctionRequest(collection_name=name,
                                                                                   function_name="bm25"))
    assert dropped.code == 1100 and "does not support dropping BM25 function" in dropped.reason


def test_the_slop_that_a_phrase_needs(stub):
    reply = stub.ComputePhraseMatchSlop(milvus_pb2.ComputePhraseMatchSlopRequest(
        analyzer_params="{}", query_text="machine learning",
        data_texts=["machine learning", "machine and deep learning", "deep learning machine", "learning only"]))
    assert reply.status.code == 0
    assert list(reply.is_match) == [True, True, True, False]
    assert list(reply.slops)[:2] == [0, 2] and reply.slops[2] > 0
    bad = stub.ComputePhraseMatchSlop(milvus_pb2.ComputePhraseMatchSlopRequest(
        analyzer_params='{"tokenizer": "nonsense"}', query_text="a", data_texts=["a"]))
    assert bad.status.code == 1100


def test_text_and_phrase_filters_with_a_text_search(client, name):
    text_collection(client, name, enable_match=True)
    texts = ["red car", "a red fast car", "fast red boat", "car red", "blue car with a red roof"]
    client.insert(name, [{"id": i, "text": text} for i, text in enumerate(texts)])
    for _ in range(2):
        assert set(ids(client, name, "red car", filter="text_match(text, 'boat roof')")) == {2, 4}
        assert set(ids(client, name, "red car",
                       filter="text_match(text, 'fast red blue', minimum_should_match=2)")) == {1, 2, 4}
        assert set(ids(client, name, "red car", filter="phrase_match(text, 'red car')")) == {0}
        assert set(ids(client, name, "red car", filter="phrase_match(text, 'red car', 1)")) == {0, 1}
        client.flush(name)
