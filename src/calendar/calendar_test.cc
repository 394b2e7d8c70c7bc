#include "calendar/duration.h"
#include "calendar/timestamp_text.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::calendar {
namespace {

TimeZone Zone(const std::string& name) {
    return *TimeZone::Load(name);
}

TEST(TimeZone, IsKnownByItsIanaNameOnly) {
    EXPECT_EQ(TimeZone().name(), "UTC");
    EXPECT_EQ(Zone("Asia/Shanghai").name(), "Asia/Shanghai");
    for (const char* name : {"", "Mars/Olympus", "/etc/localtime", "../../etc/passwd", "localtime",
                             "Asia/../UTC", "UTC;", "Europe"}) {
        EXPECT_FALSE(TimeZone::Load(name).ok()) << name;
    }
}

TEST(ParseTimestamp, ReadsEveryForm) {
    const TimeZone shanghai = Zone("Asia/Shanghai");
    const int64_t noon = 1735732800 * kMicrosPerSecond;  // 2025-01-01T12:00:00Z
    struct Case {
        const char* text;
        int64_t us;
    };
    const std::vector<Case> cases = {
        {"2025-01-01T12:00:00Z", noon},
        {"2025-01-01t12:00:00z", noon},
        {"2025-01-01 12:00:00Z", noon},
        {"2025-01-01T20:00:00", noon},
        {"2025-01-01 20:00", noon},
        {"2025-01-01T20:00:00+08:00", noon},
        {"2025-01-01T20:00:00+0800", noon},
        {"2025-01-01T20:00:00+08", noon},
        {"2025-01-01T07:30:00-04:30", noon},
        {"2025-01-01", noon - 20 * 3600 * kMicrosPerSecond},
        {"2025-01-01T12:00:00.5Z", noon + 500000},
        {"2025-01-01T12:00:00.123456Z", noon + 123456},
        {"2025-01-01T12:00:00.123456999Z", noon + 123456},
        {"1969-12-31T23:59:59.999999Z", -1},
        {"0001-01-01T00:00:00Z", kTimestampMin},
        {"9999-12-31T23:59:59.999999Z", kTimestampMax},
        {"2024-02-29T00:00:00Z", 1709164800 * kMicrosPerSecond},
    };
    for (const Case& c : cases) {
        auto us = ParseTimestamp(c.text, shanghai);
        ASSERT_TRUE(us.ok()) << c.text;
        EXPECT_EQ(*us, c.us) << c.text;
    }
}

TEST(ParseTimestamp, RefusesTheRest) {
    for (const char* text : {"",
                             "2025",
                             "2025-1-1",
                             "2025-13-01",
                             "2025-02-29",
                             "2025-04-31",
                             "2025-01-00",
                             "2025-01-01T",
                             "2025-01-01T24:00:00",
                             "2025-01-01T10:60:00",
                             "2025-01-01T10:00:60",
                             "2025-01-01T10",
                             "2025-01-01T10:00:00.",
                             "2025-01-01T10:00:00+",
                             "2025-01-01T10:00:00+8",
                             "2025-01-01T10:00:00+24:00",
                             "2025-01-01T10:00:00+08:60",
                             "2025-01-01T10:00:00Zx",
                             " 2025-01-01",
                             "2025-01-01X10:00:00",
                             "0000-01-01",
                             "0001-01-01T00:00:00+01:00",
                             "9999-12-31T23:59:59-01:00",
                             "20250101T101010Z"}) {
        EXPECT_FALSE(ParseTimestamp(text, TimeZone()).ok()) << text;
    }
}

TEST(ParseTimestamp, UsesTheRulesOfTheZoneAtThatTime) {
    const TimeZone new_york = Zone("America/New_York");
    EXPECT_EQ(*ParseTimestamp("2025-01-15 12:00:00", new_york),
              *ParseTimestamp("2025-01-15T17:00:00Z", new_york));
    EXPECT_EQ(*ParseTimestamp("2025-07-15 12:00:00", new_york),
              *ParseTimestamp("2025-07-15T16:00:00Z", new_york));
    // 02:30 does not exist on the day clocks go forward; the offset before the jump is -05:00.
    EXPECT_EQ(*ParseTimestamp("2025-03-09 02:30:00", new_york),
              *ParseTimestamp("2025-03-09T07:30:00Z", new_york));
    // 01:30 exists twice on the day they go back; the first one counts.
    EXPECT_EQ(*ParseTimestamp("2025-11-02 01:30:00", new_york),
              *ParseTimestamp("2025-11-02T05:30:00Z", new_york));
}

TEST(FormatTimestamp, WritesRfc3339WithoutSpareDigits) {
    const int64_t us = *ParseTimestamp("2025-01-01T12:00:00.670Z", TimeZone());
    EXPECT_EQ(FormatTimestamp(us, TimeZone()), "2025-01-01T12:00:00.67Z");
    EXPECT_EQ(FormatTimestamp(us, Zone("Asia/Shanghai")), "2025-01-01T20:00:00.67+08:00");
    EXPECT_EQ(FormatTimestamp(us, Zone("America/New_York")), "2025-01-01T07:00:00.67-05:00");
    EXPECT_EQ(FormatTimestamp(us, Zone("Asia/Kolkata")), "2025-01-01T17:30:00.67+05:30");
    EXPECT_EQ(FormatTimestamp(0, TimeZone()), "1970-01-01T00:00:00Z");
    EXPECT_EQ(FormatTimestamp(-1, TimeZone()), "1969-12-31T23:59:59.999999Z");
    EXPECT_EQ(FormatTimestamp(kTimestampMin, TimeZone()), "0001-01-01T00:00:00Z");
    EXPECT_EQ(FormatTimestamp(kTimestampMax, TimeZone()), "9999-12-31T23:59:59.999999Z");
    for (const int64_t extreme : {INT64_MIN, INT64_MAX}) {
        EXPECT_FALSE(FormatTimestamp(extreme, Zone("Asia/Shanghai")).empty());
    }
}

TEST(Extract, GivesTheFieldsInTheZone) {
    const int64_t us = *ParseTimestamp("2024-12-31T20:30:45.000123Z", TimeZone());
    const TimeZone shanghai = Zone("Asia/Shanghai");
    EXPECT_EQ(Extract(us, TimeZone(), Unit::kYear), 2024);
    EXPECT_EQ(Extract(us, shanghai, Unit::kYear), 2025);
    EXPECT_EQ(Extract(us, shanghai, Unit::kMonth), 1);
    EXPECT_EQ(Extract(us, shanghai, Unit::kDay), 1);
    EXPECT_EQ(Extract(us, shanghai, Unit::kHour), 4);
    EXPECT_EQ(Extract(us, shanghai, Unit::kMinute), 30);
    EXPECT_EQ(Extract(us, shanghai, Unit::kSecond), 45);
    EXPECT_EQ(Extract(us, shanghai, Unit::kMicrosecond), 123);
    EXPECT_EQ(Extract(-1, TimeZone(), Unit::kMicrosecond), 999999);
    EXPECT_EQ(UnitFromName("Month"), Unit::kMonth);
    EXPECT_EQ(UnitFromName("week"), std::nullopt);
}

TEST(Duration, ReadsWholeUnitsInOrder) {
    EXPECT_EQ(*ParseDuration("P1Y2M3DT4H5M6S"), (Duration{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(*ParseDuration("P1D"), (Duration{0, 0, 1, 0, 0, 0}));
    EXPECT_EQ(*ParseDuration("PT36H"), (Duration{0, 0, 0, 36, 0, 0}));
    EXPECT_EQ(*ParseDuration("P2M"), (Duration{0, 2, 0, 0, 0, 0}));
    for (const char* text : {"", "P", "PT", "1D", "P1", "P1.5D", "P-1D", "-P1D", "P1H", "PT1D",
                             "P1D1Y", "P1DT", "P1W", "p1d", "P1D ", "P12345678901D", "P1D2D"}) {
        EXPECT_FALSE(ParseDuration(text).ok()) << text;
    }
}

std::string Moved(const char* from, const char* duration, Direction direction) {
    return FormatTimestamp(
        Shift(*ParseTimestamp(from, TimeZone()), *ParseDuration(duration), direction), TimeZone());
}

TEST(Duration, IsAddedByTheCalendar) {
    EXPECT_EQ(Moved("2025-01-15T10:00:00Z", "P1M", Direction::kAdd), "2025-02-15T10:00:00Z");
    EXPECT_EQ(Moved("2025-01-31T10:00:00Z", "P1M", Direction::kAdd), "2025-03-03T10:00:00Z");
    EXPECT_EQ(Moved("2024-01-31T10:00:00Z", "P1M", Direction::kAdd), "2024-03-02T10:00:00Z");
    EXPECT_EQ(Moved("2025-01-15T10:00:00Z", "P1M", Direction::kSubtract), "2024-12-15T10:00:00Z");
    EXPECT_EQ(Moved("2025-06-15T10:00:00Z", "P30M", Direction::kAdd), "2027-12-15T10:00:00Z");
    EXPECT_EQ(Moved("2024-02-29T00:00:00.5Z", "P1Y", Direction::kAdd), "2025-03-01T00:00:00.5Z");
    EXPECT_EQ(Moved("2025-12-31T23:59:59Z", "P1DT1S", Direction::kAdd), "2026-01-02T00:00:00Z");
    EXPECT_EQ(Moved("1960-03-01T00:00:00Z", "P1Y2M3DT4H5M6S", Direction::kSubtract),
              "1958-12-28T19:54:54Z");
    const Duration huge{INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX};
    EXPECT_EQ(Shift(INT64_MAX, huge, Direction::kAdd), INT64_MAX);
    EXPECT_EQ(Shift(INT64_MIN, huge, Direction::kSubtract), INT64_MIN);
}

}  // namespace
}  // namespace elanus::calendar
