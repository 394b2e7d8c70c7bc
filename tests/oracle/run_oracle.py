"""The long comparison of a server with the oracle.

    python3 tests/oracle/run_oracle.py --expressions 20000 --seed 1 [--features like,regex | --features=-struct]
                                       [--seconds 170] [--rows 84] [--features-list]

The server is ELANUS_BINARY (default build/release/elanus), started on a folder of its own. Ends with 1 when
something differs. Each difference is told with its smallest filter and one row.
"""

import argparse
import logging
import sys
import tempfile
import time

from differential import Server, run
from features import PROBES, chosen
from generator import ROWS


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--expressions", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, default=ROWS, help="rows a filter is evaluated over")
    parser.add_argument("--seconds", type=float, help="stop after so long")
    parser.add_argument("--features", default="", help="names; empty: what the server has; -name: but this one")
    parser.add_argument("--features-list", action="store_true", help="print the names and end")
    parser.add_argument("--lenient", action="store_true", help="show mutated filters that one side alone understands")
    return parser.parse_args()


def report(seed, total, differences):
    for difference in differences:
        print(difference, flush=True)
    if seed % 10 == 0:
        print(f"seed {seed}: {total}", flush=True)


def main():
    options = arguments()
    if options.features_list:
        print("\n".join(PROBES))
        return 0
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder, Server(folder) as server:
        features = chosen(options.features, server.client())
        print("with", ", ".join(sorted(features)))
        print("without", ", ".join(sorted(set(PROBES) - features)) or "nothing", flush=True)
        begin = time.monotonic()
        total = run(server, features, options.seed, options.expressions, options.seconds, options.rows, report)
    for difference in total.lenient if options.lenient else ():
        print(difference)
    print(f"{total}, {time.monotonic() - begin:.0f} s")
    return 1 if total.differences else 0


if __name__ == "__main__":
    sys.exit(main())
