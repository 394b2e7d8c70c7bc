"""Index libraries behind one face: build(rows, threads), set(knob, k), then ids by one() or batch().

A knob is the library's search parameter that trades speed for recall. Every library builds with its usual
parameters of M 16 / degree 32, efConstruction 200, and keeps float32 (or what its name says) to rank by.
Cosine is the inner product of rows of length 1.
"""
import json
import os
import subprocess
import tempfile

import numpy as np

LADDER = [10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512, 640, 768, 1024]
PROBES = [2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512]


class Peer:
    ladder = LADDER
    has_batch = True

    def __init__(self, dim, metric):
        self.dim, self.metric = dim, metric

    def knobs(self, k):
        return [knob for knob in self.ladder if knob >= k]

    def set(self, knob, k):
        self.knob, self.k = knob, k


class Elanus(Peer):
    """Our engine in a process of its own, one query a call inside of it."""
    spec = "HNSW,M=16,efConstruction=200"

    def build(self, files, threads):
        metric = "l2" if self.metric == "l2" else "cosine"
        self.process = subprocess.Popen(
            [os.environ["ELANUS_SESSION"], files.base, files.queries, metric, str(files.k), self.spec, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline().startswith("built")

    def processor_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as stat:
            user, system = stat.read().rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def answer(self, queries):
        """Processor seconds and ids."""
        print(f"ef={self.knob}", file=self.process.stdin, flush=True)
        seconds = float(self.process.stdout.readline())
        return seconds, [list(map(int, self.process.stdout.readline().split())) for _ in range(queries)]


class ElanusCompact(Elanus):
    spec = Elanus.spec + ",form=COMPACT"


class Hnswlib(Peer):
    def build(self, x, threads):
        import hnswlib
        self.ix = hnswlib.Index(self.metric, self.dim)
        self.ix.init_index(len(x), M=16, ef_construction=200, random_seed=1)
        self.ix.add_items(x, num_threads=threads)
        self.ix.set_num_threads(1)

    def set(self, knob, k):
        self.k = k
        self.ix.set_ef(knob)

    def one(self, q):
        return self.ix.knn_query(q, self.k, num_threads=1)[0][0]

    def batch(self, q):
        return self.ix.knn_query(q, self.k, num_threads=1)[0]


class FaissHnsw(Peer):
    factory = "HNSW32,Flat"

    def build(self, x, threads):
        import faiss
        faiss.omp_set_num_threads(threads)
        metric = faiss.METRIC_L2 if self.metric == "l2" else faiss.METRIC_INNER_PRODUCT
        self.ix = faiss.index_factory(self.dim, self.factory.format(half=self.dim // 2, lists=int(4 * len(x) ** 0.5)),
                                      metric)
        self.prepare(faiss)
        self.ix.train(x)
        self.ix.add(x)
        faiss.omp_set_num_threads(1)

    def prepare(self, faiss):
        self.ix.hnsw.efConstruction = 200

    def set(self, knob, k):
        self.k = k
        self.ix.hnsw.efSearch = knob

    def one(self, q):
        return self.ix.search(q[None], self.k)[1][0]

    def batch(self, q):
        return self.ix.search(q, self.k)[1]


class FaissHnswSq8(FaissHnsw):
    factory = "HNSW32,SQ8"


class FaissIvfPqFs(FaissHnsw):
    factory = "IVF{lists},PQ{half}x4fs,RFlat"

    def knobs(self, k):
        return PROBES

    def prepare(self, faiss):
        self.inner = faiss.downcast_index(self.ix.base_index)

    def set(self, knob, k):
        self.k = k
        self.inner.nprobe = knob
        self.ix.k_factor = 12 if k == 10 else 4


class Usearch(Peer):
    dtype = "f32"

    def build(self, x, threads):
        from usearch.index import Index
        self.ix = Index(ndim=self.dim, metric="l2sq" if self.metric == "l2" else "ip", dtype=self.dtype,
                        connectivity=16, expansion_add=200)
        self.ix.add(np.arange(len(x), dtype=np.uint64), x, threads=threads)

    def set(self, knob, k):
        self.k = k
        self.ix.expansion_search = knob

    def one(self, q):
        return self.ix.search(q, self.k, threads=1).keys

    def batch(self, q):
        return self.ix.search(q, self.k, threads=1).keys


class UsearchI8(Usearch):
    dtype = "i8"


class Vsag(Peer):
    """Beyond 1,000 the binding answers nonsense."""
    ladder = [knob for knob in LADDER if knob < 1000] + [1000]
    has_batch = False

    def build(self, x, threads):
        import pyvsag
        pyvsag.set_logger_off()
        self.ix = pyvsag.Index("hgraph", json.dumps({
            "dtype": "float32", "metric_type": self.metric, "dim": self.dim,
            "index_param": {"base_quantization_type": "sq8_uniform", "max_degree": 32, "ef_construction": 200,
                            "use_reorder": True, "precise_quantization_type": "fp32",
                            "build_thread_count": threads}}))
        self.ix.build(vectors=np.ascontiguousarray(x).reshape(-1), ids=np.arange(len(x), dtype=np.int64),
                      num_elements=len(x), dim=self.dim)

    def set(self, knob, k):
        self.k, self.param = k, json.dumps({"hgraph": {"ef_search": knob}})

    def one(self, q):
        return self.ix.knn_search(q, self.k, self.param)[0]


class SymphonyQG(Peer):
    bits = 0

    def build(self, x, threads):
        import rabitqlib
        self.ix = rabitqlib.SymqgIndex(self.dim, 32, self.metric, self.bits)
        self.ix.build(x, 200, threads)

    def one(self, q):
        return self.ix.search(q[None], self.k, self.knob, 1)[0][0]

    def batch(self, q):
        return self.ix.search_batch(q, self.k, self.knob, 1)[0]


class SymphonyQG8(SymphonyQG):
    bits = 8


class Svs(Peer):
    def build(self, x, threads):
        import svs
        distance = svs.DistanceType.L2 if self.metric == "l2" else svs.DistanceType.MIP
        params = svs.VamanaBuildParameters(graph_max_degree=64, window_size=200,
                                           alpha=1.2 if self.metric == "l2" else 0.95)
        self.ix = svs.Vamana.build(params, x.astype(np.float16), distance, num_threads=threads)
        self.ix.num_threads = 1

    def set(self, knob, k):
        self.k = k
        self.ix.search_window_size = knob

    def one(self, q):
        return self.ix.search(q, self.k)[0][0]

    def batch(self, q):
        return self.ix.search(q, self.k)[0]


class Scann(Peer):
    def knobs(self, k):
        return PROBES

    def build(self, x, threads):
        import scann
        measure = "squared_l2" if self.metric == "l2" else "dot_product"
        self.ix = (scann.scann_ops_pybind.builder(x, 10, measure).set_n_training_threads(threads)
                   .tree(num_leaves=int(2 * len(x) ** 0.5), num_leaves_to_search=50,
                         training_sample_size=min(len(x), 100_000))
                   .score_ah(2, anisotropic_quantization_threshold=0.2).reorder(100).build())

    def find(self, search, q):
        return search(q, final_num_neighbors=self.k, leaves_to_search=self.knob,
                      pre_reorder_num_neighbors=100 if self.k == 10 else 400)[0]

    def one(self, q):
        return self.find(self.ix.search, q)

    def batch(self, q):
        return self.find(self.ix.search_batched, q)


class Zvec(Peer):
    has_batch = False

    def build(self, x, threads):
        import zvec
        self.zvec = zvec
        folder = os.path.join(tempfile.mkdtemp(), "rows")
        zvec.init(query_threads=1, optimize_threads=threads, log_level=zvec.LogLevel.ERROR)
        metric = zvec.MetricType.L2 if self.metric == "l2" else zvec.MetricType.IP
        schema = zvec.CollectionSchema(name="bench", vectors=zvec.VectorSchema(
            "v", zvec.DataType.VECTOR_FP32, self.dim,
            index_param=zvec.HnswIndexParam(metric, 16, 200, zvec.QuantizeType.INT8, True)))
        self.ix = zvec.create_and_open(folder, schema, zvec.CollectionOption())
        for at in range(0, len(x), 1000):
            self.ix.insert([zvec.Doc(id=str(at + i), vectors={"v": row}) for i, row in enumerate(x[at:at + 1000])])
        self.ix.optimize(zvec.OptimizeOption(concurrency=threads))

    def set(self, knob, k):
        self.k, self.param = k, self.zvec.HnswQueryParam(ef=knob, is_using_refiner=True)

    def one(self, q):
        query = self.zvec.Query("v", vector=q, param=self.param)
        return [int(found.id) for found in self.ix.query(query, topk=self.k)]


PEERS = {"elanus HNSW": Elanus, "elanus HNSW compact": ElanusCompact, "hnswlib": Hnswlib,
         "faiss HNSW32": FaissHnsw, "faiss HNSW32 SQ8": FaissHnswSq8,
         "faiss IVF PQ fast-scan + refine": FaissIvfPqFs, "usearch f32": Usearch, "usearch i8": UsearchI8,
         "vsag hgraph SQ8": Vsag, "SymphonyQG f32": SymphonyQG, "SymphonyQG 8-bit": SymphonyQG8,
         "svs Vamana f16": Svs, "scann": Scann, "zvec HNSW int8": Zvec}
