"""text_match and phrase_match answer the same from growing rows, which are scanned, and from sealed
segments, whose text index answers; and both as the words say."""

import random
import re
import time

from oracle import random_vectors
from pymilvus import DataType
from rows import create, insert_in_batches, simple_schema

ROWS, DIM = 3000, 4
WORDS = ["the", "The", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "Zürich", "x1"]


def make_text(dice):
    if dice.random() < 0.1:
        return None
    return "".join(dice.choice(WORDS) + dice.choice([" ", ", ", " - "]) for _ in range(dice.randrange(14)))


def tokens_of(text):
    return [] if text is None else re.findall(r"[^\W_]+", text.lower())


def matches(text, query, least):
    return len(set(tokens_of(query)) & set(tokens_of(text))) >= least


def has_phrase(text, phrase):
    tokens, wanted = tokens_of(text), tokens_of(phrase)
    return any(tokens[i:i + len(wanted)] == wanted for i in range(len(tokens) - len(wanted) + 1))


def texts_schema():
    made = simple_schema(dim=DIM)
    made.add_field("t", DataType.VARCHAR, max_length=400, nullable=True, enable_analyzer=True,
                   enable_match=True)
    return made


def text_rows():
    dice = random.Random(5)
    vectors = random_vectors(ROWS, DIM, seed=3)
    return [{"id": i, "vector": vectors[i].tolist(), "t": make_text(dice)} for i in range(ROWS)]


def ids_of(client, name, filter):
    return sorted(row["id"] for row in client.query(name, filter=filter, output_fields=["id"],
                                                    consistency_level="Strong", limit=ROWS))


def check_all(client, name, rows):
    for query in ["fox", "quick lazy", "zürich x1 dog", "nowhere", "nowhere fox", "THE"]:
        for least in (1, 2, 3):
            filter = f"text_match(t, '{query}', minimum_should_match={least})"
            assert ids_of(client, name, filter) == [
                row["id"] for row in rows if row["t"] is not None and matches(row["t"], query, least)], filter
    for phrase in ["quick brown", "the lazy", "fox", "dog the dog", "brown fox jumps", "over nowhere"]:
        filter = f"phrase_match(t, '{phrase}')"
        assert ids_of(client, name, filter) == [
            row["id"] for row in rows if row["t"] is not None and has_phrase(row["t"], phrase)], filter
    filter = "not text_match(t, 'fox') and id < 500"
    assert ids_of(client, name, filter) == [
        row["id"] for row in rows if row["id"] < 500 and row["t"] is not None and not matches(row["t"], "fox", 1)]


def test_texts_match_before_and_after_they_are_sealed(client, name):
    create(client, name, texts_schema())
    rows = text_rows()
    half = rows[:ROWS // 2]
    insert_in_batches(client, name, half)
    check_all(client, name, half)
    with_slop = {slop: ids_of(client, name, f"phrase_match(t, 'fox dog', {slop})") for slop in (1, 2, 5)}
    assert len(with_slop[1]) < len(with_slop[2]) < len(with_slop[5])
    client.flush(name)
    check_all(client, name, half)
    for slop, expected in with_slop.items():
        assert ids_of(client, name, f"phrase_match(t, 'fox dog', {slop})") == expected
    insert_in_batches(client, name, rows[ROWS // 2:])
    check_all(client, name, rows)  # a sealed segment and a growing one
    client.delete(name, ids=list(range(0, ROWS, 3)))
    check_all(client, name, [row for row in rows if row["id"] % 3 != 0])


def test_a_profile_names_the_text_index(client, name):
    create(client, name, texts_schema())
    insert_in_batches(client, name, text_rows())
    client.flush(name)
    deadline = time.monotonic() + 60
    profile = ""
    while "TEXT(t)" not in profile:  # it is built after the flush
        assert time.monotonic() < deadline, profile
        found = client.query(name, filter="text_match(t, 'x1 dog')", output_fields=["id", "$profile"])
        profile = found[0]["$profile"]
