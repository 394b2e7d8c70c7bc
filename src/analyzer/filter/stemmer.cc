#include "analyzer/filter/stemmer.h"

#include "analyzer/filter/mapping.h"
#include "base/check.h"

#include <algorithm>
#include <iterator>
#include <string>

#include <libstemmer.h>

namespace elanus::analyzer {

namespace {

constexpr std::string_view kLanguages[] = {
    "arabic",   "danish",  "dutch",     "english", "finnish",   "french",
    "german",   "greek",   "hungarian", "italian", "norwegian", "portuguese",
    "romanian", "russian", "spanish",   "swedish", "tamil",     "turkish"};

// libstemmer's state belongs to one reader: a copy gets its own.
class Stem {
  public:
    explicit Stem(const char* language)
        : language_(language), stemmer_(sb_stemmer_new(language, "UTF_8")) {
        CHECK(stemmer_ != nullptr, "libstemmer without a language it is built with");
    }
    Stem(const Stem& other) : Stem(other.language_) {}
    Stem& operator=(const Stem&) = delete;
    ~Stem() { sb_stemmer_delete(stemmer_); }

    bool operator()(std::string_view text, std::string* out) const {
        const auto* stem =
            sb_stemmer_stem(stemmer_, reinterpret_cast<const sb_symbol*>(text.data()),
                            static_cast<int>(text.size()));
        CHECK(stem != nullptr, "libstemmer is out of memory");
        out->assign(reinterpret_cast<const char*>(stem),
                    static_cast<size_t>(sb_stemmer_length(stemmer_)));
        return true;
    }

  private:
    const char* language_;
    sb_stemmer* stemmer_;
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
