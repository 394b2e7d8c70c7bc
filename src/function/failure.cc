#include "function/failure.h"

#include "base/phrase.h"

#include <algorithm>

namespace elanus::function {
namespace {

constexpr auto kFunctionFailed = static_cast<base::Code>(2400);
constexpr size_t kShownBodyMax = 300;  // bytes of a service's complaint

}  // namespace

base::Status FunctionFailed(std::string_view text) {
    return base::Status::FromParts(kFunctionFailed,
                                   base::Phrase(text, ": function execution failed"), false, false);
}

std::string Complaint(const http::Response& answer, std::string_view secret) {
    std::string text = answer.body;
    while (!secret.empty() && text.find(secret) != text.npos) {
        text.replace(text.find(secret), secret.size(), "***");
    }
    text.resize(std::min(text.size(), kShownBodyMax));
    std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return text;
}

}  // namespace elanus::function
