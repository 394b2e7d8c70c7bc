#include "analyzer/tokenizer/lindera.h"

#include "analyzer/dictionary_folder.h"
#include "analyzer/member.h"
#include "analyzer/tokenizer/pieces.h"
#include "analyzer/tokenizer/user_words.h"
#include "analyzer/unicode.h"
#include "analyzer/unicode_properties.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <mecab.h>

namespace elanus::analyzer {

namespace {

using base::InvalidParameter;

// Drops or keeps tokens by part of speech.
struct TagFilter {
    size_t levels;  // how many fields of a token's features its tag has
    bool keep;
    std::vector<std::string> tags;
};

// The first `levels` fields of comma separated features.
std::string_view TagOf(std::string_view features, size_t levels) {
    size_t end = 0;
    for (size_t i = 0; i < levels && end != std::string_view::npos; ++i) {
        end = features.find(',', end + (i > 0 ? 1 : 0));
    }
    return features.substr(0, end);
}

// `unknown`: to the dictionary and the user.
bool Passes(const TagFilter& filter, const char* feature, bool unknown) {
    const auto has = [&](std::string_view tag) {
        return std::find(filter.tags.begin(), filter.tags.end(), tag) != filter.tags.end();
    };
    const bool found = has(TagOf(feature, filter.levels)) || (unknown && has("UNK"));
    return found == filter.keep;
}

// What a long word costs in decompose mode, so that its parts win: Kuromoji's search mode.
int64_t LengthPenalty(const MeCab::Node& node) {
    constexpr size_t kKanjiMax = 2;
    constexpr size_t kOtherMax = 7;
    constexpr int64_t kKanjiPenalty = 3000;
    constexpr int64_t kOtherPenalty = 1700;
    size_t chars = 0;
    bool kanji_only = true;
    for (std::string_view rest(node.surface, node.length); !rest.empty(); ++chars) {
        const CodePoint code = FirstCodePoint(rest);
        kanji_only = kanji_only && IsHan(code.value);
        rest.remove_prefix(code.length);
    }
    if (chars > kKanjiMax && kanji_only) {
        return static_cast<int64_t>(chars - kKanjiMax) * kKanjiPenalty;
    }
    return chars > kOtherMax ? static_cast<int64_t>(chars - kOtherMax) * kOtherPenalty : 0;
}

// The cheapest path through a lattice that MeCab has filled, with LengthPenalty added.
class PenaltyPath {
  public:
    PenaltyPath(const MeCab::Model& model, const MeCab::Lattice& lattice)
        : model_(model), lattice_(lattice), ending_at_(lattice.size() + 1) {}

    std::vector<const MeCab::Node*> Find() {
        Add(0, {lattice_.bos_node(), 0, kNone});
        for (size_t at = 0; at < lattice_.size(); ++at) {
            if (ending_at_[at].empty()) {
                continue;
            }
            for (const MeCab::Node* node = lattice_.begin_nodes(at); node != nullptr;
                 node = node->bnext) {
                Step step = Cheapest(at, *node);
                step.cost += node->wcost + LengthPenalty(*node);
                Add(at + node->rlength, step);
            }
        }
        size_t last = lattice_.size();
        while (last > 0 && ending_at_[last].empty()) {
            --last;  // white space at the end belongs to no word
        }
        std::vector<const MeCab::Node*> path;
        for (uint32_t step = Cheapest(last, *lattice_.eos_node()).before; step != 0;
             step = steps_[step].before) {
            path.push_back(steps_[step].node);
        }
        std::reverse(path.begin(), path.end());
        return path;
    }

  private:
    static constexpr uint32_t kNone = UINT32_MAX;
    struct Step {
        const MeCab::Node* node = nullptr;
        int64_t cost = 0;
        uint32_t before = kNone;  // number of a step; 0 is the beginning
    };

    void Add(size_t end, const Step& step) {
        ending_at_[end].push_back(static_cast<uint32_t>(steps_.size()));
        steps_.push_back(step);
    }

    // The best way to `node` from a word that ends at `at`; the costs of `node` itself are not in.
    Step Cheapest(size_t at, const MeCab::Node& node) const {
        Step best;
        for (const uint32_t left : ending_at_[at]) {
            const Step& step = steps_[left];
            const int64_t cost = step.cost + model_.transition_cost(step.node->rcAttr, node.lcAttr);
            if (best.before == kNone || cost < best.cost) {
                best = {&node, cost, left};
            }
        }
        return best;
    }

    const MeCab::Model& model_;
    const MeCab::Lattice& lattice_;
    std::vector<Step> steps_;
    std::vector<std::vector<uint32_t>> ending_at_;  // steps by the byte after their word
};

// A lattice takes about a kilobyte for each character, so long texts are cut in chunks: after the
// last end of a line or sentence in the first 16 KiB, else after a whole character.
size_t ChunkLength(std::string_view text) {
    constexpr size_t kBytesMax = 16 << 10;
    if (text.size() <= kBytesMax) {
        return text.size();
    }
    const std::string_view first = text.substr(0, kBytesMax);
    for (const std::string_view end : {"\n", "。", ". ", " "}) {
        const size_t found = first.rfind(end);
        if (found != std::string_view::npos) {
            return found + end.size();
        }
    }
    size_t length = kBytesMax;
    while ((static_cast<uint8_t>(text[length]) & 0xc0) == 0x80) {
        --length;
    }
    return length;
}

class LinderaTokenizer final : public Tokenizer {
  public:
    LinderaTokenizer(std::shared_ptr<MeCab::Model> model, bool decompose,
                     std::vector<TagFilter> filters, UserWords user_words)
        : model_(std::move(model)),
          decompose_(decompose),
          filters_(std::move(filters)),
          user_words_(std::move(user_words)) {}
    std::unique_ptr<TokenSource> NewSource() const override;

  private:
    class Source;
    std::shared_ptr<MeCab::Model> model_;
    bool decompose_;
    std::vector<TagFilter> filters_;
    UserWords user_words_;
};

class LinderaTokenizer::Source final : public PieceSource {
  public:
    explicit Source(const LinderaTokenizer& tokenizer)
        : tokenizer_(tokenizer),
          tagger_(tokenizer.model_->createTagger()),
          lattice_(tokenizer.model_->createLattice()) {}

  protected:
    void Start() override { position_ = 0; }
    void Cut(const Stretch& stretch, uint32_t /*pieces_before*/,
             std::vector<Piece>* pieces) override {
        size_t at = 0;
        while (at < stretch.text.size()) {
            const size_t length = ChunkLength(stretch.text.substr(at));
            CutChunk(stretch, stretch.text.substr(at, length), pieces);
            at += length;
        }
    }

  private:
    // Words of the user are cut out, and MeCab parses what lies between them. (It can be told to
    // keep a stretch whole, but ends the process when white space stands before one.)
    void CutChunk(const Stretch& stretch, std::string_view chunk, std::vector<Piece>* pieces) {
        size_t begin = 0;
        for (size_t at = 0; at < chunk.size() && !tokenizer_.user_words_.empty();) {
            const UserWords::Word word = tokenizer_.user_words_.LongestAt(chunk.substr(at));
            if (word.bytes == 0) {
                at += FirstCodePoint(chunk.substr(at)).length;
                continue;
            }
            Parse(stretch, chunk.substr(begin, at - begin), pieces);
            Take(stretch, chunk.substr(at, word.bytes), word.feature, false, pieces);
            at += word.bytes;
            begin = at;
        }
        Parse(stretch, chunk.substr(begin), pieces);
    }

    void Parse(const Stretch& stretch, std::string_view text, std::vector<Piece>* pieces) {
        if (text.empty()) {
            return;
        }
        lattice_->set_sentence(text.data(), text.size());
        if (!tagger_->parse(lattice_.get())) {
            return;
        }
        if (tokenizer_.decompose_) {
            for (const MeCab::Node* node : PenaltyPath(*tokenizer_.model_, *lattice_).Find()) {
                TakeNode(stretch, *node, pieces);
            }
            return;
        }
        for (const MeCab::Node* node = lattice_->bos_node()->next;
             node != nullptr && node->stat != MECAB_EOS_NODE; node = node->next) {
            TakeNode(stretch, *node, pieces);
        }
    }

    void TakeNode(const Stretch& stretch, const MeCab::Node& node, std::vector<Piece>* pieces) {
        Take(stretch, {node.surface, node.length}, node.feature, node.stat == MECAB_UNK_NODE,
             pieces);
    }

    void Take(const Stretch& stretch, std::string_view word, const char* feature, bool unknown,
              std::vector<Piece>* pieces) {
        const uint32_t position = position_++;
        for (const TagFilter& filter : tokenizer_.filters_) {
            if (!Passes(filter, feature, unknown)) {
                return;
            }
        }
        const auto start = static_cast<uint32_t>(word.data() - stretch.text.data());
        pieces->push_back({start, start + static_cast<uint32_t>(word.size()), position});
    }

    const LinderaTokenizer& tokenizer_;
    std::unique_ptr<MeCab::Tagger> tagger_;
    std::unique_ptr<MeCab::Lattice> lattice_;
    uint32_t position_ = 0;  // of the next word, dropped ones included
};

std::unique_ptr<TokenSource> LinderaTokenizer::NewSource() const {
    return std::make_unique<Source>(*this);
}

// Dictionaries are mapped files of 50 MB and more: each is opened once and kept.
base::Result<std::shared_ptr<MeCab::Model>> OpenModel(const std::string& folder) {
    static std::mutex* mutex = new std::mutex;
    static auto* models = new std::map<std::string, std::shared_ptr<MeCab::Model>>;
    const std::lock_guard lock(*mutex);
    if (const auto found = models->find(folder); found != models->end()) {
        return found->second;
    }
    std::vector<std::string> arguments = {"mecab", "-r", "/dev/null", "-d", folder};
    std::vector<char*> pointers;
    for (std::string& argument : arguments) {
        pointers.push_back(argument.data());
    }
    std::shared_ptr<MeCab::Model> model(
        MeCab::createModel(static_cast<int>(pointers.size()), pointers.data()));
    if (model == nullptr) {
        return InvalidParameter("lindera dictionary in " + folder +
                                " can not be read: " + MeCab::getLastError());
    }
    std::string charset = model->dictionary_info()->charset;
    std::transform(charset.begin(), charset.end(), charset.begin(),
                   [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    if (charset != "utf-8" && charset != "utf8") {
        return InvalidParameter("lindera dictionary in " + folder + " is not in UTF-8 but in " +
                                charset);
    }
    models->emplace(folder, model);
    return model;
}

struct FilterKind {
    std::string_view name;
    size_t levels;
    bool keep;
};
constexpr FilterKind kFilterKinds[] = {
    {"japanese_stop_tags", 4, false},
    {"japanese_keep_tags", 4, true},
    {"korean_stop_tags", 1, false},
    {"korean_keep_tags", 1, true},
};

base::Result<TagFilter> ReadFilter(const json::Value& params) {
    const json::Value* kind = params.Find("kind");
    if (kind == nullptr || kind->string_if() == nullptr) {
        return InvalidParameter("lindera tokenizer filter kind should be string");
    }
    const auto* known =
        std::find_if(std::begin(kFilterKinds), std::end(kFilterKinds),
                     [&](const FilterKind& each) { return each.name == *kind->string_if(); });
    if (known == std::end(kFilterKinds)) {
        return InvalidParameter("unsupported lindera filter kind: " + *kind->string_if());
    }
    const json::Value* tags = params.Find("tags");
    if (tags == nullptr) {
        return InvalidParameter("lindera tokenizer filter tags must be set");
    }
    TagFilter filter{known->levels, known->keep, {}};
    ASSIGN_OR_RETURN(filter.tags, StringList(*tags, "lindera tokenizer filter tags"));
    for (std::string& tag : filter.tags) {
        const auto commas = static_cast<size_t>(std::count(tag.begin(), tag.end(), ','));
        for (size_t level = commas + 1; tag != "UNK" && level < known->levels; ++level) {
            tag += ",*";
        }
    }
    return filter;
}

base::Result<bool> ReadDecompose(const json::Value& params) {
    const json::Value* mode = params.Find("mode");
    if (mode == nullptr) {
        return false;
    }
    const std::string* name = mode->string_if();
    if (name == nullptr || (*name != "normal" && *name != "decompose")) {
        return InvalidParameter("lindera tokenizer mode must be \"normal\" or \"decompose\"");
    }
    return *name == "decompose";
}

}  // namespace

base::Result<std::unique_ptr<const Tokenizer>> BuildLindera(const json::Value& params) {
    const json::Value* kind = params.Find("dict_kind");
    if (kind == nullptr) {
        return InvalidParameter("lindera tokenizer dict_kind must be set");
    }
    if (kind->string_if() == nullptr) {
        return InvalidParameter("lindera tokenizer dict kind should be string");
    }
    UserWords user_words;
    if (const json::Value* file = params.Find("user_dict"); file != nullptr) {
        ASSIGN_OR_RETURN(user_words, UserWords::Read(*file));
    }
    ASSIGN_OR_RETURN(const bool decompose, ReadDecompose(params));
    std::vector<TagFilter> filters;
    if (const json::Value* list = params.Find("filter"); list != nullptr) {
        if (list->array_if() == nullptr) {
            return InvalidParameter("lindera tokenizer filter should be array");
        }
        for (const json::Value& each : *list->array_if()) {
            ASSIGN_OR_RETURN(TagFilter filter, ReadFilter(each));
            filters.push_back(std::move(filter));
        }
    }
    ASSIGN_OR_RETURN(const std::string folder, FindMecabDictionary(*kind->string_if()));
    ASSIGN_OR_RETURN(auto model, OpenModel(folder));
    return std::unique_ptr<const Tokenizer>(std::make_unique<LinderaTokenizer>(
        std::move(model), decompose, std::move(filters), std::move(user_words)));
}

}  // namespace elanus::analyzer
