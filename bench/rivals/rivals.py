#!/usr/bin/env python3
"""Our HNSW beside the index libraries of PyPI on the same files: recall against queries a second.

    rivals.py DATA --session ../../build/release/bench/ivf_session --metric cosine|l2 --out OUT
              [--k 10] [--rounds 3] [--threads 2] [--core 1] [--peers "elanus HNSW,hnswlib"]

DATA holds base.npy, queries.npy and gt.npy. Every library lives in a process of its own, built one after the other
with --threads threads; then every round asks each of them in turn for every point of its ladder, on one core and one
thread. A point's speed is queries a second of processor time, the median over the rounds, by the faster of one query
a call and all queries in one call where the library has such a call (ours is asked one query a call). Writes OUT.json,
OUT.png and a table to standard output: the speed at recall .95 and .99, interpolated between points.
"""
import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
import numpy as np  # noqa: E402 (after the limits on threads)
from peers import PEERS, Elanus  # noqa: E402

TARGETS = (0.95, 0.99)


class Files:
    def __init__(self, a):
        folder = pathlib.Path(a.data)
        self.base, self.queries, self.k = str(folder / "base.npy"), str(folder / "queries.npy"), a.k
        self.truth = np.load(folder / "gt.npy")[:, :a.k]

    def rows(self, metric):
        base = np.array(np.load(self.base, mmap_mode="r"), dtype=np.float32)  # some libraries write into it
        if metric == "ip":
            base /= np.linalg.norm(base, axis=1, keepdims=True)
        return base


def recall(found, truth):
    hits = sum(len(set(map(int, f)) & set(map(int, t))) for f, t in zip(found, truth))
    return hits / truth.size


def seconds_of(call):
    start = time.process_time()
    found = call()
    return time.process_time() - start, found


def measure(peer, queries, truth):
    """Recall, and seconds of processor time for all queries."""
    if isinstance(peer, Elanus):
        seconds, found = peer.answer(len(queries))
        return recall(found, truth), seconds
    seconds, found = seconds_of(lambda: [peer.one(query) for query in queries])
    if peer.has_batch:
        seconds = min(seconds, seconds_of(lambda: peer.batch(queries))[0])
    return recall(found, truth), seconds


def worker(a):
    """Builds, says so, then answers a knob a line."""
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # libraries that print must not be taken for replies
    files = Files(a)
    metric = "l2" if a.metric == "l2" else "ip"
    dim = np.load(files.base, mmap_mode="r").shape[1]
    queries = np.ascontiguousarray(np.load(files.queries), dtype=np.float32)
    peer = PEERS[a.worker](dim, metric)
    rows = files if isinstance(peer, Elanus) else files.rows(metric)
    start, processor = time.perf_counter(), time.process_time()
    peer.build(rows, a.threads)
    spent = peer.processor_seconds() if isinstance(peer, Elanus) else time.process_time() - processor
    print(json.dumps({"build_s": time.perf_counter() - start, "knobs": peer.knobs(a.k), "build_cpu_s": spent}),
          file=replies, flush=True)
    os.sched_setaffinity(0, {a.core})
    if isinstance(peer, Elanus):
        os.sched_setaffinity(peer.process.pid, {a.core})
    for line in sys.stdin:
        peer.set(int(line), a.k)
        found, seconds = measure(peer, queries, files.truth)
        print(json.dumps({"recall": found, "qps": len(queries) / seconds}), file=replies, flush=True)


def start_peer(a, name):
    command = [sys.executable, __file__, a.data, "--worker", name, "--metric", a.metric, "--k", str(a.k),
               "--threads", str(a.threads), "--core", str(a.core)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               stderr=open(f"{a.out}.{name.replace(' ', '_')}.log", "w"),
                               env=os.environ | {"ELANUS_SESSION": a.session or ""})
    line = process.stdout.readline()
    if not line:
        print(f"{name}: did not start, see its log", file=sys.stderr)
        return None, None
    built = json.loads(line)
    print(f"{name}: built in {built['build_s']:.1f} s", file=sys.stderr, flush=True)
    return process, built | {"points": {}}


def ask(process, knob):
    print(knob, file=process.stdin, flush=True)
    line = process.stdout.readline()
    return json.loads(line) if line else None


def run_round(peers, results):
    for name, process in list(peers.items()):
        for knob in results[name]["knobs"]:
            answer = ask(process, knob)
            if answer is None:
                print(f"{name}: died", file=sys.stderr)
                del peers[name]
                break
            point = results[name]["points"].setdefault(knob, {"recall": answer["recall"], "qps": []})
            point["qps"].append(answer["qps"])
            if answer["recall"] >= 0.998:
                break  # more costs time and tells nothing


def curve(result):
    """(recall, queries a second), by recall."""
    points = [(point["recall"], statistics.median(point["qps"])) for point in result["points"].values()]
    return sorted(points)


def at_recall(points, target):
    """Queries a second at the target, interpolated in their logarithm; None where it is not reached."""
    best = None
    for (low, slow), (high, fast) in zip(points, points[1:]):
        if low < target <= high:
            share = (target - low) / (high - low)
            speed = math.exp(math.log(slow) * (1 - share) + math.log(fast) * share)
            best = max(best or 0, speed)
    if best is None and points and points[0][0] >= target:
        best = points[0][1]
    return best


def print_table(results):
    ours = {target: at_recall(curve(results.get("elanus HNSW", {"points": {}})), target) for target in TARGETS}
    print("| library | build, CPU s | QPS at .95 | ours over it | QPS at .99 | ours over it |")
    print("|---|---|---|---|---|---|")
    for name, result in sorted(results.items(), key=lambda item: -(at_recall(curve(item[1]), 0.95) or 0)):
        cells = []
        for target in TARGETS:
            speed = at_recall(curve(result), target)
            cells.append(f"{speed:,.0f}" if speed else "not reached")
            cells.append(f"{ours[target] / speed:.2f}" if speed and ours[target] else "")
        print(f"| {name} | {result['build_cpu_s']:.1f} | {' | '.join(cells)} |")


def plot(results, a):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    figure, axes = pyplot.subplots(figsize=(9, 6))
    for name, result in results.items():
        points = [point for point in curve(result) if point[0] >= 0.8]
        if points:
            axes.plot(*zip(*points), marker="o", markersize=3, label=name, linewidth=2.5 if "elanus" in name else 1)
    axes.set_yscale("log")
    axes.set_xlabel(f"recall@{a.k}")
    axes.set_ylabel("queries a second of one core")
    axes.set_title(f"{pathlib.Path(a.data).name}, {a.metric}, {time.strftime('%Y-%m-%d')}")
    axes.grid(True, which="both", alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(a.out + ".png", dpi=110, bbox_inches="tight")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("data")
    parser.add_argument("--session")
    parser.add_argument("--metric", choices=["cosine", "l2"], default="cosine")
    parser.add_argument("--out", default="rivals")
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--core", type=int, default=1)
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--worker")
    a = parser.parse_args()
    if a.worker:
        return worker(a)
    peers, results = {}, {}
    for name in a.peers.split(","):
        process, result = start_peer(a, name)
        if process is not None:
            peers[name], results[name] = process, result
    for round_number in range(a.rounds):
        run_round(peers, results)
        print(f"round {round_number + 1} of {a.rounds}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
        pathlib.Path(a.out + ".json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    for process in peers.values():
        process.stdin.close()
    print_table(results)
    plot(results, a)


if __name__ == "__main__":
    main()
