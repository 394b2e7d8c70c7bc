// Log: one line = one event, key=value pairs, on standard error.
//
//     base::LogInfo("segment_sealed", {{"segment", id}, {"rows", rows}});
//
// Levels: error = someone must act; warn = degraded but handled; info = life cycle; debug = off.
// Never logs vectors, tokens, passwords or filter literals.
// Threads: any; a line is written with one system call.
#pragma once

#include "base/status.h"

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

namespace elanus::base {

enum class LogLevel : int { kDebug = 0, kInfo = 1, kWarn = 2, kError = 3 };

struct LogField {
    LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
    LogField(std::string_view k, const char* v) : key(k), value(v) {}
    LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
    LogField(std::string_view k, const Status& v) : key(k), value(v.reason()) {}
    template <typename T>
        requires std::is_arithmetic_v<T>
    LogField(std::string_view k, T v) : key(k), value(std::to_string(v)) {}

    std::string_view key;
    std::string value;
};

void SetLogLevel(LogLevel level);
LogLevel GetLogLevel();
void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

inline void LogDebug(std::string_view event, std::initializer_list<LogField> fields = {}) {
    Log(LogLevel::kDebug, event, fields);
}
inline void LogInfo(std::string_view event, std::initializer_list<LogField> fields = {}) {
    Log(LogLevel::kInfo, event, fields);
}
inline void LogWarn(std::string_view event, std::initializer_list<LogField> fields = {}) {
    Log(LogLevel::kWarn, event, fields);
}
inline void LogError(std::string_view event, std::initializer_list<LogField> fields = {}) {
    Log(LogLevel::kError, event, fields);
}

}  // namespace elanus::base
