#include "calendar/duration.h"

#include "calendar/timestamp_text.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace elanus::calendar {

namespace {

struct UnitSlot {
    char letter;
    int32_t Duration::* value;
};
constexpr UnitSlot kDateUnits[] = {
    {'Y', &Duration::years}, {'M', &Duration::months}, {'D', &Duration::days}};
constexpr UnitSlot kTimeUnits[] = {
    {'H', &Duration::hours}, {'M', &Duration::minutes}, {'S', &Duration::seconds}};

// Reads "<digits><letter>" for the slots in order and cuts them off; the number of those found.
template <size_t N>
int ReadUnits(const UnitSlot (&slots)[N], std::string_view* text, Duration* duration) {
    constexpr size_t kDigitsMax = 9;
    int found = 0;
    for (const UnitSlot& slot : slots) {
        const size_t digits = text->find_first_not_of("0123456789");
        if (digits == 0 || digits == std::string_view::npos || digits > kDigitsMax ||
            (*text)[digits] != slot.letter) {
            continue;
        }
        std::from_chars(text->data(), text->data() + digits, duration->*slot.value);
        text->remove_prefix(digits + 1);
        ++found;
    }
    return found;
}

// Days since 1970-01-01 of the first day of a month; `month` counts from 0 and may be anything.
// (Howard Hinnant's days_from_civil, with years that begin in March.)
int64_t DaysBeforeMonth(int64_t year, int64_t month) {
    year += month / 12;
    month %= 12;
    if (month < 0) {
        month += 12;
        --year;
    }
    const int64_t shifted = month < 2 ? year - 1 : year;
    const int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
    const int64_t year_of_era = shifted - era * 400;
    const int64_t day_of_year = (153 * (month < 2 ? month + 10 : month - 2) + 2) / 5;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

struct CivilDay {
    int64_t year;
    int64_t month;  // from 0
    int64_t day;    // from 0
};

CivilDay CivilFromDays(int64_t days) {
    const int64_t shifted = days + 719468;
    const int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    const int64_t day_of_era = shifted - era * 146097;
    const int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t from_march = (5 * day_of_year + 2) / 153;
    const int64_t month = from_march < 10 ? from_march + 2 : from_march - 10;
    return {year_of_era + era * 400 + (month < 2 ? 1 : 0), month,
            day_of_year - (153 * from_march + 2) / 5};
}

int64_t SaturatingAdd(int64_t a, int64_t b) {
    int64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) {
        return b > 0 ? INT64_MAX : INT64_MIN;
    }
    return sum;
}

}  // namespace

int64_t Duration::FixedMicros() const {
    int64_t total = 0;
    if (__builtin_mul_overflow(int64_t{days}, kMicrosPerDay, &total)) {
        total = days > 0 ? INT64_MAX : INT64_MIN;
    }
    total = SaturatingAdd(total, int64_t{hours} * 3600 * kMicrosPerSecond);
    total = SaturatingAdd(total, int64_t{minutes} * 60 * kMicrosPerSecond);
    return SaturatingAdd(total, int64_t{seconds} * kMicrosPerSecond);
}

base::Result<Duration> ParseDuration(std::string_view text) {
    const std::string shown(text.substr(0, 64));
    Duration duration;
    bool sound = text.starts_with('P');
    if (sound) {
        text.remove_prefix(1);
        int units = ReadUnits(kDateUnits, &text, &duration);
        if (text.starts_with('T')) {
            text.remove_prefix(1);
            const int time_units = ReadUnits(kTimeUnits, &text, &duration);
            units = time_units == 0 ? 0 : units + time_units;
        }
        sound = text.empty() && units > 0;
    }
    if (!sound) {
        return base::InvalidParameter("invalid ISO 8601 duration string: '" + shown + "'");
    }
    return duration;
}

int64_t Shift(int64_t us, const Duration& duration, Direction direction) {
    const int64_t sign = direction == Direction::kSubtract ? -1 : 1;
    if (!duration.is_fixed()) {
        const int64_t days = us / kMicrosPerDay - (us % kMicrosPerDay < 0 ? 1 : 0);
        const CivilDay day = CivilFromDays(days);
        const int64_t moved =
            DaysBeforeMonth(day.year + sign * duration.years, day.month + sign * duration.months) +
            day.day;
        // Half a step twice: one difference of days may not fit into microseconds.
        int64_t half = 0;
        if (__builtin_mul_overflow(moved - days, kMicrosPerDay / 2, &half)) {
            return moved > days ? INT64_MAX : INT64_MIN;
        }
        us = SaturatingAdd(SaturatingAdd(us, half), half);
    }
    // The negative of the lowest integer does not exist; the highest is as far away.
    const int64_t length = std::max(duration.FixedMicros(), -INT64_MAX);
    return SaturatingAdd(us, sign * length);
}

}  // namespace elanus::calendar
