#include "scalar_index/index.h"

#include "scalar_index/box_tree.h"
#include "scalar_index/key_index.h"
#include "scalar_index/layout.h"

#include <cstring>

namespace elanus::scalar_index {

std::string_view KindName(Kind kind) {
    static constexpr std::string_view kNames[] = {"INVERTED", "BITMAP", "STL_SORT",
                                                  "TRIE",     "NGRAM",  "RTREE",
                                                  "TEXT"};
    const auto i = static_cast<size_t>(kind);
    return i < std::size(kNames) ? kNames[i] : "";
}

base::Result<std::shared_ptr<const Index>> Index::Open(base::Buffer file) {
    ASSIGN_OR_RETURN(auto reader,
                     codec::EnvelopeReader::Open(std::move(file), kScalarFormat, kScalarVersion));
    ASSIGN_OR_RETURN(const base::Buffer bytes, reader.Array<Meta>(kMetaSection, 1));
    RETURN_IF_ERROR(reader.VerifySection(kMetaSection));
    Meta meta;
    std::memcpy(&meta, bytes.data(), sizeof meta);
    constexpr uint64_t kRowsMax = uint64_t{1} << 31;
    if (meta.kind > static_cast<uint32_t>(Kind::kBoxTree) || meta.rows >= kRowsMax) {
        return DamagedIndex("impossible description");
    }
    return static_cast<Kind>(meta.kind) == Kind::kBoxTree ? BoxTree::Open(std::move(reader), meta)
                                                          : KeyIndex::Open(std::move(reader), meta);
}

}  // namespace elanus::scalar_index
