"""BM25 written out over whole documents, and texts to try it on."""

import math
import random
import re
from collections import Counter


def words(text):
    return re.findall(r"[a-z0-9]+", text.lower())


def random_texts(count, seed, vocabulary=300, length=40):
    """Texts in which few words are frequent and most are rare; some are empty."""
    rng = random.Random(seed)
    pick = [f"w{int(vocabulary * rng.random() ** 3)}" for _ in range(5000)]
    return [" ".join(rng.choice(pick) for _ in range(rng.randrange(length))) for _ in range(count)]


class Bm25:
    """Statistics over all texts given; scores after Robertson and Zaragoza, with k1 + 1 above."""

    def __init__(self, texts, k1=1.2, b=0.75):
        self.documents = {key: Counter(words(text)) for key, text in texts.items()}
        self.k1, self.b = k1, b
        lengths = [sum(counts.values()) for counts in self.documents.values() if counts]
        self.count = len(lengths)
        self.average = sum(lengths) / len(lengths) if lengths else 1
        self.holders = Counter(word for counts in self.documents.values() for word in counts)

    def score(self, query, key):
        counts = self.documents[key]
        length = sum(counts.values())
        total = 0.0
        for word, times in Counter(words(query)).items():
            if word in counts:
                n = self.holders[word]
                idf = math.log(1 + (self.count - n + 0.5) / (n + 0.5))
                tf = counts[word]
                total += times * idf * tf * (self.k1 + 1) / (
                    tf + self.k1 * (1 - self.b + self.b * length / self.average))
        return total

    def best(self, query, limit, keys=None):
        scored = [(self.score(query, key), key) for key in (self.documents if keys is None else keys)]
        return sorted(((s, k) for s, k in scored if s > 0), key=lambda hit: (-hit[0], hit[1]))[:limit]


def check(hits, model, query, limit, keys=None):
    """The hits are the model's best: same scores place by place, and each hit has its own score."""
    best = model.best(query, limit, keys)
    assert len(hits) == len(best), (len(hits), len(best))
    for hit, (score, _) in zip(hits, best):
        assert math.isclose(hit["distance"], score, rel_tol=1e-4, abs_tol=1e-4), (hit, score)
        assert math.isclose(hit["distance"], model.score(query, hit["id"]), rel_tol=1e-4, abs_tol=1e-4)
    assert [hit["distance"] for hit in hits] == sorted((hit["distance"] for hit in hits), reverse=True)
    assert len({hit["id"] for hit in hits}) == len(hits)
