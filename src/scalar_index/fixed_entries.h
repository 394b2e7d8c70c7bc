// FixedEntries: the (key, row) pairs of a build over fixed-width keys, sorted. 16 bytes a pair for
// the widest keys. Threads: one build.
#pragma once

#include "codec/envelope.h"
#include "scalar_index/row_lists.h"
#include "scalar_index/section_stream.h"
#include "scalar_index/sort_pieces.h"

#include <span>
#include <vector>

namespace elanus::scalar_index {

template <typename T>
class FixedEntries : public ListSource {
  public:
    void Reserve(size_t count) { entries_.reserve(count); }
    // NaN is left out: no comparison finds it.
    void Add(T key, uint32_t row) {
        if (key == key) {
            entries_.push_back({static_cast<T>(key + T{}), row});  // -0 becomes 0
        }
    }
    base::Status Sort(Pause& pause) {
        const auto less = [](const Entry& a, const Entry& b) {
            return a.key != b.key ? a.key < b.key : a.row < b.row;
        };
        RETURN_IF_ERROR(SortPieces(std::span<Entry>(entries_), less, pause));
        const auto same = [](const Entry& a, const Entry& b) {
            return a.key == b.key && a.row == b.row;
        };
        entries_.erase(std::unique(entries_.begin(), entries_.end(), same), entries_.end());
        for (size_t i = 0; i < entries_.size(); ++i) {
            keys_ += i == 0 || entries_[i].key != entries_[i - 1].key ? 1 : 0;
        }
        return pause.Check();
    }

    uint64_t keys() const override { return keys_; }
    uint64_t entries() const override { return entries_.size(); }
    base::Status ForEachList(const Visit& visit) const override {
        std::vector<uint32_t> rows;
        for (size_t i = 0; i < entries_.size(); ++i) {
            rows.push_back(entries_[i].row);
            if (i + 1 == entries_.size() || entries_[i + 1].key != entries_[i].key) {
                RETURN_IF_ERROR(visit(rows));
                rows.clear();
            }
        }
        return base::Status();
    }
    void WriteKeys(codec::EnvelopeWriter& writer) const {
        SectionStream<T> keys(writer, kKeysSection);
        for (size_t i = 0; i < entries_.size(); ++i) {
            if (i == 0 || entries_[i].key != entries_[i - 1].key) {
                keys.Push(entries_[i].key);
            }
        }
    }

  private:
    struct Entry {
        T key;
        uint32_t row;
    };
    std::vector<Entry> entries_;
    uint64_t keys_ = 0;
};

}  // namespace elanus::scalar_index
