// ISO 8601 durations of whole units ("P1Y2M10DT2H30M15S") and adding them to timestamps.
// Threads: values.
#pragma once

#include "base/status.h"

#include <cstdint>
#include <string_view>

namespace elanus::calendar {

struct Duration {
    int32_t years = 0;
    int32_t months = 0;
    int32_t days = 0;
    int32_t hours = 0;
    int32_t minutes = 0;
    int32_t seconds = 0;

    // True when the same number of microseconds is added to every timestamp: no years or months.
    bool is_fixed() const { return years == 0 && months == 0; }
    // The length of days and smaller units.
    int64_t FixedMicros() const;

    bool operator==(const Duration&) const = default;
    template <typename A>
    void Visit(A& a) {
        a(years, months, days, hours, minutes, seconds);
    }
};

// Each unit at most once, in order, 1 to 9 digits each; at least one unit.
base::Result<Duration> ParseDuration(std::string_view text);

enum class Direction : int8_t { kAdd = 1, kSubtract = -1 };

// Calendar arithmetic in UTC on microseconds since 1970. A day that the month lacks runs over into
// the next month (January 31 plus one month is March 3 or 2). Results beyond int64 stop at its
// ends.
int64_t Shift(int64_t us, const Duration& duration, Direction direction);

}  // namespace elanus::calendar
