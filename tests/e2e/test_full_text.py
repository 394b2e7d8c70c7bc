"""Full-text search: text goes in, text is searched for, BM25 orders the rows."""

import json
import time

import pytest
from bm25_oracle import Bm25, check, random_texts
from elanus_server import Server
from pymilvus import DataType, Function, FunctionType, MilvusClient, MilvusException
from rows import wait_for_index

QUERIES = ["w0", "w3 w17", "w1 w5 w40 w99", "W2 w2 w2 w250", "w7, w8; w9 w10 w11 w12", "w290 w280 w270", "nothing at all"]


def text_schema(**text):
    schema = MilvusClient.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("text", DataType.VARCHAR, max_length=5000, **({"enable_analyzer": True} | text))
    schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
    schema.add_field("group", DataType.INT64)
    schema.add_function(Function(name="bm25", function_type=FunctionType.BM25, input_field_names=["text"],
                                 output_field_names=["sparse"]))
    return schema


def create(client, name, schema=None, index_type="SPARSE_INVERTED_INDEX", params=None, **more):
    index = client.prepare_index_params()
    index.add_index("sparse", index_type=index_type, metric_type="BM25", params=params or {})
    client.create_collection(name, schema=schema or text_schema(), index_params=index, consistency_level="Strong",
                             **more)


def rows(texts, first=0):
    return [{"id": i, "text": text, "group": i % 5} for i, text in enumerate(texts, first)]


def search(client, name, query, limit=10, whole=False, **more):
    found = client.search(name, [query], anns_field="sparse", limit=limit, **more)
    return found if whole else found[0]


def test_the_quick_start_of_the_documentation(client, name):
    schema = client.create_schema()
    schema.add_field(field_name="id", datatype=DataType.INT64, is_primary=True, auto_id=True)
    schema.add_field(field_name="text", datatype=DataType.VARCHAR, max_length=1000, enable_analyzer=True)
    schema.add_field(field_name="sparse", datatype=DataType.SPARSE_FLOAT_VECTOR)
    schema.add_function(Function(name="text_bm25_emb", input_field_names=["text"], output_field_names=["sparse"],
                                 function_type=FunctionType.BM25))
    index_params = client.prepare_index_params()
    index_params.add_index(field_name="sparse", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25",
                           params={"inverted_index_algo": "DAAT_MAXSCORE", "bm25_k1": 1.2, "bm25_b": 0.75})
    client.create_collection(collection_name=name, schema=schema, index_params=index_params)
    client.insert(name, [
        {"text": "information retrieval is a field of study."},
        {"text": "information retrieval focuses on finding relevant information in large datasets."},
        {"text": "data mining and information retrieval overlap in research."},
    ])
    hits = client.search(collection_name=name, data=["whats the focus of information retrieval?"], anns_field="sparse",
                         output_fields=["text"], limit=3, search_params={"params": {"level": 10}},
                         consistency_level="Strong")[0]
    assert len(hits) == 3
    assert all("information retrieval" in hit["entity"]["text"] for hit in hits)
    assert hits[0]["distance"] > hits[-1]["distance"] > 0


@pytest.mark.parametrize("index_type", ["SPARSE_INVERTED_INDEX", "AUTOINDEX"])
def test_scores_of_rows_in_memory_in_files_and_behind_an_index(client, name, index_type):
    create(client, name, index_type=index_type, num_shards=2)
    texts = random_texts(3600, seed=1)
    everything = {}
    for begin, end in [(0, 3000), (3000, 3300), (3300, 3600)]:
        batch = rows(texts[begin:end], begin)
        client.insert(name, batch)
        everything |= {row["id"]: row["text"] for row in batch}
        model = Bm25(everything)
        for query in QUERIES:  # rows in memory beside files
            check(search(client, name, query), model, query, 10)
        if end < 3600:
            client.flush(name)
            if end == 3000:
                wait_for_index(client, name, 2000, "sparse")  # both shards have more rows than an index needs
            for query in QUERIES:
                check(search(client, name, query, limit=50), model, query, 50)


def test_k1_and_b_come_from_the_index(client, name):
    create(client, name, params={"bm25_k1": 0.5, "bm25_b": 0.1})
    texts = random_texts(300, seed=2)
    client.insert(name, rows(texts))
    model = Bm25(dict(enumerate(texts)), k1=0.5, b=0.1)
    for query in QUERIES:
        check(search(client, name, query), model, query, 10)
    [index] = [client.describe_index(name, index) for index in client.list_indexes(name)]
    assert index["metric_type"] == "BM25" and float(index["bm25_k1"]) == 0.5


def test_several_queries_pages_filters_and_ranges(client, name):
    create(client, name)
    texts = random_texts(800, seed=3)
    client.insert(name, rows(texts))
    model = Bm25(dict(enumerate(texts)))
    answers = client.search(name, QUERIES, anns_field="sparse", limit=20)
    for query, hits in zip(QUERIES, answers):
        check(hits, model, query, 20)
    query = QUERIES[2]
    whole = search(client, name, query, limit=30)
    pages = [search(client, name, query, limit=10, search_params={"offset": offset}) for offset in (0, 10, 20)]
    assert [hit["id"] for page in pages for hit in page] == [hit["id"] for hit in whole]
    some = [key for key in range(800) if key % 5 == 2]
    check(search(client, name, query, filter="group == 2"), model, query, 10, some)
    few = [5, 77, 300, 301]
    check(search(client, name, query, filter=f"id in {few}"), model, query, 10, few)
    bound = whole[9]["distance"]
    ranged = search(client, name, query, limit=100, search_params={"params": {"radius": bound}})
    assert [hit["id"] for hit in ranged] == [hit["id"] for hit in search(client, name, query, limit=800)
                                             if hit["distance"] > bound][:100]
    inner = search(client, name, query, limit=100, search_params={"params": {"radius": bound, "range_filter":
                                                                             whole[2]["distance"]}})
    assert all(bound < hit["distance"] <= whole[2]["distance"] for hit in inner) and inner
    rough = search(client, name, query, search_params={"params": {"drop_ratio_search": 0.3}})
    assert len(rough) == 10


def test_deleted_rows_are_not_found_and_count_until_they_are_compacted(client, name):
    create(client, name)
    texts = random_texts(1500, seed=4)
    client.insert(name, rows(texts))
    client.flush(name)
    wait_for_index(client, name, 1500, "sparse")
    client.delete(name, filter="id < 700")
    model = Bm25(dict(enumerate(texts)))
    for query in QUERIES:
        check(search(client, name, query), model, query, 10, range(700, 1500))


def test_statistics_over_shards_partitions_and_compaction(client, name):
    """Frequencies and the average are of all loaded rows, whichever partitions are searched; rows that were deleted or
    replaced count until a compaction has taken them out, and the profile tells how many those are."""
    create(client, name, num_shards=2)
    for partition in ("p0", "p1"):
        client.create_partition(name, partition)
    texts = random_texts(2100, seed=9)
    alive, hidden, places = {}, [], {}

    def insert(begin, end, partition):
        client.insert(name, rows(texts[begin:end], begin), partition_name=partition)
        for key in range(begin, end):
            alive[key], places[key] = texts[key], partition

    def verify():
        counted = alive | {-1 - i: text for i, text in enumerate(hidden)}
        model = Bm25(counted)
        for query in QUERIES:
            for partition in (None, "p0", "p1"):
                keys = [key for key in alive if partition in (None, places[key])]
                names = {"partition_names": [partition]} if partition else {}
                check(search(client, name, query, limit=15, **names), model, query, 15, keys)
        found = search(client, name, QUERIES[0], search_params={"params": {"profile": "json"}}, whole=True)
        told = json.loads(found.get_search_iterator_v2_results_info().token)["text"]
        assert told["hidden_rows"] == len(hidden)
        assert told["documents"] == sum(bool(text) for text in counted.values())

    insert(0, 1200, "p0")
    insert(1200, 1700, "p1")
    client.flush(name)
    insert(1700, 1900, "p1")
    gone = [key for key in alive if key % 7 == 0]
    client.delete(name, ids=gone)
    hidden += [alive.pop(key) for key in gone]
    fresh = {key: f"w1 w2 fresh{key}" for key in range(1, 300, 3) if key in alive}
    client.upsert(name, [{"id": key, "text": text, "group": 0} for key, text in fresh.items()], partition_name="p0")
    hidden += [alive[key] for key in fresh]
    alive |= fresh
    verify()
    client.flush(name)
    job = client.compact(name)
    deadline = time.monotonic() + 60
    while client.get_compaction_state(job) != "Completed":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    hidden.clear()
    insert(1900, 2100, "p0")
    verify()
    client.release_partitions(name, ["p1"])
    loaded = {key: text for key, text in alive.items() if places[key] == "p0"}
    for query in QUERIES:
        check(search(client, name, query), Bm25(loaded), query, 10)


def test_upserts_and_partial_updates_make_the_vector_anew(client, name):
    create(client, name)
    client.insert(name, rows(["red apple", "green pear", "blue plum"]))
    assert [hit["id"] for hit in search(client, name, "pear")] == [1]
    client.upsert(name, [{"id": 1, "text": "yellow lemon", "group": 9}])
    assert not search(client, name, "pear")
    assert [hit["id"] for hit in search(client, name, "lemon")] == [1]
    client.upsert(name, [{"id": 0, "text": "purple fig"}], partial_update=True)
    assert not search(client, name, "apple")
    assert [hit["id"] for hit in search(client, name, "fig")] == [0]
    client.flush(name)
    client.upsert(name, [{"id": 2, "group": 77}], partial_update=True)
    assert [hit["id"] for hit in search(client, name, "plum", filter="group == 77")] == [2]


def test_rows_outlive_a_restart(own_server):
    client = own_server.client()
    create(client, "words", num_shards=2)
    texts = random_texts(2600, seed=5)
    client.insert("words", rows(texts[:2400]))
    client.flush("words")
    client.insert("words", rows(texts[2400:], 2400))
    model = Bm25(dict(enumerate(texts)))
    for stop in (own_server.restart, lambda: (own_server.kill(), own_server.start())):
        stop()
        client = own_server.client()
        client.load_collection("words")
        for query in QUERIES:
            check(search(client, "words", query), model, query, 10)


def test_the_profile_tells_what_weighted_the_terms(client, post, name):
    create(client, name)
    client.insert(name, rows(["a b", "b c d", "", "x"]))
    client.delete(name, filter="id == 3")
    reply = post("entities/search", {"collectionName": name, "data": ["b q"], "annsField": "sparse", "limit": 3,
                                     "consistencyLevel": "Strong", "profile": True})
    assert reply["code"] == 0 and [hit["id"] for hit in reply["data"]] == [0, 1]
    assert reply["profile"]["text"] == {"terms": 2, "documents": 3, "average_length": 2.0, "hidden_rows": 1}


def test_what_is_no_text_search(client, name):
    schema = text_schema()
    schema.add_field("dense", DataType.FLOAT_VECTOR, dim=4)
    index = client.prepare_index_params()
    index.add_index("sparse", index_type="AUTOINDEX")
    index.add_index("dense", index_type="FLAT", metric_type="L2")
    client.create_collection(name, schema=schema, index_params=index, consistency_level="Strong")
    client.insert(name, [row | {"dense": [0.0] * 4} for row in rows(["a b", "b c"])])
    assert client.describe_index(name, "sparse")["metric_type"] == "BM25"
    assert [hit["id"] for hit in search(client, name, "a")] == [0]
    cases = [
        (dict(data=[{1: 1.0}], anns_field="sparse"),
         "please provide varchar/text for BM25 Function based search, got SparseFloatVector"),
        (dict(data=["a"], anns_field="dense"), "vector type must be the same"),
        (dict(data=["a"], anns_field="sparse", search_params={"metric_type": "IP"}), "metric type not match"),
        (dict(data=["a"], anns_field="sparse", output_fields=["sparse"]),
         "not allowed to retrieve raw data of field sparse"),
    ]
    for arguments, phrase in cases:
        with pytest.raises(MilvusException, match=phrase) as error:
            client.search(name, limit=3, **arguments)
        assert error.value.code in (1100, 65535)
    hits = search(client, name, "b", output_fields=["*"])
    assert {"text", "dense", "id", "group"} == set(hits[0]["entity"])
    assert search(client, name, "") == [] and search(client, name, "!?") == []


def test_an_index_over_the_output_is_bm25(client, name):
    client.create_collection(name, schema=text_schema())

    def add(field, **arguments):
        index = client.prepare_index_params()
        index.add_index(field, **arguments)
        client.create_index(name, index)

    with pytest.raises(MilvusException, match="index metric type of BM25 function output field must be BM25, got IP"):
        add("sparse", index_type="SPARSE_INVERTED_INDEX", metric_type="IP")
    for bad in ({"bm25_k1": 4}, {"bm25_b": 1.5}, {"inverted_index_algo": "FAST"}):
        with pytest.raises(MilvusException):
            add("sparse", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25", params=bad)
    add("sparse", index_type="SPARSE_WAND", metric_type="BM25",
        params={"inverted_index_algo": "BLOCK_MAX_WAND", "bm25_k1": 1.6})
    schema = MilvusClient.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("plain", DataType.SPARSE_FLOAT_VECTOR)
    index = client.prepare_index_params()
    index.add_index("plain", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25")
    with pytest.raises(MilvusException, match="only BM25 Function output field support BM25 metric type"):
        client.create_collection(f"{name}_plain", schema=schema, index_params=index)


def test_the_first_search_after_a_kill_finds_acknowledged_text(tmp_path):
    with Server(tmp_path / "killed") as server:
        client = server.client()
        create(client, "words")
        client.insert("words", rows(["alpha beta", "beta gamma"]))
        server.kill()
        server.start()
        client = server.client()
        client.load_collection("words")
        assert [hit["id"] for hit in search(client, "words", "gamma")] == [1]
