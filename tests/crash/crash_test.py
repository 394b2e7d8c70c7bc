#!/usr/bin/env python3
"""Kills the server with SIGKILL again and again under load and checks every acknowledged write.

    tests/crash/crash_test.py --binary build/release/elanus --cycles 200 [--seed 1] [--folder DIR]

One data folder lives through all cycles. A cycle writes until at least 1,000 row operations are
acknowledged; then the server dies, at a random moment or at a named kill point (in a flush, its
swap, a compaction, the log, the catalog, an object, an index build, or in the recovery after another
kill). The
next start must succeed, and then every acknowledged row must be there with equal values, no deleted
row visible, none doubled; a request that was under way may be done or not, but whole. The model is
in this process; the server knows nothing of it. Exit status 1 with the folder kept on any problem.
"""

import argparse
import collections
import pathlib
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time

import grpc
from crash_load import KEYS_PER_WRITER, Flusher, SideCollection, Writer, verified_rows, wait_until_loaded
from crash_rows import VARCHAR, Collection, Refused
from crash_server import Defect, KilledItself, Server

OPERATIONS_PER_CYCLE = 1000
KILL_POINT_SECONDS_MAX = 6
CHECK_EVERY = 4
DROP_EVERY = 10
SEARCHES = 3

FLUSH_SWAP = ("flush.before_swap", "coord.before_flush_commit", "coord.after_flush_commit", "flush.after_swap",
              "flush.after_memory_swap")
FLUSH_FILES = ("flush.begin", "flush.after_data_file", "flush.after_delete_file", "object.before_publish",
               "object.after_publish")
LOG = ("wal.before_write", "wal.after_write", "wal.after_sync")
CATALOG_AND_INDEX = ("catalog.before_commit", "catalog.after_commit", "index.before_publish", "index.after_publish")
COMPACTION_FILES = ("compact.before_publish", "compact.after_publish", "compact.after_origins", "compact.prepared")
COMPACTION_SWAP = ("compact.after_delete_file", "compact.before_commit", "coord.before_compaction_commit",
                   "coord.after_compaction_commit", "compact.after_commit", "compact.after_memory_switch")
RECOVERY = ("recovery.begin", "recovery.after_catalog", "recovery.during_replay", "recovery.during_replay",
            "recovery.done", "wal.recover")
# Where fourteen cycles, in a random order, are killed; None: at a random moment. A cycle of RECOVERY is
# killed twice, at a random moment and then in the recovery from that.
PLAN = (FLUSH_SWAP, FLUSH_SWAP, FLUSH_SWAP, FLUSH_SWAP, FLUSH_FILES, LOG, CATALOG_AND_INDEX, RECOVERY, RECOVERY, None,
        COMPACTION_FILES, COMPACTION_SWAP, COMPACTION_SWAP, COMPACTION_SWAP)


def visit_of(name, chance):
    """Which visit of a kill point is deadly; the log is written for every request, the rest rarely."""
    if name in LOG:
        return chance.randint(50, 400)
    if name == "recovery.during_replay":
        return int(10 ** chance.uniform(0, 2.3))
    if name in RECOVERY:
        return 1
    return chance.randint(1, 4)


class Test:
    def __init__(self, binary, folder, seed):
        self.chance = random.Random(seed)
        self.server = Server(binary, folder)
        self.kills = collections.Counter()
        self.acknowledged = []  # of each cycle
        self.problems = []
        self.checks = self.lives = 0
        self.collections = [Collection("numbers", shards=2, index="FLAT", partition="odd"),
                            Collection("names", key_type=VARCHAR, shards=1, index="HNSW")]
        self.writers = [Writer(seed * 1000 + i, i, self.collections[i % 4 // 2]) for i in range(6)]
        self.sides = [SideCollection(seed * 1000 + 100 + i, i) for i in range(2)]
        self.flusher = Flusher(seed * 1000 + 200, self.collections)
        self.actors = [*self.writers, *self.sides, self.flusher]
        self.plan = []
        self.dropping = None  # the collection whose drop has no answer yet

    # ---- the plan

    def next_place(self):
        """Names of the kill points of the next cycle, or None for a random moment."""
        if not self.plan:
            self.plan = self.chance.sample(PLAN, len(PLAN))
        return self.plan.pop()

    def armed(self, place):
        if place is None:
            return None
        name = self.chance.choice(place)
        return f"{name}:{visit_of(name, self.chance)}"

    # ---- cycles

    def run(self, cycles):
        self.start("wal.new_segment:1")
        self.kill_in_recovery("recovery.begin:1")
        self.start(None)
        place = self.next_place()
        with self.connected() as stub:
            for one in self.collections:
                self.create(one, stub)
        for number in range(cycles):
            begin = time.monotonic()
            following = self.next_place()
            self.cycle(number, place, following)
            place = following
            print(f"cycle {number + 1}: {self.acknowledged[-1]} operations, {time.monotonic() - begin:.1f} s",
                  flush=True)
            if self.problems:
                return
        self.server.kill()
        self.check()
        self.server.start()
        self.verify()
        self.server.stop()
        self.server.start()
        self.verify()
        self.server.stop()

    def cycle(self, number, place, following):
        before = self.operations()
        goal = before + OPERATIONS_PER_CYCLE
        while True:
            self.life(goal, in_a_hurry=self.server.armed is not None)
            done = self.operations() >= goal
            if number % CHECK_EVERY == 0:
                self.check()
            if done and place is RECOVERY:
                self.kill_in_recovery(self.armed(RECOVERY))
            arm_next = done and following not in (None, RECOVERY)
            self.start_and_verify(self.armed(following) if arm_next else None, number)
            if done or self.problems:
                break
        self.acknowledged.append(self.operations() - before)

    def life(self, goal, in_a_hurry):
        """The load until the goal is reached and the server is dead."""
        self.lives += 1
        self.flusher.quiet = in_a_hurry
        self.flusher.hurry.clear()
        stop = threading.Event()
        threads = [threading.Thread(target=actor.run, args=(self.server, stop)) for actor in self.actors]
        for thread in threads:
            thread.start()
        while self.operations() < goal and not self.server.is_dead() and not self.defects():
            time.sleep(0.005)
        if in_a_hurry:
            self.flusher.hurry.set()
            deadline = time.monotonic() + KILL_POINT_SECONDS_MAX
            while time.monotonic() < deadline and not self.server.is_dead() and not self.defects():
                time.sleep(0.005)
        else:
            time.sleep(self.chance.random() * 0.4)
        self.count_kill(self.server.kill())
        stop.set()
        for thread in threads:
            thread.join()
        self.problems += self.defects()

    def operations(self):
        return sum(actor.acknowledged for actor in (*self.writers, *self.sides))

    def defects(self):
        return [defect for actor in self.actors for defect in actor.defects]

    def count_kill(self, armed):
        self.kills[armed.split(":")[0] if armed else "random moment"] += 1

    # ---- starts

    def start(self, armed):
        """Whether it serves; else it died at the kill point."""
        try:
            self.server.start(armed)
            return True
        except KilledItself:
            self.count_kill(armed)
            return False

    def kill_in_recovery(self, armed):
        if self.start(armed):
            self.count_kill(self.server.kill())

    def start_and_verify(self, armed, number):
        """A kill point meant for the load may come earlier, while the recovered rows are flushed."""
        if self.start(armed):
            try:
                self.verify()
                if number % DROP_EVERY == DROP_EVERY - 1 and not self.problems:
                    self.renew(self.collections[number // DROP_EVERY % 2])
                return
            except (grpc.RpcError, Refused):
                if not self.server.dies_soon():
                    raise
                self.count_kill(self.server.kill())
        self.server.start()
        self.verify()

    def connected(self):
        return _Connected(self.server)

    # ---- verification

    def verify(self):
        with self.connected() as stub:
            for collection in self.collections:
                exists = collection.exists(stub)
                if collection is self.dropping and not exists:
                    self.forget(collection)
                if exists and collection.load_state(stub) in (2, 3):
                    self.problems += self.verify_collection(collection, stub)
                elif any(writer.rows for writer in self.writers if writer.collection is collection):
                    self.problems.append(f"collection {collection.name} is gone or not loaded")
                else:
                    self.recreate(collection, stub)
            for side in self.sides:
                self.problems += side.verify(stub)
        self.dropping = None

    def verify_collection(self, collection, stub):
        wait_until_loaded(collection, stub)
        found, problems = verified_rows(collection, stub)
        writers = [writer for writer in self.writers if writer.collection is collection]
        for writer in writers:
            first = writer.number * KEYS_PER_WRITER
            problems += writer.settle({key: version for key, version in found.items()
                                       if first <= key < first + KEYS_PER_WRITER})
        if collection.partition:
            counted = collection.count(stub, [collection.partition])
            expected = sum(len(writer.rows) for writer in writers if writer.partition)
            if counted != expected:
                problems.append(f"{collection.name}: partition has {counted} rows, expected {expected}")
        for _ in range(SEARCHES if found else 0):
            problems += self.verify_search(collection, stub, *self.chance.choice(sorted(found.items())))
        return problems

    @staticmethod
    def verify_search(collection, stub, key, version):
        keys, scores = collection.nearest(stub, key, version)
        if not keys or keys[0] != key or abs(scores[0]) > 1e-5:
            return [f"{collection.name}: a search for the vector of key {key}, version {version} finds "
                    f"{list(zip(keys, scores, strict=True))}"]
        return []

    def check(self):
        self.checks += 1
        self.server.check()

    # ---- collections

    @staticmethod
    def create(collection, stub):
        collection.create(stub)
        if collection.partition:
            collection.create_partition(stub)
        collection.create_index(stub)
        collection.load(stub)

    def renew(self, collection):
        """Dropped and created under the same name: no row of before may ever be seen again."""
        self.dropping = collection
        with self.connected() as stub:
            collection.drop(stub)
            self.forget(collection)
            self.dropping = None
            self.create(collection, stub)

    def forget(self, collection):
        for writer in self.writers:
            if writer.collection is collection:
                writer.forget()

    def recreate(self, collection, stub):
        """The server died while the collection was created."""
        if collection.exists(stub):
            collection.drop(stub)
        self.create(collection, stub)

    # ---- the report

    def report(self):
        kills = sum(self.kills.values())
        swap, files, recovery, compaction = (
            sum(self.kills[name] for name in set(names))
            for names in (FLUSH_SWAP, FLUSH_FILES, RECOVERY, COMPACTION_FILES + COMPACTION_SWAP))
        print(f"cycles {len(self.acknowledged)}, kills {kills}, elanus check runs {self.checks}")
        if self.acknowledged:
            print(f"acknowledged operations per cycle: min {min(self.acknowledged)}, "
                  f"median {statistics.median(self.acknowledged):.0f}, total {sum(self.acknowledged)}")
        print(f"kills inside a flush swap {swap}, in recovery {recovery}, while a flush wrote its files {files}, "
              f"in a compaction {compaction}")
        for name, count in sorted(self.kills.items()):
            print(f"    {name}: {count}")
        starts = self.server.start_seconds
        if starts:
            print(f"start time: median {statistics.median(starts):.3f} s, max {max(starts):.3f} s")
        print(f"problems: {len(self.problems)}")
        for problem in self.problems:
            print(f"    {problem}")


class _Connected:
    def __init__(self, server):
        self.channel, self.stub = server.connect()

    def __enter__(self):
        return self.stub

    def __exit__(self, *_):
        self.channel.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--cycles", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--folder", type=pathlib.Path, help="where the data goes; a new temporary folder")
    arguments = parser.parse_args()
    folder = arguments.folder or pathlib.Path(tempfile.mkdtemp(prefix="elanus_crash_"))
    folder.mkdir(parents=True, exist_ok=True)
    print(f"seed {arguments.seed}, folder {folder}", flush=True)
    test = Test(arguments.binary.resolve(), folder, arguments.seed)
    try:
        test.run(arguments.cycles)
    except (Defect, Refused, grpc.RpcError) as error:
        test.problems.append(f"{type(error).__name__}: {error}")
    finally:
        if test.server.process is not None and test.server.process.poll() is None:
            test.server.process.kill()
            test.server.process.wait()
    test.report()
    if test.problems:
        print(f"kept: {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
