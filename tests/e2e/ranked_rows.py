"""Rows of a collection and the plain model of what searches of them answer.

Vectors hold small whole numbers, so that distances are exact, many of them equal, and what the
server says must be equal to the model: score first, then primary key.
"""

import datetime
import itertools
import json
import random

from pymilvus import DataType
from rows import create, index_of, insert_in_batches, simple_schema

DIM = 4
BRANDS = ["big"] * 14 + ["mid"] * 4 + ["rare", "tiny", "", None]
FIELDS = ["brand", "size", "flag", "number", "price", "seen", "meta", "color"]
EPOCH = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)


def make_row(key, rng):
    meta = rng.choice([
        {"kind": rng.choice(["a", "b"]), "n": rng.randrange(4)},
        {"kind": rng.randrange(3), "n": rng.choice([1.0, 2.5, "3", True])},
        {"deep": {"kind": rng.choice(["x", "y"])}, "n": None},
        None,
    ])
    row = {
        "id": key,
        "vector": [rng.randrange(4) for _ in range(DIM)],
        "brand": rng.choice(BRANDS),
        "size": rng.choice([1, 2, 3, None]),
        "flag": rng.random() < 0.5,
        "number": rng.randrange(-3, 4),
        "price": rng.choice([1.5, 2.0, 9.25, -4.0, 0.0]),
        "seen": (EPOCH + datetime.timedelta(days=rng.randrange(5))).isoformat().replace("+00:00", "Z"),
        "meta": meta,
    }
    if rng.random() < 0.7:
        row["color"] = rng.choice(["red", "green", 7])
    return row


def ranked_schema(dim=DIM, key_type=DataType.INT64):
    schema = simple_schema(dim=dim, enable_dynamic_field=True)
    if key_type == DataType.VARCHAR:
        schema.fields[0]._dtype = DataType.VARCHAR
        schema.fields[0].params["max_length"] = 64
    schema.add_field("brand", DataType.VARCHAR, max_length=20, nullable=True)
    schema.add_field("size", DataType.INT16, nullable=True)
    schema.add_field("flag", DataType.BOOL)
    schema.add_field("number", DataType.INT64)
    schema.add_field("price", DataType.DOUBLE)
    schema.add_field("seen", DataType.TIMESTAMPTZ)
    schema.add_field("meta", DataType.JSON, nullable=True)
    return schema


class RankedRows:
    """Sealed rows, sealed rows that were deleted, growing rows and growing rows that were deleted."""

    def __init__(self, client, name, *, shards=1, sealed=1400, growing=500, seed=1, index_type="FLAT", metric="L2",
                 **index):
        self.client, self.name, self.metric = client, name, metric
        self.rows = {}
        self.rng = random.Random(seed)
        self.next_key = itertools.count()
        client.drop_collection(name)
        create(client, name, ranked_schema(), index_of(index_type=index_type, metric=metric, **index),
               num_shards=shards)
        self.add(sealed)
        client.flush(name)
        self.delete(sealed // 10)
        self.add(growing)
        self.delete(growing // 10)

    def add(self, count):
        # Keys come in no order, so that the order of rows is not the order of keys.
        rows = [make_row(next(self.next_key) * 7919 % 1_000_003, self.rng) for _ in range(count)]
        insert_in_batches(self.client, self.name, rows)
        self.rows |= {row["id"]: row for row in rows}

    def delete(self, count):
        keys = self.rng.sample(sorted(self.rows), count)
        self.client.delete(self.name, ids=keys)
        for key in keys:
            del self.rows[key]

    def query(self):
        return [self.rng.randrange(4) for _ in range(DIM)]

    def score(self, query, row):
        if self.metric == "L2":
            return float(sum((a - b) ** 2 for a, b in zip(query, row["vector"], strict=True)))
        return float(sum(a * b for a, b in zip(query, row["vector"], strict=True)))

    def ranked(self, query, keep=lambda row: True):
        """All rows that `keep` keeps as (score, row), best first."""
        scored = [(self.score(query, row), row) for row in self.rows.values() if keep(row)]
        sign = 1 if self.metric == "L2" else -1
        return sorted(scored, key=lambda pair: (sign * pair[0], pair[1]["id"]))

    def search(self, queries, **arguments):
        arguments.setdefault("limit", 10)
        return self.client.search(self.name, queries, anns_field="vector", consistency_level="Strong", **arguments)


def pairs(hits):
    return [(hit["id"], hit["distance"]) for hit in hits]


def truth(ranked):
    return [(row["id"], score) for score, row in ranked]


def groups_of(ranked, value):
    """The ranked rows in groups of equal values, by the best row of each group."""
    groups = {}
    for score, row in ranked:
        key = value(row)
        groups.setdefault((type(key).__name__, json.dumps(key)), []).append((score, row))
    return list(groups.values())
