#include "segment/key_map.h"

#include "base/check.h"
#include "base/hash.h"

#include <algorithm>

namespace elanus::segment {

namespace {
constexpr size_t kFirstSlots = 16;
}  // namespace

size_t KeyMap::SlotOf(uint64_t key) const {
    const size_t mask = heads_.size() - 1;
    size_t slot = base::Hash64(key) & mask;
    while (heads_[slot] != kNone && keys_[slot] != key) {
        slot = (slot + 1) & mask;
    }
    return slot;
}

void KeyMap::Grow() {
    std::vector<uint64_t> old_keys = std::move(keys_);
    std::vector<uint32_t> old_heads = std::move(heads_);
    const size_t slots = std::max(kFirstSlots, 2 * old_heads.size());
    keys_.assign(slots, 0);
    heads_.assign(slots, kNone);
    for (size_t i = 0; i < old_heads.size(); ++i) {
        if (old_heads[i] != kNone) {
            const size_t slot = SlotOf(old_keys[i]);
            keys_[slot] = old_keys[i];
            heads_[slot] = old_heads[i];
        }
    }
}

void KeyMap::Insert(uint64_t key, base::RowOffset row) {
    CHECK(row == links_.size(), "rows enter the key map in order");
    if (4 * (used_ + 1) > 3 * heads_.size()) {
        Grow();
    }
    const size_t slot = SlotOf(key);
    used_ += heads_[slot] == kNone ? 1 : 0;
    links_.push_back(heads_[slot]);
    keys_[slot] = key;
    heads_[slot] = row + 1;
}

void KeyMap::Find(uint64_t key, std::vector<base::RowOffset>* rows) const {
    if (heads_.empty()) {
        return;
    }
    for (uint32_t link = heads_[SlotOf(key)]; link != kNone; link = links_[link - 1]) {
        rows->push_back(link - 1);
    }
}

size_t KeyMap::memory_bytes() const {
    return keys_.capacity() * sizeof(uint64_t) + heads_.capacity() * sizeof(uint32_t) +
           links_.capacity() * sizeof(uint32_t);
}

}  // namespace elanus::segment
