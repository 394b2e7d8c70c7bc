"""json_cast_function STRING_TO_DOUBLE: with an index of it on a path, comparisons with numbers also see the texts
there that are numbers; rows just written, on disk without the index and in the index answer the same, and without
the index everything is as before."""

import random
import re
import time

import pytest
from elanus_server import Server
from pymilvus import MilvusClient, DataType
from rows import create, insert_in_batches, simple_schema

INDEXED, SEALED, GROWING = 1500, 300, 200  # segments below 1024 rows get no index
ROWS = INDEXED + SEALED + GROWING
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
MISSING = object()


def make_row(key, dice):
    number = dice.choice([dice.randrange(20), dice.randrange(40) / 2])
    value = dice.choice([number, str(number), str(number), f"+{number}", f"{number}e0", f" {number}", f"{number}x",
                         "inf", "0x7", "", True, None, [number], [str(number)], {"n": number}, MISSING])
    return {"id": key, "vector": [float(key), 0.0], "doc": {} if value is MISSING else {"n": value},
            "extra": str(number) if dice.random() < 0.5 else number}


def values_of(value, casts):
    """What a comparison sees: the value, and of a text the number."""
    seen = [value]
    if casts and isinstance(value, str) and NUMBER.fullmatch(value):
        seen.append(float(value))
    return seen


def number_of(value):
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def rule(holds):
    """A predicate on numbers as one on rows: true when one of the values that are seen holds."""
    def of_row(row, casts):
        return any(number_of(value) is not None and holds(value)
                   for value in values_of(row["doc"].get("n"), casts))
    return of_row


def is_text(text):
    return lambda row, casts: row["doc"].get("n") == text


RULES = {
    'doc["n"] == 7': rule(lambda n: n == 7),
    'doc["n"] != 7': lambda row, casts: not rule(lambda n: n == 7)(row, casts),
    'not (doc["n"] > 7)': lambda row, casts: not rule(lambda n: n > 7)(row, casts),
    'doc["n"] > 17': rule(lambda n: n > 17),
    'doc["n"] <= 0.5': rule(lambda n: n <= 0.5),
    '3 < doc["n"] <= 4.5': rule(lambda n: 3 < n <= 4.5),
    'doc["n"] in [1, 2.5, 100]': rule(lambda n: n in (1, 2.5)),
    'doc["n"] + 1 == 8': rule(lambda n: n + 1 == 8),
    'doc["n"] == "7"': is_text("7"),
    'doc["n"] in [3, "7"]': lambda row, casts: rule(lambda n: n == 3)(row, casts) or is_text("7")(row, casts),
    'doc["n"] like "7%"': lambda row, _: str(row["doc"].get("n")).startswith("7") and isinstance(row["doc"]["n"], str),
    'exists doc["n"]': lambda row, _: row["doc"].get("n") is not None,
    'doc["n"] > 3 and doc["n"] < "9"': lambda row, casts: (
        rule(lambda n: n > 3)(row, casts) and isinstance(row["doc"].get("n"), str) and row["doc"]["n"] < "9"),
    "extra == 7": lambda row, casts: 7 in [number_of(v) for v in values_of(row["extra"], casts)],
    'json_contains(doc["n"], 7)': lambda row, _: isinstance(row["doc"].get("n"), list) and 7 in row["doc"]["n"],
}


def ids_of(client, name, text):
    found = client.query(name, filter=text, output_fields=["id"], limit=ROWS, consistency_level="Strong")
    return sorted(row["id"] for row in found)


def check(client, name, rows, casts):
    for text, holds in RULES.items():
        wanted = sorted(key for key, row in rows.items() if holds(row, casts and not text.startswith("extra")))
        assert ids_of(client, name, text) == wanted, text
    near = client.search(name, [[0.0, 0.0]], filter='doc["n"] == 7', limit=ROWS, consistency_level="Strong")[0]
    assert sorted(hit["id"] for hit in near) == sorted(
        key for key, row in rows.items() if RULES['doc["n"] == 7'](row, casts))


def cast_index(field="doc", path='doc["n"]', name="cast", index_type="INVERTED", function="STRING_TO_DOUBLE"):
    index = MilvusClient.prepare_index_params()
    index.add_index(field, index_name=name, index_type=index_type,
                    params={"json_path": path, "json_cast_type": "double", "json_cast_function": function})
    return index


def wait_until_built(client, name, index="cast"):
    deadline = time.monotonic() + 60
    while client.describe_index(name, index)["pending_index_rows"] > 0:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def fill(client, name):
    """Rows that an index takes, rows on disk that are too few for one, and rows in memory; some deleted."""
    made = simple_schema(dim=2, enable_dynamic_field=True)
    made.add_field("doc", DataType.JSON)
    create(client, name, made, properties={"collection.autocompaction.enabled": "false"})
    dice = random.Random(5)
    rows = {key: make_row(key, dice) for key in range(ROWS)}
    for part, flushed in ((range(INDEXED), True), (range(INDEXED, INDEXED + SEALED), True),
                          (range(INDEXED + SEALED, ROWS), False)):
        insert_in_batches(client, name, [rows[key] for key in part])
        if flushed:
            client.flush(name)
    gone = list(range(3, ROWS, 41))
    client.delete(name, ids=gone)
    for key in gone:
        del rows[key]
    return rows


@pytest.fixture(scope="module")
def filled(client, module_name):
    return module_name, fill(client, module_name)


@pytest.mark.parametrize("index_type", ["INVERTED", "STL_SORT", "AUTOINDEX"])
def test_texts_that_are_numbers_count_while_there_is_the_index(client, filled, index_type):
    name, rows = filled
    check(client, name, rows, casts=False)
    client.create_index(name, cast_index(index_type=index_type))
    try:
        check(client, name, rows, casts=True)  # perhaps still being built
        wait_until_built(client, name)
        check(client, name, rows, casts=True)
        described = client.describe_index(name, "cast")
        assert described["json_cast_function"] == "STRING_TO_DOUBLE" and described["indexed_rows"] >= INDEXED
        shown = client.query(name, filter='doc["n"] == 7', output_fields=["id", "$profile"], limit=9)[0]["$profile"]
        assert "(doc)" in shown and 'doc["n"] (texts as numbers) == 7' in shown, shown
        shown = client.query(name, filter='doc["n"] == "7"', output_fields=["id", "$profile"], limit=9)[0]["$profile"]
        assert "(doc)" in shown, "the text 7 is among the rows of the number"
        client.release_collection(name)
        client.load_collection(name)
        check(client, name, rows, casts=True)
    finally:
        client.drop_index(name, "cast")
    check(client, name, rows, casts=False)


def test_a_key_of_the_dynamic_field(client, filled):
    name, rows = filled
    wanted = {casts: sorted(key for key, row in rows.items() if RULES["extra == 7"](row, casts))
              for casts in (True, False)}
    assert wanted[True] != wanted[False]
    client.create_index(name, cast_index("extra", "extra", function="string_to_double"))
    try:
        wait_until_built(client, name)
        assert ids_of(client, name, "extra == 7") == ids_of(client, name, '$meta["extra"] == 7') == wanted[True]
        assert ids_of(client, name, 'doc["n"] == 7') == sorted(
            key for key, row in rows.items() if RULES['doc["n"] == 7'](row, False))
    finally:
        client.drop_index(name, "cast")
    assert ids_of(client, name, "extra == 7") == wanted[False]


def test_deletes_templates_and_a_restart_see_them_too(tmp_path):
    with Server(tmp_path / "server") as server:
        client = server.client()
        rows = fill(client, "casts")
        client.create_index("casts", cast_index())
        wait_until_built(client, "casts")
        client.delete("casts", filter='doc["n"] == {n}', filter_params={"n": 7})
        for key in [key for key, row in rows.items() if RULES['doc["n"] == 7'](row, True)]:
            del rows[key]
        check(client, "casts", rows, casts=True)
        server.kill()
        server.start()
        client = server.client()
        check(client, "casts", rows, casts=True)
        client.drop_index("casts", "cast")
        check(client, "casts", rows, casts=False)
