"""How many rows there are, of a collection, a partition and a namespace: count(*) and the statistics against a model,
while rows come, move, go and expire."""

import random

import pytest
from pymilvus import DataType, MilvusException
from pymilvus.grpc_gen import milvus_pb2
from rows import create, simple_schema
from test_namespaces import Tenant, namespaced_schema

PARTITIONS = ("_default", "p1", "p2")
DIM = 2


def row(key, until=None):
    return {"id": key, "vector": [float(key), 0.0], "n": key % 7, "until": until}


def schema():
    made = simple_schema(dim=DIM)
    made.add_field("n", DataType.INT64)
    made.add_field("until", DataType.TIMESTAMPTZ, nullable=True)
    return made


def count(client, name, filter="", **arguments):
    return client.query(name, filter=filter, output_fields=["count(*)"], consistency_level="Strong",
                        **arguments)[0]["count(*)"]


class Model:
    """The rows of a collection by partition (or namespace): key -> partition, n."""

    def __init__(self):
        self.rows = {}

    def of(self, place=None):
        return [key for key, at in self.rows.items() if place is None or at == place]


def check(client, name, model, empty=()):
    for place in PARTITIONS:
        if place in empty:
            continue
        keys = model.of(place)
        assert count(client, name, partition_names=[place]) == len(keys), place
        assert count(client, name, "n in [2, 5]", partition_names=[place]) == sum(key % 7 in (2, 5) for key in keys)
        assert client.get_partition_stats(name, place)["row_count"] == len(keys), place
    assert count(client, name) == client.get_collection_stats(name)["row_count"] == len(model.rows)
    two = [place for place in PARTITIONS[1:] if place not in empty]
    assert count(client, name, partition_names=two) == sum(len(model.of(place)) for place in two)


@pytest.mark.parametrize("shards", [1, 3])
def test_partitions(client, name, shards):
    create(client, name, schema(), num_shards=shards)
    for place in PARTITIONS[1:]:
        client.create_partition(name, place)
    dice = random.Random(shards)
    model = Model()
    fresh = iter(range(10**9))
    for _ in range(16):
        place = dice.choice(PARTITIONS)
        known = dice.sample(sorted(model.rows), min(20, len(model.rows)))
        what = dice.choice(["insert", "insert", "upsert", "delete", "delete in", "delete by", "flush", "compact"])
        if what == "insert":
            keys = [next(fresh) for _ in range(dice.randrange(1, 120))]
            client.insert(name, [row(key) for key in keys], partition_name=place)
            model.rows |= dict.fromkeys(keys, place)
        elif what == "upsert":  # moves rows from wherever they are, and makes some
            keys = known + [next(fresh) for _ in range(5)]
            client.upsert(name, [row(key) for key in keys], partition_name=place)
            model.rows |= dict.fromkeys(keys, place)
        elif what == "delete":
            client.delete(name, ids=known + [10**9])
            for key in known:
                del model.rows[key]
        elif what == "delete in":  # rows of other partitions stay
            client.delete(name, ids=known or [10**9], partition_name=place)
            for key in known:
                if model.rows[key] == place:
                    del model.rows[key]
        elif what == "delete by":
            digit = dice.randrange(7)
            client.delete(name, filter=f"n == {digit}", partition_name=place)
            for key in model.of(place):
                if key % 7 == digit:
                    del model.rows[key]
        elif what == "flush":
            client.flush(name)
        else:
            client.flush(name)
            client.compact(name)
        check(client, name, model)
    client.release_partitions(name, ["p2"])
    client.drop_partition(name, "p2")
    for key in model.of("p2"):
        del model.rows[key]
    check(client, name, model, empty=("p2",))
    with pytest.raises(MilvusException, match="partition not found"):
        client.get_partition_stats(name, "p2")
    client.truncate_collection(name)
    model.rows.clear()
    check(client, name, model, empty=("p2",))


def test_expired_rows_are_not_counted(client, name):
    """The statistics count an expired row until a compaction takes it out."""
    create(client, name, schema(), properties={"ttl_field": "until"})
    client.create_partition(name, "p1")
    past, future = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"
    for place, start in (("_default", 0), ("p1", 1000)):
        client.insert(name, [row(start + i, (past, future, None)[i % 3]) for i in range(90)], partition_name=place)
    for flushed in (False, True):
        if flushed:
            client.flush(name)
        assert count(client, name) == 120 and count(client, name, partition_names=["p1"]) == 60
        assert client.get_collection_stats(name)["row_count"] == 180
        assert client.get_partition_stats(name, "p1")["row_count"] == 90
    client.upsert(name, [row(1000, future)], partition_name="p1")  # an expired row comes back
    client.delete(name, ids=[1, 3])  # one that is alive, one that is not
    assert count(client, name) == 120 and count(client, name, partition_names=["p1"]) == 61
    assert client.get_collection_stats(name)["row_count"] == 178


@pytest.mark.parametrize("properties", [{}, {"namespace.mode": "partition"}, {"namespace.sharding.enabled": "true"}],
                         ids=["rows", "partitions", "sharded"])
def test_namespaces(client, stub, name, properties):
    create(client, name, namespaced_schema(), num_shards=2, properties=properties)
    tenants = [Tenant(stub, name, namespace) for namespace in ("red", "blue", "green")]
    for tenant in tenants:
        made = stub.CreateNamespace(milvus_pb2.CreateNamespaceRequest(collection_name=name,
                                                                      namespace_name=tenant.namespace))
        assert made.status.code == 0
    dice = random.Random(3)
    models = [{} for _ in tenants]
    for step in range(10):
        number = dice.randrange(len(tenants))
        tenant, rows = tenants[number], models[number]
        keys = dice.sample(range(300), dice.randrange(1, 80))  # the same in every namespace
        what = dice.choice(["upsert", "upsert", "delete", "delete by", "flush"])
        if what == "upsert":
            tenant.upsert({key: key % 7 for key in keys})
            rows |= {key: key % 7 for key in keys}
        elif what == "delete":
            tenant.delete(f"id in {keys}")
            for key in keys:
                rows.pop(key, None)
        elif what == "delete by":
            tenant.delete("n < 3")
            models[number] = {key: n for key, n in rows.items() if n >= 3}
        else:
            client.flush(name)
        for tenant, rows in zip(tenants, models):
            assert tenant.count() == len(rows), (step, tenant.namespace)
            assert tenant.count("n == 4") == sum(n == 4 for n in rows.values())
            for exact in (True, False):
                stats = stub.GetNamespaceStats(milvus_pb2.GetNamespaceStatsRequest(
                    collection_name=name, namespace_name=tenant.namespace, exact=exact)).stats
                assert stats.entity_count == len(rows), (step, tenant.namespace, exact)
        total = sum(map(len, models))
        assert client.get_collection_stats(name)["row_count"] == total
        per_partition = [client.get_partition_stats(name, place)["row_count"] for place in client.list_partitions(name)]
        assert sum(per_partition) == total
