"""Namespaces: tenants of one collection see, change and delete their own rows only."""

import struct
import threading

import grpc
import pytest
from pymilvus import DataType, MilvusException
from pymilvus.grpc_gen import common_pb2, milvus_pb2, milvus_pb2_grpc, schema_pb2
from rows import create, index_of, simple_schema

DIM = 4
UNSET = "namespace data is not set but namespace enabled"


def stub_of(server):
    return milvus_pb2_grpc.MilvusServiceStub(grpc.insecure_channel(server.address))


def numbers(name, values):
    column = schema_pb2.FieldData(field_name=name, type=schema_pb2.Int64)
    column.scalars.long_data.data.extend(values)
    return column


def vectors(values):
    column = schema_pb2.FieldData(field_name="vector", type=schema_pb2.FloatVector)
    column.vectors.dim = DIM
    for value in values:
        column.vectors.float_vector.data.extend([float(value)] * DIM)
    return column


def namespaced_schema(**arguments):
    schema = simple_schema(dim=DIM, enable_namespace=True, **arguments)
    schema.add_field("n", DataType.INT64)
    schema.add_field("m", DataType.INT64, nullable=True)
    return schema


class Tenant:
    """One namespace of one collection (None: requests that name none)."""

    def __init__(self, stub, collection, namespace):
        self.stub, self.collection, self.namespace = stub, collection, namespace

    def _send(self, call, request):
        reply = getattr(self.stub, call)(request)
        if reply.status.code != 0:
            raise MilvusException(reply.status.code, reply.status.reason)
        return reply

    def put(self, values, call="Insert"):
        """A row for each key with its n; the vector is n too."""
        request = milvus_pb2.UpsertRequest if call == "Upsert" else milvus_pb2.InsertRequest
        return self._send(call, request(
            collection_name=self.collection, namespace=self.namespace, num_rows=len(values),
            fields_data=[numbers("id", values), numbers("n", values.values()), vectors(values.values())]))

    def upsert(self, values):
        return self.put(values, "Upsert")

    def update(self, field, values):
        return self._send("Upsert", milvus_pb2.UpsertRequest(
            collection_name=self.collection, namespace=self.namespace, num_rows=len(values), partial_update=True,
            fields_data=[numbers("id", values), numbers(field, values.values())]))

    def delete(self, filter):
        return self._send("Delete", milvus_pb2.DeleteRequest(collection_name=self.collection, expr=filter,
                                                             namespace=self.namespace))

    def query(self, filter, fields, **params):
        request = milvus_pb2.QueryRequest(collection_name=self.collection, expr=filter, output_fields=fields,
                                          namespace=self.namespace, consistency_level=common_pb2.Strong)
        for key, value in params.items():
            request.query_params.add(key=key, value=str(value))
        return self._send("Query", request).fields_data

    def rows(self, filter="id >= 0", field="n"):
        columns = {column.field_name: column.scalars.long_data.data for column in self.query(filter, ["id", field])}
        return dict(zip(columns["id"], columns[field]))

    def count(self, filter=""):
        return self.query(filter, ["count(*)"])[0].scalars.long_data.data[0]

    def search(self, limit=10, filter="", ids=None, **params):
        """The keys of the rows next to the vector 0, or to the vector of the row with the key `ids`."""
        request = milvus_pb2.SearchRequest(collection_name=self.collection, dsl=filter, nq=1,
                                           dsl_type=common_pb2.BoolExprV1, namespace=self.namespace,
                                           consistency_level=common_pb2.Strong)
        if ids is None:
            group = common_pb2.PlaceholderGroup()
            group.placeholders.add(tag="$0", type=common_pb2.FloatVector, values=[struct.pack("<4f", 0, 0, 0, 0)])
            request.placeholder_group = group.SerializeToString()
        else:
            request.ids.int_id.data.extend(ids)
        for key, value in ({"anns_field": "vector", "topk": limit, "params": "{}"} | params).items():
            request.search_params.add(key=key, value=str(value))
        return list(self._send("Search", request).results.ids.int_id.data)


SHARDED = {"namespace.sharding.enabled": "true"}


@pytest.fixture(params=[(1, {}), (16, {}), (2, {"num_shards": 3, "properties": SHARDED})],
                ids=["one_partition", "many_partitions", "sharded"])
def tenants(request, client, stub, name):
    partitions, arguments = request.param
    create(client, name, namespaced_schema(), num_partitions=partitions, **arguments)
    return [Tenant(stub, name, namespace) for namespace in ("red", "green", "blue")]


def three_tenants(client, tenants, flushed):
    """The same ten keys in each, n different."""
    for i, tenant in enumerate(tenants):
        tenant.put({key: 100 * i + key for key in range(10)})
    if flushed:
        client.flush(tenants[0].collection)


@pytest.mark.parametrize("flushed", [False, True], ids=["growing", "sealed"])
def test_reads_stay_within_the_namespace(client, tenants, flushed):
    three_tenants(client, tenants, flushed)
    for i, tenant in enumerate(tenants):
        assert tenant.rows() == {key: 100 * i + key for key in range(10)}
        assert tenant.count() == 10 and tenant.count("n % 2 == 0") == 5
        assert tenant.rows("id in [3, 4] or n == 7") == {key: 100 * i + key
                                                        for key in ([3, 4, 7] if i == 0 else [3, 4])}
        assert tenant.search(limit=30) == list(range(10))
        assert tenant.search(limit=30, filter="id > 6") == [7, 8, 9]
        assert tenant.search(limit=2, ids=[9]) == [9, 8]
        total = tenant.query("", ["sum(n)", "count(n)"], limit=1)
        assert [column.scalars.long_data.data[0] for column in total] == [sum(tenant.rows().values()), 10]
        ordered = tenant.query("", ["n"], limit=3, order_by_fields="n:desc")
        assert list(ordered[0].scalars.long_data.data) == [100 * i + key for key in (9, 8, 7)]
    nobody = Tenant(tenants[0].stub, tenants[0].collection, "nobody")
    assert nobody.rows() == {} and nobody.search() == [] and nobody.count() == 0


@pytest.mark.parametrize("flushed", [False, True], ids=["growing", "sealed"])
def test_writes_by_key_stay_within_the_namespace(client, tenants, flushed):
    three_tenants(client, tenants, flushed)
    red, green, blue = tenants
    old = blue.rows()
    assert red.upsert({1: -1, 50: -50}).upsert_cnt == 2
    assert red.delete("id in [2, 3]").delete_cnt == 2
    green.delete("id == 4")
    green.delete("n < 107 and id > 4")
    blue.delete("id in [777]")
    assert red.rows() == {key: key for key in range(10) if key not in (1, 2, 3)} | {1: -1, 50: -50}
    assert green.rows() == {key: 100 + key for key in range(10) if key not in (4, 5, 6)}
    assert blue.rows() == old
    client.flush(red.collection)
    green.upsert({1: 5, 4: 6})
    blue.delete("id >= 0")
    assert red.rows() == {key: key for key in range(10) if key not in (1, 2, 3)} | {1: -1, 50: -50}
    assert green.rows("id < 5") == {0: 100, 1: 5, 2: 102, 3: 103, 4: 6}
    assert blue.count() == 0


def test_partial_updates_stay_within_the_namespace(client, tenants):
    three_tenants(client, tenants, flushed=False)
    red, green, blue = tenants
    green.update("m", {3: 33})
    client.flush(red.collection)
    green.update("n", {3: 44})
    assert green.rows("id == 3") == {3: 44} and green.rows("id == 3", "m") == {3: 33}
    assert red.rows("id == 3") == {3: 3} and red.rows("m is not null") == {}
    assert blue.rows("id == 3") == {3: 203}
    red.put({77: 7})
    with pytest.raises(MilvusException, match="needs all required fields"):
        green.update("m", {77: 1})


def test_updates_of_one_key_in_two_namespaces_do_not_lose_each_other(server, client, tenants):
    three_tenants(client, tenants, flushed=False)
    rounds = 15

    def work(namespace, field):
        mine = Tenant(stub_of(server), tenants[0].collection, namespace)
        for value in range(1, rounds + 1):
            mine.update(field, {5: value})

    workers = [threading.Thread(target=work, args=(tenant.namespace, field))
               for tenant in tenants[:2] for field in ("n", "m")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for tenant in tenants[:2]:
        assert tenant.rows("id == 5") == {5: rounds} and tenant.rows("id == 5", "m") == {5: rounds}
    assert tenants[2].rows("id == 5") == {5: 205}


def test_kill_and_restart_keep_the_namespaces(own_server, name):
    client = own_server.client()
    create(client, name, namespaced_schema(), num_partitions=1)

    def tenants():
        return [Tenant(stub_of(own_server), name, namespace) for namespace in ("red", "green", "blue")]

    three_tenants(client, tenants(), flushed=True)
    red, green, _ = tenants()
    red.delete("id in [1, 2]")
    client.flush(name)  # these deletes stand in a file, the next ones in the log
    red.upsert({3: -3})
    green.delete("id == 1")
    green.put({60: 6})
    red.put({60: 7})
    green.delete("id == 60")
    expected = [{key: key for key in range(10) if key not in (1, 2, 3)} | {3: -3, 60: 7},
                {key: 100 + key for key in range(10) if key != 1}, {key: 200 + key for key in range(10)}]
    for _ in range(2):
        assert [tenant.rows() for tenant in tenants()] == expected
        own_server.kill()
        own_server.start()
        own_server.client().load_collection(name)
    assert [tenant.rows() for tenant in tenants()] == expected


def test_a_delete_in_many_steps_stays_within_the_namespace(client, stub, name):
    create(client, name, namespaced_schema(), num_partitions=1)
    red, green = (Tenant(stub, name, namespace) for namespace in ("red", "green"))
    for begin in range(0, 140_000, 20_000):
        for tenant in (red, green):
            tenant.put({key: key for key in range(begin, begin + 20_000)})
    assert red.delete("n >= 10").delete_cnt == 139_990
    assert red.count() == 10 and green.count() == 140_000


def test_requests_without_a_namespace_are_refused(tenants, post):
    unnamed = Tenant(tenants[0].stub, tenants[0].collection, None)
    for call in (lambda t: t.put({1: 1}), lambda t: t.upsert({1: 1}), lambda t: t.update("n", {1: 1}),
                 lambda t: t.delete("id == 1"), lambda t: t.delete("n > 1"), lambda t: t.rows(),
                 lambda t: t.count(), lambda t: t.search(), lambda t: t.search(ids=[1])):
        with pytest.raises(MilvusException, match=UNSET) as error:
            call(unnamed)
        assert error.value.code == 1100
    for path, body in (("query", {"filter": "id > 0"}), ("get", {"id": [1]}), ("delete", {"filter": "id == 1"}),
                       ("search", {"data": [[0.0] * DIM], "limit": 1}),
                       ("insert", {"data": [{"id": 1, "n": 1, "vector": [0.0] * DIM}]}),
                       ("upsert", {"data": [{"id": 1, "n": 1, "vector": [0.0] * DIM}]})):
        answer = post(f"entities/{path}", {"collectionName": tenants[0].collection} | body)
        assert answer["code"] == 1100 and UNSET in answer["message"], (path, answer)


@pytest.mark.parametrize("bad, phrase", [("", "should not be empty"), ("a b", "can only contain"), ("-a", "first char"),
                                         ("x" * 256, "must be less than 255")])
def test_names_follow_the_rules_of_partitions(tenants, bad, phrase):
    tenant = Tenant(tenants[0].stub, tenants[0].collection, bad)
    for call in (lambda: tenant.put({1: 1}), tenant.rows, tenant.search, lambda: tenant.delete("id == 1")):
        with pytest.raises(MilvusException, match=phrase) as error:
            call()
        assert error.value.code == 1100
    longest = Tenant(tenants[0].stub, tenants[0].collection, "x" * 255)
    longest.put({1: 1})
    assert longest.rows() == {1: 1}


def test_the_field_of_the_namespace_is_hidden(client, tenants):
    three_tenants(client, tenants, flushed=False)
    red = tenants[0]
    described = client.describe_collection(red.collection)
    assert [field["name"] for field in described["fields"]] == ["id", "vector", "n", "m"]
    assert described["enable_namespace"] is True
    assert {column.field_name for column in red.query("id == 1", ["*"])} == {"id", "vector", "n", "m"}
    with pytest.raises(MilvusException, match="not exist"):
        red.query("id == 1", ["$namespace_id"])
    with pytest.raises(MilvusException, match="cannot parse expression"):
        red.rows('$namespace_id == "green"')
    column = schema_pb2.FieldData(field_name="$namespace_id", type=schema_pb2.VarChar)
    column.scalars.string_data.data.append("green")
    reply = red.stub.Insert(milvus_pb2.InsertRequest(
        collection_name=red.collection, namespace="red", num_rows=1,
        fields_data=[numbers("id", [99]), numbers("n", [1]), vectors([1]), column]))
    assert reply.status.code == 1100 and "not exist" in reply.status.reason
    with pytest.raises(MilvusException):
        client.drop_collection_field(red.collection, "$namespace_id")
    with pytest.raises(MilvusException):
        client.create_index(red.collection, index_of("$namespace_id", index_type="INVERTED"))


def test_fields_added_and_dynamic_keys(client, stub, name):
    create(client, name, namespaced_schema(), num_partitions=2)
    red, green = (Tenant(stub, name, namespace) for namespace in ("red", "green"))
    red.put({1: 1})
    client.add_collection_field(name, "late", DataType.INT64, nullable=True, default_value=5)
    client.alter_collection_properties(name, {"dynamicfield.enabled": True})
    green.put({1: 2})
    assert red.rows("late == 5") == {1: 1} and green.rows("late == 5") == {1: 2}
    assert {column.field_name for column in red.query("id == 1", ["*"])} == {"id", "vector", "n", "m", "late", "$meta"}
    assert red.rows('$meta["$namespace_id"] == "red"') == {}
    client.truncate_collection(name)
    assert red.count() == 0
    red.put({1: 3})
    assert red.rows() == {1: 3} and green.rows() == {}


def test_samples_and_expiry_are_within_the_namespace(client, stub, name):
    schema = simple_schema(dim=DIM, enable_namespace=True)
    schema.add_field("n", DataType.INT64)
    schema.add_field("until", DataType.TIMESTAMPTZ, nullable=True)
    create(client, name, schema, num_partitions=1, properties={"ttl_field": "until"})
    red, green = (Tenant(stub, name, namespace) for namespace in ("red", "green"))
    red.put({key: 1 for key in range(400)})
    green.put({key: 2 for key in range(400)})
    sample = red.rows("random_sample(0.5)")
    assert 100 < len(sample) < 300 and set(sample.values()) == {1}
    sample = red.rows("id < 200 and random_sample(0.5)")
    assert 50 < len(sample) < 150 and set(sample.values()) == {1} and max(sample) < 200


def test_with_isolation_the_namespace_is_the_one_key(client, stub, name):
    create(client, name, namespaced_schema(), num_partitions=2, properties={"partitionkey.isolation": "true"})
    red, green = (Tenant(stub, name, namespace) for namespace in ("red", "green"))
    red.put({1: 1})
    green.put({2: 1})
    assert red.search() == [1] and green.search(filter="n == 1 or n == 2") == [2]


def test_partitions_are_those_of_a_partition_key(client, name):
    client.create_collection(name, schema=namespaced_schema())
    assert len(client.list_partitions(name)) == 16
    with pytest.raises(MilvusException, match="partition key mode is used"):
        client.create_partition(name, "p")


def test_a_partition_for_each_namespace(server, client, name):
    create(client, name, namespaced_schema(), properties={"namespace.mode": "partition"})
    for namespace in ("a", "b"):
        client.create_partition(name, namespace)
    assert sorted(client.list_partitions(name)) == ["_default", "a", "b"]
    stub = stub_of(server)
    a, b, nobody = (Tenant(stub, name, namespace) for namespace in ("a", "b", "nobody"))
    a.put({1: 10, 2: 20})
    client.flush(name)
    a.put({3: 30})
    b.put({1: 11, 2: 21})
    assert a.rows() == {1: 10, 2: 20, 3: 30} and b.rows() == {1: 11, 2: 21} and nobody.rows() == {}
    a.upsert({1: 12})
    b.delete("id == 2")
    a.delete("n > 25")
    a.update("m", {2: 5})
    assert a.rows() == {1: 12, 2: 20} and b.rows() == {1: 11} and a.rows(field="m")[2] == 5
    assert client.get_partition_stats(name, "b")["row_count"] >= 1
    with pytest.raises(MilvusException, match="partition not found") as error:
        nobody.put({1: 1})
    assert error.value.code == 200
    reply = stub.Insert(milvus_pb2.InsertRequest(
        collection_name=name, namespace="a", partition_name="b", num_rows=1,
        fields_data=[numbers("id", [9]), numbers("n", [9]), vectors([9])]))
    assert reply.status.code == 1100 and "is not that of namespace a" in reply.status.reason
    client.release_partitions(name, ["b"])
    client.drop_partition(name, "b")
    assert a.rows() == {1: 12, 2: 20}


@pytest.mark.parametrize("properties, phrase", [
    ({"namespace.mode": "other"}, "invalid value of property namespace.mode"),
    ({"namespace.created.red": "7"}, "namespaces are made with CreateNamespace"),
    ({"namespace.sharding.enabled": "maybe"}, "invalid value of property namespace.sharding.enabled"),
    ({"collection.uniquePrimaryKey": "true"}, "a key may stand in each namespace")])
def test_properties_that_are_refused(client, name, properties, phrase):
    with pytest.raises(MilvusException, match=phrase) as error:
        client.create_collection(name, schema=namespaced_schema(), properties=properties)
    assert error.value.code == 1100
    assert not client.has_collection(name)


def test_the_mode_is_described_and_fixed(client, name):
    client.create_collection(name, schema=namespaced_schema(),
                             properties={"namespace.mode": "partition_key", "namespace.sharding.enabled": "false"})
    assert client.describe_collection(name)["properties"]["namespace.mode"] == "partition_key"
    for change in ({"namespace.mode": "partition"}, SHARDED):
        with pytest.raises(MilvusException, match="fixed when the collection is created"):
            client.alter_collection_properties(name, change)
    with pytest.raises(MilvusException, match="namespaces are made with CreateNamespace"):
        client.alter_collection_properties(name, {"namespace.created.red": "7"})
    with pytest.raises(MilvusException, match="fixed when the collection is created"):
        client.drop_collection_properties(name, ["namespace.mode"])


def test_a_partition_key_besides_is_refused(client, name):
    schema = namespaced_schema()
    schema.add_field("tenant", DataType.INT64, is_partition_key=True)
    with pytest.raises(MilvusException, match="namespace and partition key cannot be used at the same time"):
        client.create_collection(name, schema=schema)


def test_the_python_client_sends_namespaces(client, name):
    create(client, name, namespaced_schema())
    for i, namespace in enumerate(("red", "green")):
        client.insert(name, [{"id": 1, "n": i, "vector": [0.0] * DIM}], namespace=namespace)
    assert client.query(name, filter="id == 1", output_fields=["n"], namespace="green",
                        consistency_level="Strong") == [{"id": 1, "n": 1}]
    hits = client.search(name, [[0.0] * DIM], limit=5, output_fields=["n"], namespace="red",
                         consistency_level="Strong")[0]
    assert [hit["entity"]["n"] for hit in hits] == [0]


def test_iterators_and_elements_stay_within_the_namespace(client, name):
    schema = namespaced_schema()
    parts = client.create_struct_field_schema()
    parts.add_field("a", DataType.INT64)
    schema.add_field("parts", DataType.ARRAY, element_type=DataType.STRUCT, struct_schema=parts, max_capacity=4)
    create(client, name, schema, num_partitions=1)
    for i, namespace in enumerate(("red", "green")):
        client.insert(name, [{"id": key, "n": i, "vector": [float(key)] * DIM,
                              "parts": [{"a": key % 3}]} for key in range(300)], namespace=namespace)
    for filter in ("", "element_filter(parts, $[a] == 1)", "id >= 0 and element_filter(parts, $[a] == 1)"):
        rows = []
        iterator = client.query_iterator(name, batch_size=50, filter=filter, output_fields=["n"], namespace="green",
                                         consistency_level="Strong")
        while batch := iterator.next():
            rows.extend((row["id"], row["n"]) for row in batch)
        assert rows == [(key, 1) for key in range(300) if not filter or key % 3 == 1]
    hits = client.search(name, [[0.0] * DIM], anns_field="vector", limit=400, output_fields=["n"], namespace="red",
                         filter="element_filter(parts, $[a] == 1)", consistency_level="Strong")[0]
    assert [(hit["id"], hit["entity"]["n"]) for hit in hits] == [(key, 0) for key in range(1, 300, 3)]


def ask(stub, call, **fields):
    return getattr(stub, call)(getattr(milvus_pb2, f"{call}Request")(**fields))


def test_namespaces_that_are_partitions_are_made_listed_and_dropped(stub, client, name):
    create(client, name, namespaced_schema(), properties={"namespace.mode": "partition"})
    for namespace in ("ash", "oak", "acer"):
        made = ask(stub, "CreateNamespace", collection_name=name, namespace_name=namespace)
        assert made.status.code == 0 and made.namespace.namespace_name == namespace
        assert made.namespace.collection_name == name and made.namespace.created_timestamp > 0
    again = ask(stub, "CreateNamespace", collection_name=name, namespace_name="oak")
    told = ask(stub, "DescribeNamespace", collection_name=name, namespace_name="oak")
    assert again.status.code == told.status.code == 0
    assert again.namespace.created_timestamp == told.namespace.created_timestamp
    tenant = Tenant(stub, name, "oak")
    tenant.put({1: 1, 2: 2})
    for exact in (True, False):
        counted = ask(stub, "GetNamespaceStats", collection_name=name, namespace_name="oak", exact=exact)
        assert counted.status.code == 0 and counted.stats.entity_count == 2

    def listed(**fields):
        page = ask(stub, "ListNamespaces", collection_name=name, **fields)
        assert page.status.code == 0
        return [info.namespace_name for info in page.namespaces], page.next_page_token

    assert listed() == (["acer", "ash", "oak"], "")
    first, token = listed(page_size=2)
    assert first == ["acer", "ash"] and listed(page_size=2, page_token=token) == (["oak"], "")
    assert listed(prefix="a") == (["acer", "ash"], "")
    for _ in range(2):
        assert ask(stub, "DropNamespace", collection_name=name, namespace_name="oak").status.code == 0
    assert listed()[0] == ["acer", "ash"] and tenant.rows() == {}
    assert not ask(stub, "HasNamespace", collection_name=name, namespace_name="oak").value
    assert ask(stub, "HasNamespace", collection_name=name, namespace_name="ash").value
    missing = ask(stub, "DescribeNamespace", collection_name=name, namespace_name="oak")
    assert missing.status.code == 200


def names_of(stub, name, **fields):
    page = ask(stub, "ListNamespaces", collection_name=name, **fields)
    assert page.status.code == 0, page.status.reason
    return [info.namespace_name for info in page.namespaces], page.next_page_token


def test_namespaces_that_are_rows_are_listed_counted_and_dropped(stub, client, tenants):
    name = tenants[0].collection
    red, green, blue = tenants
    assert names_of(stub, name) == ([], "")
    red.put({-5: 1, 2: 2, 3: 3})
    client.flush(name)
    green.put({2: 8})
    blue.put({2: 7})
    assert ask(stub, "DescribeNamespace", collection_name=name, namespace_name="red").namespace.namespace_name == "red"
    assert ask(stub, "GetNamespaceStats", collection_name=name, namespace_name="red").stats.entity_count == 3
    assert names_of(stub, name) == (["blue", "green", "red"], "")
    first, token = names_of(stub, name, page_size=2)
    assert first == ["blue", "green"] and names_of(stub, name, page_size=2, page_token=token) == (["red"], "")
    assert names_of(stub, name, prefix="gr") == (["green"], "")
    assert names_of(stub, name, prefix="b", page_token="blue") == ([], "")
    green.delete("id == 2")
    assert names_of(stub, name) == (["blue", "red"], "")
    for _ in range(2):
        assert ask(stub, "DropNamespace", collection_name=name, namespace_name="red").status.code == 0
    assert red.rows("id >= -10") == {} and blue.rows() == {2: 7}
    assert not ask(stub, "HasNamespace", collection_name=name, namespace_name="red").value
    assert names_of(stub, name) == (["blue"], "")
    client.release_collection(name)
    for call, fields in (("ListNamespaces", {}), ("DropNamespace", {"namespace_name": "blue"})):
        assert ask(stub, call, collection_name=name, **fields).status.code == 101, call
    client.load_collection(name)
    assert blue.rows() == {2: 7}


def test_a_namespace_made_by_name_is_there_without_rows(own_server, name):
    client, stub = own_server.client(), stub_of(own_server)
    create(client, name, namespaced_schema())
    red = Tenant(stub, name, "red")
    made = ask(stub, "CreateNamespace", collection_name=name, namespace_name="red")
    assert made.status.code == 0 and made.namespace.created_timestamp > 0
    again = ask(stub, "CreateNamespace", collection_name=name, namespace_name="red")
    assert again.namespace.created_timestamp == made.namespace.created_timestamp
    create(client, name, namespaced_schema())  # the same definition is no other collection
    assert red.count() == 0
    Tenant(stub, name, "blue").put({1: 1})
    own_server.kill()
    own_server.start()
    client, stub = own_server.client(), stub_of(own_server)
    assert ask(stub, "HasNamespace", collection_name=name, namespace_name="red").value
    told = ask(stub, "DescribeNamespace", collection_name=name, namespace_name="red").namespace
    assert told.created_timestamp == made.namespace.created_timestamp
    assert ask(stub, "DescribeNamespace", collection_name=name, namespace_name="blue").namespace.created_timestamp == 0
    assert names_of(stub, name)[0] == ["blue", "red"]
    assert ask(stub, "GetNamespaceStats", collection_name=name, namespace_name="red").stats.entity_count == 0
    shown = client.describe_collection(name)
    assert not any("created" in key for key in shown["properties"]), "namespaces are no properties to clients"
    red = Tenant(stub, name, "red")
    red.put({1: 5})
    assert ask(stub, "DropNamespace", collection_name=name, namespace_name="red").status.code == 0
    assert red.rows() == {} and names_of(stub, name)[0] == ["blue"]
    assert not ask(stub, "HasNamespace", collection_name=name, namespace_name="red").value
    bad = ask(stub, "CreateNamespace", collection_name=name, namespace_name="a b").status
    assert bad.code == 1100


def test_with_sharding_the_rows_of_a_namespace_lie_in_one_shard(client, stub, name):
    create(client, name, namespaced_schema(), num_partitions=1, num_shards=4, properties=SHARDED)
    tenants = [Tenant(stub, name, f"tenant{number}") for number in range(12)]
    for number, tenant in enumerate(tenants):
        tenant.put({key: number for key in range(50)})
        client.flush(name)
        assert len(client.list_persistent_segments(name)) == number + 1, "one segment for all rows of the namespace"
    for number, tenant in enumerate(tenants):
        assert tenant.rows() == {key: number for key in range(50)}
    assert client.get_collection_stats(name)["row_count"] == 12 * 50
    assert sorted(names_of(stub, name)[0]) == sorted(tenant.namespace for tenant in tenants)


def test_a_namespace_of_text_keys_is_dropped(client, stub, name):
    schema = client.create_schema(enable_namespace=True)
    schema.add_field("id", DataType.VARCHAR, max_length=20, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
    create(client, name, schema)
    keys = schema_pb2.FieldData(field_name="id", type=schema_pb2.VarChar)
    keys.scalars.string_data.data.extend(["", "a", "\u00e4"])
    reply = stub.Insert(milvus_pb2.InsertRequest(collection_name=name, namespace="red", num_rows=3,
                                                 fields_data=[keys, vectors([1, 2, 3])]))
    assert reply.status.code == 0
    assert Tenant(stub, name, "red").count() == 3
    assert ask(stub, "DropNamespace", collection_name=name, namespace_name="red").status.code == 0
    assert Tenant(stub, name, "red").count() == 0


def test_a_collection_without_namespaces_has_none_to_ask_for(stub, client, name):
    create(client, name, simple_schema(dim=DIM))
    for call in ("CreateNamespace", "DescribeNamespace", "HasNamespace", "DropNamespace", "GetNamespaceStats",
                 "ListNamespaces"):
        fields = {} if call == "ListNamespaces" else {"namespace_name": "red"}
        status = ask(stub, call, collection_name=name, **fields).status
        assert status.code == 1100 and "namespace is not enabled" in status.reason, call
