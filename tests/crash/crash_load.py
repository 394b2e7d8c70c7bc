"""Who writes while the server is killed, and what each of them knows was acknowledged.

Every writer owns its own keys and waits for each answer, so its model is exact: the acknowledged
rows, and the one request, if any, that was under way when the server died. Models change only after
an answer. Threads: one per writer; the verifier reads the models when none of them runs.
"""

import itertools
import random
import threading
import time

import grpc
from crash_rows import INT64, VARCHAR, Collection, Refused, text_of, vectors_of
from crash_server import Defect
import numpy as np

KEYS_PER_WRITER = 10_000_000
ROWS_PER_WRITER_MAX = 1500
NOT_LOADED_STATES = (0, 1)  # absent, not loaded; 2 and 3 are loading and loaded
LOAD_SECONDS_MAX = 20
_versions = itertools.count(1)


def died(error):
    return isinstance(error, grpc.RpcError) and error.code() in (
        grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)


class Actor:
    """A thread that does one step after the other until the server dies or it is told to stop."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.defects = []

    def run(self, server, stop):
        channel, stub = server.connect()
        try:
            while not stop.is_set():
                self.step(stub)
        except grpc.RpcError as error:
            if not died(error):
                self.defects.append(f"{self}: {error.code()} {error.details()}")
        except (Refused, Defect) as error:
            self.defects.append(f"{self}: {error}")
        finally:
            channel.close()


class Writer(Actor):
    """Inserts, upserts and deletes rows of one collection."""

    def __init__(self, seed, number, collection):
        super().__init__(seed)
        self.number = number
        self.collection = collection
        self.partition = collection.partition if collection.partition and number % 2 else ""
        self.acknowledged = 0
        self.forget()

    def __str__(self):
        return f"writer {self.number} of {self.collection.name}"

    def forget(self):
        """The collection was dropped."""
        self.rows = {}  # key -> version
        self.gone = []  # keys that were deleted, to be used again
        self.next_key = self.number * KEYS_PER_WRITER
        self.pending = {}  # key -> version or None, of the request without an answer
        self.pending_name = ""

    def step(self, stub):
        full = len(self.rows) > ROWS_PER_WRITER_MAX
        action = self.random.choices((self.insert, self.upsert, self.delete, self.delete_by_filter),
                                     (1 if full else 8, 5, 3, 6 if full else 1))[0]
        action(stub)

    def _send(self, name, change, send):
        self.pending, self.pending_name = change, name
        done = send()
        if done != len(change):
            raise Defect(f"{name} of {len(change)} rows says {done}")
        self._apply(change)
        self.acknowledged += len(change)

    def _apply(self, change):
        for key, version in change.items():
            if version is None:
                del self.rows[key]
                self.gone.append(key)
            else:
                self.rows[key] = version
        self.pending = {}

    def _some(self, count):
        return self.random.sample(sorted(self.rows), min(count, len(self.rows)))

    def insert(self, stub):
        keys = []
        for _ in range(self.random.randint(1, 40)):
            if self.gone and self.random.random() < 0.3:
                keys.append(self.gone.pop(self.random.randrange(len(self.gone))))
            else:
                keys.append(self.next_key)
                self.next_key += 1
        version = next(_versions)
        self._send("insert", dict.fromkeys(keys, version),
                   lambda: self.collection.insert(stub, keys, version, self.partition))

    def upsert(self, stub):
        keys = self._some(self.random.randint(1, 20))
        for _ in range(self.random.randint(0, 5)):
            keys.append(self.next_key)
            self.next_key += 1
        if keys:
            version = next(_versions)
            self._send("upsert", dict.fromkeys(keys, version),
                       lambda: self.collection.upsert(stub, keys, version, self.partition))

    def delete(self, stub):
        keys = self._some(self.random.randint(1, 10))
        if keys:
            self._send("delete", dict.fromkeys(keys),
                       lambda: self.collection.delete(stub, self.collection.filter_of(keys), self.partition))

    def delete_by_filter(self, stub):
        if len(self.rows) < 50:
            return
        keys = sorted(self.rows)
        first = self.random.randrange(len(keys) - 20)
        keys = keys[first:first + self.random.randint(1, 20)]
        expression = self.collection.filter_between(keys[0], keys[-1])
        self._send("delete by filter", dict.fromkeys(keys),
                   lambda: self.collection.delete(stub, expression, self.partition))

    # ---- after the kill

    def settle(self, found):
        """Compares with what the server has now; what was under way becomes known. Problems found."""
        problems = []
        before = {key: self.rows.get(key) for key in self.pending}
        now = {key: found.get(key) for key in self.pending}
        if self.pending and now == self.pending:
            self._apply(self.pending)
        elif now != before:
            problems.append(f"{self}: the {self.pending_name} under way was done in part: before {before}, "
                            f"after {self.pending}, found {now}")
        elif self.pending_name == "insert":
            self.gone.extend(key for key in self.pending if key not in self.rows)
        self.pending = {}
        lost = sorted(key for key in self.rows if key not in found)
        risen = sorted(key for key in found if key not in self.rows)
        other = sorted(key for key, version in self.rows.items() if found.get(key, version) != version)
        for what, keys in (("lost", lost), ("not deleted or never acknowledged", risen), ("wrong version", other)):
            if keys:
                sample = [(key, self.rows.get(key), found.get(key)) for key in keys[:5]]
                problems.append(f"{self}: {len(keys)} rows {what}: (key, expected, found) {sample}")
        return problems


class SideCollection(Actor):
    """Creates, fills, indexes, loads, flushes, releases and drops a small collection again and again."""

    STEPS = ("create", "insert", "create_index", "load", "insert", "flush", "release", "load", "insert",
             "release", "drop_index", "create_index", "insert", "load", "flush", "insert", "release", "drop")

    def __init__(self, seed, number):
        super().__init__(seed)
        self.collection = Collection(f"side_{number}", index="HNSW" if number % 2 else "FLAT",
                                     key_type=VARCHAR if number % 2 else INT64)
        self.at = 0
        self.pending = None
        self.acknowledged = 0
        self._absent()

    def __str__(self):
        return f"collection {self.collection.name}"

    def _absent(self):
        self.state = {"exists": False, "index": False, "loaded": False}
        self.rows = {}

    def step(self, stub):
        name = self.STEPS[self.at]
        self.pending = name
        if name == "insert":
            keys = list(range(len(self.rows), len(self.rows) + 30))
            self.inserting = dict.fromkeys(keys, next(_versions))
            self.collection.insert(stub, keys, self.inserting[keys[0]])
            self.acknowledged += len(keys)
        else:
            getattr(self.collection, name)(stub)
        self._done(name)
        time.sleep(self.random.random() * 0.02)

    def _done(self, name):
        self.pending = None
        self.at = (self.at + 1) % len(self.STEPS)
        if name == "insert":
            self.rows |= self.inserting
        elif name == "drop":
            self._absent()
        else:
            self.state |= self._effect(name)

    @staticmethod
    def _effect(name):
        return {"create": {"exists": True}, "create_index": {"index": True}, "drop_index": {"index": False},
                "load": {"loaded": True}, "release": {"loaded": False},
                "drop": {"exists": False, "index": False, "loaded": False}}.get(name, {})

    def _observed(self, stub):
        if not self.collection.exists(stub):
            return {"exists": False, "index": False, "loaded": False}
        return {"exists": True, "index": self.collection.has_index(stub),
                "loaded": self.collection.load_state(stub) not in NOT_LOADED_STATES}

    def verify(self, stub):
        observed = self._observed(stub)
        problems = []
        if observed != self.state:
            if self.pending and observed == self.state | self._effect(self.pending):
                self._done(self.pending)
            else:
                problems.append(f"{self}: expected {self.state}, {self.pending} under way, found {observed}")
        if observed["loaded"] and not problems:
            problems += self._verify_rows(stub)
        elif self.pending == "insert":
            self._settle_unread(stub)
        self.pending = None
        return problems

    def _settle_unread(self, stub):
        """Not loaded, so nobody can read yet whether the insert is there: sent as the same upsert, it is."""
        keys = list(self.inserting)
        self.collection.upsert(stub, keys, self.inserting[keys[0]])
        self._done("insert")

    def _verify_rows(self, stub):
        wait_until_loaded(self.collection, stub)
        found, problems = verified_rows(self.collection, stub)
        if self.pending == "insert" and found == self.rows | self.inserting:
            self._done("insert")
        if found != self.rows:
            problems.append(f"{self}: {len(self.rows)} rows expected, {len(found)} found, or other versions")
        return problems


class Flusher(Actor):
    """Flushes and compacts the collections, rarely or, when told to hurry, all the time."""

    COMPACTIONS = ({}, {}, {"l0Compaction": True}, {"target_size": 1})

    def __init__(self, seed, collections):
        super().__init__(seed)
        self.collections = collections
        self.quiet = False
        self.hurry = threading.Event()

    def __str__(self):
        return "flusher"

    def step(self, stub):
        if self.hurry.wait(0.05 + self.random.random() * 0.25):
            time.sleep(0.02)
        elif self.quiet:
            return
        collection = self.random.choice(self.collections)
        collection.flush(stub)
        if self.random.random() < 0.4:
            collection.compact(stub, **self.random.choice(self.COMPACTIONS))


def wait_until_loaded(collection, stub):
    deadline = time.monotonic() + LOAD_SECONDS_MAX
    while collection.load_state(stub) != 3:
        if time.monotonic() > deadline:
            raise Defect(f"{collection.name} is not loaded after {LOAD_SECONDS_MAX} s")
        time.sleep(0.01)


def verified_rows(collection, stub):
    """{key: version} of every row, and what is wrong with the rows by themselves."""
    keys, versions, texts, vectors = collection.rows(stub)
    found = dict(zip(keys, versions.tolist(), strict=True))
    problems = []
    if len(found) != len(keys):
        doubled = sorted(key for key in found if keys.count(key) > 1)[:5]
        problems.append(f"{collection.name}: {len(keys) - len(found)} rows doubled, among them {doubled}")
    if keys:
        expected = vectors_of(np.array(keys, dtype=np.int64), versions)
        wrong = np.nonzero((expected != vectors).any(axis=1))[0]
        if len(wrong):
            problems.append(f"{collection.name}: {len(wrong)} wrong vectors, first of key {keys[wrong[0]]}")
        bad = [key for key, version, text in zip(keys, versions.tolist(), texts, strict=True)
               if text != text_of(key, version)]
        if bad:
            problems.append(f"{collection.name}: {len(bad)} wrong texts, keys {bad[:5]}")
    counted = collection.count(stub)
    if counted != len(keys):
        problems.append(f"{collection.name}: count(*) is {counted}, the query returns {len(keys)} rows")
    return found, problems
