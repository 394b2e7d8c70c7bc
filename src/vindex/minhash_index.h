// MINHASH_LSH: MinHash signatures (minhash.h) found by the bands they share with the query.
//
// For every band the hashes of all rows are kept in order, with the rows; a search looks up its own
// hash of each band, which costs bands * log(rows) and touches no other row. What it finds are the
// rows that share a band: no others are hits. Their score is the share of bands in which they
// agree; with mh_search_with_jaccard the best refine_k * k of them are scored by the share of equal
// elements, for which the signatures are kept (with_raw_data).
// Two bands with one 64-bit hash are taken for equal.
// Bytes a row: 12 a band, and the signature when it is kept.
// Threads: as Index. Format: docs/formats/minhash.md
#pragma once

#include "codec/envelope.h"
#include "vindex/index.h"
#include "vindex/minhash.h"

#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace elanus::vindex {

inline constexpr std::string_view kMinhashFormat = "minhash";

class MinhashIndex : public Index {
  public:
    static base::Result<std::unique_ptr<Index>> Build(const BuildParams& params,
                                                      const BuildInput& input);
    static base::Result<std::unique_ptr<Index>> Open(base::Buffer file);

    std::string_view index_type() const override { return "MINHASH_LSH"; }
    uint64_t memory_bytes() const override;
    base::Status Save(codec::Sink& sink) const override;
    base::Status Verify() const override;

  protected:
    base::Status SearchRows(const Query& query, const SearchParams& params, size_t matches,
                            SearchScratch& scratch, Neighbors* out) const override;

  private:
    struct Band {
        base::Buffer hashes;  // u64 a row, ascending
        base::Buffer rows;    // u32 a row; of equal hashes ascending
    };

    MinhashIndex(const MinHashShape& shape, uint32_t rows)
        : Index(VectorType::kBinary, Metric::kMhJaccard, shape.dim, rows), shape_(shape) {}

    static Band MakeBand(const MinHashShape& shape, uint32_t band, const uint8_t* signatures,
                         uint32_t rows);
    base::Status Collect(const uint8_t* query, const SearchParams& params,
                         std::vector<uint32_t>& rows) const;
    base::Status ScoreByElements(const uint8_t* query, const SearchParams& params,
                                 SearchScratch& scratch, Neighbors* out) const;
    const uint8_t* Signature(uint32_t row) const {
        return signatures_.data() + size_t{row} * (shape_.dim / 8);
    }

    MinHashShape shape_;
    std::vector<Band> bands_;
    base::Buffer signatures_;  // empty: not kept
    std::optional<codec::EnvelopeReader> file_;
};

}  // namespace elanus::vindex
