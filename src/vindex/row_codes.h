// RowCodes: the rows of an index in one of the forms in which it can score them: quantised, or the
// vectors themselves. What a graph walks on, and what it refines with.
//
// In a file the parts are sections with one `field` number a RowCodes, so that an index can have
// several. Codes are used in place; any bytes are valid codes. Format: docs/formats/coded-hnsw.md
// Threads: constant once made.
#pragma once

#include "codec/envelope.h"
#include "vindex/index.h"
#include "vindex/product_quantizer.h"
#include "vindex/row_scorer.h"
#include "vindex/scalar_quantizer.h"
#include "vindex/vectors.h"

#include <cstdint>
#include <vector>

namespace elanus::vindex {

struct CodeSpec {
    // Numbers are stored in index files.
    enum class Form : uint32_t { kVectors = 0, kScalar = 1, kProduct = 2 };
    Form form = Form::kVectors;
    ScalarKind scalar = ScalarKind::kSq8;
    uint32_t m = 0;  // of kProduct
    uint32_t nbits = 8;
    uint32_t stages = 1;

    static CodeSpec Scalar(ScalarKind kind) { return {.form = Form::kScalar, .scalar = kind}; }
    static CodeSpec Product(uint32_t m, uint32_t nbits, uint32_t stages) {
        return {.form = Form::kProduct, .m = m, .nbits = nbits, .stages = stages};
    }
};

class RowCodes;

// The costs of coded rows; belongs to one search, and so does the room it was made in.
class CodeScorer final : public RowScorer {
  public:
    void Costs(const uint32_t* ids, size_t count, float* costs) const override;
    void BlockCosts(uint32_t first, size_t count, float* costs) const override;

  private:
    friend class RowCodes;
    CodeScorer(const RowCodes& codes, const Query& query) : codes_(codes), query_(query) {}

    const RowCodes& codes_;
    const Query& query_;  // as the vectors themselves are compared with
    ScalarQuantizer::Query scalar_;
    ProductQuantizer::Query product_;
};

class RowCodes {
  public:
    RowCodes() = default;
    // Trains on a sample of the rows and codes all of them. The same for any number of threads.
    static base::Result<RowCodes> Make(const CodeSpec& spec, const BuildParams& params,
                                       const BuildInput& input);
    // About what Make() takes, in encodings of a row by products.
    static double Effort(const CodeSpec& spec, uint64_t rows);
    // kDataCorruption for parts that do not fit each other.
    static base::Result<RowCodes> Open(const codec::EnvelopeReader& reader, uint32_t field,
                                       VectorType type, Metric metric, uint32_t dim, uint32_t rows);
    void AddTo(codec::EnvelopeWriter& writer, uint32_t field) const;

    const CodeSpec& spec() const { return spec_; }
    size_t row_bytes() const;
    uint64_t bytes() const;

    // `query` is prepared (vectors.h) and outlives the scorer, as does `room`.
    CodeScorer ScorerFor(const Query& query, std::vector<float>& room) const;

  private:
    friend class CodeScorer;

    base::Status Train(const BuildInput& input, const Progress& progress);
    base::Status Encode(const BuildInput& input, const Progress& progress);
    void EncodeChunk(const BuildInput& input, uint64_t begin, uint64_t count, uint8_t* codes) const;
    ProductShape Shape() const;

    CodeSpec spec_;
    VectorType type_ = VectorType::kFloat;
    Metric metric_ = Metric::kL2;
    uint32_t dim_ = 0;
    uint32_t rows_ = 0;
    ScalarQuantizer scalar_;
    ProductQuantizer product_;
    base::Buffer codes_;
    StoredVectors vectors_;
    VectorView view_;
};

}  // namespace elanus::vindex
