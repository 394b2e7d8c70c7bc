#include "segment/range_code_cache.h"

#include "segment/segment_file.h"
#include "sys/huge_memory.h"
#include "sys/process.h"

#include <atomic>
#include <vector>

namespace elanus::segment {

namespace {

using expr::DoubleCodeScale;
using expr::IntCodeScale;
using schema::ColumnView;
using schema::DataType;

constexpr uint64_t kMemoryShare = 16;

std::atomic<uint64_t>& BytesInUse() {
    static std::atomic<uint64_t> bytes{0};
    return bytes;
}

// Counts the bytes as used when there is room for them.
bool Reserve(uint64_t bytes, uint64_t bytes_max) {
    if (BytesInUse().fetch_add(bytes, std::memory_order_relaxed) + bytes <= bytes_max) {
        return true;
    }
    BytesInUse().fetch_sub(bytes, std::memory_order_relaxed);
    return false;
}

template <typename Scale>
bool TellsApart(const Scale& scale, const ColumnView& view) {
    constexpr size_t kSampleRows = 4096;
    std::vector<int16_t> sample;
    const size_t step = std::max<size_t>(1, view.rows / kSampleRows);
    for (size_t row = 0; row < view.rows; row += step) {
        if (view.IsValid(row)) {
            sample.push_back(scale.Code(view.As<typename Scale::Value>()[row]));
        }
    }
    return scale.is_exact() || !expr::SharesCodes(sample);
}

template <typename Scale>
std::shared_ptr<const ColumnCodes> MakeWith(const std::optional<Scale>& scale,
                                            const ColumnView& view, uint64_t bytes_max) {
    const size_t bytes = view.rows * sizeof(int16_t);
    if (!scale.has_value() || !TellsApart(*scale, view) || !Reserve(bytes, bytes_max)) {
        return nullptr;
    }
    const std::shared_ptr<uint8_t> memory = sys::ReserveHuge(bytes);
    auto* codes = reinterpret_cast<int16_t*>(memory.get());
    const auto* values = view.As<typename Scale::Value>();
    for (size_t row = 0; row < view.rows; ++row) {
        codes[row] = scale->Code(values[row]);
    }
    return std::make_shared<const ColumnCodes>(expr::RangeCodes{*scale, {codes, view.rows}},
                                               memory);
}

}  // namespace

uint64_t ColumnCodes::BytesMax() {
    static const uint64_t bytes_max = sys::MemoryLimitBytes() / kMemoryShare;
    return bytes_max;
}

ColumnCodes::~ColumnCodes() {
    BytesInUse().fetch_sub(memory_bytes(), std::memory_order_relaxed);
}

std::shared_ptr<const ColumnCodes> ColumnCodes::Make(const RowSource& source,
                                                     base::FieldId field_id, uint64_t bytes_max) {
    const ColumnView* view = source.Column(0, field_id);
    const ColumnMeta* meta = source.Statistics(field_id);
    if (view == nullptr || meta == nullptr || view->rows < RangeCodeCache::kRowsMin) {
        return nullptr;
    }
    const bool is_int = view->type == DataType::kInt64 || view->type == DataType::kTimestamptz;
    const auto* low = std::get_if<int64_t>(&meta->min);
    const auto* high = std::get_if<int64_t>(&meta->max);
    if (is_int && low != nullptr && high != nullptr) {
        return MakeWith(IntCodeScale::Of(*low, *high), *view, bytes_max);
    }
    const auto* least = std::get_if<double>(&meta->min);
    const auto* most = std::get_if<double>(&meta->max);
    if (view->type == DataType::kDouble && least != nullptr && most != nullptr) {
        return MakeWith(DoubleCodeScale::Of(*least, *most), *view, bytes_max);
    }
    return nullptr;
}

std::shared_ptr<const ColumnCodes> RangeCodeCache::Get(const RowSource& source,
                                                       base::FieldId field_id, bool reads_most) {
    {
        base::MutexLock lock(mutex_);
        Entry& entry = entries_[field_id];
        const bool is_wanted = reads_most && entry.was_scanned && !entry.is_decided;
        entry.was_scanned = entry.was_scanned || reads_most;
        if (!is_wanted) {
            return entry.codes;
        }
        entry.is_decided = true;
    }
    std::shared_ptr<const ColumnCodes> codes = ColumnCodes::Make(source, field_id);
    base::MutexLock lock(mutex_);
    entries_[field_id].codes = codes;
    return codes;
}

size_t RangeCodeCache::memory_bytes() const {
    base::MutexLock lock(mutex_);
    size_t bytes = 0;
    for (const auto& [field_id, entry] : entries_) {
        bytes += entry.codes == nullptr ? 0 : entry.codes->memory_bytes();
    }
    return bytes;
}

}  // namespace elanus::segment
