// ProductCodes: what is left of a row after the base of its list, product quantized
// (product_quantizer.h). The rows of IVF_PQ (IVFADC: Jegou, Douze, Schmid, TPAMI 2011) and of
// SCANN.
//
// A query makes one table of inner products and uses it for all lists: with r the coded residual
// of a row in the list of base c,
//   <q, x>   = <q, c> + <q, r>
//   |q - x|2 = |q - c|2 - 2 <q, r> + (|r|2 + 2 <c, r>)
// and the last term of the latter is kept with the row, 4 bytes.
//
// Codes of 4 and 8 bits lie in groups (group_codes.h) and are scored by tables of 8-bit numbers.
// Rows that may be among the best are scored again by the float tables, unless a finer form is
// going to do so anyway. Other codes lie row after row.
//
// SCANN (Guo et al., "Accelerating large-scale inference with anisotropic vector quantization",
// ICML 2020): 4 bits a part; for IP and COSINE codes are chosen by a loss in which an error along
// the row counts eta times as much as one across it, because that is the one that changes high
// inner products: eta = (dim - 1) T^2 / (1 - T^2) with T = 0.2, the paper's threshold. The choice
// is made part by part, starting from the nearest centroids, until nothing changes. L2 has no such
// direction, its codes are the nearest centroids.
//
// Bytes a row: parts * bits / 8, rounded up (at 4 bits of parts rounded up to 4), and 4 for L2.
// Threads: as ListCodes.
#pragma once

#include "vindex/coarse_quantizer.h"
#include "vindex/group_codes.h"
#include "vindex/inverted_lists.h"
#include "vindex/list_codes.h"
#include "vindex/product_quantizer.h"

#include <memory>
#include <span>

namespace elanus::vindex {

class ProductCodes : public ListCodes {
  public:
    struct Options {
        uint32_t parts = 1;
        uint32_t bits = 8;
        bool anisotropic = false;  // SCANN
        bool refined = false;      // a finer form scores the best again
    };
    // The rows of `input` by the order of `lists`.
    static base::Result<std::unique_ptr<ListCodes>> Make(const Options& options,
                                                         const BuildParams& params,
                                                         const BuildInput& input,
                                                         const CoarseQuantizer& quantizer,
                                                         const InvertedLists& lists);
    // `params` gives metric and dim.
    static base::Result<std::unique_ptr<ListCodes>> Open(const codec::EnvelopeReader& reader,
                                                         uint32_t part, const Options& options,
                                                         const BuildParams& params, uint32_t rows);

    void Start(const ProbeQuery& query, CodeQuery& state) const override;
    void StartList(uint32_t list, float cost, CodeQuery& state) const override;
    void Costs(const Slice& slice, float limit, CodeQuery& state, SliceCosts& out) const override;
    uint64_t bytes() const override { return codes_.size() + terms_.size(); }
    void AddTo(codec::EnvelopeWriter& writer, uint32_t part) const override;

  private:
    ProductCodes(const Options& options, Metric metric, uint32_t rows, ProductQuantizer quantizer)
        : options_(options), metric_(metric), rows_(rows), quantizer_(std::move(quantizer)) {}

    bool grouped() const { return options_.bits == 4 || options_.bits == 8; }
    uint32_t group_rows() const {
        return options_.bits == 4 ? simd::kNibbleGroup : simd::kByteGroup;
    }
    // Code positions of a group.
    size_t positions() const {
        return options_.bits == 4 ? quantizer_.nibble_positions() : options_.parts;
    }
    size_t group_bytes() const { return positions() * (options_.bits == 4 ? 16 : 64); }
    size_t codes_bytes() const;
    // By position; of groups, whole ones.
    size_t term_count() const {
        return grouped() ? GroupCodes::Groups(rows_, group_rows()) * group_rows() : rows_;
    }
    GroupCodes groups() const;
    base::Status Encode(const BuildParams& params, const BuildInput& input,
                        const CoarseQuantizer& quantizer, const InvertedLists& lists,
                        const Progress& progress);
    void Pack(const uint8_t* codes, uint32_t count, uint8_t* group) const;
    void StartGroups(CodeQuery& state) const;
    void RowCosts(const Slice& slice, const CodeQuery& state, float* costs) const;
    void ScoreAgain(const Slice& slice, const CodeQuery& state, float limit, SliceCosts& out) const;
    uint32_t NumberAt(uint32_t position, uint32_t part) const;
    float Term(uint32_t position) const {
        return terms_.empty() ? 0.0f : terms_.As<float>()[position];
    }
    float scale() const { return metric_ == Metric::kL2 ? 2.0f : 1.0f; }

    Options options_;
    Metric metric_;
    uint32_t rows_;
    ProductQuantizer quantizer_;
    base::Buffer codes_;  // row after row, or group after group
    base::Buffer terms_;  // f32, term_count(); L2 only
};

}  // namespace elanus::vindex
