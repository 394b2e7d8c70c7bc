"""Parts of the language that can be switched off by name, and a question that tells whether a server has one."""

from dataclasses import dataclass

from pymilvus import DataType, MilvusClient, MilvusException

PROBE = "oracle_probe"
SET_UP_SECONDS_MAX = 30
ANSWER_SECONDS_MAX = 3  # the client repeats for so long what it cannot read
INPUT_ERROR = 1100


@dataclass(frozen=True)
class Probe:
    filter: str
    column: str = ""  # a column the collection needs for it
    values: tuple = ()
    refused: bool = False  # the server has the feature when it refuses this, in an answer the client can read


PROBES = {
    "like": Probe("s like 'a%'"),
    "regex": Probe("s =~ 'a'"),
    "templates": Probe("n > {v}", values=(("v", 1),)),
    "contains": Probe("array_contains(arr, 1) and json_contains(j['a'], 1)"),
    "array_equality": Probe("arr == [1, 2]"),
    "array_length": Probe("array_length(arr) == 1"),
    "json_length": Probe("array_length(j['a']) == 1"),
    "exists": Probe("exists j['a']"),
    "json_null": Probe("j['a'] is null"),
    "json_lists": Probe("j['a'] == [1, 'a']"),
    "nested_contains": Probe("json_contains(j['a'], [1, 'a'])"),
    "json_root": Probe("j == 5"),
    "odd_keys": Probe("j['a/b'] == 1"),
    "two_columns": Probe("n < d"),
    "folded": Probe("1 < 2 and n > 1 + 1"),
    "starts_with": Probe("starts_with(s, 'a')"),
    "empty": Probe("empty(s)"),
    "random_sample": Probe("random_sample(0.5)"),
    "text_match": Probe("text_match(txt, 'a')", "text"),
    "phrase_match": Probe("phrase_match(txt, 'a b', 1)", "text"),
    "timestamptz": Probe("ts > ISO '2025-01-01T00:00:00Z'", "time"),
    "interval": Probe("ts + INTERVAL 'P1D' > ISO '2025-01-01T00:00:00Z'", "time"),
    "geometry": Probe("st_within(geo, 'POINT (1 1)')", "geometry"),
    "dwithin": Probe("st_dwithin(geo, 'POINT (1 1)', 5)", "geometry"),
    "struct": Probe("items[0][n] == 1 and array_length(items) == 1", "struct"),
    "match": Probe("match_any(items, $[n] == 1)", "struct"),
    "element_filter": Probe("element_filter(items, $[n] == 1)", "struct"),
    "varchar_key": Probe("s == 'a'"),
    "indexes": Probe("n == 1", "indexes"),
    "strict_case": Probe("Array_Contains(arr, 1)", refused=True),
    "strict_spaces": Probe("n is  null", refused=True),
    "foreign_letters": Probe("中 == 1", refused=True),
}
NEEDS = {"phrase_match": "text_match", "interval": "timestamptz", "match": "struct", "element_filter": "match"}


def struct_of(parts):
    """`parts` is name to (type, arguments)."""
    schema = MilvusClient.create_struct_field_schema()
    for name, (data_type, arguments) in parts.items():
        schema.add_field(name, data_type, **arguments)
    return schema


def _add_column(schema, column):
    if column == "text":
        schema.add_field("txt", DataType.VARCHAR, max_length=20, enable_analyzer=True, enable_match=True)
    elif column == "time":
        schema.add_field("ts", DataType.TIMESTAMPTZ)
    elif column == "geometry":
        schema.add_field("geo", DataType.GEOMETRY)
    elif column == "struct":
        schema.add_field("items", DataType.ARRAY, element_type=DataType.STRUCT, max_capacity=4,
                         struct_schema=struct_of({"n": (DataType.INT32, {})}))


def _collection(client, column):
    schema = MilvusClient.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
    schema.add_field("n", DataType.INT32)
    schema.add_field("d", DataType.DOUBLE)
    schema.add_field("s", DataType.VARCHAR, max_length=20)
    schema.add_field("j", DataType.JSON)
    schema.add_field("arr", DataType.ARRAY, element_type=DataType.INT64, max_capacity=4)
    _add_column(schema, column)
    index = MilvusClient.prepare_index_params()
    index.add_index("vector", index_type="FLAT", metric_type="L2")
    if column == "indexes":
        index.add_index("n", index_type="INVERTED")
    client.create_collection(PROBE, schema=schema, index_params=index, timeout=SET_UP_SECONDS_MAX)


def _answers(client, probe):
    try:
        client.query(PROBE, filter=probe.filter, filter_params=dict(probe.values), output_fields=["id"], limit=1,
                     timeout=ANSWER_SECONDS_MAX)
        return not probe.refused
    except MilvusException as error:
        return probe.refused and error.code == INPUT_ERROR


def _answered(client, column):
    """Features that need this column, or none, and are answered."""
    try:
        _collection(client, column)
        return {name for name, probe in PROBES.items() if probe.column == column and _answers(client, probe)}
    except MilvusException:
        return set()
    finally:
        client.drop_collection(PROBE)


def probed(client):
    """What this server has."""
    columns = sorted({probe.column for probe in PROBES.values()})
    found = set().union(*(_answered(client, column) for column in columns))
    return {name for name in found if NEEDS.get(name, name) in found}


def chosen(text, client):
    """`text` is a list of names, or empty for what the server has; -name takes one away from that."""
    names = [name for name in text.replace(",", " ").split()]
    unknown = {name.lstrip("-") for name in names} - set(PROBES)
    if unknown:
        raise SystemExit(f"no such feature: {', '.join(sorted(unknown))}; there are {', '.join(PROBES)}")
    wanted = {name for name in names if not name.startswith("-")}
    return (wanted or probed(client)) - {name[1:] for name in names if name.startswith("-")}
