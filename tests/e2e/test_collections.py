"""Life of collections, partitions, aliases, load state and indexes."""

import pytest
from oracle import random_vectors
from pymilvus import DataType, MilvusClient, MilvusException
from pymilvus.client.types import LoadState
from rows import all_ids, count, create, index_of, simple_schema, vector_rows


def fields_of(client, name):
    return {field["name"]: field for field in client.describe_collection(name)["fields"]}


def test_quick_form_creates_indexes_and_loads(client, name):
    client.create_collection(name, dimension=8)
    about = client.describe_collection(name)
    assert about["collection_name"] == name
    assert about["enable_dynamic_field"] is True
    assert about["auto_id"] is False
    assert about["num_shards"] == 1
    assert about["num_partitions"] == 1
    assert about["consistency_level"] == 2  # Bounded
    assert about["collection_id"] > 0
    assert about["created_timestamp"] > 0
    fields = fields_of(client, name)
    assert list(fields) == ["id", "vector"]
    assert fields["id"]["type"] == DataType.INT64
    assert fields["id"]["is_primary"] is True
    assert fields["vector"]["type"] == DataType.FLOAT_VECTOR
    assert fields["vector"]["params"]["dim"] == 8
    assert client.list_indexes(name) == ["vector"]
    index = client.describe_index(name, "vector")
    assert index["index_type"] == "AUTOINDEX"
    assert index["metric_type"] == "COSINE"
    assert index["state"] == "Finished"
    assert client.get_load_state(name)["state"] == LoadState.Loaded


def test_quick_form_with_string_keys_and_own_names(client, name):
    client.create_collection(name, dimension=4, primary_field_name="key", id_type="string", max_length=32,
                             vector_field_name="embedding", metric_type="IP", auto_id=False)
    fields = fields_of(client, name)
    assert fields["key"]["type"] == DataType.VARCHAR
    assert fields["key"]["params"]["max_length"] == 32
    assert client.describe_index(name, "embedding")["metric_type"] == "IP"


def test_schema_form_is_described_field_by_field(client, name):
    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False, description="all of it")
    schema.add_field("key", DataType.VARCHAR, is_primary=True, max_length=99, description="the key")
    schema.add_field("small", DataType.INT8, nullable=True)
    schema.add_field("flag", DataType.BOOL, default_value=True)
    schema.add_field("tags", DataType.ARRAY, element_type=DataType.VARCHAR, max_capacity=7, max_length=20)
    schema.add_field("meta", DataType.JSON, nullable=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=16)
    client.create_collection(name, schema=schema, num_shards=2, consistency_level="Session",
                             properties={"collection.ttl.seconds": "86400"})
    about = client.describe_collection(name)
    assert about["description"] == "all of it"
    assert about["enable_dynamic_field"] is False
    assert about["num_shards"] == 2
    assert about["consistency_level"] == 1
    assert about["properties"]["collection.ttl.seconds"] == "86400"
    fields = fields_of(client, name)
    assert list(fields) == ["key", "small", "flag", "tags", "meta", "vector"]
    assert [field["field_id"] for field in fields.values()] == [100, 101, 102, 103, 104, 105]
    assert fields["key"]["description"] == "the key"
    assert fields["key"]["params"]["max_length"] == 99
    assert fields["small"]["nullable"] is True
    assert fields["flag"]["default_value"].bool_data is True
    assert fields["tags"]["element_type"] == DataType.VARCHAR
    assert fields["tags"]["params"] == {"max_capacity": 7, "max_length": 20}
    assert fields["meta"]["type"] == DataType.JSON
    assert fields["vector"]["params"]["dim"] == 16


def test_a_collection_exists_from_create_to_drop(client, name):
    assert client.has_collection(name) is False
    client.create_collection(name, dimension=4)
    assert client.has_collection(name) is True
    assert name in client.list_collections()
    client.drop_collection(name)
    assert client.has_collection(name) is False
    assert name not in client.list_collections()


def test_dropping_a_missing_collection_succeeds(client):
    client.drop_collection("never_was_there")


def test_creating_the_same_collection_again_succeeds(client, name):
    create(client, name, simple_schema())
    create(client, name, simple_schema())


def test_creating_a_different_collection_of_that_name_fails(client, name):
    create(client, name, simple_schema())
    with pytest.raises(MilvusException, match="create duplicate collection with different parameters") as error:
        client.create_collection(name, schema=simple_schema(dim=9))
    assert error.value.code == 1100


def test_a_dropped_name_can_be_used_again_and_is_empty(client, name):
    create(client, name, simple_schema())
    client.insert(name, vector_rows(random_vectors(10, 8)))
    client.drop_collection(name)
    create(client, name, simple_schema(dim=5))
    assert count(client, name) == 0
    client.insert(name, vector_rows(random_vectors(3, 5)))
    assert count(client, name) == 3


def test_rename_keeps_rows_and_frees_the_old_name(client, name):
    create(client, name, simple_schema())
    client.insert(name, vector_rows(random_vectors(5, 8)))
    client.rename_collection(name, name + "_new")
    try:
        assert not client.has_collection(name)
        assert count(client, name + "_new") == 5
    finally:
        client.rename_collection(name + "_new", name)
    assert count(client, name) == 5


def test_rename_to_a_taken_name_fails(client, name):
    create(client, name, simple_schema())
    create(client, name + "_b", simple_schema())
    with pytest.raises(MilvusException):
        client.rename_collection(name, name + "_b")
    client.drop_collection(name + "_b")


def test_statistics_count_flushed_rows(client, name):
    create(client, name, simple_schema())
    client.insert(name, vector_rows(random_vectors(12, 8)))
    client.flush(name)
    assert int(client.get_collection_stats(name)["row_count"]) == 12


def test_load_state_follows_load_and_release(client, name):
    client.create_collection(name, schema=simple_schema())
    assert client.get_load_state(name)["state"] == LoadState.NotLoad
    client.create_index(name, index_of())
    client.load_collection(name)
    assert client.get_load_state(name)["state"] == LoadState.Loaded
    client.load_collection(name)
    client.refresh_load(name)
    client.release_collection(name)
    assert client.get_load_state(name)["state"] == LoadState.NotLoad
    client.release_collection(name)


def test_load_state_of_a_missing_collection(client):
    state = client.get_load_state("never_was_there")["state"]
    assert state == LoadState.NotExist


def test_loading_without_an_index_fails(client, name):
    client.create_collection(name, schema=simple_schema())
    with pytest.raises(MilvusException, match="there is no vector index on field") as error:
        client.load_collection(name)
    assert error.value.code == 700


def test_rows_stay_through_release_and_load(client, name):
    create(client, name, simple_schema())
    client.insert(name, vector_rows(random_vectors(7, 8)))
    client.release_collection(name)
    client.load_collection(name)
    assert count(client, name) == 7


def test_loading_some_fields_is_accepted(client, name):
    schema = simple_schema()
    schema.add_field("extra", DataType.INT64)
    client.create_collection(name, schema=schema)
    client.create_index(name, index_of())
    client.load_collection(name, load_fields=["id", "vector"])
    assert client.get_load_state(name)["state"] == LoadState.Loaded


def test_replicas_are_described(client, name):
    create(client, name, simple_schema())
    assert len(client.describe_replica(name)) == 1


# --- aliases ---


def test_an_alias_stands_for_its_collection(client, name):
    create(client, name, simple_schema())
    client.insert(name, vector_rows(random_vectors(4, 8)))
    alias = name + "_alias"
    client.create_alias(name, alias)
    try:
        assert count(client, alias) == 4
        assert client.has_collection(alias)
        assert client.describe_collection(alias)["collection_name"] == name
        assert client.describe_collection(name)["aliases"] == [alias]
        assert client.describe_alias(alias)["collection_name"] == name
        assert client.list_aliases(name)["aliases"] == [alias]
        client.insert(alias, vector_rows(random_vectors(2, 8), start=100))
        assert count(client, name) == 6
    finally:
        client.drop_alias(alias)
    assert not client.has_collection(alias)


def test_an_alias_can_be_moved(client, name):
    create(client, name, simple_schema())
    create(client, name + "_b", simple_schema())
    alias = name + "_alias"
    client.create_alias(name, alias)
    client.alter_alias(name + "_b", alias)
    assert client.describe_alias(alias)["collection_name"] == name + "_b"
    client.drop_alias(alias)
    client.drop_collection(name + "_b")


def test_aliases_clash_with_names_and_each_other(client, name):
    create(client, name, simple_schema())
    create(client, name + "_b", simple_schema())
    alias = name + "_alias"
    client.create_alias(name, alias)
    with pytest.raises(MilvusException) as error:
        client.create_alias(name + "_b", alias)
    assert error.value.code == 1602
    with pytest.raises(MilvusException) as error:
        client.create_alias(name, name + "_b")
    assert error.value.code == 1601
    with pytest.raises(MilvusException) as error:
        client.create_collection(alias, schema=simple_schema())
    assert error.value.code == 1601
    client.drop_alias(alias)
    client.drop_collection(name + "_b")


def test_a_missing_alias_is_neither_described_nor_altered(client, name):
    client.create_collection(name, schema=simple_schema())
    for call in (lambda: client.describe_alias("never_was_there"),
                 lambda: client.alter_alias(name, "never_was_there")):
        with pytest.raises(MilvusException, match="alias not found") as error:
            call()
        assert error.value.code == 1600


def test_a_collection_with_an_alias_cannot_be_dropped(client, name):
    create(client, name, simple_schema())
    client.create_alias(name, name + "_alias")
    with pytest.raises(MilvusException):
        client.drop_collection(name)
    client.drop_alias(name + "_alias")


# --- partitions ---


def test_partitions_hold_rows_apart(client, name):
    create(client, name, simple_schema())
    client.create_partition(name, "east")
    client.create_partition(name, "west")
    assert sorted(client.list_partitions(name)) == ["_default", "east", "west"]
    assert client.has_partition(name, "east")
    client.insert(name, vector_rows(random_vectors(3, 8)), partition_name="east")
    client.insert(name, vector_rows(random_vectors(5, 8), start=10), partition_name="west")
    client.insert(name, vector_rows(random_vectors(1, 8), start=20))
    client.flush(name)
    assert int(client.get_partition_stats(name, "east")["row_count"]) == 3
    assert count(client, name, partition_names=["west"]) == 5
    assert count(client, name, partition_names=["east", "_default"]) == 4
    assert count(client, name) == 9
    hits = client.search(name, [[0.0] * 8], limit=10, partition_names=["east"], consistency_level="Strong")
    assert sorted(hit["id"] for hit in hits[0]) == [0, 1, 2]


def test_a_dropped_partition_takes_its_rows(client, name):
    create(client, name, simple_schema())
    client.create_partition(name, "gone")
    client.insert(name, vector_rows(random_vectors(3, 8)), partition_name="gone")
    client.insert(name, vector_rows(random_vectors(2, 8), start=10))
    with pytest.raises(MilvusException, match="release it first|is loaded"):
        client.drop_partition(name, "gone")
    client.release_partitions(name, ["gone"])
    client.drop_partition(name, "gone")
    assert not client.has_partition(name, "gone")
    client.release_collection(name)
    client.load_collection(name)
    assert all_ids(client, name) == [10, 11]
    client.drop_partition(name, "gone")


def test_the_default_partition_stays(client, name):
    client.create_collection(name, schema=simple_schema())
    with pytest.raises(MilvusException, match="default partition cannot be deleted") as error:
        client.drop_partition(name, "_default")
    assert error.value.code == 1100


def test_loading_single_partitions(client, name):
    client.create_collection(name, schema=simple_schema(), consistency_level="Strong")
    client.create_index(name, index_of())
    client.create_partition(name, "a")
    client.create_partition(name, "b")
    client.insert(name, vector_rows(random_vectors(3, 8)), partition_name="a")
    client.insert(name, vector_rows(random_vectors(4, 8), start=10), partition_name="b")
    client.load_partitions(name, ["a"])
    assert client.get_load_state(name, "a")["state"] == LoadState.Loaded
    assert client.get_load_state(name, "b")["state"] == LoadState.NotLoad
    assert count(client, name, partition_names=["a"]) == 3
    with pytest.raises(MilvusException, match="not loaded"):
        count(client, name, partition_names=["b"])
    client.load_partitions(name, ["b"])
    assert count(client, name, partition_names=["a", "b"]) == 7
    client.release_partitions(name, ["a"])
    with pytest.raises(MilvusException, match="not loaded"):
        count(client, name, partition_names=["a"])


def test_a_missing_partition_is_an_error(client, name):
    create(client, name, simple_schema())
    with pytest.raises(MilvusException, match="partition not found") as error:
        client.insert(name, vector_rows(random_vectors(1, 8)), partition_name="nowhere")
    assert error.value.code == 200
    with pytest.raises(MilvusException):
        count(client, name, partition_names=["nowhere"])


def test_a_partition_key_spreads_rows(client, name):
    schema = simple_schema()
    schema.add_field("tenant", DataType.VARCHAR, max_length=20, is_partition_key=True)
    create(client, name, schema)
    assert client.describe_collection(name)["num_partitions"] == 16
    assert len(client.list_partitions(name)) == 16
    tenants = [f"t{i % 5}" for i in range(100)]
    client.insert(name, vector_rows(random_vectors(100, 8), tenant=tenants))
    assert count(client, name) == 100
    assert count(client, name, 'tenant == "t3"') == 20
    assert count(client, name, 'tenant in ["t1", "t2"]') == 40
    hits = client.search(name, [[0.0] * 8], limit=50, filter='tenant == "t4"', output_fields=["tenant"],
                         consistency_level="Strong")[0]
    assert len(hits) == 20
    assert {hit["entity"]["tenant"] for hit in hits} == {"t4"}
    client.delete(name, filter='tenant == "t3"')
    assert count(client, name) == 80


def test_a_partition_key_forbids_naming_partitions(client, name):
    schema = simple_schema()
    schema.add_field("tenant", DataType.INT64, is_partition_key=True)
    create(client, name, schema, num_partitions=4)
    assert len(client.list_partitions(name)) == 4
    with pytest.raises(MilvusException, match="partition key"):
        client.create_partition(name, "mine")
    with pytest.raises(MilvusException, match="not support manually specifying the partition names"):
        client.insert(name, vector_rows(random_vectors(1, 8), tenant=[1]), partition_name="_default_0")


# --- indexes ---


def test_an_index_is_created_described_and_dropped(client, name):
    client.create_collection(name, schema=simple_schema())
    assert client.list_indexes(name) == []
    index = MilvusClient.prepare_index_params()
    index.add_index("vector", index_name="mine", index_type="HNSW", metric_type="IP",
                    params={"M": 16, "efConstruction": 100})
    client.create_index(name, index)
    about = client.describe_index(name, "mine")
    assert about["field_name"] == "vector"
    assert about["index_type"] == "HNSW"
    assert about["metric_type"] == "IP"
    assert str(about["M"]) == "16"
    client.drop_index(name, "mine")
    assert client.list_indexes(name) == []
    assert client.describe_index(name, "mine") is None


def test_a_loaded_vector_index_cannot_be_dropped(client, name):
    create(client, name, simple_schema())
    with pytest.raises(MilvusException, match="vector index cannot be dropped on loaded collection") as error:
        client.drop_index(name, "vector")
    assert error.value.code == 1100


def test_one_distinct_index_for_each_field(client, name):
    client.create_collection(name, schema=simple_schema())
    client.create_index(name, index_of(metric="L2"))
    client.create_index(name, index_of(metric="L2"))
    with pytest.raises(MilvusException, match="at most one distinct index is allowed per field"):
        client.create_index(name, index_of(metric="IP"))


def test_index_without_a_type_is_autoindex_on_every_field(client, name):
    schema = simple_schema()
    schema.add_field("number", DataType.INT64)
    schema.add_field("text", DataType.VARCHAR, max_length=10)
    schema.add_field("data", DataType.JSON)
    client.create_collection(name, schema=schema)
    index = MilvusClient.prepare_index_params()
    for field in ("number", "text", "vector"):
        index.add_index(field)
    index.add_index("data", params={"json_cast_type": "JSON"})
    client.create_index(name, index)
    assert sorted(client.list_indexes(name)) == ["data", "number", "text", "vector"]
    for field in ("number", "text", "data", "vector"):
        assert client.describe_index(name, field)["index_type"] == "AUTOINDEX"
    client.load_collection(name)


def test_index_rows_are_counted(client, name):
    create(client, name, simple_schema(), index_of(index_type="HNSW", metric="L2", M=8, efConstruction=50))
    client.insert(name, vector_rows(random_vectors(2000, 8)))
    client.flush(name)
    client.load_collection(name)
    index = client.describe_index(name, "vector")
    assert index["total_rows"] == 2000
    assert index["indexed_rows"] + index["pending_index_rows"] == 2000


def test_flush_makes_segments_that_hold_every_row(client, name):
    create(client, name, simple_schema())
    client.insert(name, vector_rows(random_vectors(1500, 8)))
    client.flush(name)
    assert sum(segment.num_rows for segment in client.list_persistent_segments(name)) == 1500
    assert sum(segment.num_rows for segment in client.list_loaded_segments(name)) == 1500


def test_compaction_completes(client, name):
    create(client, name, simple_schema())
    client.insert(name, vector_rows(random_vectors(10, 8)))
    job = client.compact(name)
    assert client.get_compaction_state(job) == "Completed"
