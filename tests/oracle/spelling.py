"""Trees back to text: plainly, or in one of the many ways the language allows."""

import random

from syntax import (INT64_MIN, PRIMARY_TIGHTNESS, RANGE_TIGHTNESS, TIGHTNESS, UNARY_TIGHTNESS, Interval, Items, Moment,
                    Name, Path, RawText, SubField, Template)

_NAMED_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\"}
_PARENTHESES_SHARE, _LITERAL_SHARE = 0.08, 0.3


class Speller:
    """`dice` None spells plainly."""

    def __init__(self, dice=None):
        self.dice = dice

    def chance(self, share):
        return self.dice is not None and self.dice.random() < share

    def one_of(self, *choices):
        return choices[0] if self.dice is None else self.dice.choice(choices)

    def space(self):
        return self.one_of(" ", " ", " ", " ", "  ", "\t") if self.dice else " "

    def maybe_space(self):
        return self.one_of(" ", " ", "", "  ") if self.dice else " "

    def word(self, word):
        return self.one_of(word, word, word.upper())

    def spell(self, node, loosest=0):
        text, tightness = getattr(self, "_" + type(node).__name__.lower())(node)
        bare = isinstance(node, (Items, Template, RawText, Moment, Interval))
        if tightness < loosest or (not bare and self.chance(_PARENTHESES_SHARE)):
            return f"({self.one_of('', '', ' ')}{text}{self.one_of('', '', ' ')})"
        return text

    def bare(self, node):
        """Where the language allows no parentheses: fields of ranges and calls."""
        return getattr(self, "_" + type(node).__name__.lower())(node)[0]

    # literals

    def _literal(self, node):
        value = node.value
        if isinstance(value, bool):
            return self.one_of(*(("true", "True", "TRUE") if value else ("false", "False", "FALSE"))), PRIMARY_TIGHTNESS
        if isinstance(value, str):
            return self.quoted(value), PRIMARY_TIGHTNESS
        negative = str(value).startswith("-")
        text = self.integer(value) if isinstance(value, int) else self.floating(value)
        return text, UNARY_TIGHTNESS if negative else PRIMARY_TIGHTNESS

    def integer(self, value):
        if value == INT64_MIN or not self.chance(_LITERAL_SHARE):
            return str(value)
        sign, size = "-" if value < 0 else "", abs(value)
        forms = [f"0x{size:x}", f"0X{size:X}", f"0b{size:b}", f"0{size:o}" if size else "0"]
        return sign + self.one_of(*forms)

    def floating(self, value):
        text = repr(value)
        if not self.chance(_LITERAL_SHARE):
            return text
        forms = [value.hex(), f"{value:.17e}", text if "e" in text else text + "0"]
        forms += [text.replace("0.", ".", 1)] if text.lstrip("-").startswith("0.") and "e" not in text else []
        forms += [text[:-1]] if text.endswith(".0") else []
        return self.one_of(*forms)

    def quoted(self, value):
        quote = self.one_of('"', '"', "'")
        return quote + "".join(self.letter(letter, quote) for letter in value) + quote

    def letter(self, letter, quote):
        if letter == quote:
            return "\\" + letter
        if letter in _NAMED_ESCAPES:
            return _NAMED_ESCAPES[letter]
        if not self.chance(_LITERAL_SHARE / 4):
            return letter
        code = ord(letter)
        forms = [f"\\U{code:08x}"]
        forms += [f"\\u{code:04x}"] if code < 2**16 else []
        forms += [f"\\x{code:02x}", f"\\{code:03o}"] if code < 128 else []
        return self.one_of(*forms)

    def _rawtext(self, node):
        quote = "'" if '"' in node.value else '"'
        return quote + node.value + quote, PRIMARY_TIGHTNESS

    def _moment(self, node):
        return f"{self.one_of('ISO', 'iso')} '{node.text}'", PRIMARY_TIGHTNESS

    def _interval(self, node):
        return f"{self.one_of('INTERVAL', 'interval')} '{node.text}'", PRIMARY_TIGHTNESS

    def _template(self, node):
        return "{" + node.name + "}", PRIMARY_TIGHTNESS

    def _items(self, node):
        inner = self.separated([self.spell(item) for item in node.items]) if node.items else ""
        return f"[{inner}{',' if node.items and self.chance(0.1) else ''}]", PRIMARY_TIGHTNESS

    # columns

    def _name(self, node):
        return node.name, PRIMARY_TIGHTNESS

    def _path(self, node):
        return node.root + "".join(f"[{self.step(key)}]" for key in node.keys), PRIMARY_TIGHTNESS

    def step(self, key):
        if isinstance(key, SubField):
            return key.name
        return self.quoted(key) if isinstance(key, str) else str(key)

    # operators

    def _unary(self, node):
        if node.operator != "not":
            return node.operator + self.spell(node.operand, UNARY_TIGHTNESS), UNARY_TIGHTNESS
        sign = self.one_of("not ", "not ", "!", "NOT ")
        return sign + self.spell(node.operand, UNARY_TIGHTNESS), UNARY_TIGHTNESS

    def _binary(self, node):
        tightness = TIGHTNESS[node.operator]
        sign = {"and": ("and", "and", "&&", "AND"), "or": ("or", "or", "||", "OR")}.get(node.operator, (node.operator,))
        sign = self.one_of(*sign)
        gap = self.space if sign.isalpha() else self.maybe_space
        return (self.spell(node.left, tightness) + gap() + sign + gap() + self.spell(node.right, tightness + 1),
                tightness)

    def _range(self, node):
        parts = [self.spell(node.lower, RANGE_TIGHTNESS), node.first, self.bare(node.middle), node.second,
                 self.spell(node.upper, RANGE_TIGHTNESS + 1)]
        return self.maybe_space().join(parts), RANGE_TIGHTNESS

    def _in(self, node):
        sign = self.word("not") + " " + self.word("in") if node.negated else self.word("in")
        return f"{self.spell(node.operand, TIGHTNESS['in'])} {sign} {self.bare(node.items)}", TIGHTNESS["in"]

    def _like(self, node):
        operand, tightness = self.spell(node.operand, TIGHTNESS["like"]), TIGHTNESS["like"]
        return f"{operand} {self.word('like')} {self.bare(node.pattern)}", tightness

    def _regex(self, node):
        sign = "!~" if node.negated else "=~"
        return f"{self.spell(node.operand, TIGHTNESS['=~'])} {sign} {self.bare(node.pattern)}", TIGHTNESS["=~"]

    def _isnull(self, node):
        return f"{self.bare(node.operand)} {self.word('is not null' if node.negated else 'is null')}", PRIMARY_TIGHTNESS

    def _exists(self, node):
        return f"{self.word('exists')} {self.bare(node.operand)}", PRIMARY_TIGHTNESS

    def _call(self, node):
        arguments = [self.bare(one) if isinstance(one, (Name, Path)) else self.spell(one) for one in node.arguments]
        arguments += [f"{name}={self.spell(value)}" for name, value in node.options]
        return f"{self.word(node.function)}({self.separated(arguments)})", PRIMARY_TIGHTNESS

    def separated(self, parts):
        return "".join(part + "," + self.maybe_space() for part in parts[:-1]) + parts[-1]


def plain(node):
    return Speller().spell(node)


def varied(node, seed):
    return Speller(random.Random(seed)).spell(node)
