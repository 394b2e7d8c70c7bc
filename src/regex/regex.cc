#include "regex/regex.h"

#include <string>

#include <re2/re2.h>

namespace elanus::regex {

struct Regex::Program {
    Program(std::string_view pattern, const re2::RE2::Options& options)
        : re2(re2::StringPiece(pattern.data(), pattern.size()), options) {}
    re2::RE2 re2;
};

base::Result<Regex> Regex::Compile(std::string_view pattern, const Options& options) {
    if (pattern.size() > options.pattern_bytes_max) {
        return base::InvalidParameter("invalid regex pattern: longer than " +
                                      std::to_string(options.pattern_bytes_max) + " bytes");
    }
    re2::RE2::Options settings(re2::RE2::Quiet);
    settings.set_max_mem(options.memory_bytes_max);
    auto program = std::make_shared<const Program>(pattern, settings);
    if (!program->re2.ok()) {
        return base::InvalidParameter("invalid regex pattern: " + program->re2.error());
    }
    return Regex(std::move(program));
}

bool Regex::PartialMatch(std::string_view text) const {
    return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), program_->re2);
}

bool Regex::FullMatch(std::string_view text) const {
    return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), program_->re2);
}

}  // namespace elanus::regex
