"""Every scalar type, arrays, JSON, nulls, defaults, dynamic fields, keys and several vectors."""

import json

import numpy as np
import pytest
from oracle import random_vectors
from pymilvus import DataType, MilvusClient, MilvusException
from rows import INTEGERS, count, create, index_of, simple_schema, vector_rows


def read_back(client, name, fields, key="id"):
    rows = client.query(name, filter="", limit=1000, output_fields=fields, consistency_level="Strong")
    return sorted(rows, key=lambda row: row[key])


def column(client, name, field):
    return [row[field] for row in read_back(client, name, ["id", field])]


SCALARS = {
    "bool": (DataType.BOOL, {}, [True, False, True]),
    "int8": (DataType.INT8, {}, [-128, 0, 127]),
    "int16": (DataType.INT16, {}, [-(2**15), 7, 2**15 - 1]),
    "int32": (DataType.INT32, {}, [-(2**31), 7, 2**31 - 1]),
    "int64": (DataType.INT64, {}, [-(2**63), 7, 2**63 - 1]),
    "float": (DataType.FLOAT, {}, [-0.5, 0.0, 2.0**100]),
    "double": (DataType.DOUBLE, {}, [-0.1, 1e-300, 1e300]),
    "varchar": (DataType.VARCHAR, {"max_length": 40}, ["", "a\"b'\\\n", "日本語 ünï 😀"]),
    "json": (DataType.JSON, {}, [{"a": [1, 2.5, None]}, {"b": {"c": "x"}}, {}]),
}


@pytest.mark.parametrize("kind", SCALARS)
@pytest.mark.parametrize("state", ["growing", "sealed"])
def test_a_scalar_comes_back_as_it_went_in(client, name, kind, state):
    data_type, arguments, values = SCALARS[kind]
    schema = simple_schema()
    schema.add_field("value", data_type, **arguments)
    create(client, name, schema)
    client.insert(name, vector_rows(random_vectors(3, 8), value=values))
    if state == "sealed":
        client.flush(name)
    assert column(client, name, "value") == values


@pytest.mark.parametrize("value", [1, 2.5, "text", True, [1, "two", {"three": 3}], None], ids=repr)
def test_a_json_field_holds_any_json(client, name, value):
    schema = simple_schema()
    schema.add_field("value", DataType.JSON, nullable=True)
    create(client, name, schema)
    sent = json.dumps(value) if isinstance(value, str) else value  # pymilvus takes text for JSON text
    client.insert(name, vector_rows(random_vectors(1, 8), value=[sent]))
    assert column(client, name, "value") == [value]


ARRAYS = {
    DataType.BOOL: [[True, False], [], [False]],
    DataType.INT8: [[-128, 127], [], [1]],
    DataType.INT16: [[-32768, 32767], [], [1]],
    DataType.INT32: [[-(2**31), 2**31 - 1], [], [1]],
    DataType.INT64: [[-(2**63), 2**63 - 1], [], [1]],
    DataType.FLOAT: [[0.5, -1.5], [], [2.0]],
    DataType.DOUBLE: [[0.1, -1e300], [], [2.0]],
    DataType.VARCHAR: [["a", "ö", ""], [], ["x y"]],
}


@pytest.mark.parametrize("element", ARRAYS, ids=lambda element: element.name)
@pytest.mark.parametrize("state", ["growing", "sealed"])
def test_an_array_comes_back_as_it_went_in(client, name, element, state):
    schema = simple_schema()
    arguments = {"max_length": 10} if element == DataType.VARCHAR else {}
    schema.add_field("value", DataType.ARRAY, element_type=element, max_capacity=5, **arguments)
    create(client, name, schema)
    client.insert(name, vector_rows(random_vectors(3, 8), value=ARRAYS[element]))
    if state == "sealed":
        client.flush(name)
    found = column(client, name, "value")
    assert [list(value) for value in found] == ARRAYS[element]


def test_nulls_come_back_as_none(client, name):
    schema = simple_schema()
    for kind, (data_type, arguments, _) in SCALARS.items():
        schema.add_field(kind, data_type, nullable=True, **arguments)
    schema.add_field("array", DataType.ARRAY, element_type=DataType.INT64, max_capacity=4, nullable=True)
    create(client, name, schema)
    kinds = [*SCALARS, "array"]
    full = {kind: values[1] for kind, (_, _, values) in SCALARS.items()} | {"array": [1, 2]}
    vectors = random_vectors(4, 8)
    client.insert(name, [
        {"id": 0, "vector": vectors[0].tolist()} | full,
        {"id": 1, "vector": vectors[1].tolist()} | dict.fromkeys(kinds),
        {"id": 2, "vector": vectors[2].tolist()} | full,
        {"id": 3, "vector": vectors[3].tolist()},
    ])
    for state in ("growing", "sealed"):
        rows = read_back(client, name, ["id", *kinds])
        for kind in kinds:
            found = [row[kind] for row in rows]
            assert found[1] is None and found[3] is None, (state, kind, found)
            assert found[0] == found[2] == full[kind], (state, kind, found)
        client.flush(name)
    assert count(client, name, "int64 is null") == 2
    assert count(client, name, "varchar is not null") == 2


def test_defaults_fill_what_is_missing(client, name):
    schema = simple_schema()
    schema.add_field("flag", DataType.BOOL, default_value=True)
    schema.add_field("small", DataType.INT8, default_value=-3)
    schema.add_field("big", DataType.INT64, default_value=2**40)
    schema.add_field("half", DataType.FLOAT, default_value=0.5)
    schema.add_field("exact", DataType.DOUBLE, default_value=0.1)
    schema.add_field("text", DataType.VARCHAR, max_length=20, default_value="none given")
    schema.add_field("both", DataType.INT32, default_value=5, nullable=True)
    create(client, name, schema)
    vectors = random_vectors(2, 8)
    client.insert(name, [{"id": 0, "vector": vectors[0].tolist()}])
    client.insert(name, [{"id": 1, "vector": vectors[1].tolist(), "flag": False, "small": 1, "big": 2, "half": 3.0,
                          "exact": 4.0, "text": "given", "both": None}])
    first, second = read_back(client, name, ["*"])
    assert (first["flag"], first["small"], first["big"], first["half"]) == (True, -3, 2**40, 0.5)
    assert (first["exact"], first["text"], first["both"]) == (0.1, "none given", 5)
    assert (second["flag"], second["small"], second["big"], second["text"]) == (False, 1, 2, "given")


def test_dynamic_fields_keep_any_key(client, name):
    create(client, name, simple_schema(enable_dynamic_field=True))
    vectors = random_vectors(3, 8)
    client.insert(name, [
        {"id": 0, "vector": vectors[0].tolist(), "colour": "red", "size": 3},
        {"id": 1, "vector": vectors[1].tolist(), "colour": "blue", "nested": {"a": [1, 2]}},
        {"id": 2, "vector": vectors[2].tolist()},
    ])
    rows = read_back(client, name, ["*"])
    assert rows[0]["colour"] == "red" and rows[0]["size"] == 3
    assert rows[1]["nested"] == {"a": [1, 2]}
    assert "colour" not in rows[2]
    chosen = read_back(client, name, ["id", "colour"])
    assert chosen[0]["colour"] == "red" and "size" not in chosen[0]
    assert count(client, name, 'colour == "blue"') == 1
    assert count(client, name, "size > 2") == 1
    assert count(client, name, '$meta["size"] == 3') == 1


def test_without_dynamic_fields_an_unknown_key_is_refused(client, name):
    create(client, name, simple_schema())
    with pytest.raises(MilvusException):
        client.insert(name, [{"id": 0, "vector": [0.0] * 8, "colour": "red"}])


def test_auto_ids_are_unique_integers(client, name):
    schema = MilvusClient.create_schema(auto_id=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=8)
    create(client, name, schema)
    given = []
    for _ in range(3):
        rows = [{"vector": vector.tolist()} for vector in random_vectors(100, 8)]
        given += client.insert(name, rows)["ids"]
    assert len(set(given)) == 300
    assert all(isinstance(one, int) and one > 0 for one in given)
    assert sorted(given) == [row["id"] for row in read_back(client, name, ["id"])]


def test_auto_ids_of_strings_are_decimal_text(client, name):
    schema = MilvusClient.create_schema(auto_id=True)
    schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=64)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=8)
    create(client, name, schema)
    given = client.insert(name, [{"vector": vector.tolist()} for vector in random_vectors(10, 8)])["ids"]
    assert len(set(given)) == 10
    assert all(one.isdigit() for one in given)
    assert sorted(given) == [row["id"] for row in read_back(client, name, ["id"])]


def test_string_keys_work_everywhere(client, name):
    schema = MilvusClient.create_schema()
    schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=64)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=8)
    create(client, name, schema)
    keys = ["", "a", "b'c", 'd"e', "ü", "zz"]
    rows = [{"id": key, "vector": vector.tolist()} for key, vector in zip(keys, random_vectors(6, 8), strict=True)]
    client.insert(name, rows)
    assert [row["id"] for row in read_back(client, name, ["id"])] == sorted(keys)
    assert {row["id"] for row in client.get(name, ids=["a", "ü", "nope"], output_fields=["id"])} == {"a", "ü"}
    client.delete(name, ids=["a", "zz"])
    assert count(client, name) == 4
    assert count(client, name, 'id > "b"') == 3
    hits = client.search(name, [rows[2]["vector"]], limit=1, consistency_level="Strong")[0]
    assert hits[0]["id"] == "b'c"


def test_several_vector_fields_are_searched_apart(client, name):
    schema = MilvusClient.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("title", DataType.FLOAT_VECTOR, dim=4)
    schema.add_field("body", DataType.FLOAT_VECTOR, dim=16)
    index = MilvusClient.prepare_index_params()
    index.add_index("title", index_type="FLAT", metric_type="L2")
    index.add_index("body", index_type="HNSW", metric_type="COSINE", params={"M": 8, "efConstruction": 64})
    create(client, name, schema, index)
    titles, bodies = random_vectors(50, 4, seed=1), random_vectors(50, 16, seed=2)
    client.insert(name, [{"id": i, "title": titles[i].tolist(), "body": bodies[i].tolist()} for i in range(50)])
    for state in ("growing", "sealed"):
        by_title = client.search(name, [titles[7].tolist()], anns_field="title", limit=1)[0][0]
        by_body = client.search(name, [bodies[9].tolist()], anns_field="body", limit=1)[0][0]
        assert (by_title["id"], by_body["id"]) == (7, 9), state
        assert by_title["distance"] == pytest.approx(0, abs=1e-5)
        assert by_body["distance"] == pytest.approx(1, abs=1e-5)
        client.flush(name)
    with pytest.raises(MilvusException, match="multiple anns_fields exist"):
        client.search(name, [titles[0].tolist()], limit=1)


@pytest.mark.parametrize("dim", [2, 3, 7, 17, 2048, 32768])
def test_vectors_of_every_width_come_back_exactly(client, name, dim):
    create(client, name, simple_schema(dim=dim))
    vectors = random_vectors(3, dim)
    client.insert(name, vector_rows(vectors))
    rows = read_back(client, name, ["id", "vector"])
    np.testing.assert_array_equal(np.array([row["vector"] for row in rows], np.float32), vectors)
    client.flush(name)
    hits = client.search(name, vectors.tolist(), limit=1, consistency_level="Strong")
    assert [hit[0]["id"] for hit in hits] == [0, 1, 2]


@pytest.mark.parametrize("data_type", [DataType.INT8, DataType.INT16], ids=lambda t: t.name)
def test_integers_out_of_their_width_are_refused(client, name, data_type):
    schema = simple_schema()
    schema.add_field("value", data_type)
    create(client, name, schema)
    bits = INTEGERS[data_type]
    for value in (2 ** (bits - 1), -(2 ** (bits - 1)) - 1):
        with pytest.raises(MilvusException) as error:
            client.insert(name, vector_rows(random_vectors(1, 8), value=[value]))
        assert error.value.code == 1100
    assert count(client, name) == 0


def test_a_row_with_64_fields(client, name):
    schema = simple_schema()
    for number in range(62):
        schema.add_field(f"f{number}", DataType.INT32)
    create(client, name, schema)
    client.insert(name, vector_rows(random_vectors(2, 8), **{f"f{n}": [n, -n] for n in range(62)}))
    row = read_back(client, name, ["*"])[1]
    assert [row[f"f{n}"] for n in range(62)] == [-n for n in range(62)]


def test_an_index_on_each_scalar_field_changes_no_answer(client, name):
    schema = simple_schema()
    schema.add_field("number", DataType.INT32)
    schema.add_field("text", DataType.VARCHAR, max_length=10)
    index = index_of()
    index.add_index("number", index_type="STL_SORT")
    index.add_index("text", index_type="INVERTED")
    create(client, name, schema, index)
    client.insert(name, vector_rows(random_vectors(100, 8), number=[i % 7 for i in range(100)],
                                    text=[f"t{i % 3}" for i in range(100)]))
    client.flush(name)
    assert count(client, name, "number == 3") == 14
    assert count(client, name, 'text == "t1" and number < 2') == sum(i % 3 == 1 and i % 7 < 2 for i in range(100))
