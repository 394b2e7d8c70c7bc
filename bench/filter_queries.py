"""The questions of the filter benchmark, each as a Milvus filter and as DuckDB's SQL, and the bars."""

from dataclasses import dataclass

import numpy as np

import filter_data

SHARES = (1, 50, 99)


@dataclass
class Question:
    kind: str
    percent: int
    filter: str
    where: str
    bar: float  # how many times as fast as DuckDB


def _range(column: str, low, high) -> tuple[str, str]:
    return (
        f"{low} <= {column} < {high}",
        f"{column} >= {low} AND {column} < {high}",
    )


def _int_range(percent: int) -> Question:
    domain = 1 << 40
    low = int(domain * (0.5 - percent / 200))
    return Question("int64 range", percent, *_range("n", low, low + domain * percent // 100), 4)


def _two_ranges(percent: int) -> Question:
    side = np.sqrt(percent / 100)
    parts = [_range(column, 0.5 - side / 2, 0.5 + side / 2) for column in ("x", "y")]
    return Question(
        "two double ranges",
        percent,
        " and ".join(part[0] for part in parts),
        " AND ".join(part[1] for part in parts),
        4,
    )


def _in_list(percent: int) -> Question:
    values = ", ".join(map(str, filter_data.in_values(percent)[: filter_data.IN_VALUES].tolist()))
    column = f"k{percent}"
    return Question(
        "in 1,000 values", percent, f"{column} in [{values}]", f"{column} IN ({values})", 4
    )


def _equality(percent: int) -> Question:
    text = filter_data.TARGET.decode()
    column = f"e{percent}"
    return Question(
        "VarChar equality", percent, f'{column} == "{text}"', f"{column} = '{text}'", 1
    )


def _prefix(percent: int) -> Question:
    prefix = {1: "key-item-", 50: "key-", 99: "k"}[percent]
    return Question(
        "VarChar prefix", percent, f'p like "{prefix}%"', f"p LIKE '{prefix}%'", 1
    )


def _json(percent: int) -> Question:
    bound = percent * 10_000
    return Question(
        "JSON path", percent, f'j["price"] < {bound}', f"(j->>'$.price')::BIGINT < {bound}", 1
    )


def _contains(percent: int) -> Question:
    value = filter_data.ARRAY_TARGET[percent]
    return Question(
        "array_contains", percent, f"array_contains(a, {value})", f"list_contains(a, {value})", 1
    )


def questions() -> list[Question]:
    makers = (_int_range, _two_ranges, _in_list, _equality, _prefix, _json, _contains)
    return [make(percent) for make in makers for percent in SHARES]
