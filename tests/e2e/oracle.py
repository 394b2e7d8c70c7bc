"""What the answers should be, by numpy: distances in Milvus' sense and the exact nearest rows."""

import numpy as np


def random_vectors(count, dim, seed=7):
    return np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)


def distances(queries, vectors, metric):
    """L2 is squared and grows with distance; IP and COSINE grow with likeness."""
    queries, vectors = np.asarray(queries, np.float64), np.asarray(vectors, np.float64)
    if metric == "COSINE":
        queries = queries / np.linalg.norm(queries, axis=1, keepdims=True)
        vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    products = queries @ vectors.T
    if metric != "L2":
        return products
    return (queries**2).sum(1)[:, None] - 2 * products + (vectors**2).sum(1)[None, :]


def nearest(query, vectors, metric, k, keep=None):
    """Row numbers of the k best, best first, and their distances."""
    scores = distances([query], vectors, metric)[0]
    rows = np.arange(len(vectors)) if keep is None else np.flatnonzero(keep)
    order = np.argsort(scores[rows] if metric == "L2" else -scores[rows], kind="stable")[:k]
    return rows[order].tolist(), scores[rows[order]].tolist()


def recall(found, truth):
    """Share of the true neighbours that were found, over all queries."""
    hits = sum(len(set(f) & set(t)) for f, t in zip(found, truth, strict=True))
    return hits / sum(len(t) for t in truth)


def ids(result):
    return [[hit["id"] for hit in hits] for hits in result]


def scores(result):
    return [[hit["distance"] for hit in hits] for hits in result]
