"""The property collection.uniquePrimaryKey: an insert of a key that is there is refused whole."""

import threading

import pytest
from pymilvus import MilvusException
from rows import count, create, simple_schema

UNIQUE = "collection.uniquePrimaryKey"


def rows(*keys):
    return [{"id": key, "vector": [float(key)] * 8} for key in keys]


def test_a_conflict_refuses_the_whole_insert(client, name):
    create(client, name, simple_schema(), properties={UNIQUE: "true"})
    client.insert(name, rows(1, 2))
    client.flush(name)
    client.insert(name, rows(3))
    for batch in (rows(4, 1), rows(5, 3), rows(6, 6)):
        with pytest.raises(MilvusException, match=UNIQUE) as conflict:
            client.insert(name, batch)
        assert conflict.value.code == 1100
    assert count(client, name) == 3
    client.upsert(name, rows(1, 7))
    client.delete(name, ids=[2])
    client.insert(name, rows(2))
    assert count(client, name) == 4


def test_one_of_concurrent_inserts_succeeds(client, server, name):
    create(client, name, simple_schema(), properties={UNIQUE: "true"}, num_shards=2)
    successes = []

    def work():
        mine = server.client()
        for key in range(20):
            try:
                mine.insert(name, rows(key))
                successes.append(key)
            except MilvusException as refused:
                assert UNIQUE in str(refused)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(successes) == list(range(20))
    assert count(client, name) == 20


def test_keys_stay_unique_after_a_kill(own_server, name):
    client = own_server.client()
    create(client, name, simple_schema())
    client.insert(name, rows(1))
    client.alter_collection_properties(name, {UNIQUE: True})
    client.insert(name, rows(2))
    own_server.kill()
    own_server.start()
    client = own_server.client()
    for key in (1, 2):
        with pytest.raises(MilvusException, match="already exists"):
            client.insert(name, rows(key))
    client.drop_collection_properties(name, [UNIQUE])
    client.insert(name, rows(1))
