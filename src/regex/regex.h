// Regex: RE2 behind a fence. Patterns come from users, so compiling is bounded in memory and
// matching is linear in the text. Threads: a value; copies share one compiled program, which any
// number of threads may use.
#pragma once

#include "base/status.h"

#include <cstdint>
#include <memory>
#include <string_view>

namespace elanus::regex {

struct Options {
    int64_t memory_bytes_max = int64_t{8} << 20;
    size_t pattern_bytes_max = 64 << 10;
};

class Regex {
  public:
    // InvalidParameter with RE2's explanation when the pattern is malformed or too large.
    static base::Result<Regex> Compile(std::string_view pattern, const Options& options = {});

    // True when the pattern matches some part of `text`.
    bool PartialMatch(std::string_view text) const;
    // True when the pattern matches all of `text`.
    bool FullMatch(std::string_view text) const;

  private:
    struct Program;
    explicit Regex(std::shared_ptr<const Program> program) : program_(std::move(program)) {}

    std::shared_ptr<const Program> program_;
};

}  // namespace elanus::regex
