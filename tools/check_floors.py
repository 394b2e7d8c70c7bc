#!/usr/bin/env python3
"""Checks what the compiler does not: floors, fences, seams, names and sizes of the source tree.

Reads the floors table of cmake/module.cmake. Fails when
  floor   a file includes a module that is not on a lower floor, or a module links one;
  fence   a header of a fenced library is included outside its owner;
  seam    code above sys calls the operating system (files, clocks, threads, randomness, environment);
  name    a file, or a type or function declared here, is called util, helper, common, manager, misc;
  note    a TODO or FIXME names no issue (the form is TODO(#12): what, and when it goes);
  size    a line has more than 100 columns or a file more than 1,000 lines.
Exceptions stand in EXCEPTIONS with their reason; one that excuses nothing any more fails as well.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
COLUMNS_MAX = 100
LINES_MAX = 1000

# Fence: first part of an include in <> or "" -> modules that may include it.
FENCES = {
    "sqlite3": {"catalog"},
    "re2": {"regex"},
    "simdjson": {"json"},
    "nlohmann": {"json"},
    "yaml-cpp": {"config"},
    "CLI": {"main"},
    "google/protobuf": {"wire"},
    "grpc": {"wire"},
    "grpcpp": {"wire"},
    "proto": {"wire"},
    "absl": {"wire", "calendar"},
    "geos_c": {"geometry"},
    "geos": {"geometry"},
    "unicode": {"analyzer"},
    "libstemmer": {"analyzer"},
    "mecab": {"analyzer"},
    "boost": {"wire"},
    "zstd": {"codec"},
    "lz4": {"codec"},
    "openssl": {"http"},
    "curl": {"http"},
    "immintrin.h": {"simd", "vindex", "base"},
    "nmmintrin.h": {"simd", "vindex", "base"},
    "arm_neon.h": {"simd", "vindex", "base"},
}

# Calls and types of the operating system that only sys may use, with or without a leading '::';
# members (x.open, x->read) and declarations (Reader open(x)) do not count.
SYSTEM_CALLS = """open openat creat close read pread readv preadv write pwrite writev pwritev lseek
    ftruncate truncate fallocate posix_fallocate fsync fdatasync sync_file_range msync mmap munmap mremap
    madvise rename renameat link linkat unlink unlinkat mkdir mkdirat rmdir opendir readdir stat lstat
    fstat flock lockf fopen freopen fdopen tmpfile mkstemp mkdtemp
    socket bind listen accept accept4 connect send recv sendto recvfrom sendmsg recvmsg
    shutdown setsockopt getsockopt getsockname getpeername getaddrinfo getnameinfo epoll_create1 epoll_ctl epoll_wait poll select eventfd timerfd_create
    clock_gettime gettimeofday time clock nanosleep clock_nanosleep usleep sleep
    rand srand random srandom drand48 getrandom getentropy
    fork vfork execv execve execvp system popen kill raise signal sigaction
    pthread_create getenv secure_getenv setenv unsetenv putenv""".split()
SYSTEM_TYPES = (
    r"std::(?:thread\b(?!::id)|jthread|async|random_device|ofstream|ifstream|fstream|filesystem|getenv|"
    r"rand\b|this_thread::sleep_\w+|this_thread::yield|mt19937\w*|"
    r"chrono::(?:system_clock|steady_clock|high_resolution_clock))")
# Good names for a callable of our own, so they count as the system's only behind '::'.
AMBIGUOUS = ("read", "write")
SYSTEM_CALL = re.compile(
    r"(?<![\w.>:~])(?:(?:::|std::)(?:" + "|".join(AMBIGUOUS) + r")|(?:::|std::)?(?:" +
    "|".join(call for call in SYSTEM_CALLS if call not in AMBIGUOUS) + r"))\s*\(")
SYSTEM_TYPE = re.compile(SYSTEM_TYPES)

BANNED_FILE_NAME = re.compile(r"(^|_)(utils?|helpers?|common|managers?|misc)(_|$)")
BANNED_NAME = re.compile(
    r"\b(?:class|struct|enum|namespace)\s+(?:class\s+)?(\w*(?:Util|Helper|Manager|Misc|util|helper|misc)\w*)")
NOTE = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b(?!\(#\d+\):)")

# (path, rule): reason. A path may end in '/'.
EXCEPTIONS = {
    ("src/base/log.cc", "seam"): "base is below sys; a log line needs the wall clock and standard error",
    ("src/wire/socket.cc", "seam"): "the sockets are the edge of the process, adopted by gRPC and HTTP",
    ("src/wire/listener.cc", "seam"): "accepts and peeks on real sockets",
    ("src/wire/http_server.cc", "seam"): "asks an adopted socket for its address family",
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)


class Checker:
    def __init__(self):
        self.problems = []
        self.used = set()
        self.floors = read_floors()

    def fail(self, path, line, rule, text):
        relative = path.relative_to(ROOT).as_posix()
        for key in EXCEPTIONS:
            if key[1] == rule and (relative == key[0] or (key[0].endswith("/") and relative.startswith(key[0]))):
                self.used.add(key)
                return
        self.problems.append(f"{relative}:{line}: {rule}: {text}")

    def check_include(self, path, module, number, target):
        first = target.split("/")[0]
        if first in self.floors and (ROOT / "src" / target).exists() and first != module:
            if self.floors[first] >= self.floors[module]:
                self.fail(path, number, "floor", f"{module} may not include {target}")
        for fence, owners in FENCES.items():
            inside = target == fence or target.startswith((fence + "/", fence + "."))
            if inside and module not in owners:
                self.fail(path, number, "fence", f"<{target}> belongs to {', '.join(sorted(owners))}")

    def check_source(self, path):
        module = path.relative_to(ROOT / "src").parts[0]
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        if module not in self.floors:
            self.fail(path, 1, "floor", f"module {module} is not in the floors table")
            return
        if BANNED_FILE_NAME.search(path.stem):
            self.fail(path, 1, "name", f"the name {path.name} says nothing")
        if len(lines) > LINES_MAX:
            self.fail(path, len(lines), "size", f"{len(lines)} lines, at most {LINES_MAX}")
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS_MAX:
                self.fail(path, number, "size", f"{len(line)} columns, at most {COLUMNS_MAX}")
            if NOTE.search(line):
                self.fail(path, number, "note", "a note without an issue; write TODO(#12): ...")
            include = INCLUDE.match(line)
            if include:
                self.check_include(path, module, number, include.group(2))
        code = blank_comments(text)
        self.check_names(path, code)
        if module != "sys" and not is_test(path):
            self.check_seams(path, code)

    def check_names(self, path, code):
        for match in BANNED_NAME.finditer(code):
            self.fail(path, line_of(code, match), "name", f"the name {match.group(1)} says nothing")

    def check_seams(self, path, code):
        calls = [match for match in SYSTEM_CALL.finditer(code) if not is_declaration(code, match)]
        for match in calls + list(SYSTEM_TYPE.finditer(code)):
            self.fail(path, line_of(code, match), "seam", f"{match.group(0).strip()} belongs in sys")

    def check_links(self, path):
        module = path.parent.name
        match = re.search(r"elanus_module\(\s*(\w+)([^)]*)\)", path.read_text(encoding="utf-8"))
        if not match or module not in self.floors:
            return
        words = match.group(2).split()
        deps = words[words.index("DEPS") + 1:words.index("LIBS") if "LIBS" in words else None] \
            if "DEPS" in words else []
        for dep in deps:
            if self.floors.get(dep, len(self.floors)) >= self.floors[module]:
                self.fail(path, 1, "floor", f"{module} may not link {dep}")

    def run(self):
        sources = sorted(p for p in (ROOT / "src").rglob("*") if p.suffix in (".h", ".cc"))
        for path in sources:
            self.check_source(path)
        for path in sorted((ROOT / "src").glob("*/CMakeLists.txt")):
            self.check_links(path)
        for key in EXCEPTIONS.keys() - self.used:
            self.problems.append(f"tools/check_floors.py: the exception {key} excuses nothing any more")
        for problem in self.problems:
            print(problem)
        print(f"floors: {len(sources)} files checked, {len(self.problems)} problems")
        return 1 if self.problems else 0


def read_floors():
    table = re.search(r"set\(ELANUS_FLOORS([^)]*)\)", (ROOT / "cmake/module.cmake").read_text(encoding="utf-8"))
    floors = {}
    for floor, line in enumerate(re.findall(r'"([^"]+)"', table.group(1))):
        floors |= {name: floor for name in line.split(",")}
    return floors


def is_test(path):
    """Tests and what only tests include may use the real system."""
    return bool(re.search(r"_(test|fuzz|bench|conformance|testing)$", path.stem))


def is_declaration(code, match):
    """A name after a type, as in `Reader read(bytes)`, declares; after `return` it is called."""
    before = code[:match.start()].rstrip()
    return bool(re.search(r"[\w>&*]$", before)) and not re.search(r"\b(return|else|do)$", before)


def blank_comments(text):
    return COMMENT_OR_STRING.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), text)


def line_of(text, match):
    return text.count("\n", 0, match.start()) + 1


if __name__ == "__main__":
    sys.exit(Checker().run())
