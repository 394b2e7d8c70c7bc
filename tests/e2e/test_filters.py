"""Filter expressions: each one against a Python predicate over the same rows, growing and sealed."""

import re

import pytest
from elanus_server import Server
from oracle import random_vectors
from pymilvus import DataType, MilvusClient, MilvusException
from rows import all_ids, count, create, index_of, insert_in_batches, simple_schema

ROWS = 600
COLOURS = ["red", "green", "blue"]


def row(i):
    json = [
        {"a": i, "s": f"x{i % 3}", "l": [i % 3, i % 5, "z"], "n": {"k": i % 10, "t": ["p", "q"][i % 2]}, "flag": i % 8 == 0},
        {"a": i / 2, "s": f"y{i % 4}", "l": [], "n": {"k": None}},
        {"a": "text", "l": ["z", "w"], "mixed": [1, "1", True]},
        {},
    ][i % 4]
    fields = {
        "id": i,
        "i8": i % 256 - 128,
        "i16": i * 37 % 65536 - 32768,
        "i32": i * 7919 % 100000 - 50000,
        "i64": i * 10**12,
        "flag": i % 3 == 0,
        "f": i / 8,
        "d": i * 0.1,
        "s": f"item-{i % 50:03d}-{'αβγ'[i % 3]}",
        "n": None if i % 4 == 0 else i % 10,
        "ns": None if i % 5 == 0 else f"v{i % 7}",
        "nb": None if i % 6 == 0 else i % 2 == 0,
        "numbers": [] if i % 11 == 0 else [i % 5, i % 7, i],
        "tags": [f"t{i % 6}", f"t{i % 4}"],
        "j": json,
        "size": i % 20,
    }
    return fields | ({"colour": COLOURS[i % 3]} if i % 2 == 0 else {})


DATA = [row(i) for i in range(ROWS)]


@pytest.fixture(scope="module")
def filled(client, module_name):
    schema = simple_schema(dim=4, enable_dynamic_field=True)
    for field, data_type in [("i8", DataType.INT8), ("i16", DataType.INT16), ("i32", DataType.INT32),
                             ("i64", DataType.INT64), ("flag", DataType.BOOL), ("f", DataType.FLOAT),
                             ("d", DataType.DOUBLE)]:
        schema.add_field(field, data_type)
    schema.add_field("s", DataType.VARCHAR, max_length=40)
    schema.add_field("n", DataType.INT32, nullable=True)
    schema.add_field("ns", DataType.VARCHAR, max_length=10, nullable=True)
    schema.add_field("nb", DataType.BOOL, nullable=True)
    schema.add_field("numbers", DataType.ARRAY, element_type=DataType.INT64, max_capacity=8)
    schema.add_field("tags", DataType.ARRAY, element_type=DataType.VARCHAR, max_capacity=8, max_length=10)
    schema.add_field("j", DataType.JSON)
    create(client, module_name, schema, index_of())
    rows = [data | {"vector": vector.tolist()} for data, vector in zip(DATA, random_vectors(ROWS, 4), strict=True)]
    insert_in_batches(client, module_name, rows[:400])
    client.flush(module_name)
    insert_in_batches(client, module_name, rows[400:])
    return module_name


def number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def ja(r):
    """j["a"] when it is a number, else something no comparison holds for."""
    return r["j"]["a"] if number(r["j"].get("a")) else float("nan")


def element(r, i):
    return r["numbers"][i] if len(r["numbers"]) > i else float("nan")


def kn(r):
    k = (r["j"].get("n") or {}).get("k")
    return k if number(k) else float("nan")


FILTERS = [
    # comparisons on every type
    ("i8 == -128", lambda r: r["i8"] == -128),
    ("i8 != 5", lambda r: r["i8"] != 5),
    ("i8 > 200", lambda r: False),
    ("i8 < 1000", lambda r: True),
    ("i16 <= -30000", lambda r: r["i16"] <= -30000),
    ("i32 >= 0", lambda r: r["i32"] >= 0),
    ("i64 > 300000000000000", lambda r: r["i64"] > 300 * 10**12),
    ("i64 == -9223372036854775808", lambda r: False),
    ("id == 0x1F", lambda r: r["id"] == 31),
    ("f == 2.5", lambda r: r["f"] == 2.5),
    ("f > 10", lambda r: r["f"] > 10),
    ("f <= 1e1", lambda r: r["f"] <= 10),
    ("d < 3.05", lambda r: r["d"] < 3.05),
    ("d >= 59", lambda r: r["d"] >= 59),
    ("flag == true", lambda r: r["flag"]),
    ("flag == False", lambda r: not r["flag"]),
    ("flag != TRUE", lambda r: not r["flag"]),
    ('s == "item-007-β"', lambda r: r["s"] == "item-007-β"),
    ("s == 'item-007-β'", lambda r: r["s"] == "item-007-β"),
    ('s > "item-030"', lambda r: r["s"] > "item-030"),
    ('s <= "item-010-α"', lambda r: r["s"] <= "item-010-α"),
    ('s != ""', lambda r: True),
    ('s == "item-007-\\u03b2"', lambda r: r["s"] == "item-007-β"),
    ("500 < id", lambda r: r["id"] > 500),
    ("i8 < i32", lambda r: r["i8"] < r["i32"]),
    ("i8 == f", lambda r: r["i8"] == r["f"]),
    ("d >= f", lambda r: r["d"] >= r["f"]),
    # chained ranges
    ("100 < id < 200", lambda r: 100 < r["id"] < 200),
    ("100 <= id <= 200", lambda r: 100 <= r["id"] <= 200),
    ("200 >= id > 100", lambda r: 200 >= r["id"] > 100),
    ("1.5 <= f < 3", lambda r: 1.5 <= r["f"] < 3),
    ('"item-010" < s < "item-020"', lambda r: "item-010" < r["s"] < "item-020"),
    ('10 < j["a"] < 50', lambda r: 10 < ja(r) < 50),
    # logic
    ("id < 10 and flag == true", lambda r: r["id"] < 10 and r["flag"]),
    ("id < 10 && flag == true", lambda r: r["id"] < 10 and r["flag"]),
    ("id < 10 AND flag == true", lambda r: r["id"] < 10 and r["flag"]),
    ("id < 10 or id > 590", lambda r: r["id"] < 10 or r["id"] > 590),
    ("id < 10 || id > 590", lambda r: r["id"] < 10 or r["id"] > 590),
    ("not (id > 10)", lambda r: not r["id"] > 10),
    ("!(id > 10)", lambda r: not r["id"] > 10),
    ("NOT (flag == true) AND id < 50", lambda r: not r["flag"] and r["id"] < 50),
    ("id < 5 or id < 20 and flag == true", lambda r: r["id"] < 5 or (r["id"] < 20 and r["flag"])),
    ("(id < 5 or id < 20) and flag == true", lambda r: r["id"] < 20 and r["flag"]),
    ("not (id < 100 or not (id < 200))", lambda r: 100 <= r["id"] < 200),
    ("true", lambda r: True),
    ("false", lambda r: False),
    ("id < 10 and true", lambda r: r["id"] < 10),
    # in
    ("id in [1, 3, 5, 1000]", lambda r: r["id"] in (1, 3, 5)),
    ("id in [1, 3,]", lambda r: r["id"] in (1, 3)),
    ("id in []", lambda r: False),
    ("id not in [1, 3, 5]", lambda r: r["id"] not in (1, 3, 5)),
    ("i8 IN [-1, 0, 1]", lambda r: r["i8"] in (-1, 0, 1)),
    ('s in ["item-001-β", "item-002-γ", "none"]', lambda r: r["s"] in ("item-001-β", "item-002-γ")),
    ('s not in ["item-001-β"]', lambda r: r["s"] != "item-001-β"),
    ("f in [0.5, 1, 2.25]", lambda r: r["f"] in (0.5, 1, 2.25)),
    ("flag in [true]", lambda r: r["flag"]),
    # like
    ('s like "item-00%"', lambda r: r["s"].startswith("item-00")),
    ('s like "%-γ"', lambda r: r["s"].endswith("-γ")),
    ('s like "%-01%"', lambda r: "-01" in r["s"]),
    ('s like "item-007-_"', lambda r: re.fullmatch("item-007-.", r["s"]) is not None),
    ('s like "i%0_1%"', lambda r: re.fullmatch("i.*0.1.*", r["s"]) is not None),
    ('s like "item-007-β"', lambda r: r["s"] == "item-007-β"),
    ('s LIKE "ITEM%"', lambda r: False),
    ('not (s like "item-0%")', lambda r: not r["s"].startswith("item-0")),
    ('s like ""', lambda r: False),
    ('j["s"] like "x%"', lambda r: r["j"].get("s", "").startswith("x")),
    ('tags[0] like "%3"', lambda r: r["tags"][0].endswith("3")),
    # arithmetic
    ("id + 5 == 10", lambda r: r["id"] + 5 == 10),
    ("id - 5 < 0", lambda r: r["id"] - 5 < 0),
    ("id * 2 >= 1190", lambda r: r["id"] * 2 >= 1190),
    ("id / 10 == 4", lambda r: r["id"] // 10 == 4),
    ("id % 7 == 3", lambda r: r["id"] % 7 == 3),
    ("id % 7 != 3", lambda r: r["id"] % 7 != 3),
    ("5 + id == 10", lambda r: r["id"] == 5),
    ("f * 2 > 140.5", lambda r: r["f"] * 2 > 140.5),
    ("f / 2 == 1.25", lambda r: r["f"] == 2.5),
    ("i64 + 1 > 590000000000000", lambda r: r["i64"] + 1 > 590 * 10**12),
    ("id == 2 ** 5", lambda r: r["id"] == 32),
    ("id < 3 * 4 + 1", lambda r: r["id"] < 13),
    ("numbers[0] + 1 == 3", lambda r: element(r, 0) + 1 == 3),
    ('j["a"] * 2 == 8', lambda r: ja(r) * 2 == 8),
    # nulls
    ("n is null", lambda r: r["n"] is None),
    ("n is not null", lambda r: r["n"] is not None),
    ("ns IS NULL", lambda r: r["ns"] is None),
    ("n > 5", lambda r: r["n"] is not None and r["n"] > 5),
    ("not (n > 5)", lambda r: r["n"] is not None and not r["n"] > 5),
    ("n != 5", lambda r: r["n"] is not None and r["n"] != 5),
    ("n not in [1, 2]", lambda r: r["n"] is not None and r["n"] not in (1, 2)),
    ("n > 5 or id < 10", lambda r: (r["n"] is not None and r["n"] > 5) or r["id"] < 10),
    ("not (n > 5 and id < 100)", lambda r: (r["n"] is not None and not r["n"] > 5) or r["id"] >= 100),
    ('ns == "v3"', lambda r: r["ns"] == "v3"),
    ('not (ns like "v3%")', lambda r: r["ns"] is not None and r["ns"] != "v3"),
    ("nb == true and n is not null", lambda r: r["nb"] is True and r["n"] is not None),
    ("n % 2 == 0", lambda r: r["n"] is not None and r["n"] % 2 == 0),
    ("id is null", lambda r: False),
    # JSON paths and dynamic keys
    ('j["a"] == 8', lambda r: ja(r) == 8),
    ('j["a"] > 100', lambda r: ja(r) > 100),
    ('j["a"] == "text"', lambda r: r["j"].get("a") == "text"),
    ('j["a"] != 8', lambda r: ja(r) != 8),
    ('not (j["a"] == 8)', lambda r: not ja(r) == 8),
    ('j["a"] < 20.5', lambda r: ja(r) < 20.5),
    ('j["flag"] == true', lambda r: r["j"].get("flag") is True),
    ('j["n"]["k"] == 4', lambda r: kn(r) == 4),
    ("j['n']['t'] == 'q'", lambda r: (r["j"].get("n") or {}).get("t") == "q"),
    ('j["n"]["k"] in [0, 2]', lambda r: kn(r) in (0, 2)),
    ('j["l"][0] == 1', lambda r: (r["j"].get("l") or [None])[0] == 1 and r["id"] % 4 == 0),
    ('j["l"][1] == "w"', lambda r: (r["j"].get("l") or [None, None])[1:2] == ["w"]),
    ('j["nothing"] == 1', lambda r: False),
    ('j["nothing"] != 1', lambda r: True),
    ('exists j["a"]', lambda r: "a" in r["j"]),
    ('not exists j["a"]', lambda r: "a" not in r["j"]),
    ('exists j["n"]["t"]', lambda r: "t" in (r["j"].get("n") or {})),
    ('j["a"] in [8, "text"]', lambda r: r["j"].get("a") in (8, "text")),
    ('colour == "red"', lambda r: r.get("colour") == "red"),
    ('colour != "red"', lambda r: r.get("colour") != "red"),
    ("exists colour", lambda r: "colour" in r),
    ('colour in ["red", "blue"] and size < 5', lambda r: r.get("colour") in ("red", "blue") and r["size"] < 5),
    ("size % 5 == 1", lambda r: r["size"] % 5 == 1),
    ('$meta["size"] == 7', lambda r: r["size"] == 7),
    ("never_seen == 7", lambda r: False),
    # arrays
    ("numbers[0] == 3", lambda r: element(r, 0) == 3),
    ("numbers[2] > 550", lambda r: element(r, 2) > 550),
    ("numbers[5] == 1", lambda r: False),
    ('tags[1] in ["t1", "t2"]', lambda r: r["tags"][1] in ("t1", "t2")),
    ("array_length(numbers) == 3", lambda r: len(r["numbers"]) == 3),
    ("array_length(numbers) < 1", lambda r: len(r["numbers"]) < 1),
    ("array_contains(numbers, 6)", lambda r: 6 in r["numbers"]),
    ("ARRAY_CONTAINS(numbers, 6)", lambda r: 6 in r["numbers"]),
    ("not array_contains(numbers, 6)", lambda r: 6 not in r["numbers"]),
    ('array_contains(tags, "t5")', lambda r: "t5" in r["tags"]),
    ('array_contains_all(tags, ["t1", "t3"])', lambda r: {"t1", "t3"} <= {*r["tags"]}),
    ('array_contains_any(tags, ["t5", "t3"])', lambda r: bool({"t5", "t3"} & {*r["tags"]})),
    ("array_contains_all(numbers, [0, 6])", lambda r: {0, 6} <= {*r["numbers"]}),
    ('json_contains(j["l"], "z")', lambda r: "z" in r["j"].get("l", [])),
    ('json_contains(j["l"], 1)', lambda r: 1 in r["j"].get("l", [])),
    ('JSON_CONTAINS_ANY(j["l"], [1, "w"])', lambda r: bool({1, "w"} & {*r["j"].get("l", [])})),
    ('json_contains_all(j["l"], ["z", "w"])', lambda r: {"z", "w"} <= {*r["j"].get("l", [])}),
    ('json_contains(tags, "t4")', lambda r: "t4" in r["tags"]),
    # all together
    ('(flag == true or n is null) and s like "item-0%" and i32 % 2 == 0 and not array_contains(tags, "t1")',
     lambda r: (r["flag"] or r["n"] is None) and r["s"].startswith("item-0") and r["i32"] % 2 == 0
     and "t1" not in r["tags"]),
]

TEMPLATES = [
    ("id > {low} and id < {high}", {"low": 10, "high": 20}, lambda r: 10 < r["id"] < 20),
    ("id in {ids}", {"ids": [1, 2, 3]}, lambda r: r["id"] in (1, 2, 3)),
    ("id not in {ids}", {"ids": list(range(500))}, lambda r: r["id"] >= 500),
    ("s == {text}", {"text": "item-007-β"}, lambda r: r["s"] == "item-007-β"),
    ("s in {texts}", {"texts": ["item-001-β", "q\"uote"]}, lambda r: r["s"] == "item-001-β"),
    ("s like {pattern}", {"pattern": "item-00%"}, lambda r: r["s"].startswith("item-00")),
    ("flag == {flag}", {"flag": True}, lambda r: r["flag"]),
    ("f >= {limit}", {"limit": 70.5}, lambda r: r["f"] >= 70.5),
    ("f >= {limit}", {"limit": 70}, lambda r: r["f"] >= 70),
    ('j["a"] == {value}', {"value": 8}, lambda r: ja(r) == 8),
    ("array_contains(numbers, {one})", {"one": 6}, lambda r: 6 in r["numbers"]),
    ("array_contains_any(tags, {some})", {"some": ["t5", "t3"]}, lambda r: bool({"t5", "t3"} & {*r["tags"]})),
    ("colour == {colour}", {"colour": "red"}, lambda r: r.get("colour") == "red"),
]

MALFORMED = [
    "id >", "(id > 1", "id > 1)", "id = 1", "id == 1 and", "and id == 1", "id in 5", "id in [1, 'a']", "id @ 3",
    'id == "text"', "i64 > 1.5", "flag > true", "flag", "s + 1 == 2", 's == "open', "id == 1 id == 2", "s like 5",
    "vector == 1", "id % 0 == 1", "id / 0 == 1", "f % 2 == 1", "id << 1 == 2", "id & 1 == 1", "j > 3 > i8", "i8 > j",
    "id + i8 == 3", "not id > 5", "array_length(id) == 1", "array_contains(numbers, 'x')", "no_such_function(id)",
    "exists j", "s > 5", "numbers > 3", "[1, 2]", "5", "'text'", "id == {missing}", "id in [id]", "is null",
    's == "\\q"', "id > 99999999999999999999",
]


def ids_of(rule, data=DATA):
    return [r["id"] for r in data if rule(r)]


@pytest.mark.parametrize("expression, rule", FILTERS, ids=[expression for expression, _ in FILTERS])
def test_query_finds_exactly_what_the_rule_says(client, filled, expression, rule):
    assert all_ids(client, filled, expression) == ids_of(rule)


@pytest.mark.parametrize("expression, rule", FILTERS[::6], ids=[expression for expression, _ in FILTERS[::6]])
def test_search_finds_exactly_what_the_rule_says(client, filled, expression, rule):
    hits = client.search(filled, [[0.0] * 4], limit=ROWS, filter=expression)[0]
    assert sorted(hit["id"] for hit in hits) == ids_of(rule)


@pytest.mark.parametrize("expression, values, rule", TEMPLATES, ids=[expression for expression, *_ in TEMPLATES])
def test_template_values_stand_for_constants(client, filled, expression, values, rule):
    rows = client.query(filled, filter=expression, filter_params=values, output_fields=["id"], limit=ROWS)
    assert sorted(row["id"] for row in rows) == ids_of(rule)
    hits = client.search(filled, [[0.0] * 4], limit=ROWS, filter=expression, filter_params=values)[0]
    assert sorted(hit["id"] for hit in hits) == ids_of(rule)


@pytest.mark.parametrize("expression", MALFORMED)
def test_a_wrong_filter_is_an_input_error(client, filled, expression):
    with pytest.raises(MilvusException) as error:
        client.query(filled, filter=expression, output_fields=["id"], limit=10)
    assert error.value.code == 1100
    assert "failed to create query plan" in error.value.message
    with pytest.raises(MilvusException) as error:
        client.search(filled, [[0.0] * 4], limit=5, filter=expression)
    assert error.value.code == 1100


def test_a_wrong_delete_filter_deletes_nothing(client, filled):
    for expression in ("id >", "flag", "nonsense ==", "true"):
        with pytest.raises(MilvusException) as error:
            client.delete(filled, filter=expression)
        assert error.value.code == 1100
    assert len(all_ids(client, filled)) == ROWS


def test_a_deep_filter_is_answered_or_refused_but_never_fatal(client, filled):
    for depth in (50, 5000):
        expression = "(" * depth + "id < 10" + ")" * depth
        try:
            assert all_ids(client, filled, expression) == list(range(10))
        except MilvusException as error:
            assert error.code == 1100
    expression = " or ".join(f"id == {i}" for i in range(0, 600, 2))
    assert all_ids(client, filled, expression) == list(range(0, 600, 2))


def test_a_long_list_is_answered(client, filled):
    many = ", ".join(str(i) for i in range(-50000, 300))
    assert all_ids(client, filled, f"id in [{many}]") == list(range(300))


def test_a_random_sample_is_drawn_anew_each_time(client, filled):
    draws = [tuple(row["id"] for row in client.query(filled, filter="random_sample(0.5)", output_fields=["id"]))
             for _ in range(6)]
    assert len(set(draws)) > 1


def test_a_filter_that_takes_too_long_is_stopped(tmp_path, name):
    with Server(tmp_path / "impatient", environment={"ELANUS_FILTER_MAXTIME": "0.002"}) as server:
        client = server.client()
        schema = MilvusClient.create_schema()
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
        schema.add_field("text", DataType.VARCHAR, max_length=1000)
        create(client, name, schema)
        rows = 40_000
        for start in range(0, rows, 20_000):
            client.insert(name, [{"id": start + i, "vector": [0.0, 1.0], "text": "ab" * 100} for i in range(20_000)])
        slow = 'text =~ "(a|b)*c(a|b)*d"'
        for ask in (lambda: client.query(name, filter=slow, limit=1),
                    lambda: client.search(name, data=[[0.0, 1.0]], limit=1, filter=slow),
                    lambda: client.delete(name, filter=slow)):
            with pytest.raises(MilvusException, match="elanus.filter.maxTime") as caught:
                ask()
            assert caught.value.code == 10001
        assert count(client, name) == rows  # no filter, no limit
        assert len(client.query(name, filter="id in [1, 2]", limit=5)) == 2
