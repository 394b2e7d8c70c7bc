"""Many things at once: drops in the middle of flushes and writes, readers beside writers, one answer."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from oracle import random_vectors
from pymilvus import MilvusException
from pymilvus.grpc_gen import milvus_pb2
from rows import all_ids, count, create, index_of, simple_schema, vector_rows

VECTORS = random_vectors(400, 8)


def seal(stub, name):
    """Flush without waiting for it, as a client that does not poll."""
    assert stub.Flush(milvus_pb2.FlushRequest(collection_names=[name])).status.code == 0


def together(*functions):
    """Runs all at the same time and raises what any of them raised."""
    with ThreadPoolExecutor(len(functions)) as pool:
        for future in [pool.submit(function) for function in functions]:
            future.result()


def until(stop, function):
    def loop():
        while not stop.is_set():
            function()
    return loop


def alive(client):
    assert isinstance(client.list_collections(), list)


def test_a_collection_can_be_dropped_while_it_is_flushed(client, stub, name):
    for _ in range(20):
        create(client, name, simple_schema())
        client.insert(name, vector_rows(VECTORS))
        client.delete(name, ids=[1, 2, 3])
        seal(stub, name)
        client.drop_collection(name)
    alive(client)


def test_a_partition_can_be_dropped_while_it_is_flushed(client, stub, name):
    create(client, name, simple_schema())
    client.insert(name, vector_rows(VECTORS[:10], start=1000))
    for _ in range(20):
        client.create_partition(name, "p")
        client.insert(name, vector_rows(VECTORS), partition_name="p")
        client.delete(name, ids=[1, 2, 3])
        client.release_partitions(name, ["p"])
        seal(stub, name)
        client.drop_partition(name, "p")
    client.release_collection(name)
    client.load_collection(name)
    assert all_ids(client, name) == list(range(1000, 1010))


def test_a_collection_can_be_released_while_it_is_flushed(client, stub, name):
    create(client, name, simple_schema())
    for round_ in range(10):
        client.insert(name, vector_rows(VECTORS, start=round_ * 400))
        seal(stub, name)
        client.release_collection(name)
        client.load_collection(name)
        assert count(client, name) == (round_ + 1) * 400


def test_a_collection_can_be_dropped_while_clients_use_it(server, client, name):
    for _ in range(5):
        create(client, name, simple_schema(), index_of(index_type="HNSW", M=8, efConstruction=32))
        client.insert(name, vector_rows(VECTORS))

        def use(action, client):
            try:
                for _ in range(1000):
                    action(client)
            except MilvusException as error:
                assert error.code in (100, 101, 200, 500), error

        def drop():
            time.sleep(0.1)
            client.drop_collection(name)

        together(drop, *[lambda action=action: use(action, server.client()) for action in (
            lambda c: c.insert(name, vector_rows(VECTORS[:50])),
            lambda c: c.delete(name, ids=[1]),
            lambda c: c.search(name, VECTORS[:5].tolist(), limit=10),
            lambda c: c.query(name, filter="id < 100", output_fields=["vector"]),
        )])
        assert not client.has_collection(name)


def test_counts_grow_by_whole_requests(server, client, name):
    create(client, name, simple_schema())
    stop = threading.Event()
    seen = []

    def write():
        mine = server.client()
        for batch in range(40):
            mine.insert(name, vector_rows(VECTORS[:100], start=batch * 100))
        stop.set()

    def read(mine):
        seen.append(count(mine, name))

    together(write, until(stop, lambda mine=server.client(): read(mine)))
    assert seen == sorted(seen)
    assert all(one % 100 == 0 for one in seen)
    assert count(client, name) == 4000


def test_readers_see_every_key_exactly_once_during_upserts_and_flushes(server, client, name):
    create(client, name, simple_schema(), num_shards=2)
    client.insert(name, vector_rows(VECTORS))
    stop = threading.Event()

    def write():
        mine = server.client()
        for round_ in range(30):
            mine.upsert(name, vector_rows(VECTORS, start=0))
            if round_ % 10 == 5:
                mine.flush(name)
        stop.set()

    def read(mine):
        assert all_ids(mine, name) == list(range(400))
        hits = mine.search(name, [VECTORS[0].tolist()], limit=400, consistency_level="Strong")[0]
        assert sorted(hit["id"] for hit in hits) == list(range(400))

    together(write, *[until(stop, lambda mine=server.client(): read(mine)) for _ in range(2)])


def test_deleted_keys_never_come_back_during_flushes(server, client, stub, name):
    create(client, name, simple_schema())
    for round_ in range(10):
        start = round_ * 400
        client.insert(name, vector_rows(VECTORS, start=start))
        seal(stub, name)
        client.delete(name, ids=list(range(start, start + 390)))
        assert count(client, name) == (round_ + 1) * 10
    client.flush(name)
    assert all_ids(client, name) == [r * 400 + i for r in range(10) for i in range(390, 400)]


def test_many_collections_come_and_go_at_once(server):
    def come_and_go(worker):
        mine = server.client()
        for round_ in range(5):
            one = f"at_once_{worker}_{round_}"
            create(mine, one, simple_schema())
            mine.insert(one, vector_rows(VECTORS[:20]))
            assert count(mine, one) == 20
            mine.drop_collection(one)

    together(*[lambda worker=worker: come_and_go(worker) for worker in range(8)])


def test_the_same_collection_created_at_once_is_one(server, client, name):
    together(*[lambda mine=server.client(): mine.create_collection(name, schema=simple_schema()) for _ in range(8)])
    assert client.list_collections().count(name) == 1


def test_writers_of_one_collection_share_it(server, client, name):
    create(client, name, simple_schema())

    def write(worker):
        mine = server.client()
        for batch in range(50):
            mine.insert(name, vector_rows(VECTORS[:4], start=(worker * 50 + batch) * 4))

    together(*[lambda worker=worker: write(worker) for worker in range(16)])
    assert all_ids(client, name) == list(range(16 * 50 * 4))
