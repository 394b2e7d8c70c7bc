// RestBody: a JSON object of a REST request, read member by member from its text.
//
// Why no tree: a body is up to 64 MiB of numbers, and a tree of them would be twenty times as big.
// Parse checks the text once; members are views into it.
// Keys are found by their exact spelling, else without regard to case, as Milvus does. A member
// that is null counts as absent. A repeated key keeps its first value. A member of the wrong type
// or out of range is 1801, an absent required one 1802; both name the member. Threads: a value.
// Lifetime: the text outlives it.
#pragma once

#include "base/status.h"
#include "json/json.h"
#include "schema/collection_schema.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace elanus::wire {

class RestBody {
  public:
    // One member, or one element of a list: the key without escapes, the value as written.
    using Member = std::pair<std::string, std::string_view>;

    RestBody() = default;
    static base::Result<RestBody> Parse(std::string_view text);

    // The text of a member; empty when it is absent or null.
    std::string_view Raw(std::string_view key) const;
    bool Has(std::string_view key) const { return !Raw(key).empty(); }
    const std::vector<Member>& members() const { return members_; }

    base::Result<std::string> Text(std::string_view key) const;
    base::Result<std::string> RequiredText(std::string_view key) const;
    base::Result<bool> Bool(std::string_view key, bool fallback = false) const;
    base::Result<int64_t> Int(std::string_view key, int64_t fallback, int64_t low,
                              int64_t high) const;
    base::Result<std::vector<std::string>> Texts(std::string_view key) const;
    base::Result<std::vector<std::string>> RequiredTexts(std::string_view key) const;
    // An object as text values: strings as they are, everything else as JSON text.
    base::Result<schema::KeyValues> Pairs(std::string_view key) const;
    base::Result<RestBody> Object(std::string_view key) const;
    base::Result<std::vector<RestBody>> Objects(std::string_view key) const;

  private:
    // `object` stands inside a text that Parse accepted.
    static RestBody FromValid(std::string_view object);

    std::vector<Member> members_;
};

// A value inside valid text. Strings with escapes live in `scratch`.
json::Scalar ScalarOf(std::string_view raw, std::string* scratch);
// "a string", "a list" ...: how messages call what was sent.
std::string_view KindName(json::Scalar::Kind kind);
// The key between the quotes, without escapes.
std::string UnescapeKey(std::string_view raw_key);
// True for "true", "false" and their like; `*value` is what it says.
bool ReadBoolText(std::string_view text, bool* value);
// A whole number in text, sign allowed, nothing else around it.
bool ReadIntText(std::string_view text, int64_t* value);

}  // namespace elanus::wire
