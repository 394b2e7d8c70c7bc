#include "calendar/timestamp_text.h"

#include "base/ascii.h"

#include <algorithm>
#include <cstdio>

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

namespace elanus::calendar {

struct TimeZone::Rules {
    absl::TimeZone zone;
};

namespace {

bool IsDigit(char c) {
    return c >= '0' && c <= '9';
}

// Cuts fixed pieces off the front of a text.
class Reader {
  public:
    explicit Reader(std::string_view text) : rest_(text) {}

    bool empty() const { return rest_.empty(); }
    std::string_view rest() const { return rest_; }
    bool Take(char c) {
        if (!rest_.starts_with(c)) {
            return false;
        }
        rest_.remove_prefix(1);
        return true;
    }
    bool TakeAny(std::string_view letters) {
        if (rest_.empty() || letters.find(rest_[0]) == std::string_view::npos) {
            return false;
        }
        rest_.remove_prefix(1);
        return true;
    }
    // Exactly `count` digits.
    bool TakeNumber(size_t count, int* value) {
        if (rest_.size() < count) {
            return false;
        }
        *value = 0;
        for (size_t i = 0; i < count; ++i) {
            if (!IsDigit(rest_[i])) {
                return false;
            }
            *value = *value * 10 + (rest_[i] - '0');
        }
        rest_.remove_prefix(count);
        return true;
    }
    // One digit or more after the point, in microseconds.
    bool TakeFraction(int* micros) {
        size_t digits = 0;
        *micros = 0;
        int weight = 100000;
        for (; digits < rest_.size() && IsDigit(rest_[digits]); ++digits) {
            *micros += (rest_[digits] - '0') * weight;
            weight /= 10;
        }
        rest_.remove_prefix(digits);
        return digits > 0;
    }

  private:
    std::string_view rest_;
};

struct Clock {
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    int micros = 0;
    std::optional<int> offset_seconds;
};

bool ReadTime(Reader* in, Clock* out) {
    if (!in->TakeNumber(2, &out->hour) || !in->Take(':') || !in->TakeNumber(2, &out->minute)) {
        return false;
    }
    if (!in->Take(':')) {
        return true;
    }
    return in->TakeNumber(2, &out->second) && (!in->Take('.') || in->TakeFraction(&out->micros));
}

bool ReadOffset(Reader* in, Clock* out) {
    if (in->TakeAny("Zz")) {
        out->offset_seconds = 0;
        return true;
    }
    const bool negative = in->rest().starts_with('-');
    int hours = 0;
    int minutes = 0;
    if (!in->TakeAny("+-") || !in->TakeNumber(2, &hours)) {
        return false;
    }
    if (!in->empty() && ((in->Take(':'), !in->TakeNumber(2, &minutes)))) {
        return false;
    }
    const int seconds = hours * 3600 + minutes * 60;
    out->offset_seconds = negative ? -seconds : seconds;
    return hours < 24 && minutes < 60;
}

bool ReadClock(std::string_view text, Clock* out) {
    Reader in(text);
    if (!in.TakeNumber(4, &out->year) || !in.Take('-') || !in.TakeNumber(2, &out->month) ||
        !in.Take('-') || !in.TakeNumber(2, &out->day)) {
        return false;
    }
    if (!in.empty() && (!in.TakeAny("Tt ") || !ReadTime(&in, out))) {
        return false;
    }
    if (!in.empty() && !ReadOffset(&in, out)) {
        return false;
    }
    if (!in.empty() || out->hour > 23 || out->minute > 59 || out->second > 59) {
        return false;
    }
    // A civil day that does not exist is moved to one that does.
    const absl::CivilDay day(out->year, out->month, out->day);
    return out->year >= 1 && day.month() == out->month && day.day() == out->day;
}

// Names that would leave the folder of the zone files, or mean this machine's own setting.
bool IsZoneName(std::string_view name) {
    constexpr size_t kNameMax = 64;
    const auto is_name_char = [](char c) {
        return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
               c == '+' || c == '-' || c == '/';
    };
    return !name.empty() && name.size() <= kNameMax && name[0] != '/' && name != "localtime" &&
           std::all_of(name.begin(), name.end(), is_name_char);
}

base::Status Refuse(std::string_view text, std::string_view reason) {
    return base::InvalidParameter("invalid timestamp string '" + std::string(text.substr(0, 64)) +
                                  "': " + std::string(reason));
}

}  // namespace

TimeZone::TimeZone() : name_("UTC") {
    static const auto utc = std::make_shared<const Rules>(Rules{absl::UTCTimeZone()});
    rules_ = utc;
}

base::Result<TimeZone> TimeZone::Load(std::string_view name) {
    absl::TimeZone zone;
    if (!IsZoneName(name) || !absl::LoadTimeZone(std::string(name), &zone)) {
        return base::InvalidParameter("invalid timezone name: '" + std::string(name.substr(0, 64)) +
                                      "', it should be a name of the IANA time zone database");
    }
    TimeZone loaded;
    loaded.name_ = name;
    loaded.rules_ = std::make_shared<const Rules>(Rules{zone});
    return loaded;
}

base::Result<int64_t> ParseTimestamp(std::string_view text, const TimeZone& fallback) {
    Clock clock;
    if (!ReadClock(text, &clock)) {
        return Refuse(text, "it should look like 2025-01-31T10:20:30.5+08:00");
    }
    const absl::CivilSecond civil(clock.year, clock.month, clock.day, clock.hour, clock.minute,
                                  clock.second);
    int64_t seconds = 0;
    if (clock.offset_seconds.has_value()) {
        seconds = absl::ToUnixSeconds(absl::FromCivil(civil, absl::UTCTimeZone())) -
                  *clock.offset_seconds;
    } else {
        seconds = absl::ToUnixSeconds(fallback.rules_->zone.At(civil).pre);
    }
    const int64_t us = seconds * kMicrosPerSecond + clock.micros;
    if (us < kTimestampMin || us > kTimestampMax) {
        return Refuse(text, "it is out of the range of years 0001 to 9999 in UTC");
    }
    return us;
}

std::string FormatTimestamp(int64_t us, const TimeZone& zone) {
    const Fields fields = Fields::Of(us, zone);
    char text[64];
    int length = std::snprintf(text, sizeof text, "%04lld-%02d-%02dT%02d:%02d:%02d",
                               static_cast<long long>(fields.year), fields.month, fields.day,
                               fields.hour, fields.minute, fields.second);
    std::string out(text, static_cast<size_t>(length));
    if (fields.microsecond != 0) {
        length = std::snprintf(text, sizeof text, ".%06d", fields.microsecond);
        out.append(text, static_cast<size_t>(length));
        out.erase(out.find_last_not_of('0') + 1);
    }
    const int minutes = zone.rules_->zone.At(absl::FromUnixMicros(us)).offset / 60;
    if (minutes == 0) {
        return out + "Z";
    }
    length = std::snprintf(text, sizeof text, "%c%02d:%02d", minutes < 0 ? '-' : '+',
                           std::abs(minutes) / 60, std::abs(minutes) % 60);
    return out.append(text, static_cast<size_t>(length));
}

std::optional<Unit> UnitFromName(std::string_view name) {
    static constexpr std::string_view kNames[] = {"year",   "month",  "day",        "hour",
                                                  "minute", "second", "microsecond"};
    const std::string lower = base::AsciiLower(name);
    const auto* found = std::find(std::begin(kNames), std::end(kNames), lower);
    return found == std::end(kNames) ? std::nullopt
                                     : std::optional(static_cast<Unit>(found - kNames));
}

Fields Fields::Of(int64_t us, const TimeZone& zone) {
    const absl::CivilSecond civil = zone.rules_->zone.At(absl::FromUnixMicros(us)).cs;
    Fields fields;
    fields.year = civil.year();
    fields.month = civil.month();
    fields.day = civil.day();
    fields.hour = civil.hour();
    fields.minute = civil.minute();
    fields.second = civil.second();
    fields.microsecond =
        static_cast<int32_t>((us % kMicrosPerSecond + kMicrosPerSecond) % kMicrosPerSecond);
    return fields;
}

int64_t Fields::Get(Unit unit) const {
    switch (unit) {
        case Unit::kYear:
            return year;
        case Unit::kMonth:
            return month;
        case Unit::kDay:
            return day;
        case Unit::kHour:
            return hour;
        case Unit::kMinute:
            return minute;
        case Unit::kSecond:
            return second;
        case Unit::kMicrosecond:
            return microsecond;
    }
    return 0;
}

}  // namespace elanus::calendar
