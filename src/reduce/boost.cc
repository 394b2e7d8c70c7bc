#include "reduce/boost.h"

#include "base/hash.h"
#include "expr/evaluator.h"
#include "reduce/fusion.h"

#include <algorithm>
#include <map>
#include <optional>

namespace elanus::reduce {
namespace {

using base::RowOffset;

// The columns of some rows of a segment, fetched.
class FetchedColumns : public expr::ColumnSource {
  public:
    FetchedColumns(const schema::ColumnBatch& batch, const std::vector<schema::FieldSchema>& fields)
        : fields_(fields) {
        for (const schema::Column& column : batch.columns) {
            views_.emplace(column.field_id, column.View());
        }
    }

    const schema::ColumnView* Column(base::FieldId field_id) const override {
        const auto found = views_.find(field_id);
        return found == views_.end() ? nullptr : &found->second;
    }
    const schema::FieldSchema* Field(base::FieldId field_id) const override {
        const auto found =
            std::find_if(fields_.begin(), fields_.end(),
                         [&](const schema::FieldSchema& field) { return field.id == field_id; });
        return found == fields_.end() ? nullptr : &*found;
    }

  private:
    const std::vector<schema::FieldSchema>& fields_;
    std::map<base::FieldId, schema::ColumnView> views_;
};

double DrawFromHash(uint64_t hash, uint64_t seed) {
    const uint64_t mixed = base::Hash64(hash + seed * 0x9e3779b97f4a7c15u);
    return static_cast<double>(mixed >> 11) * 0x1p-53;
}

float Merge(roles::BoostMode mode, float a, float b) {
    return mode == roles::BoostMode::kSum ? a + b : a * b;
}

// The boosts of some rows of one segment.
class RowBoosts {
  public:
    RowBoosts(const segment::Segment& segment, const roles::Boosts& boosts,
              const segment::ReadOptions& options, std::vector<RowOffset> rows)
        : segment_(segment), boosts_(boosts), options_(options), rows_(std::move(rows)) {}

    base::Status Compute() {
        values_.resize(rows_.size());
        schema::ColumnBatch batch;
        if (!boosts_.fields.empty()) {
            ASSIGN_OR_RETURN(batch, segment_.Fetch(rows_, boosts_.fields));
        }
        const FetchedColumns columns(batch, boosts_.fields);
        for (const roles::Boost& boost : boosts_.functions) {
            RETURN_IF_ERROR(Add(boost, columns));
        }
        return base::Status();
    }

    // Absent when no function matched the row.
    std::optional<float> Of(RowOffset row) const {
        const auto found = std::lower_bound(rows_.begin(), rows_.end(), row);
        return values_[static_cast<size_t>(found - rows_.begin())];
    }

  private:
    base::Status Add(const roles::Boost& boost, const FetchedColumns& columns) {
        std::optional<expr::Truth> truth;
        if (boost.filter != nullptr) {
            ASSIGN_OR_RETURN(truth, expr::Evaluate(*boost.filter, columns, rows_.size(),
                                                   *options_.context, *options_.clock));
        }
        std::vector<double> draws;
        if (boost.is_random) {
            ASSIGN_OR_RETURN(draws, Draws(boost, columns));
        }
        for (size_t i = 0; i < rows_.size(); ++i) {
            if (truth.has_value() && !truth->is_true.Test(i)) {
                continue;
            }
            const float value =
                draws.empty() ? boost.weight : static_cast<float>(draws[i]) * boost.weight;
            values_[i] =
                values_[i].has_value() ? Merge(boosts_.function_mode, *values_[i], value) : value;
        }
        return base::Status();
    }

    base::Result<std::vector<double>> Draws(const roles::Boost& boost,
                                            const FetchedColumns& columns) const {
        std::vector<double> draws;
        draws.reserve(rows_.size());
        if (boost.random_field == 0) {
            const schema::PrimaryKeys keys = segment_.KeysOf(rows_);
            for (size_t i = 0; i < rows_.size(); ++i) {
                draws.push_back(keys.is_string ? RandomDraw(keys.strings[i], boost.seed)
                                               : RandomDraw(keys.ints[i], boost.seed));
            }
            return draws;
        }
        const schema::ColumnView* column = columns.Column(boost.random_field);
        if (column == nullptr || column->type != schema::DataType::kInt64) {
            return base::Internal("the field that a random boost draws from is no Int64 column");
        }
        for (size_t i = 0; i < rows_.size(); ++i) {
            // A null draws as 0 does.
            const int64_t value = column->IsValid(i) ? column->As<int64_t>()[i] : 0;
            draws.push_back(RandomDraw(value, boost.seed));
        }
        return draws;
    }

    const segment::Segment& segment_;
    const roles::Boosts& boosts_;
    const segment::ReadOptions& options_;
    const std::vector<RowOffset> rows_;  // ascending, each once
    std::vector<std::optional<float>> values_;
};

}  // namespace

double RandomDraw(int64_t value, uint64_t seed) {
    return DrawFromHash(base::Hash64(static_cast<uint64_t>(value)), seed);
}

double RandomDraw(std::string_view value, uint64_t seed) {
    return DrawFromHash(base::Hash64(value), seed);
}

base::Status ApplyBoosts(const segment::Segment& segment, const roles::Boosts& boosts,
                         vindex::Metric metric, const segment::ReadOptions& options,
                         roles::SearchResponse* hits) {
    std::vector<RowOffset> rows;
    rows.reserve(hits->addresses.size());
    for (const roles::RowAddress& address : hits->addresses) {
        rows.push_back(address.row);
    }
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    if (rows.empty()) {
        return base::Status();
    }
    RowBoosts values(segment, boosts, options, std::move(rows));
    RETURN_IF_ERROR(values.Compute());
    for (size_t i = 0; i < hits->scores.size(); ++i) {
        if (const std::optional<float> value = values.Of(hits->addresses[i].row)) {
            hits->scores[i] = Merge(boosts.boost_mode, hits->scores[i], *value);
        }
    }
    SortHits(metric, hits);
    return base::Status();
}

}  // namespace elanus::reduce
