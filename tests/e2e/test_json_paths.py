"""JSON paths that sealed segments keep as columns: filters on them agree with plain Python for documents of mixed kinds,
growing and sealed, after a compaction and after a restart, and the profile says where columns were read."""

import random
import time

import pytest
from pymilvus import DataType
from rows import create, insert_in_batches, simple_schema

ROWS = 3000


def document(number, dice):
    """Mostly one kind a key, now and then another, or none."""
    odd = dice.random() < 0.03
    made = {
        "price": dice.choice(["12", 1e300, None, [1], True]) if odd else dice.choice([dice.randrange(50), dice.randrange(200) / 4]),
        "count": dice.choice([2.5, "3", 2**63 + 5, None]) if odd else dice.randrange(-20, 20),
        "big": dice.choice([2**53 - 1, 2**53, 2**53 + 1, -2**62]),
        "ok": dice.choice([0, "true", None]) if odd else dice.random() < 0.5,
        "word": dice.choice([3, ["a"], "long " * 80]) if odd else dice.choice(["apple", "apricot", "Zürich", "tab\t", ""]),
        "in": dice.choice([[5], 7, {}]) if odd else {"side": {"n": dice.randrange(10)}},
    }
    if dice.random() < 0.1:
        del made[dice.choice(["price", "count", "ok", "word"])]
    return None if number % 97 == 0 else made


def at(row, *path):
    value = row["doc"]
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def number(value):
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else float("nan")


def text(value):
    return value if isinstance(value, str) else None


# A filter and what it means; a null document makes each unknown, so no rule sees one.
RULES = {
    'doc["price"] < 10': lambda row: number(at(row, "price")) < 10,
    'doc["price"] < 10.3': lambda row: number(at(row, "price")) < 10.3,
    'doc["price"] == 12': lambda row: number(at(row, "price")) == 12,
    'doc["price"] != 12': lambda row: number(at(row, "price")) != 12,
    'not (doc["price"] == 12)': lambda row: number(at(row, "price")) != 12,
    '5 <= doc["price"] < 7.5': lambda row: 5 <= number(at(row, "price")) < 7.5,
    'doc["price"] in [1, 2.5, "12", true]': lambda row: at(row, "price") in (1, 2.5, "12", True),
    'doc["price"] == "12"': lambda row: at(row, "price") == "12",
    'doc["price"] % 2 == 0': lambda row: number(at(row, "price")) % 2 == 0,
    'doc["count"] > 2.5': lambda row: number(at(row, "count")) > 2.5,
    'doc["count"] >= 3 and doc["ok"] == true': lambda row: number(at(row, "count")) >= 3 and at(row, "ok") is True,
    'doc["count"] == 2.5': lambda row: number(at(row, "count")) == 2.5,
    'doc["count"] in [1, 2.0, 2.5]': lambda row: number(at(row, "count")) in (1, 2, 2.5),
    'doc["count"] + 1 == 4': lambda row: number(at(row, "count")) + 1 == 4,
    'doc["big"] == 9007199254740993': lambda row: at(row, "big") == 2**53 + 1,
    'doc["big"] > 9007199254740991': lambda row: at(row, "big") > 2**53 - 1,
    'doc["ok"] != true': lambda row: at(row, "ok") is not True,
    'doc["ok"] in [false]': lambda row: at(row, "ok") is False,
    'doc["word"] == "apple"': lambda row: at(row, "word") == "apple",
    'doc["word"] != "apple"': lambda row: at(row, "word") != "apple",
    'doc["word"] like "ap%"': lambda row: (text(at(row, "word")) or "").startswith("ap"),
    'doc["word"] like "%ng long%"': lambda row: "ng long" in (text(at(row, "word")) or ""),
    'doc["word"] =~ "^Z.rich$"': lambda row: at(row, "word") == "Zürich",
    'doc["word"] in ["", "apricot"]': lambda row: at(row, "word") in ("", "apricot"),
    'doc["word"] > "b"': lambda row: text(at(row, "word")) is not None and at(row, "word") > "b",
    'exists doc["word"]': lambda row: at(row, "word") is not None,
    'not exists doc["count"]': lambda row: at(row, "count") is None,
    'doc["in"]["side"]["n"] <= 3': lambda row: number(at(row, "in", "side", "n")) <= 3,
    'doc["in"][0] == 5': lambda row: at(row, "in") == [5],
    'exists doc["in"]["side"]': lambda row: at(row, "in", "side") is not None,
    'label == "even"': lambda row: row.get("label") == "even",
}


@pytest.fixture(scope="module")
def table(server, client, module_name):
    schema = simple_schema(dim=2, enable_dynamic_field=True)
    schema.add_field("doc", DataType.JSON, nullable=True)
    create(client, module_name, schema)
    dice = random.Random(4)
    rows = [{"id": n, "vector": [0.0, 1.0], "doc": document(n, dice), "label": "odd" if n % 2 else "even"}
            for n in range(ROWS)]
    for part in (rows[:1200], rows[1200:2400]):
        insert_in_batches(client, module_name, part)
        client.flush(module_name)
    insert_in_batches(client, module_name, rows[2400:])
    client.delete(module_name, ids=list(range(0, ROWS, 50)))
    return module_name, [row for row in rows if row["id"] % 50]


def check(client, table):
    name, rows = table
    for rule_text, rule in RULES.items():
        wanted = [row["id"] for row in rows if (row["doc"] is not None or "doc" not in rule_text) and rule(row)]
        found = client.query(name, filter=rule_text, output_fields=["id"], limit=ROWS, consistency_level="Strong")
        assert [row["id"] for row in found] == wanted, rule_text
        counted = client.query(name, filter=rule_text, output_fields=["count(*)"], consistency_level="Strong")
        assert counted[0]["count(*)"] == len(wanted), rule_text


def shown(client, name, rule_text):
    return client.query(name, filter=rule_text, output_fields=["$profile"], limit=1)[0]["$profile"]


def test_filters_agree_with_python(client, table):
    check(client, table)


def test_the_profile_names_the_columns_that_were_read(client, table):
    name, _ = table
    assert 'SHREDDED(doc["price"])' in shown(client, name, 'doc["price"] < 10')
    assert 'SHREDDED(doc["in"]["side"]["n"])' in shown(client, name, 'not (doc["in"]["side"]["n"] <= 3)')
    assert 'SHREDDED($meta["label"])' in shown(client, name, 'label == "even"')
    assert "SHREDDED" not in shown(client, name, 'doc["in"][0] == 5')


def test_a_compaction_keeps_them(client, table):
    name, _ = table
    client.flush(name)
    job = client.compact(name)
    deadline = time.monotonic() + 30
    while client.get_compaction_state(job) != "Completed" and time.monotonic() < deadline:
        time.sleep(0.02)
    check(client, table)
    assert 'SHREDDED(doc["count"])' in shown(client, name, 'doc["count"] > 2')
