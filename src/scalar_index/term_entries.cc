#include "scalar_index/term_entries.h"

#include "base/hash.h"
#include "scalar_index/terms.h"

#include <bit>

namespace elanus::scalar_index {

namespace {

constexpr uint64_t kEntriesMax = UINT32_MAX;

uint64_t HeadOf(std::string_view term) {
    uint64_t head = 0;
    for (size_t i = 0; i < 8; ++i) {
        head = head << 8 | (i < term.size() ? static_cast<uint8_t>(term[i]) : 0);
    }
    return head;
}

}  // namespace

void TermEntries::Add(std::string_view term, uint32_t row) {
    if (entry_count_ > kEntriesMax) {
        return;  // Sort() says so
    }
    if (places_.size() * 2 >= slots_.size()) {
        Grow();
    }
    const auto hash = static_cast<uint32_t>(base::Hash64(term));
    const size_t mask = slots_.size() - 1;
    size_t slot = hash & mask;
    while (slots_[slot] != 0 &&
           (hashes_[slots_[slot] - 1] != hash || TermOf(slots_[slot] - 1) != term)) {
        slot = (slot + 1) & mask;
    }
    uint32_t id = slots_[slot] - 1;
    if (slots_[slot] == 0) {
        id = static_cast<uint32_t>(places_.size());
        places_.push_back({bytes_.size(), static_cast<uint32_t>(term.size()), row});
        hashes_.push_back(hash);
        bytes_.append(term);
        slots_[slot] = id + 1;
    } else if (places_[id].last_row == row) {
        return;
    }
    places_[id].last_row = row;
    if (rows_seen_.empty() || rows_seen_.back() != row) {
        rows_seen_.push_back(row);
        row_ends_.push_back(0);
    }
    entries_.push_back(id);
    row_ends_.back() = static_cast<uint32_t>(++entry_count_);
}

void TermEntries::Grow() {
    constexpr size_t kSlotsMin = 1024;
    slots_.assign(std::max(slots_.size() * 2, kSlotsMin), 0);
    const size_t mask = slots_.size() - 1;
    for (uint32_t id = 0; id < places_.size(); ++id) {
        size_t slot = hashes_[id] & mask;
        while (slots_[slot] != 0) {
            slot = (slot + 1) & mask;
        }
        slots_[slot] = id + 1;
    }
}

base::Status TermEntries::Sort(Pause& pause) {
    if (entry_count_ > kEntriesMax) {
        return base::Status::Error(base::Code::kIndexNotSupported,
                                   "a segment has too many values for a scalar index");
    }
    slots_ = {};
    hashes_ = {};
    std::vector<Ordered> ordered;
    ordered.reserve(places_.size());
    for (uint32_t id = 0; id < places_.size(); ++id) {
        ordered.push_back({HeadOf(TermOf(id)), id});
    }
    const auto less = [this](const Ordered& a, const Ordered& b) {
        return a.head != b.head ? a.head < b.head : TermOf(a.id) < TermOf(b.id);
    };
    RETURN_IF_ERROR(SortPieces(std::span<Ordered>(ordered), less, pause));
    order_.reserve(ordered.size());
    for (const Ordered& term : ordered) {
        order_.push_back(term.id);
    }
    return MakeLists(pause);
}

// A counting sort of the entries by term; rows ascend within a term as they came.
base::Status TermEntries::MakeLists(Pause& pause) {
    std::vector<uint32_t> next(places_.size());  // by term: where its next row goes
    for (const uint32_t id : entries_) {
        ++next[id];
    }
    RETURN_IF_ERROR(pause.Check());
    starts_.reserve(order_.size() + 1);
    uint32_t start = 0;
    for (const uint32_t id : order_) {
        starts_.push_back(start);
        start += std::exchange(next[id], start);
    }
    starts_.push_back(start);
    rows_.resize(entries_.size());
    size_t entry = 0;
    for (size_t i = 0; i < rows_seen_.size(); ++i) {
        RETURN_IF_ERROR(pause.After(1));
        for (; entry < row_ends_[i]; ++entry) {
            rows_[next[entries_[entry]]++] = rows_seen_[i];
        }
    }
    entries_ = {};
    row_ends_ = {};
    rows_seen_ = {};
    return base::Status();
}

base::Status TermEntries::ForEachList(const Visit& visit) const {
    for (size_t i = 0; i < order_.size(); ++i) {
        RETURN_IF_ERROR(visit(
            std::span<const uint32_t>(rows_).subspan(starts_[i], starts_[i + 1] - starts_[i])));
    }
    return base::Status();
}

void TermEntries::WriteKeys(codec::EnvelopeWriter& writer) const {
    TermsWriter terms(writer);
    for (const uint32_t id : order_) {
        terms.Add(TermOf(id));
    }
    terms.Finish();
}

}  // namespace elanus::scalar_index
