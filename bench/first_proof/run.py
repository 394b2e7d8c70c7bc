#!/usr/bin/env python3
"""Interleaves first_proof (its two forms and hnswlib) with rabitqlib's SymphonyQG on the same data.

    run.py PROGRAM FOLDER METRIC OUT.json [--rounds 7] [--core 1] [key=value ... for first_proof]

Every round times every point once, one after the other, on one core; what is reported is the median
over the rounds of each figure, and of its ratio to hnswlib's and SymphonyQG's best of that round at
the same recall (interpolated in log QPS over recall). Both sides are timed inside of one call over
all queries: first_proof in its own loop, SymphonyQG through its batch call.
"""
import argparse
import json
import math
import os
import statistics
import subprocess
import time

import numpy as np

TARGETS = (0.95, 0.99)


class Program:
    def __init__(self, a):
        self.process = subprocess.Popen(
            [a.program, a.folder, a.metric, *a.options], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, preexec_fn=lambda: os.sched_setaffinity(0, {a.core}))
        assert json.loads(self.process.stdout.readline())["ready"]

    def time(self, form, pool, k, rerank, starts, repeats):
        print(form, pool, k, rerank, starts, repeats, file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())


class SymphonyQG:
    def __init__(self, folder, metric, bits):
        import rabitqlib
        base = np.array(np.load(folder + "/base.npy", mmap_mode="r"), dtype=np.float32)
        self.queries = np.ascontiguousarray(np.load(folder + "/queries.npy"), dtype=np.float32)
        self.truth = np.load(folder + "/gt.npy")
        if metric == "cosine":
            base /= np.linalg.norm(base, axis=1, keepdims=True)
        self.index = rabitqlib.SymqgIndex(base.shape[1], 32, "ip" if metric == "cosine" else "l2", bits)
        start = time.process_time()
        self.index.build(base, 200, 1)
        self.build_s = time.process_time() - start

    def time(self, pool, k, repeats):
        start = time.perf_counter()
        for _ in range(repeats):
            found = self.index.search_batch(self.queries, k, pool, 1)[0]
        seconds = (time.perf_counter() - start) / repeats
        hits = sum(len(set(map(int, f)) & set(map(int, t[:k]))) for f, t in zip(found, self.truth))
        return {"recall": hits / len(found) / k, "qps": len(found) / seconds}


def at_recall(points, target):
    """QPS at `target`, interpolated between the neighbouring points; None when not reached."""
    points = sorted(points, key=lambda p: p["recall"])
    best = None
    for low, high in zip(points, points[1:]):
        if low["recall"] <= target <= high["recall"] and low["recall"] < high["recall"]:
            share = (target - low["recall"]) / (high["recall"] - low["recall"])
            best = math.exp(math.log(low["qps"]) * (1 - share) + math.log(high["qps"]) * share)
    return best


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("program"), p.add_argument("folder"), p.add_argument("metric"), p.add_argument("out")
    p.add_argument("options", nargs="*")
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--core", type=int, default=1)
    p.add_argument("--k", type=int, default=10)
    p.add_argument("--fast", default="20,28,40,64,96,128,192,256,384,512,768")
    p.add_argument("--lean", default="24,32,48,64,96,128,192,256,384")
    p.add_argument("--hnsw", default="32,48,64,96,128,192,256,384,512")
    p.add_argument("--symqg", default="40,48,64,96,128,192,256,384,512,768,1024")
    p.add_argument("--rerank", type=int, default=20)
    p.add_argument("--no-symqg", action="store_true")
    a = p.parse_intermixed_args()
    program = Program(a)
    os.sched_setaffinity(0, {a.core})
    rivals = {} if a.no_symqg else {"symqg": SymphonyQG(a.folder, a.metric, 0),
                                    "symqg8": SymphonyQG(a.folder, a.metric, 8)}
    build = {name: rival.build_s for name, rival in rivals.items()}
    pools = {form: list(map(int, getattr(a, form).split(","))) for form in ("fast", "lean", "hnsw")}
    rounds = []
    for turn in range(a.rounds):
        seen = {}
        for form, sizes in pools.items():
            program.time(form, max(sizes[0], a.k), a.k, a.rerank, 3, 1)  # the caches are another's
            seen[form] = [dict(program.time(form, pool, a.k, a.rerank, 3, 1), pool=pool)
                          for pool in sizes if pool >= a.k]
        for name, rival in rivals.items():
            rival.time(64, a.k, 1)
            seen[name] = [dict(rival.time(pool, a.k, 1), pool=pool)
                          for pool in map(int, a.symqg.split(",")) if pool >= a.k]
        if turn > 0:  # the first one warms up
            rounds.append(seen)
        print("round", turn, "load", os.getloadavg()[0], flush=True)
    out = {"build_cpu_s": build, "points": {}, "at": {}}
    for form in rounds[0]:
        out["points"][form] = []
        for i, point in enumerate(rounds[0][form]):
            merged = dict(point, qps=statistics.median(r[form][i]["qps"] for r in rounds))
            out["points"][form].append(merged)
            print(form, {key: round(value, 4) for key, value in merged.items() if key != "cpu_qps"})
    for target in TARGETS:
        for form in rounds[0]:
            values = [at_recall(r[form], target) for r in rounds]
            if None in values:
                continue
            entry = {"qps": statistics.median(values)}
            for other in ("hnsw", "symqg", "symqg8"):
                theirs = [at_recall(r[other], target) for r in rounds] if other in rounds[0] else [None]
                if None not in theirs:
                    entry["over_" + other] = statistics.median(v / t for v, t in zip(values, theirs))
            out["at"].setdefault(str(target), {})[form] = entry
            print(target, form, {key: round(value, 2) for key, value in entry.items()})
    json.dump(out, open(a.out, "w"), indent=1)


if __name__ == "__main__":
    main()
