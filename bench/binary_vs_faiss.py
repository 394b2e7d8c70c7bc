"""BIN_FLAT and BIN_IVF_FLAT beside faiss' binary indexes: the same rows, HAMMING, one thread, one query a call, in turns.
Prints processor microseconds a query of both and the share of true neighbours found (by distance: many rows are equally far).

    python3 -m venv venv && venv/bin/pip install faiss-cpu numpy
    ninja -C build/release ivf_session
    venv/bin/python bench/binary_vs_faiss.py --session build/release/bench/ivf_session [--rows 1000000] [--bits 128 512]
"""

import argparse
import pathlib
import statistics
import subprocess
import tempfile
import time

import faiss
import numpy as np

QUERIES = 200


def make(rows, size, seed=1):
    """Around centres, each bit flipped with a chance of a fifth."""
    generator = np.random.default_rng(seed)
    centres = generator.integers(0, 256, (200, size), dtype=np.uint8)
    every = centres[generator.integers(200, size=rows + QUERIES)]
    flips = generator.random((len(every), size * 8), dtype=np.float32) < 0.2
    every = every ^ np.packbits(flips, axis=1)
    return every[:rows], every[rows:]


class Ours:
    def __init__(self, session, folder, k, spec):
        command = [session, folder / "base.npy", folder / "queries.npy", "hamming", str(k), spec, "2"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        print("ours", spec, self.process.stdout.readline().strip())

    def ask(self, nprobe):
        self.process.stdin.write(f"nprobe={nprobe}\n" if nprobe else "\n")
        self.process.stdin.flush()
        seconds = float(self.process.stdout.readline())
        return seconds, np.array([self.process.stdout.readline().split() for _ in range(QUERIES)], dtype=np.int64)


class Theirs:
    def __init__(self, base, queries, k, nlist):
        bits = base.shape[1] * 8
        self.queries, self.k = queries, k
        self.index = faiss.IndexBinaryFlat(bits)
        if nlist:
            self.quantiser = self.index
            self.index = faiss.IndexBinaryIVF(self.quantiser, bits, nlist)
            self.index.train(base)
        self.index.add(base)

    def ask(self, nprobe):
        if nprobe:
            self.index.nprobe = nprobe
        found = []
        start = time.thread_time()
        for query in self.queries:
            found.append(self.index.search(query[None], self.k)[1][0])
        return time.thread_time() - start, np.array(found)


def distances(base, queries, rows):
    return np.array([np.bitwise_count(base[found] ^ query).sum(axis=1) for found, query in zip(rows, queries, strict=True)])


def recall(base, queries, rows, exact):
    """Of the found, those that are not farther than the true last one."""
    return np.mean(distances(base, queries, rows) <= exact[:, -1:])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--session", required=True)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--bits", type=int, nargs="+", default=[128, 512])
    parser.add_argument("--k", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--nlist", type=int, default=1024)
    parser.add_argument("--nprobe", type=int, nargs="+", default=[8, 32])
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    faiss.omp_set_num_threads(1)
    for bits in arguments.bits:
        base, queries = make(arguments.rows, bits // 8)
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            np.save(folder / "base.npy", base)
            np.save(folder / "queries.npy", queries)
            for k in arguments.k:
                for nlist in (0, arguments.nlist):
                    spec = f"BIN_IVF_FLAT,nlist={nlist}" if nlist else "BIN_FLAT"
                    sides = Ours(arguments.session, folder, k, spec), Theirs(base, queries, k, nlist)
                    if not nlist:
                        exact = np.sort(distances(base, queries, sides[1].ask(0)[1]), axis=1)
                    for nprobe in arguments.nprobe if nlist else [0]:
                        compare(f"{bits} bits, k {k}, {spec}, nprobe {nprobe}", sides, nprobe, arguments.rounds,
                                lambda rows: recall(base, queries, rows, exact))
                    sides[0].process.stdin.close()
                    sides[0].process.wait()


def compare(title, sides, nprobe, rounds, score):
    times = [], []
    for _ in range(rounds):
        for side, taken in zip(sides, times, strict=True):
            seconds, rows = side.ask(nprobe)
            taken.append((seconds / QUERIES * 1e6, score(rows)))
    ours, theirs = ([statistics.median(values) for values in zip(*taken, strict=True)] for taken in times)
    ratio = statistics.median(theirs[0] / ours[0] for ours, theirs in zip(*times, strict=True))
    print(f"{title}: ours {ours[0]:.0f} us, recall {ours[1]:.3f}; faiss {theirs[0]:.0f} us, {theirs[1]:.3f}; {ratio:.2f} times", flush=True)


if __name__ == "__main__":
    main()
