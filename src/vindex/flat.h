// FLAT and BIN_FLAT: exact search over a copy of the vectors. Format: docs/formats/flat.md
#pragma once

#include "codec/envelope.h"
#include "vindex/batch_search.h"
#include "vindex/index.h"
#include "vindex/vectors.h"

#include <memory>
#include <optional>

namespace elanus::vindex {

inline constexpr std::string_view kFlatFormat = "flat";

class FlatIndex : public Index, public BatchIndex {
  public:
    static base::Result<std::unique_ptr<Index>> Build(const BuildParams& params,
                                                      const BuildInput& input);
    static base::Result<std::unique_ptr<Index>> Open(base::Buffer file);

    // FLAT names both; files hold no name.
    std::string_view index_type() const override {
        return vector_type() == VectorType::kBinary ? "BIN_FLAT" : "FLAT";
    }
    uint64_t memory_bytes() const override { return vectors_.bytes(); }
    base::Status Save(codec::Sink& sink) const override;
    base::Status Verify() const override;
    base::Status SearchQueries(std::span<const std::string_view> queries,
                               const SearchParams& params, size_t matches,
                               Neighbors* out) const override;

  protected:
    base::Status SearchRows(const Query& query, const SearchParams& params, size_t matches,
                            SearchScratch& scratch, Neighbors* out) const override;

  private:
    FlatIndex(VectorType type, Metric metric, uint32_t dim, uint32_t rows, StoredVectors vectors);

    StoredVectors vectors_;
    VectorView view_;
    std::optional<codec::EnvelopeReader> file_;
};

}  // namespace elanus::vindex
