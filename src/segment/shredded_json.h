// ShreddedJson: typed columns of the frequent paths of a JSON column, kept in the segment file
// beside the documents, so that a filter on a path reads its values instead of the documents.
//
// Why blocks: filters are evaluated block by block, a writer needs memory for one block only, and
// integers take the width that their block needs. A block of a path knows for each row whether its
// value is in the column, is of another kind (then the document is looked at), or is not there.
// Which paths: those that most rows hold with one kind (shredded_writer.h). Answers do not depend
// on the choice.
// Format: docs/formats/segment.md
// Threads: immutable once open.
#pragma once

#include "base/buffer.h"
#include "codec/envelope.h"
#include "expr/shredded_path.h"
#include "segment/segment_file.h"

#include <optional>
#include <string>
#include <vector>

namespace elanus::segment {

// Rows of a block: those that a filter is evaluated for at once.
inline constexpr size_t kShreddedBlockRows = 65536;
inline constexpr size_t kShreddedPathsMax = 32;
inline constexpr size_t kShreddedDepthMax = 4;

enum class ShreddedKind : uint8_t { kBool, kInt, kDouble, kString };

// One path in one block. Its bytes, each part at a multiple of 8: words of typed rows unless all
// are, the words of other rows if there are any, the values; of strings offsets and then the text.
struct ShreddedPiece {
    uint64_t offset = 0;  // in the data section, a multiple of 64
    uint8_t width = 0;    // bytes a value: 1 Bool; 1, 2, 4 or 8 Int; 8 Double; 0 String
    bool all_typed = false;
    bool has_other = false;
    bool exact_doubles = false;  // Int: no value is larger than 2^53
    bool has_integers = false;   // Double: some are integers in the documents
    uint32_t text_bytes = 0;     // String

    template <typename A>
    void Visit(A& a) {
        a(offset, width, all_typed, has_other, exact_doubles, has_integers, text_bytes);
    }
};

struct ShreddedColumn {
    std::vector<std::string> path;
    ShreddedKind kind = ShreddedKind::kBool;
    std::vector<ShreddedPiece> pieces;  // a block each

    template <typename A>
    void Visit(A& a) {
        a(path, kind, pieces);
    }
};

struct ShreddedMeta {
    std::vector<ShreddedColumn> columns;

    template <typename A>
    void Visit(A& a) {
        a(columns);
    }
};

// Where the parts of a piece begin, from the piece's own begin on, and where it ends.
struct ShreddedLayout {
    uint64_t typed = 0;
    uint64_t other = 0;
    uint64_t offsets = 0;
    uint64_t values = 0;
    uint64_t end = 0;
};
ShreddedLayout LayoutOf(const ShreddedPiece& piece, size_t rows);

class ShreddedJson {
  public:
    // Of the JSON column of `field_id`; absent when the file has none. Proves that no read through
    // a slice leaves the section. kDataCorruption when that is not so.
    static base::Result<std::optional<ShreddedJson>> Open(const codec::EnvelopeReader& reader,
                                                          base::FieldId field_id, uint64_t rows);

    bool Has(const std::vector<std::string>& path) const { return Find(path) != nullptr; }
    // Rows [begin, end) of a path; absent when it is not kept, or the rows are of several blocks.
    // `begin` is a multiple of 64.
    std::optional<expr::ShreddedPath> Slice(const std::vector<std::string>& path, size_t begin,
                                            size_t end) const;
    const std::vector<ShreddedColumn>& columns() const { return meta_.columns; }

  private:
    base::Status Check(const ShreddedColumn& column, uint64_t rows) const;
    base::Status CheckPiece(const ShreddedColumn& column, const ShreddedPiece& piece,
                            size_t rows) const;
    const ShreddedColumn* Find(const std::vector<std::string>& path) const;

    base::FieldId field_id_ = 0;
    uint64_t rows_ = 0;
    ShreddedMeta meta_;
    base::Buffer data_;
};

}  // namespace elanus::segment
