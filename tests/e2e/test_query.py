"""Query: order by fields, aggregates with and without groups, partition keys, iterators.

Every answer is compared with the same computation over the rows in Python; rows are in sealed and
growing segments, some deleted, over two shards.
"""

import json
import random
import threading
import urllib.request

import pytest
from pymilvus import AnnSearchRequest, DataType, MilvusClient, MilvusException, RRFRanker

ROWS = 3000


def make_rows(count, seed=7):
    random_source = random.Random(seed)
    rows = []
    for key in range(count):
        rows.append(
            {
                "id": key,
                "vector": [random_source.random(), 1.0],
                "kind": random_source.choice(["red", "green", "blue", ""]),
                "small": random_source.choice([None, -3, 0, 5]),
                "price": random_source.choice([0.5, -2.25, 1e6, 3.0]),
                "big": random_source.randrange(-(10**12), 10**12),
                "at": f"2024-01-{random_source.randrange(1, 29):02d}T00:00:00Z",
                "doc": random_source.choice(
                    [{"n": random_source.randrange(9)}, {"n": "text"}, {"n": True}, {}]
                ),
                "extra": random_source.randrange(100),
            }
        )
    return rows


def create(client, name, **properties):
    schema = client.create_schema(enable_dynamic_field=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
    schema.add_field("kind", DataType.VARCHAR, max_length=20)
    schema.add_field("small", DataType.INT8, nullable=True)
    schema.add_field("price", DataType.DOUBLE)
    schema.add_field("big", DataType.INT64)
    schema.add_field("at", DataType.TIMESTAMPTZ)
    schema.add_field("doc", DataType.JSON)
    index = client.prepare_index_params()
    index.add_index("vector", index_type="FLAT", metric_type="L2")
    client.create_collection(
        name, schema=schema, index_params=index, num_shards=2, consistency_level="Strong",
        **properties,
    )


@pytest.fixture(scope="module")
def table(module_name, client):
    """The rows that are there, in sealed and growing segments."""
    create(client, module_name)
    rows = make_rows(ROWS)
    client.insert(module_name, rows[: ROWS // 2])
    client.flush(module_name)
    client.insert(module_name, rows[ROWS // 2 :])
    client.delete(module_name, filter="id % 7 == 3")
    yield module_name, [row for row in rows if row["id"] % 7 != 3]
    client.drop_collection(module_name)


def null_key(value, first):
    return (value is None) != first, value if value is not None else 0


def test_order_by_one_field_and_key(client, table):
    name, rows = table
    for direction in ("asc", "desc"):
        found = client.query(
            name, filter="extra >= 10", limit=100, offset=20, output_fields=["price"],
            order_by=[f"price:{direction}"],
        )
        kept = [row for row in rows if row["extra"] >= 10]
        sign = 1 if direction == "asc" else -1
        kept.sort(key=lambda row: (sign * row["price"], row["id"]))
        assert [row["id"] for row in found] == [row["id"] for row in kept[20:120]]
        assert [row["price"] for row in found] == [row["price"] for row in kept[20:120]]


def test_order_by_several_fields(client, table):
    name, rows = table
    found = client.query(
        name, filter="", limit=ROWS, output_fields=["kind", "small"],
        order_by=[{"field": "kind", "order": "desc"}, "small:asc"],
    )
    kept = sorted(rows, key=lambda row: (null_key(row["small"], False), row["id"]))
    kept.sort(key=lambda row: row["kind"], reverse=True)
    assert [row["id"] for row in found] == [row["id"] for row in kept]


@pytest.mark.parametrize("order, first", [("small:asc", False), ("small:desc", True),
                                          ("small:asc:nulls_first", True),
                                          ("small:desc:nulls_last", False)])
def test_order_by_nulls(client, table, order, first):
    name, rows = table
    found = client.query(name, filter="", limit=len(rows), order_by=[order],
                         output_fields=["small"])
    values = [row["small"] for row in found]
    nulls = sum(row["small"] is None for row in rows)
    assert (values[:nulls] if first else values[-nulls:]) == [None] * nulls
    rest = [value for value in values if value is not None]
    assert rest == sorted(rest, reverse="desc" in order)


def test_order_by_json_path_and_dynamic_key(client, table):
    name, rows = table
    found = client.query(name, filter="", limit=50, order_by=['doc["n"]:asc'],
                         output_fields=["doc"])

    def rank(row):
        value = row["doc"].get("n")
        if isinstance(value, bool):
            return (0, value)
        return (1, value) if isinstance(value, int) else (2, str(value))

    kept = sorted((row for row in rows if "n" in row["doc"]),
                  key=lambda row: (rank(row), row["id"]))
    assert [row["id"] for row in found] == [row["id"] for row in kept[:50]]
    found = client.query(name, filter="", limit=40, order_by=["extra:desc"])
    kept = sorted(rows, key=lambda row: (-row["extra"], row["id"]))
    assert [row["id"] for row in found] == [row["id"] for row in kept[:40]]


@pytest.mark.parametrize(
    "arguments, phrase",
    [
        ({"order_by": ["price:asc"]}, "requires limit"),
        ({"order_by": ["price:up"], "limit": 5}, "must be 'asc' or 'desc'"),
        ({"order_by": ["vector:asc"], "limit": 5}, "unsortable type"),
        ({"order_by": ["doc:asc"], "limit": 5}, "unsortable type"),
        ({"order_by": ["price:asc", "price:desc"], "limit": 5}, "duplicate order_by field"),
        ({"group_by_fields": ["price"], "output_fields": ["count(*)"]}, "unsupported data type"),
        ({"group_by_fields": ["doc"], "output_fields": ["count(*)"]}, "unsupported data type"),
        ({"group_by_fields": ["none"], "output_fields": ["count(*)"]}, "not exist"),
        ({"group_by_fields": ["kind"], "output_fields": ["small"]}, "not in group_by_fields"),
        ({"output_fields": ["sum(kind)"]}, "does not support field kind"),
        ({"output_fields": ["avg(vector)"]}, "does not support field vector"),
        ({"output_fields": ["min(doc)"]}, "does not support field doc"),
        ({"output_fields": ["max(none)"]}, "not exist"),
        ({"output_fields": ["count(*)"], "limit": 5}, "pagination is not allowed"),
        ({"group_by_fields": ["kind"], "output_fields": ["kind"], "order_by": ["big:asc"],
          "limit": 3}, "must be one of the group by fields"),
    ],
)
def test_refused(client, table, arguments, phrase):
    name, _ = table
    with pytest.raises(MilvusException) as failure:
        client.query(name, filter="id >= 0", **arguments)
    assert failure.value.code == 1100
    assert phrase in str(failure.value)


def aggregates(rows):
    smalls = [row["small"] for row in rows if row["small"] is not None]
    return {
        "count(*)": len(rows),
        "count(small)": len(smalls),
        "sum(small)": sum(smalls) if smalls else None,
        "avg(small)": sum(smalls) / len(smalls) if smalls else None,
        "min(small)": min(smalls) if smalls else None,
        "max(small)": max(smalls) if smalls else None,
        "sum(big)": sum(row["big"] for row in rows) if rows else None,
        "avg(price)": sum(row["price"] for row in rows) / len(rows) if rows else None,
        "min(price)": min((row["price"] for row in rows), default=None),
        "max(kind)": max((row["kind"] for row in rows), default=None),
        "max(at)": max((row["at"] for row in rows), default=None),
    }


def same(found, wanted):
    assert set(found) == set(wanted)
    for name, value in wanted.items():
        if isinstance(value, float):
            assert found[name] == pytest.approx(value), name
        else:
            assert found[name] == value, name


@pytest.mark.parametrize("filter_text", ["", "extra < 30", "extra < 0"])
def test_aggregates_of_all_rows(client, table, filter_text):
    name, rows = table
    limits = {"": 1000, "extra < 30": 30, "extra < 0": 0}
    kept = [row for row in rows if row["extra"] < limits[filter_text]]
    wanted = aggregates(kept)
    found = client.query(name, filter=filter_text, output_fields=list(wanted))
    assert len(found) == 1
    same(found[0], wanted)


def test_groups_by_one_field_null_included(client, table):
    name, rows = table
    found = client.query(
        name, filter="", group_by_fields=["small"],
        output_fields=["small", "count(*)", "sum(big)", "min(kind)"],
    )
    wanted = {}
    for row in rows:
        wanted.setdefault(row["small"], []).append(row)
    assert len(found) == len(wanted)
    for group in found:
        kept = wanted[group["small"]]
        assert group["count(*)"] == len(kept)
        assert group["sum(big)"] == sum(row["big"] for row in kept)
        assert group["min(kind)"] == min(row["kind"] for row in kept)


def test_groups_by_two_fields_ordered_and_paged(client, table):
    name, rows = table
    found = client.query(
        name, filter="extra >= 5", group_by_fields=["kind", "at"], limit=20, offset=3,
        output_fields=["kind", "at", "count(*)", "avg(price)"],
        order_by=["count(*):desc", "at:asc", "kind:asc"],
    )
    groups = {}
    for row in rows:
        if row["extra"] >= 5:
            groups.setdefault((row["kind"], row["at"]), []).append(row)
    wanted = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0][1], item[0][0]))[3:23]
    assert [(row["kind"], row["at"], row["count(*)"]) for row in found] == [
        (kind, at, len(kept)) for (kind, at), kept in wanted
    ]


def test_distinct_values(client, table):
    name, _ = table
    found = client.query(name, filter="", group_by_fields=["kind"], output_fields=["kind"])
    assert [row["kind"] for row in found] == ["", "blue", "green", "red"]


def test_a_sum_that_overflows_is_refused(client, name):
    client.create_collection(name, dimension=2, consistency_level="Strong")
    schema_rows = [{"id": i, "vector": [0, 1]} for i in (2**63 - 1, 2**63 - 2)]
    client.insert(name, schema_rows)
    with pytest.raises(MilvusException, match="out of the range of Int64"):
        client.query(name, filter="", output_fields=["sum(id)"])
    assert client.query(name, filter="", output_fields=["avg(id)"])[0]["avg(id)"] > 9e18
    client.delete(name, filter="id == 9223372036854775806")
    found = client.query(name, filter="", output_fields=["sum(id)"])
    assert found[0]["sum(id)"] == 2**63 - 1


def post(server, path, body):
    request = urllib.request.Request(
        f"{server.uri}/v2/vectordb/{path}", json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as reply:
        return json.load(reply)


def test_rest_groups_and_order(client, server, table):
    name, rows = table
    reply = post(server, "entities/query", {
        "collectionName": name, "filter": "", "groupByFields": ["kind"],
        "outputFields": ["kind", "count(*)"], "orderByFields": ["kind:desc"], "limit": 2,
    })
    assert reply["code"] == 0, reply
    assert [row["kind"] for row in reply["data"]] == ["red", "green"]
    reds = sum(row["kind"] == "red" for row in rows)
    assert reply["data"][0]["count(*)"] == reds
    reply = post(server, "entities/query", {
        "collectionName": name, "filter": "", "outputFields": ["max(big)"],
    })
    assert reply["data"] == [{"max(big)": max(row["big"] for row in rows)}]


def test_get_by_as_many_ids_as_a_query_may_answer(client, name):
    client.create_collection(name, dimension=2, consistency_level="Strong")
    count = 16384
    for start in range(0, count, 4096):
        client.insert(name, [{"id": i, "vector": [i, 1]} for i in range(start, start + 4096)])
    found = client.get(name, ids=list(range(count)), output_fields=["id"])
    assert [row["id"] for row in found] == list(range(count))


def keyed(client, name, isolation=False):
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
    schema.add_field("tenant", DataType.VARCHAR, max_length=20, is_partition_key=True)
    index = client.prepare_index_params()
    index.add_index("vector", index_type="FLAT", metric_type="L2")
    client.create_collection(
        name, schema=schema, index_params=index, num_partitions=8, consistency_level="Strong",
        properties={"partitionkey.isolation": isolation},
    )
    client.insert(name, [{"id": i, "vector": [i, 1], "tenant": f"t{i % 20}"} for i in range(400)])


def test_a_filter_on_the_partition_key_reads_its_partitions_and_finds_all(client, name):
    keyed(client, name)
    for text, tenants in [
        ('tenant == "t3"', {3}), ('tenant in ["t1", "t2", "t19"]', {1, 2, 19}),
        ('tenant == "t4" and id < 200', {4}), ('tenant != "t4"', set(range(20)) - {4}),
        ('tenant == "t4" or id == 7', {4}), ('tenant > "t5"', {6, 7, 8, 9}),
    ]:
        found = client.query(name, filter=text, output_fields=["count(*)"])[0]["count(*)"]
        wanted = [i for i in range(400) if i % 20 in tenants]
        if "id <" in text:
            wanted = [i for i in wanted if i < 200]
        if "or id" in text:
            wanted.append(7)
        assert found == len(wanted), text
    hits = client.search(name, data=[[0, 1]], limit=30, filter='tenant == "t3"')[0]
    assert [hit["id"] for hit in hits] == list(range(3, 400, 20))
    client.delete(name, filter='tenant == "t3" and id > 100')
    assert len(client.query(name, filter='tenant == "t3"')) == 5


@pytest.mark.parametrize("text, phrase", [
    ("", "partition key not found in expr"),
    ("id > 3", "partition key not found in expr"),
    ('tenant in ["t1", "t2"]', "partition key isolation does not support IN"),
    ('tenant == "t1" or id == 3', "partition key isolation does not support OR"),
    ('tenant > "t1"', "partition key isolation does not support GreaterThan"),
    ('tenant != "t1"', "partition key isolation does not support NotEqual"),
])
def test_isolation_wants_one_key(client, name, text, phrase):
    keyed(client, name, isolation=True)
    with pytest.raises(MilvusException, match=phrase):
        client.search(name, data=[[0, 1]], limit=3, filter=text)
    hits = client.search(name, data=[[0, 1]], limit=3, filter='tenant == "t1" and id > 30')[0]
    assert [hit["id"] for hit in hits] == [41, 61, 81]


def test_isolation_is_a_rule_of_searches(client, name):
    """Hybrid searches keep it in every list; queries and deletes read no index that is split by the key."""
    keyed(client, name, isolation=True)

    def hybrid(*filters):
        lists = [AnnSearchRequest([[0, 1]], "vector", {"metric_type": "L2"}, limit=3, expr=text) for text in filters]
        return client.hybrid_search(name, lists, RRFRanker(), limit=3)[0]
    with pytest.raises(MilvusException, match="partition key not found in expr") as error:
        hybrid('tenant == "t1"', "id > 30")
    assert error.value.code == 1100
    assert {hit["id"] % 20 for hit in hybrid('tenant == "t1"', 'tenant == "t1" and id > 30')} == {1}
    everybody = len(client.query(name, filter="id >= 0"))
    client.delete(name, filter="id < 10")
    assert len(client.query(name, filter='tenant in ["t0", "t1"] or id >= 0')) == everybody - 10


@pytest.mark.parametrize("level", ["Strong", "Bounded", "Session", "Eventually"])
def test_counts_are_exact_during_writes(server, client, name, level):
    client.create_collection(name, dimension=2, consistency_level="Strong")
    stop = threading.Event()
    failures = []

    def write():
        writer = MilvusClient(server.uri)
        try:
            start = 0
            while not stop.is_set():
                writer.insert(name, [{"id": i, "vector": [1, 2]} for i in range(start, start + 10)])
                writer.delete(name, ids=list(range(start, start + 5)))
                start += 10
        except Exception as failure:  # noqa: BLE001 - reported by the test
            failures.append(failure)

    thread = threading.Thread(target=write)
    thread.start()
    last = 0
    for _ in range(60):
        counts = client.query(name, filter="", output_fields=["count(*)"], consistency_level=level)
        count = counts[0]["count(*)"]
        assert count % 10 in (0, 5), "a batch is seen whole or not at all"
        if level == "Strong":
            assert count + 10 > last
            last = max(last, count)
    stop.set()
    thread.join()
    assert not failures
    total = client.query(name, filter="", output_fields=["count(*)"])[0]["count(*)"]
    assert total % 5 == 0 and total > 0


def test_an_iterator_sees_one_moment_while_others_write(server, client, name):
    client.create_collection(name, dimension=2, consistency_level="Strong")
    client.insert(name, [{"id": i, "vector": [i, 1], "n": 0} for i in range(0, 4000, 2)])
    iterator = client.query_iterator(name, filter="", batch_size=100, output_fields=["n"])
    other = MilvusClient(server.uri)
    seen = []
    step = 0
    while True:
        rows = iterator.next()
        if not rows:
            break
        seen.extend((row["id"], row["n"]) for row in rows)
        other.insert(name, [{"id": 2 * step + 1, "vector": [0, 1], "n": 1}])
        other.delete(name, ids=[3998 - 2 * step])
        other.upsert(name, [{"id": 3000 + 2 * step, "vector": [0, 1], "n": 2}])
        if step % 8 == 0:
            other.flush(name)
        step += 1
    iterator.close()
    assert seen == [(i, 0) for i in range(0, 4000, 2)]
