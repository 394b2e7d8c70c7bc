"""FLAT with many queries a call beside OpenBLAS' sgemm of the same shapes and a plain loop of
multiply-adds: one thread, in turn, in processor time.

    ninja -C build/release batch_session
    OPENBLAS_NUM_THREADS=1 python bench/batch_vs_openblas.py --base B.npy --queries Q.npy
        --metric ip|cosine|l2 [--rows 20000] [--nq 1000] [--k 10] [--rounds 7]

numpy must be one that is built with OpenBLAS; OPENBLAS_CORETYPE picks its kernels. Ours is the whole
search with the collection of the best; sgemm is the products alone, without even the norms of L2.
Prints medians of the rounds in GFLOP/s (two operations a value) and the ratio of each round.
"""

import argparse
import statistics
import subprocess
import time

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--program", default="build/release/bench/batch_session")
parser.add_argument("--base", required=True)
parser.add_argument("--queries", required=True)
parser.add_argument("--metric", default="ip")
parser.add_argument("--rows", type=int, default=20000)
parser.add_argument("--nq", type=int, default=1000)
parser.add_argument("--k", type=int, default=10)
parser.add_argument("--rounds", type=int, default=7)
args = parser.parse_args()

base = np.ascontiguousarray(np.load(args.base, mmap_mode="r")[: args.rows], dtype=np.float32)
queries = np.load(args.queries).astype(np.float32)
queries = np.ascontiguousarray(queries[np.arange(args.nq) % len(queries)])
out = np.empty((args.nq, args.rows), dtype=np.float32)
session = subprocess.Popen(
    [args.program, args.base, args.queries, args.metric, str(args.k), str(args.rows), str(args.nq)],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(line):
    session.stdin.write(line + "\n")
    session.stdin.flush()
    return session.stdout.readline().split()


def rate(line):
    seconds, operations = map(float, ask(line))
    return operations / seconds / 1e9


def sgemm():
    begin = time.thread_time()
    np.matmul(queries, base.T, out=out)
    return 2 * args.nq * args.rows * base.shape[1] / (time.thread_time() - begin) / 1e9


print("answers that differ from one query a call:", ask("check")[0])
sgemm()
sides = {"peak": lambda: rate("peak"), "sgemm": sgemm, "batch": lambda: rate("batch"),
         "single": lambda: rate("single")}
rounds = [{name: side() for name, side in sides.items()} for _ in range(args.rounds)]
for name in sides:
    print(f"{name:7} {statistics.median(r[name] for r in rounds):7.1f} GFLOP/s")
ratios = [r["batch"] / max(r["peak"], r["sgemm"]) for r in rounds]
print(f"batch over the better of peak and sgemm: {statistics.median(ratios):.3f} "
      f"({min(ratios):.3f} to {max(ratios):.3f}); over sgemm: "
      f"{statistics.median(r['batch'] / r['sgemm'] for r in rounds):.3f}; over single: "
      f"{statistics.median(r['batch'] / r['single'] for r in rounds):.2f}")
