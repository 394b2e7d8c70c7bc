"""What a request to an embedding service may hold: small checks that raise a `Refusal`.

A check takes the value and its name and says nothing when the value is right. They are put together
into the member lists of the dialects (embedding_dialects.py, embedding_clouds.py), each of which is
one provider's published interface. A text is as long as the tokens it has; no tokenizer makes fewer
tokens than there are words, so a text with more words than the provider takes tokens is too long.
"""

import array
import base64
import hashlib
import json
import math
import struct

BODY_BYTES_MAX = 20 << 20

# What each provider calls a text to be stored and a text to be looked up.
KINDS = {"search_document": "document", "search_query": "query",
         "RETRIEVAL_DOCUMENT": "document", "RETRIEVAL_QUERY": "query",
         "TASK_TYPE_UNSPECIFIED": None}


class Refusal(Exception):
    """The request is not what the provider publishes: a status, and a cause for the error body."""

    def __init__(self, status, message, cause=None):
        super().__init__(message)
        self.status, self.message, self.cause = status, message, cause


def unit_vector(provider, text, dim, kind):
    """float32 values of length 1, from a hash; fewer dimensions are a prefix, made long again."""
    seed = "\0".join([provider, kind or "", text]).encode("utf-8", "surrogatepass")
    numbers = struct.unpack(f"<{dim}h", hashlib.shake_256(seed).digest(2 * dim))
    length = math.sqrt(sum(number * number for number in numbers)) or 1
    return array.array("f", [number / length for number in numbers]).tolist()


def as_base64(vector, dtype):
    """Of the numbers' bytes, the lowest first, as the type has them."""
    form = {"float": "f", "int8": "b", "binary": "b"}.get(dtype, "B")
    return base64.b64encode(struct.pack(f"<{len(vector)}{form}", *vector)).decode()


def as_type(vector, dtype):
    """The vector as providers give it: whole numbers, packed bits, or the bytes of its floats."""
    if dtype == "float":
        return vector
    if dtype == "base64":
        return as_base64(vector, "float")
    if dtype in ("int8", "uint8"):
        most = max(abs(value) for value in vector) or 1
        numbers = [round(127 * value / most) for value in vector]
        return numbers if dtype == "int8" else [number + 128 for number in numbers]
    bits = [int(value > 0) for value in vector]
    octets = [int("".join(map(str, bits[i:i + 8])), 2) for i in range(0, len(bits), 8)]
    return octets if dtype == "ubinary" else [octet - 128 for octet in octets]


def words(texts):
    return sum(len(text.split()) for text in texts)


def read_json(raw, status=400):
    """The body's object; strict where Python's reader is not: no NaN, no name twice, UTF-8 only."""

    def members(pairs):
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a name appears twice")
        return dict(pairs)

    def constant(name):
        raise ValueError(f"{name} is not JSON")

    try:
        body = json.loads(raw.decode("utf-8"), object_pairs_hook=members, parse_constant=constant)
    except ValueError as error:
        raise Refusal(status, f"the body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise Refusal(status, "the body is not an object")
    return body


# --- checks: each returns a function of (value, name) ---


def wrong(name, reason, cause=None):
    return Refusal(None, f"{name} {reason}", cause)


def text(words_max=None, least=1):
    def check(value, name):
        if not isinstance(value, str):
            raise wrong(name, "is not a string")
        if len(value) < least:
            raise wrong(name, "is empty", "empty")
        if words_max and len(value.split()) > words_max:
            raise wrong(name, f"has more than {words_max} tokens", "long")
    return check


def whole(allowed):
    def check(value, name):
        if not isinstance(value, int) or isinstance(value, bool):
            raise wrong(name, "is not an integer")
        if value not in allowed:
            raise wrong(name, f"must not be {value}")
    return check


def flag(value, name):
    if not isinstance(value, bool):
        raise wrong(name, "is not a boolean")


def one_of(*values):
    def check(value, name):
        if not isinstance(value, str) or value not in values:
            raise wrong(name, f"is not one of {', '.join(values)}")
    return check


def nullable(check):
    return lambda value, name: None if value is None else check(value, name)


def listed(check, most, least=1):
    def check_list(value, name):
        if not isinstance(value, list):
            raise wrong(name, "is not a list")
        if len(value) < least:
            raise wrong(name, "is empty", "empty")
        if len(value) > most:
            raise wrong(name, f"has {len(value)} elements, more than {most}", "many")
        for i, element in enumerate(value):
            check(element, f"{name}[{i}]")
    return check_list


def text_or_list(most, words_max=None):
    """One text, or a list of texts. Lists of token numbers, which some take, are not served."""
    def check(value, name):
        if isinstance(value, list):
            return listed(text(words_max), most)(value, name)
        return text(words_max)(value, name)
    return check


def members(allowed, required):
    """An object with these members: name -> check; those in `required` must be there."""
    def check(value, name):
        if not isinstance(value, dict):
            raise wrong(name, "is not an object")
        for member in required:
            if member not in value:
                raise wrong(f"{name}.{member}".lstrip("."), "is missing", "missing")
        for member, content in value.items():
            if member not in allowed:
                raise wrong(f"{name}.{member}".lstrip("."), "is not known", "unknown")
            allowed[member](content, f"{name}.{member}".lstrip("."))
    return check
