"""All 40,000 packages of the Debian catalogue with their embeddings: recall, exact counts, kill -9.

The data lie outside the repository: ELANUS_SHARED_DATA, or shared/data beside it.
"""

import gzip
import json
import os
import pathlib

import numpy as np
import pytest
from elanus_server import ROOT, Server
from oracle import recall
from pymilvus import DataType, MilvusClient
from rows import count

FOLDER = pathlib.Path(os.environ.get("ELANUS_SHARED_DATA", ROOT.parent / "shared/data")) / "packages"
pytestmark = pytest.mark.skipif(not (FOLDER / "packages.jsonl.gz").exists(), reason=f"no {FOLDER}")

TEXTS = {"name": 100, "section": 40, "priority": 20, "architecture": 20, "version": 100, "maintainer": 200,
         "homepage": 400, "summary": 1000, "description": 65535}
COLUMNS = ["id", "installed_size_kb", "depends", "tags", *TEXTS]
BATCH = 2000
K = 10


def cut(text, size):
    """At most `size` bytes of UTF-8, never half a character."""
    return text.encode()[:size].decode(errors="ignore")


def packages():
    with gzip.open(FOLDER / "packages.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield {column: cut(row[column] or "", TEXTS[column]) if column in TEXTS else row[column]
                   for column in COLUMNS}


def schema():
    one = MilvusClient.create_schema()
    one.add_field("id", DataType.INT64, is_primary=True)
    one.add_field("installed_size_kb", DataType.INT64)
    for field, size in TEXTS.items():
        one.add_field(field, DataType.VARCHAR, max_length=size)
    one.add_field("depends", DataType.ARRAY, element_type=DataType.VARCHAR, max_capacity=64, max_length=200)
    one.add_field("tags", DataType.ARRAY, element_type=DataType.VARCHAR, max_capacity=128, max_length=200)
    one.add_field("embedding", DataType.FLOAT_VECTOR, dim=384)
    return one


def load(client):
    client.create_collection("packages", schema=schema(), consistency_level="Strong")
    vectors = np.load(FOLDER / "base.f16.npy").astype(np.float32)
    batch = []
    for row in packages():
        batch.append(row | {"embedding": vectors[row["id"]]})
        if len(batch) == BATCH:
            assert client.insert("packages", batch)["insert_count"] == BATCH
            batch.clear()
    if batch:
        client.insert("packages", batch)
    client.flush("packages")
    index = MilvusClient.prepare_index_params()
    index.add_index("embedding", index_type="AUTOINDEX", metric_type="COSINE")
    client.create_index("packages", index)
    client.load_collection("packages")


class Catalogue:
    def __init__(self, server):
        self.server = server
        self.client = server.client()
        self.queries = np.load(FOLDER / "queries.f32.npy")
        self.filters = json.loads((FOLDER / "filters.json").read_text())
        load(self.client)

    def found(self, filter=""):
        ids = []
        for begin in range(0, len(self.queries), 500):
            result = self.client.search("packages", self.queries[begin:begin + 500].tolist(), limit=K, filter=filter)
            ids += [[hit["id"] for hit in hits] for hits in result]
        return ids

    def check_answers(self):
        truth = np.load(FOLDER / "gt_cosine_100.npy")[:, :K]
        share = recall(self.found(), truth.tolist())
        print(f"recall@{K} of plain search: {share:.4f}")
        assert share >= 0.95
        for rule in self.filters:
            assert count(self.client, "packages", rule["expr"]) == rule["matches"], rule["expr"]
            truth = np.load(FOLDER / rule["ground_truth"])
            share = recall(self.found(rule["expr"]), truth.tolist())
            print(f"recall@{K} of {rule['name']} ({rule['matches']} rows): {share:.4f}")
            assert share >= 0.95, rule["expr"]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("packages")) as server:
        yield Catalogue(server)


def test_every_row_is_there(catalogue):
    assert count(catalogue.client, "packages") == 40_000


def test_rows_come_back_as_they_went_in(catalogue):
    chosen = {row["id"]: row for row in packages() if row["id"] % 499 == 0}
    for row in catalogue.client.get("packages", ids=[*chosen], output_fields=COLUMNS):
        right = chosen.pop(row["id"])
        assert {key: list(value) if key in ("depends", "tags") else value for key, value in row.items()} == right
    assert not chosen


def test_recall_and_counts_before_and_after_kill(catalogue):
    catalogue.check_answers()
    before = catalogue.found()
    catalogue.server.kill()
    catalogue.server.start()
    catalogue.client = catalogue.server.client()
    assert count(catalogue.client, "packages") == 40_000
    catalogue.check_answers()
    assert recall(catalogue.found(), before) >= 0.99
