"""Moments as microseconds since 1970 UTC, and ISO 8601 durations of whole numbers."""

import datetime
import re
import zoneinfo

from syntax import FilterError

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
_MICROSECOND = datetime.timedelta(microseconds=1)
_DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


def microseconds(text, zone="UTC"):
    """A text without offset is local time of `zone`."""
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise FilterError(f"not a moment: {text!r}") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zoneinfo.ZoneInfo(zone))
    return (moment - _EPOCH) // _MICROSECOND


def duration(text):
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()) or text.endswith("T"):
        raise FilterError(f"not a duration: {text!r}")
    return tuple(int(part or 0) for part in match.groups())


def moved(moment, parts, sign, zone="UTC"):
    """`moment` plus or minus a duration: the calendar part first, in local time, then the clock part.

    The language does not say what the 31st plus a month is; the generator asks only about days that
    every month has.
    """
    years, months, days, hours, minutes, seconds = parts
    local = (_EPOCH + moment * _MICROSECOND).astimezone(zoneinfo.ZoneInfo(zone))
    month = local.month - 1 + sign * (12 * years + months)
    local = local.replace(year=local.year + month // 12, month=month % 12 + 1)
    local += sign * datetime.timedelta(days=days)
    clock = datetime.timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return (local.astimezone(datetime.timezone.utc) + sign * clock - _EPOCH) // _MICROSECOND
