#include "postings/scored_list.h"

#include <algorithm>
#include <bit>

namespace elanus::postings {
namespace {

// lrintf for values below 2^31, without its call: the sum has no bits below the units.
int32_t Nearest(float value) {
    return static_cast<int32_t>(std::bit_cast<int64_t>(static_cast<double>(value) + 0x1.8p52));
}

}  // namespace

bool ScoredList::Open(const Index& index, const Term& term, const simd::PartTable& table) {
    kernels_ = &index.kernels();
    table_ = table;
    block_ = 0;
    parts_of_ = ~uint32_t{0};
    if (!list_.Open(index.sections(), index.kernels(), term)) {
        return false;
    }
    groups_.assign(list_.blocks() / kGroup + 1, 0);
    if (bounds_.size() < list_.blocks() + kGroup) {
        bounds_.resize(list_.blocks() + kGroup);
    }
    if (list_.blocks() == 1) {
        const int32_t* parts = ReadParts(0);
        bounds_[0] = list_.size() == 0 ? 1 : *std::max_element(parts, parts + list_.size());
        groups_[0] = bounds_[0];
    }
    return true;
}

void ScoredList::FillGroup(uint32_t group) {
    const uint32_t begin = group * kGroup;
    const uint32_t n = std::min(kGroup, list_.blocks() - begin);
    kernels_->bounds(list_.bound_pairs() + size_t{begin} * 2 * simd::kBoundPairs, n, table_,
                     bounds_.data() + begin);
    groups_[group] = *std::max_element(bounds_.begin() + begin, bounds_.begin() + begin + n);
}

int32_t ScoredList::BoundIn(uint32_t begin, uint32_t end) {
    SeekTo(begin);
    int32_t most = 0;
    uint32_t block = block_;
    while (block < list_.blocks() && list_.First(block) < end) {
        const uint32_t group = block / kGroup;
        const uint32_t next = (group + 1) * kGroup;
        if (block % kGroup == 0 && next < list_.blocks() && list_.First(next) < end) {
            if (groups_[group] == 0) {
                FillGroup(group);
            }
            most = std::max(most, groups_[group]);
            block = next;
        } else {
            most = std::max(most, BoundOf(block++));
        }
    }
    return most;
}

const int32_t* ScoredList::ReadParts(uint32_t block) {
    list_.ReadDocuments(block);
    if (parts_of_ != block) {
        list_.ReadCounts(block);
        kernels_->parts(list_.docs(), list_.counts(), list_.size(), table_, parts_);
        parts_of_ = block;
    }
    return parts_;
}

int32_t ScoredList::PartOf(uint32_t count, uint32_t document) const {
    uint32_t code = table_.codes[document];
    if (table_.code_bytes == 2) {
        code = Values<uint16_t>(table_.codes)[document];
    }
    const auto wide = static_cast<float>(count);
    const float share = wide / (wide + table_.norms[code]);
    return std::max<int32_t>(1, Nearest(table_.weight * share));
}

int32_t ScoredList::PartAt(uint32_t block, uint32_t place, uint32_t document) {
    return parts_of_ == block ? parts_[place] : PartOf(list_.CountAt(block, place), document);
}

}  // namespace elanus::postings
