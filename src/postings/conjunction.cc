#include "postings/conjunction.h"

#include <algorithm>
#include <numeric>

namespace elanus::postings {

base::Status Conjunction::Open(const Index& index, std::span<const std::string_view> keys) {
    lists_.clear();
    order_.clear();
    next_ = 0;
    count_ = 0;
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
    return base::Status();
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

bool Conjunction::NextBatch() {
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

bool Conjunction::damaged() const {
    return std::any_of(lists_.begin(), lists_.end(),
                       [](const BlockList* list) { return list->damaged(); });
}

}  // namespace elanus::postings
