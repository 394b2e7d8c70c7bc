"""Points, axis-aligned segments and axis-aligned boxes, compared exactly.

Two shapes cut the plane along their coordinates into finitely many points, open segments and open
boxes; each of these cells lies wholly in the interior, the boundary or the exterior of either shape,
so counting cells gives the nine intersections from which the predicates are defined.
"""

import functools
import itertools
import math
import re
from dataclasses import dataclass
from fractions import Fraction

from syntax import FilterError

EARTH_METRES = 6371008.8
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_PAIR = rf"\s*({_NUMBER})\s+({_NUMBER})\s*"
_WKT = re.compile(r"\s*(POINT|LINESTRING|POLYGON)\s*(\(.*\))\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Shape:
    """The product of two closed intervals, each of which may be one number."""
    low: tuple
    high: tuple

    @property
    def dimension(self):
        return sum(low < high for low, high in zip(self.low, self.high))


@functools.lru_cache
def shape(text):
    match = _WKT.fullmatch(text)
    if match is None:
        raise FilterError(f"not a shape known here: {text!r}")
    kind, body = match.group(1).upper(), match.group(2)
    points = [(Fraction(x), Fraction(y)) for x, y in re.findall(_PAIR, body)]
    _check(kind, points, text)
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return Shape((min(xs), min(ys)), (max(xs), max(ys)))


def _check(kind, points, text):
    wanted = {"POINT": 1, "LINESTRING": 2, "POLYGON": 5}[kind]
    if len(points) != wanted:
        raise FilterError(f"not a shape known here: {text!r}")
    pairs = list(itertools.pairwise(points))
    straight = all((a[0] == b[0]) != (a[1] == b[1]) for a, b in pairs)
    if not straight or (kind == "POLYGON" and points[0] != points[-1]):
        raise FilterError(f"not a shape known here: {text!r}")


def _cells(values):
    """The numbers and the open intervals between, as (low, high)."""
    values = sorted(set(values))
    yield (-math.inf, values[0])
    for before, after in itertools.pairwise(values):
        yield (before, before)
        yield (before, after)
    yield (values[-1], values[-1])
    yield (values[-1], math.inf)


def _place_on_axis(cell, low, high):
    """interior, boundary or exterior; a single number is its own interior."""
    if cell[0] < low or cell[1] > high:
        return "exterior"
    return "boundary" if low < high and cell[0] == cell[1] and cell[0] in (low, high) else "interior"


def _place(cell, shape):
    places = {_place_on_axis(cell[axis], shape.low[axis], shape.high[axis]) for axis in (0, 1)}
    for place in ("exterior", "boundary"):
        if place in places:
            return place
    return "interior"


@functools.lru_cache(maxsize=4096)
def intersections(a, b):
    """For each pair of places the dimension of what lies in both, -1 for nothing."""
    found = dict.fromkeys(itertools.product(("interior", "boundary", "exterior"), repeat=2), -1)
    axes = [_cells([a.low[axis], a.high[axis], b.low[axis], b.high[axis]]) for axis in (0, 1)]
    for cell in itertools.product(*axes):
        key = _place(cell, a), _place(cell, b)
        found[key] = max(found[key], sum(low < high for low, high in cell))
    return found


def _meet(found, *pairs):
    names = {"I": "interior", "B": "boundary", "E": "exterior"}
    return any(found[names[pair[0]], names[pair[1]]] >= 0 for pair in pairs)


def equals(a, b):
    return a == b


def intersects(a, b):
    return _meet(intersections(a, b), "II", "IB", "BI", "BB")


def contains(a, b):
    found = intersections(a, b)
    return _meet(found, "II") and not _meet(found, "EI", "EB")


def within(a, b):
    return contains(b, a)


def touches(a, b):
    found = intersections(a, b)
    return not _meet(found, "II") and _meet(found, "IB", "BI", "BB")


def overlaps(a, b):
    found = intersections(a, b)
    if a.dimension != b.dimension or not (_meet(found, "IE") and _meet(found, "EI")):
        return False
    return found["interior", "interior"] == (1 if a.dimension == 1 else a.dimension)


def crosses(a, b):
    found = intersections(a, b)
    if a.dimension < b.dimension:
        return _meet(found, "II") and _meet(found, "IE")
    if a.dimension > b.dimension:
        return _meet(found, "II") and _meet(found, "EI")
    return a.dimension == 1 and found["interior", "interior"] == 0


PREDICATES = {"st_equals": equals, "st_touches": touches, "st_overlaps": overlaps, "st_crosses": crosses,
              "st_contains": contains, "st_intersects": intersects, "st_within": within}


def metres(a, b):
    """Great circle distance of two points in degrees; which globe is not said, so ask with a margin."""
    (x1, y1), (x2, y2) = ([math.radians(v) for v in point.low] for point in (a, b))
    half = math.sin((y2 - y1) / 2) ** 2 + math.cos(y1) * math.cos(y2) * math.sin((x2 - x1) / 2) ** 2
    return 2 * EARTH_METRES * math.asin(min(1.0, math.sqrt(half)))
