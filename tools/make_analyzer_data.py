#!/usr/bin/env python3
"""Writes the data that src/analyzer/embedded_data.cc reads, from the packages that have it.

    make_analyzer_data.py JIEBA_FOLDER PINYIN_DICT_GO OUTPUT

JIEBA_FOLDER is the Python package jieba (Debian's python3-jieba): its dictionary and hidden Markov
model. PINYIN_DICT_GO is pinyin_dict.go of mozillazg/go-pinyin (Debian's
golang-github-mozillazg-go-pinyin-dev): the Mandarin readings of Han characters.
"""

import array
import re
import runpy
import struct
import sys
import unicodedata
from pathlib import Path

MAGIC = 0x31444145
STATES = "BMES"
MIN_LOG = -3.14e100  # jieba's logarithm of an impossible event
TONES = "\u0300\u0301\u0304\u030c"


class Blob:
    def __init__(self, header_bytes):
        self.parts = [bytes(header_bytes)]
        self.size = header_bytes

    def add(self, data):
        """Appends bytes at the next multiple of 8; their offset."""
        self.parts.append(bytes(-self.size % 8))
        self.size += -self.size % 8
        offset = self.size
        self.parts.append(data)
        self.size += len(data)
        return offset


def read_words(path):
    words = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        word, frequency, *_ = line.split(" ")
        words[word] = int(frequency)
    assert all(ord(c) < 0x10000 for word in words for c in word)
    return words


def make_trie(words):
    """Level by level; each node is a prefix, in the order of its text within the level."""
    levels = {0: {""}}
    for word in words:
        for length in range(1, len(word) + 1):
            levels.setdefault(length, set()).add(word[:length])
    order = []
    for length in sorted(levels):
        order += sorted(levels[length])
    children = {}
    for prefix in order[1:]:
        children[prefix[:-1]] = children.get(prefix[:-1], 0) + 1
    first_child = array.array("I", [1])
    for prefix in order:
        first_child.append(first_child[-1] + children.get(prefix, 0))
    label = array.array("H", [ord(prefix[-1]) if prefix else 0 for prefix in order])
    frequency = array.array("I", [words.get(prefix, 0) for prefix in order])
    return first_child, label, frequency


def read_model(folder):
    def load(name):
        return runpy.run_path(str(folder / f"{name}.py"))["P"]
    emission = load("prob_emit")
    start = load("prob_start")
    transition = load("prob_trans")
    codes = [ord(c) for state in STATES for c in emission[state]]
    first, last = min(codes), max(codes)
    table = array.array("d")
    for state in STATES:
        table.extend(emission[state].get(chr(code), MIN_LOG) for code in range(first, last + 1))
    starts = array.array("d", [start[state] for state in STATES])
    moves = array.array("d", [transition[a].get(b, MIN_LOG) for a in STATES for b in STATES])
    return first, last - first + 1, table, starts, moves


def without_tone(syllable):
    letters = unicodedata.normalize("NFD", syllable)
    return unicodedata.normalize("NFC", "".join(c for c in letters if c not in TONES))


def read_pinyin(path):
    readings = {}
    for code, syllables in re.findall(r'0x([0-9A-Fa-f]+): "([^"]+)"', path.read_text(encoding="utf-8")):
        readings[int(code, 16)] = without_tone(syllables.split(",")[0])
    syllables = [""] + sorted(set(readings.values()))  # number 0 is no reading
    number = {syllable: i for i, syllable in enumerate(syllables)}
    first, last = min(readings), max(readings)
    of_code = array.array("H", [number.get(readings.get(code, ""), 0) for code in range(first, last + 1)])
    offsets = array.array("I", [0])
    text = b""
    for syllable in syllables:
        text += syllable.encode()
        offsets.append(len(text))
    return first, of_code, offsets, text, len(syllables)


def main():
    jieba, pinyin, output = map(Path, sys.argv[1:4])
    words = read_words(jieba / "dict.txt")
    first_child, label, frequency = make_trie(words)
    emission_first, emission_count, emission, start, moves = read_model(jieba / "finalseg")
    pinyin_first, of_code, offsets, text, syllables = read_pinyin(pinyin)
    header = struct.Struct("<IIQIIIIIIQQQQQQQQQ")
    blob = Blob(header.size)
    places = [blob.add(part.tobytes() if isinstance(part, array.array) else part) for part in
              (first_child, label, frequency, emission, start, moves, of_code, offsets, text)]
    blob.parts[0] = header.pack(MAGIC, len(label), sum(words.values()), emission_first, emission_count,
                                pinyin_first, len(of_code), syllables, 0, *places)
    output.write_bytes(b"".join(blob.parts))


if __name__ == "__main__":
    main()
