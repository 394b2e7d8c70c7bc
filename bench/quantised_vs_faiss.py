"""HNSW_SQ and HNSW_PQ beside those of faiss: the same rows, the same parameters, one thread, one query a
call. Prints recall@k and queries a second of both at each ef.

    python3 -m venv venv && venv/bin/pip install faiss-cpu numpy
    ninja -C build/release ann_bench
    venv/bin/python bench/quantised_vs_faiss.py --program build/release/bench/ann_bench \\
        [--base B.npy --queries Q.npy] [--rows 50000 --dim 128] [--metric l2|ip]

Without files it makes rows around centres. Ours is timed by `ann_bench`, faiss by a loop here after it, so speeds compare
only on a quiet machine; recall compares anywhere.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile
import time

import faiss
import numpy as np

FORMS = {
    "HNSW_SQ,sq_type=SQ8": lambda d, m, metric: faiss.IndexHNSWSQ(d, faiss.ScalarQuantizer.QT_8bit, m, metric),
    "HNSW_SQ,sq_type=SQ6": lambda d, m, metric: faiss.IndexHNSWSQ(d, faiss.ScalarQuantizer.QT_6bit, m, metric),
    "HNSW_SQ,sq_type=SQ4U": lambda d, m, metric: faiss.IndexHNSWSQ(d, faiss.ScalarQuantizer.QT_4bit_uniform, m, metric),
    "HNSW_SQ,sq_type=FP16": lambda d, m, metric: faiss.IndexHNSWSQ(d, faiss.ScalarQuantizer.QT_fp16, m, metric),
    "HNSW_PQ,m=32": lambda d, m, metric: faiss.IndexHNSWPQ(d, 32, m, 8, metric),
}


def make(rows, dim, queries, seed=1):
    generator = np.random.default_rng(seed)
    centres = generator.standard_normal((200, dim))
    every = centres[generator.integers(200, size=rows + queries)] + 0.7 * generator.standard_normal((rows + queries, dim))
    return every[:rows].astype(np.float32), every[rows:].astype(np.float32)


def truth(base, queries, metric, k):
    index = (faiss.IndexFlatL2 if metric == "l2" else faiss.IndexFlatIP)(base.shape[1])
    index.add(base)
    return index.search(queries, k)[1].astype(np.int32)


def recall(found, true):
    return np.mean([len(set(f) & set(t)) / len(t) for f, t in zip(found, true, strict=True)])


def faiss_points(form, base, queries, true, arguments):
    metric = faiss.METRIC_L2 if arguments.metric == "l2" else faiss.METRIC_INNER_PRODUCT
    graph = FORMS[form](base.shape[1], arguments.M, metric)
    graph.hnsw.efConstruction = arguments.ef_construction
    index = faiss.IndexRefineFlat(graph) if arguments.refine_k else graph
    index.train(base)
    index.add(base)
    points = {}
    for ef in arguments.ef:
        graph.hnsw.efSearch = ef
        parameters = faiss.SearchParametersHNSW(efSearch=ef)
        if arguments.refine_k:
            parameters = faiss.IndexRefineSearchParameters(k_factor=arguments.refine_k, base_index_params=parameters)
        faiss.omp_set_num_threads(1)
        begin = time.perf_counter()
        found = [index.search(query[None], arguments.k, params=parameters)[1][0] for query in queries]
        points[ef] = recall(found, true), len(queries) / (time.perf_counter() - begin)
    return points


def our_points(form, files, arguments):
    index = f"{form},M={arguments.M},efConstruction={arguments.ef_construction}"
    if arguments.refine_k:
        index += f",refine=true,refine_type=fp32,refine_k={arguments.refine_k}"
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        subprocess.run([arguments.program, "--base", files["base"], "--queries", files["queries"], "--gt", files["gt"],
                        "--metric", arguments.metric, "--k", str(arguments.k), "--index", index,
                        "--sweep", "ef=" + ",".join(map(str, arguments.ef)), "--json", out.name],
                       check=True, stdout=subprocess.DEVNULL)
        points = json.load(open(out.name))["ours"]["points"]
    return {ef: (point["recall"], point["qps"]) for ef, point in zip(arguments.ef, points, strict=True)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--base")
    parser.add_argument("--queries")
    parser.add_argument("--rows", type=int, default=50000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--metric", choices=["l2", "ip"], default="l2")
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--M", type=int, default=16)
    parser.add_argument("--ef-construction", type=int, default=200)
    parser.add_argument("--ef", type=int, nargs="+", default=[16, 32, 64, 128])
    parser.add_argument("--refine-k", type=int, default=0)
    parser.add_argument("--forms", nargs="+", default=list(FORMS))
    arguments = parser.parse_args()
    if arguments.base:
        base, queries = (np.load(path).astype(np.float32) for path in (arguments.base, arguments.queries))
    else:
        base, queries = make(arguments.rows, arguments.dim, 500)
    true = truth(base, queries, arguments.metric, arguments.k)
    with tempfile.TemporaryDirectory() as folder:
        files = {name: str(pathlib.Path(folder) / f"{name}.npy") for name in ("base", "queries", "gt")}
        for name, values in zip(files, (base, queries, true), strict=True):
            np.save(files[name], values)
        print(f"{len(base)} x {base.shape[1]}, {arguments.metric}, M {arguments.M}, efConstruction "
              f"{arguments.ef_construction}, refine_k {arguments.refine_k or 'none'}")
        print(f"{'index':24} {'ef':>5} {'recall ours':>12} {'faiss':>7} {'QPS ours':>9} {'faiss':>7}")
        for form in arguments.forms:
            ours = our_points(form, files, arguments)
            theirs = faiss_points(form, base, queries, true, arguments)
            for ef in arguments.ef:
                print(f"{form:24} {ef:5} {ours[ef][0]:12.4f} {theirs[ef][0]:7.4f} {ours[ef][1]:9.0f} {theirs[ef][1]:7.0f}",
                      flush=True)


if __name__ == "__main__":
    main()
