"""Recall of indexes over embedding lists on lists made of the package catalogue, and on synthetic ones.

    python3 bench/list_recall.py --packages DIR --program build/release/bench/list_bench [--rows 10000]

A row of the package set is a package with the packages it depends on, one vector each; a query is a short query
with the three queries nearest to it. The synthetic set is like the tokens of documents: each document has a subject
that all its vectors share, and words that other documents have too. numpy only.
"""

import argparse
import gzip
import json
import pathlib
import subprocess
import tempfile

import numpy as np


def unit(vectors):
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def package_lists(folder, rows):
    base = np.load(folder / "base.f16.npy").astype(np.float32)
    with gzip.open(folder / "packages.jsonl.gz", "rt") as lines:
        packages = [json.loads(line) for line in lines]
    numbers = {package["name"]: package["id"] for package in packages}
    picked = np.random.default_rng(1).permutation(len(packages))[:rows]
    lists = [base[[number] + [numbers[name] for name in packages[number]["depends"] if name in numbers]]
             for number in picked]
    queries = np.load(folder / "queries.f32.npy")
    near = np.argsort(-(queries[:200] @ queries.T), axis=1)[:, :4]
    return lists, [queries[row] for row in near]


def synthetic_lists(rows, dim=128):
    dice = np.random.default_rng(2)
    words = dice.normal(size=(2000, dim))

    def vectors(subject, own, blur):
        return unit(words[own] + 1.2 * subject + blur * dice.normal(size=(len(own), dim))).astype(np.float32)
    subjects = dice.normal(size=(rows, dim))
    owns = [dice.integers(0, len(words), dice.integers(8, 40)) for _ in range(rows)]
    lists = [vectors(subjects[i], owns[i], 0.6) for i in range(rows)]
    queries = [vectors(subjects[i] + 0.5 * dice.normal(size=dim), dice.choice(owns[i], 8), 0.8)
               for i in dice.integers(0, rows, 100)]
    return lists, queries


def save(folder, name, lists):
    np.save(folder / f"{name}.npy", np.concatenate(lists))
    offsets = np.cumsum([0] + [len(one) for one in lists]).astype(np.int32)
    np.save(folder / f"{name}_offsets.npy", offsets.reshape(-1, 1))
    return [str(folder / f"{name}.npy"), str(folder / f"{name}_offsets.npy")]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--packages", type=pathlib.Path, required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--rows", type=int, default=10000)
    parser.add_argument("--build", default="HNSW,M=16,efConstruction=200")
    arguments = parser.parse_args()
    sets = {"packages": package_lists(arguments.packages, arguments.rows),
            "synthetic": synthetic_lists(arguments.rows // 2)}
    searches = ["ef=64"] + [f"ef=64,retrieval_ann_ratio={ratio}" for ratio in (1, 10, 30)]
    for name, (lists, queries) in sets.items():
        with tempfile.TemporaryDirectory() as folder:
            files = save(pathlib.Path(folder), "rows", lists) + save(pathlib.Path(folder), "queries", queries)
            for strategy in ("tokenann", "muvera"):
                print(f"== {name}", flush=True)
                subprocess.run([arguments.program, *files, "max_sim", "10",
                                f"{arguments.build},emb_list_strategy={strategy}", *searches], check=True)


if __name__ == "__main__":
    main()
