#include "postings/conjunction.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace elanus::postings {

base::Status Conjunction::Open(const Index& index, std::span<const std::string_view> keys) {
    lists_.clear();
    order_.clear();
    next_ = 0;
    count_ = 0;
    dense_ = false;
    for (const std::string_view key : keys) {
        ASSIGN_OR_RETURN(const Term term, index.Find(key));
        if (term.documents == 0) {
            lists_.clear();
            return base::Status();
        }
        if (lists_.size() == pool_.size()) {
            pool_.push_back(std::make_unique<BlockList>());
        }
        BlockList* list = pool_[lists_.size()].get();
        if (!list->Open(index.sections(), index.kernels(), term)) {
            return Damaged("a list is damaged");
        }
        lists_.push_back(list);
    }
    order_.resize(lists_.size());
    std::iota(order_.begin(), order_.end(), 0u);
    std::stable_sort(order_.begin(), order_.end(), [&](uint32_t a, uint32_t b) {
        return lists_[a]->documents() < lists_[b]->documents();
    });
    current_.assign(lists_.size(), 0);
    blocks_.resize(std::max(blocks_.size(), lists_.size()));
    places_.resize(std::max(places_.size(), lists_.size()));
    documents_ = index.documents();
    dense_ = IsDense(index.documents());
    window_ = window_end_ = 0;
    word_ = kWindow / 64;
    left_ = 0;
    if (dense_) {
        both_.resize(kWindow / 64 + 4);
        bits_.resize(std::max(bits_.size(), lists_.size()));
        bits_before_.resize(std::max(bits_before_.size(), lists_.size()));
        documents_before_.assign(lists_.size(), 0);
        for (size_t i = 0; i < lists_.size(); ++i) {
            bits_[i].resize(kWindow / 64 + 4);
            bits_before_[i].resize(kWindow / 64);
        }
    }
    return base::Status();
}

bool Conjunction::IsDense(uint32_t documents) const {
    // Looking a document up costs about as much as laying out twelve postings; and a window has its
    // own costs.
    constexpr uint64_t kLookUp = 12;
    constexpr uint64_t kRarest = 256;
    if (lists_.size() < 2) {
        return false;
    }
    uint64_t postings = 0;
    for (const BlockList* list : lists_) {
        postings += list->documents();
    }
    const uint64_t lead = lists_[order_[0]]->documents();
    return lead * kRarest > documents && postings < lead * kLookUp;
}

// Leaves the documents of the batch that list i has.
void Conjunction::Keep(size_t i) {
    BlockList& list = *lists_[i];
    uint32_t block = current_[i];
    size_t kept = 0;
    for (size_t d = 0; d < count_; ++d) {
        const uint32_t document = docs_[d];
        const uint8_t slot = slots_[d];
        block = list.Seek(block, document);
        if (block >= list.blocks()) {
            break;
        }
        if (document < list.First(block)) {
            continue;
        }
        const int place = list.PlaceOf(block, document);
        blocks_[i][slot] = block;
        places_[i][slot] = static_cast<uint32_t>(place);
        docs_[kept] = document;
        slots_[kept] = slot;
        kept += place >= 0 ? 1 : 0;
    }
    current_[i] = block;
    count_ = kept;
}

bool Conjunction::NextOfLead() {
    if (order_.empty() || next_ >= lists_[order_[0]]->blocks()) {
        return false;
    }
    const size_t lead = order_[0];
    const uint32_t block = next_++;
    lists_[lead]->ReadDocuments(block);
    count_ = lists_[lead]->size();
    std::copy(lists_[lead]->docs(), lists_[lead]->docs() + count_, docs_);
    for (size_t d = 0; d < count_; ++d) {
        slots_[d] = static_cast<uint8_t>(d);
        places_[lead][d] = static_cast<uint32_t>(d);
    }
    blocks_[lead].fill(block);
    for (size_t i = 1; i < order_.size() && count_ > 0; ++i) {
        Keep(order_[i]);
    }
    return true;
}

bool Conjunction::NextWindow() {
    while (window_end_ < documents_) {
        window_ = window_end_;
        window_end_ = std::min<uint64_t>(window_ + kWindow, documents_);
        const auto begin = static_cast<uint32_t>(window_);
        const auto end = static_cast<uint32_t>(window_end_);
        const size_t words = (end - begin + 63) / 64;
        for (size_t i = 0; i < lists_.size(); ++i) {
            std::vector<uint64_t>& bits = bits_[i];
            std::fill(bits.begin(), bits.end(), 0);
            BlockList& list = *lists_[i];
            uint32_t block = list.Seek(current_[i], begin);
            current_[i] = block;
            for (; block < list.blocks() && list.First(block) < end; ++block) {
                list.SetBits(block, begin, end, bits.data());
            }
        }
        if ((end - begin) % 64 != 0) {  // a damaged bit set may go further
            bits_[0][words - 1] &= (uint64_t{1} << ((end - begin) % 64)) - 1;
        }
        uint64_t any = 0;
        for (size_t w = 0; w < words; ++w) {
            uint64_t all = bits_[0][w];
            for (size_t i = 1; i < lists_.size(); ++i) {
                all &= bits_[i][w];
            }
            both_[w] = all;
            any |= all;
        }
        std::fill(both_.begin() + static_cast<ptrdiff_t>(words), both_.end(), 0);
        if (any != 0) {
            return true;
        }
        CountBitsBefore();
    }
    return false;
}

// Also moves documents_before_ behind the window.
void Conjunction::CountBitsBefore() {
    for (size_t i = 0; i < lists_.size(); ++i) {
        auto before = static_cast<uint32_t>(documents_before_[i]);
        for (size_t w = 0; w < kWindow / 64; ++w) {
            bits_before_[i][w] = before;
            before += static_cast<uint32_t>(std::popcount(bits_[i][w]));
        }
        documents_before_[i] = before;
    }
}

bool Conjunction::NextOfWindow() {
    count_ = 0;
    while (count_ < kBlock) {
        if (left_ == 0) {
            if (++word_ < kWindow / 64) {
                left_ = both_[word_];
                continue;
            }
            if (count_ > 0) {
                --word_;  // this window's batch goes out first
                break;
            }
            if (!NextWindow()) {
                return false;
            }
            CountBitsBefore();
            word_ = 0;
            left_ = both_[0];
            continue;
        }
        const uint64_t below = (left_ & (~left_ + 1)) - 1;
        const auto bit = static_cast<uint32_t>(std::countr_zero(left_));
        left_ &= left_ - 1;
        docs_[count_] = static_cast<uint32_t>(window_) + static_cast<uint32_t>(word_ * 64) + bit;
        slots_[count_] = static_cast<uint8_t>(count_);
        for (size_t i = 0; i < lists_.size(); ++i) {
            const uint32_t place = bits_before_[i][word_] +
                                   static_cast<uint32_t>(std::popcount(bits_[i][word_] & below));
            blocks_[i][count_] = std::min(place / kBlock, lists_[i]->blocks() - 1);
            places_[i][count_] = place % kBlock;
        }
        ++count_;
    }
    return true;
}

uint64_t Conjunction::Count() {
    uint64_t count = 0;
    if (!dense_) {
        while (NextOfLead()) {
            count += count_;
        }
        return count;
    }
    while (NextWindow()) {
        for (const uint64_t word : both_) {
            count += static_cast<uint64_t>(std::popcount(word));
        }
    }
    return count;
}

bool Conjunction::damaged() const {
    return std::any_of(lists_.begin(), lists_.end(),
                       [](const BlockList* list) { return list->damaged(); });
}

}  // namespace elanus::postings
