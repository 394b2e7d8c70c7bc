"""Full text: Elanus' postings engine against Lucene, one thread, one segment, warmed.

    python text_vs_lucene.py --shared SHARED --data FOLDER --program text_bench --java JAVA_HOME/bin \
        --jars FOLDER_OF_JARS [--corpus packages|bigram] [--passes N] [--rebuild]

Makes corpora, queries and both indexes in FOLDER where they are missing, then lets both programs
answer the same queries in turn, N passes of several rounds each, and prints a table: medians of the
passes, CPU microseconds a query. Every answer is compared: counts, and top-10 sets outside ties.
"""
import argparse
import json
import statistics
import subprocess
from pathlib import Path

import text_data

BARS = {"union": 1.2, "union_short": 1.2, "intersection": 1.2, "phrase": 1.2}
JAVA_OPTIONS = ["--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED",
                "-Xmx7g"]
LUCENE = "10.6.0"


class Sides:
    def __init__(self, options):
        self.data = Path(options.data)
        self.program = options.program
        self.rounds = str(options.rounds)
        self.java = Path(options.java)
        jars = [str(Path(options.jars) / f"lucene-{part}-{LUCENE}.jar")
                for part in ("core", "misc", "analysis-common")]
        self.classes = self.data / "classes"
        self.class_path = ":".join(jars + [str(self.classes)])
        self.classes.mkdir(parents=True, exist_ok=True)
        source = Path(__file__).parent / "LuceneSide.java"
        subprocess.run([self.java / "javac", "-cp", ":".join(jars), "-d", self.classes, source],
                       check=True)

    def _lucene(self, *args):
        command = [self.java / "java", *JAVA_OPTIONS, "-cp", self.class_path, "LuceneSide", *args]
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE,
                                         stderr=subprocess.DEVNULL).stdout)

    def _ours(self, *args):
        return json.loads(subprocess.run([self.program, *args], check=True,
                                         stdout=subprocess.PIPE).stdout)

    def build(self, corpus, rebuild):
        text = self.data / f"{corpus}.txt"
        done = self.data / f"{corpus}.build.json"
        if done.exists() and not rebuild:
            return json.loads(done.read_text())
        for old in (f"lucene-{corpus}", f"lucene-{corpus}.parts"):
            subprocess.run(["rm", "-rf", self.data / old], check=True)
        built = {"ours": self._ours("build", text, self.data / f"{corpus}.idx"),
                 "exact": self._ours("build", text, self.data / f"{corpus}-exact.idx", "exact"),
                 "lucene": self._lucene("build", text, self.data / f"lucene-{corpus}")}
        done.write_text(json.dumps(built))
        return built

    def search_ours(self, corpus, queries, answers):
        return self._ours("search", self.data / f"{corpus}.idx", queries, self.rounds, answers)

    def search(self, corpus, queries):
        ours, theirs = self.data / f"{corpus}.answers", self.data / f"lucene-{corpus}.answers"
        return (self.search_ours(corpus, queries, ours),
                self._lucene("search", self.data / f"lucene-{corpus}", queries, self.rounds, theirs),
                ours, theirs)


def parse_hits(line):
    return [(int(row), float(score)) for row, score in
            (hit.split(":") for hit in line.split())]


def same_outside_ties(ours, theirs):
    """Rows that score more than the last ones of a list, by a margin for rounding, are in both."""
    if len(ours) != len(theirs):
        return False
    if not ours:
        return True
    edge = max(ours[-1][1], theirs[-1][1]) * (1 + 1e-5)
    return ({row for row, score in ours if score > edge} ==
            {row for row, score in theirs if score > edge})


def compare(queries, ours, theirs):
    same, total = {}, {}
    for query, a, b in zip(*(Path(p).read_text().split("\n") for p in (queries, ours, theirs))):
        if not query:
            continue
        kind = query.split("\t")[0]
        total[kind] = total.get(kind, 0) + 1
        good = a == b if kind.startswith("count") else same_outside_ties(parse_hits(a),
                                                                         parse_hits(b))
        same[kind] = same.get(kind, 0) + good
    return {kind: same.get(kind, 0) / total[kind] for kind in total}


def grouped(path):
    """Queries of a kind follow each other in the answers of both sides."""
    kinds = {}
    for line in Path(path).read_text().split("\n"):
        if line:
            kinds.setdefault(line.split("\t")[0], []).append(line)
    Path(path).write_text("".join(line + "\n" for lines in kinds.values() for line in lines))


def compare_quality(sides, options):
    """Both sides with the same tokens; ours also with exact lengths."""
    queries = sides.data / "cranfield.tsv"
    text_data.write_cranfield(sides.data / "cranfield.txt", queries, options.shared)
    sides.build("cranfield", True)
    _, _, ours, theirs = sides.search("cranfield", queries)
    print(f"nDCG@10 of ours {text_data.cranfield_ndcg(ours, options.shared):.4f}, "
          f"of Lucene {text_data.cranfield_ndcg(theirs, options.shared):.4f}")
    sides.search_ours("cranfield-exact", queries, ours)
    print(f"nDCG@10 of ours with exact lengths "
          f"{text_data.cranfield_ndcg(ours, options.shared):.4f}")


def main():
    parser = argparse.ArgumentParser()
    for name in ("shared", "data", "program", "java", "jars"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--corpus", default="packages", choices=["packages", "bigram", "cranfield"])
    parser.add_argument("--documents", type=int, default=2000000, help="of the bigram corpus")
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--rebuild", action="store_true")
    options = parser.parse_args()
    sides = Sides(options)
    if options.corpus == "cranfield":
        return compare_quality(sides, options)
    queries = sides.data / "queries.tsv"
    text = sides.data / f"{options.corpus}.txt"
    if not queries.exists():
        text_data.write_queries(queries, options.shared)
    if not text.exists() and options.corpus == "packages":
        text_data.write_packages(text, options.shared)
    elif not text.exists():
        text_data.write_bigram(text, options.shared, options.documents)
    grouped(queries)
    built = sides.build(options.corpus, options.rebuild)
    passes = [sides.search(options.corpus, queries) for _ in range(options.passes)]
    agreement = compare(queries, passes[0][2], passes[0][3])
    print(f"| {options.corpus} | ours, us | Lucene, us | times as fast | bar | same answers |")
    print("|---|---|---|---|---|---|")
    for kind in agreement:
        ours = statistics.median(p[0][kind]["cpu_us"] for p in passes)
        theirs = statistics.median(p[1][kind]["cpu_us"] for p in passes)
        print(f"| {kind} | {ours:.1f} | {theirs:.1f} | {theirs / ours:.2f} | "
              f"{BARS.get(kind, 1.0)} | {agreement[kind]:.3f} |")
    ours, theirs, exact = built["ours"], built["lucene"], built["exact"]
    print(f"| build, CPU s | {ours['build_cpu_s']} | {theirs['build_cpu_s']} | "
          f"{theirs['build_cpu_s'] / ours['build_cpu_s']:.2f} | 2.0 | |")
    print(f"| size, bytes | {ours['bytes']} (exact lengths {exact['bytes']}) | {theirs['bytes']} | "
          f"{theirs['bytes'] / ours['bytes']:.2f} | 1.0 | |")


if __name__ == "__main__":
    main()
