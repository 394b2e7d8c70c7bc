#include "segment/segment_merge.h"

#include "segment/chunk.h"

#include <algorithm>
#include <optional>
#include <queue>
#include <tuple>
#include <type_traits>

namespace elanus::segment {
namespace {

using schema::ColumnView;
using schema::DataType;

constexpr size_t kBlockRows = 8192;
constexpr size_t kBlockBytes = size_t{8} << 20;  // of variable values; one row may be larger
constexpr size_t kDefaultRows = 64;              // of the block that stands for a missing field
constexpr uint32_t kNoRow = UINT32_MAX;

// Rows that follow each other in one input.
struct Run {
    size_t input = 0;
    size_t begin = 0;
    size_t end = 0;
    size_t rows() const { return end - begin; }
};

// The next rows of `origins` that lie one after the other, at most `limit`.
Run NextRun(std::span<const RowOrigin> origins, size_t limit) {
    size_t count = 1;
    while (count < origins.size() && count < limit && origins[count] == origins[0] + count) {
        ++count;
    }
    const size_t begin = OriginRow(origins[0]);
    return {OriginInput(origins[0]), begin, begin + count};
}

// One field in every input: its values there, or a block of its default.
class MergedColumn {
  public:
    MergedColumn(const schema::FieldSchema& field, const std::vector<MergeInput>& inputs)
        : field_(field) {
        for (const MergeInput& input : inputs) {
            const base::Result<ColumnView> view = input.segment->WholeColumn(field.id);
            columns_.push_back(view.ok() ? std::optional(*view) : std::nullopt);
            norms_.push_back(input.segment->WholeNorms(field.id));
            if (!view.ok() && default_.rows == 0) {
                default_ = schema::MakeDefaultColumn(field, kDefaultRows);
            }
        }
        if (default_.rows > 0) {
            default_view_ = default_.View();
            shape_ = default_view_;
            may_have_nulls_ = default_view_.validity != nullptr;
        }
        for (const std::optional<ColumnView>& column : columns_) {
            if (column.has_value()) {
                shape_ = *column;
                may_have_nulls_ = may_have_nulls_ || column->validity != nullptr;
            }
        }
        for (size_t i = 0; i < columns_.size(); ++i) {
            has_norms_ = has_norms_ || norms_[i] != nullptr;
        }
        for (size_t i = 0; i < columns_.size(); ++i) {
            has_norms_ = has_norms_ && (norms_[i] != nullptr || !columns_[i].has_value());
        }
    }

    ColumnPieces Pieces(std::span<const RowOrigin> origins,
                        const std::function<bool()>& goes_on) const {
        ColumnPieces pieces;
        pieces.field_id = field_.id;
        pieces.shape = shape_;
        pieces.may_have_nulls = may_have_nulls_;
        pieces.has_norms = has_norms_;
        pieces.token_analyzer = TokenAnalyzer(field_);
        pieces.visit = [this, origins, &goes_on](const PieceVisitor& visitor) {
            for (size_t at = 0; at < origins.size() && goes_on();) {
                at += VisitBlock(origins.subspan(at), visitor);
            }
        };
        return pieces;
    }

  private:
    // Returns how many rows the block had.
    size_t VisitBlock(std::span<const RowOrigin> origins, const PieceVisitor& visitor) const {
        const Run first = NextRun(origins, kBlockRows);
        const bool whole = first.rows() == std::min(kBlockRows, origins.size());
        if (whole && !may_have_nulls_ && columns_[first.input].has_value() &&
            schema::FixedWidth(shape_.type, shape_.dim) > 0) {
            ColumnView piece = *columns_[first.input];
            piece.values += first.begin * schema::FixedWidth(shape_.type, shape_.dim);
            piece.rows = first.rows();
            visitor(piece, has_norms_ ? norms_[first.input] + first.begin : nullptr);
            return first.rows();
        }
        return VisitGathered(origins, visitor);
    }

    size_t VisitGathered(std::span<const RowOrigin> origins, const PieceVisitor& visitor) const {
        schema::ColumnBuilder builder = NewBuilder();
        std::vector<float> norms;
        size_t bytes = 0;
        size_t rows = 0;
        while (rows < kBlockRows && rows < origins.size() && (rows == 0 || bytes < kBlockBytes)) {
            Run run = NextRun(origins.subspan(rows), kBlockRows - rows);
            const std::optional<ColumnView>& column = columns_[run.input];
            if (!column.has_value()) {
                run.end = std::min(run.end, run.begin + kDefaultRows);
                bytes += RunBytes(default_view_, 0, run.rows());
                builder.AppendFrom(default_view_, 0, run.rows());
            } else {
                run.end = run.begin + RowsWithin(*column, run, kBlockBytes - bytes);
                bytes += RunBytes(*column, run.begin, run.end);
                builder.AppendFrom(*column, run.begin, run.end);
            }
            if (has_norms_) {
                const float* from = norms_[run.input];
                norms.resize(rows + run.rows());  // a missing field is null here: length 0
                if (from != nullptr) {
                    std::copy(from + run.begin, from + run.end, norms.begin() + rows);
                }
            }
            rows += run.rows();
        }
        const schema::Column block = builder.Finish();
        visitor(block.View(), has_norms_ ? norms.data() : nullptr);
        return rows;
    }

    // How many rows of the run, at least one, hold at most `budget` bytes.
    static size_t RowsWithin(const ColumnView& column, const Run& run, size_t budget) {
        if (column.offsets == nullptr) {
            return run.rows();
        }
        size_t count = run.rows();
        while (count > 1 && RunBytes(column, run.begin, run.begin + count) > budget) {
            count = (count + 1) / 2;
        }
        return count;
    }

    // The constructor makes the child of an array; those of a struct are added.
    schema::ColumnBuilder NewBuilder() const {
        schema::ColumnBuilder builder(field_.id, shape_.type, shape_.element_type,
                                      static_cast<uint32_t>(field_.dim()));
        if (shape_.type == DataType::kArrayOfStruct) {
            for (const ColumnView& child : shape_.children) {
                builder.AddChild({field_.id, child.type, DataType::kNone, child.dim});
            }
        }
        return builder;
    }

    const schema::FieldSchema& field_;
    schema::Column default_;  // only when an input lacks the field
    ColumnView default_view_;
    ColumnView shape_;
    bool may_have_nulls_ = false;
    bool has_norms_ = false;
    std::vector<std::optional<ColumnView>> columns_;  // by input; none: it never saw the field
    std::vector<const float*> norms_;
};

// Nulls first, then ascending; equal values keep their order.
template <typename T>
void SortBy(const std::vector<std::optional<ColumnView>>& columns, std::vector<RowOrigin>* order) {
    const auto is_null = [&](RowOrigin origin) {
        const auto& column = columns[OriginInput(origin)];
        return !column.has_value() || !column->IsValid(OriginRow(origin));
    };
    const auto value = [&](RowOrigin origin) {
        const ColumnView& column = *columns[OriginInput(origin)];
        if constexpr (std::is_same_v<T, std::string_view>) {
            return column.StringAt(OriginRow(origin));
        } else {
            return column.As<T>()[OriginRow(origin)];
        }
    };
    const auto nulls_end = std::stable_partition(order->begin(), order->end(), is_null);
    std::stable_sort(nulls_end, order->end(), [&](RowOrigin a, RowOrigin b) {
        if constexpr (std::is_floating_point_v<T>) {
            const bool a_is_nan = value(a) != value(a);
            const bool b_is_nan = value(b) != value(b);
            return b_is_nan ? !a_is_nan : value(a) < value(b);  // NaN last
        } else {
            return value(a) < value(b);
        }
    });
}

// Where the rows of each input stand in one output; kNoRow: not there.
std::vector<std::vector<uint32_t>> PlacesIn(std::span<const RowOrigin> origins,
                                            const std::vector<MergeInput>& inputs) {
    std::vector<std::vector<uint32_t>> places;
    for (const MergeInput& input : inputs) {
        places.emplace_back(input.segment->rows(), kNoRow);
    }
    for (size_t row = 0; row < origins.size(); ++row) {
        places[OriginInput(origins[row])][OriginRow(origins[row])] = static_cast<uint32_t>(row);
    }
    return places;
}

// The keys of one input that one output has, ascending.
class KeyWalk {
  public:
    KeyWalk(const KeyIndex& keys, const std::vector<uint32_t>& places)
        : keys_(keys), places_(places) {
        Settle();
    }
    bool done() const { return at_ == keys_.rows(); }
    KeyEntry entry() const {
        KeyEntry entry;
        entry.row = places_[keys_.RowAt(at_)];
        if (keys_.is_string()) {
            entry.text = keys_.StringAt(at_);
        } else {
            entry.number = keys_.IntAt(at_);
        }
        return entry;
    }
    void Next() {
        ++at_;
        Settle();
    }

  private:
    void Settle() {
        while (at_ < keys_.rows() && places_[keys_.RowAt(at_)] == kNoRow) {
            ++at_;
        }
    }
    const KeyIndex& keys_;
    const std::vector<uint32_t>& places_;
    size_t at_ = 0;
};

}  // namespace

base::Result<SegmentMerge> SegmentMerge::Make(
    std::shared_ptr<const schema::CollectionSchema> schema, std::vector<MergeInput> inputs,
    base::FieldId order_field) {
    SegmentMerge merge(std::move(schema), std::move(inputs));
    size_t rows = 0;
    for (const MergeInput& input : merge.inputs_) {
        rows += input.kept.Count();
    }
    merge.order_.reserve(rows);
    for (size_t i = 0; i < merge.inputs_.size(); ++i) {
        const base::Bitmap& kept = merge.inputs_[i].kept;
        for (size_t row = 0; row < kept.size(); ++row) {
            if (kept.Test(row)) {
                merge.order_.push_back(MakeOrigin(i, static_cast<base::RowOffset>(row)));
            }
        }
    }
    if (order_field != 0) {
        RETURN_IF_ERROR(merge.OrderBy(order_field));
    }
    return merge;
}

base::Status SegmentMerge::OrderBy(base::FieldId field_id) {
    std::vector<std::optional<ColumnView>> columns;
    for (const MergeInput& input : inputs_) {
        const base::Result<ColumnView> view = input.segment->WholeColumn(field_id);
        columns.push_back(view.ok() ? std::optional(*view) : std::nullopt);
    }
    const schema::FieldSchema* field = schema_->FindField(field_id);
    switch (field == nullptr ? DataType::kNone : field->type) {
        case DataType::kInt8:
            SortBy<int8_t>(columns, &order_);
            break;
        case DataType::kInt16:
            SortBy<int16_t>(columns, &order_);
            break;
        case DataType::kInt32:
            SortBy<int32_t>(columns, &order_);
            break;
        case DataType::kInt64:
        case DataType::kTimestamptz:
            SortBy<int64_t>(columns, &order_);
            break;
        case DataType::kFloat:
            SortBy<float>(columns, &order_);
            break;
        case DataType::kDouble:
            SortBy<double>(columns, &order_);
            break;
        case DataType::kVarChar:
            SortBy<std::string_view>(columns, &order_);
            break;
        default:
            return base::Status::Error(
                base::Code::kUnsupportedOperation,
                "rows cannot be ordered by field " + std::to_string(field_id));
    }
    return base::Status();
}

std::span<const RowOrigin> SegmentMerge::Origins(size_t i, size_t count) const {
    const size_t begin = order_.size() * i / count;
    const size_t end = order_.size() * (i + 1) / count;
    return std::span(order_).subspan(begin, end - begin);
}

void SegmentMerge::VisitKeys(std::span<const RowOrigin> origins, const KeyVisitor& visitor) const {
    const std::vector<std::vector<uint32_t>> places = PlacesIn(origins, inputs_);
    std::vector<KeyWalk> walks;
    walks.reserve(inputs_.size());
    for (size_t i = 0; i < inputs_.size(); ++i) {
        walks.emplace_back(inputs_[i].segment->keys(), places[i]);
    }
    const auto later = [&](size_t a, size_t b) {
        const KeyEntry left = walks[a].entry();
        const KeyEntry right = walks[b].entry();
        return std::tie(left.number, left.text) > std::tie(right.number, right.text);
    };
    std::priority_queue<size_t, std::vector<size_t>, decltype(later)> next(later);
    for (size_t i = 0; i < walks.size(); ++i) {
        if (!walks[i].done()) {
            next.push(i);
        }
    }
    // Rows of one key are put in order before they go: the merge may have turned them round.
    std::vector<KeyEntry> equal;
    const auto emit = [&] {
        std::sort(equal.begin(), equal.end(),
                  [](const KeyEntry& a, const KeyEntry& b) { return a.row < b.row; });
        std::for_each(equal.begin(), equal.end(), visitor);
        equal.clear();
    };
    while (!next.empty()) {
        const size_t i = next.top();
        next.pop();
        const KeyEntry entry = walks[i].entry();
        if (!equal.empty() && (equal[0].number != entry.number || equal[0].text != entry.text)) {
            emit();
        }
        equal.push_back(entry);
        walks[i].Next();
        if (!walks[i].done()) {
            next.push(i);
        }
    }
    emit();
}

base::Status SegmentMerge::Write(base::SegmentId id, base::PartitionId partition_id,
                                 std::span<const RowOrigin> origins, codec::Sink& sink,
                                 const std::function<base::Status()>& interrupt) const {
    base::Status stopped;
    const std::function<bool()> goes_on = [&] {
        if (stopped.ok() && interrupt != nullptr) {
            stopped = interrupt();
        }
        return stopped.ok();
    };
    std::vector<std::unique_ptr<MergedColumn>> columns;
    SegmentContent content;
    content.segment_id = id;
    content.partition_id = partition_id;
    content.key_field_id = schema_->primary_key()->id;
    for (const schema::FieldSchema& field : schema_->fields) {
        columns.push_back(std::make_unique<MergedColumn>(field, inputs_));
        content.columns.push_back(columns.back()->Pieces(origins, goes_on));
    }
    content.visit_timestamps = [&](const TimestampVisitor& visitor) {
        for (size_t at = 0; at < origins.size();) {
            const Run run = NextRun(origins.subspan(at), origins.size());
            visitor(inputs_[run.input].segment->timestamps().subspan(run.begin, run.rows()));
            at += run.rows();
        }
    };
    content.visit_keys = [&](const KeyVisitor& visitor) { VisitKeys(origins, visitor); };
    const base::Status written = WriteSegmentFile(content, sink);
    return stopped.ok() ? written : stopped;
}

}  // namespace elanus::segment
