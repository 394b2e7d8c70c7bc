"""Inverted files beside faiss' and ScaNN's own, with the same parameters on the same vectors.

    python ivf_rivals.py --session ../build/release/bench/ivf_session --data DIR --metric cosine [--nlist 1024]
        [--only IVF_FLAT,SCANN] [--probes 4,16,64] [--rounds 7]

DIR holds base.npy, queries.npy and gt.npy. Each side answers all queries on one thread; ours one a call, faiss both ways:
one a call (with what a call through Python costs) and all in one (`batch`, which lets it rank lists by matrix products).
ScaNN takes one a call. Sides take turns; the figures are medians of the rounds, in processor time, so that a busy
machine changes them little. Ratios are ours over the rival's. Needs numpy, faiss-cpu and, for SCANN, scann.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import faiss
import numpy as np

K = 10


class Ours:
    def __init__(self, arguments, spec):
        data = pathlib.Path(arguments.data)
        self.process = subprocess.Popen(
            [arguments.session, data / "base.npy", data / "queries.npy", arguments.metric, str(K), spec, "2"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        _, self.build_s, self.bytes_per_row = self.process.stdout.readline().split()
        self.queries = len(np.load(data / "queries.npy", mmap_mode="r"))

    def answer(self, **params):
        self.process.stdin.write(",".join(f"{key}={value}" for key, value in params.items()) + "\n")
        self.process.stdin.flush()
        seconds = float(self.process.stdout.readline())
        return seconds, [[int(row) for row in self.process.stdout.readline().split()] for _ in range(self.queries)]


def timed(call):
    start = time.thread_time()
    rows = call()
    return time.thread_time() - start, rows


class Faiss:
    """One index of faiss, built with its defaults; `refine` scores `factor` k rows again by the vectors."""

    def __init__(self, base, metric, factory, refine):
        kind = faiss.METRIC_L2 if metric == "l2" else faiss.METRIC_INNER_PRODUCT
        self.lists = faiss.index_factory(base.shape[1], factory, kind)
        start = time.time()
        self.lists.train(base)
        self.lists.add(base)
        self.build_s = time.time() - start
        self.index = faiss.IndexRefineFlat(self.lists, faiss.swig_ptr(base)) if refine else self.lists
        self.base, self.refine = base, refine

    def set(self, nprobe, factor):
        self.lists.nprobe = nprobe
        if self.refine:
            self.index.k_factor = factor

    def one_by_one(self, queries):
        return timed(lambda: [self.index.search(queries[i:i + 1], K)[1][0] for i in range(len(queries))])

    def batch(self, queries):
        return timed(lambda: self.index.search(queries, K)[1])


class Scann:
    """ScaNN's tree and 4-bit anisotropic codes of two dimensions each, reordered by the vectors."""

    def __init__(self, base, metric, nlist):
        import scann
        measure = "squared_l2" if metric == "l2" else "dot_product"
        start = time.time()
        self.index = (scann.scann_ops_pybind.builder(base, K, measure)
                      .tree(num_leaves=nlist, num_leaves_to_search=8, training_sample_size=len(base) // 2)
                      .score_ah(2, anisotropic_quantization_threshold=0.2).reorder(100).build())
        self.build_s = time.time() - start

    def one_by_one(self, queries, nprobe, reorder):
        search = self.index.search
        return timed(lambda: [search(query, final_num_neighbors=K, pre_reorder_num_neighbors=reorder,
                                     leaves_to_search=nprobe)[0] for query in queries])


def cases(dim, nlist):
    """Name, our index, faiss' factory string, rows that are scored again (a factor of k)."""
    m = dim // 8
    return [
        ("IVF_FLAT", f"IVF_FLAT,nlist={nlist}", f"IVF{nlist},Flat", 0),
        ("IVF_SQ8", f"IVF_SQ8,nlist={nlist}", f"IVF{nlist},SQ8", 0),
        ("IVF_PQ", f"IVF_PQ,nlist={nlist},m={m},nbits=8", f"IVF{nlist},PQ{m}x8", 0),
        ("IVF_PQ refined", f"IVF_PQ,nlist={nlist},m={m},nbits=8,refine=true,refine_type=flat",
         f"IVF{nlist},PQ{m}x8", 10),
        ("SCANN", f"SCANN,nlist={nlist}", f"IVF{nlist},PQ{dim // 2}x4fs", 10),
        ("IVF_RABITQ refined", f"IVF_RABITQ,nlist={nlist},refine=true,refine_type=flat", f"IVF{nlist},RaBitQ", 10),
        ("IVF_RABITQ_FASTSCAN refined", f"IVF_RABITQ_FASTSCAN,nlist={nlist},refine=true,refine_type=flat",
         f"IVF{nlist},RaBitQfs", 10),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--session", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--metric", default="cosine", choices=["cosine", "l2", "ip"])
    parser.add_argument("--nlist", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="")
    parser.add_argument("--probes", default="4,16,64")
    parser.add_argument("--json", default="")
    arguments = parser.parse_args()
    faiss.omp_set_num_threads(1)
    data = pathlib.Path(arguments.data)
    base, queries = (np.ascontiguousarray(np.load(data / f"{name}.npy"), np.float32) for name in ("base", "queries"))
    if arguments.metric == "cosine":
        base /= np.linalg.norm(base, axis=1, keepdims=True)
        queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    truth = [set(row[:K].tolist()) for row in np.load(data / "gt.npy")]
    report = []

    def recall(rows):
        return sum(len(truth[i] & set(map(int, found))) for i, found in enumerate(rows)) / (K * len(truth))

    for name, ours_spec, factory, factor in cases(base.shape[1], arguments.nlist):
        if arguments.only and name not in arguments.only.split(","):
            continue
        ours = Ours(arguments, ours_spec)
        rival = Faiss(base, arguments.metric, factory, factor > 0)
        second = Scann(base, arguments.metric, arguments.nlist) if name == "SCANN" else None
        print(f"{name}: built in {ours.build_s} s, faiss {rival.build_s:.1f} s"
              + (f", scann {second.build_s:.1f} s" if second else "") + f"; {ours.bytes_per_row} bytes a row")
        for nprobe in map(int, arguments.probes.split(",")):
            rival.set(nprobe, factor)
            params = {"nprobe": nprobe}
            if factor:
                params["reorder_k" if name == "SCANN" else "refine_k"] = K * factor if name == "SCANN" else factor
            sides = {"ours": lambda params=params: ours.answer(**params),
                     "faiss": lambda: rival.one_by_one(queries), "faiss batch": lambda: rival.batch(queries)}
            if second:
                sides["scann"] = lambda nprobe=nprobe, factor=factor: second.one_by_one(queries, nprobe, K * factor)
            times = {side: [] for side in sides}
            recalls = {}
            for _ in range(arguments.rounds):
                for side, call in sides.items():
                    seconds, rows = call()
                    times[side].append(seconds)
                    recalls[side] = recall(rows)
            qps = {side: len(queries) / statistics.median(spent) for side, spent in times.items()}
            report.append({"family": name, "nprobe": nprobe, "recall": recalls, "qps": qps})
            print(f"  nprobe {nprobe:3}: " + "; ".join(
                f"{side} {recalls[side]:.3f} {qps[side]:7.0f}/s"
                + ("" if side == "ours" else f" ({qps['ours'] / qps[side]:.2f}x)") for side in sides), flush=True)
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
