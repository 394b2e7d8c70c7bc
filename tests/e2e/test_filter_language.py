"""The filter language over every type at once: each form against a rule in plain Python.

Half of the rows are sealed, half are growing; every form is asked by query, search, count and delete.
"""

import datetime
import math
import re

import pytest
from elanus_server import Server
from oracle import random_vectors
from pymilvus import DataType, MilvusClient, MilvusException
from pymilvus.grpc_gen import milvus_pb2, schema_pb2
from rows import all_ids, count, create, index_of, simple_schema

ROWS = 120
UTC = datetime.timezone.utc
START = datetime.datetime(2025, 1, 1, tzinfo=UTC)
WORDS = ["quick", "brown", "fox", "lazy", "dog"]


def row(i):
    """One row; what is None is null."""
    words = [WORDS[(i + k) % 5] for k in range(i % 4)]
    return {
        "id": i,
        "flag": None if i % 9 == 4 else i % 2 == 0,
        "i8": i - 60,
        "n": None if i % 5 == 0 else i % 7,
        "f": i / 4,
        "d": i * 0.1,
        "s": ["", "a%b", "A_b", "abc", "a\\b", "日本", "tab\there", 'q"uote'][i % 8],
        "t": None if i % 6 == 5 else " ".join(words).title(),
        "long": " ".join(reversed(words)),
        "list": None if i % 10 == 3 else [i % 3, i % 4, i][: i % 4],
        "tags": [f"t{i % 3}", f"u{i % 4}"][: i % 3],
        "reals": [i / 2, 0.5][: i % 3],
        "bits": [True, False][: i % 3],
        "j": [{"a": i, "s": "xyz", "l": [1, "x", i % 3], "o": {"k": i % 4}}, {"a": i + 0.5, "l": []},
              {"a": str(i), "o": {"k": None}}, {}, None][i % 5],
        "at": None if i % 8 == 7 else (START + datetime.timedelta(hours=7 * i)).isoformat().replace("+00:00", "Z"),
        "place": None if i % 11 == 10 else f"POINT ({i % 10} {i // 10})",
        "area": f"POLYGON (({i} 0, {i + 4} 0, {i + 4} 4, {i} 4, {i} 0))",
        "parts": None if i % 7 == 6 else [{"a": (i + k) % 5, "b": f"p{k}", "v": [float(k), 1.0]}
                                          for k in range(i % 4)],
    } | ({"key": i % 4, "name": f"n{i % 3}"} if i % 2 else {})


DATA = [row(i) for i in range(ROWS)]


def table_schema():
    schema = simple_schema(dim=4, enable_dynamic_field=True)
    schema.add_field("flag", DataType.BOOL, nullable=True)
    schema.add_field("i8", DataType.INT8)
    schema.add_field("n", DataType.INT32, nullable=True)
    schema.add_field("f", DataType.FLOAT)
    schema.add_field("d", DataType.DOUBLE)
    schema.add_field("s", DataType.VARCHAR, max_length=40)
    schema.add_field("t", DataType.VARCHAR, max_length=60, nullable=True, enable_analyzer=True, enable_match=True)
    schema.add_field("long", DataType.TEXT, enable_analyzer=True, enable_match=True)
    schema.add_field("list", DataType.ARRAY, element_type=DataType.INT64, max_capacity=4, nullable=True)
    schema.add_field("tags", DataType.ARRAY, element_type=DataType.VARCHAR, max_capacity=4, max_length=9)
    schema.add_field("reals", DataType.ARRAY, element_type=DataType.DOUBLE, max_capacity=4)
    schema.add_field("bits", DataType.ARRAY, element_type=DataType.BOOL, max_capacity=4)
    schema.add_field("j", DataType.JSON, nullable=True)
    schema.add_field("at", DataType.TIMESTAMPTZ, nullable=True)
    schema.add_field("place", DataType.GEOMETRY, nullable=True)
    schema.add_field("area", DataType.GEOMETRY)
    parts = MilvusClient.create_struct_field_schema()
    parts.add_field("a", DataType.INT32)
    parts.add_field("b", DataType.VARCHAR, max_length=9)
    parts.add_field("v", DataType.FLOAT_VECTOR, dim=2)
    schema.add_field("parts", DataType.ARRAY, element_type=DataType.STRUCT, struct_schema=parts, max_capacity=4,
                     nullable=True)
    return schema


def fill(client, name):
    create(client, name, table_schema(), index_of())
    rows = [one | {"vector": vector.tolist()} for one, vector in zip(DATA, random_vectors(ROWS, 4), strict=True)]
    client.insert(name, rows[: ROWS // 2])
    client.flush(name)
    client.insert(name, rows[ROWS // 2:])


@pytest.fixture(scope="module")
def filled(client, module_name):
    fill(client, module_name)
    return module_name


# ---- rules


def known(field, rule):
    """Rows whose field is not null and obeys the rule."""
    return lambda r: r[field] is not None and rule(r[field])


def element(field, i, rule):
    return lambda r: r[field] is not None and len(r[field]) > i and rule(r[field][i])


def at(text):
    return datetime.datetime.fromisoformat(text)


def moment(rule):
    return known("at", lambda value: rule(at(value.replace("Z", "+00:00"))))


def point(rule):
    return known("place", lambda value: rule(*map(float, re.findall(r"\d+", value))))


def words(value):
    return value.lower().split()


def doc(rule):
    """Rows whose document is not null and obeys the rule."""
    return known("j", rule)


def number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def metres(x, y):
    """Along the great circle from (0, 0) to longitude x, latitude y."""
    x, y = math.radians(x), math.radians(y)
    return 6371008.8 * 2 * math.asin(math.sqrt(math.sin(y / 2) ** 2 + math.cos(y) * math.sin(x / 2) ** 2))


def parts(rule):
    return known("parts", rule)


FORMS = [
    # literals
    ("i8 == 0x0A or i8 == 0b1011 or i8 == 014", lambda r: r["i8"] in (10, 11, 12)),
    ("d < 0x1p3 and d > .5e1", lambda r: 5 < r["d"] < 8),
    (r's == "\x61\x62\143"', lambda r: r["s"] == "abc"),
    (r's == "\u65e5\U0000672c"', lambda r: r["s"] == "日本"),
    ("s == '日本'", lambda r: r["s"] == "日本"),
    (r's == "tab\there"', lambda r: r["s"] == "tab\there"),
    (r"""s == 'q"uote'""", lambda r: r["s"] == 'q"uote'),
    (r's == "q\"uote"', lambda r: r["s"] == 'q"uote'),
    (r's == "a\\b"', lambda r: r["s"] == "a\\b"),
    ("s == u8'abc' or s == L\"abc\" or s == u'abc' or s == U'abc'", lambda r: r["s"] == "abc"),
    ("flag == TRUE or flag == false", lambda r: r["flag"] is not None),
    ("id in [1, 2, 3,]", lambda r: r["id"] in (1, 2, 3)),
    # operators
    ("2 ** 3 == i8 + 60", lambda r: r["id"] == 8),
    ("-60 <= i8 < -55", lambda r: r["id"] < 5),
    ("-55 >= i8 > -60", lambda r: 0 < r["id"] <= 5),
    ("not (n > 3) && !(n < 2)", lambda r: r["n"] in (2, 3)),
    ("NOT (n > 3) AND flag == true OR id == 1", lambda r: r["n"] is not None and r["n"] <= 3 and r["flag"] is True
     or r["id"] == 1),
    ("i8 % 7 == -3", lambda r: math.fmod(r["i8"], 7) == -3),
    ("i8 / 7 == -3", lambda r: int(r["i8"] / 7) == -3),
    ("f * 4 == 10 or 2 + f == 7", lambda r: r["id"] in (10, 20)),
    ("list[1] * 2 == 6", element("list", 1, lambda v: v == 3)),
    ('j["a"] - 0.5 == 6', doc(lambda v: number(v.get("a")) and v["a"] == 6.5)),
    ("key + 1 == 2", lambda r: r.get("key") == 1),
    ("i8 < n", known("n", lambda n: True) and (lambda r: r["n"] is not None and r["i8"] < r["n"])),
    # strings
    (r's like "a\\%%"', lambda r: r["s"].startswith("a%")),
    (r's like "A\\_b"', lambda r: r["s"] == "A_b"),
    ('s like "_b_"', lambda r: re.fullmatch(".b.", r["s"]) is not None),
    ('s like ""', lambda r: r["s"] == ""),
    ('s LIKE "%本"', lambda r: r["s"].endswith("本")),
    ('tags[0] like "t_" and tags[1] like "%2"', lambda r: r["tags"][1:2] == ["u2"]),
    ('j["s"] like "x%z"', doc(lambda v: v.get("s") == "xyz")),
    ('name like "n%" and key > 1', lambda r: r.get("key", 0) > 1),
    (r's =~ "^a.b$"', lambda r: re.search("^a.b$", r["s"]) is not None),
    (r's =~ "\w{3}"', lambda r: re.search(r"\w{3}", r["s"], re.ASCII) is not None),
    (r's !~ "[aA]"', lambda r: not re.search("[aA]", r["s"])),
    (r't =~ "(?i)^QUICK"', known("t", lambda v: v.startswith("Quick"))),
    (r't !~ "Quick"', known("t", lambda v: "Quick" not in v)),
    (r'tags[0] =~ "[12]"', element("tags", 0, lambda v: v in ("t1", "t2"))),
    (r'j["s"] =~ "y"', doc(lambda v: "y" in v.get("s", ""))),
    ('starts_with(s, "a")', lambda r: r["s"].startswith("a")),
    ("STARTS_WITH(s, s)", lambda r: True),
    ("empty(s) or Empty(t)", lambda r: r["s"] == "" or r["t"] == ""),
    # texts
    ('text_match(t, "quick DOG")', known("t", lambda v: {"quick", "dog"} & {*words(v)})),
    ('TEXT_MATCH(t, "quick brown", minimum_should_match=2)',
     known("t", lambda v: {"quick", "brown"} <= {*words(v)})),
    ('text_match(t, "quick", minimum_should_match=1000)', lambda r: False),
    ('not text_match(t, "quick")', known("t", lambda v: "quick" not in words(v))),
    ('text_match(long, "quick")', lambda r: "quick" in words(r["long"])),
    ('phrase_match(t, "quick brown")', known("t", lambda v: "quick brown" in v.lower())),
    ('PHRASE_MATCH(long, "brown quick")', lambda r: "brown quick" in r["long"]),
    ('phrase_match(t, "quick fox", 1)', known("t", lambda v: "quick brown fox" in v.lower())),
    ('phrase_match(t, "quick brown", 4294967295)', known("t", lambda v: {"quick", "brown"} <= {*words(v)})),
    # nulls
    ("n is null or flag IS NULL", lambda r: r["n"] is None or r["flag"] is None),
    ("n IS NOT NULL and list is not null", lambda r: r["n"] is not None and r["list"] is not None),
    ("list is null", lambda r: r["list"] is None),
    ("t is null and at is not null", lambda r: r["t"] is None and r["at"] is not None),
    ("place is null or parts is null", lambda r: r["place"] is None or r["parts"] is None),
    ("j is null", lambda r: r["j"] is None),
    ('j["a"] is not null', doc(lambda v: "a" in v)),
    ("key is null", lambda r: "key" not in r),
    ("n != 3", known("n", lambda v: v != 3)),
    ("n not in [1, 2]", known("n", lambda v: v not in (1, 2))),
    ("not (n == 3 or flag == true)", lambda r: r["n"] not in (None, 3) and r["flag"] is False),
    ("not (n == 3 and flag == true)", lambda r: r["n"] not in (None, 3) or r["flag"] is False),
    # JSON
    ('j["a"] == 5', doc(lambda v: v.get("a") == 5)),
    ('j["a"] != 5', doc(lambda v: v.get("a") != 5)),
    ('not (j["a"] == 5)', doc(lambda v: v.get("a") != 5)),
    ('j["a"] < 20.25', doc(lambda v: number(v.get("a")) and v["a"] < 20.25)),
    ('j["a"] in [5, 6.5, "7"]', doc(lambda v: v.get("a") in (5, 6.5, "7"))),
    ("j['o']['k'] >= 2", doc(lambda v: number(v.get("o", {}).get("k")) and v["o"]["k"] >= 2)),
    ('j["l"][2] == 2', doc(lambda v: v.get("l", [])[2:3] == [2])),
    ('exists j["o"]["k"]', doc(lambda v: v.get("o", {}).get("k") is not None)),
    ("not exists key", lambda r: "key" not in r),
    ('EXISTS $meta["name"]', lambda r: "name" in r),
    ('$meta["name"] == "n1"', lambda r: r.get("name") == "n1"),
    ('json_contains(j["l"], "x")', doc(lambda v: "x" in v.get("l", []))),
    ('JSON_CONTAINS_ALL(j["l"], [1, "x", 2])', doc(lambda v: v.get("l", []) and {1, "x", 2} <= {*v["l"]})),
    ('json_contains_any(j["l"], [2, "q"])', doc(lambda v: 2 in v.get("l", []))),
    ('array_length(j["l"]) == 3', doc(lambda v: len(v.get("l", [])) == 3)),
    # arrays
    ("list[0] == 1", element("list", 0, lambda v: v == 1)),
    ("list == [1, 2]", known("list", lambda v: v == [1, 2])),
    ("list != [1, 2]", known("list", lambda v: v != [1, 2])),
    ("array_contains(list, 2)", known("list", lambda v: 2 in v)),
    ("ARRAY_CONTAINS_ALL(list, [0, 2])", known("list", lambda v: {0, 2} <= {*v})),
    ("array_contains_any(list, [3, 55])", known("list", lambda v: {3, 55} & {*v})),
    ("not array_contains(list, 2)", known("list", lambda v: 2 not in v)),
    ("ARRAY_LENGTH(list) < 2", known("list", lambda v: len(v) < 2)),
    ('JSON_CONTAINS(tags, "t1")', lambda r: "t1" in r["tags"]),
    ("array_contains(reals, 0.5)", lambda r: 0.5 in r["reals"]),
    ("bits[1] == false", element("bits", 1, lambda v: v is False)),
    ("ARRAY_CONTAINS(bits, false)", lambda r: False in r["bits"]),
    # times
    ("at > ISO '2025-01-10T00:00:00Z'", moment(lambda v: v > at("2025-01-10T00:00:00+00:00"))),
    ("iso '2025-01-10T08:00:00+08:00' >= at", moment(lambda v: v <= at("2025-01-10T00:00:00+00:00"))),
    ("ISO '2025-01-02' < at <= ISO '2025-01-04'", moment(lambda v: at("2025-01-02T00:00:00+00:00") < v
                                                        <= at("2025-01-04T00:00:00+00:00"))),
    ("at + INTERVAL 'P1DT2H' < ISO '2025-01-05T00:00:00Z'",
     moment(lambda v: v + datetime.timedelta(days=1, hours=2) < at("2025-01-05T00:00:00+00:00"))),
    ("at - interval 'PT30M' != ISO '2025-01-01T06:30:00Z'",
     moment(lambda v: v - datetime.timedelta(minutes=30) != at("2025-01-01T06:30:00+00:00"))),
    # shapes
    ("st_within(place, 'POLYGON ((2 2, 6 2, 6 6, 2 6, 2 2))')", point(lambda x, y: 2 < x < 6 and 2 < y < 6)),
    ("ST_INTERSECTS(place, 'POLYGON ((2 2, 6 2, 6 6, 2 6, 2 2))')", point(lambda x, y: 2 <= x <= 6 and 2 <= y <= 6)),
    ("st_touches(place, 'POLYGON ((2 2, 6 2, 6 6, 2 6, 2 2))')",
     point(lambda x, y: 2 <= x <= 6 and 2 <= y <= 6 and not (2 < x < 6 and 2 < y < 6))),
    ("st_equals(place, 'POINT (3 4)') or ST_EQUALS(place, 'POINT (1 1)')",
     point(lambda x, y: (x, y) in ((3, 4), (1, 1)))),
    ("ST_CONTAINS(area, 'POINT (10.5 2)')", lambda r: r["id"] < 10.5 < r["id"] + 4),
    ("st_overlaps(area, 'POLYGON ((10 1, 20 1, 20 3, 10 3, 10 1))')", lambda r: 6 < r["id"] < 20),
    ("st_crosses(area, 'LINESTRING (10 2, 30 2)')", lambda r: 6 < r["id"] < 30),
    ("ST_TOUCHES(area, 'POINT (10 2)')", lambda r: r["id"] in (6, 10)),
    ("ST_OVERLAPS(area, 'POLYGON ((10 1, 20 1, 20 3, 10 3, 10 1))') or ST_CROSSES(area, 'LINESTRING (50 2, 60 2)')",
     lambda r: 6 < r["id"] < 20 or 46 < r["id"] < 60),
    ("ST_WITHIN(area, 'POLYGON ((5 0, 12 0, 12 4, 5 4, 5 0))')", lambda r: 5 <= r["id"] <= 8),
    ("ST_DWITHIN(place, 'POINT (0 0)', 333333.5)", point(lambda x, y: metres(x, y) <= 333333.5)),
    ("ST_ISVALID(place)", lambda r: r["place"] is not None),
    # struct arrays
    ("parts[1][a] == 3", parts(lambda v: len(v) > 1 and v[1]["a"] == 3)),
    ('parts[0][b] like "p%" and array_length(parts) == 2', parts(lambda v: len(v) == 2)),
    ("array_contains(parts[a], 4)", parts(lambda v: any(p["a"] == 4 for p in v))),
    ("array_length(parts[v]) == 3", parts(lambda v: len(v) == 3)),
    ('MATCH_ANY(parts, $[a] > 2 && $[b] == "p1")', parts(lambda v: any(p["a"] > 2 and p["b"] == "p1" for p in v))),
    ("match_all(parts, $[a] < 3)", parts(lambda v: all(p["a"] < 3 for p in v))),
    ("match_least(parts, $[a] in [1, 2], threshold=2)", parts(lambda v: sum(p["a"] in (1, 2) for p in v) >= 2)),
    ("MATCH_MOST(parts, $[a] > 1, threshold=1)", parts(lambda v: sum(p["a"] > 1 for p in v) <= 1)),
    ("match_exact(parts, $[a] > 1, threshold=0)", parts(lambda v: not any(p["a"] > 1 for p in v))),
    ("MATCH_ALL(parts, $[a] < 3) and MATCH_LEAST(parts, $[a] > 0, threshold=1)",
     parts(lambda v: v and all(p["a"] < 3 for p in v) and any(p["a"] > 0 for p in v))),
    ("MATCH_EXACT(parts, $[a] > 1, THRESHOLD=2)", parts(lambda v: sum(p["a"] > 1 for p in v) == 2)),
    ("ELEMENT_FILTER(parts, $[a] == 2 and $[b] =~ '[01]')",
     parts(lambda v: any(p["a"] == 2 and p["b"] in ("p0", "p1") for p in v))),
    ('ARRAY_CONTAINS_ANY(list, [3, 55]) or JSON_CONTAINS_ANY(j["l"], [2])',
     lambda r: bool({3, 55} & {*(r["list"] or [])}) or 2 in (r["j"] or {}).get("l", [])),
    ("id > 30 and element_filter(parts, $[a] == 2)",
     lambda r: r["id"] > 30 and any(p["a"] == 2 for p in r["parts"] or [])),
]
IDS = [text for text, _ in FORMS]


def wanted(rule):
    return [r["id"] for r in DATA if rule(r)]


@pytest.mark.parametrize("text, rule", FORMS, ids=IDS)
def test_query_count_and_search_agree_with_the_rule(client, filled, text, rule):
    expected = wanted(rule)
    assert all_ids(client, filled, text) == expected
    assert count(client, filled, text) == len(expected)
    hits = client.search(filled, [[0.0] * 4], anns_field="vector", limit=ROWS, filter=text)[0]
    assert sorted(hit["id"] for hit in hits) == expected


def test_the_rules_tell_rows_apart():
    """A rule that keeps all rows or none shows little; few are like that."""
    flat = [text for text, rule in FORMS if len(wanted(rule)) in (0, ROWS)]
    assert set(flat) == {"STARTS_WITH(s, s)", 'text_match(t, "quick", minimum_should_match=1000)'}


@pytest.mark.parametrize("text, rule", FORMS[3::9], ids=IDS[3::9])
def test_delete_by_filter_deletes_what_query_finds(client, name, text, rule):
    fill(client, name)
    client.delete(name, filter=text)
    gone = set(wanted(rule))
    assert all_ids(client, name) == [i for i in range(ROWS) if i not in gone]


# ---- template values

TEMPLATES = [
    ("flag == {v}", {"v": True}, known("flag", lambda v: v is True)),
    ("{v} > i8", {"v": -50}, lambda r: r["i8"] < -50),
    ("d >= {v}", {"v": 11.5}, lambda r: r["d"] >= 11.5),
    ("f > {v}", {"v": 20}, lambda r: r["f"] > 20),
    ("s != {v}", {"v": "日本"}, lambda r: r["s"] != "日本"),
    ("{low} <= i8 < {high}", {"low": -3, "high": 3}, lambda r: -3 <= r["i8"] < 3),
    ("i8 + {v} == 0", {"v": 7}, lambda r: r["i8"] == -7),
    ("id in {v}", {"v": [4, 99, 5000]}, lambda r: r["id"] in (4, 99)),
    ("s in {v}", {"v": ["", 'q"uote']}, lambda r: r["s"] in ("", 'q"uote')),
    ("d not in {v}", {"v": [0.0, 0.5]}, lambda r: r["d"] not in (0, 0.5)),
    ("flag in {v}", {"v": [False]}, known("flag", lambda v: v is False)),
    ('j["a"] in {v}', {"v": [5, 6.5]}, doc(lambda v: v.get("a") in (5, 6.5))),
    ("id in [{a}, {b}]", {"a": 1, "b": 2}, lambda r: r["id"] in (1, 2)),
    ("s like {v}", {"v": "a\\%%"}, lambda r: r["s"].startswith("a%")),
    ("s =~ {v}", {"v": "^a.b$"}, lambda r: re.search("^a.b$", r["s"]) is not None),
    ("s !~ {v}", {"v": "a"}, lambda r: "a" not in r["s"]),
    ("array_contains(list, {v})", {"v": 2}, known("list", lambda v: 2 in v)),
    ("array_contains_all(list, {v})", {"v": [0, 2]}, known("list", lambda v: {0, 2} <= {*v})),
    ("array_contains_any(tags, {v})", {"v": ["t1", "zz"]}, lambda r: "t1" in r["tags"]),
    ('json_contains(j["l"], {v})', {"v": "x"}, doc(lambda v: "x" in v.get("l", []))),
    ("array_length(list) == {v}", {"v": 1}, known("list", lambda v: len(v) == 1)),
    ("text_match(t, {v})", {"v": "quick dog"}, known("t", lambda v: {"quick", "dog"} & {*words(v)})),
    ("text_match(t, {v}, minimum_should_match={n})", {"v": "quick brown", "n": 2},
     known("t", lambda v: {"quick", "brown"} <= {*words(v)})),
    ("phrase_match(t, {v}, {n})", {"v": "quick fox", "n": 1}, known("t", lambda v: "quick brown fox" in v.lower())),
    ("st_within(place, {v})", {"v": "POLYGON ((2 2, 6 2, 6 6, 2 6, 2 2))"},
     point(lambda x, y: 2 < x < 6 and 2 < y < 6)),
    ("st_dwithin(place, {v}, {m})", {"v": "POINT (0 0)", "m": 200000.0}, point(lambda x, y: metres(x, y) <= 200000)),
    ("at < ISO {v}", {"v": "2025-01-05"}, moment(lambda v: v < at("2025-01-05T00:00:00+00:00"))),
    ("match_any(parts, $[a] == {v})", {"v": 3}, parts(lambda v: any(p["a"] == 3 for p in v))),
    ("match_least(parts, $[a] > {v}, threshold={n})", {"v": 1, "n": 2},
     parts(lambda v: sum(p["a"] > 1 for p in v) >= 2)),
    ("key == {v}", {"v": 3}, lambda r: r.get("key") == 3),
]


@pytest.mark.parametrize("text, values, rule", TEMPLATES, ids=[text for text, *_ in TEMPLATES])
def test_templates_in_every_place(client, post, filled, text, values, rule):
    expected = wanted(rule)
    assert expected
    found = client.query(filled, filter=text, filter_params=values, output_fields=["id"], limit=ROWS)
    assert sorted(one["id"] for one in found) == expected
    hits = client.search(filled, [[0.0] * 4], anns_field="vector", limit=ROWS, filter=text, filter_params=values)[0]
    assert sorted(hit["id"] for hit in hits) == expected
    reply = post("entities/query", {"collectionName": filled, "filter": text, "exprParams": values,
                                    "outputFields": ["id"], "limit": ROWS})
    assert reply["code"] == 0, reply
    assert sorted(one["id"] for one in reply["data"]) == expected


def test_the_reserved_template_changes_no_answer(client, filled):
    for on in (True, False):
        found = client.query(filled, filter='j["a"] == {v}', filter_params={"v": 5, "expr_use_json_stats": on},
                             output_fields=["id"])
        assert [one["id"] for one in found] == [5]


def test_a_template_deletes(client, name):
    fill(client, name)
    client.delete(name, filter="id in {v}", filter_params={"v": [1, 2]})
    assert all_ids(client, name) == [0, *range(3, ROWS)]


def template_value(**arguments):
    return schema_pb2.TemplateValue(**arguments)


def test_template_arrays_of_every_kind(stub, filled):
    longs = schema_pb2.TemplateArrayValue(long_data=schema_pb2.LongArray(data=[1, 2]))
    texts = schema_pb2.TemplateArrayValue(string_data=schema_pb2.StringArray(data=["", "abc"]))
    reals = schema_pb2.TemplateArrayValue(double_data=schema_pb2.DoubleArray(data=[0.5, 1.0]))
    bools = schema_pb2.TemplateArrayValue(bool_data=schema_pb2.BoolArray(data=[True]))
    mixed = schema_pb2.TemplateArrayValue(json_data=schema_pb2.JSONArray(data=[b'"x"', b"2"]))
    nested = schema_pb2.TemplateArrayValue(array_data=schema_pb2.TemplateArrayValueArray(data=[longs]))
    for text, value, rule in [
        ("id in {v}", longs, lambda r: r["id"] in (1, 2)), ("s in {v}", texts, lambda r: r["s"] in ("", "abc")),
        ("f in {v}", reals, lambda r: r["f"] in (0.5, 1)), ("flag in {v}", bools, lambda r: r["flag"] is True),
        ('json_contains_all(j["l"], {v})', mixed, doc(lambda v: {"x", 2} <= {*v.get("l", [])})),
        ('json_contains_any(j["l"], {v})', nested, lambda r: False),
    ]:
        request = milvus_pb2.QueryRequest(collection_name=filled, expr=text, output_fields=["id"],
                                          use_default_consistency=True)
        request.expr_template_values["v"].CopyFrom(template_value(array_val=value))
        reply = stub.Query(request)
        assert reply.status.code == 0, (text, reply.status)
        assert list(reply.fields_data[0].scalars.long_data.data) == wanted(rule), text


# ---- errors

PLAN = "failed to create query plan: cannot parse expression: "
ERRORS = [
    # text, part of the cause
    ("id >", "mismatched input"), ("id > 1 And id < 3", "mismatched input"), ("id = 1", "mismatched input"),
    ('s == "\\q"', "invalid escape"), ("id == 08", "invalid number"), ("id == 9223372036854775808", "out of range"),
    ("flag", "predicate is not a boolean expression"), ("5", "predicate is not a boolean expression"),
    ("not id > 5", "not op can only be applied on boolean expression"), ("~id == 1", "not supported"),
    ("id << 1 == 2", "not supported"), ("id >> 1 == 2", "not supported"), ("id & 1 == 1", "not supported"),
    ("id | 1 == 1", "not supported"), ("id ^ 1 == 1", "not supported"), ("id ** 2 == 4", "constants"),
    ("id == 1.5", "cannot cast value"), ("flag > true", "comparisons between Bool"), ("s == 5", "VarChar"),
    ("list > [1]", "can not comparisons array fields directly"),
    ("list + 1 == 2", "can not comparisons array fields directly"),
    ('j["a"] > id', "two column comparison with JSON type is not supported"),
    ("id + i8 == 3", "not supported to do arithmetic operations between multiple fields"),
    ("id + 1 + 2 == 3", "complicated arithmetic operations are not supported"),
    ("5 - id == 1", "complicated arithmetic operations are not supported"), ("id / 0 == 1", "by zero"),
    ("id % 0 == 1", "by zero"), ("f % 2 == 1", "integer"), ("id + 0.5 == 1", "cannot cast value"),
    ("at > '2025-01-01'", "Timestamptz"), ("at > ISO 'noon'", "timestamp"), ("at + INTERVAL 'P1.5D' > ISO '2025-01-01'",
                                                                           "duration"),
    ("long == 'x'", "filter on text field (long) is not supported"), ("long in ['x']", "filter on text field"),
    ("long like 'x%'", "filter on text field"), ("vector == 1", "FloatVector"), ("vector is null", "vector"),
    ("id in 5", "must be a list"), ("id in [i8]", "non-const"), ("id in ['a']", "casted"), ("id like 'a'", "like"),
    ("s =~ '('", "regex"), ("exists j", "key"), ("exists id", "json"), ("list[0] is null", "array"),
    ("text_match(s, 'x')", "does not enable match"), ("text_match(t, 'x', minimum_should_match=0)", "[1, 1000]"),
    ("text_match(t, 'x', minimum_should_match=1001)", "[1, 1000]"), ("phrase_match(t, 'x', -1)", "4294967295"),
    ("phrase_match(t, 'x', 4294967296)", "4294967295"), ("array_contains(list, 'x')", "contains"),
    ("array_contains_all(list, 1)", "must be an array"), ("array_contains(id, 1)", "json or array"),
    ("array_length(id) == 1", "array_length"), ("st_within(place, 'nothing')", "WKT"),
    ("st_within(id, 'POINT (1 1)')", "geometry"), ("st_dwithin(place, 'LINESTRING (0 0, 1 1)', 5)", "POINT"),
    ("st_dwithin(place, 'POINT (0 0)', -1)", "negative"), ("random_sample(0)", "between 0 and 1"),
    ("random_sample(1)", "between 0 and 1"), ("random_sample(0.5) or id == 1", "logical or"),
    ("not random_sample(0.5)", "unary"), ("random_sample(0.5) and id == 1", "last"),
    ("not element_filter(parts, $[a] == 1)", "unary"), ("element_filter(parts, $[a] == 1) and id == 1", "last"),
    ("element_filter(parts, element_filter(parts, $[a] == 1))", "inside"), ("$[a] == 1", "inside"),
    ("match_any(parts, $[zz] == 1)", "not exist"), ("match_least(parts, $[a] == 1, threshold=0)", "[1, "),
    ("match_most(parts, $[a] == 1, threshold=-1)", "[0, "), ("match_any(id, $[a] == 1)", "struct"),
    ("nosuch(id)", "nosuch"), ("empty(id)", "VarChar"), ("id == {missing}", "missing"), ("{v} == {v}", "two constants"),
]


@pytest.mark.parametrize("text, cause", ERRORS, ids=[text for text, _ in ERRORS])
def test_every_wrong_filter_says_why_in_every_call(client, post, filled, text, cause):
    values = {"v": 1}
    for call in (lambda: client.query(filled, filter=text, filter_params=values, limit=5),
                 lambda: client.search(filled, [[0.0] * 4], anns_field="vector", limit=5, filter=text,
                                       filter_params=values)):
        with pytest.raises(MilvusException) as error:
            call()
        assert error.value.code == 1100
        assert error.value.message.startswith(PLAN + text + ", error: "), error.value.message
        assert cause in error.value.message[len(PLAN + text):]
        assert error.value.message.endswith(": invalid parameter")
    with pytest.raises(MilvusException) as error:
        client.delete(filled, filter=text, filter_params=values)
    assert error.value.code == 1100
    assert error.value.message.startswith("failed to create delete plan: "), error.value.message
    reply = post("entities/query", {"collectionName": filled, "filter": text, "exprParams": values, "limit": 5})
    assert reply["code"] == 1100 and "failed to create query plan" in reply["message"]


def test_nothing_was_deleted_by_wrong_filters(client, filled):
    assert count(client, filled) == ROWS


# ---- empty filters, whole and part


@pytest.mark.parametrize("text", ["", "  ", "\t\n", "true", "1 == 1", "not (1 > 2)", '"ab" == "ab"', "id > 3 or true",
                                  "id in [] or 1 == 1"])
def test_an_empty_filter_is_always_true(client, filled, text):
    assert len(client.query(filled, filter=text, limit=ROWS + 1)) == ROWS
    assert count(client, filled, text) == ROWS
    assert len(client.search(filled, [[0.0] * 4], anns_field="vector", limit=ROWS + 1, filter=text)[0]) == ROWS
    with pytest.raises(MilvusException, match="empty expression should be used with limit") as error:
        client.query(filled, filter=text)
    assert error.value.code == 1100
    with pytest.raises(MilvusException, match="requires limit"):
        client.query(filled, filter="id > 0", order_by=["id:asc"])


@pytest.mark.parametrize("text", ["id not in []", "id >= -9223372036854775808", "id > 3 or id <= 3",
                                  "not (id in [])"])
def test_a_filter_that_is_true_of_all_rows_is_no_empty_one(client, filled, text):
    assert len(client.query(filled, filter=text, output_fields=["id"])) == ROWS


@pytest.mark.parametrize("text", ["id is  null", "id is not  null", "id is\tnull", "id  is not\nnull"])
def test_null_tests_take_exactly_one_space(client, filled, text):
    with pytest.raises(MilvusException, match="cannot parse expression") as error:
        client.query(filled, filter=text, limit=3)
    assert error.value.code == 1100


@pytest.mark.parametrize("text", ["true", "1 == 1", "id not in []", "true or id > 3"])
def test_a_delete_of_everything_is_refused(client, filled, text):
    with pytest.raises(MilvusException) as error:
        client.delete(filled, filter=text)
    assert error.value.code == 1100
    assert f"delete plan can't be empty or always true : {text}" in error.value.message
    assert count(client, filled) == ROWS


def test_a_sample_is_about_its_share(client, name):
    create(client, name, simple_schema(dim=4))
    client.insert(name, [{"id": i, "vector": [0.0] * 4} for i in range(4000)])
    for text, low, high in [("random_sample(0.1)", 250, 550), ("RANDOM_SAMPLE(0.9)", 3450, 3750),
                            ("id < 2000 and random_sample(0.5)", 850, 1150)]:
        found = [one["id"] for one in client.query(name, filter=text, output_fields=["id"],
                                                   consistency_level="Strong")]
        assert low < len(found) < high, text
        assert len(set(found)) == len(found) and ("2000" not in text or max(found) < 2000)


def test_control_characters_and_their_escapes(client, name):
    schema = simple_schema(dim=4)
    schema.add_field("s", DataType.VARCHAR, max_length=9)
    create(client, name, schema)
    values = ["\a", "\b", "\f", "\v", "?", "\r", "\n", "\t", "a\0b", "a\nb"]
    client.insert(name, [{"id": i, "vector": [0.0] * 4, "s": value} for i, value in enumerate(values)])
    for sealed in (False, True):
        if sealed:
            client.flush(name)
        for i, letter in enumerate("abfv?rnt"):
            assert all_ids(client, name, f's == "\\{letter}"') == [i], letter
        for text, expected in [(r's == "a\0b"', [8]), (r's == "a\x00b"', [8]), ('s like "a_b"', [8, 9]),
                               ('s =~ "a.b"', [8]), ('s =~ "(?s)a.b"', [8, 9]), (r'starts_with(s, "a\0")', [8])]:
            assert all_ids(client, name, text) == expected, text


def test_unknown_names_without_a_dynamic_field(client, name):
    create(client, name, simple_schema(dim=4))
    for text in ("who == 1", "exists who", "who is null", '$meta["who"] == 1'):
        with pytest.raises(MilvusException, match="not exist"):
            client.query(name, filter=text)


def test_fields_added_later_read_null_or_their_default(client, name):
    create(client, name, simple_schema(dim=4))
    client.insert(name, [{"id": i, "vector": [0.0] * 4} for i in range(4)])
    client.add_collection_field(name, "late", DataType.INT64, nullable=True)
    client.add_collection_field(name, "seven", DataType.INT64, nullable=True, default_value=7)
    client.insert(name, [{"id": 4, "vector": [0.0] * 4, "late": 1, "seven": 8}])
    for text, expected in [("late is null", [0, 1, 2, 3]), ("late != 5", [4]), ("not (late == 1)", []),
                           ("seven == 7", [0, 1, 2, 3]), ("seven is null", []),
                           ("seven > 7 or late is null", [0, 1, 2, 3, 4])]:
        assert all_ids(client, name, text) == expected, text


def test_a_plan_is_kept_by_its_text_and_forgotten_with_the_schema(client, name):
    create(client, name, simple_schema(dim=4, enable_dynamic_field=True))
    client.insert(name, [{"id": i, "vector": [0.0] * 4, "late": i} for i in range(4)])
    assert all_ids(client, name, "late == 1") == [1]
    assert all_ids(client, name, "late == 1") == [1]
    client.add_collection_field(name, "late", DataType.INT64, nullable=True)
    assert all_ids(client, name, "late == 1") == []
    assert all_ids(client, name, '$meta["late"] == 1') == [1]


def test_a_missing_value_gets_its_answer_when_it_comes(client, filled):
    with pytest.raises(MilvusException, match="expression template variable name {v} is not found"):
        client.query(filled, filter="id == {v}", limit=1)
    assert [one["id"] for one in client.query(filled, filter="id == {v}", filter_params={"v": 3}, limit=1)] == [3]
    assert [one["id"] for one in client.query(filled, filter="id == {v}", filter_params={"v": 4}, limit=1)] == [4]


def test_filters_survive_a_restart(tmp_path):
    with Server(tmp_path / "own") as server:
        fill(server.client(), "c")
        server.restart()
        client = server.client()
        client.load_collection("c")
        for text, rule in FORMS:
            assert all_ids(client, "c", text) == wanted(rule), text
        server.stop()


@pytest.mark.parametrize("text", ["0.1 < f < 0.10000000001", "100.7 > f > 100.69999694824219"])
def test_a_range_of_floats_that_are_one_float32_is_empty(client, name, text):
    schema = simple_schema(dim=4)
    schema.add_field("f", DataType.FLOAT)
    create(client, name, schema)
    client.insert(name, [{"id": 1, "vector": [0.0] * 4, "f": 0.1}])
    assert count(client, name, text) == 0
