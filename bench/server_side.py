"""Our side of the filter benchmark through the server: the rows in a collection, each question one
query for count(*) over gRPC, timed by the client."""

import pathlib
import time

import numpy as np
from pymilvus import DataType, MilvusClient
from pymilvus.grpc_gen import milvus_pb2, schema_pb2

import filter_data

COLLECTION = "filter_bench"
BATCH_ROWS = 20_000
TEXTS = ("p", *(f"e{percent}" for percent in filter_data.IN_DOMAIN))
INTEGERS = ("id", "n", *(f"k{percent}" for percent in filter_data.IN_DOMAIN))


class _Cells:
    """The cells of a column of texts or arrays, as slices of its values."""

    def __init__(self, folder: pathlib.Path, name: str, dtype):
        self._values = np.memmap(folder / f"{name}.values", dtype, "r")
        self._offsets = np.fromfile(folder / f"{name}.offsets", np.uint32).astype(np.int64)

    def range(self, begin: int, end: int) -> list:
        first, last = self._offsets[begin], self._offsets[end]
        values = self._values[first:last]
        places = (self._offsets[begin : end + 1] - first).tolist()
        whole = values.tobytes() if values.dtype == np.uint8 else values
        return [whole[a:b] for a, b in zip(places, places[1:])]


def _schema():
    schema = MilvusClient.create_schema()
    for name in INTEGERS:
        schema.add_field(name, DataType.INT64, is_primary=name == "id")
    for name in ("x", "y"):
        schema.add_field(name, DataType.DOUBLE)
    for name in TEXTS:
        schema.add_field(name, DataType.VARCHAR, max_length=64)
    schema.add_field("j", DataType.JSON)
    schema.add_field("a", DataType.ARRAY, element_type=DataType.INT64, max_capacity=8)
    schema.add_field("v", DataType.FLOAT_VECTOR, dim=2)
    return schema


class InServer:
    def __init__(self, uri: str, folder: pathlib.Path, rows: int):
        self._client = MilvusClient(uri)
        if self._client.has_collection(COLLECTION):
            if self.count("")[0] == rows:
                return
            self._client.drop_collection(COLLECTION)
        index = MilvusClient.prepare_index_params()
        index.add_index("v", index_type="FLAT", metric_type="L2")
        self._client.create_collection(COLLECTION, schema=_schema(), index_params=index)
        self._insert(folder, rows)
        self._client.flush(COLLECTION)

    def _insert(self, folder: pathlib.Path, rows: int) -> None:
        integers = {name: np.fromfile(folder / f"{name}.values", np.int64) for name in INTEGERS}
        doubles = {name: np.fromfile(folder / f"{name}.values", np.float64) for name in "xy"}
        texts = {name: _Cells(folder, name, np.uint8) for name in (*TEXTS, "j")}
        arrays = _Cells(folder, "a", np.int64)
        handler = self._client._get_connection()
        for begin in range(0, rows, BATCH_ROWS):
            end = min(begin + BATCH_ROWS, rows)
            request = _insert_request(begin, end, integers, doubles, texts, arrays)
            reply = handler._stub.Insert(request)
            if reply.status.code != 0:
                raise SystemExit(f"insert: {reply.status.reason}")

    def count(self, text: str) -> tuple[int, float]:
        begin = time.perf_counter()
        rows = self._client.query(COLLECTION, filter=text, output_fields=["count(*)"])
        return rows[0]["count(*)"], (time.perf_counter() - begin) * 1e3

    def run(self, question) -> tuple[int, float]:
        return self.count(question.filter)


def _insert_request(begin, end, integers, doubles, texts, arrays):
    request = milvus_pb2.InsertRequest(collection_name=COLLECTION, num_rows=end - begin)

    def add(name, kind):
        data = request.fields_data.add()
        data.field_name = name
        data.type = kind
        return data

    for name, values in integers.items():
        add(name, schema_pb2.Int64).scalars.long_data.data.extend(values[begin:end].tolist())
    for name, values in doubles.items():
        add(name, schema_pb2.Double).scalars.double_data.data.extend(values[begin:end].tolist())
    for name, cells in texts.items():
        if name == "j":
            add(name, schema_pb2.JSON).scalars.json_data.data.extend(cells.range(begin, end))
        else:
            add(name, schema_pb2.VarChar).scalars.string_data.data.extend(
                cell.decode() for cell in cells.range(begin, end)
            )
    array = add("a", schema_pb2.Array).scalars.array_data
    array.element_type = schema_pb2.Int64
    for cell in arrays.range(begin, end):
        array.data.add().long_data.data.extend(cell.tolist())
    vectors = add("v", schema_pb2.FloatVector).vectors
    vectors.dim = 2
    vectors.float_vector.data.extend([0.0] * (2 * (end - begin)))
    return request
