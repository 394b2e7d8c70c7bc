"""Every data type: created, described, inserted, read back, as null and as default, before and after
flush and restart, and the limits and rules that concern types."""



import numpy as np
import pytest
from oracle import random_vectors
from pymilvus import DataType, MilvusClient, MilvusException
from rows import create, index_of, simple_schema, vector_rows

DIM = 8


def refused(code, text):
    """A context that expects a MilvusException with this code and text in it."""
    class Refused:
        def __enter__(self):
            return self

        def __exit__(self, kind, error, _):
            assert isinstance(error, MilvusException), error
            assert error.code == code, error
            assert text in str(error), error
            return True
    return Refused()


def stored(client, name, fields, **arguments):
    rows = client.query(name, filter="id >= 0", output_fields=["id", *fields], consistency_level="Strong",
                        **arguments)
    return sorted(rows, key=lambda row: row["id"])


def column(client, name, field, **arguments):
    return [row[field] for row in stored(client, name, [field], **arguments)]


def in_every_state(client, name, check):
    """Runs `check` over growing rows, sealed ones, and rows that were loaded again."""
    check()
    client.flush(name)
    check()
    client.release_collection(name)
    client.load_collection(name)
    check()


# ---- scalars

def test_timestamps_come_back_in_the_zone_asked_for(client, name):
    schema = simple_schema()
    schema.add_field("at", DataType.TIMESTAMPTZ, nullable=True)
    create(client, name, schema, properties={"timezone": "Asia/Shanghai"})
    sent = ["2025-01-01T00:00:00Z", "2025-01-01T08:00:00.25", "2025-06-01 12:00:00+02:00", None]
    client.insert(name, vector_rows(random_vectors(4, DIM), at=sent))

    def check():
        assert column(client, name, "at") == ["2025-01-01T08:00:00+08:00", "2025-01-01T08:00:00.25+08:00",
                                              "2025-06-01T18:00:00+08:00", None]
        assert column(client, name, "at", timezone="UTC")[1] == "2025-01-01T00:00:00.25Z"
        assert column(client, name, "at", timezone="America/New_York")[2] == "2025-06-01T06:00:00-04:00"
        assert column(client, name, "at", time_fields="year, month day,hour") == [
            [2025, 1, 1, 8], [2025, 1, 1, 8], [2025, 6, 1, 18], None]
        hits = client.search(name, random_vectors(1, DIM).tolist(), limit=4, output_fields=["at"],
                             timezone="UTC")[0]
        assert {hit["entity"]["at"] for hit in hits} >= {"2025-01-01T00:00:00Z", None}
    in_every_state(client, name, check)
    with refused(1100, "unknown or invalid IANA Time Zone ID: Mars/Olympus"):
        stored(client, name, ["at"], timezone="Mars/Olympus")
    with refused(1100, "unsupported field for extraction: eon"):
        stored(client, name, ["at"], time_fields="year,eon")
    with refused(1100, "got invalid timestamptz string 'yesterday'"):
        client.insert(name, vector_rows(random_vectors(1, DIM), at=["yesterday"]))


def test_filters_read_times_without_an_offset_in_the_zone_of_the_request(client, name):
    schema = simple_schema()
    schema.add_field("at", DataType.TIMESTAMPTZ)
    create(client, name, schema, properties={"timezone": "Asia/Shanghai"})
    client.insert(name, vector_rows(random_vectors(2, DIM), at=["2025-01-01T00:00:00Z",
                                                               "2025-01-01T08:00:00Z"]))
    text = "at == ISO '2025-01-01T08:00:00'"

    def found(**arguments):
        return [row["id"] for row in client.query(name, filter=text, output_fields=["id"],
                                                  consistency_level="Strong", **arguments)]

    def check():
        assert found() == [0]
        assert found(timezone="UTC") == [1]
        assert found(timezone="Europe/London") == [1]
        assert found() == [0]
        hits = client.search(name, random_vectors(1, DIM).tolist(), filter=text, limit=2,
                             consistency_level="Strong", timezone="UTC")[0]
        assert [hit["id"] for hit in hits] == [1]
    in_every_state(client, name, check)
    with refused(1100, "unknown or invalid IANA Time Zone ID: Mars/Olympus"):
        found(timezone="Mars/Olympus")
    client.delete(name, filter=text)
    assert found() == [] and found(timezone="UTC") == [1]


def test_a_collection_keeps_the_zone_of_its_database(server, client, name):
    with refused(1100, "unknown or invalid IANA Time Zone ID"):
        client.create_database("zoned_wrongly", properties={"timezone": "Nowhere"})
    client.create_database("zoned", properties={"timezone": "Asia/Tokyo"})
    zoned = server.client(db_name="zoned")
    try:
        schema = simple_schema()
        schema.add_field("at", DataType.TIMESTAMPTZ)
        create(zoned, name, schema)
        zoned.insert(name, vector_rows(random_vectors(1, DIM), at=["2025-01-01T09:00:00"]))
        assert column(zoned, name, "at") == ["2025-01-01T09:00:00+09:00"]
    finally:
        zoned.drop_collection(name)
        client.drop_database("zoned")


def test_geometries_are_text_outside(client, name):
    schema = simple_schema()
    schema.add_field("place", DataType.GEOMETRY, nullable=True)
    create(client, name, schema)
    sent = ["POINT (1.5 -2)", "POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))", "LINESTRING (0 0, 1 1)", None,
            "MULTIPOINT ((0 0), (1 1))", "GEOMETRYCOLLECTION (POINT (1 1))"]
    client.insert(name, vector_rows(random_vectors(6, DIM), place=sent))

    def check():
        found = column(client, name, "place")
        assert [text and text.replace("((0 0), (1 1))", "(0 0, 1 1)") for text in found] == [
            text and text.replace("((0 0), (1 1))", "(0 0, 1 1)") for text in sent]
    in_every_state(client, name, check)
    with refused(1100, "the value is no well-known text"):
        client.insert(name, vector_rows(random_vectors(1, DIM), place=["POINT (1"]))


def test_long_texts(client, name):
    schema = simple_schema()
    schema.add_field("text", DataType.TEXT, nullable=True)
    create(client, name, schema)
    sent = ["", "short", "ä" * 500_000, None, "x" * 2097153]  # no length is refused at insert
    client.insert(name, vector_rows(random_vectors(5, DIM), text=sent))
    in_every_state(client, name, lambda: _equal(column(client, name, "text"), sent))


def _equal(found, expected):
    assert found == expected


DEFAULTS = {
    "bool": (DataType.BOOL, {}, True, True),
    "int8": (DataType.INT8, {}, -5, -5),
    "int16": (DataType.INT16, {}, 500, 500),
    "int32": (DataType.INT32, {}, -70000, -70000),
    "int64": (DataType.INT64, {}, 2**40, 2**40),
    "float": (DataType.FLOAT, {}, np.float32(0.5), 0.5),
    "double": (DataType.DOUBLE, {}, 0.1, 0.1),
    "varchar": (DataType.VARCHAR, {"max_length": 10}, "none", "none"),
    "timestamptz": (DataType.TIMESTAMPTZ, {}, "2025-01-02T03:04:05Z", "2025-01-02T03:04:05Z"),
    "geometry": (DataType.GEOMETRY, {}, "POINT (1 2)", "POINT (1 2)"),
}


@pytest.mark.parametrize("kind", DEFAULTS)
def test_a_default_fills_what_is_left_out(client, name, kind):
    data_type, arguments, default, shown = DEFAULTS[kind]
    schema = simple_schema()
    schema.add_field("value", data_type, default_value=default, nullable=True, **arguments)
    create(client, name, schema)
    rows = vector_rows(random_vectors(2, DIM))
    client.insert(name, [rows[0], rows[1] | {"value": None}])
    in_every_state(client, name, lambda: _equal(column(client, name, "value"), [shown, shown]))
    described = client.describe_collection(name)["fields"][2]["default_value"]
    assert getattr(described, described.WhichOneof("data")) == shown


# ---- vectors

def sparse_rows():
    return [{1: 0.5, 100: 2.0}, {}, {4294967294: 1.0}]


def halves(seed=3):
    return [vector.astype(np.float16) for vector in random_vectors(3, DIM, seed=seed)]


def bfloats():
    """bfloat16 as bytes: the upper half of a float32."""
    return [(vector.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).tobytes()
            for vector in random_vectors(3, DIM)]


VECTORS = {
    "float": (DataType.FLOAT_VECTOR, {"dim": DIM}, "L2", lambda: [v.tolist() for v in random_vectors(3, DIM)]),
    "float16": (DataType.FLOAT16_VECTOR, {"dim": DIM}, "L2", halves),
    "bfloat16": (DataType.BFLOAT16_VECTOR, {"dim": DIM}, "L2", bfloats),
    "int8": (DataType.INT8_VECTOR, {"dim": DIM}, "L2",
             lambda: [np.array([-128, 127, 0, 1, 2, 3, 4, n], dtype=np.int8) for n in range(3)]),
    "binary": (DataType.BINARY_VECTOR, {"dim": 16}, "HAMMING", lambda: [bytes([n, 255 - n]) for n in range(3)]),
    "sparse": (DataType.SPARSE_FLOAT_VECTOR, {}, "IP", sparse_rows),
}
INDEX = {"sparse": "SPARSE_INVERTED_INDEX", "binary": "BIN_FLAT"}


def same_vector(kind, found, sent):
    if found is None or sent is None:
        return found is sent
    if kind == "sparse":
        return found == pytest.approx(sent)
    if kind == "float":
        return np.allclose(found, sent)
    raw = found[0] if isinstance(found, list) and found and isinstance(found[0], bytes) else found
    raw = raw if isinstance(raw, bytes) else np.asarray(raw).tobytes()
    return raw == (sent if isinstance(sent, bytes) else sent.tobytes())


def vector_collection(client, name, kind, nullable):
    data_type, arguments, metric, make = VECTORS[kind]
    schema = simple_schema()
    schema.add_field("value", data_type, nullable=nullable, **arguments)
    index = index_of()
    index.add_index("value", index_type=INDEX.get(kind, "FLAT"), metric_type=metric)
    create(client, name, schema, index)
    return make()


@pytest.mark.parametrize("kind", VECTORS)
def test_vectors_come_back_as_they_went_in(client, name, kind):
    sent = vector_collection(client, name, kind, nullable=False)
    client.insert(name, vector_rows(random_vectors(3, DIM), value=sent))

    def check():
        found = column(client, name, "value")
        assert all(same_vector(kind, a, b) for a, b in zip(found, sent, strict=True)), found
    in_every_state(client, name, check)


@pytest.mark.parametrize("kind", VECTORS)
def test_a_vector_may_be_null(client, name, kind):
    sent = vector_collection(client, name, kind, nullable=True)
    values = [sent[0], None, sent[1], sent[2], None]
    client.insert(name, vector_rows(random_vectors(5, DIM), value=values))

    def check():
        found = column(client, name, "value")
        assert all(same_vector(kind, a, b) for a, b in zip(found, values, strict=True)), found
        hits = client.search(name, random_vectors(1, DIM).tolist(), anns_field="vector", limit=5,
                             output_fields=["value"])[0]
        by_id = {hit["id"]: hit["entity"]["value"] for hit in hits}
        assert all(same_vector(kind, by_id[i], values[i]) for i in range(5)), by_id
    in_every_state(client, name, check)


@pytest.mark.parametrize("kind", VECTORS)
def test_a_search_finds_its_own_vector(client, name, kind):
    sent = vector_collection(client, name, kind, nullable=False)
    client.insert(name, vector_rows(random_vectors(3, DIM), value=sent))
    pick = 0 if kind == "sparse" else 2

    def check():
        hits = client.search(name, [sent[pick]], anns_field="value", limit=1, output_fields=["id"])[0]
        assert [hit["id"] for hit in hits] == [pick]
    in_every_state(client, name, check)


def test_floats_are_rounded_for_half_precision_fields(client, name):
    vector_collection(client, name, "float16", nullable=False)
    sent = random_vectors(1, DIM)
    client.insert(name, vector_rows(random_vectors(1, DIM), value=[sent[0].tolist()]))
    assert same_vector("float16", column(client, name, "value")[0], sent[0].astype(np.float16))


# ---- struct arrays

ELEMENTS = {
    "bool": (DataType.BOOL, {}, [True, False]),
    "int8": (DataType.INT8, {}, [-128, 127]),
    "int16": (DataType.INT16, {}, [-2**15, 7]),
    "int32": (DataType.INT32, {}, [-2**31, 7]),
    "int64": (DataType.INT64, {}, [-2**63, 7]),
    "float": (DataType.FLOAT, {}, [0.5, -1.5]),
    "double": (DataType.DOUBLE, {}, [0.1, -1e300]),
    "varchar": (DataType.VARCHAR, {"max_length": 10}, ["ä", ""]),
    "vector": (DataType.FLOAT_VECTOR, {"dim": 2}, [[1.0, 2.0], [3.0, 4.0]]),
}


def struct_schema(nullable=False, **capacity):
    schema = simple_schema()
    struct_field = MilvusClient.create_struct_field_schema()
    for field, (data_type, arguments, _) in ELEMENTS.items():
        struct_field.add_field(field, data_type, **arguments)
    schema.add_field("clips", DataType.ARRAY, element_type=DataType.STRUCT, struct_schema=struct_field,
                     max_capacity=capacity.get("max_capacity", 3), nullable=nullable)
    return schema


def elements(count=2):
    return [{field: values[i % 2] for field, (_, _, values) in ELEMENTS.items()} for i in range(count)]


def plain(value):
    """Struct arrays with numbers and lists of plain Python."""
    return value and [{key: (list(map(float, item)) if isinstance(item, (list, np.ndarray)) else item)
                       for key, item in element.items()} for element in value]


@pytest.mark.parametrize("nullable", [False, True])
def test_struct_arrays_come_back_as_they_went_in(client, name, nullable):
    create(client, name, struct_schema(nullable), index_of())
    sent = [elements(2), [], elements(1)] + ([None, elements(3)] if nullable else [])
    client.insert(name, vector_rows(random_vectors(len(sent), DIM), clips=sent))

    def check():
        found = [plain(value) for value in column(client, name, "clips")]
        assert found == sent
        parts = column_of_parts(client, name, ["clips[int64]", "clips[vector]"])
        assert parts == [value and [{key: element[key] for key in ("int64", "vector")} for element in value]
                         for value in sent]
        hits = client.search(name, random_vectors(1, DIM).tolist(), anns_field="vector", limit=9,
                             output_fields=["clips"])[0]
        assert {hit["id"]: plain(hit["entity"]["clips"]) for hit in hits} == dict(enumerate(sent))
    in_every_state(client, name, check)


def column_of_parts(client, name, fields):
    return [plain(row["clips"]) for row in stored(client, name, fields)]


def test_a_struct_array_is_described_as_it_was_created(client, name):
    client.create_collection(name, schema=struct_schema(nullable=True))
    described = client.describe_collection(name)["fields"][2]
    assert (described["name"], described["type"], described["element_type"]) == (
        "clips", DataType.ARRAY, DataType.STRUCT)
    assert described["nullable"] is True
    assert int(described["params"]["max_capacity"]) == 3
    fields = described["struct_fields"]
    assert [(field["name"], field["type"]) for field in fields] == [
        (name, data_type) for name, (data_type, _, _) in ELEMENTS.items()]
    assert int(fields[-1]["params"]["dim"]) == 2
    assert int(fields[-2]["params"]["max_length"]) == 10
    assert [described["field_id"]] + [field["field_id"] for field in fields] == list(range(102, 112))


def test_struct_arrays_that_do_not_fit_are_refused(client, name):
    create(client, name, struct_schema(), index_of())
    with refused(1100, "the length (4) of 0th array exceeds max capacity (3)"):
        client.insert(name, vector_rows(random_vectors(1, DIM), clips=[elements(4)]))
    with refused(1100, "length of varchar field varchar exceeds max length"):
        client.insert(name, vector_rows(random_vectors(1, DIM), clips=[[elements(1)[0] | {"varchar": "x" * 11}]]))


# ---- rules and limits of schemas

def one_field(*arguments, **more):
    schema = simple_schema()
    schema.add_field("f", *arguments, **more)
    return schema


def struct_of(**fields):
    schema = simple_schema()
    struct_field = MilvusClient.create_struct_field_schema()
    for field, (data_type, arguments) in fields.items():
        struct_field.add_field(field, data_type, **arguments)
    schema.add_field("s", DataType.ARRAY, element_type=DataType.STRUCT, struct_schema=struct_field, max_capacity=4)
    return schema


REFUSALS = {
    "binary dim": (lambda: one_field(DataType.BINARY_VECTOR, dim=12), 1100, "should be multiple of 8"),
    "binary dim max": (lambda: one_field(DataType.BINARY_VECTOR, dim=262152), 1100, "in range 2 ~ 262144"),
    "float16 dim": (lambda: one_field(DataType.FLOAT16_VECTOR, dim=1), 1100, "in range 2 ~ 32768"),
    "int8 dim max": (lambda: one_field(DataType.INT8_VECTOR, dim=32769), 1100, "in range 2 ~ 32768"),
    "sparse dim": (lambda: one_field(DataType.SPARSE_FLOAT_VECTOR, dim=8), 1100, "dim should not be specified"),
    "max_length": (lambda: one_field(DataType.VARCHAR, max_length=65536), 1100, "should be in (0, 65535]"),
    "max_capacity": (lambda: one_field(DataType.ARRAY, element_type=DataType.INT8, max_capacity=4097), 1100,
                     "should be in (0, 4096]"),
    "array of json": (lambda: one_field(DataType.ARRAY, element_type=DataType.JSON, max_capacity=4), 1100,
                      "element type JSON is not supported"),
    "match without analyzer": (lambda: one_field(DataType.VARCHAR, max_length=9, enable_match=True), 1100,
                               "must also enable_analyzer"),
    "bad timestamp": (lambda: one_field(DataType.TIMESTAMPTZ, default_value="noon"), 1100,
                      "got invalid timestamptz string 'noon'"),
    "bad geometry": (lambda: one_field(DataType.GEOMETRY, default_value="POINT"), 1100, "invalid WKT"),
    "struct of json": (lambda: struct_of(f=(DataType.JSON, {})), 1100, "JSON is not supported for fields in struct"),
    "struct of sparse": (lambda: struct_of(f=(DataType.SPARSE_FLOAT_VECTOR, {})), 1100, "SparseFloatVector"),
    "struct varchar": (lambda: struct_of(f=(DataType.VARCHAR, {"max_length": 65536})), 1100, "in (0, 65535]"),
    "struct field name": (lambda: struct_of(**{"like": (DataType.INT8, {})}), 1701, "like is keyword"),
}


@pytest.mark.parametrize("rule", REFUSALS)
def test_a_schema_against_the_rules_is_refused(client, name, rule):
    make, code, text = REFUSALS[rule]
    try:
        schema = make()
    except MilvusException:
        pytest.fail("the client itself refuses this schema")
    with refused(code, text):
        client.create_collection(name, schema=schema)


def test_sub_fields_count_against_the_limits(client, name):
    with refused(1100, "maximum field's number should be limited to 64"):
        client.create_collection(name, schema=struct_of(**{f"f{i}": (DataType.INT8, {}) for i in range(62)}))
    with refused(1100, "maximum vector field's number should be limited to 10"):
        client.create_collection(name, schema=struct_of(
            **{f"f{i}": (DataType.FLOAT_VECTOR, {"dim": 2}) for i in range(10)}))


def test_analyzer_parameters_are_kept(client, name):
    schema = one_field(DataType.VARCHAR, max_length=100, enable_analyzer=True, enable_match=True,
                       analyzer_params={"tokenizer": "standard"})
    client.create_collection(name, schema=schema)
    params = client.describe_collection(name)["fields"][2]["params"]
    assert params["enable_match"] == "true"
    assert "standard" in params["analyzer_params"]


def test_keys_may_be_sent_where_the_collection_allows(client, name):
    schema = MilvusClient.create_schema(auto_id=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
    create(client, name, schema)
    with refused(1100, "can not assign primary field data when auto id enabled"):
        client.insert(name, vector_rows(random_vectors(1, DIM), start=7))
    client.alter_collection_properties(name, {"allow_insert_auto_id": "true"})
    client.insert(name, vector_rows(random_vectors(1, DIM), start=7))
    assert [row["id"] for row in stored(client, name, [])] == [7]


def test_paths_into_json_fields(client, name):
    schema = simple_schema(enable_dynamic_field=True)
    schema.add_field("doc", DataType.JSON, nullable=True)
    create(client, name, schema)
    rows = vector_rows(random_vectors(3, DIM), doc=[{"a": {"b": [1, "x"]}}, {"a": 5}, None], k=[1, 2, 3])
    client.insert(name, rows)
    found = stored(client, name, ['doc["a"]["b"]', '$meta["k"]'])
    assert [row['doc["a"]["b"]'] for row in found] == [[1, "x"], None, None]
    assert [row["k"] for row in found] == [1, 2, 3]


REST_FIELDS = {
    "at": ({"dataType": "Timestamptz"}, "2025-01-01T00:00:00Z"),
    "place": ({"dataType": "Geometry"}, "POINT (1 2)"),
    "text": ({"dataType": "Text"}, "long"),
    "sparse": ({"dataType": "SparseFloatVector"}, {"3": 0.5, "12": 2}),
    "half": ({"dataType": "Float16Vector", "elementTypeParams": {"dim": 2}}, "ADwAwA=="),
    "brain": ({"dataType": "BFloat16Vector", "elementTypeParams": {"dim": 2}}, "gD8AwA=="),
    "byte": ({"dataType": "Int8Vector", "elementTypeParams": {"dim": 2}}, [-128, 7]),
    "bit": ({"dataType": "BinaryVector", "elementTypeParams": {"dim": 16}}, "AQI="),
}
REST_METRICS = {"sparse": "IP", "half": "L2", "brain": "L2", "byte": "L2", "bit": "HAMMING"}
REST_QUERIES = {"sparse": [{"indices": [12], "values": [1.0]}], "half": [[1, -2]], "brain": [[1, -2]],
                "byte": [[-128, 7]], "bit": ["AQI="]}


@pytest.mark.parametrize("nullable", [False, True])
def test_every_type_through_rest(post, client, name, nullable):
    fields = [{"fieldName": "id", "dataType": "Int64", "isPrimary": True}]
    fields += [{"fieldName": field, "nullable": nullable} | about for field, (about, _) in REST_FIELDS.items()]
    structs = [{"fieldName": "clips", "nullable": nullable, "fields": [
        {"fieldName": "n", "dataType": "Array", "elementDataType": "Int32", "elementTypeParams": {"max_capacity": 4}},
        {"fieldName": "vec", "dataType": "ArrayOfVector", "elementDataType": "FloatVector",
         "elementTypeParams": {"max_capacity": 4, "dim": 2}}]}]
    indexes = [{"fieldName": field, "metricType": metric, "indexType": "AUTOINDEX"}
               for field, metric in REST_METRICS.items()]
    reply = post("collections/create", {
        "collectionName": name, "schema": {"fields": fields, "structFields": structs},
        "indexParams": indexes,
        "params": {"consistencyLevel": "Strong"}})
    assert reply["code"] == 0, reply
    described = post("collections/describe", {"collectionName": name})["data"]
    assert [field["type"] for field in described["fields"]] == [field["dataType"] for field in fields]
    assert [field["type"] for field in described["structFields"][0]["fields"]] == ["Array", "ArrayOfVector"]
    full = {"id": 1} | {field: value for field, (_, value) in REST_FIELDS.items()}
    full["clips"] = [{"n": 1, "vec": [0.5, 1]}, {"n": 2, "vec": [2, 3]}]
    rows = [full] + ([{"id": 2} | {field: None for field in full if field != "id"}] if nullable else [])
    reply = post("entities/insert", {"collectionName": name, "data": rows})
    assert reply["code"] == 0, reply
    for flushed in (False, True):
        if flushed:
            client.flush(name)
        reply = post("entities/query", {"collectionName": name, "filter": "id > 0"})
        assert reply["code"] == 0, reply
        assert sorted(reply["data"], key=lambda row: row["id"]) == rows
        for field, data in REST_QUERIES.items():
            reply = post("entities/search", {"collectionName": name, "annsField": field, "data": data, "limit": 3})
            assert reply["code"] == 0, (field, reply)
            assert [row["id"] for row in reply["data"]] == [1], field


def test_everything_survives_a_restart(own_server):
    client = own_server.client()
    schema = struct_schema(nullable=True)
    schema.add_field("at", DataType.TIMESTAMPTZ, nullable=True)
    schema.add_field("place", DataType.GEOMETRY, nullable=True)
    schema.add_field("text", DataType.TEXT, nullable=True)
    create(client, "c", schema, index_of())
    fields = ["clips", "at", "place", "text"]
    values = {"clips": [elements(2), None], "at": ["2025-01-01T00:00:00Z", None],
              "place": ["POINT (1 2)", None], "text": ["long", None]}
    before = client.describe_collection("c")
    client.insert("c", vector_rows(random_vectors(2, DIM), **values))
    client.flush("c")
    client.insert("c", vector_rows(random_vectors(2, DIM), start=2, **values))
    own_server.restart()
    client = own_server.client()
    client.load_collection("c")
    assert str(client.describe_collection("c")) == str(before)
    for row in stored(client, "c", fields):
        assert plain(row["clips"]) == values["clips"][row["id"] % 2]
        assert [row[field] for field in fields[1:]] == [values[field][row["id"] % 2] for field in fields[1:]]
