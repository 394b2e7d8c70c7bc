"""Ranking as Milvus means it, in plain Python: lists by score and key, their fusion, rerankers, groups.

Arithmetic is in 32-bit floats where the server's is, so that ties are the same. Nothing here knows
how the server does it.
"""

import math

import numpy as np

f32 = np.float32
DISTANCES = {"L2", "HAMMING", "JACCARD"}


def exact_score(metric, query, vector):
    """Of whole numbers (binary vectors as bits): exact in 32 bits."""
    query, vector = np.asarray(query, np.int64), np.asarray(vector, np.int64)
    if metric == "L2":
        return f32(((query - vector) ** 2).sum())
    if metric == "IP":
        return f32((query * vector).sum())
    if metric == "HAMMING":
        return f32((query != vector).sum())
    raise ValueError(metric)


def ranked(metric, query, rows, vector_of, limit, keep=lambda row: True):
    """[(id, score)] of the best rows; rows are dicts with an id. A null vector is no hit."""
    hits = [(row["id"], exact_score(metric, query, vector_of(row))) for row in rows
            if keep(row) and vector_of(row) is not None]
    hits.sort(key=lambda hit: (hit[1] if metric in DISTANCES else -hit[1], hit[0]))
    return hits[:limit]


def turned(score):
    return f32(1) - f32(2) * f32(math.atan(float(score))) / f32(math.pi)


def normalized(metric, score):
    if metric in DISTANCES:
        return turned(score)
    if metric == "COSINE":
        return (f32(1) + score) * f32(0.5)
    if metric == "BM25":
        return f32(2) * f32(math.atan(float(score))) / f32(math.pi)
    return f32(0.5) + f32(math.atan(float(score))) / f32(math.pi)


def in_order(scores, ascending=False):
    return sorted(scores.items(), key=lambda item: (item[1] if ascending else -item[1], item[0]))


def rrf(lists, k=60):
    scores = {}
    for hits in lists:
        for rank, (key, _) in enumerate(hits, start=1):
            share = f32(1.0 / (k + rank))
            scores[key] = scores[key] + share if key in scores else share
    return in_order(scores)


def directions(metrics, norm, up=False):
    """How the scores of each list are mapped, and whether the smallest fused score is the best."""
    far = [metric in DISTANCES for metric in metrics]
    if norm:
        return [lambda s, m=metric: normalized(m, s) for metric in metrics], False
    if up or (any(far) and not all(far)):
        return [turned if is_far else (lambda s: s) for is_far in far], False
    return [lambda s: s for _ in metrics], all(far)


def weighted(lists, metrics, weights, norm=False):
    maps, ascending = directions(metrics, norm)
    scores = {}
    for hits, mapped, weight in zip(lists, maps, weights, strict=True):
        for key, score in hits:
            share = f32(weight) * mapped(score)
            scores[key] = scores[key] + share if key in scores else share
    return in_order(scores, ascending)


def combined(lists, metrics, mode="max", norm=False):
    """Scores of the rows of several lists, larger is better: what decay and models start from."""
    maps, _ = directions(metrics, norm, up=True)
    found = {}
    for hits, mapped in zip(lists, maps, strict=True):
        for key, score in hits:
            found.setdefault(key, []).append(mapped(score))
    merged = {}
    for key, parts in found.items():
        total = parts[0]
        for part in parts[1:]:
            total = max(total, part) if mode == "max" else total + part
        merged[key] = total / f32(len(parts)) if mode == "avg" else total
    return merged


def decay_factor(function, value, origin, scale, offset=0.0, decay=0.5):
    distance = max(0.0, abs(value - origin) - offset)
    if function == "gauss":
        return math.exp(math.log(decay) * (distance / scale) ** 2)
    if function == "exp":
        return math.exp(math.log(decay) * distance / scale)
    return max(decay, 1 - (1 - decay) * distance / scale)


def decayed(scores, values, **curve):
    """`values` by key; a row without a value comes last and shows 0."""
    have = {key: score * f32(decay_factor(value=values[key], **curve))
            for key, score in scores.items() if values[key] is not None}
    return in_order(have) + [(key, f32(0)) for key in sorted(set(scores) - set(have))]


def boosted(hits, metric, rows, functions, boost_mode="multiply", function_mode="multiply"):
    """`functions`: [(keep, weight)]; hits of one segment, in its order."""
    def merge(mode, a, b):
        return a + b if mode == "sum" else a * b

    scores = {}
    for key, score in hits:
        value = None
        for keep, weight in functions:
            if keep(rows[key]):
                value = f32(weight) if value is None else merge(function_mode, value, f32(weight))
        scores[key] = score if value is None else merge(boost_mode, score, value)
    return in_order(scores, metric in DISTANCES)


def grouped_list(hits, group_of, size, groups, strict=False):
    """A list of a grouped search: hits best first up to the first one of the last group, at most
    `size` of a group; strict: all of the groups found."""
    counts, kept = {}, []
    for key, score in hits:
        if len(counts) >= groups:
            break
        if counts.get(group_of(key), 0) < size:
            counts[group_of(key)] = counts.get(group_of(key), 0) + 1
            kept.append((key, score))
    if not strict:
        return kept
    left = {group: size for group in counts}
    whole = []
    for key, score in hits:
        if left.get(group_of(key), 0) > 0:
            left[group_of(key)] -= 1
            whole.append((key, score))
    return whole


def grouped(hits, group_of, size, limit, offset=0, scorer="max", ascending=False):
    """Hits in order to the rows of the groups of one page, group after group."""
    groups = {}
    for key, score in hits:
        group = groups.setdefault(group_of(key), [])
        if len(group) < size:
            group.append((key, score))

    def score_of(group):
        scores = [score for _, score in group]
        if scorer == "max":
            return scores[0]
        total = scores[0]
        for score in scores[1:]:
            total = total + score
        return total if scorer == "sum" else total / f32(len(scores))

    order = sorted(groups.values(), key=lambda group: score_of(group) if ascending else -score_of(group))
    return [hit for group in order[offset:offset + limit] for hit in group]


def rounded(score, digits):
    return float(score) if digits < 0 else float(f32(math.floor(float(score) * 10**digits + 0.5) / 10**digits))
