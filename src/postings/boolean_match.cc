// Which documents have any, several or all of some terms: windows of a bit, or a counter, for each
// document.
#include "postings/conjunction.h"
#include "postings/index.h"

#include <algorithm>
#include <bit>
#include <vector>

namespace elanus::postings {
namespace {

constexpr uint32_t kWindow = 65536;

// A window after the other of the documents that have at least `least` of the keys.
class AnyOf {
  public:
    base::Status Open(const Index& index, std::span<const std::string> keys, uint32_t least) {
        documents_ = index.documents();
        least_ = std::max<uint32_t>(least, 1);
        open_ = 0;
        std::vector<std::string_view> distinct(keys.begin(), keys.end());
        std::sort(distinct.begin(), distinct.end());
        distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
        for (const std::string_view key : distinct) {
            ASSIGN_OR_RETURN(const Term term, index.Find(key));
            if (term.documents == 0) {
                continue;
            }
            if (open_ == lists_.size()) {
                lists_.push_back(std::make_unique<BlockList>());
            }
            if (!lists_[open_++]->Open(index.sections(), index.kernels(), term)) {
                return Damaged("a list is damaged");
            }
        }
        current_.assign(open_, 0);
        words_.resize(kWindow / 64 + 4);
        return base::Status();
    }

    size_t lists() const { return open_; }
    const BlockList& list(size_t i) const { return *lists_[i]; }

    // Calls visit(first document, words) for each window that has any.
    template <typename Visit>
    void ForEachWindow(Visit visit) {
        if (open_ < least_) {
            return;
        }
        for (uint64_t begin = 0; begin < documents_; begin += kWindow) {
            const auto end = static_cast<uint32_t>(std::min<uint64_t>(begin + kWindow, documents_));
            std::fill(words_.begin(), words_.end(), 0);
            if (least_ == 1) {
                for (size_t i = 0; i < open_; ++i) {
                    AddList(i, static_cast<uint32_t>(begin), end, words_.data());
                }
            } else {
                CountLists(static_cast<uint32_t>(begin), end);
            }
            if ((end - begin) % 64 != 0) {  // a damaged bit set may go further
                words_[(end - begin) / 64] &= (uint64_t{1} << ((end - begin) % 64)) - 1;
            }
            visit(static_cast<uint32_t>(begin),
                  std::span<const uint64_t>(words_.data(), (end - begin + 63) / 64));
        }
    }

    bool damaged() const {
        return std::any_of(lists_.begin(), lists_.begin() + static_cast<ptrdiff_t>(open_),
                           [](const auto& list) { return list->damaged(); });
    }

  private:
    void AddList(size_t i, uint32_t begin, uint32_t end, uint64_t* words) {
        BlockList& list = *lists_[i];
        uint32_t block = list.Seek(current_[i], begin);
        current_[i] = block;
        for (; block < list.blocks() && list.First(block) < end; ++block) {
            list.SetBits(block, begin, end, words);
        }
    }

    void CountLists(uint32_t begin, uint32_t end) {
        counts_.assign(kWindow, 0);
        one_.resize(words_.size());
        for (size_t i = 0; i < open_; ++i) {
            std::fill(one_.begin(), one_.end(), 0);
            AddList(i, begin, end, one_.data());
            for (size_t w = 0; w < kWindow / 64; ++w) {
                for (uint64_t word = one_[w]; word != 0; word &= word - 1) {
                    ++counts_[w * 64 + static_cast<size_t>(std::countr_zero(word))];
                }
            }
        }
        for (size_t i = 0; i < end - begin; ++i) {
            words_[i / 64] |= uint64_t{counts_[i] >= least_} << (i % 64);
        }
    }

    uint32_t documents_ = 0;
    uint32_t least_ = 1;
    size_t open_ = 0;
    std::vector<std::unique_ptr<BlockList>> lists_;
    std::vector<uint32_t> current_;
    std::vector<uint64_t> words_;
    std::vector<uint64_t> one_;
    std::vector<uint32_t> counts_;
};

AnyOf& ThreadAnyOf() {
    static thread_local AnyOf any;
    return any;
}

template <typename Visit>
void ForEachBit(uint32_t first, std::span<const uint64_t> words, Visit visit) {
    for (size_t w = 0; w < words.size(); ++w) {
        for (uint64_t word = words[w]; word != 0; word &= word - 1) {
            visit(first + static_cast<uint32_t>(w * 64) +
                  static_cast<uint32_t>(std::countr_zero(word)));
        }
    }
}

}  // namespace

base::Result<base::Bitmap> Index::MatchAny(std::span<const std::string> keys,
                                           uint32_t least) const {
    AnyOf& any = ThreadAnyOf();
    RETURN_IF_ERROR(any.Open(*this, keys, least));
    base::Bitmap rows(documents());
    any.ForEachWindow([&](uint32_t first, std::span<const uint64_t> words) {
        ForEachBit(first, words, [&](uint32_t document) { rows.Set(RowOf(document)); });
    });
    return any.damaged() ? base::Result<base::Bitmap>(Damaged("a list is damaged"))
                         : std::move(rows);
}

base::Result<uint64_t> Index::CountAny(std::span<const std::string> keys, uint32_t least,
                                       base::BitmapView filter) const {
    AnyOf& any = ThreadAnyOf();
    RETURN_IF_ERROR(any.Open(*this, keys, least));
    if (any.lists() == 1 && least <= 1 && !filter.present()) {
        return uint64_t{any.list(0).documents()};
    }
    uint64_t count = 0;
    any.ForEachWindow([&](uint32_t first, std::span<const uint64_t> words) {
        if (filter.present()) {
            ForEachBit(first, words,
                       [&](uint32_t document) { count += filter.Test(RowOf(document)) ? 1 : 0; });
            return;
        }
        for (const uint64_t word : words) {
            count += static_cast<uint64_t>(std::popcount(word));
        }
    });
    return any.damaged() ? base::Result<uint64_t>(Damaged("a list is damaged")) : count;
}

base::Result<uint64_t> Index::CountAll(std::span<const std::string> keys,
                                       base::BitmapView filter) const {
    static thread_local Conjunction conjunction;
    std::vector<std::string_view> distinct(keys.begin(), keys.end());
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    RETURN_IF_ERROR(conjunction.Open(*this, distinct));
    uint64_t count = filter.present() ? 0 : conjunction.Count();
    while (filter.present() && conjunction.NextBatch()) {
        for (const uint32_t document : conjunction.batch()) {
            count += filter.Test(RowOf(document)) ? 1 : 0;
        }
    }
    return conjunction.damaged() ? base::Result<uint64_t>(Damaged("a list is damaged")) : count;
}

}  // namespace elanus::postings
