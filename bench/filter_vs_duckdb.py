#!/usr/bin/env python3
"""Filters against DuckDB on the same rows, question by question, interleaved; see README.md."""

import argparse
import pathlib
import statistics
import subprocess
import sys
import time

import duckdb_side
import filter_data
import filter_queries


class InProcess:
    """filter_bench: the segment alone, timed inside of it."""

    def __init__(self, program: str, folder: pathlib.Path, mode: str):
        command = [program, str(folder)] + ([f"--{mode}"] if mode else [])
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if not self._process.stdout.readline():
            sys.exit("filter_bench did not start")

    def run(self, question: filter_queries.Question) -> tuple[int, float]:
        self._process.stdin.write(question.filter + "\n")
        self._process.stdin.flush()
        count, nanoseconds = self._process.stdout.readline().split()
        return int(count), int(nanoseconds) / 1e6


def _duckdb_run(duck: duckdb_side.DuckDb, statement: str) -> tuple[int, float]:
    begin = time.perf_counter()
    count = duck.run(statement)
    return count, (time.perf_counter() - begin) * 1e3


def _measure(question, ours, duck, rounds: int):
    """Median milliseconds of both, one run of each in turn; the counts must agree."""
    statement = duck.prepare(question.where)
    times = ([], [])
    for turn in range(rounds + 1):
        our_count, our_ms = ours.run(question)
        duck_count, duck_ms = _duckdb_run(duck, statement)
        if our_count != duck_count:
            sys.exit(f"{question.kind} {question.percent} %: {our_count} against {duck_count}")
        if turn > 0:  # the first run warms both
            times[0].append(our_ms)
            times[1].append(duck_ms)
    return statistics.median(times[0]), statistics.median(times[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder of the rows")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", default="", help="questions whose kind contains this text")
    side = parser.add_mutually_exclusive_group(required=True)
    side.add_argument("--program", help="filter_bench: in process")
    side.add_argument("--server", help="URI of a running server, which gets the rows once")
    parser.add_argument(
        "--mode",
        choices=["growing", "reuse"],
        help="a growing segment; the sealed one of an earlier run",
    )
    options = parser.parse_args()

    filter_data.ensure(options.data, options.rows, options.seed)
    if options.server:
        import server_side  # needs pymilvus, which the other side does not

        ours = server_side.InServer(options.server, options.data, options.rows)
    else:
        ours = InProcess(options.program, options.data, options.mode)
    duck = duckdb_side.DuckDb(options.data)
    print(f"| question | pass | ours, ms | DuckDB, ms | times | bar |\n|---|---|---|---|---|---|")
    for question in filter_queries.questions():
        if options.only not in question.kind:
            continue
        our_ms, duck_ms = _measure(question, ours, duck, options.rounds)
        times = duck_ms / our_ms
        verdict = "" if times >= question.bar else " missed"
        print(
            f"| {question.kind} | {question.percent} % | {our_ms:.2f} | {duck_ms:.2f} "
            f"| {times:.1f} | {question.bar}{verdict} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
