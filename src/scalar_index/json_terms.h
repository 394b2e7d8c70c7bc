// JsonTerms: how an index of every path of a JSON column names what it finds, and the walk over a
// document that finds it.
//
// A term is the path, a tag and the value. Values at a path are tagged by their type, elements of
// an array at the path in another way, and each path that leads to anything but null has a term of
// its own. Path: each step's bytes, a zero byte written as 00 FF, closed by 00 01; the path by
// 00 00. So no path is the beginning of another, and the values of a path and type are neighbours
// in the order of the values.
// Threads: pure functions; a JsonWalker belongs to one thread.
#pragma once

#include "json/json.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::scalar_index {

inline constexpr char kTagExists = 'e';
inline constexpr char kTagBool = 'b';
inline constexpr char kTagNumber = 'n';
inline constexpr char kTagString = 's';
inline constexpr char kTagElementBool = 'B';
inline constexpr char kTagElementNumber = 'N';
inline constexpr char kTagElementString = 'S';

// Deeper values are not indexed, and leaves on them not answered.
inline constexpr size_t kJsonDepthMax = 16;

void AppendJsonStep(std::string_view key, std::string* path);
// The beginning of the terms of a path and tag.
std::string JsonTermPrefix(const std::vector<std::string>& path, size_t first_step, char tag);

// Finds what json::Find finds, for every path of a document at once.
class JsonWalker {
  public:
    using Visit = std::function<void(std::string_view term)>;

    // Walks over what is at `root` in the document; false when the document was not understood to
    // its end, and terms may be missing.
    bool Walk(std::string_view document, const json::Path& root, const Visit& visit);

  private:
    struct Key {
        size_t place = 0;  // in key_bytes_
        size_t length = 0;
        uint32_t number = 0;  // of the member
    };

    bool WalkValue(const json::Scalar& value, size_t depth);
    bool WalkObject(std::string_view raw, size_t depth);
    bool WalkArray(std::string_view raw, size_t depth);
    // Numbers of members whose key came before, ascending.
    std::vector<uint32_t> Repeated(std::string_view raw);
    void Emit(char tag, const json::Scalar* value);

    std::string path_;  // of the value at hand, not closed
    std::string term_;
    std::string scratch_;
    std::vector<Key> keys_;
    std::string key_bytes_;
    const Visit* visit_ = nullptr;
};

}  // namespace elanus::scalar_index
