"""The text of a filter: tokens, tree, parser.

The operators bind as the table of the filter language says, not as in C or Python: `like` before
arithmetic, `not` before every comparison, `in` before `<`.
"""

import re
from dataclasses import dataclass

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
DEPTH_MAX = 400


class FilterError(Exception):
    """The filter is not one the language allows."""


# ---------------------------------------------------------------------------------------------- tree


@dataclass(frozen=True)
class Literal:
    value: object  # bool, int, float or str


@dataclass(frozen=True)
class RawText:
    """The text of a regular expression: its backslashes stay."""
    value: str


@dataclass(frozen=True)
class Moment:
    text: str


@dataclass(frozen=True)
class Interval:
    text: str


@dataclass(frozen=True)
class Template:
    name: str


@dataclass(frozen=True)
class Items:
    items: tuple


@dataclass(frozen=True)
class Name:
    name: str


@dataclass(frozen=True)
class Path:
    root: str
    keys: tuple  # str: key, int: index, SubField


@dataclass(frozen=True)
class SubField:
    name: str


@dataclass(frozen=True)
class Unary:
    operator: str  # + - ~ not
    operand: object


@dataclass(frozen=True)
class Binary:
    operator: str
    left: object
    right: object


@dataclass(frozen=True)
class Range:
    lower: object
    first: str
    middle: object
    second: str
    upper: object


@dataclass(frozen=True)
class In:
    operand: object
    items: object
    negated: bool


@dataclass(frozen=True)
class Like:
    operand: object
    pattern: object


@dataclass(frozen=True)
class Regex:
    operand: object
    pattern: object
    negated: bool


@dataclass(frozen=True)
class IsNull:
    operand: object
    negated: bool


@dataclass(frozen=True)
class Exists:
    operand: object


@dataclass(frozen=True)
class Call:
    function: str
    arguments: tuple
    options: tuple = ()  # (name, node)


# -------------------------------------------------------------------------------------------- tokens

_QUOTED = r"""(?:u8|[uUL])?(?:"(?:[^"\\\r\n]|\\.)*"|'(?:[^'\\\r\n]|\\.)*')"""
_WORD = r"[A-Za-z_][A-Za-z0-9_]*"
_TOKEN = re.compile(
    rf"""
    (?P<space>[ \t\r\n]+)
  | (?P<string>{_QUOTED})
  | (?P<float>0[xX](?:[0-9a-fA-F]*\.[0-9a-fA-F]+|[0-9a-fA-F]+\.?)[pP][+-]?[0-9]+
             |(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)
  | (?P<int>0[xX][0-9a-fA-F]+|0[bB][01]+|[1-9][0-9]*|0[0-7]*)
  | (?P<null>(?:is[ ]null|IS[ ]NULL|is[ ]not[ ]null|IS[ ]NOT[ ]NULL)(?![A-Za-z0-9_]))
  | (?P<path>(?:\$meta|\$|{_WORD})(?:\[(?:{_QUOTED}|[0-9]+|{_WORD})\])+)
  | (?P<word>\$meta|{_WORD})
  | (?P<template>\{{{_WORD}\}})
  | (?P<sign>\*\*|&&|\|\||==|!=|<=|>=|<<|>>|=~|!~|[-+*/%~!<>=&|^()\[\],])
    """,
    re.VERBOSE,
)
_STEP = re.compile(rf"\[(?:(?P<string>{_QUOTED})|(?P<index>[0-9]+)|(?P<word>{_WORD}))\]")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_SIMPLE_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v",
                   '"': '"', "'": "'", "\\": "\\"}
BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
FUNCTIONS = {
    "json_contains", "json_contains_all", "json_contains_any",
    "array_contains", "array_contains_all", "array_contains_any", "array_length",
    "text_match", "phrase_match", "random_sample", "element_filter",
    "match_any", "match_all", "match_least", "match_most", "match_exact",
    "st_equals", "st_touches", "st_overlaps", "st_crosses", "st_contains", "st_intersects", "st_within",
    "st_dwithin", "st_isvalid",
}
ANY_CASE_FUNCTIONS = {"empty", "starts_with"}
_OPERATOR_WORDS = {"and", "or", "not", "in", "like", "exists", "iso", "interval"}
_SYNONYMS = {"&&": "and", "||": "or", "!": "not"}


@dataclass(frozen=True)
class Token:
    kind: str
    text: str


def tokens_of(text):
    position, tokens = 0, []
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise FilterError(f"no token starts at {text[position:position + 20]!r}")
        position = match.end()
        if match.lastgroup != "space":
            tokens.append(_token(match.lastgroup, match.group()))
    _refuse_glued_numbers(text)
    return [*tokens, Token("end", "")]


def _token(kind, text):
    if kind == "word":
        if text.lower() in _OPERATOR_WORDS and text in (text.lower(), text.upper()):
            return Token("sign", text.lower())
        if text in BOOLEANS:
            return Token("bool", text)
    if kind == "sign":
        return Token("sign", _SYNONYMS.get(text, text))
    return Token(kind, text)


def _refuse_glued_numbers(text):
    """`08` and `5x` would otherwise be read as two tokens."""
    end, before = -1, None
    for match in _TOKEN.finditer(text):
        if match.start() == end and before in ("int", "float") and match.lastgroup in ("int", "float", "word"):
            raise FilterError(f"not a number: {text[match.start() - 1:match.end()]!r}")
        end, before = match.end(), match.lastgroup


def _inside_quotes(text):
    return text[re.match("u8|[uUL]?", text).end() + 1:-1]


def unescaped(quoted):
    """The value of a string literal; \\xHH and \\ooo are bytes of UTF-8."""
    body, out, position = _inside_quotes(quoted), bytearray(), 0
    while position < len(body):
        match = _ESCAPE.match(body, position)
        if match is None:
            out += body[position].encode()
            position += 1
            continue
        out += _escape_bytes(match)
        position = match.end()
    try:
        return out.decode()
    except UnicodeDecodeError:
        raise FilterError("a string that is not UTF-8") from None


def _escape_bytes(match):
    hexadecimal, octal, short, long, simple = match.groups()
    if simple is not None:
        if simple not in _SIMPLE_ESCAPES:
            raise FilterError(f"unknown escape \\{simple}")
        return _SIMPLE_ESCAPES[simple].encode()
    if hexadecimal or octal:
        value = int(hexadecimal, 16) if hexadecimal else int(octal, 8)
        if value > 255:
            raise FilterError("an octal escape above 255")
        return bytes([value])
    value = int(short or long, 16)
    if value > 0x10FFFF or 0xD800 <= value <= 0xDFFF:
        raise FilterError("an escape that is no character")
    return chr(value).encode()


def integer(text):
    if text[:2] in ("0x", "0X"):
        return int(text[2:], 16)
    if text[:2] in ("0b", "0B"):
        return int(text[2:], 2)
    return int(text, 8) if text.startswith("0") else int(text)


def floating(text):
    try:
        return float.fromhex(text) if text[:2] in ("0x", "0X") else float(text)
    except OverflowError:
        raise FilterError(f"too large: {text}") from None


def path_of(text):
    root = re.match(rf"\$meta|\$|{_WORD}", text).group()
    return Path(root, tuple(_step(match) for match in _STEP.finditer(text, len(root))))


def _step(match):
    if match.group("string"):
        return unescaped(match.group("string"))
    if match.group("index"):
        return int(match.group("index"))
    return SubField(match.group("word"))


# -------------------------------------------------------------------------------------------- parser

# How tightly an operator binds: the levels of the language's table, reversed so that more is tighter.
TIGHTNESS = {
    "or": 1, "and": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6,
    "<": 7, "<=": 7, ">": 7, ">=": 7, "in": 9, "<<": 10, ">>": 10,
    "+": 11, "-": 11, "*": 12, "/": 12, "%": 12, "**": 14, "like": 15, "=~": 15, "!~": 15,
}
RANGE_TIGHTNESS, UNARY_TIGHTNESS, PRIMARY_TIGHTNESS = 8, 13, 16
_SAME_DIRECTION = {"<": ("<", "<="), "<=": ("<", "<="), ">": (">", ">="), ">=": (">", ">=")}


class Parser:
    def __init__(self, text):
        self.tokens = tokens_of(text)
        self.position = 0
        self.depth = 0

    def parse(self):
        node = self.expression(0)
        if self.peek().kind != "end":
            raise FilterError(f"unexpected {self.peek().text!r}")
        return node

    def peek(self, ahead=0):
        return self.tokens[min(self.position + ahead, len(self.tokens) - 1)]

    def next(self):
        token = self.peek()
        self.position += 1
        return token

    def sees(self, sign, ahead=0):
        token = self.peek(ahead)
        return token.kind == "sign" and token.text == sign

    def expect(self, sign):
        if not self.sees(sign):
            raise FilterError(f"expected {sign!r}, found {self.peek().text!r}")
        self.next()

    def expression(self, loosest):
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise FilterError("too deep")
        left = self.prefix()
        while (longer := self.extended(left, loosest)) is not None:
            left = longer
        self.depth -= 1
        return left

    def extended(self, left, loosest):
        """`left` with the operator that follows it, or None when what follows binds looser."""
        sign = self.peek().text if self.peek().kind == "sign" else None
        negated = sign == "not" and self.sees("in", 1)
        sign = "in" if negated else sign
        if sign in _SAME_DIRECTION and RANGE_TIGHTNESS >= loosest and self.range_follows():
            return self.range(left)
        if sign not in TIGHTNESS or TIGHTNESS[sign] < loosest:
            return None
        self.position += 2 if negated else 1
        if sign == "in":
            return In(left, self.list_or_template(), negated)
        if sign == "like":
            return Like(left, self.pattern(Literal, unescaped))
        if sign in ("=~", "!~"):
            return Regex(left, self.pattern(RawText, _inside_quotes), sign == "!~")
        return Binary(sign, left, self.expression(TIGHTNESS[sign] + 1))

    def range_follows(self):
        second = self.peek(2)
        return (self.peek(1).kind in ("word", "path") and second.kind == "sign"
                and second.text in _SAME_DIRECTION[self.peek().text])

    def range(self, lower):
        first, middle, second = self.next().text, self.primary(), self.next().text
        return Range(lower, first, middle, second, self.expression(RANGE_TIGHTNESS + 1))

    def prefix(self):
        token = self.peek()
        if token.kind == "sign" and token.text in ("+", "-", "~", "not"):
            self.next()
            if token.text == "-" and self.peek().text == str(-INT64_MIN):
                self.next()
                return Literal(INT64_MIN)
            return _with_sign(token.text, self.expression(UNARY_TIGHTNESS))
        return self.primary()

    def primary(self):
        token = self.next()
        if token.kind == "sign":
            return self.enclosed(token.text)
        if token.kind == "int":
            return Literal(_int64(integer(token.text)))
        if token.kind == "float":
            return Literal(floating(token.text))
        if token.kind == "bool":
            return Literal(BOOLEANS[token.text])
        if token.kind == "string":
            return Literal(unescaped(token.text))
        if token.kind == "template":
            return Template(token.text[1:-1])
        if token.kind in ("word", "path"):
            return self.named(token)
        raise FilterError(f"unexpected {token.text!r}")

    def enclosed(self, sign):
        if sign == "(":
            node = self.expression(0)
            self.expect(")")
            return node
        if sign == "[":
            self.position -= 1
            return self.list()
        if sign == "exists":
            return Exists(self.expression(PRIMARY_TIGHTNESS))
        if sign in ("iso", "interval"):
            return (Moment if sign == "iso" else Interval)(self.string())
        raise FilterError(f"unexpected {sign!r}")

    def named(self, token):
        function = _function_of(token.text) if token.kind == "word" and self.sees("(") else None
        if function:
            return self.call(function)
        node = Name(token.text) if token.kind == "word" else path_of(token.text)
        if self.peek().kind == "null":
            return IsNull(node, "not" in self.next().text.lower())
        return node

    def call(self, function):
        self.expect("(")
        arguments, options = [], []
        while not self.sees(")"):
            if self.peek().kind == "word" and self.sees("=", 1):
                name = self.next().text
                self.next()
                options.append((name.lower(), self.expression(0)))
            else:
                arguments.append(self.expression(0))
            if not self.sees(")"):
                self.expect(",")
                if self.sees(")"):
                    raise FilterError("a comma before )")
        self.next()
        return Call(function, tuple(arguments), tuple(options))

    def list(self):
        self.expect("[")
        items = []
        while not self.sees("]"):
            items.append(self.expression(0))
            if not self.sees("]"):
                self.expect(",")
        self.next()
        return Items(tuple(items))

    def list_or_template(self):
        if self.sees("("):
            self.next()
            inner = self.list_or_template()
            self.expect(")")
            return inner
        if self.peek().kind == "template":
            return Template(self.next().text[1:-1])
        return self.list()

    def string(self):
        token = self.next()
        if token.kind != "string":
            raise FilterError("expected a string")
        return unescaped(token.text)

    def pattern(self, node, value):
        token = self.next()
        if token.kind == "template":
            return Template(token.text[1:-1])
        if token.kind != "string":
            raise FilterError("a pattern is a string")
        return node(value(token.text))


def _with_sign(operator, operand):
    if operator == "-" and isinstance(operand, Literal) and type(operand.value) in (int, float):
        return Literal(-operand.value)
    return Unary(operator, operand)


def _int64(value):
    if value > INT64_MAX:
        raise FilterError(f"{value} is no int64")
    return value


def _function_of(word):
    if word.lower() in ANY_CASE_FUNCTIONS:
        return word.lower()
    if word.lower() in FUNCTIONS and word in (word.lower(), word.upper()):
        return word.lower()
    raise FilterError(f"unknown function {word}")


def parse(text):
    return Parser(text).parse()
