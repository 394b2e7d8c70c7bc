// FLAT: exact search over a copy of the vectors. Format: docs/formats/flat.md
#pragma once

#include "codec/envelope.h"
#include "vindex/index.h"
#include "vindex/vectors.h"

#include <memory>
#include <optional>

namespace elanus::vindex {

inline constexpr std::string_view kFlatFormat = "flat";

class FlatIndex : public Index {
  public:
    static base::Result<std::unique_ptr<Index>> Build(const BuildParams& params,
                                                      const BuildInput& input);
    static base::Result<std::unique_ptr<Index>> Open(base::Buffer file);

    std::string_view index_type() const override { return "FLAT"; }
    uint64_t memory_bytes() const override { return vectors_.size(); }
    base::Status Save(codec::Sink& sink) const override;
    base::Status Verify() const override;

  protected:
    base::Status SearchRows(const float* query, const SearchParams& params, size_t matches,
                            SearchScratch& scratch, Neighbors* out) const override;

  private:
    FlatIndex(Metric metric, uint32_t dim, uint32_t rows, base::Buffer vectors);

    base::Buffer vectors_;
    VectorView view_;
    std::optional<codec::EnvelopeReader> file_;
};

}  // namespace elanus::vindex
