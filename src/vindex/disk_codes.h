// DiskCodes: what a disk graph (disk_graph.h) has in memory of every row, to order candidates by
// before it reads them: by place, code after code.
//
// ProductDiskCodes: a byte a part (product_quantizer.h), scored by as many look-ups. For budgets of
// little more than a hundred bytes a row, where nothing else tells as much.
//
// PlaneDiskCodes: rows rotated and centred, each value one of 2^bits even steps around zero, of the
// width that is best for normal values (Max, IRE Trans. 1960). A product code with parts of one
// dimension, that is, but one that registers can multiply by: with AVX2 and wider scoring takes a
// tenth of the time of look-ups. With c the centre, r the rotated rest of the row and v its code,
// f = |r|^2 / <v, r> makes f <v, q - c> an unbiased estimate of <q - c, r> (RaBitQ: Gao et al.,
// SIGMOD 2025, arXiv 2409.09913), and
//   cost = own + term + factor <v, q - c>
// with |q - c|^2, |r|^2 and -2 f for L2, and -<q, c>, -<c, r> and -f for IP and COSINE.
// Threads: constant once made; a query's state belongs to its search.
#pragma once

#include "base/buffer.h"
#include "base/status.h"
#include "codec/envelope.h"
#include "simd/planes.h"
#include "vindex/index.h"
#include "vindex/product_quantizer.h"
#include "vindex/rotation.h"
#include "vindex/scratch.h"

#include <memory>
#include <span>
#include <vector>

namespace elanus::vindex {

// How long the codes are and of which kind; part of the file.
struct DiskCodeShape {
    uint32_t bits = 0;  // of planes, 2..8; 0: product codes
    // Product codes only.
    uint32_t parts = 0;
    uint32_t coded_dim = 0;  // dim, rounded up to whole parts

    // The best that `row_bytes` pay for; one byte at least.
    static DiskCodeShape Of(uint32_t dim, double row_bytes);
    bool IsPlausible(uint32_t dim) const;
    // Of the file that has them: the first one that could.
    uint32_t file_version() const { return bits == 0 ? 1 : 2; }
};

// A query made ready.
struct DiskCodeQuery {
    ProductQuantizer::Query product;
    float own = 0;
    float step = 0;
    float middle = 0;  // what the middle of the steps adds to a sum of weights
};

class DiskCodes {
  public:
    virtual ~DiskCodes() = default;

    // Codes of all rows, of each at its place. kDataCorruption never; what the interrupt says.
    static base::Result<std::unique_ptr<DiskCodes>> Make(const DiskCodeShape& shape,
                                                         const BuildParams& params,
                                                         const BuildInput& input,
                                                         std::span<const uint32_t> places,
                                                         const Progress& progress);
    static base::Result<std::unique_ptr<DiskCodes>> Open(const DiskCodeShape& shape, Metric metric,
                                                         uint32_t dim, uint32_t rows,
                                                         const codec::EnvelopeReader& reader);
    // What Make() takes, in encodings of a row by product codes.
    static double Effort(const DiskCodeShape& shape, uint64_t rows);

    virtual void AddTo(codec::EnvelopeWriter& writer) const = 0;
    virtual uint64_t bytes() const { return codes_.size() + sample_.size(); }
    const DiskCodeShape& shape() const { return shape_; }
    // Copies what every search needs out of a mapping, into large pages, and lets those of the
    // mapping go.
    void Load();

    // A sample of the rows, spread evenly over the places, for walks to start from.
    uint32_t sample_size() const { return sample_size_; }
    uint32_t SamplePlace(uint32_t i) const {
        return static_cast<uint32_t>(uint64_t{i} * rows_ / sample_size_);
    }
    // costs[i] of sample_size() rows; uses scratch.ids.
    void SampleCosts(const DiskCodeQuery& query, SearchScratch& scratch, float* costs) const;
    // Keeps the codes of the sample once more, together, unless that takes more than so many bytes:
    // codes that lie apart take several times as long to score. Returns the bytes it took.
    uint64_t KeepSample(uint64_t bytes_max);

    // `query` has dim values, of length one for COSINE. Its state is in the scratch until the next.
    virtual DiskCodeQuery Prepare(const float* query, SearchScratch& scratch) const = 0;
    // costs[i] of the row at places[i], each below the number of rows. Any bytes are valid codes.
    void Costs(const DiskCodeQuery& query, const SearchScratch& scratch, const uint32_t* places,
               size_t count, float* costs) const {
        CostsOf(query, scratch, codes_.data(), places, count, costs);
    }
    void Prefetch(uint32_t place) const {
        const uint8_t* code = codes_.data() + place * code_bytes_;
        for (size_t at = 0; at < code_bytes_ + kLine - 1; at += kLine) {
            __builtin_prefetch(code + std::min(at, code_bytes_ - 1), 0, 2);
        }
    }

  protected:
    static constexpr size_t kLine = 64;

    DiskCodes(const DiskCodeShape& shape, Metric metric, uint32_t dim, size_t code_bytes)
        : shape_(shape), metric_(metric), dim_(dim), code_bytes_(code_bytes) {}
    // Of the code ids[i] of those at `codes`, or of code i when `ids` is null.
    virtual void CostsOf(const DiskCodeQuery& query, const SearchScratch& scratch,
                         const uint8_t* codes, const uint32_t* ids, size_t count,
                         float* costs) const = 0;
    // Codes of all places.
    void Keep(base::Buffer codes, uint32_t rows);

    DiskCodeShape shape_;
    Metric metric_;
    uint32_t dim_;
    size_t code_bytes_;
    base::Buffer codes_;

  private:
    uint32_t rows_ = 0;
    uint32_t sample_size_ = 0;
    base::Buffer sample_;
};

}  // namespace elanus::vindex
