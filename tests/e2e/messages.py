"""Requests of the tests of the data model, message by message where a client library would hide the case."""

import pytest
from pymilvus import DataType, MilvusException
from pymilvus.grpc_gen import common_pb2, milvus_pb2, schema_pb2
from rows import create, simple_schema


T = schema_pb2.DataType


def refused(function, *arguments, **named):
    with pytest.raises(MilvusException) as error:
        function(*arguments, **named)
    return error.value


def field(name, data_type, params=None, **arguments):
    one = schema_pb2.FieldSchema(name=name, data_type=data_type, **arguments)
    for key, value in (params or {}).items():
        one.type_params.add(key=key, value=str(value))
    return one


def schema_of(name, *extra, key=None, dim=4, structs=(), **arguments):
    key = key or field("id", T.Int64, is_primary_key=True)
    return schema_pb2.CollectionSchema(name=name, fields=[key, field("vector", T.FloatVector, {"dim": dim}), *extra],
                                       struct_array_fields=structs, **arguments)


def create_raw(stub, schema, name=None, properties=None, **arguments):
    request = milvus_pb2.CreateCollectionRequest(collection_name=name or schema.name,
                                                 schema=schema.SerializeToString(), **arguments)
    for key, value in (properties or {}).items():
        request.properties.add(key=key, value=value)
    return stub.CreateCollection(request)


def data(name, data_type, *, scalars=None, vectors=None, valid=None, **arguments):
    column = schema_pb2.FieldData(field_name=name, type=data_type, **arguments)
    if scalars is not None:
        column.scalars.CopyFrom(scalars)
    if vectors is not None:
        column.vectors.CopyFrom(vectors)
    column.valid_data.extend(valid or [])
    return column


def scalar(kind, values):
    one = schema_pb2.ScalarField()
    getattr(one, kind).data.extend(values)
    return one


def keys(values):
    return data("id", T.Int64, scalars=scalar("long_data", values))


def floats(rows, dim=4):
    vectors = schema_pb2.VectorField(dim=dim)
    vectors.float_vector.data.extend([0.5] * dim * rows)
    return data("vector", T.FloatVector, vectors=vectors)


def insert(stub, name, rows, *columns, call="Insert"):
    request = milvus_pb2.UpsertRequest if call == "Upsert" else milvus_pb2.InsertRequest
    return getattr(stub, call)(request(collection_name=name, num_rows=rows, fields_data=columns))


def query(stub, name, filter, fields, **params):
    request = milvus_pb2.QueryRequest(collection_name=name, expr=filter, output_fields=fields,
                                      use_default_consistency=True)
    for key, value in params.items():
        request.query_params.add(key=key, value=str(value))
    return stub.Query(request)


def placeholders(values, kind=common_pb2.PlaceholderType.FloatVector, tag="$0", groups=1):
    group = common_pb2.PlaceholderGroup()
    for _ in range(groups):
        group.placeholders.add(tag=tag, type=kind, values=values)
    return group.SerializeToString()


def search(stub, name, *, values=None, nq=1, output=(), dsl="", ids=None, group=None, **params):
    request = milvus_pb2.SearchRequest(collection_name=name, dsl=dsl, dsl_type=common_pb2.BoolExprV1, nq=nq,
                                       output_fields=output, use_default_consistency=True)
    if ids is not None:
        request.ids.int_id.data.extend(ids)
    else:
        request.placeholder_group = placeholders(values or [b"\0" * 16]) if group is None else group
    for key, value in ({"anns_field": "vector", "topk": 10, "params": "{}"} | params).items():
        request.search_params.add(key=key, value=str(value))
    return stub.Search(request)


@pytest.fixture(scope="module")
def five(client, module_name):
    """Ids 1 to 5; the distance of id i to the origin is i * i."""
    schema = simple_schema(dim=4)
    schema.add_field("n", DataType.INT64)
    create(client, module_name, schema)
    client.insert(module_name, [{"id": i, "vector": [float(i), 0, 0, 0], "n": 10 * i} for i in (3, 1, 5, 2, 4)])
    return module_name


def struct_field(name, nullable=False):
    fields = [field("n", T.Array, {"max_capacity": 4}, element_type=T.Int32, nullable=nullable),
              field("v", T.ArrayOfVector, {"max_capacity": 4, "dim": 2}, element_type=T.FloatVector,
                    nullable=nullable)]
    return schema_pb2.StructArrayFieldSchema(name=name, fields=fields, nullable=nullable)
