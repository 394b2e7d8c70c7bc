"""The DuckDB side of the filter benchmark: one thread, an in-memory table of the same rows."""

import pathlib

import duckdb
import numpy as np
import pyarrow as pa

BATCH_ROWS = 1_000_000


def _columns(folder: pathlib.Path):
    """Arrow arrays over the files, nothing copied."""
    def raw(name: str, dtype):
        return np.memmap(folder / name, dtype=dtype, mode="r")

    columns = {}
    for name in ("id", "n", "k1", "k50", "k99"):
        columns[name] = pa.array(raw(f"{name}.values", np.int64))
    for name in ("x", "y"):
        columns[name] = pa.array(raw(f"{name}.values", np.float64))
    rows = len(columns["id"])
    for name in ("e1", "e50", "e99", "p", "j"):
        offsets = pa.py_buffer(raw(f"{name}.offsets", np.int32))
        values = pa.py_buffer(raw(f"{name}.values", np.uint8))
        columns[name] = pa.StringArray.from_buffers(rows, offsets, values)
    columns["a"] = pa.ListArray.from_arrays(
        pa.array(raw("a.offsets", np.int32)), pa.array(raw("a.values", np.int64))
    )
    return columns


class DuckDb:
    def __init__(self, folder: pathlib.Path):
        self._connection = duckdb.connect(":memory:")
        self._connection.execute("SET threads = 1")
        rows = pa.table(_columns(folder))  # noqa: F841 (named in the statement)
        self._connection.execute(
            "CREATE TABLE t AS SELECT id, n, k1, k50, k99, x, y, e1, e50, e99, p,"
            " j::JSON AS j, a FROM rows"
        )
        self._count = 0

    def prepare(self, where: str) -> str:
        self._count += 1
        name = f"q{self._count}"
        self._connection.execute(f"PREPARE {name} AS SELECT count(*) FROM t WHERE {where}")
        return name

    def run(self, name: str) -> int:
        return self._connection.execute(f"EXECUTE {name}").fetchone()[0]
