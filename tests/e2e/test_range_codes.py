"""Ranges over large sealed columns, which are read from 16-bit codes from their third scan on: answers agree with numpy
before and after, with nulls, deletes and after a restart, and the profile says when codes were read."""

import numpy as np
import pytest
from elanus_server import Server
from pymilvus import DataType
from rows import count, create, simple_schema

ROWS = 34_000
NULLS = 7  # one row in so many has no stamp


@pytest.fixture(scope="module")
def columns():
    dice = np.random.default_rng(5)
    return {
        "number": dice.integers(-2**62, 2**62, ROWS),
        "price": np.round(dice.uniform(-5, 100, ROWS), 2),
        "stamp": dice.integers(0, 3_000_000, ROWS),
        "gone": np.arange(ROWS) % 5 == 0,
    }


def fill(client, name, columns):
    schema = simple_schema(dim=2)
    schema.add_field("number", DataType.INT64)
    schema.add_field("price", DataType.DOUBLE)
    schema.add_field("stamp", DataType.INT64, nullable=True)
    create(client, name, schema)
    for begin in range(0, ROWS, 8000):
        client.insert(name, [
            {"id": i, "vector": [0.0, 1.0], "number": int(columns["number"][i]), "price": float(columns["price"][i]),
             "stamp": None if i % NULLS == 0 else int(columns["stamp"][i])}
            for i in range(begin, min(begin + 8000, ROWS))])
    client.flush(name)
    client.delete(name, filter="id % 5 == 0")


def filters(columns):
    number, price, stamp = columns["number"], columns["price"], columns["stamp"]
    known = np.arange(ROWS) % NULLS != 0
    some_number, some_price = int(number[11]), float(price[12])
    return {
        f"number >= {some_number}": number >= some_number,
        f"number > {some_number}": number > some_number,
        f"number == {some_number}": number == some_number,
        f"number != {some_number}": number != some_number,
        f"price <= {some_price}": price <= some_price,
        f"price < {some_price}": price < some_price,
        f"not (price < {some_price})": price >= some_price,
        f"-1 < price <= {some_price} and number < 0": (-1 < price) & (price <= some_price) & (number < 0),
        "1000 <= stamp < 2000000": known & (stamp >= 1000) & (stamp < 2_000_000),
        "not (stamp < 2000000)": known & (stamp >= 2_000_000),
        "stamp is null or stamp > 2900000": ~known | (stamp > 2_900_000),
        "price > 1e9": price > 1e9,
    }


def check(client, name, columns):
    for _ in range(3):
        for text, rule in filters(columns).items():
            assert count(client, name, text) == (rule & ~columns["gone"]).sum(), text
    plan = client.query(name, filter="price < 7", output_fields=["count(*)", "$profile"])[0]["$profile"]
    assert "CODES(price)" in plan


def test_ranges_agree_with_numpy_and_survive_a_restart(tmp_path_factory, name, columns):
    folder = tmp_path_factory.mktemp("server")
    with Server(folder) as server:
        client = server.client()
        fill(client, name, columns)
        check(client, name, columns)
    with Server(folder) as server:
        check(server.client(), name, columns)
