// Timestamps as users write and read them, in time zones. Inside the server a Timestamptz is one
// int64 of microseconds since 1970-01-01T00:00:00Z.
//
// Invariant: INV-CALENDAR-1  ParseTimestamp gives only moments from 0001-01-01 to the end of 9999
// (UTC), and FormatTimestamp of those reads back as the same moment in the same zone.
// Threads: any; zones are immutable and shared.
#pragma once

#include "base/status.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace elanus::calendar {

inline constexpr int64_t kMicrosPerSecond = 1000000;
inline constexpr int64_t kMicrosPerDay = 86400 * kMicrosPerSecond;
inline constexpr int64_t kTimestampMin = -62135596800 * kMicrosPerSecond;
inline constexpr int64_t kTimestampMax = 253402300800 * kMicrosPerSecond - 1;

// A zone of the IANA database ("Asia/Shanghai", "UTC"). The database comes from the system.
class TimeZone {
  public:
    TimeZone();  // UTC
    // InvalidParameter when there is no zone of that name.
    static base::Result<TimeZone> Load(std::string_view name);

    const std::string& name() const { return name_; }

  private:
    struct Rules;
    friend base::Result<int64_t> ParseTimestamp(std::string_view text, const TimeZone& fallback);
    friend std::string FormatTimestamp(int64_t us, const TimeZone& zone);
    friend struct Fields;

    std::string name_;
    std::shared_ptr<const Rules> rules_;
};

// What an RFC 3339 text says: YYYY-MM-DD, then perhaps 'T' or a blank and HH:MM[:SS[.fraction]],
// then perhaps 'Z' or an offset (+HH:MM, +HHMM, +HH). Without an offset the time is one of
// `fallback`; where clocks jump forward over it, the offset before the jump counts. Digits below
// the microsecond are dropped.
base::Result<int64_t> ParseTimestamp(std::string_view text, const TimeZone& fallback);

// RFC 3339 with as many digits of the second as needed: "2025-01-02T03:04:05.67+08:00", 'Z' when
// the offset is zero.
std::string FormatTimestamp(int64_t us, const TimeZone& zone);

enum class Unit : uint8_t { kYear, kMonth, kDay, kHour, kMinute, kSecond, kMicrosecond };
// "year", "month" ... in any case; absent for other words.
std::optional<Unit> UnitFromName(std::string_view name);

// The broken-down time of a moment in a zone.
struct Fields {
    int64_t year = 1970;
    int32_t month = 1;  // 1 to 12
    int32_t day = 1;    // 1 to 31
    int32_t hour = 0;
    int32_t minute = 0;
    int32_t second = 0;
    int32_t microsecond = 0;

    static Fields Of(int64_t us, const TimeZone& zone);
    int64_t Get(Unit unit) const;
};
inline int64_t Extract(int64_t us, const TimeZone& zone, Unit unit) {
    return Fields::Of(us, zone).Get(unit);
}

}  // namespace elanus::calendar
