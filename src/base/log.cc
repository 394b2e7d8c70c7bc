#include "base/log.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>

#include <unistd.h>

namespace elanus::base {
namespace {

std::atomic<int> g_level{static_cast<int>(LogLevel::kInfo)};

constexpr std::string_view kNames[] = {"debug", "info", "warn", "error"};

void AppendTime(std::string& line) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char text[40];
    const size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    line.append(text, length);
    std::snprintf(text, sizeof text, ".%03dZ", static_cast<int>(ms % 1000));
    line += text;
}

// Quotes a value that holds spaces, quotes or control characters, so a line stays one line.
void AppendValue(std::string& line, std::string_view value) {
    const bool plain = !value.empty() && value.find_first_of(" \"=\\\n\r\t") == value.npos;
    if (plain) {
        line += value;
        return;
    }
    line += '"';
    for (char c : value) {
        if (c == '"' || c == '\\') {
            line += '\\';
            line += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            line += ' ';
        } else {
            line += c;
        }
    }
    line += '"';
}

}  // namespace

void SetLogLevel(LogLevel level) {
    g_level.store(static_cast<int>(level));
}

LogLevel GetLogLevel() {
    return static_cast<LogLevel>(g_level.load());
}

void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
    if (static_cast<int>(level) < g_level.load(std::memory_order_relaxed)) {
        return;
    }
    std::string line = "time=";
    AppendTime(line);
    line.append(" level=").append(kNames[static_cast<int>(level)]);
    line.append(" event=").append(event);
    for (const LogField& field : fields) {
        line.append(" ").append(field.key).append("=");
        AppendValue(line, field.value);
    }
    line += '\n';
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace elanus::base
