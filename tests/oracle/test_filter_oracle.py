"""The oracle against the cases worked out by hand, and the server against both.

ELANUS_ORACLE_SECONDS says how long the random comparison takes (default 6), ELANUS_ORACLE_SEED where it
begins, ELANUS_ORACLE_FEATURES what it may use (default: what the server has).
"""

import itertools
import logging
import os
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from differential import Judge, Server, ask, load, run
from features import PROBES, chosen, probed
from filter_oracle import FilterError, compiled, matching_ids
from generator import Case, FilterMaker, make_case, refused
from hand_cases import CASES, FEATURES, GROUPS, REFUSED, TABLES
from pymilvus import MilvusException
from spelling import plain, varied
from syntax import parse

SECONDS = float(os.environ.get("ELANUS_ORACLE_SECONDS", 6))
SEED = int(os.environ.get("ELANUS_ORACLE_SEED", 1))
SECTIONS = list(dict.fromkeys(case.section for case in CASES))


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
    with Server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="session")
def features(server):
    return chosen(os.environ.get("ELANUS_ORACLE_FEATURES", ""), server.client())


@pytest.fixture(scope="session")
def tables(server, features):
    """Every table the server can hold, once growing and once sealed: collection names by table."""
    client = server.client()
    names = [table for table in TABLES if FEATURES.get(table, "") in features | {""}]
    with ThreadPoolExecutor(2 * len(names)) as threads:
        loads = {table: [threads.submit(loaded, client, table, state) for state in ("growing", "sealed")]
                 for table in names}
    return {table: [load.result() for load in both] for table, both in loads.items()}


def loaded(client, table, state):
    rows, name = list(TABLES[table].rows), f"hand_{table}_{state}"
    steps = [("insert", rows)] + ([("flush", None)] if state == "sealed" else [])
    load(client, name, Case(0, TABLES[table].schema, steps, rows))
    return name


def oracle_answer(case):
    table = TABLES[case.table]
    try:
        return matching_ids(case.filter, table.schema, table.rows, case.values)
    except FilterError:
        return REFUSED


def server_answer(client, name, case):
    try:
        return ask(client, name, case.filter, case.values)
    except MilvusException as error:
        return REFUSED if error.code == 1100 else f"code {error.code}: {error.message}"


def test_every_part_of_the_language_is_there(server):
    """Cases of a part that is missing are skipped, so a part that goes missing must fail here."""
    assert set(PROBES) - probed(server.client()) <= {"strict_spaces"}


def test_there_are_enough_hand_cases():
    assert len({(case.table, case.filter, repr(case.values)) for case in CASES}) >= 300
    assert len(GROUPS) == len(SECTIONS)


@pytest.mark.parametrize("section", SECTIONS)
def test_oracle_agrees_with_the_hand(section):
    for case in [case for case in CASES if case.section == section]:
        assert oracle_answer(case) == case.ids, case.filter


@pytest.mark.parametrize("section", SECTIONS)
def test_server_agrees_with_the_hand(section, server, features, tables):
    cases = [case for case in CASES if case.section == section and case.feature in features | {""}]
    if not cases:
        pytest.skip("the server has nothing of this")
    client, wrong = server.client(), []
    for case, name in ((case, name) for case in cases for name in tables[case.table]):
        answer = server_answer(client, name, case)
        if answer != case.ids:
            wrong.append(f"{name}: {case.filter} {case.values or ''}: server {answer}, hand {case.ids}")
    assert server.revive() is None, "the server died"
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("seed", range(3))
def test_spellings_mean_the_same(seed, features):
    case = make_case(seed, features)
    maker = FilterMaker(case, features, 0)
    for _ in range(200):
        question = maker.question()
        assert repr(parse(plain(question.node))) == repr(question.node)
        assert repr(parse(varied(question.node, question.dice_seed))) == repr(question.node)


@pytest.mark.parametrize("seed", range(3))
def test_oracle_refuses_what_must_be_refused(seed, features):
    case, dice = make_case(seed, features), random.Random(seed)
    for text in {refused(case, dice, features) for _ in range(300)}:
        with pytest.raises(FilterError):
            compiled(text, case.schema)


def test_random_samples_are_subsets(server, features, tables):
    if "random_sample" not in features:
        pytest.skip("the server has no random_sample")
    table = TABLES["plain"]
    judge = Judge(server.client(), tables["plain"][1], Case(0, table.schema, rows=list(table.rows)))
    for text in ("random_sample(0.5)", "i8 == 5 and random_sample(0.3)", "ni > 3 and RANDOM_SAMPLE(0.999)"):
        assert judge.verdict(text, {}) is None


def test_server_agrees_with_the_oracle(server, features, capsys):
    shown = itertools.count()
    total = run(server, features, SEED, seconds=SECONDS)
    with capsys.disabled():
        print(f"\n{total}\nwithout {', '.join(sorted(set(PROBES) - features)) or 'nothing'}")
    assert server.revive() is None, "the server died"
    assert total.evaluations > 0 and not total.differences, "\n".join(
        str(difference) for difference in total.differences if next(shown) < 20)
