#!/usr/bin/env python3
"""Runs the fuzzers of tests/fuzz one after the other, each for so many seconds of CPU time, from their own seeds
and the corpus in the repository.

    scripts/run_fuzzers.py --build build/fuzz [--seconds 60] [--merge] [TARGET ...]

What a fuzzer finds stays in BUILD/corpus/TARGET; inputs that crash lie in BUILD/crashes. With --merge the files
that reach something new are added to tests/fuzz/corpus/TARGET, smallest first, at most FILES_MAX of them.
Ends with 1 when a fuzzer found a crash.
"""

import argparse
import math
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
CORPUS = ROOT / "tests/fuzz/corpus"
FILES_MAX = 48
FILE_BYTES_MAX = 8192
INPUT_BYTES_MAX = 65536  # of what is made; seeds may be longer
INPUT_SECONDS_MAX = 20
MEMORY_MB_MAX = 2048


def children_cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(program, name, build, seconds):
    """One run of so many seconds by the clock: the process that ended, and the CPU seconds it took."""
    found, seeds, crashes = build / "corpus" / name, build / "seeds" / name, build / "crashes"
    longest = max([INPUT_BYTES_MAX] + [seed.stat().st_size for seed in seeds.iterdir()])
    before = children_cpu_seconds()
    done = subprocess.run(
        [program, f"-max_total_time={seconds}", f"-max_len={longest}", f"-timeout={INPUT_SECONDS_MAX}",
         f"-rss_limit_mb={MEMORY_MB_MAX}", f"-artifact_prefix={crashes}/{name}-", "-print_final_stats=1",
         "-verbosity=1", found, seeds, CORPUS / name],
        env=os.environ | {"UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"},
        text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done, children_cpu_seconds() - before


def fuzz(program, name, build, seconds):
    for folder in (build / "corpus" / name, build / "crashes", CORPUS / name):
        folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([program, f"--write_seeds={build / 'seeds' / name}"], check=True, stderr=subprocess.DEVNULL)
    used, executions, first, last = 0.0, 0, None, None
    # A fuzzer counts time by the clock; on a busy machine it gets less of the CPU than that.
    while used < seconds - 0.5:
        done, cpu_seconds = run(program, name, build, max(1, math.ceil(seconds - used)))
        used += cpu_seconds
        executions += sum(map(int, re.findall(r"stat::number_of_executed_units: (\d+)", done.stdout)))
        edges = re.findall(r" cov: (\d+) ft: (\d+)", done.stdout)
        if edges:
            first, last = first or edges[0], edges[-1]
        if done.returncode != 0:
            print("\n".join("    " + line for line in done.stdout.splitlines()[-80:]), flush=True)
            break
    print(f"{name}: {used:.0f} CPU s, {executions} runs, edges {first and first[0]} to {last and last[0]}, "
          f"features {first and first[1]} to {last and last[1]}, "
          f"{'no find' if done.returncode == 0 else 'FOUND SOMETHING'}", flush=True)
    return done.returncode == 0


def merge(program, name, build):
    """Files that reach something that no smaller one does; libFuzzer looks at the smallest first."""
    target = CORPUS / name
    known = sum(1 for _ in target.iterdir())
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "-merge=1", folder, build / "corpus" / name], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        files = sorted((p for p in pathlib.Path(folder).iterdir() if p.stat().st_size <= FILE_BYTES_MAX),
                       key=lambda p: p.stat().st_size)
        room = max(0, FILES_MAX - known)
        # Spread over the sizes: the largest reach deepest.
        chosen = files if len(files) <= room else [files[i * len(files) // room] for i in range(room)]
        for path in chosen:
            (target / path.name).write_bytes(path.read_bytes())
    print(f"    {len(chosen)} files kept", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/fuzz")
    parser.add_argument("--seconds", type=int, default=60, help="of CPU time, for each target")
    parser.add_argument("--merge", action="store_true")
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    options = parser.parse_args()
    if options.seconds < 1:
        parser.error(f"--seconds {options.seconds}: at least 1; to replay the corpus alone, run fuzz_test")
    build = options.build.resolve()
    programs = {p.name.removeprefix("fuzz_"): p for p in sorted((build / "tests/fuzz").glob("fuzz_*"))
                if os.access(p, os.X_OK) and p.is_file()}
    unknown = set(options.targets) - set(programs)
    if unknown or not programs:
        parser.error(f"no such target: {', '.join(sorted(unknown)) or 'none is built'}")
    fine = True
    for name in options.targets or programs:
        fine = fuzz(programs[name], name, build, options.seconds) and fine
        if options.merge:
            merge(programs[name], name, build)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
