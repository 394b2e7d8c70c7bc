"""Upserts that give some fields only, array operations, and concurrent updates of one row."""

import json
import threading
import urllib.request

import grpc
import pytest
from pymilvus import DataType, MilvusException
from pymilvus.grpc_gen import milvus_pb2, milvus_pb2_grpc, schema_pb2
from rows import count, create, simple_schema


@pytest.fixture
def table(client, name):
    schema = simple_schema()
    schema.enable_dynamic_field = True
    schema.add_field("n", DataType.INT64)
    schema.add_field("m", DataType.INT64, nullable=True)
    schema.add_field("tags", DataType.ARRAY, element_type=DataType.VARCHAR, max_capacity=4, max_length=9,
                     nullable=True)
    create(client, name, schema)
    client.insert(name, [{"id": i, "vector": [float(i)] * 8, "n": i, "m": 10, "tags": ["a", "b"], "color": "red"}
                         for i in range(4)])
    return name


def row(client, name, key):
    return client.query(name, filter=f"id == {key}", output_fields=["*"], consistency_level="Strong")[0]


def test_given_fields_are_laid_over_the_row(client, table):
    client.flush(table)
    client.upsert(table, [{"id": 1, "n": 100, "size": 5}], partial_update=True)
    updated = row(client, table, 1)
    assert updated["n"] == 100 and updated["m"] == 10 and updated["tags"] == ["a", "b"]
    assert updated["color"] == "red" and updated["size"] == 5
    assert updated["vector"] == [1.0] * 8
    client.upsert(table, [{"id": 1, "m": None}], partial_update=True)
    assert row(client, table, 1)["m"] is None and row(client, table, 1)["n"] == 100
    assert count(client, table) == 4


def test_a_new_row_needs_all_required_fields(client, table):
    with pytest.raises(MilvusException, match="needs all required fields"):
        client.upsert(table, [{"id": 99, "m": 1}], partial_update=True)
    client.upsert(table, [{"id": 99, "n": 1, "vector": [0.0] * 8}], partial_update=True)
    assert row(client, table, 99)["m"] is None
    with pytest.raises(MilvusException, match="duplicate primary keys"):
        client.upsert(table, [{"id": 1, "n": 1}, {"id": 1, "n": 2}], partial_update=True)


def rest(server, path, body):
    request = urllib.request.Request(f"{server.uri}/v2/vectordb/{path}", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request))


def test_array_operations_and_partial_updates_over_rest(client, server, table):
    def upsert(data, **more):
        return rest(server, "entities/upsert", {"collectionName": table, "data": data} | more)

    assert upsert([{"id": 1, "tags": ["c"]}], fieldOps=[{"fieldName": "tags", "op": "ARRAY_APPEND"}])["code"] == 0
    assert row(client, table, 1)["tags"] == ["a", "b", "c"]
    assert upsert([{"id": 1, "tags": ["a", "c"]}], fieldOps=[{"fieldName": "tags", "op": "ARRAY_REMOVE"}])["code"] == 0
    assert row(client, table, 1)["tags"] == ["b"]
    assert upsert([{"id": 1, "tags": ["c", "d", "e", "f"]}],
                  fieldOps=[{"fieldName": "tags", "op": "ARRAY_APPEND"}])["code"] == 1100
    assert upsert([{"id": 1, "n": 3}], fieldOps=[{"fieldName": "n", "op": "ARRAY_APPEND"}])["code"] == 1100
    assert upsert([{"id": 2, "n": 77}], partialUpdate=True)["code"] == 0
    assert row(client, table, 2)["n"] == 77 and row(client, table, 2)["m"] == 10


def test_no_update_is_lost(server, client, table):
    fields = [f"c{i}" for i in range(4)]
    rounds = 15

    def work(field):
        mine = server.client()
        for value in range(1, rounds + 1):
            mine.upsert(table, [{"id": 3, field: value}], partial_update=True)

    workers = [threading.Thread(target=work, args=(field,)) for field in fields]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    updated = row(client, table, 3)
    assert [updated[field] for field in fields] == [rounds] * 4
    assert updated["color"] == "red" and count(client, table) == 4


def test_a_changed_partition_key_moves_the_row(client, name):
    schema = simple_schema()
    schema.add_field("tenant", DataType.INT64, is_partition_key=True)
    create(client, name, schema)
    client.insert(name, [{"id": 1, "vector": [1.0] * 8, "tenant": 1}])
    client.upsert(name, [{"id": 1, "tenant": 2}], partial_update=True)
    assert count(client, name, "tenant == 2") == 1
    assert count(client, name, "tenant == 1") == 0


# ---- field_ops over gRPC

Ops = schema_pb2.FieldPartialUpdateOp
KINDS = {  # element type, member of ScalarField, three values
    "BOOL": (DataType.BOOL, "bool_data", [True, False, True]),
    "INT8": (DataType.INT8, "int_data", [1, -2, 3]),
    "INT16": (DataType.INT16, "int_data", [1, -2, 3]),
    "INT32": (DataType.INT32, "int_data", [1, -2, 3]),
    "INT64": (DataType.INT64, "long_data", [1, -2, 1 << 40]),
    "FLOAT": (DataType.FLOAT, "float_data", [0.5, -2.0, 3.25]),
    "DOUBLE": (DataType.DOUBLE, "double_data", [0.5, -2.0, 1e300]),
    "VARCHAR": (DataType.VARCHAR, "string_data", ["x", "", "z"]),
}


def scalars(member, values):
    one = schema_pb2.ScalarField()
    getattr(one, member).data.extend(values)
    return one


def plain(name, data_type, member, values):
    return schema_pb2.FieldData(field_name=name, type=data_type, scalars=scalars(member, values))


def arrays(name, member, element_type, rows):
    """One array a row; None is null."""
    column = schema_pb2.FieldData(field_name=name, type=schema_pb2.Array)
    column.scalars.array_data.element_type = element_type
    for values in rows:
        if values is not None:
            column.scalars.array_data.data.append(scalars(member, values))
    if None in rows:
        column.valid_data.extend(values is not None for values in rows)
    return column


def tags(*rows):
    return arrays("tags", "string_data", schema_pb2.VarChar, rows)


def operate(stub, name, keys, *columns, ops=(), partial_update=False):
    """Upserts the columns; `ops` are (field, operation). The reply."""
    request = milvus_pb2.UpsertRequest(
        collection_name=name, num_rows=len(keys), partial_update=partial_update,
        fields_data=[plain("id", schema_pb2.Int64, "long_data", keys), *columns])
    for field, op in ops:
        request.field_ops.add(field_name=field, op=op)
    return stub.Upsert(request)


def done(*arguments, **named):
    reply = operate(*arguments, **named)
    assert reply.status.code == 0, reply.status
    return reply


@pytest.mark.parametrize("flushed", [False, True], ids=["growing", "sealed"])
def test_array_operations(client, stub, table, flushed):
    if flushed:
        client.flush(table)
    reply = done(stub, table, [1, 2], tags(["c"], ["b", "b"]), ops=[("tags", Ops.ARRAY_APPEND)])
    assert reply.upsert_cnt == 2 and list(reply.IDs.int_id.data) == [1, 2]
    assert row(client, table, 1)["tags"] == ["a", "b", "c"]
    assert row(client, table, 2)["tags"] == ["a", "b", "b", "b"]
    done(stub, table, [1, 2], tags(["a", "zz"], ["b"]), ops=[("tags", Ops.ARRAY_REMOVE)])
    assert row(client, table, 1)["tags"] == ["b", "c"]
    assert row(client, table, 2)["tags"] == ["a"], "every element that is equal goes"
    done(stub, table, [2], tags(["a"]), ops=[("tags", Ops.ARRAY_REMOVE)])
    assert row(client, table, 2)["tags"] == []
    whole = row(client, table, 1)
    assert whole["n"] == 1 and whole["m"] == 10 and whole["color"] == "red" and whole["vector"] == [1.0] * 8
    assert count(client, table) == 4


def test_operations_beside_plain_values(client, stub, table):
    numbers = plain("n", schema_pb2.Int64, "long_data", [70])
    done(stub, table, [1], numbers, tags(["c"]), ops=[("tags", Ops.ARRAY_APPEND), ("n", Ops.REPLACE)])
    assert row(client, table, 1)["n"] == 70 and row(client, table, 1)["tags"] == ["a", "b", "c"]
    done(stub, table, [1], tags(["new"]), ops=[("tags", Ops.REPLACE)], partial_update=True)
    assert row(client, table, 1)["tags"] == ["new"]


def test_replace_alone_is_a_plain_upsert(client, stub, table):
    reply = operate(stub, table, [1], tags(["new"]), ops=[("tags", Ops.REPLACE)])
    assert reply.status.code == 1100 and "has no corresponding fieldData pass in" in reply.status.reason


def test_operations_on_nulls(client, stub, table):
    client.upsert(table, [{"id": 1, "tags": None}, {"id": 2, "tags": ["a"]}], partial_update=True)
    done(stub, table, [1, 2], tags(["x"], None), ops=[("tags", Ops.ARRAY_APPEND)])
    assert row(client, table, 1)["tags"] == ["x"], "null and values: the values"
    assert row(client, table, 2)["tags"] == ["a"], "nothing is appended"
    client.upsert(table, [{"id": 1, "tags": None}], partial_update=True)
    done(stub, table, [1, 2], tags(["x"], None), ops=[("tags", Ops.ARRAY_REMOVE)])
    assert row(client, table, 1)["tags"] is None and row(client, table, 2)["tags"] == ["a"]


def test_operations_on_new_rows(client, stub, table):
    number, vector = plain("n", schema_pb2.Int64, "long_data", [8]), schema_pb2.FieldData(
        field_name="vector", type=schema_pb2.FloatVector)
    vector.vectors.dim = 8
    vector.vectors.float_vector.data.extend([0.0] * 8)
    done(stub, table, [88], number, vector, tags(["x"]), ops=[("tags", Ops.ARRAY_APPEND)])
    done(stub, table, [89], number, vector, tags(["x"]), ops=[("tags", Ops.ARRAY_REMOVE)])
    assert row(client, table, 88)["tags"] == ["x"] and row(client, table, 89)["tags"] == []
    reply = operate(stub, table, [90], tags(["x"]), ops=[("tags", Ops.ARRAY_APPEND)])
    assert reply.status.code == 1100 and "needs all required fields" in reply.status.reason
    assert count(client, table) == 6


@pytest.mark.parametrize("kind", KINDS)
def test_operations_of_every_element_type(client, stub, name, kind):
    element, member, values = KINDS[kind]
    schema = simple_schema()
    more = {"max_length": 9} if element == DataType.VARCHAR else {}
    schema.add_field("a", DataType.ARRAY, element_type=element, max_capacity=6, **more)
    create(client, name, schema)
    client.insert(name, [{"id": 1, "vector": [0.0] * 8, "a": values[:2]}])
    done(stub, name, [1], arrays("a", member, element, [values[2:]]), ops=[("a", Ops.ARRAY_APPEND)])
    assert row(client, name, 1)["a"] == values
    done(stub, name, [1], arrays("a", member, element, [values[1:2]]), ops=[("a", Ops.ARRAY_REMOVE)])
    assert row(client, name, 1)["a"] == [values[0], values[2]]
    done(stub, name, [1], arrays("a", member, element, [values[:1]]), ops=[("a", Ops.REPLACE)], partial_update=True)
    assert row(client, name, 1)["a"] == values[:1]


BAD_OPS = {
    "a field that is not there": ([("nope", Ops.ARRAY_APPEND)], [], "fieldName nope not exist"),
    "a field twice": ([("tags", Ops.ARRAY_APPEND), ("tags", Ops.ARRAY_REMOVE)], [tags(["x"])], "duplicated operation"),
    "no array": ([("n", Ops.ARRAY_APPEND)], [plain("n", schema_pb2.Int64, "long_data", [1])], "are for array fields"),
    "no values": ([("tags", Ops.ARRAY_APPEND)], [], "no data passed in for field tags"),
    "an operation that is none": ([("tags", 7)], [tags(["x"])], "unknown operation for field tags"),
    "too many elements": ([("tags", Ops.ARRAY_APPEND)], [tags(["x", "y", "z"])], "exceeds max capacity (4)"),
    "an element too long": ([("tags", Ops.ARRAY_APPEND)], [tags(["x" * 10])], "exceeds max length"),
    "elements of another type": ([("tags", Ops.ARRAY_APPEND)],
                                 [arrays("tags", "long_data", schema_pb2.Int64, [[1]])], ""),
    "the dynamic field": ([("$meta", Ops.ARRAY_APPEND)], [], ""),
}


@pytest.mark.parametrize("what", BAD_OPS)
def test_operations_that_are_refused(client, stub, table, what):
    ops, columns, phrase = BAD_OPS[what]
    reply = operate(stub, table, [1], *columns, ops=ops)
    assert reply.status.code == 1100 and phrase in reply.status.reason, reply.status
    assert row(client, table, 1)["tags"] == ["a", "b"]


def test_appends_from_many_clients_are_all_there(client, server, name):
    schema = simple_schema()
    schema.add_field("a", DataType.ARRAY, element_type=DataType.INT64, max_capacity=100)
    create(client, name, schema)
    client.insert(name, [{"id": 1, "vector": [0.0] * 8, "a": []}])
    failures = []

    def work(worker):
        with grpc.insecure_channel(server.address) as channel:
            mine = milvus_pb2_grpc.MilvusServiceStub(channel)
            for i in range(10):
                reply = operate(mine, name, [1], arrays("a", "long_data", schema_pb2.Int64, [[worker * 100 + i]]),
                                ops=[("a", Ops.ARRAY_APPEND)])
                if reply.status.code != 0:
                    failures.append(reply.status)

    workers = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failures
    assert sorted(row(client, name, 1)["a"]) == [worker * 100 + i for worker in range(4) for i in range(10)]
