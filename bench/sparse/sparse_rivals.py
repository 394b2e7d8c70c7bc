"""Sparse search beside other libraries, one thread, the sides taking turns, in processor time.

    python sparse_rivals.py --data PREFIX --program BUILD/bench/sparse_session [--rounds 5] [--json OUT]
        [--skip seismic,pisa,scipy]

PREFIX.rows and PREFIX.queries come from sparse_data. Rivals (pip install pyseismic-lsr
pyterrier-pisa scipy numpy pandas; any of them may be skipped):

- seismic: SeismicIndexRaw (no document names, no token strings), over the points of its parameters
  below; its build and index are kept beside the data;
- pisa: its block indexes of the same impacts (values * 100 as whole numbers, which is how it is used
  for learned sparse vectors), MaxScore and block-max WAND / MaxScore; exact over those;
- scipy: one product of the transposed rows and the query, then the 10 largest.

Recall@10 is against an exact product in double; ours must reach 1 in its exact mode or the run ends.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import time

import numpy as np

K = 10


def load(path):
    raw = np.memmap(path, dtype="u1", mode="r")
    vectors, entries = (int(x) for x in raw[:16].view("<u8"))
    at = 16
    arrays = []
    for count, kind in ((vectors + 1, "<u8"), (entries, "<u4"), (entries, "<f4")):
        size = count * np.dtype(kind).itemsize
        arrays.append(raw[at : at + size].view(kind))
        at += size
    return arrays


class Ours:
    def __init__(self, args, name, build, points):
        self.name = name
        self.points = points
        self.out = args.data + ".found"
        self.process = subprocess.Popen(
            [args.program, args.data, str(K), build], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        _, seconds, size = self.process.stdout.readline().split()
        self.info = {"build_s": float(seconds), "bytes": int(size)}

    def run(self, point):
        self.process.stdin.write(f"{point} {self.out}\n")
        self.process.stdin.flush()
        micros, entries = (float(x) for x in self.process.stdout.readline().split())
        self.info.setdefault("entries", {})[point] = entries
        return micros, np.fromfile(self.out, dtype="<i4").reshape(-1, K)


class Seismic:
    name = "seismic"

    def __init__(self, args, rows, queries):
        import seismic

        self.queries = queries
        self.points = [(cut, heap) for cut in (4, 6, 8, 12, 20, 40) for heap in (0.7, 0.8, 0.9, 1.0)]
        if args.points:
            self.points = [tuple(float(x) if i else int(x) for i, x in enumerate(p.split(":")))
                           for p in args.points.split(",")]
        index = args.data + args.seismic_index
        start = time.process_time()
        if pathlib.Path(index + ".index.seismic").exists():
            self.index = seismic.SeismicIndexRaw.load(index + ".index.seismic")
            self.info = {"bytes": pathlib.Path(index + ".index.seismic").stat().st_size}
            return
        if not pathlib.Path(args.data + ".seismic").exists():
            self.write(args.data + ".seismic", rows)
        self.index = seismic.SeismicIndexRaw.build(args.data + ".seismic", n_postings=args.n_postings)
        self.info = {"build_s": time.process_time() - start}
        self.index.save(index)

    @staticmethod
    def write(path, rows):
        offsets, dims, values = rows
        bits = values.view("<u4")
        with open(path, "wb") as out:
            np.array([len(offsets) - 1], "<u4").tofile(out)
            for begin, end in zip(offsets[:-1].tolist(), offsets[1:].tolist()):
                out.write(np.uint32(end - begin).tobytes() + dims[begin:end].tobytes() +
                          bits[begin:end].tobytes())

    def run(self, point):
        cut, heap = point
        offsets, dims, values = self.queries
        inputs = [(dims[b:e].astype("i4"), values[b:e].astype("f4"))
                  for b, e in zip(offsets[:-1].tolist(), offsets[1:].tolist())]
        found = []
        start = time.process_time()
        for components, weights in inputs:
            found.append(self.index.search(components, weights, K, cut, heap, 0, True))
        micros = (time.process_time() - start) / len(inputs) * 1e6
        rows = np.full((len(inputs), K), -1, dtype="i4")
        for i, hits in enumerate(found):
            rows[i, : len(hits)] = [row for _, row in hits]
        return micros, rows


class Pisa:
    name = "pisa"
    scale = 100

    def __init__(self, args, rows, queries):
        import pandas
        import pyterrier_pisa

        self.points = ["maxscore", "block_max_maxscore", "block_max_wand"]
        self.queries = pandas.DataFrame({"qid": [], "query_toks": []})
        path = pathlib.Path(args.data + ".pisa")
        start = time.process_time()
        if not (path / "pt_meta.json").exists():
            self.write(path, rows)
        offsets, dims, values = queries
        self.count = len(offsets) - 1
        self.queries = pandas.DataFrame({
            "qid": [str(i) for i in range(self.count)],
            "query_toks": [{self.term(d): float(v) for d, v in zip(dims[b:e], values[b:e])}
                           for b, e in zip(offsets[:-1].tolist(), offsets[1:].tolist())]})
        index = pyterrier_pisa.PisaIndex(str(path), stemmer="none")
        self.searches = {
            name: index.quantized(num_results=K, threads=1, query_algorithm=name)
            for name in self.points}
        for search in self.searches.values():
            search.transform(self.queries.head(1))
        self.info = {"build_s": time.process_time() - start,
                     "bytes": sum(f.stat().st_size for f in path.glob("inv.*"))}

    @staticmethod
    def term(dimension):
        """PISA looks terms up by binary search over their text, so numbers need one length."""
        return f"{dimension:05d}"

    def write(self, path, rows):
        """The files of pyterrier_pisa's PisaToksIndexer, made of whole arrays."""
        from pyterrier_pisa import _pisathon

        offsets, dims, values = rows
        path.mkdir(parents=True)
        count = len(offsets) - 1
        docs = np.repeat(np.arange(count, dtype="u4"), np.diff(offsets).astype("i8"))
        impacts = (values * np.float32(self.scale)).astype("u4")
        kept = impacts > 0
        order = np.argsort(dims[kept], kind="stable")
        docs, terms, impacts = docs[kept][order], dims[kept][order], impacts[kept][order]
        ends = np.searchsorted(terms, np.arange(int(terms.max()) + 2))
        lengths = np.zeros(count, dtype="u8")
        np.add.at(lengths, docs, impacts)
        with open(path / "fwd.documents", "wt") as out:
            out.writelines(f"{i}\n" for i in range(count))
        used = [t for t in range(len(ends) - 1) if ends[t] < ends[t + 1]]
        with open(path / "fwd.terms", "wt") as out:
            out.writelines(f"{self.term(t)}\n" for t in used)
        with open(path / "inv.batch.0.docs", "wb") as d, open(path / "inv.batch.0.freqs", "wb") as f:
            np.array([1, count], "u4").tofile(d)
            for t in used:
                size = np.array([ends[t + 1] - ends[t]], "u4")
                for out, array in ((d, docs), (f, impacts)):
                    size.tofile(out)
                    array[ends[t] : ends[t + 1]].tofile(out)
        with open(path / "inv.batch.0.sizes", "wb") as out:
            np.concatenate([[count], lengths]).astype("u4").tofile(out)
        _pisathon.merge_inv(str(path / "inv"), 1, len(used))
        _pisathon.build_binlex(str(path / "fwd.documents"), str(path / "fwd.doclex"))
        _pisathon.build_binlex(str(path / "fwd.terms"), str(path / "fwd.termlex"))
        (path / "pt_meta.json").write_text(json.dumps({
            "type": "sparse_index", "format": "pisa", "package_hint": "pyterrier-pisa",
            "stemmer": "none"}))

    def run(self, point):
        start = time.process_time()
        found = self.searches[point].transform(self.queries)
        micros = (time.process_time() - start) / self.count * 1e6
        rows = np.full((self.count, K), -1, dtype="i4")
        rows[found["qid"].astype(int), found["rank"]] = found["docno"].astype(int)
        return micros, rows


class Scipy:
    name = "scipy"
    points = ["product"]

    def __init__(self, args, rows, queries):
        import scipy.sparse

        offsets, dims, values = rows
        self.queries = queries
        start = time.process_time()
        by_row = scipy.sparse.csr_matrix(
            (values, dims.astype("i4"), offsets.astype("i8")), shape=(len(offsets) - 1, 30000))
        self.lists = by_row.tocsc()
        self.info = {"build_s": time.process_time() - start,
                     "bytes": self.lists.data.nbytes + self.lists.indices.nbytes}

    def scores(self, query, kind):
        """Sums list by list: what a product of sparse matrices does, without making one."""
        offsets, dims, values = self.queries
        starts, rows, entries = self.lists.indptr, self.lists.indices, self.lists.data
        sums = np.zeros(self.lists.shape[0], dtype=kind)
        for i in range(int(offsets[query]), int(offsets[query + 1])):
            at = slice(starts[dims[i]], starts[dims[i] + 1])
            sums[rows[at]] += kind(values[i]) * entries[at].astype(kind, copy=False)
        return sums

    def run(self, point):
        count = min(len(self.queries[0]) - 1, 50)
        rows = np.full((len(self.queries[0]) - 1, K), -1, dtype="i4")
        start = time.process_time()
        for i in range(count):
            sums = self.scores(i, np.float32)
            best = np.argpartition(sums, -K)[-K:]
            rows[i] = best[np.argsort(-sums[best], kind="stable")]
        self.timed = count
        return (time.process_time() - start) / count * 1e6, rows[:count]


def truth_of(args, rows, queries):
    """The 10 best rows of every query by products in double; kept beside the data."""
    path = pathlib.Path(args.data + ".truth")
    if not path.exists():
        exact = Scipy(args, rows, queries)
        best = []
        for i in range(len(queries[0]) - 1):
            sums = exact.scores(i, np.float64).astype("f4")
            some = np.argpartition(sums, -4 * K)[-4 * K:]
            best.append(some[np.lexsort((some, -sums[some]))][:K])
        np.array(best, dtype="<i4").tofile(path)
    return np.fromfile(path, dtype="<i4").reshape(-1, K)


def recall(found, truth):
    same = [len(set(a[a >= 0]) & set(b)) / K for a, b in zip(found, truth)]
    return float(np.mean(same))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--build", default="-")
    parser.add_argument("--ours", default="-;" + ";".join(
        f"drop_ratio_search={drop},refine_factor={refine}"
        for drop in (0.4, 0.5, 0.6, 0.7, 0.8) for refine in (2, 4, 8)))
    parser.add_argument("--skip", default="")
    parser.add_argument("--points", default="", help="of seismic: query_cut:heap_factor,...")
    parser.add_argument("--n-postings", type=int, default=3500)
    parser.add_argument("--seismic-index", default=".index")
    parser.add_argument("--json")
    args = parser.parse_args()

    rows, queries = load(args.data + ".rows"), load(args.data + ".queries")
    truth = truth_of(args, rows, queries)
    sides = [Ours(args, "elanus", args.build, args.ours.split(";"))]
    for rival in (Seismic, Pisa, Scipy):
        if rival.name not in args.skip.split(","):
            sides.append(rival(args, rows, queries))
    times = {}
    recalls = {}
    for _ in range(args.rounds + 1):  # the first one warms
        for side in sides:
            for point in side.points:
                micros, found = side.run(point)
                times.setdefault((side.name, point), []).append(micros)
                recalls[side.name, point] = recall(found, truth)
    if recalls["elanus", "-"] != 1:
        print("the exact search is not exact:", recalls["elanus", "-"])
    report = {"sides": {side.name: side.info for side in sides}, "points": []}
    for (name, point), micros in times.items():
        middle = statistics.median(micros[1:])
        report["points"].append({"side": name, "point": point, "us": middle,
                                 "recall": recalls[name, point]})
        print(f"{name:8} {str(point):48} {middle:10.0f} us  recall@10 {recalls[name, point]:.3f}")
    print(json.dumps(report["sides"], default=str))
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(report, indent=1, default=str))


if __name__ == "__main__":
    main()
