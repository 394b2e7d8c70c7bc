"""The rows of the filter benchmark: made from a seed, kept as raw column files.

A column is NAME.values and, when its values have no fixed width, NAME.offsets (uint32, rows + 1).
Both sides read these files: filter_bench as columns of a segment, DuckDB through numpy and Arrow.
"""

import pathlib

import numpy as np

TARGET = b"account-00004711"
IN_DOMAIN = {1: 100_000, 50: 2_000, 99: 1_010}
ARRAY_TARGET = {1: -1, 50: -50, 99: -99}
IN_VALUES = 1_000


def _write(folder: pathlib.Path, name: str, values: np.ndarray, offsets=None) -> None:
    values.tofile(folder / f"{name}.values")
    if offsets is not None:
        offsets.astype(np.uint32).tofile(folder / f"{name}.offsets")


def _flatten(cells: np.ndarray, lengths: np.ndarray):
    """The first lengths[i] bytes of each row of `cells`, one after another, and their offsets."""
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return cells[np.arange(cells.shape[1]) < lengths[:, None]], offsets


def _equality(random, rows: int, share: float):
    """`share` of the rows hold TARGET; half of the others have its length and first bytes."""
    cells = random.integers(ord("0"), ord("9") + 1, (rows, 24), dtype=np.uint8)
    lengths = random.integers(9, 25, rows)
    near = random.random(rows) < 0.5
    cells[near, :8] = np.frombuffer(TARGET[:8], np.uint8)
    lengths[near] = len(TARGET)
    hit = random.random(rows) < share
    cells[hit, : len(TARGET)] = np.frombuffer(TARGET, np.uint8)
    lengths[hit] = len(TARGET)
    return _flatten(cells, lengths)


def _prefixed(random, rows: int):
    """99 % start with k, 50 % with key-, 1 % with key-item-."""
    cells = random.integers(ord("a"), ord("j") + 1, (rows, 24), dtype=np.uint8)
    draw = random.random(rows)
    cells[draw < 0.99, 0] = ord("k")
    cells[draw < 0.50, :4] = np.frombuffer(b"key-", np.uint8)
    cells[draw < 0.01, :9] = np.frombuffer(b"key-item-", np.uint8)
    return _flatten(cells, random.integers(10, 25, rows))


def _documents(random, rows: int):
    """{"kind": "...", "price": INT, "rating": FLOAT, "stock": {"open": BOOL}}; price below 1e6."""
    price = random.integers(0, 1_000_000, rows)
    rating = np.round(random.random(rows) * 5, 3)
    is_open = random.random(rows) < 0.5
    kinds = ["book", "music", "garden", "tool"]
    kind = random.integers(0, len(kinds), rows)
    text = [
        f'{{"kind":"{kinds[k]}","price":{p},"rating":{r},"stock":{{"open":{o}}}}}'
        for k, p, r, o in zip(
            kind.tolist(), price.tolist(), rating.tolist(), np.where(is_open, "true", "false")
        )
    ]
    lengths = np.fromiter(map(len, text), np.int64, rows)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return np.frombuffer("".join(text).encode(), np.uint8), offsets


def _arrays(random, rows: int):
    """Up to 8 random elements; each target of ARRAY_TARGET in its share of the rows."""
    cells = random.integers(0, 1_000_000, (rows, 8))
    lengths = random.integers(3, 9, rows)
    for place, (percent, target) in enumerate(ARRAY_TARGET.items()):
        cells[random.random(rows) < percent / 100, place] = target
    return _flatten(cells, lengths)


def in_values(percent: int) -> np.ndarray:
    """The values of the column k<percent>, spread over 40 bits; the first IN_VALUES are asked for."""
    random = np.random.default_rng(percent)
    return np.unique(random.integers(0, 1 << 40, 2 * IN_DOMAIN[percent]))[
        random.permutation(IN_DOMAIN[percent])
    ]


def make(folder: pathlib.Path, rows: int, seed: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    _write(folder, "id", random.permutation(rows).astype(np.int64))
    _write(folder, "n", random.integers(0, 1 << 40, rows))
    for name in ("x", "y"):
        _write(folder, name, random.random(rows))
    for percent in IN_DOMAIN:
        domain = in_values(percent)
        _write(folder, f"k{percent}", domain[random.integers(0, len(domain), rows)])
        _write(folder, f"e{percent}", *_equality(random, rows, percent / 100))
    _write(folder, "p", *_prefixed(random, rows))
    _write(folder, "j", *_documents(random, rows))
    _write(folder, "a", *_arrays(random, rows))
    (folder / "rows").write_text(f"{rows} {seed}")


def ensure(folder: pathlib.Path, rows: int, seed: int) -> None:
    """Makes the data unless the folder holds it already."""
    stamp = folder / "rows"
    if not stamp.exists() or stamp.read_text() != f"{rows} {seed}":
        make(folder, rows, seed)
