"""The same filters to a server and to the oracle; what differs is made small before it is shown."""

import itertools
import pathlib
import random
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from filter_oracle import FilterError, compiled, normalised
from generator import ROWS, FilterMaker, make_case, mutated, refused
from pymilvus import DataType, MilvusClient, MilvusException
from spelling import plain, varied
from syntax import Binary, Call, In, Items, Literal, Name, Path, Unary

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from elanus_server import Server  # noqa: E402
from features import INPUT_ERROR, struct_of  # noqa: E402

LIMIT = 16384
CALL_SECONDS_MAX = 30
ANSWER_SECONDS_MAX = 8  # the client repeats an answer it cannot read for so long
FILTERS_PER_CASE, REFUSED_PER_CASE, MUTATED_PER_CASE = 200, 12, 12
SHRINK_QUESTIONS_MAX = 400
LOADS_AHEAD = 4
DIFFERENCES_MAX = 100
TYPES = {"Bool": DataType.BOOL, "Int8": DataType.INT8, "Int16": DataType.INT16, "Int32": DataType.INT32,
         "Int64": DataType.INT64, "Float": DataType.FLOAT, "Double": DataType.DOUBLE, "VarChar": DataType.VARCHAR,
         "JSON": DataType.JSON, "Timestamptz": getattr(DataType, "TIMESTAMPTZ", None),
         "Geometry": getattr(DataType, "GEOMETRY", None)}


@dataclass
class Difference:
    kind: str  # wrong, refused, accepted, error, died
    seed: int
    filter: str
    values: dict
    detail: str
    rows: list = field(default_factory=list)

    def __str__(self):
        lines = [f"[{self.kind}] seed {self.seed}: {self.filter}"]
        lines += [f"    values {self.values}"] if self.values else []
        return "\n".join([*lines, f"    {self.detail}", *(f"    row {row}" for row in self.rows)])


@dataclass
class Comparison:
    filters: int = 0
    evaluations: int = 0
    refused: int = 0
    mutated: int = 0
    lenient: list = field(default_factory=list)  # mutated filters of which only one side knows a meaning
    differences: list = field(default_factory=list)

    def __str__(self):
        return (f"{self.filters} filters, {self.evaluations} row evaluations, {self.refused} filters to refuse, "
                f"{self.mutated} mutated ones ({len(self.lenient)} understood by one side only), "
                f"{len(self.differences)} differences")


# ------------------------------------------------------------------------------------------- loading


def _arguments(type_name):
    return {"max_length": 200} if type_name == "VarChar" else {}


def _add_field(schema, known):
    nullable = {"nullable": True} if known.nullable else {}
    if known.type == "FloatVector":
        schema.add_field(known.name, DataType.FLOAT_VECTOR, dim=2)
    elif known.type == "Array":
        schema.add_field(known.name, DataType.ARRAY, element_type=TYPES[known.element], max_capacity=8,
                         **_arguments(known.element), **nullable)
    elif known.type == "StructArray":
        parts = {name: (TYPES[one], _arguments(one)) for name, one in known.subfields.items()}
        schema.add_field(known.name, DataType.ARRAY, element_type=DataType.STRUCT, max_capacity=8,
                         struct_schema=struct_of(parts), **nullable)
    else:
        match = {"enable_analyzer": True, "enable_match": True} if known.match else {}
        schema.add_field(known.name, TYPES[known.type], is_primary=known.name == "id",
                         **_arguments(known.type), **nullable, **match)


def create(client, name, case_schema, indexed):
    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=case_schema.dynamic)
    for known in case_schema.fields:
        _add_field(schema, known)
    index = MilvusClient.prepare_index_params()
    index.add_index("vector", index_type="FLAT", metric_type="L2")
    for number, (field_name, index_type) in enumerate(indexed.items()):
        index.add_index(field_name, index_name=f"i{number}", index_type=index_type)
    client.create_collection(name, schema=schema, index_params=index, consistency_level="Strong",
                             timeout=CALL_SECONDS_MAX)


def load(client, name, case):
    create(client, name, case.schema, case.indexed)
    for kind, what in case.steps:
        if kind == "flush":
            client.flush(name, timeout=CALL_SECONDS_MAX)
        elif kind == "compact":
            compact(client, name)
        elif kind == "delete":
            client.delete(name, ids=what, timeout=CALL_SECONDS_MAX)
        else:
            getattr(client, kind)(name, [row | {"vector": [0.0, 1.0]} for row in what], timeout=CALL_SECONDS_MAX)


def compact(client, name):
    job = client.compact(name, timeout=CALL_SECONDS_MAX)
    deadline = time.monotonic() + CALL_SECONDS_MAX
    while client.get_compaction_state(job) != "Completed" and time.monotonic() < deadline:
        time.sleep(0.01)


def ask(client, name, text, values=None):
    rows = client.query(name, filter=text, filter_params=values or {}, output_fields=["id"], limit=LIMIT,
                        consistency_level="Strong", timeout=ANSWER_SECONDS_MAX)
    return sorted(row["id"] for row in rows)


# ------------------------------------------------------------------------------------------ comparing


class Judge:
    """One loaded case."""

    def __init__(self, client, name, case):
        self.client, self.name, self.case = client, name, case
        self.stored = [normalised(row, case.schema) for row in case.rows]

    def expected(self, text, values):
        """The ids, and whether the answer may be a part of them."""
        predicate = compiled(text, self.case.schema, values)
        ids = sorted(row["id"] for row in self.stored if predicate.test(row) is True)
        return ids, predicate.restriction == "sample"

    def verdict(self, text, values):
        """None when both agree, else (kind, detail)."""
        try:
            wanted, sampled = self.expected(text, values)
        except FilterError as error:
            return self.must_refuse(text, values, error)
        try:
            found = ask(self.client, self.name, text, values)
        except MilvusException as error:
            return ("refused" if error.code == INPUT_ERROR else "error"), f"code {error.code}: {error.message[:300]}"
        if found == wanted or (sampled and set(found) <= set(wanted)):
            return None
        return "wrong", compared(found, wanted)

    def must_refuse(self, text, values, reason):
        try:
            found = ask(self.client, self.name, text, values)
        except MilvusException as error:
            return None if error.code == INPUT_ERROR else ("error", f"code {error.code}: {error.message[:300]}")
        return "accepted", f"{len(found)} rows, though {reason}"

    def smaller(self, question, kind):
        """The smallest question that still fails in the same way."""
        node, asked = question.node, 0
        while True:
            for candidate in shrunk(node):
                asked += 1
                if asked > SHRINK_QUESTIONS_MAX:
                    return node
                verdict = self.verdict(plain(candidate), question.values)
                if verdict is not None and verdict[0] == kind:
                    node = candidate
                    break
            else:
                return node

    def difference(self, question, text, verdict):
        kind, detail = verdict
        node = self.smaller(question, kind) if self.verdict(plain(question.node), question.values) else question.node
        small = plain(node)
        again = self.verdict(small, question.values)
        if again is not None and again[0] == kind:
            text, detail = small, again[1]
        rows, note = self.telling_rows(node, text, question.values) if kind == "wrong" else ([], "")
        values = {name: value for name, value in question.values.items() if "{" + name + "}" in text}
        return Difference(kind, self.case.seed, text, values, detail + note, rows)

    def telling_rows(self, node, text, values):
        """One row about which they differ, and how it must be stored for that."""
        found, (wanted, _) = set(ask(self.client, self.name, text, values)), self.expected(text, values)
        apart = sorted(found ^ set(wanted))
        row = next(row for row in self.case.rows if row["id"] == apart[0])
        columns = {"id", *names_in(node)}
        columns |= {key for key in row if "$meta" in columns and self.case.schema.field(key) is None}
        shown = {key: value for key, value in row.items() if key in columns}
        return [shown], self.alone(row, text, values)

    def alone(self, row, text, values):
        verdicts = []
        for state, steps in (("growing", []), ("sealed", [("flush", None)])):
            name = f"{self.name}_{state}"
            one = replace(self.case, rows=[row], steps=[("insert", [row]), *steps], indexed={})
            try:
                load(self.client, name, one)
                verdicts += [state] if Judge(self.client, name, one).verdict(text, values) else []
            finally:
                self.client.drop_collection(name)
        indexes = f"; indexes {self.case.indexed}" if self.case.indexed else ""
        return f"; alone it differs {' and '.join(verdicts) or 'not'}{indexes}"


def compared(found, wanted):
    extra, lost = sorted(set(found) - set(wanted)), sorted(set(wanted) - set(found))
    doubled = len(found) - len(set(found))
    return (f"engine {len(found)} rows, oracle {len(wanted)}; only engine {extra[:8]}, only oracle {lost[:8]}"
            + (f"; {doubled} rows twice" if doubled else ""))


def names_in(node):
    if isinstance(node, Name):
        yield node.name
    elif isinstance(node, Path):
        yield node.root
    elif isinstance(node, tuple):
        for one in node:
            yield from names_in(one)
    elif hasattr(node, "__dataclass_fields__"):
        for part in node.__dataclass_fields__:
            yield from names_in(getattr(node, part))


def shrunk(node):
    """Filters one step simpler."""
    if isinstance(node, Binary) and node.operator in ("and", "or"):
        yield node.left
        yield node.right
        yield from (replace(node, left=one) for one in shrunk(node.left))
        yield from (replace(node, right=one) for one in shrunk(node.right))
    elif isinstance(node, Unary) and node.operator == "not":
        yield node.operand
        yield from (replace(node, operand=one) for one in shrunk(node.operand))
    elif isinstance(node, In) and isinstance(node.items, Items):
        yield from (replace(node, items=one) for one in fewer(node.items))
    elif isinstance(node, Call):
        for at, argument in enumerate(node.arguments):
            if isinstance(argument, Items):
                yield from (replace(node, arguments=node.arguments[:at] + (one,) + node.arguments[at + 1:])
                            for one in fewer(argument))
    elif isinstance(node, Binary):
        yield from (replace(node, right=one) for one in simpler(node.right))


def fewer(items):
    count = len(items.items)
    if count > 2:
        yield Items(items.items[: count // 2])
        yield Items(items.items[count // 2:])
    yield from (Items(items.items[:at] + items.items[at + 1:]) for at in range(count) if count > 1)


def simpler(node):
    if isinstance(node, Binary) and node.operator == "+" and {type(node.left), type(node.right)} == {Literal}:
        yield Literal(node.left.value + node.right.value)


# -------------------------------------------------------------------------------------------- running


class Loader:
    """Loads the next cases while one is compared: the client spends most of a load asleep."""

    def __init__(self, server, features, rows, first_seed):
        self.client, self.features, self.rows = server.client(), features, rows
        self.threads = ThreadPoolExecutor(LOADS_AHEAD)
        self.seeds = itertools.count(first_seed)
        self.loads = deque()

    def next(self, wanted):
        """The next case; up to `wanted` more are loaded meanwhile."""
        self.begin(wanted)
        return self.loads.popleft()

    def begin(self, wanted):
        while len(self.loads) < min(wanted, LOADS_AHEAD):
            seed = next(self.seeds)
            self.loads.append((seed, self.threads.submit(self.load, seed)))

    def wait(self):
        """Until a first case is loaded, or failed to."""
        self.begin(1)
        wait([self.loads[0][1]])

    def load(self, seed):
        case = make_case(seed, self.features, self.rows)
        load(self.client, name_of(seed), case)
        return case

    def close(self):
        self.threads.shutdown(cancel_futures=True)


def name_of(seed):
    return f"oracle_{seed}"


def compare(client, case, features, total, filters, until):
    judge = Judge(client, name_of(case.seed), case)
    maker = FilterMaker(case, features, 0)
    dice = random.Random(f"wrong {case.seed}")
    for number in range(filters):
        if until is not None and time.monotonic() > until:
            return
        question = maker.question()
        check_valid(judge, question, total)
        if number % max(1, filters // REFUSED_PER_CASE) == 0:
            check_refused(judge, refused(case, dice, features), total)
            text = mutated(varied(question.node, question.dice_seed), dice)
            if text.isascii() or "foreign_letters" in features:
                check_mutated(judge, text, question.values, total)


def check_valid(judge, question, total):
    text = varied(question.node, question.dice_seed)
    total.filters += 1
    total.evaluations += len(judge.stored)
    verdict = judge.verdict(text, question.values)
    if verdict is not None:
        total.differences.append(judge.difference(question, text, verdict))


def check_refused(judge, text, total):
    total.refused += 1
    verdict = judge.verdict(text, {})
    if verdict is not None:
        total.differences.append(Difference(verdict[0], judge.case.seed, text, {}, verdict[1]))


def check_mutated(judge, text, values, total):
    """Where only one side knows a meaning the text is mostly silent: shown, not counted."""
    total.mutated += 1
    verdict = judge.verdict(text, values)
    if verdict is None:
        return
    found = Difference(verdict[0], judge.case.seed, text, values, verdict[1])
    if verdict[0] in ("refused", "accepted"):
        total.lenient.append(found)
    else:
        total.differences.append(found)


def run(server: Server, features, first_seed=1, filters=None, seconds=None, rows=ROWS, report=None):
    """Cases one after the other until so many filters were asked, so much time has passed or the server is dead."""
    total = Comparison()
    client, loader = server.client(), Loader(server, features, rows, first_seed)
    try:
        loader.wait()
        until = None if seconds is None else time.monotonic() + seconds
        while (filters is None or total.filters < filters) and (until is None or time.monotonic() < until):
            left = FILTERS_PER_CASE * LOADS_AHEAD if filters is None else filters - total.filters
            seed, load_of_case = loader.next(-(-left // FILTERS_PER_CASE))
            known = len(total.differences)
            run_case(server, client, seed, load_of_case, features, total, min(left, FILTERS_PER_CASE), until)
            if report:
                report(seed, total, total.differences[known:])
            if server.process.poll() is not None or len(total.differences) > DIFFERENCES_MAX:
                break
    finally:
        loader.close()
    return total


def run_case(server, client, seed, load_of_case, features, total, filters, until):
    try:
        compare(client, load_of_case.result(), features, total, filters, until)
        client.drop_collection(name_of(seed))
    except MilvusException as error:
        kind = "error" if server.process.poll() is None else "died"
        total.differences.append(Difference(kind, seed, "", {}, str(error)[:500]))
