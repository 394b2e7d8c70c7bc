#include "analyzer/filter/stemmer.h"

#include "analyzer/filter/mapping.h"
#include "base/check.h"
#include "base/hash.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include <libstemmer.h>

namespace elanus::analyzer {

namespace {

constexpr std::string_view kLanguages[] = {
    "arabic",   "danish",  "dutch",     "english", "finnish",   "french",
    "german",   "greek",   "hungarian", "italian", "norwegian", "portuguese",
    "romanian", "russian", "spanish",   "swedish", "tamil",     "turkish"};

// libstemmer's state belongs to one reader: a copy gets its own.
// Words repeat, and stemming one costs ten times as much as looking it up: the last word of each
// hash is remembered with its stem.
class Stem {
  public:
    explicit Stem(const char* language)
        : language_(language), stemmer_(sb_stemmer_new(language, "UTF_8")) {
        CHECK(stemmer_ != nullptr, "libstemmer without a language it is built with");
    }
    Stem(const Stem& other) : Stem(other.language_) {}
    Stem& operator=(const Stem&) = delete;
    ~Stem() { sb_stemmer_delete(stemmer_); }

    bool operator()(std::string_view text, std::string* out) {
        if (text.size() > kWordMax) {
            Run(text, out);
            return true;
        }
        if (known_.empty()) {
            known_.resize(kKnown);
        }
        Known& known = known_[base::Hash64(text) % kKnown];
        if (known.word != text) {
            Run(text, &known.stem);
            known.word.assign(text);
        }
        out->assign(known.stem);
        return true;
    }

  private:
    static constexpr size_t kWordMax = 32;  // bytes
    static constexpr size_t kKnown = 4096;
    struct Known {
        std::string word;
        std::string stem;
    };

    void Run(std::string_view text, std::string* out) {
        const auto* stem =
            sb_stemmer_stem(stemmer_, reinterpret_cast<const sb_symbol*>(text.data()),
                            static_cast<int>(text.size()));
        CHECK(stem != nullptr, "libstemmer is out of memory");
        out->assign(reinterpret_cast<const char*>(stem),
                    static_cast<size_t>(sb_stemmer_length(stemmer_)));
    }

    const char* language_;
    sb_stemmer* stemmer_;
    std::vector<Known> known_;
};

}  // namespace

base::Result<std::unique_ptr<const Filter>> BuildStemmer(const json::Value& params) {
    const json::Value* language = params.Find("language");
    if (language == nullptr || language->string_if() == nullptr) {
        return base::InvalidParameter("stemmer language field should be string");
    }
    std::string name = *language->string_if();
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    if (name == "arabig") {  // early versions of Milvus knew Arabic by this name only
        name = "arabic";
    }
    const auto* known = std::find(std::begin(kLanguages), std::end(kLanguages), name);
    if (known == std::end(kLanguages)) {
        std::string all;
        for (const std::string_view each : kLanguages) {
            all += (all.empty() ? "" : ", ") + std::string(each);
        }
        return base::InvalidParameter("create stemmer failed : unsupport language: " + name +
                                      ", known are " + all);
    }
    return MakeMapping(Stem(known->data()));
}

}  // namespace elanus::analyzer
