// Layout: what the parts of a scalar index file are. docs/formats/scalar-index.md has the fields.
// Threads: constants and plain structs.
#pragma once

#include "codec/envelope.h"
#include "scalar_index/index.h"

#include <cstdint>
#include <string_view>

namespace elanus::scalar_index {

inline constexpr std::string_view kScalarFormat = "scalar";
inline constexpr uint32_t kScalarVersion = 1;

inline constexpr codec::SectionId kMetaSection{1, 0};
inline constexpr codec::SectionId kPathSection{2, 0};         // JSON pointer, JSON only
inline constexpr codec::SectionId kKeysSection{3, 0};         // fixed width, or blocks of terms
inline constexpr codec::SectionId kBlockPlacesSection{4, 0};  // terms only
inline constexpr codec::SectionId kStartsSection{5, 0};
inline constexpr codec::SectionId kRowsSection{6, 0};
inline constexpr codec::SectionId kListPlacesSection{7, 0};  // packed lists only
inline constexpr codec::SectionId kExistsSection{8, 0};      // one JSON path only
inline constexpr codec::SectionId kOddRowsSection{9, 0};     // when there are any
inline constexpr codec::SectionId kBoxesSection{10, 0};      // trees of boxes only

// What a key is.
enum class KeyType : uint32_t { kInt8, kInt16, kInt32, kInt64, kFloat, kDouble, kText, kNone };
// Where the keys of a row come from.
enum class Subject : uint32_t {
    kColumn,     // the value of the column
    kArray,      // the elements of an array column
    kJsonValue,  // the value at one JSON path, if it has the index's type
    kJsonArray,  // the elements of that type of the array at one JSON path
    kJsonTree,   // every value below a JSON path (json_terms.h)
};
// How row lists are stored (row_lists.h).
enum class ListLayout : uint32_t { kFlat, kPacked };

struct Meta {
    uint32_t kind;
    uint32_t subject;
    uint32_t key_type;
    uint32_t layout;
    uint64_t rows;
    int64_t field_id;
    uint64_t keys;
    uint64_t entries;
    uint64_t odd_rows;  // rows that every inexact answer has
    uint32_t data_type;
    uint32_t element_type;
    uint32_t list_rows_max;  // entries of the longest list
    uint32_t gram_min;       // n-gram only
    uint32_t gram_max;
    uint32_t flags;
    uint64_t zero[2];
};
static_assert(sizeof(Meta) == 96);

// A box of a tree reaches beyond longitude 180 or latitude 90, so distances are not answered.
inline constexpr uint32_t kFlagPlanar = 1;
// The keys of a JSON path hold the numbers in its texts as well.
inline constexpr uint32_t kFlagTextNumbers = 2;

inline base::Status DamagedIndex(std::string_view what) {
    return base::Corruption("scalar index: " + std::string(what));
}

}  // namespace elanus::scalar_index
