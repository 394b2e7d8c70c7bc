"""The rows of the tests of hybrid search and function scores, in the server and in memory.

Vectors are whole numbers, so that distances are exact and ties are many. Two thirds of the rows are
sealed, the rest grows; some are deleted, some replaced, some have nulls.
"""

import random

from pymilvus import DataType, MilvusClient

DIM, BITS = 6, 32
WORDS = "red green blue iron glass paper small large round square old new".split()


def make_rows(count, seed, start=0):
    draw = random.Random(seed)
    return [{
        "id": start + i,
        "near": [draw.randint(-3, 3) for _ in range(DIM)],
        "alike": [draw.randint(-3, 3) for _ in range(DIM)],
        "bits": [draw.randint(0, 1) for _ in range(BITS)],
        "maybe": None if draw.random() < 0.2 else [draw.randint(-2, 2) for _ in range(DIM)],
        "shelf": draw.randrange(12),
        "price": None if draw.random() < 0.15 else draw.randrange(200),
        "weight": draw.choice([None, 0.5, 1.25, 3.0, 10.0]),
        "text": " ".join(draw.choices(WORDS, k=draw.randint(1, 6))),
    } for i in range(count)]


def packed(bits):
    return bytes(sum(bit << (7 - i) for i, bit in enumerate(bits[b:b + 8])) for b in range(0, len(bits), 8))


def as_sent(row):
    return row | {"bits": packed(row["bits"]), "near": [float(x) for x in row["near"]],
                  "alike": [float(x) for x in row["alike"]],
                  "maybe": None if row["maybe"] is None else [float(x) for x in row["maybe"]]}


# field -> (metric, how the row holds it)
FIELDS = {"near": "L2", "alike": "IP", "bits": "HAMMING", "maybe": "L2"}


def create(client, name, **arguments):
    schema = MilvusClient.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("near", DataType.FLOAT_VECTOR, dim=DIM)
    schema.add_field("alike", DataType.FLOAT_VECTOR, dim=DIM)
    schema.add_field("bits", DataType.BINARY_VECTOR, dim=BITS)
    schema.add_field("maybe", DataType.FLOAT_VECTOR, dim=DIM, nullable=True)
    schema.add_field("shelf", DataType.INT64)
    schema.add_field("price", DataType.INT64, nullable=True)
    schema.add_field("weight", DataType.DOUBLE, nullable=True)
    schema.add_field("text", DataType.VARCHAR, max_length=200)
    index = MilvusClient.prepare_index_params()
    for field, metric in FIELDS.items():
        index.add_index(field, index_type="BIN_FLAT" if field == "bits" else "FLAT", metric_type=metric)
    arguments.setdefault("consistency_level", "Strong")
    client.create_collection(name, schema=schema, index_params=index, **arguments)


def fill(client, name, rows, sealed=None):
    """Inserts the rows, the first `sealed` of them into a segment of their own; deletes and replaces
    some. What is left, by id."""
    sealed = len(rows) * 2 // 3 if sealed is None else sealed
    if sealed:
        client.insert(name, [as_sent(row) for row in rows[:sealed]])
        client.flush(name)
    if rows[sealed:]:
        client.insert(name, [as_sent(row) for row in rows[sealed:]])
    left = {row["id"]: row for row in rows}
    gone = [row["id"] for row in rows if row["id"] % 17 == 3]
    client.delete(name, ids=gone)
    for key in gone:
        del left[key]
    anew = [row for row in make_rows(len(rows), seed=99, start=rows[0]["id"])
            if row["id"] in left and row["id"] % 13 == 5]
    if anew:
        client.upsert(name, [as_sent(row) for row in anew])
        left |= {row["id"]: row for row in anew}
    return left


def query_of(field, seed):
    """A query vector: as the model and as the client want it."""
    row = make_rows(1, seed)[0]
    numbers = row["bits"] if field == "bits" else row["alike" if field == "alike" else "near"]
    return numbers, packed(numbers) if field == "bits" else [float(x) for x in numbers]
