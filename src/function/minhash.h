// MinHashFunction: text to a signature of `num_hashes` numbers of 32 bits, as a binary vector. The
// share of equal numbers in two signatures estimates the Jaccard similarity of the texts' sets of
// shingles (Broder, "On the resemblance and containment of documents", 1997): number i is the least
// value of the i-th of a family of hash functions over the shingles, h_i(x) = (a_i x + b_i) mod
// (2^61 - 1), of which the low 32 bits are kept.
//
// A shingle is `shingle_size` words, as the field's analyzer cuts them, or characters in a row; a
// shorter text is one shingle, an empty one gives the largest number everywhere.
// Threads: immutable.
#pragma once

#include "function/field_analyzers.h"
#include "function/function.h"

#include <cstdint>
#include <string>

namespace elanus::function {

struct MinHashSettings {
    enum class Hash : uint8_t { kXxHash64, kSha1 };

    uint32_t hashes = 0;
    uint32_t shingle_size = 3;
    Hash hash = Hash::kXxHash64;
    bool by_words = true;
    uint64_t seed = 1234;

    // kInvalidParameter for values out of range, unknown names, and a `dim` that is not 32 bits for
    // each hash. Without num_hashes the dimension says how many there are.
    static base::Result<MinHashSettings> Parse(const schema::KeyValues& params, int64_t dim);
};

class MinHashFunction : public Function {
  public:
    static base::Result<FunctionPtr> Create(const schema::CollectionSchema& schema,
                                            const schema::FunctionSchema& function);

    base::Result<schema::Column> Run(const base::CallContext& context,
                                     std::span<const schema::ColumnView> inputs,
                                     size_t rows) const override;
    base::Result<schema::Column> RunOnTexts(const base::CallContext& context,
                                            std::span<const std::string_view> texts,
                                            std::string_view analyzer_name) const override;

  private:
    struct Permutation {
        uint64_t a = 0;
        uint64_t b = 0;
    };

    MinHashFunction(std::vector<base::FieldId> inputs, schema::FieldSchema output,
                    FieldAnalyzers analyzers, const MinHashSettings& settings);

    uint64_t HashOf(std::string_view shingle) const;
    // Hashes of the text's shingles, in any order.
    std::vector<uint64_t> Shingles(std::string_view text) const;
    std::string Signature(std::string_view text) const;

    const FieldAnalyzers analyzers_;
    const MinHashSettings settings_;
    std::vector<Permutation> permutations_;
};

}  // namespace elanus::function
