#include "proxy/chain_rows.h"

#include "proxy/rerank_decay.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace elanus::proxy {

void ChainColumn::Append(double value, bool is_valid) {
    const bool keeps = is_valid && std::abs(value) <= std::numeric_limits<float>::max();
    values.push_back(keeps ? value : 0);
    valid.push_back(keeps ? 1 : 0);
}

ChainRows::ChainRows(const roles::SearchResponse& list) : list_(list) {
    size_t begin = 0;
    for (const uint32_t count : list.counts) {
        std::vector<size_t>& hits = queries_.emplace_back(count);
        std::iota(hits.begin(), hits.end(), begin);
        begin += count;
    }
    ChainColumn scores;
    for (const float score : list.scores) {
        scores.Append(static_cast<double>(score), true);
    }
    SetColumn(std::string(kScoreColumn), std::move(scores));
}

std::vector<size_t> ChainRows::Left() const {
    std::vector<size_t> left;
    for (const std::vector<size_t>& hits : queries_) {
        left.insert(left.end(), hits.begin(), hits.end());
    }
    return left;
}

void ChainRows::SetColumn(const std::string& name, ChainColumn column) {
    columns_[name] = std::move(column);
}

base::Status ChainRows::LoadColumn(const std::string& name, const schema::ColumnView& values) {
    if (values.rows != size() || !schema::IsNumeric(values.type)) {
        return base::Internal("the values of a function chain do not fit its hits");
    }
    ChainColumn column;
    for (size_t row = 0; row < values.rows; ++row) {
        const bool is_valid = values.IsValid(row);
        column.Append(is_valid ? NumberAt(values, row) : 0, is_valid);
    }
    SetColumn(name, std::move(column));
    return base::Status();
}

int ChainRows::Compare(const std::string& column, size_t a, size_t b) const {
    if (column == kIdColumn) {
        const schema::PrimaryKey left = list_.keys.At(a);
        const schema::PrimaryKey right = list_.keys.At(b);
        return left < right ? -1 : (right < left ? 1 : 0);
    }
    const std::vector<double>& values = columns_.at(column).values;
    return values[a] < values[b] ? -1 : (values[b] < values[a] ? 1 : 0);
}

void ChainRows::Sort(const std::string& by, bool descending, const std::string& tie) {
    const ChainColumn* nulls = by == kIdColumn ? nullptr : &columns_.at(by);
    const auto before = [&](size_t a, size_t b) {
        if (nulls != nullptr && nulls->valid[a] != nulls->valid[b]) {
            return nulls->valid[a] > nulls->valid[b];
        }
        if (const int order = Compare(by, a, b); order != 0) {
            return descending ? order > 0 : order < 0;
        }
        return !tie.empty() && Compare(tie, a, b) < 0;
    };
    for (std::vector<size_t>& hits : queries_) {
        std::stable_sort(hits.begin(), hits.end(), before);
    }
}

void ChainRows::Limit(size_t offset, size_t limit) {
    for (std::vector<size_t>& hits : queries_) {
        const size_t begin = std::min(offset, hits.size());
        const size_t end = begin + std::min(limit, hits.size() - begin);
        hits = std::vector<size_t>(hits.begin() + static_cast<ptrdiff_t>(begin),
                                   hits.begin() + static_cast<ptrdiff_t>(end));
    }
}

}  // namespace elanus::proxy
