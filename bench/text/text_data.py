"""Corpora and queries of the full-text benchmark (text_vs_lucene.py).

A corpus is a text file, a document a line, its tokens (lower case, letters and digits) parted by
blanks: `packages` are the descriptions of the package catalogue, `bigram` are documents drawn from
a bigram model of those. A query is a line "KIND<tab>tokens".
"""
import gzip
import json
import math
import random
import re
from pathlib import Path

import numpy as np

TOKEN = re.compile(r"[^\W_]+")
WORDS_MAX = 400  # of a drawn document; about 1 % would be longer


def tokens_of(text):
    return TOKEN.findall(text.lower())


def package_documents(shared):
    with gzip.open(Path(shared) / "data/packages/packages.jsonl.gz", "rt") as lines:
        return [tokens_of(json.loads(line)["description"]) for line in lines]


def write_packages(path, shared):
    with open(path, "w") as out:
        for document in package_documents(shared):
            out.write(" ".join(document) + "\n")


class BigramModel:
    """Follows a token by what followed one of its places, each place as likely as the others."""

    def __init__(self, documents):
        numbers = {}
        flat = []
        for document in documents:
            flat.append(0)  # the border between documents
            flat.extend(numbers.setdefault(token, len(numbers) + 1) for token in document)
        flat.append(0)
        flat = np.array(flat, dtype=np.int64)
        order = np.argsort(flat[:-1], kind="stable")
        self.words = np.array([""] + list(numbers), dtype=object)
        self.counts = np.bincount(flat[:-1], minlength=len(self.words))
        self.starts = np.concatenate([[0], np.cumsum(self.counts)[:-1]])
        self.followers = flat[1:][order]

    def draw(self, count, rng):
        rows, tokens = [], []
        active = np.arange(count)
        current = np.zeros(count, dtype=np.int64)
        for _ in range(WORDS_MAX):
            place = self.starts[current] + (rng.random(len(current)) * self.counts[current]).astype(
                np.int64)
            current = self.followers[place]
            active, current = active[current != 0], current[current != 0]
            rows.append(active)
            tokens.append(current)
            if len(active) == 0:
                break
        rows, tokens = np.concatenate(rows), np.concatenate(tokens)
        tokens = tokens[np.argsort(rows, kind="stable")]
        ends = np.cumsum(np.bincount(rows, minlength=count))
        words = self.words[tokens]
        begin = 0
        for end in ends:
            yield " ".join(words[begin:end])
            begin = end


def write_bigram(path, shared, count, seed=1):
    model = BigramModel(package_documents(shared))
    rng = np.random.default_rng(seed)
    with open(path, "w") as out:
        for begin in range(0, count, 50000):
            for line in model.draw(min(50000, count - begin), rng):
                out.write(line + "\n")


def write_cranfield(path, queries, shared):
    folder = Path(shared) / "data/cranfield"
    with open(folder / "docs.jsonl") as lines, open(path, "w") as out:
        for line in lines:
            document = json.loads(line)
            out.write(" ".join(tokens_of(document["title"] + " " + document["text"])) + "\n")
    with open(folder / "queries.jsonl") as lines, open(queries, "w") as out:
        for line in lines:
            out.write("union\t" + " ".join(tokens_of(json.loads(line)["text"])) + "\n")


def cranfield_ndcg(answers, shared):
    """Mean nDCG@10 of answers `row:score ...`, a line a query; a judgement above 0 is relevant."""
    folder = Path(shared) / "data/cranfield"
    with open(folder / "docs.jsonl") as lines:
        documents = [str(json.loads(line)["id"]) for line in lines]
    with open(folder / "queries.jsonl") as lines:
        queries = [str(json.loads(line)["id"]) for line in lines]
    relevant = {}
    for line in (folder / "qrels.tsv").read_text().split("\n")[0:]:
        parts = line.split("\t")
        if len(parts) >= 3 and parts[2].strip().lstrip("-").isdigit() and int(parts[2]) > 0:
            relevant.setdefault(parts[0], set()).add(parts[1])
    total = 0.0
    for query, line in zip(queries, Path(answers).read_text().split("\n")):
        good = relevant.get(query, set())
        found = [documents[int(hit.split(":")[0])] for hit in line.split()][:10]
        gain = sum(1 / math.log2(i + 2) for i, row in enumerate(found) if row in good)
        best = sum(1 / math.log2(i + 2) for i in range(min(10, len(good))))
        total += gain / best if best else 0
    return total / len(queries)


def write_queries(path, shared, count=500, seed=7):
    rng = random.Random(seed)
    documents = [d for d in package_documents(shared) if len(d) >= 8]
    with open(Path(shared) / "data/packages/queries.jsonl") as lines:
        texts = [tokens_of(json.loads(line)["text"]) for line in lines]
    with open(path, "w") as out:
        def write(kind, words):
            out.write(kind + "\t" + " ".join(words) + "\n")
        for words in texts[:count]:
            write("union", words)
            write("count_union", words)
        for words in rng.sample(texts, count):
            start = rng.randrange(max(1, len(words) - 2))
            write("union_short", words[start:start + rng.choice([2, 3])])
        for _ in range(count):
            document = rng.choice(documents)
            words = rng.sample(sorted(set(document)), min(len(set(document)), rng.choice([2, 3])))
            write("intersection", words)
            write("count_intersection", words)
        for _ in range(count):
            document = rng.choice(documents)
            length = rng.choice([2, 3])
            start = rng.randrange(len(document) - length + 1)
            write("phrase", document[start:start + length])
            write("count_phrase", document[start:start + length])
