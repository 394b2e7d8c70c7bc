#include "scalar_index/row_lists.h"

#include "codec/varint.h"
#include "scalar_index/section_stream.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <vector>

namespace elanus::scalar_index {

namespace {

using codec::AppendVarint;
using codec::ReadVarint;

constexpr uint8_t kTagGaps = 0;
constexpr uint8_t kTagBitmap = 1;

size_t BitmapBytes(uint64_t rows) {
    return (rows + 7) / 8;
}

base::Status DamagedList() {
    return DamagedIndex("a row list is damaged");
}

// The first row and then the gaps less one.
void PackGaps(std::span<const uint32_t> list, std::string* out) {
    out->push_back(static_cast<char>(kTagGaps));
    uint64_t next = 0;
    for (const uint32_t row : list) {
        AppendVarint(row - next, out);
        next = uint64_t{row} + 1;
    }
}

void PackBitmap(std::span<const uint32_t> list, uint64_t rows, std::string* out) {
    out->assign(1 + BitmapBytes(rows), '\0');
    (*out)[0] = static_cast<char>(kTagBitmap);
    for (const uint32_t row : list) {
        (*out)[1 + row / 8] = static_cast<char>((*out)[1 + row / 8] | (1 << (row % 8)));
    }
}

void Pack(std::span<const uint32_t> list, uint64_t rows, std::string* out) {
    out->clear();
    // Each gap takes at least one byte, so long lists are bitmaps without a try.
    if (list.size() < BitmapBytes(rows)) {
        PackGaps(list, out);
        if (out->size() <= 1 + BitmapBytes(rows)) {
            return;
        }
    }
    PackBitmap(list, rows, out);
}

template <typename Visit>
base::Status ReadGaps(std::span<const uint8_t> bytes, uint64_t rows, Visit visit) {
    const uint8_t* at = bytes.data();
    const uint8_t* end = at + bytes.size();
    uint64_t next = 0;
    while (at != end) {
        uint64_t gap = *at;
        if (gap < 0x80) {
            ++at;
        } else if (!ReadVarint(&at, end, &gap)) {
            return DamagedList();
        }
        if (gap >= rows - next) {
            return DamagedList();
        }
        next += gap;
        visit(next);
        ++next;
    }
    return base::Status();
}

base::Status AddBitmap(std::span<const uint8_t> bytes, uint64_t rows, base::Bitmap* out) {
    if (bytes.size() != BitmapBytes(rows)) {
        return DamagedList();
    }
    uint64_t last = 0;
    for (size_t w = 0; w < out->words().size(); ++w) {
        last = 0;
        std::memcpy(&last, bytes.data() + w * 8, std::min<size_t>(8, bytes.size() - w * 8));
        out->words()[w] |= last;
    }
    const bool beyond = rows % 64 != 0 && (last >> (rows % 64)) != 0;
    out->ClearTail();
    return beyond ? DamagedList() : base::Status();
}

}  // namespace

base::Result<RowLists> RowLists::Open(const codec::EnvelopeReader& reader, const Meta& meta) {
    RowLists lists;
    lists.layout_ = static_cast<ListLayout>(meta.layout);
    lists.rows_ = meta.rows;
    lists.keys_ = meta.keys;
    lists.entries_ = meta.entries;
    ASSIGN_OR_RETURN(lists.starts_, reader.Array<uint32_t>(kStartsSection, meta.keys + 1));
    if (lists.layout_ == ListLayout::kFlat) {
        ASSIGN_OR_RETURN(lists.lists_, reader.Array<uint32_t>(kRowsSection, meta.entries));
        return lists;
    }
    ASSIGN_OR_RETURN(lists.places_, reader.Array<uint64_t>(kListPlacesSection, meta.keys + 1));
    ASSIGN_OR_RETURN(lists.lists_, reader.Section(kRowsSection));
    return lists;
}

base::Result<uint64_t> RowLists::Entries(KeySpan keys) const {
    const auto starts = starts_.As<uint32_t>();
    if (keys.begin > keys.end || keys.end > keys_) {
        return base::Internal("keys beyond those of the index");
    }
    if (starts[keys.begin] > starts[keys.end] || starts[keys.end] > entries_) {
        return DamagedList();
    }
    return uint64_t{starts[keys.end]} - starts[keys.begin];
}

uint64_t RowLists::Reads(KeySpan keys, uint64_t entries) const {
    const uint64_t lists = keys.end - keys.begin;
    const bool are_bitmaps =
        layout_ == ListLayout::kPacked && lists > 0 && entries / lists >= BitmapBytes(rows_);
    return are_bitmaps ? lists * ((rows_ + 63) / 64) : entries;
}

base::Status RowLists::AddTo(KeySpan keys, base::Bitmap* out) const {
    ASSIGN_OR_RETURN(const uint64_t count, Entries(keys));
    if (layout_ == ListLayout::kPacked) {
        for (uint64_t key = keys.begin; key < keys.end; ++key) {
            RETURN_IF_ERROR(AddPacked(key, out));
        }
        return base::Status();
    }
    uint64_t* words = out->words().data();
    const auto run = lists_.As<uint32_t>().subspan(starts_.As<uint32_t>()[keys.begin], count);
    for (const uint32_t row : run) {
        if (row >= rows_) {
            return DamagedList();
        }
        words[row >> 6] |= uint64_t{1} << (row & 63);
    }
    return base::Status();
}

base::Result<std::span<const uint8_t>> RowLists::Packed(uint64_t key) const {
    const uint64_t begin = places_.As<uint64_t>()[key];
    const uint64_t end = places_.As<uint64_t>()[key + 1];
    if (begin >= end || end > lists_.size() || lists_.data()[begin] > kTagBitmap) {
        return DamagedList();
    }
    return std::span<const uint8_t>(lists_.data() + begin, end - begin);
}

base::Status RowLists::AddPacked(uint64_t key, base::Bitmap* out) const {
    ASSIGN_OR_RETURN(const std::span<const uint8_t> bytes, Packed(key));
    if (bytes[0] == kTagBitmap) {
        return AddBitmap(bytes.subspan(1), rows_, out);
    }
    uint64_t* words = out->words().data();
    return ReadGaps(bytes.subspan(1), rows_,
                    [words](uint64_t row) { words[row >> 6] |= uint64_t{1} << (row & 63); });
}

base::Status RowLists::VerifyList(uint64_t key) const {
    ASSIGN_OR_RETURN(const uint64_t count, Entries({key, key + 1}));
    if (layout_ == ListLayout::kFlat) {
        const auto list = lists_.As<uint32_t>().subspan(starts_.As<uint32_t>()[key], count);
        const bool rises = std::adjacent_find(list.begin(), list.end(),
                                              [](auto a, auto b) { return a >= b; }) == list.end();
        return rises && (list.empty() || list.back() < rows_) ? base::Status() : DamagedList();
    }
    ASSIGN_OR_RETURN(const std::span<const uint8_t> bytes, Packed(key));
    uint64_t found = 0;
    if (bytes[0] == kTagBitmap) {
        base::Bitmap bits(rows_);
        RETURN_IF_ERROR(AddBitmap(bytes.subspan(1), rows_, &bits));
        found = bits.Count();
    } else {
        RETURN_IF_ERROR(ReadGaps(bytes.subspan(1), rows_, [&](uint64_t) { ++found; }));
    }
    return found == count ? base::Status() : DamagedList();
}

base::Status RowLists::Verify() const {
    const auto starts = starts_.As<uint32_t>();
    if (starts.front() != 0 || starts.back() != entries_) {
        return DamagedIndex("row lists do not cover all entries");
    }
    for (uint64_t key = 0; key < keys_; ++key) {
        RETURN_IF_ERROR(VerifyList(key));
    }
    if (layout_ == ListLayout::kPacked &&
        (places_.As<uint64_t>().front() != 0 || places_.As<uint64_t>().back() != lists_.size())) {
        return DamagedIndex("row lists do not cover their section");
    }
    return base::Status();
}

ListLayout ChooseLayout(uint64_t keys, uint64_t entries) {
    // A packed list costs eight bytes more than a flat one and saves two of an entry's four.
    constexpr uint64_t kEntriesPerPackedKey = 8;
    return entries / kEntriesPerPackedKey >= keys ? ListLayout::kPacked : ListLayout::kFlat;
}

base::Status WriteRowLists(const ListSource& source, ListLayout layout, uint64_t rows,
                           codec::EnvelopeWriter& writer, uint32_t* longest) {
    *longest = 0;
    {
        SectionStream<uint32_t> starts(writer, kStartsSection);
        uint32_t start = 0;
        starts.Push(start);
        RETURN_IF_ERROR(source.ForEachList([&](std::span<const uint32_t> list) {
            start += static_cast<uint32_t>(list.size());
            *longest = std::max(*longest, static_cast<uint32_t>(list.size()));
            starts.Push(start);
            return base::Status();
        }));
    }
    if (layout == ListLayout::kFlat) {
        SectionStream<uint32_t> lists(writer, kRowsSection);
        return source.ForEachList([&](std::span<const uint32_t> list) {
            for (const uint32_t row : list) {
                lists.Push(row);
            }
            return base::Status();
        });
    }
    std::vector<uint64_t> places{0};
    places.reserve(source.keys() + 1);
    {
        std::string packed;
        SectionStream<char> lists(writer, kRowsSection);
        RETURN_IF_ERROR(source.ForEachList([&](std::span<const uint32_t> list) {
            Pack(list, rows, &packed);
            lists.Append(packed);
            places.push_back(places.back() + packed.size());
            return base::Status();
        }));
    }
    writer.AddArray<uint64_t>(kListPlacesSection, places);
    return base::Status();
}

}  // namespace elanus::scalar_index
