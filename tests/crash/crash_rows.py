"""Rows whose every byte follows from (key, version), their collections, and requests about them.

So the model needs one number per row: what came back is compared with what the key and the version
say it must be, and half a row, or a mix of two versions, cannot pass.
"""

import json
import struct

import numpy as np
from pymilvus.grpc_gen import common_pb2, milvus_pb2, schema_pb2

DIM = 16
RPC_SECONDS_MAX = 30
INT64, VARCHAR, FLOAT_VECTOR = schema_pb2.Int64, schema_pb2.VarChar, schema_pb2.FloatVector


class Refused(Exception):
    """The server answered with an error."""


def checked(reply):
    status = getattr(reply, "status", reply)
    if status.code != 0 or status.error_code != 0:
        raise Refused(f"{type(reply).__name__}: {status.code} {status.reason}")
    return reply


def _mixed(numbers):
    """SplitMix64 of every number."""
    x = numbers.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def vectors_of(keys, versions):
    row = _mixed(_mixed(np.asarray(keys)) ^ np.asarray(versions).astype(np.uint64))
    cells = _mixed(row[:, None] ^ np.arange(1, DIM + 1, dtype=np.uint64)[None, :])
    return ((cells >> np.uint64(40)).astype(np.float32) / np.float32(1 << 23) - 1).astype(np.float32)


def text_of(key, version):
    text = f"{key}:{version}:"
    length = (key * 31 + version * 17) % 400
    return text + "abcdefghij"[version % 10] * length


def _pair(key, value):
    return common_pb2.KeyValuePair(key=key, value=value)


class Collection:
    """One collection: its name, its kind of key, and the requests of its users."""

    def __init__(self, name, key_type=INT64, shards=1, index="FLAT", partition=None):
        self.name, self.key_type, self.shards, self.index, self.partition = name, key_type, shards, index, partition

    # ---- keys

    def stored(self, key):
        return int(key) if self.key_type == INT64 else f"k{key:012d}"

    def _key_of(self, stored):
        return stored if self.key_type == INT64 else int(stored[1:])

    def _literal(self, key):
        return str(key) if self.key_type == INT64 else f'"{self.stored(key)}"'

    def filter_of(self, keys):
        return f"pk in [{', '.join(map(self._literal, keys))}]"

    def filter_between(self, first, last):
        return f"pk >= {self._literal(first)} and pk <= {self._literal(last)} and version >= 0"

    # ---- definition

    def _schema(self):
        field, pair = schema_pb2.FieldSchema, _pair
        length = [] if self.key_type == INT64 else [pair("max_length", "64")]
        return schema_pb2.CollectionSchema(name=self.name, fields=[
            field(name="pk", data_type=self.key_type, is_primary_key=True, type_params=length),
            field(name="version", data_type=INT64),
            field(name="text", data_type=VARCHAR, type_params=[pair("max_length", "1000")]),
            field(name="vector", data_type=FLOAT_VECTOR, type_params=[pair("dim", str(DIM))])])

    def create(self, stub):
        checked(stub.CreateCollection(milvus_pb2.CreateCollectionRequest(
            collection_name=self.name, schema=self._schema().SerializeToString(), shards_num=self.shards,
            consistency_level=common_pb2.Strong), timeout=RPC_SECONDS_MAX))

    def create_partition(self, stub):
        checked(stub.CreatePartition(milvus_pb2.CreatePartitionRequest(
            collection_name=self.name, partition_name=self.partition), timeout=RPC_SECONDS_MAX))

    def create_index(self, stub):
        params = {"HNSW": {"M": 8, "efConstruction": 40}}.get(self.index, {})
        checked(stub.CreateIndex(milvus_pb2.CreateIndexRequest(
            collection_name=self.name, field_name="vector", index_name="vector", extra_params=[
                _pair("index_type", self.index), _pair("metric_type", "L2"), _pair("params", json.dumps(params))]),
            timeout=RPC_SECONDS_MAX))

    def drop_index(self, stub):
        checked(stub.DropIndex(milvus_pb2.DropIndexRequest(
            collection_name=self.name, field_name="vector", index_name="vector"), timeout=RPC_SECONDS_MAX))

    def load(self, stub):
        checked(stub.LoadCollection(milvus_pb2.LoadCollectionRequest(
            collection_name=self.name, replica_number=1), timeout=RPC_SECONDS_MAX))

    def release(self, stub):
        checked(stub.ReleaseCollection(milvus_pb2.ReleaseCollectionRequest(
            collection_name=self.name), timeout=RPC_SECONDS_MAX))

    def drop(self, stub):
        checked(stub.DropCollection(milvus_pb2.DropCollectionRequest(
            collection_name=self.name), timeout=RPC_SECONDS_MAX))

    def flush(self, stub):
        checked(stub.Flush(milvus_pb2.FlushRequest(collection_names=[self.name]), timeout=RPC_SECONDS_MAX))

    def compact(self, stub, **kind):
        """Starts one; whatever it does, no row may change."""
        checked(stub.ManualCompaction(milvus_pb2.ManualCompactionRequest(
            collection_name=self.name, **kind), timeout=RPC_SECONDS_MAX))

    def exists(self, stub):
        reply = stub.ShowCollections(milvus_pb2.ShowCollectionsRequest(), timeout=RPC_SECONDS_MAX)
        return self.name in checked(reply).collection_names

    def has_index(self, stub):
        reply = stub.DescribeIndex(milvus_pb2.DescribeIndexRequest(
            collection_name=self.name, field_name="vector"), timeout=RPC_SECONDS_MAX)
        return reply.status.code == 0 and len(reply.index_descriptions) == 1

    def load_state(self, stub):
        return checked(stub.GetLoadState(milvus_pb2.GetLoadStateRequest(
            collection_name=self.name), timeout=RPC_SECONDS_MAX)).state

    # ---- writes

    def _fields(self, keys, version):
        stored = [self.stored(key) for key in keys]
        pk = (schema_pb2.ScalarField(long_data=schema_pb2.LongArray(data=stored)) if self.key_type == INT64
              else schema_pb2.ScalarField(string_data=schema_pb2.StringArray(data=stored)))
        numbers = schema_pb2.LongArray(data=[version] * len(keys))
        texts = schema_pb2.StringArray(data=[text_of(key, version) for key in keys])
        cells = vectors_of(keys, [version] * len(keys)).ravel().tolist()
        data = schema_pb2.FieldData
        return [
            data(type=self.key_type, field_name="pk", scalars=pk),
            data(type=INT64, field_name="version", scalars=schema_pb2.ScalarField(long_data=numbers)),
            data(type=VARCHAR, field_name="text", scalars=schema_pb2.ScalarField(string_data=texts)),
            data(type=FLOAT_VECTOR, field_name="vector", vectors=schema_pb2.VectorField(
                dim=DIM, float_vector=schema_pb2.FloatArray(data=cells)))]

    def insert(self, stub, keys, version, partition=""):
        return checked(stub.Insert(milvus_pb2.InsertRequest(
            collection_name=self.name, partition_name=partition, fields_data=self._fields(keys, version),
            num_rows=len(keys)), timeout=RPC_SECONDS_MAX)).insert_cnt

    def upsert(self, stub, keys, version, partition=""):
        return checked(stub.Upsert(milvus_pb2.UpsertRequest(
            collection_name=self.name, partition_name=partition, fields_data=self._fields(keys, version),
            num_rows=len(keys)), timeout=RPC_SECONDS_MAX)).upsert_cnt

    def delete(self, stub, expression, partition=""):
        return checked(stub.Delete(milvus_pb2.DeleteRequest(
            collection_name=self.name, partition_name=partition, expr=expression,
            consistency_level=common_pb2.Strong), timeout=RPC_SECONDS_MAX)).delete_cnt

    # ---- reads

    def _query(self, stub, expression, fields, partitions=()):
        return checked(stub.Query(milvus_pb2.QueryRequest(
            collection_name=self.name, expr=expression, output_fields=fields, partition_names=partitions,
            consistency_level=common_pb2.Strong, query_params=[]), timeout=RPC_SECONDS_MAX)).fields_data

    def count(self, stub, partitions=()):
        return self._query(stub, "", ["count(*)"], partitions)[0].scalars.long_data.data[0]

    def rows(self, stub):
        """Every row: keys, versions, texts, vectors."""
        everything = "pk >= 0" if self.key_type == INT64 else 'pk > ""'
        columns = {data.field_name: data for data in
                   self._query(stub, everything, ["pk", "version", "text", "vector"])}
        pk = columns["pk"].scalars
        keys = [self._key_of(key) for key in
                (pk.long_data.data if self.key_type == INT64 else pk.string_data.data)]
        versions = np.array(columns["version"].scalars.long_data.data, dtype=np.int64)
        vectors = np.array(columns["vector"].vectors.float_vector.data, dtype=np.float32).reshape(-1, DIM)
        return keys, versions, list(columns["text"].scalars.string_data.data), vectors

    def nearest(self, stub, key, version):
        """Keys and distances of the rows nearest to the vector of (key, version)."""
        vector = struct.pack(f"<{DIM}f", *vectors_of([key], [version])[0].tolist())
        placeholder = common_pb2.PlaceholderGroup(placeholders=[common_pb2.PlaceholderValue(
            tag="$0", type=common_pb2.PlaceholderType.FloatVector, values=[vector])])
        results = checked(stub.Search(milvus_pb2.SearchRequest(
            collection_name=self.name, dsl_type=common_pb2.BoolExprV1, nq=1,
            placeholder_group=placeholder.SerializeToString(), consistency_level=common_pb2.Strong,
            search_params=[_pair("anns_field", "vector"), _pair("topk", "10"), _pair("metric_type", "L2"),
                           _pair("params", json.dumps({"ef": 400} if self.index == "HNSW" else {})),
                           _pair("round_decimal", "-1")]),
            timeout=RPC_SECONDS_MAX)).results
        ids = results.ids.int_id.data if self.key_type == INT64 else results.ids.str_id.data
        return [self._key_of(one) for one in ids], list(results.scores)
