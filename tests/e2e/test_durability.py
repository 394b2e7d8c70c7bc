"""What was acknowledged is there after kill -9, after SIGTERM, after a flush, again and again."""

import threading

import pytest
from elanus_server import Server
from oracle import random_vectors
from pymilvus import DataType, MilvusException
from rows import all_ids, count, create, index_of, insert_in_batches, simple_schema, vector_rows

DIM = 8


def schema():
    one = simple_schema(dim=DIM)
    one.add_field("number", DataType.INT64)
    return one


def rows_from(start, count_of, number=0, seed=1):
    return vector_rows(random_vectors(count_of, DIM, seed=seed), start=start, number=[number] * count_of)


def numbers(client, name):
    rows = client.query(name, filter="id >= 0", output_fields=["number"], limit=16384, consistency_level="Strong")
    return {row["id"]: row["number"] for row in rows}


def ended(server, how):
    if how == "kill":
        server.kill()
    else:
        status, seconds = server.stop()
        assert status == 0
        assert seconds < 10
    return server.start().client()


@pytest.mark.parametrize("how", ["kill", "term"])
def test_acknowledged_rows_survive(own_server, how):
    client = own_server.client()
    create(client, "c", schema())
    for batch in range(10):
        client.insert("c", rows_from(batch * 100, 100, number=batch))
    client = ended(own_server, how)
    assert numbers(client, "c") == {i: i // 100 for i in range(1000)}


@pytest.mark.parametrize("how", ["kill", "term"])
def test_flushed_and_later_rows_survive(own_server, how):
    client = own_server.client()
    create(client, "c", schema())
    client.insert("c", rows_from(0, 500))
    client.flush("c")
    client.insert("c", rows_from(500, 300))
    client.delete("c", ids=[0, 499, 500, 799])
    client.upsert("c", rows_from(10, 5, number=7) + rows_from(600, 5, number=8))
    expected = {i: 0 for i in range(800) if i not in (0, 499, 500, 799)}
    expected |= {i: 7 for i in range(10, 15)} | {i: 8 for i in range(600, 605)}
    for _ in range(2):
        assert numbers(client, "c") == expected
        client = ended(own_server, how)
    assert numbers(client, "c") == expected
    client.flush("c")
    assert numbers(client, "c") == expected
    client = ended(own_server, how)
    assert numbers(client, "c") == expected
    assert count(client, "c") == len(expected)


def test_a_started_server_serves_what_was_loaded(own_server):
    client = own_server.client()
    create(client, "c", schema())
    for flush in range(12):
        client.insert("c", rows_from(flush * 10, 10))
        client.flush("c")
    for how in ("kill", "term"):
        client = ended(own_server, how)
        assert client.get_load_state("c")["state"].name == "Loaded"
        assert count(client, "c") == 120


def test_deleted_rows_stay_deleted(own_server):
    client = own_server.client()
    create(client, "c", schema())
    client.insert("c", rows_from(0, 1000))
    client.flush("c")
    client.delete("c", filter="id % 3 == 0")
    own_server.kill()
    client = own_server.start().client()
    expected = [i for i in range(1000) if i % 3]
    assert all_ids(client, "c") == expected
    client.flush("c")
    client.delete("c", filter="id < 500")
    own_server.kill()
    client = own_server.start().client()
    assert all_ids(client, "c") == [i for i in expected if i >= 500]
    hits = client.search("c", [[0.0] * DIM], limit=1000)[0]
    assert sorted(hit["id"] for hit in hits) == [i for i in expected if i >= 500]


def test_everything_about_a_collection_survives(own_server):
    client = own_server.client()
    create(client, "c", schema(), index_of(index_type="HNSW", metric="COSINE", M=8, efConstruction=64),
           num_shards=2, description="kept")
    client.create_partition("c", "p")
    client.insert("c", rows_from(0, 50), partition_name="p")
    client.create_alias("c", "other_name")
    create(client, "released", schema())
    client.release_collection("released")
    create(client, "dropped", schema())
    client.drop_collection("dropped")
    client.rename_collection("released", "renamed")

    def without_times(about):
        return {key: value for key, value in about.items() if "timestamp" not in key}

    before = without_times(client.describe_collection("c"))
    index_before = client.describe_index("c", "vector")
    own_server.kill()
    client = own_server.start().client()
    assert without_times(client.describe_collection("c")) == before
    assert client.describe_index("c", "vector") == index_before
    assert sorted(client.list_collections()) == ["c", "renamed"]
    assert sorted(client.list_partitions("c")) == ["_default", "p"]
    assert count(client, "other_name", partition_names=["p"]) == 50
    with pytest.raises(MilvusException, match="not loaded"):
        count(client, "renamed")
    client.load_collection("renamed")
    assert count(client, "renamed") == 0


def test_auto_ids_stay_unique_over_restarts(own_server):
    client = own_server.client()
    client.create_collection("c", dimension=DIM, auto_id=True, consistency_level="Strong")
    given = []
    for _ in range(3):
        given += client.insert("c", [{"vector": [0.0] * DIM}] * 50)["ids"]
        own_server.kill()
        client = own_server.start().client()
    assert len(set(given)) == 150
    assert count(client, "c", "id >= 0") == 150


def test_the_index_answers_after_a_restart(own_server):
    client = own_server.client()
    create(client, "c", schema(), index_of(index_type="HNSW", metric="L2", M=16, efConstruction=100))
    vectors = random_vectors(3000, DIM, seed=2)
    insert_in_batches(client, "c", vector_rows(vectors, number=[0] * 3000))
    client.flush("c")
    before = [[hit["id"] for hit in hits] for hits in client.search("c", vectors[:50].tolist(), limit=5)]
    own_server.kill()
    client = own_server.start().client()
    after = [[hit["id"] for hit in hits] for hits in client.search("c", vectors[:50].tolist(), limit=5)]
    assert [hits[0] for hits in after] == list(range(50))
    assert sum(len({*a} & {*b}) for a, b in zip(before, after, strict=True)) >= 0.95 * 250


def test_kills_in_the_middle_of_writes_lose_nothing(tmp_path):
    """Writers go on until the server dies; afterwards every acknowledged row must be there, and only
    rows that were sent."""
    with Server(tmp_path / "own", environment={"ELANUS_SEGMENT_MAXGROWINGSIZE": "1"}) as server:
        client = server.client()
        create(client, "c", schema())
        acknowledged, sent, deleted = set(), set(), set()
        lock = threading.Lock()

        def write(client, worker, cycle):
            for batch in range(10_000):
                start = ((cycle * 4 + worker) * 10_000 + batch) * 10
                with lock:
                    sent.update(range(start, start + 10))
                try:
                    client.insert("c", rows_from(start, 10), timeout=1)
                    with lock:
                        acknowledged.update(range(start, start + 10))
                    if batch % 5 == 4:
                        client.delete("c", ids=[start], timeout=1)
                        with lock:
                            deleted.add(start)
                except Exception:
                    with lock:
                        uncertain.add(start)
                    return

        for cycle in range(4):
            uncertain = set()
            writers = [threading.Thread(target=write, args=(server.client(), worker, cycle)) for worker in range(3)]
            for writer in writers:
                writer.start()
            threading.Event().wait(0.7)
            if cycle % 2:
                client.flush("c")
            server.process.kill()
            server.process.wait()
            for writer in writers:
                writer.join()
            server.kill()
            client = server.start().client()
            found = set()
            for row in _every_row(client):
                assert row not in found, "a row came back twice"
                found.add(row)
            assert acknowledged - deleted - uncertain <= found
            assert found <= sent
            assert not found & deleted
            assert len(found) == count(client, "c")
            for start in {row // 10 * 10 for row in found}:
                assert set(range(start + 1, start + 10)) <= found, "half of a request came back"
            acknowledged = found  # what an unanswered delete did is settled now
        assert len(acknowledged) > 100


def _every_row(client):
    iterator = client.query_iterator("c", batch_size=5000, filter="id >= 0", output_fields=["id"],
                                     consistency_level="Strong")
    while page := iterator.next():
        yield from (row["id"] for row in page)
    iterator.close()
