"""Scalar indexes: every type over every kind of column it takes changes no answer, whether it was built
before or after the rows, while it is built, and after a restart; and what is refused."""

import itertools
import random
import time

import pytest
from elanus_server import Server
from oracle import random_vectors
from pymilvus import DataType, MilvusClient, MilvusException
from rows import create, index_of, insert_in_batches, simple_schema

ROWS, DIM = 4000, 4
WORDS = ["", "a", "ab", "abc", "b", "ba", "zebra", "Zürich", "北京", "x%y", "x_y", "item-1", "item-2", "item-10"]


def make_row(number, dice):
    nullable = dice.random() < 0.9
    row = {
        "id": number,
        "vector": [dice.random() for _ in range(DIM)],
        "flag": dice.random() < 0.5,
        "small": dice.randrange(-5, 6),
        "number": dice.choice([dice.randrange(-1000, 1000), dice.randrange(-2**62, 2**62)]),
        "ratio": dice.choice([dice.uniform(-10, 10), 0.0, -0.0, 1e300]),
        "price": dice.choice([dice.uniform(-10, 10), 0.5]),
        "word": dice.choice(WORDS) + dice.choice(["", "", str(dice.randrange(300))]),
        "at": f"2025-01-{dice.randrange(1, 29):02}T{dice.randrange(24):02}:00:00Z",
        "place": f"POINT ({dice.uniform(-20, 20):.3f} {dice.uniform(-20, 20):.3f})",
        "numbers": [dice.randrange(20) for _ in range(dice.randrange(5))],
        "words": [dice.choice(WORDS) for _ in range(dice.randrange(4))],
        "maybe": dice.randrange(10) if nullable else None,
        "maybe_word": dice.choice(WORDS) if nullable else None,
        "doc": {"n": dice.choice([dice.randrange(20), dice.uniform(0, 20), str(dice.randrange(20)), None, True]),
                "s": dice.choice([dice.choice(WORDS), dice.randrange(3), [1, 2]]),
                "deep": {"list": [dice.randrange(9) for _ in range(dice.randrange(4))],
                         "tags": [dice.choice(WORDS) for _ in range(dice.randrange(3))]},
                "b": dice.choice([True, False, "true", 1])},
    }
    if dice.random() < 0.2:
        del row["doc"]["n"]
    if dice.random() < 0.5:
        row["extra"] = dice.choice([dice.randrange(10), "five", None])
    return row


def schema():
    made = simple_schema(dim=DIM, enable_dynamic_field=True)
    made.add_field("flag", DataType.BOOL)
    made.add_field("small", DataType.INT8)
    made.add_field("number", DataType.INT64)
    made.add_field("ratio", DataType.DOUBLE)
    made.add_field("price", DataType.FLOAT)
    made.add_field("word", DataType.VARCHAR, max_length=40)
    made.add_field("at", DataType.TIMESTAMPTZ)
    made.add_field("place", DataType.GEOMETRY)
    made.add_field("numbers", DataType.ARRAY, element_type=DataType.INT32, max_capacity=8)
    made.add_field("words", DataType.ARRAY, element_type=DataType.VARCHAR, max_length=20, max_capacity=8)
    made.add_field("maybe", DataType.INT32, nullable=True)
    made.add_field("maybe_word", DataType.VARCHAR, max_length=20, nullable=True)
    made.add_field("doc", DataType.JSON)
    return made


FILTERS = [
    "flag == true", "flag != true", "not (flag == true)",
    "small == 3", "small != 3", "small > 2", "small in [1, -2, 100]", "small not in [1, -2]", "-2 <= small < 1",
    "number == 7", "number > 990", "number < -4000000000000000000", "10 < number <= 20", "number in [1, 2, 3, 5000]",
    "number != 0", "number % 7 == 3", "ratio == 0.0", "ratio >= 9.5", "ratio < -9.9", "ratio == 1e300",
    "ratio in [0, 1e300]", "price == 0.5", "price > 9.9", "0.4 < price < 0.6", "price in [0.5, 0.25]",
    'word == "abc"', 'word != "abc"', 'word in ["a", "zebra", "none"]', 'word like "item-1%"', 'word like "%ra"',
    'word like "%em-1%"', 'word like "a%c"', 'word like "a_c"', 'word like "x\\\\%y"', 'word > "z"',
    '"a" <= word < "abc"', 'word like "北%"', 'word like "%京%"', 'word =~ "^item-[0-9]$"', 'word like "%"', 'word == ""',
    "at > ISO '2025-01-27T00:00:00Z'", "at == ISO '2025-01-03T04:00:00Z'",
    "ISO '2025-01-03T00:00:00Z' <= at < ISO '2025-01-04T00:00:00Z'",
    "st_within(place, 'POLYGON ((0 0, 3 0, 3 3, 0 3, 0 0))')",
    "st_intersects(place, 'POLYGON ((-1 -1, 1 -1, 1 1, -1 1, -1 -1))')", "st_dwithin(place, 'POINT (1 1)', 100000)",
    "not st_within(place, 'POLYGON ((0 0, 3 0, 3 3, 0 3, 0 0))')",
    "array_contains(numbers, 7)", "array_contains_any(numbers, [1, 2])", "array_contains_all(numbers, [1, 2])",
    "not array_contains(numbers, 7)", "numbers[0] == 5", "array_length(numbers) == 2", "numbers == [1, 2]",
    'array_contains(words, "abc")', 'array_contains_all(words, ["a", "ab"])',
    "maybe == 3", "maybe != 3", "not (maybe == 3)", "maybe is null", "maybe is not null", "maybe > 7 or maybe is null",
    "not (maybe in [1, 2, 3])", 'maybe_word == "abc"', 'not (maybe_word like "a%")', "maybe_word is null",
    'doc["n"] == 5', 'doc["n"] != 5', 'doc["n"] > 18', 'doc["n"] in [1, 2.0]', 'doc["n"] == "5"', 'doc["n"] == true',
    'not (doc["n"] == 5)', '2 < doc["n"] < 4', 'exists doc["n"]', 'not exists doc["n"]', 'doc["n"] is null',
    'doc["s"] == "abc"', 'doc["s"] like "a%"', 'doc["s"] != "abc"', 'doc["s"] > "z"', 'doc["s"] in ["a", "b"]',
    'doc["b"] == true', 'doc["b"] != true', 'doc["b"] == "true"', 'json_contains(doc["deep"]["list"], 3)',
    'json_contains_any(doc["deep"]["list"], [1, 8])', 'json_contains_all(doc["deep"]["list"], [1, 2])',
    'json_contains(doc["deep"]["tags"], "abc")', 'not json_contains(doc["deep"]["list"], 3)',
    'doc["deep"]["list"][0] == 4', "extra == 5", 'extra == "five"', "extra > 7", "exists extra", "extra != 5",
    "small == 3 and number > 500", "small == 3 or number == 7", 'flag == true and word like "item-1%" and small > 2',
    'small == 3 and doc["n"] > 10 and maybe == 4', 'not (small == 3 and word == "abc")', "id < 100 and small == 3",
    'maybe == 3 and word == "abc"', 'maybe == 3 or maybe_word == "abc"',
]

# name of the index, field, type, parameters
INDEXES = {
    "inverted": [("flag", "INVERTED", {}), ("small", "INVERTED", {}), ("number", "INVERTED", {}),
                 ("ratio", "INVERTED", {}), ("price", "INVERTED", {}), ("word", "INVERTED", {}),
                 ("numbers", "INVERTED", {}), ("words", "INVERTED", {}), ("maybe", "INVERTED", {}),
                 ("maybe_word", "INVERTED", {})],
    "bitmap": [("flag", "BITMAP", {}), ("small", "BITMAP", {}), ("number", "BITMAP", {}), ("word", "BITMAP", {}),
               ("numbers", "BITMAP", {}), ("words", "BITMAP", {}), ("maybe", "BITMAP", {}),
               ("maybe_word", "BITMAP", {})],
    "sorted": [("small", "STL_SORT", {}), ("number", "STL_SORT", {}), ("ratio", "STL_SORT", {}),
               ("price", "STL_SORT", {}), ("word", "STL_SORT", {}), ("at", "STL_SORT", {}),
               ("maybe", "Asceneding", {}), ("maybe_word", "STL_SORT", {})],
    "trie": [("word", "TRIE", {}), ("maybe_word", "Trie", {})],
    "ngram": [("word", "NGRAM", {"min_gram": 1, "max_gram": 2}), ("maybe_word", "NGRAM", {"min_gram": 2, "max_gram": 3}),
              ("doc", "NGRAM", {"min_gram": 1, "max_gram": 3, "json_path": 'doc["s"]', "json_cast_type": "VARCHAR"})],
    "auto": [(field, None, {}) for field in ("flag", "small", "number", "ratio", "price", "word", "at", "place",
                                            "numbers", "words", "maybe", "maybe_word")],
    "box tree": [("place", "RTREE", {})],
    "json": [("doc", "INVERTED", {"json_path": 'doc["n"]', "json_cast_type": "DOUBLE"}),
             ("doc", "INVERTED", {"json_path": "doc['s']", "json_cast_type": "varchar"}),
             ("doc", "INVERTED", {"json_path": 'doc["b"]', "json_cast_type": "BOOL"}),
             ("doc", "INVERTED", {"json_path": 'doc["deep"]["list"]', "json_cast_type": "ARRAY_DOUBLE"}),
             ("doc", "INVERTED", {"json_path": 'doc["deep"]["tags"]', "json_cast_type": "ARRAY_VARCHAR"}),
             ("extra", "INVERTED", {"json_path": "extra", "json_cast_type": "DOUBLE"})],
    "json kinds": [("doc", "STL_SORT", {"json_path": 'doc["n"]', "json_cast_type": "DOUBLE"}),
                   ("doc", "BITMAP", {"json_path": 'doc["b"]', "json_cast_type": "BOOL"}),
                   ("doc", "STL_SORT", {"json_path": 'doc["s"]', "json_cast_type": "VARCHAR"})],
    "json tree": [("doc", "INVERTED", {"json_cast_type": "JSON"})],
}


def index_params(which):
    index = MilvusClient.prepare_index_params()
    for number, (field, index_type, params) in enumerate(INDEXES[which]):
        index.add_index(field, index_name=f"i{number}", params=params,
                        **({"index_type": index_type} if index_type else {}))
    return index


def answers(client, name):
    """The ids that each filter finds; an error counts as an answer."""
    found = {}
    for text in FILTERS:
        try:
            rows = client.query(name, filter=text, output_fields=["id"], limit=ROWS + 1000, consistency_level="Strong")
            found[text] = sorted(row["id"] for row in rows)
        except MilvusException as error:
            found[text] = error.message
    return found


def wait_until_built(client, name, numbers):
    for number in range(numbers):
        for _ in range(600):
            described = client.describe_index(name, f"i{number}")
            if described["pending_index_rows"] == 0:
                break
            time.sleep(0.05)
        assert described["state"] == "Finished", described
        assert described["indexed_rows"] == described["total_rows"]


def differences(got, wanted):
    return {text: (len(got[text]), len(wanted[text])) for text in wanted if got[text] != wanted[text]}


@pytest.fixture(scope="module")
def filled(client, module_name):
    """Two sealed segments, some deletes, and growing rows."""
    create(client, module_name, schema())
    dice = random.Random(11)
    rows = [make_row(number, dice) for number in range(ROWS)]
    insert_in_batches(client, module_name, rows[:1900])
    client.flush(module_name)
    insert_in_batches(client, module_name, rows[1900:3800])
    client.delete(module_name, ids=list(range(0, ROWS, 37)))
    client.flush(module_name)
    insert_in_batches(client, module_name, rows[3800:])
    return module_name


@pytest.fixture(scope="module")
def scanned(client, filled):
    found = answers(client, filled)
    errors = {text: answer for text, answer in found.items() if isinstance(answer, str)}
    assert not errors
    return found


@pytest.mark.parametrize("which", INDEXES)
def test_an_index_changes_no_answer(client, filled, scanned, which):
    numbers = len(INDEXES[which])
    client.create_index(filled, index_params(which))
    try:
        assert not differences(answers(client, filled), scanned)  # perhaps still being built
        wait_until_built(client, filled, numbers)
        assert not differences(answers(client, filled), scanned)
        client.release_collection(filled)
        client.load_collection(filled)
        assert not differences(answers(client, filled), scanned)
    finally:
        for number in range(numbers):
            client.drop_index(filled, f"i{number}")
    assert not differences(answers(client, filled), scanned)


def test_search_and_delete_use_the_same_rows(client, name):
    create(client, name, schema())
    dice = random.Random(5)
    rows = [make_row(number, dice) for number in range(2000)]
    insert_in_batches(client, name, rows)
    client.flush(name)
    client.create_index(name, index_params("auto"))
    wait_until_built(client, name, len(INDEXES["auto"]))
    wanted = sorted(row["id"] for row in rows if row["small"] == 3 and row["word"].startswith("item"))
    text = 'small == 3 and word like "item%"'
    hits = client.search(name, random_vectors(1, DIM).tolist(), filter=text, limit=len(rows))[0]
    assert sorted(hit["id"] for hit in hits) == wanted
    client.delete(name, filter=text)
    assert client.query(name, filter=text, output_fields=["id"], limit=10, consistency_level="Strong") == []
    left = client.query(name, filter="", output_fields=["count(*)"], consistency_level="Strong")
    assert left[0]["count(*)"] == len(rows) - len(wanted)


def test_answers_after_a_crash_and_restart(tmp_path):
    with Server(tmp_path / "crash") as server:
        client = server.client()
        create(client, "rows", schema())
        dice = random.Random(7)
        insert_in_batches(client, "rows", [make_row(number, dice) for number in range(1500)])
        client.flush("rows")
        wanted = answers(client, "rows")
        for which in ("inverted", "json"):
            client.create_index("rows", index_params(which))
            wait_until_built(client, "rows", len(INDEXES[which]))
            server.kill()
            server.start()
            client = server.client()
            assert not differences(answers(client, "rows"), wanted)
            for number in range(len(INDEXES[which])):
                client.drop_index("rows", f"i{number}")


def test_rows_written_after_the_index_are_indexed_too(client, name):
    create(client, name, schema())
    client.create_index(name, index_params("sorted"))
    dice = random.Random(3)
    rows = [make_row(number, dice) for number in range(3000)]
    for begin in range(0, 3000, 1500):
        insert_in_batches(client, name, rows[begin:begin + 1500])
        client.flush(name)
    wait_until_built(client, name, len(INDEXES["sorted"]))
    assert client.describe_index(name, "i0")["indexed_rows"] == 3000
    found = client.query(name, filter="small == 3", output_fields=["id"], limit=3000, consistency_level="Strong")
    assert sorted(row["id"] for row in found) == [row["id"] for row in rows if row["small"] == 3]


REFUSED = [
    ("vector", "INVERTED", {}, 1100, "can't build with this index INVERTED"),
    ("vector", "BITMAP", {}, 1100, "can't build with this index BITMAP"),
    ("id", "BITMAP", {}, 1100, "create bitmap index on primary key not supported"),
    ("ratio", "BITMAP", {}, 1100, "bitmap index are only supported on bool, int, string and array field"),
    ("numbers", "STL_SORT", {}, 1100, "STL_SORT are only supported on numeric, varchar or timestamptz field"),
    ("flag", "STL_SORT", {}, 1100, "STL_SORT are only supported on numeric, varchar or timestamptz field"),
    ("number", "TRIE", {}, 1100, "TRIE are only supported on varchar field"),
    ("number", "RTREE", {}, 1100, "RTREE index can only be built on geometry field"),
    ("place", "INVERTED", {}, 1100, "INVERTED are not supported on Geometry field"),
    ("number", "NGRAM", {"min_gram": 2, "max_gram": 3}, 1100, "Ngram index can only be created on VARCHAR or JSON field"),
    ("word", "NGRAM", {}, 1100, "Ngram index must specify both min_gram and max_gram"),
    ("word", "NGRAM", {"min_gram": "two", "max_gram": 3}, 1100, "must be integers"),
    ("word", "NGRAM", {"min_gram": 3, "max_gram": 2}, 1100, "invalid min_gram or max_gram value for Ngram index"),
    ("word", "NGRAM", {"min_gram": 0, "max_gram": 2}, 1100, "invalid min_gram or max_gram value for Ngram index"),
    ("word", "NGRAM", {"min_gram": 2, "max_gram": 65537}, 1100, "invalid min_gram or max_gram value for Ngram index"),
    ("number", "BITMAP", {"bitmap_cardinality_limit": 0}, 1100, "invalid bitmap_cardinality_limit value: 0"),
    ("number", "AUTOINDEX", {"bitmap_cardinality_limit": 1001}, 1100, "should be in range [1, 1000]"),
    ("number", "HYBRID", {}, 1100, "invalid index type: HYBRID"),
    ("number", "NO_SUCH", {}, 1100, "invalid index type: NO_SUCH"),
    ("number", "HNSW", {}, 1100, "invalid index type: HNSW"),
    ("nothing_here", "HNSW", {"M": 8}, 1100, "cannot create index on non-exist field: nothing_here"),
    ("doc", "INVERTED", {}, 1101, "json index must specify cast type: missing parameter[missing_param=json_cast_type]"),
    ("doc", "INVERTED", {"json_cast_type": "INT64", "json_path": 'doc["n"]'}, 1100, "json_cast_type INT64 is not supported"),
    ("doc", "INVERTED", {"json_cast_type": "VARCHAR", "json_cast_function": "STRING_TO_DOUBLE",
                         "json_path": 'doc["n"]'}, 1100, "json_cast_function STRING_TO_DOUBLE is not supported"),
    ("doc", "INVERTED", {"json_cast_type": "DOUBLE", "json_cast_function": "UPPER", "json_path": 'doc["n"]'}, 1100,
     "json_cast_function UPPER is not supported"),
    ("doc", "INVERTED", {"json_cast_type": "DOUBLE", "json_path": 'other["n"]'}, 1100, "json_path"),
    ("doc", "INVERTED", {"json_cast_type": "DOUBLE", "json_path": 'doc["n'}, 1100, "json_path"),
    ("doc", "BITMAP", {"json_cast_type": "DOUBLE", "json_path": 'doc["n"]'}, 1100, "bitmap index"),
    ("number", "INVERTED", {"mmap.enabled": "maybe"}, 1100, "mmap.enabled"),
]


@pytest.fixture(scope="module")
def empty(client, module_name):
    create(client, module_name + "_empty", schema())
    yield module_name + "_empty"
    client.drop_collection(module_name + "_empty")


@pytest.mark.parametrize("field, index_type, params, code, phrase", REFUSED)
def test_refused(client, empty, field, index_type, params, code, phrase):
    index = MilvusClient.prepare_index_params()
    index.add_index(field, index_type=index_type, index_name="refused", params=params)
    if field == "vector":
        client.release_collection(empty)
        client.drop_index(empty, "vector")
    try:
        with pytest.raises(MilvusException) as error:
            client.create_index(empty, index)
        assert phrase in error.value.message and error.value.code == code, error.value
        assert "refused" not in client.list_indexes(empty)
    finally:
        if field == "vector":
            client.create_index(empty, index_of())
            client.load_collection(empty)


def test_texts_take_no_index(client, name):
    made = simple_schema(dim=2)
    made.add_field("long", DataType.TEXT, max_length=1000, enable_analyzer=True, enable_match=True)
    client.create_collection(name, schema=made)
    for index_type in ("INVERTED", "AUTOINDEX", "BITMAP", "NGRAM"):
        index = MilvusClient.prepare_index_params()
        index.add_index("long", index_type=index_type, params={"min_gram": 2, "max_gram": 3})
        with pytest.raises(MilvusException, match=f"data type Text can't build with this index {index_type}") as error:
            client.create_index(name, index)
        assert error.value.code == 1100


def test_an_index_on_disk_is_not_mapped(client, name):
    client.create_collection(name, schema=simple_schema(dim=2))
    index = MilvusClient.prepare_index_params()
    index.add_index("vector", index_name="v", index_type="DISKANN", metric_type="L2")
    client.create_index(name, index)
    for value in (True, False):
        with pytest.raises(MilvusException, match="index type DISKANN does not support mmap") as error:
            client.alter_index_properties(name, "v", {"mmap.enabled": value})
        assert error.value.code == 1100
    client.alter_index_properties(name, "v", {"warmup": "sync"})


def test_one_index_for_each_json_path(client, name):
    client.create_collection(name, schema=schema())

    def add(index_name, path, cast="DOUBLE"):
        index = MilvusClient.prepare_index_params()
        index.add_index("doc", index_type="INVERTED", index_name=index_name,
                        params={"json_path": path, "json_cast_type": cast})
        client.create_index(name, index)
    add("one", 'doc["n"]')
    add("one", 'doc["n"]')
    add("two", 'doc["s"]')
    assert sorted(client.list_indexes(name)) == ["one", "two"]
    with pytest.raises(MilvusException, match="at most one distinct index is allowed per field"):
        add("one", 'doc["n"]', "VARCHAR")
    with pytest.raises(MilvusException, match="at most one distinct index is allowed per field"):
        add("three", "doc['n']", "VARCHAR")
    described = client.describe_index(name, "one")
    assert described["index_type"] == "INVERTED" and described["json_cast_type"] == "DOUBLE"
    assert described["json_path"] == 'doc["n"]'
    add("", 'doc["deep"]["list"]', "ARRAY_DOUBLE")
    assert "doc/deep/list" in client.list_indexes(name)


def test_an_index_is_altered_when_released(client, name):
    create(client, name, schema())
    client.create_index(name, index_params("sorted"))
    with pytest.raises(MilvusException, match="can't alter index on loaded collection") as error:
        client.alter_index_properties(name, "i1", {"mmap.enabled": True})
    assert error.value.code == 104
    client.release_collection(name)
    client.alter_index_properties(name, "i1", {"mmap.enabled": True})
    assert client.describe_index(name, "i1")["mmap.enabled"] in ("True", "true")
    with pytest.raises(MilvusException, match="not a configable index property"):
        client.alter_index_properties(name, "i1", {"index_type": "INVERTED"})
    client.drop_index_properties(name, "i1", property_keys=["mmap.enabled"])
    assert "mmap.enabled" not in client.describe_index(name, "i1")


def test_a_scalar_index_may_be_dropped_while_loaded(client, name):
    create(client, name, schema())
    client.create_index(name, index_params("trie"))
    client.drop_index(name, "i0")
    client.drop_index(name, "i0")  # unknown by now: nothing to do
    assert "i0" not in client.list_indexes(name)


def test_rows_come_and_go_while_indexes_are_built_and_dropped(client, name):
    create(client, name, schema())
    dice = random.Random(1)
    ids = itertools.count()
    kept = {}
    for turn in range(4):
        batch = [make_row(next(ids), dice) for _ in range(1200)]
        insert_in_batches(client, name, batch)
        kept |= {row["id"]: row for row in batch}
        gone = dice.sample(sorted(kept), 50)
        client.delete(name, ids=gone)
        for key in gone:
            del kept[key]
        if turn % 2 == 0:
            client.create_index(name, index_params("auto"))
        client.flush(name)
        for text, rule in (("small == 3", lambda row: row["small"] == 3),
                           ('word like "item-1%"', lambda row: row["word"].startswith("item-1")),
                           ("array_contains(numbers, 7)", lambda row: 7 in row["numbers"])):
            found = client.query(name, filter=text, output_fields=["id"], limit=16384, consistency_level="Strong")
            assert sorted(row["id"] for row in found) == sorted(k for k, row in kept.items() if rule(row)), text
        if turn % 2 == 1:
            for number in range(len(INDEXES["auto"])):
                client.drop_index(name, f"i{number}")


def test_a_filter_uses_an_index_where_it_gains(client, name):
    made = simple_schema(dim=2)
    made.add_field("number", DataType.INT64)
    made.add_field("word", DataType.VARCHAR, max_length=20)
    made.add_field("doc", DataType.JSON)
    create(client, name, made)
    dice = random.Random(9)
    rows = 60000
    insert_in_batches(client, name, [{"id": n, "vector": [0.0, 1.0], "number": dice.randrange(1000),
                                      "word": f"word-{dice.randrange(5000)}", "doc": {"n": dice.randrange(1000)}}
                                     for n in range(rows)], batch=10000)
    client.flush(name)
    index = MilvusClient.prepare_index_params()
    index.add_index("number", index_name="i0", index_type="STL_SORT")
    index.add_index("word", index_name="i1", index_type="NGRAM", params={"min_gram": 2, "max_gram": 3})
    index.add_index("doc", index_name="i2", index_type="INVERTED",
                    params={"json_path": 'doc["n"]', "json_cast_type": "DOUBLE"})

    def profile(text):
        shown = client.query(name, filter=text, output_fields=["id", "$profile"], limit=16384)[0]["$profile"]
        return shown, sorted(row["id"] for row in client.query(name, filter=text, output_fields=["id"], limit=16384))
    wanted = {}
    for text in ("number == 7", "3 <= number < 5", 'word like "%-17%3"', 'doc["n"] == 5', "number >= 0",
                 'number == 7 and doc["n"] < 100'):
        shown, wanted[text] = profile(text)
        assert "STL_SORT" not in shown and "NGRAM" not in shown and "INVERTED" not in shown
    client.create_index(name, index)
    wait_until_built(client, name, 3)
    for text, used in (("number == 7", "STL_SORT(number)"), ("3 <= number < 5", "STL_SORT(number)"),
                       ('word like "%-17%3"', "NGRAM(word)"), ('doc["n"] == 5', "INVERTED(doc)"),
                       ('number == 7 and doc["n"] < 100', "STL_SORT(number)")):
        shown, found = profile(text)
        assert used in shown and found == wanted[text], shown
    shown, found = profile("number == 7")
    assert "scanned=0" in shown
    shown, found = profile("number >= 0")
    assert "STL_SORT" not in shown  # every row passes: a scan is faster
