"""Filters whose answers were worked out by hand, in the order of the description of the language.

A group is about one table; its cases are a filter and the ids it keeps, or REFUSED. READING marks answers
about which the description is silent.
"""

from dataclasses import dataclass, field

from filter_oracle import Field, Schema

REFUSED = "refused"
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1


@dataclass(frozen=True)
class Table:
    schema: Schema
    rows: tuple

    @property
    def ids(self):
        return [row["id"] for row in self.rows]


@dataclass(frozen=True)
class HandCase:
    section: str
    table: str
    filter: str
    ids: object  # a list, or REFUSED
    values: dict = field(default_factory=dict)
    feature: str = ""  # without it the server is not asked


def _table(fields, columns, rows, dynamic=False):
    fields = (Field("id", "Int64"), Field("vector", "FloatVector"), *fields)
    return Table(Schema(fields, dynamic), tuple({"id": i} | dict(zip(columns, row)) for i, row in enumerate(rows, 1)))


PLAIN = _table(
    [Field("i8", "Int8"), Field("i16", "Int16"), Field("i32", "Int32"), Field("i64", "Int64"), Field("f", "Float"),
     Field("d", "Double"), Field("b", "Bool"), Field("s", "VarChar"), Field("ni", "Int32", True),
     Field("ns", "VarChar", True), Field("nb", "Bool", True), Field("nd", "Double", True)],
    ["i8", "i16", "i32", "i64", "f", "d", "b", "s", "ni", "ns", "nb", "nd"],
    [[-128, -32768, -2147483648, INT64_MIN, -1.5, -0.1, True, "", None, None, None, None],
     [-1, -7, -7, -7, 0.0, 0.0, False, "a", 0, "", False, 0.0],
     [0, 0, 0, 0, 0.1, 0.1, True, "ab", 5, "a", True, 2.5],
     [1, 7, 7, 7, 0.5, 0.5, False, "abc", None, "ab%", None, None],
     [5, 10, 100, 9007199254740993, 2.5, 2.5, True, "a%c", 7, "x_y", False, -1.5],
     [127, 32767, 2147483647, INT64_MAX, 16777216.0, 1e300, False, "Ab", -5, None, True, 1e300],
     [5, 10, 50, 50, 2.5, 3.0, True, "中文", 5, "中", None, 3.0],
     [5, -10, -50, -50, -2.5, -3.0, False, "a\nb", None, "a\\b", True, None]])

JSON = _table(
    [Field("j", "JSON", True)], ["j"],
    [[{"a": 5, "s": "abc", "b": True, "l": [1, 2, 3], "o": {"k": 1, "t": "x"}}],
     [{"a": 5.0, "s": "ABC", "b": False, "l": ["x", "y"], "o": {"k": 2.5}}],
     [{"a": "5", "s": 5, "b": "true", "l": [], "o": {}}],
     [{"a": None, "s": None, "b": None, "l": None, "o": None}],
     [{}],
     [None],
     [{"a": 9007199254740993, "l": [1, "x", 2.5, True, None, [1, 2]], "o": {"k": {"z": 3}}}],
     [{"a": 18446744073709551615, "l": "xyz", "o": [{"k": 7}, 8]}],
     [{"a": -2.5, "s": "a%", "b": 1, "l": [[1, 2], [3]], "o": {"k": "1"}}],
     [{"a": [5], "s": ["abc"], "b": [True], "l": {"z": 1}, "o": 5}]])

DYNAMIC = Table(
    Schema((Field("id", "Int64"), Field("vector", "FloatVector"), Field("n", "Int32")), dynamic=True),
    ({"id": 1, "n": 1, "dyn": 7, "two words": 1}, {"id": 2, "n": 1, "dyn": "seven"}, {"id": 3, "n": 1, "dyn": 7.0},
     {"id": 4, "n": 2, "dyn": None}, {"id": 5, "n": 2, "dyn": {"k": 1}}, {"id": 6, "n": 2, "dyn": [1, 2]},
     {"id": 7, "n": 3}, {"id": 8, "n": 3, "dyn": True}, {"id": 9, "n": 3, "other": 7}, {"id": 10, "n": 3}))

ARRAYS = _table(
    [Field("ai", "Array", True, "Int64"), Field("words", "Array", False, "VarChar"),
     Field("af", "Array", False, "Float"), Field("flags", "Array", False, "Bool")],
    ["ai", "words", "af", "flags"],
    [[[1, 2, 3], ["x", "y"], [0.5, 0.1], [True]],
     [[], [], [], []],
     [None, ["x"], [0.1], [False, True]],
     [[3], ["y", "x"], [2.5], [False]],
     [[1, 1, 5], ["x", "x", "z"], [1.0, 2.0], [True, True]],
     [[-1, INT64_MAX], ["", "a%"], [], []]])

TIMES = _table(
    [Field("ts", "Timestamptz", True)], ["ts"],
    [["1970-01-01T00:00:00Z"], ["2025-01-01T00:00:00Z"], ["2025-01-01T08:00:00+08:00"], ["2025-01-01T00:00:00.000001Z"],
     [None], ["2024-02-28T12:00:00Z"], ["1969-12-31T23:59:59Z"]])

SHAPES = _table(
    [Field("geo", "Geometry", True)], ["geo"],
    [["POINT (1 1)"], ["POINT (5 5)"], ["POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))"], ["POLYGON ((2 2, 6 2, 6 6, 2 6, 2 2))"],
     ["LINESTRING (0 1, 4 1)"], [None], ["POINT (4 2)"], ["LINESTRING (2 -1, 2 3)"]])

SPOTS = _table([Field("spot", "Geometry", True)], ["spot"],
               [["POINT (0 0)"], ["POINT (0 1)"], ["POINT (10 0)"], [None]])

TEXTS = _table(
    [Field("txt", "VarChar", True, match=True)], ["txt"],
    [["The quick brown fox"], ["quick-brown dogs!"], ["brown quick"], [None], [""], ["QUICK fox, the lazy one"]])

STRUCTS = _table(
    [Field("items", "StructArray", True, subfields={"n": "Int32", "t": "VarChar"})], ["items"],
    [[[{"n": 1, "t": "x"}, {"n": 2, "t": "y"}]], [[]], [[{"n": 1, "t": "y"}]],
     [[{"n": 5, "t": "x"}, {"n": 5, "t": "x"}, {"n": 1, "t": "z"}]], [None]])

TABLES = {"plain": PLAIN, "json": JSON, "dynamic": DYNAMIC, "arrays": ARRAYS, "times": TIMES, "shapes": SHAPES,
          "spots": SPOTS, "texts": TEXTS, "structs": STRUCTS}
FEATURES = {"times": "timestamptz", "shapes": "geometry", "spots": "dwithin", "texts": "text_match",
            "structs": "struct"}

ALL = [1, 2, 3, 4, 5, 6, 7, 8]
FIVES = [5, 7, 8]
BOX = "POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))"
NOON = "ISO '2025-01-01T00:00:00Z'"

GROUPS = [
    ("4.1 numbers", "plain", [
        ("i32 == 100", [5]), ("i32 == 0x64", [5]), ("i32 == 0X64", [5]), ("i32 == 0b1100100", [5]),
        ("i32 == 0144", [5]),
        ("i8 == -0x80", [1]), ("i8 == 00", [3]), ("i8 == +5", FIVES), ("i64 == -9223372036854775808", [1]),
        ("i64 == 9223372036854775807", [6]), ("i64 > -9223372036854775808", [2, 3, 4, 5, 6, 7, 8]),
        ("i64 == 0x7fffffffffffffff", [6]),
        ("d == 0.5", [4]), ("d == .5", [4]), ("d == 5e-1", [4]), ("d == 50E-2", [4]), ("d == 0x1p-1", [4]),
        ("d == 0x.8p0", [4]), ("d == 3.", [7]), ("d == 1e300", [6]), ("d == 1E+300", [6]), ("d == 0X1.8P+1", [7]),
        ("i8 == 9223372036854775808", REFUSED), ("i8 == 08", REFUSED), ("i8 == 0x", REFUSED), ("i8 == 0b2", REFUSED),
        ("i8 == 5x", REFUSED),
    ]),
    ("4.1 strings", "plain", [
        ('s == "abc"', [4]), ("s == 'abc'", [4]), ('s == u8"abc"', [4]), ('s == u"abc"', [4]), ("s == U'abc'", [4]),
        ('s == L"abc"', [4]), (r's == "\x61b"', [3]), (r's == "\141b"', [3]), (r's == "\u0061b"', [3]),
        (r's == "\U00000061b"', [3]), (r's == "a\nb"', [8]), (r's == "\u4e2d\u6587"', [7]), ('s == "中文"', [7]),
        ("s == '中文'", [7]), (r'ns == "a\\b"', [8]), (r's == "a\"b"', []), (r"s == 'it\'s'", []), ('s == ""', [1]),
        ('s == "abc', REFUSED), ("s == abc'", REFUSED), (r's == "\q"', REFUSED), (r's == "\u12"', REFUSED),
    ]),
    ("4.1 words", "plain", [
        ("b == true", [1, 3, 5, 7]), ("b == True", [1, 3, 5, 7]), ("b == TRUE", [1, 3, 5, 7]),
        ("b == false", [2, 4, 6, 8]),
        ("b == False", [2, 4, 6, 8]), ("b == FALSE", [2, 4, 6, 8]), ("i8 == 5 AND b == true", [5, 7]),
        ("i8 == 5 && b == true", [5, 7]), ("i8 == 5 OR i8 == 0", [3, 5, 7, 8]), ("i8 == 5 || i8 == 0", [3, 5, 7, 8]),
        ("NOT (i8 == 5)", [1, 2, 3, 4, 6]), ("!(i8 == 5)", [1, 2, 3, 4, 6]), ("i8 IN [5]", FIVES),
        ("i8 NOT IN [5]", [1, 2, 3, 4, 6]),
        ("ni is null", [1, 4, 8]), ("ni IS NULL", [1, 4, 8]), ("ni IS NOT NULL", [2, 3, 5, 6, 7]),
        ("  i8  ==  5  ", FIVES), ("\ti8==5\n", FIVES), ("(i8==5)", FIVES), ("((i8)) == ((5))", FIVES),
        ("i8 == 5 And b == true", REFUSED), ("i8 == 5 Or b == true", REFUSED), ("Not (i8 == 5)", REFUSED),
        ("i8 In [5]", REFUSED),
        ("b == tRUE", REFUSED), ("ni Is Null", REFUSED), ("ni is  null", REFUSED, {}, "strict_spaces"),
        ("i8 == 5 -- why", REFUSED), ("i8 == 5 # why", REFUSED),
        ("i8 @ 5", REFUSED), ("中 == 5", REFUSED, {}, "foreign_letters"), ("i8 == 5;", REFUSED), ("1i8 == 5", REFUSED),
    ]),
    ("4.2 precedence", "plain", [
        ("i8 == 5 or i8 == 0 and b == false", FIVES), ("(i8 == 5 or i8 == 0) and b == false", [8]),
        ("i8 == 5 && b == true || i8 == 0", [3, 5, 7]), ("i8 == 0 || i8 == 5 && b == true", [3, 5, 7]),
        ("not (i8 == 5) and b == true", [1, 3]), ("not (i8 == 5 and b == true)", [1, 2, 3, 4, 6, 8]),
        ("not (not (i8 == 5))", FIVES), ("!!(i8 == 5)", FIVES), ("not ni is null", [2, 3, 5, 6, 7]),
        ('not s like "a%"', [1, 6, 7]),
        ("i32 + 2 * 3 == 13", [4]), ("i32 == 1 + 2 * 3", [4]), ("i32 == (1 + 2) * 3 - 2", [4]),
        ("i32 == 2 ** 3 - 1", [4]),
        ("i32 == -2 ** 2 + 11", [4]), ("i32 == 7 % 4 * 2 + 1", [4]), ("i32 == 100 / 7 / 2", [4]),
        ("i32 == 20 - 10 - 3", [4]),
        ("1 < i8 <= 5", FIVES), ("5 >= i8 > 1", FIVES), ("-128 <= i8 < 0", [1, 2]), ("-128 < i8 < 0", [2]),
        ("1 + 1 < i8 <= 10 / 2", FIVES),
        ("1 < i8 <= 5 and b == true", [5, 7]), ("i8 in [5] and b == true", [5, 7]), ("i8 in [5,]", FIVES),
        ("i8 in [1 + 4]", FIVES),
        ("i8 == 1 + 4 and b == true", [5, 7]), ("5 == i8", FIVES), ("1 < i8", [5, 6, 7, 8]),
        ("not i8 > 5", REFUSED), ("!i8 == 5", REFUSED), ("not i8 in [5]", REFUSED), ("1 < i8 > 0", REFUSED),
        ("1 < i8 + 1 < 5", REFUSED),
        ("i8 << 1 == 2", REFUSED), ("i8 >> 1 == 2", REFUSED), ("i8 & 1 == 1", REFUSED), ("i8 | 1 == 1", REFUSED),
        ("i8 ^ 1 == 1", REFUSED), ("~i8 == 1", REFUSED), ("i8 ** 2 == 4", REFUSED), ("2 ** i8 == 4", REFUSED),
        ("i8 = 5", REFUSED),
        ("i8 == 5 i8 == 5", REFUSED), ("i8 ==", REFUSED), ("== 5", REFUSED), ("(i8 == 5", REFUSED),
        ("i8 == 5)", REFUSED), ("()", REFUSED),
        ("i8 == 5 and", REFUSED), ("or i8 == 5", REFUSED), ("i8 == 5 and or b == true", REFUSED),
        ("i8 in [,]", REFUSED), ("i8 in [5,,5]", REFUSED),
    ]),
    ("4.2 what a filter is", "plain", [
        ("true", ALL), ("false", []), ("true and i8 == 5", FIVES), ("false and i8 == 5", []),
        ("true or i8 == 5", ALL),
        ("false or i8 == 5", FIVES), ("i8 == 5 and true", FIVES), ("not (false)", ALL),
        ("b", REFUSED), ("not b", REFUSED), ("b and i8 == 5", REFUSED), ("i8 == 5 and b", REFUSED), ("i8", REFUSED),
        ("5", REFUSED),
        ("'a'", REFUSED), ("1 + 2", REFUSED), ("[1, 2]", REFUSED), ("i8 + 1", REFUSED), ("s", REFUSED),
        ("i8 == 5 and 1", REFUSED),
    ]),
    ("4.3 integers", "plain", [
        ("i8 > 4", [5, 6, 7, 8]), ("i8 >= 127", [6]), ("i8 < -1", [1]), ("i8 <= -1", [1, 2]),
        ("i8 != 5", [1, 2, 3, 4, 6]), ("i8 > 200", []),
        ("i8 < 200", ALL), ("i8 == 256", []), ("i8 != 256", ALL), ("i8 > -129", ALL), ("i16 == -32768", [1]),
        ("i16 < 40000", ALL),
        ("i32 > 2147483646", [6]), ("i32 >= 2147483648", []), ("i64 == 9007199254740993", [5]),
        ("i64 == 9007199254740992", []),
        ("i64 > 9007199254740992", [5, 6]), ("i64 < -50", [1]),
        ("i8 == 1.5", REFUSED), ("i8 == 5.0", REFUSED), ("i8 > 1.5", REFUSED), ("1.5 < i8", REFUSED),
        ("0.5 < i8 < 7", REFUSED),
        ("i8 == '5'", REFUSED), ("i8 == true", REFUSED), ("i8 == [5]", REFUSED), ("id > 1e3", REFUSED),
    ]),
    ("4.3 floats", "plain", [
        ("f == 0.1", [3]), ("f < 0.1", [1, 2, 8]), ("f <= 0.1", [1, 2, 3, 8]), ("f == 2.5", [5, 7]),
        ("f > 2", [5, 6, 7]), ("f == 0", [2]),
        ("f == -0.0", [2]), ("f == 16777216", [6]), ("f >= 0", [2, 3, 4, 5, 6, 7]),
        ("f == 16777217", [6]),  # READING: float32
        ("0.1 <= f <= 0.5", [3, 4]), ("-2 < f < 0", [1]), ("d == 0.1", [3]), ("d == -0.1", [1]), ("d >= 3", [6, 7]),
        ("d == 3", [7]),
        ("d < 0", [1, 8]), ("d != 0", [1, 3, 4, 5, 6, 7, 8]), ("d <= -3.0", [8]), ("d > 1e299", [6]),
        ("2 < d < 3.5", [5, 7]),
        ("f == 'a'", REFUSED), ("d == true", REFUSED), ("d > '1'", REFUSED),
    ]),
    ("4.3 booleans", "plain", [
        ("true == b", [1, 3, 5, 7]), ("b != true", [2, 4, 6, 8]), ("b != false", [1, 3, 5, 7]),
        ("not (b == true)", [2, 4, 6, 8]),
        ("b > true", REFUSED), ("b <= false", REFUSED), ("b == 1", REFUSED), ("b == 'true'", REFUSED),
        ("false < b < true", REFUSED),
    ]),
    ("4.3 strings", "plain", [
        ('s > "a"', [3, 4, 5, 7, 8]), ('s >= "ab"', [3, 4, 7]), ('s < "a"', [1, 6]), ('s <= "a%c"', [1, 2, 5, 6, 8]),
        ('s != "a"', [1, 3, 4, 5, 6, 7, 8]), ('s > "中"', [7]), ('s < "中"', [1, 2, 3, 4, 5, 6, 8]),
        ('"ab" < s < "b"', [4]),
        ('"ab" <= s', [3, 4, 7]), ('"b" > s >= "ab"', [3, 4]), ('s > ""', [2, 3, 4, 5, 6, 7, 8]), ('s >= ""', ALL),
        ("s == 5", REFUSED), ("s == true", REFUSED), ("s > 1.5", REFUSED), ("'a' < s < 5", REFUSED),
    ]),
    ("4.3 two columns", "plain", [
        ("i8 < i32", [4, 5, 6, 7]), ("i32 == i64", [2, 3, 4, 7, 8]), ("f == d", [2, 4, 5]), ("f > d", [3, 8]),
        ("i8 < f", [1, 2, 3, 6]),
        ("ni > i8", [2, 3, 5]), ("not (ni > i8)", [6, 7]), ("s == ns", []), ("s > ns", [2, 3, 4, 7]),
        ("nd == d", [2, 6, 7]),
        ("nd != d", [3, 5]), ("b == nb", [2, 3]), ("b != nb", [5, 6, 8]), ("i8 == i8", ALL),
        ("ni == ni", [2, 3, 5, 6, 7]), ("s >= s", ALL),
        ("s == i8", REFUSED), ("b == i8", REFUSED), ("s > f", REFUSED),
    ]),
    ("4.3 two constants", "plain", [
        ("1 < 2", ALL), ("2 < 1", []), ("'a' < 'b' and i8 == 5", FIVES), ("1 == 1.0 and i8 == 0", [3]),
        ("1 + 1 == 2 and i8 == 0", [3]),
        ("true == false or i8 == 0", [3]), ("1 > 2 or i8 == 0", [3]), ("'a' == \"a\" and i8 == 0", [3]),
        ("1 == 'a'", REFUSED), ("'a' + 1 == 2", REFUSED),
    ]),
    ("4.3 arithmetic", "plain", [
        ("i32 + 5 == 12", [4]), ("5 + i32 == 12", [4]), ("i32 - 7 == 0", [4]), ("i32 * 2 == 14", [4]),
        ("2 * i32 == 14", [4]),
        ("i32 / 2 == 3", [4]), ("i32 / 2 == -3", [2]), ("i32 % 4 == 3", [4, 6]), ("i32 % 4 == -3", [2]),
        ("i32 % 50 == 0", [3, 5, 7, 8]),
        ("i8 + 100 > 200", [6]), ("i8 * 2 == -256", [1]), ("i16 * 2 == 65534", [6]), ("i64 - 1 == -8", [2]),
        ("i32 + 5 != 12", [1, 2, 3, 5, 6, 7, 8]),
        ("i32 - -7 == 14", [4]), ("f * 2 == 5", [5, 7]), ("f + 0.5 == 1", [4]), ("f / 2 == 1.25", [5, 7]),
        ("f - 0.5 == 0", [4]),
        ("d * 10 == 1", [3]), ("d + 0.2 == 0.3", []), ("d / 2 > 1", [5, 6, 7]), ("d - 3 == 0", [7]),
        ("0.5 * d == 1.5", [7]), ("d + 1 == 4", [7]),
        ("ni + 1 == 6", [3, 7]), ("not (ni + 1 == 6)", [2, 5, 6]), ("ni + 1 != 6", [2, 5, 6]), ("ni * -1 > 4", [6]),
        ("ni % 2 == 1", [3, 5, 7]),
        ("i32 == 15 / 2", [4]), ("i32 == -15 / 2", [2]), ("d == 5 / 2.0", [5]), ("d == 5 / 2", []),
        ("d == 6 / 2", [7]), ("i32 + (5 + 3) == 15", [4]),
        ("5 - i32 == 2", REFUSED), ("14 / i32 == 2", REFUSED), ("14 % i32 == 0", REFUSED), ("i32 + i8 == 3", REFUSED),
        ("i32 + 1 + 1 == 9", REFUSED), ("(i32 + 1) * 2 == 4", REFUSED), ("i32 / 0 == 1", REFUSED),
        ("i32 % 0 == 1", REFUSED),
        ("d / 0.0 == 1", REFUSED), ("f % 2 == 1", REFUSED), ("d % 2 == 1", REFUSED), ("i32 % 2.0 == 1", REFUSED),
        ("i32 + 1.5 == 2", REFUSED),
        ("s + 'a' == 'b'", REFUSED), ("s + 1 == 2", REFUSED), ("b + 1 == 1", REFUSED), ("s * 2 == 'aa'", REFUSED),
        ("i32 + 1 == 'a'", REFUSED),
        ("i32 + 1 == 1.5", REFUSED), ("i32 + 1 == i8", REFUSED), ("i32 + 1", REFUSED),
    ]),
    ("4.3 unknown names", "plain", [
        ("unknown == 1", REFUSED), ("unknown is null", REFUSED), ("$meta['a'] == 1", REFUSED),
        ("i8['a'] == 1", REFUSED), ("i8[0] == 1", REFUSED),
        ("I8 == 5", REFUSED), ("ni == null", REFUSED), ("vector == 1", REFUSED), ("vector is null", REFUSED),
        ("exists unknown", REFUSED),
    ]),
    ("4.4 in", "plain", [
        ("i8 in [5, 127]", [5, 6, 7, 8]), ("i8 in []", []), ("i8 not in []", ALL), ("i8 in [256, 5]", FIVES),
        ("i8 in [5, 5, 5]", FIVES),
        ("f in [0.1, 2.5]", [3, 5, 7]), ("f in [0, 16777216]", [2, 6]), ("d in [3, 0.5]", [4, 7]),
        ('s in ["a", "中文"]', [2, 7]), ('s in [""]', [1]),
        ("b in [true]", [1, 3, 5, 7]), ("b in [true, false]", ALL), ("b not in [true]", [2, 4, 6, 8]),
        ("ni in [5, 7]", [3, 5, 7]),
        ("ni not in [5, 7]", [2, 6]), ("not (ni in [5, 7])", [2, 6]), ("ni in []", []),
        ("ni not in []", [2, 3, 5, 6, 7]), ('ns in ["a", ""]', [2, 3]),
        ('ns not in ["a", ""]', [4, 5, 7, 8]), ("i64 in [-7, 9007199254740993]", [2, 5]),
        ("i64 in [9007199254740992]", []), ("id in [3, 1, 99]", [1, 3]),
        ("id not in [1, 2, 3, 4, 5, 6]", [7, 8]), ("i8 in [-128, 0x7f]", [1, 6]),
        ("i8 in 5", REFUSED), ("i8 in [s]", REFUSED), ("i8 in ['a']", REFUSED), ("s in [1]", REFUSED),
        ("b in [1]", REFUSED), ("i8 in [1, 'a']", REFUSED),
        ("i8 in (1, 2)", REFUSED), ("i8 not in", REFUSED), ("[1] in i8", REFUSED), ("i8 in [1.5]", REFUSED),
        ("i8 in [5", REFUSED), ("d in ['a']", REFUSED),
    ]),
    ("4.4 like", "plain", [
        ('s like "ab"', [3]), ('s like "ab%"', [3, 4]), ('s like "%b"', [3, 6, 8]), ('s like "%b%"', [3, 4, 6, 8]),
        ('s like "_"', [2]), ('s like "__"', [3, 6, 7]),
        ('s like "___"', [4, 5, 8]), ('s like "a_c"', [4, 5]), ('s like "a%c"', [4, 5]), (r's like "a\\%c"', [5]),
        (r's like "a\\%%"', [5]),
        (r's like "%\\%%"', [5]), ('s like ""', [1]), ('s like "%"', ALL), ('s like "%%"', ALL),
        ('s like "_%"', [2, 3, 4, 5, 6, 7, 8]), ('s like "a%b"', [3, 8]),
        ('s like "A%"', [6]), ('s LIKE "a%"', [2, 3, 4, 5, 8]), ('s like "中_"', [7]), ('s like "%文"', [7]),
        ('s like "a.c"', []), ('s like "[ab]%"', []),
        ("s like '%b'", [3, 6, 8]), ('s like "a_b"', [8]), (r'ns like "x\\_y"', [5]), ('ns like "x_y"', [5]),
        (r'ns like "%\\_%"', [5]),
        (r'ns like "ab\\%"', [4]), ('not (ns like "a%")', [2, 5, 7]), ('not (s like "a%")', [1, 6, 7]),
        ('s like "a%" and b == true', [3, 5]),
        ("s like 5", REFUSED), ("s like ab", REFUSED), ('i8 like "5"', REFUSED), ('b like "t%"', REFUSED),
        ('s not like "a"', REFUSED), ('"a" like "a"', REFUSED),
    ]),
    ("4.4 regex", "plain", [
        ('s =~ "b"', [3, 4, 6, 8]), ('s =~ "^ab"', [3, 4]), ('s =~ "b$"', [3, 6, 8]), ('s =~ "^$"', [1]),
        ('s =~ ""', ALL), ('s =~ "^a.c$"', [4, 5]),
        ('s =~ "^a.b$"', []), ('s =~ "(?i)^ab"', [3, 4, 6]), (r's =~ "\w"', [2, 3, 4, 5, 6, 8]), (r's =~ "\d"', []),
        (r's =~ "\s"', [8]), ('s =~ "%"', [5]),
        ('s =~ "^[^a]"', [6, 7]), ('s =~ "^.{2}$"', [3, 6, 7]), ('s !~ "b"', [1, 2, 5, 7]), ('s !~ "^a"', [1, 6, 7]),
        ('ns =~ "a"', [3, 4, 8]),
        ('ns !~ "a"', [2, 5, 7]), ('not (ns =~ "a")', [2, 5, 7]), ('not (ns !~ "a")', [3, 4, 8]),
        ('s =~ "a|中"', [2, 3, 4, 5, 7, 8]), (r'ns =~ "\\"', [8]),
        ('s =~ "c{1}$"', [4, 5]), ("s =~ '^A'", [6]),
        ('s =~ "("', REFUSED), ('s =~ "[a"', REFUSED), ('s =~ "(?=a)"', REFUSED), ("s =~ 5", REFUSED),
        ('i8 =~ "a"', REFUSED), ('s !~ "*"', REFUSED),
    ], "regex"),
    ("4.4 is null", "plain", [
        ("ns is null", [1, 6]), ("nb is not null", [2, 3, 5, 6, 8]), ("nd is null and ni is null", [1, 4, 8]),
        ("ni is null or ni == 5", [1, 3, 4, 7, 8]),
        ("not (ni is null)", [2, 3, 5, 6, 7]), ("ni is not null and ns is not null", [2, 3, 5, 7]),
        ("(ni is null)", [1, 4, 8]),
        ("ni is", REFUSED), ("is null", REFUSED), ("5 is null", REFUSED), ("(ni + 1) is null", REFUSED),
        ("ni is nothing", REFUSED), ("ni not null", REFUSED),
    ]),
    ("4.4 starts_with, empty", "plain", [
        ('starts_with(s, "ab")', [3, 4]), ('Starts_With(s, "a")', [2, 3, 4, 5, 8]), ('starts_with(s, "中")', [7]),
        ('starts_with(s, "a%")', [5]), ("empty(s)", [1]),
        ("EMPTY(s)", [1]), ("empty(ns)", [2]), ("not empty(ns)", [3, 4, 5, 7, 8]),
        ('not starts_with(ns, "a")', [2, 5, 7]),
        ("empty(i8)", REFUSED), ("starts_with(s)", REFUSED), ("starts_with(s, 5)", REFUSED), ("nothing(s)", REFUSED),
        ("empty()", REFUSED), ("empty(s, s)", REFUSED),
    ], "starts_with"),
    ("4.4 random_sample", "plain", [
        ("random_sample(0)", REFUSED), ("random_sample(1)", REFUSED), ("random_sample(2)", REFUSED),
        ("random_sample(-0.5)", REFUSED), ("random_sample('a')", REFUSED),
        ("i8 == 5 or random_sample(0.5)", REFUSED), ("not random_sample(0.5)", REFUSED),
        ("random_sample(0.5) and i8 == 5", REFUSED), ("random_sample()", REFUSED),
    ]),
    ("4.5 templates", "plain", [
        ("i8 == {v}", FIVES, {"v": 5}), ("{v} == i8", FIVES, {"v": 5}), ("i8 in {v}", [3, 6], {"v": [0, 127]}),
        ("i8 not in {v}", [1, 2, 4, 5, 7, 8], {"v": [0, 127]}),
        ("f == {v}", [5, 7], {"v": 2.5}), ("f == {v}", [2], {"v": 0}), ("f == {v}", [3], {"v": 0.1}),
        ("d in {v}", [3, 7], {"v": [0.1, 3.0]}), ("s == {v}", [7], {"v": "中文"}),
        ("s == {v}", [8], {"v": "a\nb"}), ("s in {v}", [2, 5], {"v": ["a", "a%c", '"']}),
        ("s like {v}", [3, 4], {"v": "ab%"}), ("s like {v}", [5], {"v": r"a\%c"}),
        ("b == {v}", [1, 3, 5, 7], {"v": True}), ("{a} < i8 <= {b}", FIVES, {"a": 1, "b": 5}),
        ("i32 + {v} == 12", [4], {"v": 5}), ("i32 + 5 == {v}", [4], {"v": 12}),
        ("i8 > {v} and b == {w}", [5, 7], {"v": 4, "w": True}), ("not (ni == {v})", [2, 5, 6], {"v": 5}),
        ("i8 in [{a}, {b}]", [3, 6], {"a": 0, "b": 127}),
        ("i8 == {v}", REFUSED, {}), ("i8 == {v}", REFUSED, {"w": 5}), ("i8 == {v}", REFUSED, {"v": "5"}),
        ("i8 == {v}", REFUSED, {"v": 1.5}), ("s == {v}", REFUSED, {"v": 5}),
        ("i8 in {v}", REFUSED, {"v": 5}), ("s in {v}", REFUSED, {"v": [1]}), ("{v}", REFUSED, {"v": "i8 == 5"}),
        ("{v} > 5", REFUSED, {"v": 6}), ("{v} == {v}", REFUSED, {"v": 6}),
        ("i8 == {}", REFUSED, {}), ("i8 == {1}", REFUSED, {}),
    ], "templates"),
    ("4.8 nulls", "plain", [
        ("ni > 3", [3, 5, 7]), ("not (ni > 3)", [2, 6]), ("ni != 5", [2, 5, 6]),
        ("ni == 5 or nb == true", [3, 6, 7, 8]), ("ni == 5 and nb == true", [3]),
        ("not (ni == 5 and nb == true)", [2, 5, 6]), ("not (ni == 5 or nb == true)", [2, 5]),
        ("ni == 5 or ni != 5", [2, 3, 5, 6, 7]), ("ni > 0 and b == false", []),
        ("not (ni > 0 and b == false)", [1, 2, 3, 5, 6, 7]), ("ni > 0 or b == true", [1, 3, 5, 7]),
        ("not (ni > 0 or b == true)", [2, 6]), ("not (not (ni > 3))", [3, 5, 7]),
        ("ni is null or ni > 3", [1, 3, 4, 5, 7, 8]), ("ni is null and ni > 3", []),
        ("not (ni is null) and not (ni > 3)", [2, 6]), ("nb == true", [3, 6, 8]), ("nb != true", [2, 5]),
        ("not (nb == true)", [2, 5]), ("nd > 0", [3, 6, 7]), ("not (nd > 0)", [2, 5]), ("-2 < nd < 1", [2, 5]),
        ("not (-2 < nd < 1)", [3, 6, 7]), ("not (ni % 2 == 1)", [2, 6]),
        ("(ni > 3 or ns like 'a%') and b == true", [3, 5, 7]), ("(ni > 3) and (ns like 'a%')", [3]),
        ("not ((ni > 3) and (ns like 'a%'))", [2, 5, 6, 7]),
        ("true or ni > 3", ALL), ("not (false and ni > 3)", ALL), ("ni > 3 or true", ALL),
        ("not (ni > 3 or false)", [2, 6]),
    ]),
    ("4.3 JSON comparison", "json", [
        ('j["a"] == 5', [1, 2]), ("j['a'] == 5", [1, 2]), ('j["a"] == 5.0', [1, 2]), ('j["a"] > 4', [1, 2, 7, 8]),
        ('j["a"] < 0', [9]), ('j["a"] <= 5', [1, 2, 9]),
        ('j["a"] >= -2.5', [1, 2, 7, 8, 9]), ('j["a"] == "5"', [3]), ('j["a"] > "4"', [3]), ('5 == j["a"]', [1, 2]),
        ('4 < j["a"] < 6', [1, 2]), ('-3 < j["a"] <= 5', [1, 2, 9]),
        ('"4" < j["a"] < "6"', [3]), ('j["a"] == true', []), ('j["b"] == true', [1]), ('j["b"] == false', [2]),
        ('j["b"] == 1', [9]), ('j["b"] == "true"', [3]),
        ('j["s"] == "abc"', [1]), ('j["s"] > "a"', [1, 9]), ('j["s"] < "a"', [2]), ('j["s"] == 5', [3]),
        ('j["a"] == j["b"]', REFUSED), ('j["a"] > id', REFUSED), ('id > j["a"]', REFUSED),
        ('1 < j["a"] < "b"', REFUSED), ("j[a] == 1", REFUSED), ("j[-1] == 1", REFUSED),
        ("j[1.5] == 1", REFUSED), ('j["a" == 1', REFUSED), ('j["a"]', REFUSED), ('not j["a"]', REFUSED),
    ]),
    ("4.8 JSON numbers", "json", [
        ('j["a"] == 9007199254740993', [7]), ('j["a"] == 9007199254740992', []),
        ('j["a"] == 9007199254740992.0', [7]), ('j["a"] > 9007199254740992', [7, 8]),
        ('j["a"] > 9223372036854775807', [8]), ('j["a"] == 18446744073709551615.0', [8]),
        ('j["a"] >= 9007199254740993', [7, 8]), ('j["a"] < 9007199254740993', [1, 2, 9]),
        ('j["a"] in [9007199254740992]', []), ('j["a"] in [9007199254740993]', [7]),
        ('j["a"] in [9007199254740992, 0.5]', [7]), ('j["a"] in [-2.5, 5]', [1, 2, 9]),
    ]),
    ("4.8 JSON missing and null", "json", [
        ('j["a"] != 5', [3, 4, 5, 7, 8, 9, 10]), ('not (j["a"] == 5)', [3, 4, 5, 7, 8, 9, 10]),
        ('not (j["a"] != 5)', [1, 2]), ('not (j["a"] > 4)', [3, 4, 5, 9, 10]),
        ('j["a"] != "5"', [1, 2, 4, 5, 7, 8, 9, 10]), ('j["b"] != true', [2, 3, 4, 5, 7, 8, 9, 10]),
        ('j["a"] == 5 or j["a"] != 5', [1, 2, 3, 4, 5, 7, 8, 9, 10]),
        ('not (4 < j["a"] < 6)', [3, 4, 5, 7, 8, 9, 10]), ('j["x"] == 1', []),
        ('j["x"] != 1', [1, 2, 3, 4, 5, 7, 8, 9, 10]), ('not (j["x"] == 1)', [1, 2, 3, 4, 5, 7, 8, 9, 10]),
        ('j["x"] != 1 or id == 6', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ('not (j["x"] == 1 and id == 6)', [1, 2, 3, 4, 5, 7, 8, 9, 10]),
        ('not (j["x"] == 1 or id == 6)', [1, 2, 3, 4, 5, 7, 8, 9, 10]),
        ("j is null", [6]), ("j is not null", [1, 2, 3, 4, 5, 7, 8, 9, 10]), ('j["s"] == "abc" and j["a"] != 7', [1]),
    ]),
    ("4.4 JSON in, like", "json", [
        ('j["a"] in [5]', [1, 2]), ('j["a"] in [5, "5"]', [1, 2, 3]), ('j["a"] not in [5]', [3, 4, 5, 7, 8, 9, 10]),
        ('not (j["a"] in [5])', [3, 4, 5, 7, 8, 9, 10]), ('j["a"] in []', []),
        ('j["a"] not in []', [1, 2, 3, 4, 5, 7, 8, 9, 10]), ('j["s"] in ["abc", "ABC"]', [1, 2]),
        ('j["s"] in ["abc", 5]', [1, 3]), ('j["s"] not in ["abc"]', [2, 3, 4, 5, 7, 8, 9, 10]),
        ('j["b"] in [true, 1]', [1, 9]), ('j["s"] like "a%"', [1, 9]), (r'j["s"] like "a\\%"', [9]),
        ('j["s"] like "%B%"', [2]), ('not (j["s"] like "a%")', [2, 3, 4, 5, 7, 8, 10]),
        ('j["o"]["k"] in [1, "1"]', [1, 9]), ('j["a"] like "5"', [3]), ('j["a"] in 5', REFUSED),
        ('j["a"] in [id]', REFUSED), ('j["a"] like 5', REFUSED),
    ]),
    ("4.4 JSON regex", "json", [
        ('j["s"] =~ "(?i)^abc$"', [1, 2]), ('j["s"] =~ "%$"', [9]), ('j["a"] =~ "5"', [3]),
        ('not (j["s"] =~ "a")', [2, 3, 4, 5, 7, 8, 10]),
        ('j["s"] !~ "a"', [2, 3, 4, 5, 7, 8, 10]),  # READING
    ], "regex"),
    ("4.3 JSON arithmetic", "json", [
        ('j["a"] + 1 == 6', [1, 2]), ('1 + j["a"] == 6', [1, 2]), ('j["a"] * 2 == -5', [9]),
        ('j["a"] - 5 == 0', [1, 2]), ('j["a"] / 5 == 1', [1, 2]), ('j["a"] + 0.5 == 5.5', [1, 2]),
        ('j["a"] - 1 == 9007199254740992', [7]), ('j["a"] * 2 > 9', [1, 2, 7, 8]),
        ('j["a"] + 1 != 6', [3, 4, 5, 7, 8, 9, 10]),  # READING
        ('j["a"] / 0 == 1', REFUSED), ('j["a"] % 0 == 1', REFUSED), ('j["a"] + "x" == 1', REFUSED),
        ('5 - j["a"] == 0', REFUSED), ('j["a"] + j["b"] == 6', REFUSED),
    ]),
    ("4.1 JSON paths", "json", [
        ('j["o"]["k"] == 1', [1]), ("j['o']['k'] == 1", [1]), ('j["o"]["k"] > 2', [2]),
        ('j["o"]["k"]["z"] == 3', [7]), ('j["o"][0]["k"] == 7', [8]), ('j["o"][1] == 8', [8]),
        ('j["o"]["k"] != 1', [2, 3, 4, 5, 7, 8, 9, 10]), ('j["o"]["k"] == "1"', [9]), ('j["o"]["t"] == "x"', [1]),
        ('j["o"][2] == 8', []), ('j["o"] == 5', [10]), ('j["l"][0] == 1', [1, 7]),
        ('j["l"][1] == "y"', [2]), ('j["l"][5][1] == 2', [7]), ('j["l"][0][0] == 1', [9]), ('j["l"][2] == 2.5', [7]),
        ('j["l"][3] == true', [7]), (r'j["\x61"] == 5', [1, 2]),
    ]),
    ("4.4 exists", "json", [
        ('exists j["a"]', [1, 2, 3, 7, 8, 9, 10]), ('not exists j["a"]', [4, 5]),
        ('EXISTS j["o"]["k"]', [1, 2, 7, 9]), ('exists j["l"]', [1, 2, 3, 7, 8, 9, 10]),
        ('exists j["l"][0]', [1, 2, 7, 9]), ('exists j["nothing"]', []),
        ('exists j["a"] and j["a"] > 4', [1, 2, 7, 8]), ('j["a"] is not null', [1, 2, 3, 7, 8, 9, 10]),
        ('j["a"] is null', [4, 5, 6]),  # READING of the null document
        ("exists j", REFUSED), ("exists id", REFUSED), ('exists (1 == 1)', REFUSED), ("exists", REFUSED),
        ('exists j["a"] == 1', REFUSED),
    ]),
    ("4.4 json_contains", "json", [
        ('json_contains(j["l"], 1)', [1, 7]), ('json_contains(j["l"], "x")', [2, 7]),
        ('json_contains(j["l"], 2.5)', [7]), ('json_contains(j["l"], true)', [7]),
        ('json_contains(j["l"], 1.0)', [1, 7]),
        ('not json_contains(j["l"], 1)', [2, 3, 4, 5, 8, 9, 10]), ('json_contains_all(j["l"], [1, 2])', [1]),
        ('json_contains_all(j["l"], [1, "x"])', [7]), ('json_contains_all(j["l"], [true, 2.5])', [7]),
        ('json_contains_any(j["l"], [1, "y"])', [1, 2, 7]), ('json_contains_any(j["l"], ["q", 3])', [1]),
        ('json_contains_any(j["l"], [])', []), ('json_contains(j["l"], "xyz")', []),
        ('json_contains(j["o"], 8)', [8]),
        ('JSON_CONTAINS(j["l"], 3)', [1]), ('array_contains(j["l"], 1)', [1, 7]),
        ('not json_contains_any(j["l"], [1, "y"])', [3, 4, 5, 8, 9, 10]),
        ("json_contains(id, 1)", REFUSED), ('json_contains(j["l"])', REFUSED),
        ('json_contains_all(j["l"], 1)', REFUSED), ('json_contains_any(j["l"], 1)', REFUSED),
        ('json_contains(j["l"], id)', REFUSED),
    ]),
    ("4.4 json_contains of lists", "json", [
        ('json_contains(j["l"], [1, 2])', [7, 9]), ('json_contains(j["l"], [3])', [9]),
        ('json_contains_any(j["l"], [[3], 2.5])', [7, 9]),
    ], "nested_contains"),
    ("4.4 JSON array_length", "json", [
        ('array_length(j["l"]) == 3', [1]), ('array_length(j["l"]) == 2', [2, 9]),
        ('array_length(j["l"]) > 0', [1, 2, 7, 9]), ('array_length(j["l"]) == 6', [7]),
        ('array_length(j["l"]) == 0', [3, 4, 5, 8, 10]),  # READING: what is not an array has length 0
        ("array_length(id) == 1", REFUSED), ('array_length(j["l"])', REFUSED), ("array_length() == 1", REFUSED),
    ], "json_length"),
    ("4.3 dynamic keys", "dynamic", [
        ("dyn == 7", [1, 3]), ('$meta["dyn"] == 7', [1, 3]), ("$meta['dyn'] == 7", [1, 3]),
        ("dyn != 7", [2, 4, 5, 6, 7, 8, 9, 10]), ('dyn == "seven"', [2]), ("exists dyn", [1, 2, 3, 5, 6, 8]),
        ("not exists dyn", [4, 7, 9, 10]), ("dyn is null", [4, 7, 9, 10]), ("dyn is not null", [1, 2, 3, 5, 6, 8]),
        ('dyn["k"] == 1', [5]), ('$meta["dyn"]["k"] == 1', [5]), ("dyn[1] == 2", [6]),
        ("dyn == true", [8]), ("dyn > 6", [1, 3]), ("not (dyn > 6)", [2, 4, 5, 6, 7, 8, 9, 10]),
        ('dyn in [7, "seven"]', [1, 2, 3]), ("dyn not in [7]", [2, 4, 5, 6, 7, 8, 9, 10]), ('dyn like "s%"', [2]),
        ("json_contains(dyn, 2)", [6]), ("array_length(dyn) == 2", [6]), ("dyn + 1 == 8", [1, 3]), ("never == 1", []),
        ("never != 1", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("never is null", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), ("not (never > 5)", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("5 < dyn < 8", [1, 3]), ("dyn == 7 and n == 1", [1, 3]), ('$meta["two words"] == 1', [1]),
        ("other == 7 or dyn == 7", [1, 3, 9]), ('$meta["n"] == 1', []), ("dyn", REFUSED), ("dyn == other", REFUSED),
        ("dyn > n", REFUSED), ("exists n", REFUSED), ("exists $meta", REFUSED), ("dyn[k] == 1", REFUSED),
    ]),
    ("4.3 array elements", "arrays", [
        ("ai[0] == 1", [1, 5]), ("ai[2] == 5", [5]), ("ai[1] > 1", [1, 6]), ("ai[9] == 1", []),
        ("ai[0] in [1, 3]", [1, 4, 5]), ("ai[0] + 1 == 2", [1, 5]), ("0 < ai[0] < 3", [1, 5]),
        ("not (ai[0] == 1)", [2, 4, 6]), ("ai[1] == 9223372036854775807", [6]), ("ai[0] % 2 == 1", [1, 4, 5]),
        ("ai[0] != 1", [4, 6]),  # READING: past the end
        ('words[0] == "x"', [1, 3, 5]), ('words[0] > "x"', [4]), ('words[0] == ""', [6]),
        ('words[1] in ["x", "y"]', [1, 4, 5]), (r'words[1] like "a\\%"', [6]), ('words[0] like "%"', [1, 3, 4, 5, 6]),
        ('not (words[0] like "x%")', [2, 4, 6]), ("af[0] == 0.5", [1]), ("af[0] == 0.1", [3]),
        ("af[0] > 0.5", [4, 5]), ("af[0] * 2 == 5", [4]), ("af[1] in [0.1, 2]", [1, 5]), ("flags[0] == true", [1, 5]),
        ("flags[1] == true", [3, 5]), ("flags[0] in [false]", [3, 4]),
        ("ai > 3", REFUSED), ("ai + 1 == 2", REFUSED), ("ai == 3", REFUSED), ('ai["a"] == 1', REFUSED),
        ("ai[0][0] == 1", REFUSED), ("ai[0] is null", REFUSED), ('ai[0] == "x"', REFUSED), ("words[0] == 1", REFUSED),
        ("exists ai[0]", REFUSED), ("ai in [1]", REFUSED), ('ai like "x"', REFUSED), ('ai[0] like "x"', REFUSED),
        ("flags[0] > true", REFUSED), ("ai[0] == 1.5", REFUSED), ("ai[-1] == 1", REFUSED), ("ai[x] == 1", REFUSED),
    ]),
    ("4.4 arrays", "arrays", [
        ("array_length(ai) == 3", [1, 5]), ("array_length(ai) == 0", [2]), ("array_length(ai) != 3", [2, 4, 6]),
        ("array_length(ai) > 1", [1, 5, 6]), ("not (array_length(ai) == 3)", [2, 4, 6]),
        ("ARRAY_LENGTH(ai) >= 2", [1, 5, 6]),
        ("array_length(words) == 1", [3]), ("3 == array_length(ai)", [1, 5]), ("array_contains(ai, 1)", [1, 5]),
        ("not array_contains(ai, 1)", [2, 4, 6]), ("array_contains(ai, 3)", [1, 4]),
        ("array_contains_all(ai, [1, 5])", [5]),
        ("array_contains_all(ai, [1, 1])", [1, 5]), ("array_contains_any(ai, [3, 5])", [1, 4, 5]),
        ("array_contains_any(ai, [])", []), ("not array_contains_any(ai, [3, 5])", [2, 6]),
        ("json_contains(ai, -1)", [6]),
        ("ARRAY_CONTAINS_ALL(ai, [3])", [1, 4]), ('array_contains(words, "x")', [1, 3, 4, 5]),
        ('array_contains_all(words, ["x", "y"])', [1, 4]), ('array_contains_any(words, ["z", ""])', [5, 6]),
        ("array_contains(af, 0.1)", [1, 3]),
        ("array_contains(af, 1)", [5]), ("array_contains_any(af, [2, 2.5])", [4, 5]),
        ("array_contains(flags, false)", [3, 4]), ("array_contains_all(flags, [true, false])", [3]),
        ("not array_contains(flags, true)", [2, 4, 6]),
        ("ai is null", [3]), ("ai is not null", [1, 2, 4, 5, 6]), ("array_contains(ai, 1) or ai is null", [1, 3, 5]),
        ('array_contains(ai, "x")', REFUSED), ("array_contains(ai, 1.5)", REFUSED),
        ("array_contains(words, 1)", REFUSED), ("array_contains_all(ai, 1)", REFUSED),
        ("array_contains(ai)", REFUSED),
        ("Array_Contains(ai, 1)", REFUSED, {}, "strict_case"), ("array_length(ai)", REFUSED),
        ("array_length() == 1", REFUSED), ("array_contains(ai[0], 1)", REFUSED), ("array_contains(ai, [1])", REFUSED),
        ("array_contains(flags, 1)", REFUSED),
    ]),
    ("4.3 whole arrays", "arrays", [
        ("ai == [1, 2, 3]", [1]), ("ai != [1, 2, 3]", [2, 4, 5, 6]), ("ai == [3]", [4]), ("ai == [1, 1, 5]", [5]),
        ("ai == [1, 5, 1]", []), ("not (ai == [3])", [1, 2, 5, 6]), ('words == ["x"]', [3]), ("af == [0.1]", [3]),
        ('words != ["y", "x"]', [1, 2, 3, 5, 6]), ("flags == [true]", [1]), ("ai < [1]", REFUSED),
        ('ai == ["x"]', REFUSED), ("words == [1]", REFUSED),
    ], "array_equality"),
    ("4.3 moments", "times", [
        (f"ts == {NOON}", [2, 3]), (f"ts > {NOON}", [4]), (f"ts >= {NOON}", [2, 3, 4]), (f"ts < {NOON}", [1, 6, 7]),
        (f"ts != {NOON}", [1, 4, 6, 7]), (f"{NOON} > ts", [1, 6, 7]), ("ts >= iso '2025-01-01T00:00:00Z'", [2, 3, 4]),
        ("ts == ISO '2024-12-31T19:00:00-05:00'", [2, 3]), ("ts == ISO '2025-01-01T00:00:00'", [2, 3]),
        ("ts < ISO '1970-01-01T00:00:00Z'", [7]), ("ts is null", [5]), (f"not (ts > {NOON})", [1, 2, 3, 6, 7]),
        ("ts > '2025-01-01T00:00:00Z'", REFUSED), ("ts > ISO 'yesterday'", REFUSED), ("ts > 5", REFUSED),
        ("ts > ISO 5", REFUSED), (f"ts like {NOON}", REFUSED),
    ]),
    ("4.3 intervals", "times", [
        (f"ts + INTERVAL 'P1D' > {NOON}", [2, 3, 4]), ("ts + INTERVAL 'P1D' == ISO '2024-02-29T12:00:00Z'", [6]),
        ("ts + INTERVAL 'P2D' == ISO '2024-03-01T12:00:00Z'", [6]),
        ("ts + interval 'P1M' == ISO '2024-03-28T12:00:00Z'", [6]),
        ("ts + INTERVAL 'P1Y' == ISO '1971-01-01T00:00:00Z'", [1]),
        ("ts + INTERVAL 'PT1S' == ISO '1970-01-01T00:00:00Z'", [7]),
        ("ts + INTERVAL 'PT12H30M' > ISO '2025-01-01T12:00:00Z'", [2, 3, 4]),
        (f"ts + INTERVAL 'P1.5D' > {NOON}", REFUSED), (f"ts + INTERVAL 'x' > {NOON}", REFUSED),
        (f"ts + 5 > {NOON}", REFUSED),
    ], "interval"),
    ("4.4 geometry", "shapes", [
        (f"st_within(geo, '{BOX}')", [1, 3, 5]), ("st_contains(geo, 'POINT (1 1)')", [1, 3, 5]),
        ("st_contains(geo, 'POINT (0 1)')", []), (f"st_intersects(geo, '{BOX}')", [1, 3, 4, 5, 7, 8]),
        (f"st_touches(geo, '{BOX}')", [7]),
        (f"st_overlaps(geo, '{BOX}')", [4]), (f"st_crosses(geo, '{BOX}')", [8]), (f"st_equals(geo, '{BOX}')", [3]),
        ("st_equals(geo, 'POLYGON ((4 4, 0 4, 0 0, 4 0, 4 4))')", [3]),
        ("st_crosses(geo, 'LINESTRING (0 1, 4 1)')", [8]),
        (f"not st_within(geo, '{BOX}')", [2, 4, 7, 8]), ("geo is null", [6]),
        ("st_isvalid(geo)", [1, 2, 3, 4, 5, 7, 8]), (f"ST_WITHIN(geo, '{BOX}')", [1, 3, 5]),
        ("st_within(geo, 'POINT (1)')", REFUSED), ("st_within(id, 'POINT (1 1)')", REFUSED),
        ("st_within(geo)", REFUSED), ("geo == 'POINT (1 1)'", REFUSED), ("st_within(geo, 5)", REFUSED),
    ]),
    ("4.4 distance", "spots", [
        ("st_dwithin(spot, 'POINT (0 0)', 1000)", [1]), ("st_dwithin(spot, 'POINT (0 0)', 150000)", [1, 2]),
        ("st_dwithin(spot, 'POINT (0 0)', 2000000.0)", [1, 2, 3]), ("st_dwithin(spot, 'POINT (0 0)', 0)", [1]),
        ("not st_dwithin(spot, 'POINT (0 0)', 1000)", [2, 3]), ("st_dwithin(spot, 'POINT (0 0)', -1)", REFUSED),
        ("st_dwithin(spot, 'LINESTRING (0 0, 1 0)', 5)", REFUSED), ("st_dwithin(spot, 'POINT (0 0)')", REFUSED),
    ]),
    ("4.4 text_match", "texts", [
        ('text_match(txt, "quick")', [1, 2, 3, 6]), ('text_match(txt, "fox dogs")', [1, 2, 6]),
        ('text_match(txt, "Fox")', [1, 6]), ('text_match(txt, "quick fox", minimum_should_match=2)', [1, 6]),
        ('text_match(txt, "cat")', []),
        ('not text_match(txt, "fox")', [2, 3, 5]), ('TEXT_MATCH(txt, "dogs")', [2]),
        ('text_match(txt, "fox") and text_match(txt, "lazy")', [6]), ('txt == "brown quick"', [3]),
        ("text_match(id, 'a')", REFUSED), ("text_match(txt)", REFUSED), ("text_match(txt, 5)", REFUSED),
        ('text_match(txt, "a", minimum_should_match=0)', REFUSED),
        ('text_match(txt, "a", minimum_should_match=1001)', REFUSED),
    ]),
    ("4.4 phrase_match", "texts", [
        ('phrase_match(txt, "quick brown")', [1, 2]), ('phrase_match(txt, "brown quick")', [3]),
        ('phrase_match(txt, "quick fox")', [6]), ('phrase_match(txt, "quick fox", 1)', [1, 6]),
        ('phrase_match(txt, "quick brown", 0)', [1, 2]),
        ('not phrase_match(txt, "quick brown")', [3, 5, 6]), ('phrase_match(txt, "a b", -1)', REFUSED),
        ("phrase_match(id, 'a')", REFUSED),
    ], "phrase_match"),
    ("4.4 struct arrays", "structs", [
        ("items[0][n] == 1", [1, 3]), ('items[1][t] == "y"', [1]), ("array_length(items) == 3", [4]),
        ("array_length(items[n]) == 2", [1]), ("array_contains(items[n], 5)", [4]), ("items is null", [5]),
        ("items[0] == 1", REFUSED), ("items[x] == 1", REFUSED), ('items["n"] == 1', REFUSED), ("$[n] == 1", REFUSED),
    ]),
    ("4.4 match", "structs", [
        ("match_any(items, $[n] == 1)", [1, 3, 4]), ('match_any(items, $[n] == 1 && $[t] == "x")', [1]),
        ("match_all(items, $[n] > 0) and array_length(items) > 0", [1, 3, 4]),
        ("match_all(items, $[n] == 1) and array_length(items) > 0", [3]),
        ("match_least(items, $[n] == 5, threshold=2)", [4]), ("match_most(items, $[n] == 5, threshold=1)", [1, 2, 3]),
        ('match_exact(items, $[t] == "x", threshold=1)', [1]),
        ('match_exact(items, $[t] == "x", threshold=0)', [2, 3]),
        ("MATCH_ANY(items, $[n] in [2, 5])", [1, 4]), ("not match_any(items, $[n] == 1)", [2]),
        ("match_least(items, $[n] == 5, threshold=0)", REFUSED), ("match_least(items, $[n] == 5)", REFUSED),
        ("match_any(id, $[n] == 5)", REFUSED),
        ("match_any(items, n == 1)", REFUSED), ("match_any(items, $[x] == 1)", REFUSED),
        ("match_any(items)", REFUSED),
    ], "match"),
    ("4.4 element_filter", "structs", [
        ("element_filter(items, $[n] == 2)", [1]), ("id > 1 and element_filter(items, $[n] == 1)", [3, 4]),
        ("not element_filter(items, $[n] == 2)", REFUSED), ("element_filter(items, $[n] == 2) or id == 1", REFUSED),
        ("element_filter(items, $[n] == 2) and id == 1", REFUSED),
    ], "element_filter"),
]


def _case(section, table, given, feature):
    text, ids, *rest = given
    values = rest[0] if rest else {}
    return HandCase(section, table, text, ids, values, rest[1] if len(rest) > 1 else feature or FEATURES.get(table, ""))


CASES = [_case(section, table, given, feature[0] if feature else "")
         for section, table, cases, *feature in GROUPS for given in cases]
