"""Random schemas, rows and filters. The same seed and features give the same case."""

import random
import string
from dataclasses import dataclass, field

import shapes
from filter_oracle import META, MISSING, Field, Schema, json_class, json_value, normalised, single
from syntax import (INT64_MAX, INT64_MIN, Binary, Call, Exists, In, Interval, IsNull, Items, Like, Literal, Moment,
                    Name, Path, Range, RawText, Regex, SubField, Template, Unary)

ROWS = 84
BITS = {"Int8": 8, "Int16": 16, "Int32": 32, "Int64": 64}
COMPARISONS = ["==", "!=", "<", "<=", ">", ">="]
WORDS = ["", "a", "b", "ab", "abc", "Abc", "b_c", "50%", "a b", "back\\slash", "line\nbreak", "q\"uote", "it's",
         "ключ", "βγ", "中文", "中x", "😀!", "0", "true", "zz top", "a.b", "ÿ", "tab\there"]
MATCH_WORDS = ["red", "Green", "blue", "the", "Fox", "runs", "ünï", "x1", "42", "中文"]
DOUBLES = [0.0, -0.0, 0.1, -0.1, 0.3, 1.0, -1.5, 2.5, 1e-300, 5e-324, 1e300, -1.7976931348623157e308, 2.0**53, 3.0,
           7.25]
SINGLES = [0.0, -0.0, 0.1, 0.3, 1.0, -1.5, 2.5, 16777216.0, 3.4028234663852886e38, 1e-45, 3.0, 7.25, 100.7]
JSON_INTEGERS = [0, 1, 2, 5, -1, -7, 100, 2**53, 2**53 + 1, INT64_MAX, INT64_MIN, 2**63, 2**64 - 1]
PLAIN_KEYS = ["a", "b", "n", "list"]
ODD_KEYS = ["two words", 'q"uote', "it's", "a/b", "a~b", "ключ", "中", "back\\slash", "m~0n"]
DYNAMIC_KEYS = ["dyn", "extra", "_low"]
MOMENTS = ["1970-01-01T00:00:00Z", "2024-02-28T23:59:59Z", "2025-01-01T00:00:00Z", "2025-01-01T08:00:00+08:00",
           "2025-06-15T12:30:00.123456Z", "1969-12-28T01:02:03Z", "2025-01-01T00:00:01-05:00"]
DURATIONS = ["P1D", "PT1H", "P1M", "P1Y2M3D", "PT30M15S", "P2DT3H", "PT0S"]
SHAPES = ["POINT (1 1)", "POINT (2 0)", "POINT (0 0)", "POINT (3 2)", "LINESTRING (0 1, 3 1)", "LINESTRING (1 0, 1 4)",
          "LINESTRING (2 1, 5 1)", "POLYGON ((0 0, 2 0, 2 2, 0 2, 0 0))", "POLYGON ((1 1, 3 1, 3 3, 1 3, 1 1))",
          "POLYGON ((2 0, 4 0, 4 2, 2 2, 2 0))", "POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))"]
SPOTS = ["POINT (0 0)", "POINT (1 0)", "POINT (10 10)", "POINT (-120.5 45)", "POINT (179 -60)"]
DISTANCE_MARGIN = 0.05
STRUCT_PARTS = {"n": "Int32", "t": "VarChar", "d": "Double"}
REGEXES = ["a", "^a", "b$", "^$", "a.c", "[a-c]+", "[^a]", r"\d", r"\w\s\w", r"^\W", "(a|b)b", "(?:ab)+c?", "(?i)ABC",
           "a{2,3}", r"\.", "a|^中", "ключ$", r"[\d\s]", "^.{2}$", r"\\", r"_", "%", r"\bab", "x*$"]
BAD_REGEXES = ["(", "[a", "*a", "a{3,2}", "(?=a)", r"(a)\1", "a)"]


@dataclass(frozen=True)
class Handle:
    """Something a predicate can ask about, and values that occur there."""
    node: object
    kind: str
    pool: tuple
    whole: bool = False


@dataclass
class Case:
    seed: int
    schema: Schema
    steps: list = field(default_factory=list)  # ("insert" | "upsert", rows), ("delete", ids), ("flush" | "compact", None)
    rows: list = field(default_factory=list)  # what the steps leave
    indexed: dict = field(default_factory=dict)  # field to index type


@dataclass(frozen=True)
class Question:
    node: object
    values: dict
    dice_seed: int = 0


class SchemaMaker:
    def __init__(self, dice, features):
        self.dice, self.features = dice, features

    def make(self):
        types = ["Bool", "Int8", "Int16", "Int32", "Int64", "Float", "Double", "VarChar", "VarChar"]
        fields = [self.scalar(f"{type_name.lower()}{i}", type_name) for i, type_name in enumerate(types)
                  if i in (4, 7) or self.dice.random() < 0.75]
        fields += [self.array(f"arr{i}", element) for i, element in enumerate(self.dice.sample(
            ["Bool", "Int8", "Int32", "Int64", "Float", "Double", "VarChar"], 3))]
        fields += [Field("j", "JSON", self.dice.random() < 0.5)]
        fields += [Field("j2", "JSON", True)] if self.dice.random() < 0.3 else []
        fields = (self.key(), Field("vector", "FloatVector"), *fields, *self.featured())
        return Schema(fields, dynamic=self.dice.random() < 0.8)

    def key(self):
        textual = "varchar_key" in self.features and self.dice.random() < 0.2
        return Field("id", "VarChar" if textual else "Int64")

    def scalar(self, name, type_name):
        return Field(name, type_name, self.dice.random() < 0.5)

    def array(self, name, element):
        return Field(name, "Array", self.dice.random() < 0.5, element)

    def featured(self):
        nullable = self.dice.random() < 0.5
        known = {
            "timestamptz": [Field("ts", "Timestamptz", nullable)],
            "geometry": [Field("geo", "Geometry", nullable)],
            "dwithin": [Field("spot", "Geometry", nullable)],
            "text_match": [Field("txt", "VarChar", nullable, match=True)],
            "struct": [Field("items", "StructArray", nullable, subfields=STRUCT_PARTS)],
        }
        return [one for feature, fields in known.items() if feature in self.features for one in fields]


class RowMaker:
    def __init__(self, dice, features, schema):
        self.dice, self.features, self.schema = dice, features, schema
        self.keys = PLAIN_KEYS + (dice.sample(ODD_KEYS, 2) if "odd_keys" in features else [])
        self.integers = {name: self.integer_pool(bits) for name, bits in BITS.items()}
        self.words = dice.sample(WORDS, 12)
        # Keys that nearly always hold one kind: servers keep their values apart from the documents.
        steady = dice.random() < 0.7
        self.steady = {key: dice.choice(["int", "float", "number", "text", "bool", "object"])
                       for key in [*self.keys, *DYNAMIC_KEYS] if steady and dice.random() < 0.6}

    def integer_pool(self, bits):
        edge, any_of = 2 ** (bits - 1), self.dice.randrange
        return [0, 1, 2, -1, 7, -edge, edge - 1, edge - 2, any_of(-edge, edge), any_of(-50, 50)]

    def row(self, number):
        key = self.schema.field("id")
        row = {"id": f"k{number:03d}" if key.type == "VarChar" else number}
        for known in self.schema.fields[2:]:
            if not (known.nullable and self.dice.random() < 0.25):
                row[known.name] = self.value(known)
            elif self.dice.random() < 0.5:
                row[known.name] = None
        return row | self.dynamic_keys()

    def dynamic_keys(self):
        if not self.schema.dynamic:
            return {}
        keys = DYNAMIC_KEYS + [key for key in self.keys if key not in PLAIN_KEYS]
        return {key: self.member(key) for key in keys if self.dice.random() < 0.5}

    def value(self, known):
        if known.type == "Array":
            return [self.scalar(known.element) for _ in range(self.dice.choice([0, 1, 2, 2, 3, 5]))]
        if known.type == "StructArray":
            return [{name: self.scalar(type_name) for name, type_name in known.subfields.items()}
                    for _ in range(self.dice.choice([0, 1, 2, 3]))]
        if known.type == "JSON":
            return self.document()
        if known.type == "Geometry":
            return self.dice.choice(SPOTS if known.name == "spot" else SHAPES)
        if known.match:
            return " ".join(self.dice.choices(MATCH_WORDS, k=self.dice.randrange(6))) + self.dice.choice(["", "!", "."])
        return self.scalar(known.type)

    def scalar(self, type_name):
        if type_name in BITS:
            return self.dice.choice(self.integers[type_name])
        pools = {"Bool": [True, False], "Float": [single(value) for value in SINGLES], "Double": DOUBLES,
                 "VarChar": self.words, "Timestamptz": MOMENTS}
        return self.dice.choice(pools[type_name])

    def document(self):
        if "json_root" in self.features and self.dice.random() < 0.2:
            return self.dice.choice([[1, 2.0, "a"], 5, 2.5, True, []])
        return {key: self.member(key) for key in self.keys if self.dice.random() < 0.7}

    def member(self, key):
        kind = self.steady.get(key)
        if kind is None or self.dice.random() < 0.03:
            return self.json(2)
        if kind == "object":
            return {inner: self.json(0, self.steady.get(inner)) for inner in self.keys[:2]}
        return self.json(1, kind)

    def json(self, depth, kind=None):
        if kind in (None, "object"):
            kind = self.dice.choice(["int", "int", "float", "text", "text", "bool", "null", "list", "object"])
        if kind == "number":
            kind = self.dice.choice(["int", "float"])
        if kind == "list":
            return [self.json(depth - 1) for _ in range(self.dice.randrange(4))] if depth else []
        if kind == "object":
            return {key: self.json(depth - 1) for key in self.dice.sample(self.keys, 2)} if depth else {}
        return {"int": self.dice.choice(JSON_INTEGERS[:7] if self.dice.random() < 0.7 else JSON_INTEGERS),
                "float": self.dice.choice(DOUBLES), "text": self.dice.choice(self.words),
                "bool": self.dice.random() < 0.5, "null": None}[kind]


def make_case(seed, features, rows=ROWS):
    """Rows that arrive in several steps, some deleted and some replaced on the way."""
    dice = random.Random(f"case {seed}")
    schema = SchemaMaker(dice, features).make()
    maker = RowMaker(dice, features, schema)
    fresh = [maker.row(number) for number in range(rows * 5 // 4)]
    thirds = [fresh[: rows // 2], fresh[rows // 2: rows], fresh[rows:]]
    case = Case(seed, schema)
    alive = {}
    for part, flushed in zip(thirds, (True, dice.random() < 0.5, False)):
        change(case, alive, "insert", part)
        if flushed:
            case.steps.append(("flush", None))
        replaced = [maker.row(int(str(row["id"]).lstrip("k"))) for row in dice.sample(list(alive.values()), 4)]
        change(case, alive, "upsert", replaced)
        doomed = dice.sample(list(alive), (len(fresh) - rows) // 3)
        case.steps.append(("delete", doomed))
        for key in doomed:
            del alive[key]
    if dice.random() < 0.2:
        case.steps += [("flush", None), ("compact", None)]
    case.rows = list(alive.values())
    case.indexed = chosen_indexes(dice, schema) if "indexes" in features and dice.random() < 0.5 else {}
    return case


def change(case, alive, kind, rows):
    case.steps.append((kind, rows))
    alive.update({row["id"]: row for row in rows})


def chosen_indexes(dice, schema):
    """READING of the index table: which index types suit which fields."""
    suits = {"Bool": ["INVERTED", "BITMAP"], "Float": ["INVERTED", "STL_SORT"], "Double": ["INVERTED", "STL_SORT"],
             "VarChar": ["INVERTED", "BITMAP", "STL_SORT", "TRIE"], "Array": ["INVERTED"]}
    suits |= dict.fromkeys(BITS, ["INVERTED", "BITMAP", "STL_SORT"])
    chosen = {one.name: dice.choice(suits[one.type]) for one in schema.fields[2:]
              if one.type in suits and not one.match and dice.random() < 0.6}
    parts = {f"{one.name}[{part}]": suits[kind] for one in schema.fields[2:] if one.type == "StructArray"
             for part, kind in one.subfields.items()}
    return chosen | {part: dice.choice(kinds) for part, kinds in parts.items() if dice.random() < 0.5}


class FilterMaker:
    """Valid filters over a case."""

    def __init__(self, case, features, seed):
        self.dice = random.Random(f"filters {case.seed} {seed}")
        self.case, self.features, self.schema = case, features, case.schema
        self.stored = [normalised(row, case.schema) for row in case.rows]
        self.values = {}
        self.handles = self.scalar_handles() + self.json_handles()
        self.arrays = self.array_handles()
        self.makers = self.weighted_makers()

    def has(self, feature):
        return feature in self.features

    # what can be asked about

    def pool(self, get):
        found = [get(row) for row in self.stored]
        return tuple(value for value in found if value is not None and value is not MISSING)

    def scalar_handles(self):
        out = []
        for known in self.schema.fields:
            name = known.name
            if known.type == "Array":
                index = self.dice.randrange(4)
                pool = self.pool(lambda row: row[name][index] if row[name] and len(row[name]) > index else None)
                out.append(Handle(Path(name, (index,)), known.element, pool))
            elif known.type == "StructArray":
                out += self.struct_handles(known)
            elif known.type in BITS or known.type in ("Bool", "Float", "Double", "VarChar"):
                out.append(Handle(Name(name), known.type, self.pool(lambda row: row[name]), whole=True))
        return out

    def struct_handles(self, known):
        index = self.dice.randrange(3)
        return [Handle(Path(known.name, (index, SubField(part))), type_name,
                       self.pool(lambda row: (row[known.name] or [{}])[0].get(part)))
                for part, type_name in known.subfields.items()]

    def json_columns(self):
        return [one.name for one in self.schema.fields if one.type == "JSON"]

    def json_handles(self):
        out = [Handle(self.spelled_path(column, path), "JSON", self.pool(lambda row: self.at(row, column, path)))
               for column in [*self.json_columns(), *([META] if self.schema.dynamic else [])]
               for path in self.known_paths(column)]
        roots = self.json_columns() if self.has("json_root") else []
        return out + [Handle(Name(name), "JSON", (5, 2.5, True)) for name in roots]

    def at(self, row, column, path):
        return None if row[column] is None else json_value(row[column], path)

    def known_paths(self, column):
        found = {}
        for row in self.stored:
            for path in paths_in(row[column], 3):
                found[path] = found.get(path, 0) + 1
        paths = sorted(found, key=lambda path: (-found[path], repr(path)))
        paths = paths[:8] + self.dice.sample(paths[8:], min(len(paths[8:]), 6))
        return paths + [("absent",), (*paths[0], "absent")] if paths else [("absent",)]

    def spelled_path(self, column, path):
        """A dynamic key may stand alone when it is a word."""
        if column == META and path[0] in DYNAMIC_KEYS and self.dice.random() < 0.7:
            return Path(path[0], path[1:]) if path[1:] else Name(path[0])
        return Path(column, path)

    def array_handles(self):
        out = []
        for known in self.schema.fields:
            name = known.name
            if known.type == "Array":
                out.append(Handle(Name(name), known.element, flat(self.pool(lambda row: row[name])), whole=True))
            if known.type == "StructArray":
                out += [Handle(Path(name, (SubField(part),)), type_name, self.part_pool(name, part))
                        for part, type_name in known.subfields.items()]
        return out

    def part_pool(self, name, part):
        return flat(self.pool(lambda row: [one[part] for one in row[name] or []]))

    def json_handle(self):
        return self.dice.choice([one for one in self.handles if one.kind == "JSON"])

    def by_kind(self, *kinds):
        return [one for one in self.handles if one.kind in kinds]

    # constants

    def constant(self, value):
        """A literal, now and then as a sum or a template."""
        if self.has("templates") and self.dice.random() < 0.12 and (type(value) is not int or abs(value) < 2**63):
            return self.template(value)
        if self.has("folded") and type(value) is int and abs(value) < 2**31 and self.dice.random() < 0.08:
            part = self.dice.randrange(-9, 10)
            return Binary("+", Literal(value - part), Literal(part))
        return Literal(value)

    def template(self, value):
        name = f"v{len(self.values)}"
        self.values[name] = value
        return Template(name)

    def items(self, values):
        """A template holds a list of one type."""
        if self.has("templates") and len({type(value) for value in values}) == 1 and self.dice.random() < 0.15 \
                and not isinstance(values[0], list):
            return self.template(values)
        return Items(tuple(self.node_of(value) for value in values))

    def node_of(self, value):
        return Items(tuple(map(self.node_of, value))) if isinstance(value, list) else Literal(value)

    def near(self, kind, pool):
        """A value that occurs there, or close to one, or any."""
        if kind == "JSON":
            return self.json_near(pool)
        value = self.dice.choice(pool) if pool and self.dice.random() < 0.85 else self.any(kind)
        if kind in BITS and self.dice.random() < 0.3:
            return clamped(value + self.dice.choice([-1, 1, 3]))
        if kind in ("Float", "Double") and self.dice.random() < 0.3:
            return self.dice.choice([0.1, 0.3, 2, -1, 3, value + 1, value / 2])
        if kind == "VarChar" and self.dice.random() < 0.2:
            return value[:1] + self.dice.choice(["", "a", "~"])
        return value

    def json_near(self, pool):
        found = [value for value in pool if usable(value)]
        if found and self.dice.random() < 0.8:
            value = self.dice.choice(found)
            if type(value) is int and self.dice.random() < 0.3:
                return self.dice.choice([float(value), clamped(value + 1)])
            return value
        return self.dice.choice([0, 1, 2, 5, 2.5, 0.1, "a", "ab", True, False, INT64_MAX, 9.2e18, 2.0**64])

    def any(self, kind):
        if kind in BITS:
            return self.dice.choice([0, 1, 5, -3, 127, 128, 40000, 2**31, INT64_MAX, INT64_MIN, 200])
        return {"Bool": True, "Float": self.dice.choice(SINGLES), "Double": self.dice.choice(DOUBLES),
                "VarChar": self.dice.choice(WORDS)}[kind]

    # predicates

    def weighted_makers(self):
        table = [
            (14, self.comparison, True), (5, self.range, True), (6, self.lookup, True), (6, self.arithmetic, True),
            (3, self.null_test, self.nullables()), (2, self.key_null_test, self.has("json_null")),
            (3, self.existence, self.has("exists") and self.has_keys()), (5, self.like, self.has("like")),
            (4, self.regex, self.has("regex")), (4, self.contains, self.has("contains")),
            (4, self.json_contains, self.has("contains") and self.json_columns()),
            (2, self.length, self.has("array_length")), (2, self.json_length, self.has("json_length")),
            (2, self.array_equality, self.has("array_equality")), (1, self.json_equality, self.has("json_lists")),
            (3, self.two_columns, self.has("two_columns")), (1, self.constants, self.has("folded")),
            (1, self.starts_with, self.has("starts_with")), (1, self.empty, self.has("empty")),
            (4, self.text_match, self.has("text_match")), (3, self.phrase_match, self.has("phrase_match")),
            (4, self.moment, self.has("timestamptz")), (3, self.moved_moment, self.has("interval")),
            (4, self.spatial, self.has("geometry")), (2, self.distance, self.has("dwithin")),
            (5, self.elements, self.has("match")),
        ]
        return [(weight, maker) for weight, maker, usable in table if usable]

    def question(self):
        self.values = {}
        node = self.tree(self.dice.choice([0, 1, 1, 2, 2, 3]))
        if self.has("random_sample") and self.dice.random() < 0.02:
            node = Binary("and", node, Call("random_sample", (Literal(0.5),)))
        elif self.has("element_filter") and self.dice.random() < 0.03:
            node = Binary("and", node, Call("element_filter", (Name("items"), self.element_condition(1))))
        return Question(node, self.values, self.dice.randrange(2**32))

    def tree(self, depth):
        if depth == 0 or self.dice.random() < 0.15:
            return self.leaf()
        if self.dice.random() < 0.25:
            return Unary("not", self.tree(depth - 1))
        return Binary(self.dice.choice(["and", "or"]), self.tree(depth - 1), self.tree(depth - 1))

    def leaf(self):
        weights = [weight for weight, _ in self.makers]
        maker = self.dice.choices([maker for _, maker in self.makers], weights)[0]
        return maker()

    def comparison(self):
        handle = self.dice.choice(self.handles)
        value = self.near(handle.kind, handle.pool)
        sign = self.dice.choice(COMPARISONS[:2] if isinstance(value, bool) else COMPARISONS)
        sides = handle.node, self.constant(value)
        return Binary(sign, *(sides if self.dice.random() < 0.8 else sides[::-1]))

    def range(self):
        handle = self.dice.choice([one for one in self.handles if one.kind != "Bool"])
        low, high = self.bounds(handle)
        first, second = self.dice.choice(["<", "<="]), self.dice.choice(["<", "<="])
        if self.dice.random() < 0.5:
            low, high, first, second = high, low, first.replace("<", ">"), second.replace("<", ">")
        return Range(self.constant(low), first, handle.node, second, self.constant(high))

    def bounds(self, handle):
        for _ in range(20):
            bounds = [self.near(handle.kind, handle.pool) for _ in range(2)]
            classes = {json_class(value) for value in bounds}
            if len(classes) == 1 and "bool" not in classes and in_order(*bounds):
                return bounds
        return ("a", "b") if handle.kind in ("VarChar", "JSON") else (0, 5)

    def lookup(self):
        handle = self.dice.choice(self.handles)
        values = [self.near(handle.kind, handle.pool) for _ in range(self.dice.choice([0, 1, 2, 3, 5, 12]))]
        return In(handle.node, self.items(values), self.dice.random() < 0.3)

    def arithmetic(self):
        handle = self.dice.choice(self.by_kind(*BITS, "Float", "Double", "JSON"))
        whole = handle.kind in BITS or (handle.kind == "JSON" and self.dice.random() < 0.7)
        sign = self.dice.choice("+-*/%" if whole else "+-*/")
        operand = self.dice.choice([1, 2, 3, -2, 7, 10, -1, 1000003] if whole else [0.5, 2, 0.1, -3.25, 1e10])
        result = self.result_near(handle, sign, operand, whole)
        left = Binary(sign, handle.node, self.constant(operand))
        if sign in "+*" and self.dice.random() < 0.2:
            left = Binary(sign, left.right, left.left)
        return Binary(self.dice.choice(COMPARISONS), left, self.constant(result))

    def result_near(self, handle, sign, operand, whole):
        numbers = [value for value in handle.pool if type(value) in (int, float) and abs(value) < 2**62]
        value = self.dice.choice(numbers) if numbers and self.dice.random() < 0.8 else 3
        result = {"+": value + operand, "-": value - operand, "*": value * operand, "/": value / operand,
                  "%": value % operand if whole else 0}[sign]
        if handle.kind in BITS or (type(value) is int and whole):
            return clamped(int(result))
        return result if abs(result) < 1e308 else 1.0

    def nullables(self):
        return [Name(one.name) for one in self.schema.fields if one.nullable]

    def null_test(self):
        return IsNull(self.dice.choice(self.nullables()), self.dice.random() < 0.5)

    def has_keys(self):
        return any(one.kind == "JSON" and one.node.__class__ in (Name, Path) for one in self.handles)

    def key_handle(self):
        """A handle that is a key, not a whole JSON field."""
        whole = {Name(name) for name in self.json_columns()}
        return self.dice.choice([one for one in self.handles if one.kind == "JSON" and one.node not in whole])

    def key_null_test(self):
        return IsNull(self.key_handle().node, self.dice.random() < 0.5)

    def existence(self):
        return Exists(self.key_handle().node)

    def strings(self):
        return self.dice.choice(self.by_kind("VarChar") * 2 + self.by_kind("JSON"))

    def like(self):
        handle = self.strings()
        texts = [value for value in handle.pool if isinstance(value, str)] or ["abc"]
        pieces = [pattern_piece(letter) for letter in self.dice.choice(texts)]
        at = self.dice.randrange(len(pieces) + 1)
        start, end = "".join(pieces[:at]), "".join(pieces[at:])
        middle = "".join(pieces[1:-1])
        pattern = self.dice.choice([start + end, f"%{end}", f"{start}%", f"%{middle}%", f"{start}%{end}", f"{start}_%",
                                    "_" * len(pieces), "_" + "".join(pieces[1:]), "", "%%", "%a%", "_%"])
        return Like(handle.node, self.constant(pattern))

    def regex(self):
        handle, pattern = self.strings(), self.dice.choice(REGEXES)
        node = self.template(pattern) if self.has("templates") and self.dice.random() < 0.1 else RawText(pattern)
        return Regex(handle.node, node, self.dice.random() < 0.35)

    def contains(self):
        handle = self.dice.choice(self.arrays)
        prefix = self.dice.choice(["array_contains", "array_contains", "json_contains"])
        return self.containment(prefix, handle, lambda: self.near(handle.kind, handle.pool))

    def json_contains(self):
        lists = [one for one in self.handles if one.kind == "JSON" and any(isinstance(v, list) for v in one.pool)]
        handle = self.dice.choice(lists) if lists and self.dice.random() < 0.85 else self.json_handle()
        pool = tuple(item for value in handle.pool if isinstance(value, list) for item in value)
        inner = [value for value in pool if usable_list(value)]
        if self.has("nested_contains") and inner and self.dice.random() < 0.2:
            return Call("json_contains", (handle.node, self.node_of(self.dice.choice(inner))))
        return self.containment("json_contains", handle, lambda: self.json_near(pool))

    def containment(self, name, handle, value):
        form = self.dice.choice(["", "_all", "_any"])
        if not form:
            return Call(name, (handle.node, self.constant(value())))
        return Call(name + form, (handle.node, self.items([value() for _ in range(self.dice.randrange(1, 4))])))

    def length(self):
        handles = [one.node for one in self.arrays]
        handles += [Name(one.name) for one in self.schema.fields if one.type == "StructArray"]
        return self.length_of(self.dice.choice(handles))

    def json_length(self):
        return self.length_of(self.json_handle().node)

    def length_of(self, node):
        sides = Call("array_length", (node,)), self.constant(self.dice.randrange(4))
        return Binary(self.dice.choice(COMPARISONS), *(sides if self.dice.random() < 0.85 else sides[::-1]))

    def array_equality(self):
        known = self.dice.choice([one for one in self.schema.fields if one.type == "Array"])
        pool = [value for value in self.pool(lambda row: row[known.name]) if value]
        value = list(self.dice.choice(pool)) if pool else [self.any(known.element)]
        return Binary(self.dice.choice(["==", "!="]), Name(known.name), self.node_of(value))

    def json_equality(self):
        handle = self.json_handle()
        lists = [value for value in handle.pool if usable_list(value)]
        value = self.dice.choice(lists) if lists else [1, "a"]
        return Binary(self.dice.choice(["==", "!="]), handle.node, self.node_of(value))

    def two_columns(self):
        group = self.dice.choice([(*BITS, "Float", "Double"), ("VarChar",)])
        fields = [one for one in self.by_kind(*group) if one.whole]
        left, right = self.dice.choice(fields), self.dice.choice(fields)
        return Binary(self.dice.choice(COMPARISONS), left.node, right.node)

    def constants(self):
        left, right = self.dice.choice([(1, 2), (2, 2), (1.5, 2), (2, 2.0), ("a", "b"), ("a", "a"), (-1, 0x10)])
        return Binary(self.dice.choice(COMPARISONS), Literal(left), Literal(right))

    def starts_with(self):
        handle = self.dice.choice([one for one in self.by_kind("VarChar") if one.whole])
        return Call("starts_with", (handle.node, Literal(self.near("VarChar", handle.pool)[:2] or "a")))

    def empty(self):
        return Call("empty", (self.dice.choice([one for one in self.by_kind("VarChar") if one.whole]).node,))

    def text_match(self):
        words = self.dice.sample(MATCH_WORDS, self.dice.randrange(1, 4))
        query = self.constant(" ".join(words))
        at_least = self.dice.randrange(1, len(words) + 1)
        options = (("minimum_should_match", Literal(at_least)),) if self.dice.random() < 0.4 else ()
        return Call("text_match", (Name("txt"), query), options)

    def phrase_match(self):
        """READING: gaps are asked about with two words only, where every definition of slop agrees."""
        slop = self.dice.choice([None, 0, 1, 2])
        words = self.dice.sample(MATCH_WORDS, 2 if slop else self.dice.randrange(1, 4))
        last = [] if slop is None else [Literal(slop)]
        return Call("phrase_match", (Name("txt"), self.constant(" ".join(words)), *last))

    def moment(self):
        sides = Name("ts"), Moment(self.dice.choice(MOMENTS))
        return Binary(self.dice.choice(COMPARISONS), *(sides if self.dice.random() < 0.8 else sides[::-1]))

    def moved_moment(self):
        left = Binary(self.dice.choice("+-"), Name("ts"), Interval(self.dice.choice(DURATIONS)))
        return Binary(self.dice.choice(COMPARISONS), left, Moment(self.dice.choice(MOMENTS)))

    def spatial(self):
        return Call(self.dice.choice(sorted(shapes.PREDICATES)), (Name("geo"), self.constant(self.dice.choice(SHAPES))))

    def distance(self):
        """A limit that no two globes disagree about."""
        spot = self.dice.choice(SPOTS)
        found = [shapes.metres(shapes.shape(spot), shapes.shape(other)) for other in SPOTS]
        limits = [value for value in (0, 1000.0, 150000, 2e6, 1e7) if all(
            abs(one - value) > DISTANCE_MARGIN * max(one, value) for one in found if one)]
        return Call("st_dwithin", (Name("spot"), Literal(spot), Literal(self.dice.choice(limits))))

    def elements(self):
        name = self.dice.choice(["match_any", "match_all", "match_least", "match_most", "match_exact"])
        threshold = self.dice.randrange(1, 4)
        options = () if name in ("match_any", "match_all") else (("threshold", Literal(threshold)),)
        return Call(name, (Name("items"), self.element_condition(self.dice.randrange(3))), options)

    def element_condition(self, depth):
        if depth:
            return Binary(self.dice.choice(["and", "or"]), self.element_condition(depth - 1), self.element_condition(0))
        part, kind = self.dice.choice(sorted(STRUCT_PARTS.items()))
        node = Path("$", (SubField(part),))
        pool = self.part_pool("items", part)
        if self.dice.random() < 0.25:
            return In(node, Items(tuple(Literal(self.near(kind, pool)) for _ in range(2))), False)
        return Binary(self.dice.choice(COMPARISONS), node, Literal(self.near(kind, pool)))


def in_order(low, high):
    """READING: bounds the wrong way round may be refused, so they are not asked about; as doubles they differ too."""
    return low < high and (isinstance(low, str) or float(low) < float(high))


def clamped(value):
    return max(INT64_MIN, min(INT64_MAX, value))


def flat(lists):
    return tuple(item for one in lists for item in one)


def usable(value):
    """A JSON value that can be written as a constant."""
    return json_class(value) in ("bool", "number", "string") and not (type(value) is int and value > INT64_MAX)


def usable_list(value):
    return isinstance(value, list) and value and all(map(usable, value))


def pattern_piece(letter):
    """A letter as a pattern matches it. READING: a backslash is escaped by another."""
    return "\\" + letter if letter in "%_\\" else letter


def paths_in(value, depth, before=()):
    if before:
        yield before
    if not depth or not isinstance(value, (dict, list)):
        return
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield from paths_in(inner, depth - 1, (*before, key))


# ------------------------------------------------------------------------------------ what is refused


REFUSED_FORMS = """
{n} == 'text' ~ {s} == 5 ~ {s} > true ~ {n} > 1.5 ~ {n} in [1.5] ~ {n} in ['a'] ~ {s} in [1] ~ {s} in ['a', 1]
{n} ~ not {n} > 5 ~ not {n} in [1] ~ {n} == 1 and {n} ~ 5 ~ 'text' ~ [1, 2] ~ 1 + 2 ~ {n} + 1
{s} + 1 == 2 ~ {n} / 0 == 1 ~ {n} % 0 == 1 ~ {n} + 1.5 == 2 ~ 5 - {n} == 1 ~ {n} + {n} == 2 ~ {n} + 1 + 1 == 2
{n} << 1 == 2 ~ {n} & 1 == 1 ~ {n} ** 2 == 4 ~ ~{n} == 1 ~ 1 < {n} > 5 ~ 1 < {n} + 1 < 5 ~ {n} = 1
{n} in 5 ~ {n} in ~ {s} like 5 ~ {s} =~ '{regex}' ~ {s} !~ '{regex}' ~ {s} == 'open ~ {s} == '\\q'
({n} > 1 ~ {n} > 1) ~ {n} > 1 and ~ and {n} > 1 ~ {n} == 1 {n} == 2 ~ {n} @ 3 ~ {n} > 1 And {n} < 5
{a} > 3 ~ {a} + 1 == 2 ~ {a}['a'] == 1 ~ {a}[0] is null ~ array_contains({a}) ~ json_contains_all({a}, 1)
array_length({n}) == 1 ~ array_contains({n}, 1) ~ exists {n} ~ exists j ~ j['a'] > {n} ~ j['a'] == j['b'] ~ vector == 1
{n} Is null ~ {n} == 9223372036854775808 ~ {n} == 08 ~ {n} == {{absent}} ~ {{absent}} ~ no_such_function({n})
{n} > 1 or random_sample(0.5) ~ random_sample(2) ~ text_match({n}, 'a')
"""


def refused(case, dice, features):
    """A filter that the language refuses."""
    forms = [form for line in REFUSED_FORMS.strip().split("\n") for form in line.split(" ~ ") if form]
    forms += ["{n} is  null", "{n} is not  null"] if "strict_spaces" in features else []
    forms += ["Array_Contains({a}, 1)", "Json_contains(j['a'], 1)"] if "strict_case" in features else []
    forms += ["中 == {n}", "{n} > 1 and ключ == 1"] if "foreign_letters" in features else []
    forms += [] if case.schema.dynamic else ["unknown == 1", "$meta['a'] == 1", "unknown is null"]
    by_type = {one.type: one.name for one in case.schema.fields if one.name != "id"}
    return dice.choice(forms).format(n=next(by_type[one] for one in BITS if one in by_type), s=by_type["VarChar"],
                                     a=by_type["Array"], regex=dice.choice(BAD_REGEXES))


NOISE = ["(", ")", "[", "]", "and", "or", "not", "in", "like", "==", "<", "!", "5", "1.5", "'a'", ",", "+", "%", "-",
         "is null", "{x}", "\\", "'", '"', "$meta", "$", "exists", "true", "\0", "中", "=~", "iso", "**",
         "array_length"]


def mutated(text, dice):
    """A filter with a word lost, doubled, exchanged or foreign: refused, or with another meaning."""
    words = text.split(" ")
    at = dice.randrange(len(words))
    kind = dice.choice(["lose", "double", "exchange", "foreign", "cut"])
    if kind == "lose":
        del words[at]
    elif kind == "double":
        words.insert(at, words[at])
    elif kind == "exchange":
        other = dice.randrange(len(words))
        words[at], words[other] = words[other], words[at]
    elif kind == "foreign":
        words.insert(at, dice.choice(NOISE))
    else:
        cut = dice.randrange(len(text) + 1)
        return text[:cut] + dice.choice(["", dice.choice(string.printable)]) + text[cut + 1:]
    return " ".join(words)
