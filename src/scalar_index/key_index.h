// KeyIndex: every scalar index with keys, which are all kinds but RTREE: the distinct keys, rising,
// and for each the rows that have it. INVERTED, BITMAP, STL_SORT and TRIE differ in how the lists
// are stored, NGRAM in what the keys are.
// Threads: immutable.
#pragma once

#include "scalar_index/key_slice.h"
#include "scalar_index/select_column.h"
#include "scalar_index/select_json.h"
#include "scalar_index/selection.h"

#include <string>
#include <variant>
#include <vector>

namespace elanus::scalar_index {

class KeyIndex : public Index {
  public:
    static base::Result<std::shared_ptr<const Index>> Open(codec::EnvelopeReader reader,
                                                           const Meta& meta);

    Kind kind() const override { return static_cast<Kind>(meta_.kind); }
    uint64_t rows() const override { return meta_.rows; }
    base::FieldId field_id() const override { return meta_.field_id; }
    uint64_t file_bytes() const override { return reader_.file().size(); }

    std::optional<LeafEstimate> Estimate(const expr::Plan& leaf) const override;
    base::Result<expr::LeafBits> Answer(const expr::Plan& leaf) const override;
    base::Status Verify() const override;

  private:
    using MaybeSelection = base::Result<std::optional<Selection>>;

    KeyIndex(codec::EnvelopeReader reader, const Meta& meta)
        : reader_(std::move(reader)), meta_(meta) {}

    base::Status OpenKeys();
    base::Status OpenJson();
    base::Status OpenRowSet(codec::SectionId section, base::Buffer* words) const;

    MaybeSelection Select(const expr::Plan& leaf, const WalkRule& walk) const;
    MaybeSelection SelectKeys(const expr::Plan& leaf, const WalkRule& walk) const;
    MaybeSelection SelectElements(const expr::Plan& leaf, const expr::ColumnRef& column,
                                  const WalkRule& walk) const;
    MaybeSelection SelectPath(const expr::Plan& leaf, const WalkRule& walk) const;
    MaybeSelection SelectTree(const expr::Plan& leaf, const expr::ColumnRef& column,
                              const WalkRule& walk) const;
    MaybeSelection SelectGrams(const expr::Plan& leaf) const;

    std::optional<LeafEstimate> EstimateLongList(const expr::In& leaf) const;
    bool IsOfColumn(const expr::ColumnRef& column) const;
    struct Weight {
        uint64_t entries = 0;
        uint64_t reads = 0;  // row numbers or words
    };
    // Of each group of the selection.
    base::Result<std::vector<Weight>> Weigh(const Selection& selection) const;
    // Groups with few entries come first.
    static std::vector<size_t> LightestFirst(const std::vector<Weight>& weights);
    base::Status Gather(const Selection& selection, base::Bitmap* out) const;

    Subject subject() const { return static_cast<Subject>(meta_.subject); }

    codec::EnvelopeReader reader_;
    Meta meta_;
    std::vector<std::string> path_;  // JSON only
    std::variant<std::monostate, FixedKeys<int8_t>, FixedKeys<int16_t>, FixedKeys<int32_t>,
                 FixedKeys<int64_t>, FixedKeys<float>, FixedKeys<double>, Terms>
        keys_;
    RowLists lists_;
    base::Buffer exists_;  // words, a bit a row; empty = not kept
    base::Buffer odd_;     // the same of rows that belong to every inexact answer
};

}  // namespace elanus::scalar_index
