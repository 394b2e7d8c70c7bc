#include "segment/key_index.h"

#include "segment/segment_file.h"

#include <algorithm>

namespace elanus::segment {

namespace {

// The first position at or after `begin` whose key is not below `key`: steps that double, then
// halves, so that a run of ascending keys costs O(log of the distance) each.
template <typename Key, typename At>
size_t LowerBoundFrom(size_t begin, size_t end, const Key& key, At key_at) {
    size_t step = 1;
    size_t low = begin;
    size_t high = begin;
    while (high < end && key_at(high) < key) {
        low = high + 1;
        high = std::min(end, high + step);
        step *= 2;
    }
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (key_at(middle) < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

}  // namespace

base::Result<KeyIndex> KeyIndex::Open(const base::Buffer& data_file) {
    ASSIGN_OR_RETURN(const codec::EnvelopeReader reader,
                     codec::EnvelopeReader::Open(data_file, kSegmentFormat, kSegmentFormatVersion));
    return Open(reader);
}

base::Result<KeyIndex> KeyIndex::Open(const codec::EnvelopeReader& reader) {
    ASSIGN_OR_RETURN(const SegmentMeta meta, ReadSegmentMeta(reader));
    for (const codec::SectionId id : {kKeySection, kKeyRowSection, kTimestampSection}) {
        RETURN_IF_ERROR(reader.VerifySection(id));
    }
    KeyIndex index;
    index.is_string_ = reader.Has(kKeyOffsetSection);
    ASSIGN_OR_RETURN(index.rows_, reader.Array<uint32_t>(kKeyRowSection, meta.rows));
    ASSIGN_OR_RETURN(index.timestamps_, reader.Array<uint64_t>(kTimestampSection, meta.rows));
    if (index.is_string_) {
        ASSIGN_OR_RETURN(index.keys_, reader.Section(kKeySection));
        const uint64_t end = index.keys_.size();
        ASSIGN_OR_RETURN([[maybe_unused]] const uint32_t* offsets,
                         MapOffsets(reader, kKeyOffsetSection, meta.rows, &end));
        ASSIGN_OR_RETURN(index.offsets_, reader.Section(kKeyOffsetSection));
    } else {
        ASSIGN_OR_RETURN(index.keys_, reader.Array<int64_t>(kKeySection, meta.rows));
    }
    const auto rows = index.rows_.As<uint32_t>();
    if (std::any_of(rows.begin(), rows.end(), [&](uint32_t row) { return row >= meta.rows; })) {
        return base::Corruption("segment file: the key index names a row that does not exist");
    }
    return index;
}

std::string_view KeyIndex::StringAt(size_t i) const {
    const auto offsets = offsets_.As<uint32_t>();
    return keys_.view().substr(offsets[i], offsets[i + 1] - offsets[i]);
}

template <typename Key, typename At>
void KeyIndex::FindSorted(const std::vector<Key>& keys, At key_at,
                          std::vector<base::RowOffset>* found) const {
    size_t position = 0;
    for (const Key& key : keys) {
        position = LowerBoundFrom(position, rows(), key, key_at);
        for (size_t i = position; i < rows() && key_at(i) == key; ++i) {
            found->push_back(RowAt(i));
        }
    }
}

void KeyIndex::FindAll(const schema::PrimaryKeys& keys, std::vector<base::RowOffset>* found) const {
    if (keys.is_string != is_string_ || rows() == 0) {
        return;
    }
    if (is_string_) {
        std::vector<std::string_view> sorted(keys.strings.begin(), keys.strings.end());
        std::sort(sorted.begin(), sorted.end());
        sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
        FindSorted(sorted, [this](size_t i) { return StringAt(i); }, found);
        return;
    }
    std::vector<int64_t> sorted = keys.ints;
    std::sort(sorted.begin(), sorted.end());
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    FindSorted(sorted, [this](size_t i) { return IntAt(i); }, found);
}

std::vector<base::RowOffset> KeyIndex::Find(const schema::PrimaryKey& key) const {
    schema::PrimaryKeys keys;
    keys.Append(key);
    std::vector<base::RowOffset> found;
    FindAll(keys, &found);
    return found;
}

void KeyIndex::FindInsertedBefore(const schema::PrimaryKeys& keys, base::Timestamp timestamp,
                                  std::vector<base::RowOffset>* found) const {
    const size_t before = found->size();
    FindAll(keys, found);
    const auto timestamps = timestamps_.As<uint64_t>();
    found->erase(std::remove_if(found->begin() + static_cast<ptrdiff_t>(before), found->end(),
                                [&](base::RowOffset row) { return timestamps[row] >= timestamp; }),
                 found->end());
}

}  // namespace elanus::segment
