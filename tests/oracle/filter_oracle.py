"""Which rows a filter keeps, found the slow and plain way: one row at a time.

Written from the description of the filter language, not from the engine, so that a mistake is not
made twice. A predicate is a function of a row that answers True, False or None (unknown).

Where the description is silent, the reading taken here is marked READING.
"""

import math
import operator
import re
from dataclasses import dataclass, field
from typing import Callable

import moments
import numpy as np
import shapes
from syntax import INT64_MAX, INT64_MIN, FilterError, Interval, Moment, Name, RawText, SubField, Template, parse

__all__ = ["Field", "Schema", "FilterError", "compiled", "matching_ids", "normalised", "like", "tokens"]

MISSING = type("Missing", (), {"__repr__": lambda self: "MISSING"})()
META = "$meta"
KINDS = {"Bool": "bool", "Int8": "int", "Int16": "int", "Int32": "int", "Int64": "int", "Float": "float",
         "Double": "double", "VarChar": "string", "JSON": "json", "Array": "array", "Timestamptz": "time",
         "Geometry": "geometry", "StructArray": "struct"}
CONSTANTS_OF = {"bool": (bool,), "int": (int,), "float": (int, float), "double": (int, float), "string": (str,)}
ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
COMPARE = ORDER | {"==": operator.eq, "!=": operator.ne}
FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
SHOULD_MATCH_MAX = 1000
SLOP_MAX = 2**32 - 1
SAMPLE_MARGIN = 1e-10


@dataclass(frozen=True)
class Field:
    name: str
    type: str
    nullable: bool = False
    element: str = ""  # of an Array
    subfields: dict = field(default_factory=dict)  # of a StructArray: name to element type
    match: bool = False  # VarChar with enable_match


@dataclass(frozen=True)
class Schema:
    fields: tuple
    dynamic: bool = False
    zone: str = "UTC"

    def field(self, name):
        return next((one for one in self.fields if one.name == name), None)


@dataclass(frozen=True)
class Constant:
    value: object  # bool, int, float, str, list, Moment or Interval


@dataclass(frozen=True)
class Operand:
    """What a row is asked for. `get` answers None for null and MISSING where there is no such value."""
    kind: str
    get: Callable
    element: str = ""  # kind of the elements of an array
    missing_differs: bool = False  # whether a missing value satisfies !=
    whole: bool = True  # a field, not a part of one
    match: bool = False


@dataclass(frozen=True)
class Arithmetic:
    operand: Operand
    compute: Callable  # of a value


@dataclass(frozen=True)
class Predicate:
    test: Callable
    restriction: str = ""  # "sample" or "elements": only the last term of an `and` may be one


# -------------------------------------------------------------------------------- three-valued logic


def negated(test):
    def result(row):
        value = test(row)
        return None if value is None else not value
    return result


def conjunction(left, right):
    def result(row):
        a = left(row)
        if a is False:
            return False
        b = right(row)
        return False if b is False else None if a is None or b is None else True
    return result


def disjunction(left, right):
    def result(row):
        a = left(row)
        if a is True:
            return True
        b = right(row)
        return True if b is True else None if a is None or b is None else False
    return result


def on_value(operand, holds, when_missing=False):
    """Unknown for null, `when_missing` where there is no value, else what `holds` says of the value."""
    def test(row):
        value = operand.get(row)
        if value is None:
            return None
        return when_missing if value is MISSING else holds(value)
    return test


# ----------------------------------------------------------------------------------- values and types


def is_number(value):
    return type(value) in (int, float)


def single(value):
    """The nearest float32."""
    with np.errstate(over="ignore"):
        return float(np.float32(value))


def json_class(value):
    """Values of different classes are never equal; null has none."""
    for name, types in (("bool", bool), ("number", (int, float)), ("string", str), ("list", list)):
        if isinstance(value, types):
            return name
    return None


def _is_int64(value):
    return type(value) is int and INT64_MIN <= value <= INT64_MAX


def json_compare(sign, value, constant):
    """Of two values of one class: int64 exactly, other numbers as doubles."""
    if is_number(value) and not (_is_int64(value) and _is_int64(constant)):
        return COMPARE[sign](float(value), float(constant))
    if isinstance(value, list):
        return COMPARE[sign](json_equal(value, constant), True)
    return COMPARE[sign](value, constant)


def json_equal(value, constant):
    if json_class(value) is None or json_class(value) != json_class(constant):
        return False
    if isinstance(value, list):
        return len(value) == len(constant) and all(map(json_equal, value, constant))
    return json_compare("==", value, constant)


def cast(kind, constant, zone):
    """The constant as a value of that kind."""
    value = constant.value
    if kind == "json":
        if json_class(value) is None:
            raise FilterError("JSON is not compared with that")
        return value
    if kind == "time" and isinstance(value, Moment):
        return moments.microseconds(value.text, zone)
    if type(value) not in CONSTANTS_OF.get(kind, ()):
        raise FilterError(f"cannot cast value {value!r} to {kind}")
    return single(value) if kind == "float" else float(value) if kind == "double" else value


# ---------------------------------------------------------------------------------- constant folding


def wrapped(value):
    """READING: int64 arithmetic that leaves its range goes round, as in the machine."""
    return (value + 2**63) % 2**64 - 2**63


def truncated_division(a, b):
    return wrapped(abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1))


def truncated_remainder(a, b):
    return (abs(a) % abs(b)) * (-1 if a < 0 else 1)


def float_division(a, b):
    with np.errstate(over="ignore"):
        return float(np.float64(a) / np.float64(b))


INT_ARITHMETIC = {"+": lambda a, b: wrapped(a + b), "-": lambda a, b: wrapped(a - b),
                  "*": lambda a, b: wrapped(a * b), "/": truncated_division, "%": truncated_remainder}
FLOAT_ARITHMETIC = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": float_division}


def single_arithmetic(sign):
    """READING: a Float field computes in float32."""
    def compute(a, b):
        with np.errstate(all="ignore"):
            return float(FLOAT_ARITHMETIC_OF_NUMPY[sign](np.float32(a), np.float32(b)))
    return compute


FLOAT_ARITHMETIC_OF_NUMPY = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}


def folded(sign, a, b):
    """Two constants."""
    if sign in COMPARE:
        return folded_comparison(sign, a, b)
    if not (is_number(a) and is_number(b)):
        raise FilterError(f"{sign} takes numbers")
    if sign == "**":
        return folded_power(a, b)
    if sign in "/%" and b == 0:
        raise FilterError("division by zero")
    if type(a) is int and type(b) is int:
        return INT_ARITHMETIC[sign](a, b)
    if sign == "%":
        raise FilterError("% takes integers")
    return FLOAT_ARITHMETIC[sign](float(a), float(b))


def folded_power(a, b):
    """READING: two integers give an integer unless the exponent is negative."""
    try:
        value = a**b
    except (OverflowError, ZeroDivisionError):
        raise FilterError("a power out of range") from None
    if isinstance(value, complex) or (isinstance(value, int) and not _is_int64(value)):
        raise FilterError("a power out of range")
    return value


def folded_comparison(sign, a, b):
    if json_class(a) != json_class(b) or json_class(a) not in ("bool", "number", "string"):
        raise FilterError("constants of different types are compared")
    if isinstance(a, bool) and sign in ORDER:
        raise FilterError("booleans have no order")
    return json_compare(sign, a, b)


# ------------------------------------------------------------------------------ patterns and full text


def like(pattern):
    """`%` is any run, `_` one character, both also over line breaks; a backslash takes the next as it is."""
    out, position = [], 0
    while position < len(pattern):
        letter = pattern[position]
        if letter == "\\":  # READING: the last character of a pattern, it stands for itself
            position += 1
            letter = pattern[position] if position < len(pattern) else "\\"
            out.append(re.escape(letter))
        else:
            out.append({"%": ".*", "_": "."}.get(letter) or re.escape(letter))
        position += 1
    compiled_pattern = re.compile("".join(out), re.DOTALL)
    return lambda value: compiled_pattern.fullmatch(value) is not None


_RE2_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}


def regex(pattern):
    """RE2, searched anywhere. Only what both RE2 and Python know, after the shorthands are spelled out."""
    if re.search(r"\(\?(?![:i])|\\[1-9]", pattern):
        raise FilterError("RE2 has no look-around and no back references")
    out, position, inside = [], 0, False
    while position < len(pattern):
        step = 2 if pattern[position] == "\\" else 1
        part = pattern[position:position + step]
        inside = {"[": True, "]": False}.get(part, inside)
        out.append(_python_regex(part, inside))
        position += step
    try:
        found = re.compile("".join(out)).search
    except re.error as error:
        raise FilterError(f"invalid regex: {error}") from None
    return lambda value: found(value) is not None


def _python_regex(part, inside):
    if part == "$" and not inside:
        return r"\Z"
    if len(part) == 2 and part[1] in _RE2_CLASSES:
        return _RE2_CLASSES[part[1]] if inside else f"[{_RE2_CLASSES[part[1]]}]"
    if len(part) == 2 and part[1].lower() in _RE2_CLASSES and not inside:
        return f"[^{_RE2_CLASSES[part[1].lower()]}]"
    return r"\Z" if part == r"\z" else part


def tokens(text):
    """The standard analyzer: runs of letters and digits, lower case."""
    return [token.lower() for token in re.findall(r"[^\W_]+", text)]


def has_tokens(query, at_least):
    wanted = set(tokens(query))
    return lambda value: len(wanted & set(tokens(value))) >= at_least


def has_phrase(query, slop):
    """READING: the tokens stand in a window `slop` wider than the phrase."""
    wanted = tokens(query)

    def holds(value):
        there = tokens(value)
        shifts = [{at - i for at, token in enumerate(there) if token == one} for i, one in enumerate(wanted)]
        return bool(shifts) and all(shifts) and any(
            all(any(start <= shift <= start + slop for shift in some) for some in shifts)
            for start in set().union(*shifts))
    return holds


# -------------------------------------------------------------------------------------------- columns


def json_value(value, keys):
    for key in keys:
        if isinstance(key, int) and isinstance(value, list) and key < len(value):
            value = value[key]
        elif isinstance(key, str) and isinstance(value, dict) and key in value:
            value = value[key]
        else:
            return MISSING
    return MISSING if value is None and keys else value


def json_operand(column, keys):
    def get(row):
        document = row[column]
        return None if document is None else json_value(document, keys)
    return Operand("json", get, missing_differs=True, whole=not keys)


def array_element(column, index, element):
    """Past the end no comparison holds, READING: `!=` neither."""
    def get(row):
        array = row[column]
        return None if array is None else array[index] if index < len(array) else MISSING
    return Operand(KINDS[element], get, whole=False)


def struct_column(column, subfield):
    def get(row):
        elements = row[column]
        return None if elements is None else [one[subfield] for one in elements]
    return get


def struct_element(column, index, subfield, element):
    def get(row):
        elements = row[column]
        return None if elements is None else elements[index][subfield] if index < len(elements) else MISSING
    return Operand(KINDS[element], get, whole=False)


# ----------------------------------------------------------------------------------------- the meaning


class Compiler:
    """Turns a tree into a predicate; refuses what the language refuses."""

    def __init__(self, schema, values, elements=None):
        self.schema = schema
        self.values = values
        self.elements = elements  # the struct array whose elements the rows are, within match_*

    def top(self, node):
        result = self.compile(node)
        if isinstance(result, Constant) and isinstance(result.value, bool):
            return Predicate(lambda row: result.value)
        return self.as_predicate(result)

    def as_predicate(self, result):
        if isinstance(result, Constant) and isinstance(result.value, bool):
            return Predicate(lambda row: result.value)
        if not isinstance(result, Predicate):
            raise FilterError("predicate is not a boolean expression")
        return result

    def compile(self, node):
        return getattr(self, "_" + type(node).__name__.lower())(node)

    # constants

    def _literal(self, node):
        return Constant(node.value)

    def _moment(self, node):
        moments.microseconds(node.text, self.schema.zone)
        return Constant(node)

    def _interval(self, node):
        moments.duration(node.text)
        return Constant(node)

    def _template(self, node):
        if node.name not in self.values:
            raise FilterError(f"no value for {node.name}")
        return Constant(self.values[node.name])

    def _items(self, node):
        return Constant([self.constant(item).value for item in node.items])

    def constant(self, node):
        result = self.compile(node)
        if not isinstance(result, Constant):
            raise FilterError("a constant is needed here")
        return result

    def constant_list(self, node):
        value = self.constant(node).value
        if not isinstance(value, list):
            raise FilterError("a list is needed here")
        return value

    def text(self, node):
        value = self.constant(node).value
        if not isinstance(value, str):
            raise FilterError("a string is needed here")
        return value

    # columns

    def _name(self, node):
        known = self.schema.field(node.name)
        if known is None or self.elements is not None:
            return self.dynamic(node.name, ())
        return self.column(known)

    def dynamic(self, root, keys):
        if not self.schema.dynamic or self.elements is not None:
            raise FilterError(f"field {root} not exist")
        if any(isinstance(key, SubField) for key in keys):
            raise FilterError("a key is quoted")
        return json_operand(META, keys if root == META else (root, *keys))

    def column(self, known):
        name = known.name
        if known.type not in KINDS:
            raise FilterError(f"{name} cannot be used in a filter")
        kind = KINDS[known.type]
        if kind == "json":
            return json_operand(name, ())
        element = KINDS.get(known.element, "")
        return Operand(kind, lambda row: row[name], element=element, match=known.match)

    def _path(self, node):
        if node.root == "$":
            return self.current_element(node.keys)
        known = self.schema.field(node.root)
        if known is None or self.elements is not None:
            return self.dynamic(node.root, node.keys)
        by_kind = {"json": self.json_path, "array": self.array_path, "struct": self.struct_path}
        kind = KINDS.get(known.type)
        if kind not in by_kind:
            raise FilterError(f"{node.root} has no parts")
        return by_kind[kind](known, node.keys)

    def json_path(self, known, keys):
        if any(isinstance(key, SubField) for key in keys):
            raise FilterError("a key is quoted")
        return json_operand(known.name, keys)

    def array_path(self, known, keys):
        if len(keys) != 1 or not isinstance(keys[0], int):
            raise FilterError("an array has one index")
        return array_element(known.name, keys[0], known.element)

    def struct_path(self, known, keys):
        if not isinstance(keys[-1], SubField) or keys[-1].name not in known.subfields:
            raise FilterError("no such part of a struct array")
        subfield, element = keys[-1].name, known.subfields[keys[-1].name]
        if len(keys) == 1:
            return Operand("array", struct_column(known.name, subfield), element=KINDS[element], whole=False)
        if len(keys) != 2 or not isinstance(keys[0], int):
            raise FilterError("no such part of a struct array")
        return struct_element(known.name, keys[0], subfield, element)

    def current_element(self, keys):
        if self.elements is None or len(keys) != 1 or not isinstance(keys[0], SubField):
            raise FilterError("$ is the current element of a struct array")
        name = keys[0].name
        if name not in self.elements.subfields:
            raise FilterError(f"no part {name}")
        return Operand(KINDS[self.elements.subfields[name]], lambda element: element[name], whole=False)

    # logic

    def _unary(self, node):
        result = self.compile(node.operand)
        if node.operator == "not":
            return self.negation(result)
        if isinstance(result, Constant) and is_number(result.value) and node.operator in "+-":
            return Constant(-result.value if node.operator == "-" else result.value)
        raise FilterError(f"{node.operator} takes a number")

    def negation(self, result):
        if isinstance(result, Constant) and isinstance(result.value, bool):
            return Constant(not result.value)
        predicate = self.as_predicate(result)
        if predicate.restriction:
            raise FilterError(f"{predicate.restriction} cannot be negated")
        return Predicate(negated(predicate.test))

    def _binary(self, node):
        if node.operator in ("and", "or"):
            return self.logic(node)
        left, right = self.compile(node.left), self.compile(node.right)
        for side in (left, right):
            if isinstance(side, Predicate):
                raise FilterError(f"{node.operator} takes values")
        if node.operator not in COMPARE:
            return self.arithmetic(node.operator, left, right)
        if isinstance(node.left, Template) and isinstance(right, Constant) or \
                isinstance(node.right, Template) and isinstance(left, Constant):
            raise FilterError("a template between constants")
        return self.comparison(node.operator, left, right)

    def logic(self, node):
        left, right = (self.as_predicate(self.compile(side)) for side in (node.left, node.right))
        if left.restriction or (right.restriction and node.operator == "or"):
            raise FilterError("only the last term of an and may restrict")
        combine = conjunction if node.operator == "and" else disjunction
        return Predicate(combine(left.test, right.test), right.restriction)

    # comparisons

    def comparison(self, sign, left, right):
        if isinstance(left, Constant) and isinstance(right, Constant):
            return Constant(folded(sign, left.value, right.value))
        if isinstance(left, Constant):
            return self.comparison(FLIPPED[sign], right, left)
        if isinstance(right, Constant):
            return Predicate(self.with_constant(sign, left, right))
        if isinstance(left, Operand) and isinstance(right, Operand):
            return Predicate(self.two_columns(sign, left, right))
        raise FilterError("complicated arithmetic operations are not supported")

    def with_constant(self, sign, left, constant):
        operand = left.operand if isinstance(left, Arithmetic) else left
        compute = left.compute if isinstance(left, Arithmetic) else lambda value: value
        missing = sign == "!=" and operand.missing_differs
        if operand.kind == "array":
            return self.whole_array(sign, operand, constant)
        value = self.comparable(sign, operand, constant)
        if operand.kind == "json":
            return on_value(operand, json_test(sign, value, compute, isinstance(left, Arithmetic)), missing)
        return on_value(operand, lambda found: COMPARE[sign](compute(found), value), missing)

    def comparable(self, sign, operand, constant):
        if operand.kind in ("geometry", "struct"):
            raise FilterError(f"a {operand.kind} is not compared")
        value = cast(operand.kind, constant, self.schema.zone)
        if sign in ORDER and isinstance(value, (bool, list)):
            raise FilterError("no order")
        return value

    def whole_array(self, sign, operand, constant):
        if sign in ORDER or not isinstance(constant.value, list):
            raise FilterError("can not comparisons array fields directly")
        items = self.elements_of(operand, constant.value)
        return on_value(operand, lambda found: COMPARE[sign](found, items))

    def elements_of(self, operand, values):
        return [cast(operand.element, Constant(value), self.schema.zone) for value in values]

    def two_columns(self, sign, left, right):
        kinds = {left.kind, right.kind}
        if isinstance(left, Length) or isinstance(right, Length):
            raise FilterError("array_length is compared with a constant")
        if "json" in kinds:
            raise FilterError("two column comparison with JSON type is not supported")
        numbers = kinds <= {"int", "float", "double"}
        if not numbers and (len(kinds) > 1 or kinds & {"array", "geometry", "struct"}):
            raise FilterError("columns of different types are compared")
        if kinds == {"bool"} and sign in ORDER:
            raise FilterError("booleans have no order")
        return pair_test(sign, left, right, as_double=len(kinds) > 1)

    def _range(self, node):
        lower, upper = self.constant(node.lower), self.constant(node.upper)
        middle = self.compile(node.middle)
        if not isinstance(middle, Operand):
            raise FilterError("a range is about a field")
        if json_class(lower.value) != json_class(upper.value):
            raise FilterError("bounds of different types")
        low = self.with_constant(FLIPPED[node.first], middle, lower)
        return Predicate(conjunction(low, self.with_constant(node.second, middle, upper)))

    # arithmetic

    def arithmetic(self, sign, left, right):
        if sign not in ("+", "-", "*", "/", "%", "**"):
            raise FilterError(f"{sign} is not supported")
        if isinstance(left, Constant) and isinstance(right, Constant):
            return Constant(folded(sign, left.value, right.value))
        if sign == "**":
            raise FilterError("** takes constants")
        if isinstance(left, Constant):
            if sign not in ("+", "*"):
                raise FilterError("a constant stands left of + and * only")
            left, right = right, left
        if not isinstance(left, Operand) or isinstance(left, Length) or not isinstance(right, Constant):
            raise FilterError("complicated arithmetic operations are not supported")
        return Arithmetic(left, self.computation(sign, left, right.value))

    def computation(self, sign, operand, constant):
        if operand.kind == "time":
            return self.time_computation(sign, constant)
        if operand.kind not in ("int", "float", "double", "json") or not is_number(constant):
            raise FilterError("arithmetic takes numbers")
        if operand.kind == "int" and type(constant) is not int:
            raise FilterError("an integer field with a float")
        if sign == "%" and (operand.kind in ("float", "double") or type(constant) is not int):
            raise FilterError("% takes integers")
        if sign in "/%" and constant == 0:
            raise FilterError("division by zero")
        by_kind = {"int": INT_ARITHMETIC.get(sign), "double": FLOAT_ARITHMETIC.get(sign),
                   "float": single_arithmetic(sign), "json": json_arithmetic(sign)}
        compute = by_kind[operand.kind]
        return lambda value: compute(value, constant)

    def time_computation(self, sign, constant):
        if sign not in "+-" or not isinstance(constant, Interval):
            raise FilterError("a moment moves by an interval")
        parts, zone = moments.duration(constant.text), self.schema.zone
        return lambda value: moments.moved(value, parts, 1 if sign == "+" else -1, zone)

    # predicates

    def operand(self, node):
        result = self.compile(node)
        if not isinstance(result, Operand) or isinstance(result, Length):
            raise FilterError("a field is needed here")
        return result

    def _in(self, node):
        operand = self.operand(node.operand)
        if operand.kind not in ("bool", "int", "float", "double", "string", "json", "time"):
            raise FilterError("a scalar is looked up in a list")
        test = on_value(operand, self.lookup(operand, self.constant_list(node.items)))
        return Predicate(negated(test) if node.negated else test)

    def lookup(self, operand, items):
        if operand.kind == "json":
            items = list_as_floats([cast("json", Constant(item), None) for item in items])
            return lambda value: any(json_equal(value, item) for item in items)
        allowed = {cast(operand.kind, Constant(item), self.schema.zone) for item in items}
        return lambda value: value in allowed

    def textual(self, node):
        operand = self.operand(node)
        if operand.kind not in ("string", "json"):
            raise FilterError("a pattern is for strings")
        return operand

    def _like(self, node):
        holds = on_strings(like(self.text(node.pattern)))
        return Predicate(on_value(self.textual(node.operand), holds))

    def _regex(self, node):
        """READING: `!~` is `not =~`, where there is no value too."""
        operand = self.textual(node.operand)
        pattern = node.pattern.value if isinstance(node.pattern, RawText) else self.text(node.pattern)
        test = on_value(operand, on_strings(regex(pattern)))
        return Predicate(negated(test) if node.negated else test)

    def _exists(self, node):
        operand = self.operand(node.operand)
        if operand.kind != "json" or operand.whole:
            raise FilterError("exists is about a key")
        return Predicate(on_value(operand, lambda value: True))

    def _isnull(self, node):
        """READING: of a key, `is null` is never unknown either, so it holds where the whole field is null."""
        operand = self.operand(node.operand)
        if operand.kind != "json" and not operand.whole:
            raise FilterError("is null is about a field or a key")

        def is_null(row):
            value = operand.get(row)
            return value is None or value is MISSING
        return Predicate(negated(is_null) if node.negated else is_null)

    # functions

    def _call(self, node):
        name = node.function
        if not hasattr(self, "call_" + self.family(name)):
            raise FilterError(f"unknown function {name}")
        return getattr(self, "call_" + self.family(name))(node)

    @staticmethod
    def family(name):
        for prefix in ("json_contains", "array_contains"):
            if name.startswith(prefix):
                return "contains"
        if name in shapes.PREDICATES:
            return "spatial"
        return "match" if name.startswith("match_") else name

    def arguments(self, node, count, options=()):
        if len(node.arguments) not in (count if isinstance(count, tuple) else (count,)):
            raise FilterError(f"{node.function}: wrong number of arguments")
        if any(name not in options for name, _ in node.options):
            raise FilterError(f"{node.function}: unknown option")
        return node.arguments, {name: self.constant(value).value for name, value in node.options}

    def call_contains(self, node):
        (where, what), _ = self.arguments(node, 2)
        operand = self.operand(where)
        if operand.kind not in ("json", "array"):
            raise FilterError("contains is about an array")
        several = node.function.endswith(("_all", "_any"))
        items = self.constant_list(what) if several else [self.constant(what).value]
        holds = self.containment(operand, items, any if node.function.endswith("_any") else all)
        return Predicate(on_value(operand, holds))

    def containment(self, operand, items, quantifier):
        if operand.kind == "array":
            items = self.elements_of(operand, items)
            return lambda found: quantifier(item in found for item in items)
        for item in items:
            cast("json", Constant(item), None)
        return lambda found: isinstance(found, list) and quantifier(
            any(json_equal(one, item) for one in found) for item in items)

    def call_array_length(self, node):
        """READING: what is not an array has no elements, so its length is 0."""
        (where,), _ = self.arguments(node, 1)
        operand = self.operand(where)
        if operand.kind not in ("json", "array", "struct"):
            raise FilterError("array_length is about an array")

        def get(row):
            value = operand.get(row)
            return None if value is None else len(value) if isinstance(value, list) else 0
        return Length("int", get, whole=False)

    def call_text_match(self, node):
        (where, query), options = self.arguments(node, 2, ("minimum_should_match",))
        at_least = options.get("minimum_should_match", 1)
        if type(at_least) is not int or not 1 <= at_least <= SHOULD_MATCH_MAX:
            raise FilterError("minimum_should_match is 1 to 1000")
        return Predicate(on_value(self.matchable(where), has_tokens(self.text(query), at_least)))

    def call_phrase_match(self, node):
        (where, query, *slop), _ = self.arguments(node, (2, 3))
        slop = self.constant(slop[0]).value if slop else 0
        if type(slop) is not int or not 0 <= slop <= SLOP_MAX:
            raise FilterError("slop is an unsigned integer")
        return Predicate(on_value(self.matchable(where), has_phrase(self.text(query), slop)))

    def matchable(self, node):
        operand = self.operand(node)
        if operand.kind != "string" or not operand.match:
            raise FilterError("the field has no text match")
        return operand

    def call_empty(self, node):
        (where,), _ = self.arguments(node, 1)
        return Predicate(on_value(self.plain_string(where), lambda value: value == ""))

    def call_starts_with(self, node):
        (where, start), _ = self.arguments(node, 2)
        start = self.text(start)
        return Predicate(on_value(self.plain_string(where), lambda value: value.startswith(start)))

    def plain_string(self, node):
        operand = self.operand(node)
        if operand.kind != "string":
            raise FilterError("the function is about VarChar")
        return operand

    def call_random_sample(self, node):
        (share,), _ = self.arguments(node, 1)
        share = self.constant(share).value
        if not is_number(share) or not SAMPLE_MARGIN <= share <= 1 - SAMPLE_MARGIN:
            raise FilterError("a share is between 0 and 1")
        return Predicate(lambda row: True, restriction="sample")

    def call_spatial(self, node):
        (where, what), _ = self.arguments(node, 2)
        operand, given = self.geometry(where), shapes.shape(self.text(what))
        holds = shapes.PREDICATES[node.function]
        return Predicate(on_value(operand, lambda value: holds(shapes.shape(value), given)))

    def call_st_dwithin(self, node):
        (where, what, limit), _ = self.arguments(node, 3)
        operand, given, limit = self.geometry(where), shapes.shape(self.text(what)), self.constant(limit).value
        if given.dimension or not is_number(limit) or limit < 0:
            raise FilterError("st_dwithin takes a point and a distance")
        return Predicate(on_value(operand, lambda value: shapes.metres(shapes.shape(value), given) <= limit))

    def call_st_isvalid(self, node):
        (where,), _ = self.arguments(node, 1)
        return Predicate(on_value(self.geometry(where), lambda value: shapes.shape(value) is not None))

    def geometry(self, node):
        operand = self.operand(node)
        if operand.kind != "geometry":
            raise FilterError("the function is about a geometry")
        return operand

    # struct arrays

    def call_element_filter(self, node):
        (where, condition), _ = self.arguments(node, 2)
        holds = self.element_test(where, condition)
        get = self.operand(where).get
        return Predicate(lambda row: row_of_elements(get(row), holds, lambda hits, count: hits > 0), "elements")

    def call_match(self, node):
        (where, condition), options = self.arguments(node, 2, ("threshold",))
        holds, enough = self.element_test(where, condition), self.quantity(node.function, options)
        get = self.operand(where).get
        return Predicate(lambda row: row_of_elements(get(row), holds, enough))

    def element_test(self, where, condition):
        known = self.schema.field(where.name) if isinstance(where, Name) else None
        if known is None or KINDS[known.type] != "struct" or self.elements is not None:
            raise FilterError("a struct array is needed here")
        return Compiler(self.schema, self.values, known).top(condition).test

    @staticmethod
    def quantity(function, options):
        if function in ("match_any", "match_all"):
            if options:
                raise FilterError(f"{function} has no threshold")
            return {"match_any": lambda hits, count: hits > 0, "match_all": lambda hits, count: hits == count}[function]
        threshold = options.get("threshold")
        if type(threshold) is not int or threshold < (function == "match_least"):
            raise FilterError("a threshold is needed")
        compare = {"match_least": operator.ge, "match_most": operator.le, "match_exact": operator.eq}[function]
        return lambda hits, count: compare(hits, threshold)


@dataclass(frozen=True)
class Length(Operand):
    """array_length(..): compared, and no more."""


def row_of_elements(elements, holds, enough):
    return None if elements is None else enough(sum(holds(one) is True for one in elements), len(elements))


def json_arithmetic(sign):
    """READING: of a stored integer and an integer as integers, else as doubles, the remainder too."""
    def compute(value, constant):
        if _is_int64(value) and _is_int64(constant):
            return INT_ARITHMETIC[sign](value, constant)
        if sign == "%":
            return math.fmod(value, constant)
        return FLOAT_ARITHMETIC[sign](float(value), float(constant))
    return compute


def json_test(sign, constant, compute, arithmetic):
    def holds(value):
        if json_class(value) != json_class(constant) or (arithmetic and not is_number(value)):
            return sign == "!="
        return json_compare(sign, compute(value), constant)
    return holds


def list_as_floats(items):
    """A list that mixes integers and floats is one of floats."""
    mixed = any(type(item) is float for item in items)
    return [float(item) if mixed and type(item) is int else item for item in items]


def on_strings(holds):
    return lambda value: isinstance(value, str) and holds(value)


def pair_test(sign, left, right, as_double):
    """READING: numbers of different kinds are compared as doubles."""
    def test(row):
        a, b = left.get(row), right.get(row)
        if a is None or b is None:
            return None
        if a is MISSING or b is MISSING:
            return False
        return COMPARE[sign](float(a), float(b)) if as_double else COMPARE[sign](a, b)
    return test


# ---------------------------------------------------------------------------------------------- rows


def normalised(row, schema):
    """A row as it is stored: every field, times as numbers, the dynamic keys together."""
    known = {one.name for one in schema.fields}
    stored = {one.name: stored_value(row.get(one.name), one, schema.zone) for one in schema.fields}
    return stored | {META: {key: value for key, value in row.items() if key not in known}}


def stored_value(value, known, zone):
    if value is None:
        return None
    if known.type == "Array":
        return [stored_value(one, Field("", known.element), zone) for one in value]
    if known.type == "StructArray":
        return [{name: stored_value(element[name], Field("", type_name), zone)
                 for name, type_name in known.subfields.items()} for element in value]
    if known.type == "Float":
        return single(value)
    return moments.microseconds(value, zone) if known.type == "Timestamptz" else value


def compiled(text, schema, values=None):
    """The predicate of a filter over normalised rows; an empty text keeps all."""
    if not text.strip():
        return Predicate(lambda row: True)
    return Compiler(schema, values or {}).top(parse(text))


def matching_ids(text, schema, rows, values=None, key="id"):
    test = compiled(text, schema, values).test
    return [row[key] for row in rows if test(normalised(row, schema)) is True]
