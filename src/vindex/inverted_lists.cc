#include "vindex/inverted_lists.h"

#include "base/bitmap.h"

#include <algorithm>
#include <vector>

namespace elanus::vindex {

InvertedLists InvertedLists::Of(std::span<const uint32_t> lists_of, uint32_t lists) {
    std::vector<uint32_t> starts(lists + 1);
    for (const uint32_t list : lists_of) {
        ++starts[list + 1];
    }
    for (uint32_t list = 0; list < lists; ++list) {
        starts[list + 1] += starts[list];
    }
    std::vector<uint32_t> next(starts.begin(), starts.end() - 1);
    std::vector<uint32_t> rows(lists_of.size());
    for (uint32_t row = 0; row < rows.size(); ++row) {
        rows[next[lists_of[row]]++] = row;
    }
    InvertedLists made;
    made.starts_ = base::Buffer::FromVector(std::move(starts));
    made.rows_ = base::Buffer::FromVector(std::move(rows));
    return made;
}

base::Result<InvertedLists> InvertedLists::Open(const codec::EnvelopeReader& reader,
                                                codec::SectionId starts_section,
                                                codec::SectionId rows_section, uint32_t rows,
                                                uint32_t lists) {
    InvertedLists opened;
    ASSIGN_OR_RETURN(opened.starts_, reader.Array<uint32_t>(starts_section, uint64_t{lists} + 1));
    ASSIGN_OR_RETURN(opened.rows_, reader.Array<uint32_t>(rows_section, rows));
    bool good = opened.starts()[0] == 0 && opened.starts()[lists] == rows;
    for (uint32_t list = 0; list < lists; ++list) {
        good = good && opened.Begin(list) <= opened.End(list);
    }
    return good ? base::Result<InvertedLists>(std::move(opened))
                : base::Corruption("inverted lists: bad bounds of a list");
}

void InvertedLists::AddTo(codec::EnvelopeWriter& writer, codec::SectionId starts_section,
                          codec::SectionId rows_section) const {
    writer.AddSection(starts_section, starts_.view());
    writer.AddSection(rows_section, rows_.view());
}

uint32_t InvertedLists::ListAt(uint32_t position) const {
    const auto after = std::upper_bound(starts().begin(), starts().end(), position);
    return static_cast<uint32_t>(after - starts().begin()) - 1;
}

base::Status InvertedLists::Verify() const {
    base::Bitmap seen(size());
    for (uint32_t list = 0; list < lists(); ++list) {
        for (uint32_t at = Begin(list); at < End(list); ++at) {
            const uint32_t row = rows()[at];
            if (row >= size() || seen.Test(row) || (at > Begin(list) && rows()[at - 1] >= row)) {
                return base::Corruption("inverted lists: bad row number in list " +
                                        std::to_string(list));
            }
            seen.Set(row);
        }
    }
    return base::Status();
}

}  // namespace elanus::vindex
