#!/usr/bin/env python3
"""Semantic search over 1,500 Debian packages with pymilvus.

    search.py [ADDRESS]        default: ELANUS_ADDRESS, then localhost:19530
"""

import json
import os
import pathlib
import sys

from pymilvus import DataType, MilvusClient

DATA = pathlib.Path(__file__).resolve().parents[1] / "data"
COLLECTION = "example_packages_python"
OUTPUT = ["name", "section", "installed_size_kb", "summary"]


def read_lines(file_name):
    with open(DATA / file_name, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def create_collection(client):
    schema = client.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("name", DataType.VARCHAR, max_length=100)
    schema.add_field("section", DataType.VARCHAR, max_length=40)
    schema.add_field("architecture", DataType.VARCHAR, max_length=20)
    schema.add_field("installed_size_kb", DataType.INT64)
    schema.add_field("summary", DataType.VARCHAR, max_length=500)
    schema.add_field("description", DataType.VARCHAR, max_length=2000)
    schema.add_field("embedding", DataType.FLOAT_VECTOR, dim=384)

    index = client.prepare_index_params()
    index.add_index("embedding", index_type="AUTOINDEX", metric_type="COSINE")

    client.drop_collection(COLLECTION)
    client.create_collection(COLLECTION, schema=schema, index_params=index, consistency_level="Strong")


def show(title, hits):
    print(f"\n{title}")
    for hit in hits:
        package = hit["entity"]
        print(f"  {hit['distance']:.3f}  {package['name']:<28} {package['section']:<12} {package['summary'][:60]}")


def main():
    address = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("ELANUS_ADDRESS", "localhost:19530")
    client = MilvusClient(f"http://{address}")
    create_collection(client)
    packages, queries = read_lines("packages.jsonl"), read_lines("queries.jsonl")
    client.insert(COLLECTION, packages)
    rows = client.query(COLLECTION, output_fields=["count(*)"])[0]["count(*)"]
    print(f"{rows} packages in {COLLECTION} on {address}")

    asked = queries[:4]
    results = client.search(COLLECTION, [query["embedding"] for query in asked], limit=3, output_fields=OUTPUT)
    for query, hits in zip(asked, results, strict=True):
        show(f'"{query["text"]}"', hits)

    rule = 'section in ["libs", "libdevel"] and installed_size_kb < 1000'
    results = client.search(COLLECTION, [asked[0]["embedding"]], limit=3, filter=rule, output_fields=OUTPUT)
    show(f'"{asked[0]["text"]}" where {rule}', results[0])

    client.drop_collection(COLLECTION)
    client.close()


if __name__ == "__main__":
    main()
