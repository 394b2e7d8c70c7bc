#include "function/minhash.h"

#include "analyzer/text_analyzer.h"
#include "function/shingle_hash.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace elanus::function {
namespace {

constexpr uint64_t kPrime = (uint64_t{1} << 61) - 1;
constexpr int64_t kBitsPerHash = 32;
constexpr int64_t kHashesMax = 8192;
constexpr int64_t kShingleMax = 64;

base::Status ReadNumber(const schema::KeyValues& params, const std::string& key, int64_t low,
                        int64_t high, int64_t* out) {
    const auto found = params.find(key);
    if (found == params.end()) {
        return base::Status();
    }
    const std::string& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    if (!whole || *out < low || *out > high) {
        return base::InvalidParameter("MinHash function: " + key + " [" + text +
                                      "] should be an integer in range [" + std::to_string(low) +
                                      ", " + std::to_string(high) + "]");
    }
    return base::Status();
}

base::Status Unknown(const std::string& key, const std::string& value, const std::string& known) {
    return base::InvalidParameter("MinHash function: " + key + " [" + value +
                                  "] is unknown, expected one of " + known);
}

// The generator of Steele, Lea and Flood ("Fast splittable pseudorandom number generators", 2014).
uint64_t NextRandom(uint64_t* state) {
    *state += 0x9e3779b97f4a7c15u;
    uint64_t mixed = *state;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

uint64_t ModuloPrime(unsigned __int128 value) {
    uint64_t folded = (static_cast<uint64_t>(value) & kPrime) + static_cast<uint64_t>(value >> 61);
    folded = (folded & kPrime) + (folded >> 61);
    return folded >= kPrime ? folded - kPrime : folded;
}

// The places where characters begin, and the end.
std::vector<size_t> CharacterStarts(std::string_view text) {
    std::vector<size_t> starts;
    for (size_t i = 0; i < text.size(); ++i) {
        if ((static_cast<uint8_t>(text[i]) & 0xc0) != 0x80) {
            starts.push_back(i);
        }
    }
    starts.push_back(text.size());
    return starts;
}

}  // namespace

base::Result<MinHashSettings> MinHashSettings::Parse(const schema::KeyValues& params, int64_t dim) {
    MinHashSettings settings;
    int64_t hashes = dim / kBitsPerHash;
    int64_t shingle_size = settings.shingle_size;
    auto seed = static_cast<int64_t>(settings.seed);
    for (const auto& [key, value] : params) {
        if (key == "hash_function") {
            if (value != "xxhash" && value != "xxhash64" && value != "sha1") {
                return Unknown(key, value, "xxhash, xxhash64, sha1");
            }
            settings.hash = value == "sha1" ? Hash::kSha1 : Hash::kXxHash64;
        } else if (key == "token_level") {
            if (value != "word" && value != "char") {
                return Unknown(key, value, "word, char");
            }
            settings.by_words = value == "word";
        } else if (key != "num_hashes" && key != "shingle_size" && key != "seed") {
            return base::InvalidParameter("MinHash function does not take the param " + key);
        }
    }
    RETURN_IF_ERROR(ReadNumber(params, "num_hashes", 1, kHashesMax, &hashes));
    RETURN_IF_ERROR(ReadNumber(params, "shingle_size", 1, kShingleMax, &shingle_size));
    RETURN_IF_ERROR(ReadNumber(params, "seed", std::numeric_limits<int64_t>::min(),
                               std::numeric_limits<int64_t>::max(), &seed));
    if (hashes < 1 || hashes > kHashesMax || hashes * kBitsPerHash != dim) {
        return base::InvalidParameter(
            "MinHash function: the dim of the output field should be num_hashes * 32, num_hashes " +
            std::to_string(hashes) + ", dim " + std::to_string(dim));
    }
    settings.hashes = static_cast<uint32_t>(hashes);
    settings.shingle_size = static_cast<uint32_t>(shingle_size);
    settings.seed = static_cast<uint64_t>(seed);
    return settings;
}

base::Result<FunctionPtr> MinHashFunction::Create(const schema::CollectionSchema& schema,
                                                  const schema::FunctionSchema& function) {
    const schema::FieldSchema* input = function.input_field_names.empty()
                                           ? nullptr
                                           : schema.FindField(function.input_field_names[0]);
    const schema::FieldSchema* output = function.output_field_names.empty()
                                            ? nullptr
                                            : schema.FindField(function.output_field_names[0]);
    if (input == nullptr || output == nullptr) {
        return base::InvalidParameter("function " + function.name + " lacks a field");
    }
    ASSIGN_OR_RETURN(const MinHashSettings settings,
                     MinHashSettings::Parse(function.params, output->dim()));
    ASSIGN_OR_RETURN(FieldAnalyzers analyzers, FieldAnalyzers::Create(schema, *input));
    return FunctionPtr(new MinHashFunction({input->id}, *output, std::move(analyzers), settings));
}

MinHashFunction::MinHashFunction(std::vector<base::FieldId> inputs, schema::FieldSchema output,
                                 FieldAnalyzers analyzers, const MinHashSettings& settings)
    : Function(std::move(inputs), std::move(output)),
      analyzers_(std::move(analyzers)),
      settings_(settings) {
    uint64_t state = settings_.seed;
    permutations_.resize(settings_.hashes);
    for (Permutation& permutation : permutations_) {
        permutation.a = NextRandom(&state) % (kPrime - 1) + 1;
        permutation.b = NextRandom(&state) % kPrime;
    }
}

uint64_t MinHashFunction::HashOf(std::string_view shingle) const {
    return settings_.hash == MinHashSettings::Hash::kSha1 ? Sha1First32(shingle)
                                                          : XxHash64(shingle);
}

std::vector<uint64_t> MinHashFunction::Shingles(std::string_view text) const {
    std::string joined;  // words with a blank before each, or the text itself
    std::vector<size_t> starts;
    if (settings_.by_words) {
        analyzer::TokenStream stream(analyzers_.Choose(""));
        stream.Reset(text);
        analyzer::Token token;
        while (stream.Next(&token)) {
            starts.push_back(joined.size());
            joined.append(" ").append(token.text);
        }
        starts.push_back(joined.size());
    } else {
        joined = text;
        starts = CharacterStarts(text);
    }
    const size_t pieces = starts.size() - 1;
    std::vector<uint64_t> hashes;
    if (pieces == 0) {
        return hashes;
    }
    const size_t size = std::min<size_t>(settings_.shingle_size, pieces);
    for (size_t first = 0; first + size <= pieces; ++first) {
        hashes.push_back(HashOf(
            std::string_view(joined).substr(starts[first], starts[first + size] - starts[first])));
    }
    return hashes;
}

std::string MinHashFunction::Signature(std::string_view text) const {
    std::vector<uint32_t> least(settings_.hashes, std::numeric_limits<uint32_t>::max());
    for (const uint64_t shingle : Shingles(text)) {
        for (size_t i = 0; i < least.size(); ++i) {
            const unsigned __int128 product =
                static_cast<unsigned __int128>(permutations_[i].a) * ModuloPrime(shingle) +
                permutations_[i].b;
            least[i] = std::min(least[i], static_cast<uint32_t>(ModuloPrime(product)));
        }
    }
    return {reinterpret_cast<const char*>(least.data()), least.size() * sizeof(uint32_t)};
}

base::Result<schema::Column> MinHashFunction::Run(const base::CallContext&,
                                                  std::span<const schema::ColumnView> inputs,
                                                  size_t rows) const {
    schema::ColumnBuilder builder(output_field().id, output_field().type, schema::DataType::kNone,
                                  static_cast<uint32_t>(output_field().dim()));
    for (size_t row = 0; row < rows; ++row) {
        builder.AppendBytes(
            Signature(inputs[0].IsValid(row) ? inputs[0].StringAt(row) : std::string_view()));
    }
    return builder.Finish();
}

base::Result<schema::Column> MinHashFunction::RunOnTexts(const base::CallContext&,
                                                         std::span<const std::string_view> texts,
                                                         std::string_view) const {
    schema::ColumnBuilder builder(output_field().id, output_field().type, schema::DataType::kNone,
                                  static_cast<uint32_t>(output_field().dim()));
    for (const std::string_view text : texts) {
        builder.AppendBytes(Signature(text));
    }
    return builder.Finish();
}

}  // namespace elanus::function
