"""Schemas and rows that several test files use."""

import time

from pymilvus import DataType, MilvusClient

INTEGERS = {DataType.INT8: 8, DataType.INT16: 16, DataType.INT32: 32, DataType.INT64: 64}


def simple_schema(dim=8, **arguments):
    schema = MilvusClient.create_schema(auto_id=False, **arguments)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dim)
    return schema


def index_of(*fields, index_type="FLAT", metric="L2", **params):
    """Index parameters, the same kind for every vector field named."""
    index = MilvusClient.prepare_index_params()
    for field in fields or ("vector",):
        index.add_index(field, index_type=index_type, metric_type=metric, params=params)
    return index


def create(client, name, schema, index=None, **arguments):
    """A collection that is indexed, loaded and read with Strong consistency."""
    arguments.setdefault("consistency_level", "Strong")
    client.create_collection(name, schema=schema, index_params=index or index_of(), **arguments)


def vector_rows(vectors, start=0, **columns):
    return [{"id": start + i, "vector": vector.tolist()} | {key: column[i] for key, column in columns.items()}
            for i, vector in enumerate(vectors)]


def insert_in_batches(client, name, rows, batch=1000):
    for begin in range(0, len(rows), batch):
        client.insert(name, rows[begin:begin + batch])


def count(client, name, filter="", **arguments):
    return client.query(name, filter=filter, output_fields=["count(*)"],
                        consistency_level="Strong", **arguments)[0]["count(*)"]


def all_ids(client, name, filter="id >= 0", limit=16384):
    return sorted(row["id"] for row in client.query(name, filter=filter, output_fields=["id"], limit=limit,
                                                    consistency_level="Strong"))


def wait_for_index(client, name, rows, index="vector"):
    """Until `rows` rows of sealed segments have the index: builds go on after flush and load return."""
    deadline = time.monotonic() + 120
    while client.describe_index(name, index)["indexed_rows"] < rows:
        assert time.monotonic() < deadline, client.describe_index(name, index)
        time.sleep(0.02)
