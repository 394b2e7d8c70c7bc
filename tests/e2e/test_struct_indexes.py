"""Scalar indexes over sub-fields of struct arrays: no answer changes by them, the filter uses them where they
gain, they follow their field, and what they refuse."""

import random

import pytest
from pymilvus import DataType, MilvusClient, MilvusException
from rows import create, insert_in_batches, simple_schema
from test_scalar_indexes import wait_until_built

ROWS = 30000
WORDS = ["", "a", "ab", "intro", "outro", "北京"]


def schema(nullable=False):
    made = simple_schema(dim=2)
    clip = MilvusClient.create_struct_field_schema()
    clip.add_field("start", DataType.INT64)
    clip.add_field("label", DataType.VARCHAR, max_length=20)
    clip.add_field("weight", DataType.FLOAT)
    clip.add_field("good", DataType.BOOL)
    made.add_field("clips", DataType.ARRAY, element_type=DataType.STRUCT, struct_schema=clip, max_capacity=6,
                   nullable=nullable)
    made.add_field("price", DataType.INT64)
    return made


def make_rows(first, count, dice, nullable=False):
    def clip():
        return {"start": dice.randrange(2000), "label": dice.choice(WORDS) + dice.choice(["", str(dice.randrange(900))]),
                "weight": dice.choice([dice.uniform(-1, 1), 0.5]), "good": dice.random() < 0.5}
    return [{"id": number, "vector": [0.0, 1.0], "price": dice.randrange(100),
             "clips": None if nullable and dice.random() < 0.1 else [clip() for _ in range(dice.randrange(5))]}
            for number in range(first, first + count)]


def some(rule):
    return lambda row: row["clips"] is not None and any(rule(clip) for clip in row["clips"])


def counted(rule, fits):
    return lambda row: row["clips"] is not None and fits(sum(map(rule, row["clips"])), len(row["clips"]))


FILTERS = [
    ("match_any(clips, $[start] == 7)", some(lambda c: c["start"] == 7)),
    ("match_any(clips, 10 <= $[start] < 14)", some(lambda c: 10 <= c["start"] < 14)),
    ('match_any(clips, $[label] == "intro5")', some(lambda c: c["label"] == "intro5")),
    ('match_any(clips, $[label] like "intro1%")', some(lambda c: c["label"].startswith("intro1"))),
    ('match_any(clips, $[start] < 20 && $[label] == "a")', some(lambda c: c["start"] < 20 and c["label"] == "a")),
    ("match_any(clips, $[start] < 20 && $[weight] == 0.5)", some(lambda c: c["start"] < 20 and c["weight"] == 0.5)),
    ("match_any(clips, $[start] == 7 || $[start] == 9)", some(lambda c: c["start"] in (7, 9))),
    ("match_any(clips, $[start] in [7, 9, 5000])", some(lambda c: c["start"] in (7, 9))),
    ("match_any(clips, not ($[start] >= 3))", some(lambda c: c["start"] < 3)),
    ("match_any(clips, $[good] == true)", some(lambda c: c["good"])),
    ("match_all(clips, $[start] < 1000)", counted(lambda c: c["start"] < 1000, lambda hits, size: hits == size)),
    ("match_most(clips, $[start] == 7, threshold=0)", counted(lambda c: c["start"] == 7, lambda hits, _: hits == 0)),
    ("match_least(clips, $[start] < 40, threshold=2)", counted(lambda c: c["start"] < 40, lambda hits, _: hits >= 2)),
    ("match_exact(clips, $[start] < 40, threshold=1)", counted(lambda c: c["start"] < 40, lambda hits, _: hits == 1)),
    ("match_exact(clips, $[start] < 40, threshold=0)", counted(lambda c: c["start"] < 40, lambda hits, _: hits == 0)),
    ("not match_any(clips, $[start] < 1900)",
     lambda row: row["clips"] is not None and not any(c["start"] < 1900 for c in row["clips"])),
    ("price < 3 and match_any(clips, $[start] < 30)",
     lambda row: row["price"] < 3 and some(lambda c: c["start"] < 30)(row)),
    ("price == 3 or match_any(clips, $[start] == 8)",
     lambda row: row["price"] == 3 or some(lambda c: c["start"] == 8)(row)),
    ("price < 50 and element_filter(clips, $[start] == 11)",
     lambda row: row["price"] < 50 and some(lambda c: c["start"] == 11)(row)),
    ('array_contains(clips[label], "intro5")', some(lambda c: c["label"] == "intro5")),
]

INDEXES = {
    "inverted": [("start", "INVERTED"), ("label", "INVERTED"), ("weight", "INVERTED"), ("good", "INVERTED")],
    "sorted": [("start", "STL_SORT"), ("label", "STL_SORT"), ("weight", "STL_SORT")],
    "bitmap": [("start", "BITMAP"), ("label", "BITMAP"), ("good", "BITMAP")],
    "auto": [("start", None), ("label", None), ("weight", None), ("good", None)],
    "others": [("label", "TRIE"), ("good", "AUTOINDEX")],
}


def index_params(kind):
    params = MilvusClient.prepare_index_params()
    for number, (field, index_type) in enumerate(INDEXES[kind]):
        params.add_index(f"clips[{field}]", index_name=f"i{number}", index_type=index_type or "")
    return params


def start_index(index_type):
    params = MilvusClient.prepare_index_params()
    params.add_index("clips[start]", index_type=index_type)
    return params


def query_ids(client, name, text):
    found = client.query(name, filter=text, output_fields=["id"], limit=16384, consistency_level="Strong")
    return sorted(row["id"] for row in found)


def check_all(client, name, rows):
    for text, rule in FILTERS:
        wanted = sorted(row["id"] for row in rows if rule(row))[:16384]
        assert query_ids(client, name, text) == wanted, text


@pytest.mark.parametrize("kind", INDEXES)
def test_an_index_changes_no_answer(client, name, kind):
    nullable = kind in ("inverted", "auto")
    create(client, name, schema(nullable))
    dice = random.Random(kind)
    rows = make_rows(0, 6000, dice, nullable)
    insert_in_batches(client, name, rows)
    client.flush(name)
    client.create_index(name, index_params(kind))
    wait_until_built(client, name, len(INDEXES[kind]))
    growing = make_rows(6000, 500, dice, nullable)
    insert_in_batches(client, name, growing)
    check_all(client, name, rows + growing)
    client.release_collection(name)
    client.load_collection(name)
    gone = dice.sample(range(6000), 300)
    client.delete(name, ids=gone)
    left = set(range(6500)) - set(gone)
    check_all(client, name, [row for row in rows + growing if row["id"] in left])


def test_a_filter_uses_the_index_of_a_sub_field(client, name):
    create(client, name, schema())
    insert_in_batches(client, name, make_rows(0, ROWS, random.Random(4)), batch=10000)
    client.flush(name)
    wanted = {text: query_ids(client, name, text) for text, _ in FILTERS}
    client.create_index(name, index_params("sorted"))
    wait_until_built(client, name, 3)

    def profile(text):
        return client.query(name, filter=text, output_fields=["id", "$profile"], limit=100)[0]["$profile"]
    for text, used in (("match_any(clips, $[start] == 7)", "STL_SORT(clips[start])"),
                       ('match_any(clips, $[label] == "intro5")', "STL_SORT(clips[label])"),
                       ("price < 50 and element_filter(clips, $[start] == 11)", "STL_SORT(clips[start])"),
                       ("match_exact(clips, $[start] < 40, threshold=1)", "STL_SORT(clips[start])")):
        assert used in profile(text), text
    assert "scanned=0" in profile("match_any(clips, $[start] == 7)")
    assert "STL_SORT" not in profile("match_any(clips, $[start] >= 0)")
    for text, ids in wanted.items():
        assert query_ids(client, name, text) == ids, text


def test_an_index_is_named_and_described_by_its_sub_field(client, name):
    create(client, name, schema())
    client.create_index(name, start_index("STL_SORT"))
    assert "clips[start]" in client.list_indexes(name)
    described = client.describe_index(name, "clips[start]")
    assert (described["field_name"], described["index_type"]) == ("clips[start]", "STL_SORT")
    client.create_index(name, start_index("STL_SORT"))  # the same again
    with pytest.raises(MilvusException, match="at most one distinct index is allowed per field") as error:
        client.create_index(name, start_index("INVERTED"))
    assert error.value.code == 1100
    client.drop_index(name, "clips[start]")
    assert "clips[start]" not in client.list_indexes(name)


@pytest.mark.parametrize("field, index_type, params, message", [
    ("clips", "INVERTED", {}, "can't build with this index INVERTED"),
    ("clips[nothing]", "INVERTED", {}, "cannot create index on non-exist field: clips[nothing]"),
    ("price[start]", "INVERTED", {}, "cannot create index on non-exist field: price[start]"),
    ("clips[weight]", "BITMAP", {}, "bitmap index are only supported on bool, int, string and array field"),
    ("clips[start]", "TRIE", {}, "TRIE are only supported on varchar field"),
    ("clips[label]", "NGRAM", {}, "Ngram index must specify both min_gram and max_gram"),
])
def test_what_is_refused(client, name, field, index_type, params, message):
    create(client, name, schema())
    index = MilvusClient.prepare_index_params()
    index.add_index(field, index_type=index_type, params=params)
    with pytest.raises(MilvusException) as error:
        client.create_index(name, index)
    assert error.value.code == 1100 and message in error.value.message
