"""PROFILE: what a query or a search did, and the log of slow ones."""

import json
import re
import time
import urllib.request

import pytest
from elanus_server import Server
from oracle import random_vectors
from pymilvus import DataType, MilvusClient

DIM = 16
ROWS = 4000
VECTORS = random_vectors(ROWS, DIM, seed=3)


def build(client, name, *, shards=1):
    schema = MilvusClient.create_schema(enable_dynamic_field=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
    schema.add_field("price", DataType.INT64)
    schema.add_field("colour", DataType.VARCHAR, max_length=20)
    index = MilvusClient.prepare_index_params()
    index.add_index("vector", index_type="HNSW", metric_type="L2", params={"M": 16, "efConstruction": 64})
    client.create_collection(name, schema=schema, index_params=index, num_shards=shards,
                             consistency_level="Strong")
    rows = [{"id": i, "vector": VECTORS[i].tolist(), "price": i, "colour": ["red", "green"][i % 2]}
            for i in range(ROWS)]
    for start in range(0, ROWS, 1000):
        client.insert(name, rows[start:start + 1000])


def wait_for_index(client, name):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if client.describe_index(name, "vector")["state"] == "Finished":
            probe = search_profile(client, name)["shards"]
            if all("hnsw" in str(s["indexes"]).lower() for shard in probe for s in shard["segments"]):
                return
        time.sleep(0.1)
    raise AssertionError("no index was attached")


@pytest.fixture(scope="module")
def growing(client, module_name):
    """Rows in memory only."""
    name = module_name + "_growing"
    build(client, name)
    yield name
    client.drop_collection(name)


@pytest.fixture(scope="module")
def sealed(client, module_name):
    name = module_name + "_sealed"
    build(client, name)
    client.flush(name)
    wait_for_index(client, name)
    yield name
    client.drop_collection(name)


def profile_row(client, name, filter, output_fields=(), **more):
    found = client.query(name, filter=filter, output_fields=[*output_fields, "$profile"], **more)
    assert len(found) == 1
    assert set(found[0]) == {"$profile", "$profile_json"}
    return found[0]["$profile"], found[0]["$profile_json"]


def search_token(client, name, form, **more):
    parameters = {"profile": form} | more.pop("search_params", {})
    found = client.search(name, data=[VECTORS[7].tolist()], limit=5, search_params=parameters, **more)
    return found, found.get_search_iterator_v2_results_info().token


def search_profile(client, name, **more):
    return json.loads(search_token(client, name, "json", **more)[1])


def segments_of(profile):
    return [segment for shard in profile["shards"] for segment in shard["segments"]]


def test_a_query_for_its_profile_gets_it_in_place_of_its_rows(client, growing):
    text, tree = profile_row(client, growing, "price < 100 and colour == 'red'", ["price", "colour"])
    assert re.match(rf"Query on default\.{growing}  \(rows=50\) \(time=\d+ us\)\n", text), text
    for line in (r"Filter: price < 100 and colour == 'red'", r"-> and", r"-> price < 100", r'-> colour == "red"',
                 r"Steps: prepare=\d+ parse=\d+ shards=\d+ merge=\d+ output=\d+ encode=\d+ us",
                 r"-> Shard \S+  \(wait=\d+ read=\d+ merge=\d+ fetch=\d+ us\)",
                 r"-> Growing segment \d+  \(rows=4000\)",
                 r"Filter: scan  \(estimated=\d+\) \(matched=50 scanned=4000 time=\d+ us\)",
                 r"Sort: \(time=\d+ us\)"):
        assert re.search(line, text), (line, text)
    assert tree["kind"] == "query"
    assert tree["rows"] == 50
    assert tree["plan"] == {"node": "and", "terms": [{"node": "price < 100"}, {"node": 'colour == "red"'}]}
    assert tree["counters"]["rows_matched"] == 50
    assert tree["counters"]["rows_scanned"] == ROWS
    assert tree["counters"]["filter_scans"] == 1
    assert tree["steps"]["total_us"] >= tree["steps"]["shards_us"]
    [segment] = segments_of(tree)
    assert segment["state"] == "growing"
    assert segment["counters"]["filter_us"] <= tree["steps"]["total_us"]


def test_a_profile_also_comes_when_no_row_matches(client, growing):
    text, tree = profile_row(client, growing, "price > 100000")
    assert "rows=0" in text
    assert tree["counters"]["rows_matched"] == 0


def test_the_second_time_the_plan_is_cached(client, growing):
    filter = "price in [1, 2, 3] and colour != 'blue'"
    assert "Plan: parsed" in profile_row(client, growing, filter)[0]
    text, tree = profile_row(client, growing, filter)
    assert "Plan: from the cache" in text
    assert tree["plan_cached"] is True


def test_keys_are_looked_up(client, sealed):
    text, tree = profile_row(client, sealed, "id in [5, 6, 999999]")
    assert "Filter: key index, 2 rows of 3 keys" in text
    assert tree["counters"]["key_lookups"] == 1
    assert tree["counters"]["rows_scanned"] == 2


def test_statistics_prune_a_segment(client, sealed):
    text, tree = profile_row(client, sealed, "price > 1000000")
    assert "Filter: pruned by statistics  (estimated=0) (matched=0 scanned=0" in text
    assert tree["counters"]["segments_pruned"] == tree["counters"]["segments"] == 1
    assert tree["counters"]["rows_scanned"] == 0


def test_estimates_stand_beside_what_came_out(client, sealed):
    tree = profile_row(client, sealed, "price < 1000")[1]
    [segment] = segments_of(tree)
    assert segment["state"] == "sealed"
    assert segment["rows"] == ROWS
    assert segment["counters"]["rows_matched"] == 1000
    assert segment["estimated_rows"] == pytest.approx(1000, abs=1)


def test_counts_and_groups_have_a_profile(client, sealed):
    text, tree = profile_row(client, sealed, "price < 1000", ["count(*)"])
    assert "matched=1000" in text
    assert tree["rows"] == 1
    tree = profile_row(client, sealed, "", ["colour", "count(*)"], group_by_fields=["colour"])[1]
    assert tree["rows"] == 2
    assert tree["counters"]["rows_matched"] == ROWS


def test_an_order_has_its_time(client, sealed):
    tree = profile_row(client, sealed, "price < 1000", limit=5, order_by_fields=[{"field": "price", "order": "desc"}])[1]
    assert tree["limit"] == 5
    assert tree["rows"] == 5
    assert tree["counters"]["sort_us"] > 0


def test_search_in_memory_is_brute_force(client, growing):
    found, text = search_token(client, growing, True, output_fields=["price"])
    assert [hit["id"] for hit in found[0]][:1] == [7]
    assert found[0][0]["entity"] == {"price": 7}
    assert re.match(rf"Search on default\.{growing}  \(rows=5\)", text), text
    assert "Vectors: field=vector metric=L2 nq=1" in text
    assert "Filter: none" in text
    assert "Search: brute_force" in text
    tree = search_profile(client, growing)
    assert tree["counters"]["brute_force_searches"] == 1
    assert tree["counters"]["distances"] == ROWS
    assert tree["counters"]["rows_scanned"] == 0


def test_search_by_index_tells_its_strategy(client, sealed):
    _, text = search_token(client, sealed, True, search_params={"ef": 50})
    assert re.search(r"Search: walk  \(distances=\d+ hops=\d+ time=\d+ us\)\n\s+Indexes: HNSW", text), text
    tree = search_profile(client, sealed)
    assert tree["counters"]["index_searches"] == 1
    assert 0 < tree["counters"]["distances"] < ROWS
    assert tree["counters"]["hops"] > 0
    [segment] = segments_of(tree)
    assert segment["search"] == "walk"
    assert segment["node_id"] > 0
    filtered = search_profile(client, sealed, filter="colour == 'red'")
    assert segments_of(filtered)[0]["search"] in (
        "filtered_walk", "walk_then_scan", "exact_scan", "code_scan")
    assert filtered["counters"]["rows_matched"] == ROWS // 2
    few = search_profile(client, sealed, filter="price < 5")
    assert segments_of(few)[0]["search"] == "exact_scan"


def test_a_search_without_hits_has_a_profile(client, growing):
    found, text = search_token(client, growing, True, filter="price < 0")
    assert list(found[0]) == []
    assert "rows=0" in text


def test_nothing_is_told_when_nobody_asks(client, growing):
    found = client.search(growing, data=[VECTORS[7].tolist()], limit=5)
    assert found.get_search_iterator_v2_results_info().token == ""
    assert "$profile" not in client.query(growing, filter="id == 1")[0]
    found = client.search(growing, data=[VECTORS[7].tolist()], limit=5, search_params={"profile": False})
    assert found.get_search_iterator_v2_results_info().token == ""


def test_an_iterator_is_not_confused(client, growing):
    iterator = client.search_iterator(growing, data=[VECTORS[7].tolist()], batch_size=100, limit=250,
                                      search_params={"profile": True})
    ids = []
    while page := iterator.next():
        ids += page.ids()
    iterator.close()
    assert len(set(ids)) == 250


def test_another_word_for_profile_is_refused(client, growing):
    with pytest.raises(Exception, match=r"profile \[loud\] is invalid"):
        search_token(client, growing, "loud")


def test_shards_are_listed(client, name):
    build(client, name, shards=2)
    tree = search_profile(client, name)
    assert len(tree["shards"]) == 2
    assert sum(segment["rows"] for segment in segments_of(tree)) == ROWS
    assert tree["counters"]["distances"] == sum(shard["counters"]["distances"] for shard in tree["shards"]) == ROWS


def test_partitions_that_a_key_prunes(client, name):
    schema = MilvusClient.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
    schema.add_field("tenant", DataType.INT64, is_partition_key=True)
    index = MilvusClient.prepare_index_params()
    index.add_index("vector", index_type="FLAT", metric_type="L2")
    client.create_collection(name, schema=schema, index_params=index, num_partitions=16, consistency_level="Strong")
    client.insert(name, [{"id": i, "vector": VECTORS[i].tolist(), "tenant": i % 8} for i in range(100)])
    text, tree = profile_row(client, name, "tenant == 3")
    assert "Partitions: 1 of 16" in text
    assert (tree["partitions_read"], tree["partitions"]) == (1, 16)


def post(server, path, body):
    request = urllib.request.Request(f"{server.uri}/v2/vectordb/entities/{path}", data=json.dumps(body).encode(),
                                     headers={"Content-Type": "application/json"}, method="POST")
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.load(reply)


def test_rest_gives_the_profile_beside_the_data(server, sealed):
    reply = post(server, "query", {"collectionName": sealed, "filter": "price < 3", "profile": True})
    assert [row["price"] for row in reply["data"]] == [0, 1, 2]
    assert reply["profile"]["counters"]["rows_matched"] == 3
    assert reply["profileText"].startswith(f"Query on default.{sealed}  (rows=3)")
    for body in ({"profile": True}, {"searchParams": {"profile": True}}, {"searchParams": {"params": {"profile": True}}}):
        reply = post(server, "search", {"collectionName": sealed, "data": [VECTORS[0].tolist()], "limit": 2} | body)
        assert len(reply["data"]) == 2
        assert reply["profile"]["kind"] == "search"
        assert reply["profile"]["rows"] == 2
    reply = post(server, "get", {"collectionName": sealed, "id": [1, 2], "profile": True})
    assert reply["profile"]["counters"]["key_lookups"] == 1
    assert "profile" not in post(server, "query", {"collectionName": sealed, "filter": "price < 3"})
    reply = post(server, "query", {"collectionName": sealed, "filter": "price < 3", "outputFields": ["$profile"]})
    assert len(reply["data"]) == 1
    assert reply["data"][0]["$profile"] == reply["profileText"]


def slow_lines(server):
    return [line for line in server.log().splitlines() if "event=slow_query" in line]


@pytest.fixture
def logging_server(tmp_path):
    with Server(tmp_path / "slow", environment={"PROXY_SLOWQUERYSPANINSECONDS": "0"}) as server:
        yield server


def test_slow_reads_are_logged_without_constants(logging_server):
    client = logging_server.client()
    build(client, "shop")
    client.query("shop", filter="price < 7 and colour == 'secret'", client_request_id="request-17")
    client.search("shop", data=[VECTORS[0].tolist()], limit=3, filter="price > 10")
    post(logging_server, "query", {"collectionName": "shop", "filter": "id == 4"})
    deadline = time.monotonic() + 10
    while len(slow_lines(logging_server)) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    query, search, rest = slow_lines(logging_server)[:3]
    for part in ("kind=query", "collection=shop", 'filter="(price < ? and colour == ?)"', "rows_scanned=4000",
                 "segments=1", "code=0", "request_id=request-17", "wait_us=", "filter_us=", "output_us="):
        assert part in query, (part, query)
    assert "secret" not in logging_server.log()
    for part in ("kind=search", "nq=1", "limit=3", "rows=3", "brute_force_searches=1", 'filter="price > ?"'):
        assert part in search, (part, search)
    assert "key_lookups=1" in rest
    for line in (query, search, rest):
        assert re.search(r"client=ipv4:127\.0\.0\.1:\d+", line), line
    metrics = urllib.request.urlopen(f"http://127.0.0.1:{logging_server.ops_port}/metrics", timeout=10).read().decode()
    counts = dict(re.findall(r'milvus_proxy_slow_query_count\{node_id="1",msg_type="(\w+)"\} (\d+)', metrics))
    assert counts == {"query": "2", "search": "1"}


def test_many_slow_reads_do_not_flood_the_log(logging_server):
    client = logging_server.client()
    build(client, "shop")
    begin = time.monotonic()
    for i in range(100):
        client.query("shop", filter="id == 1")
    seconds = time.monotonic() - begin
    time.sleep(1.1)
    client.query("shop", filter="id == 1")
    lines = slow_lines(logging_server)
    assert len(lines) <= 10 * (int(seconds) + 2) + 1
    assert len(lines) + sum(int(left) for left in re.findall(r"left_out=(\d+)", "\n".join(lines))) == 101


def test_fast_reads_are_not_logged(server, client, growing):
    client.query(growing, filter="id == 1")
    assert slow_lines(server) == []
