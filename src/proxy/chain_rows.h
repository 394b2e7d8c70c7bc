// ChainRows: the hits of a search while function chains work on them: which are left of each query
// and in which order, and columns of numbers beside them.
//
// A number that is missing, not finite, or made of one that is missing is null. Threads: one.
#pragma once

#include "base/status.h"
#include "roles/read.h"
#include "schema/column.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::proxy {

// One number a hit, in the order of the list that the chains began with.
struct ChainColumn {
    std::vector<double> values;
    std::vector<uint8_t> valid;

    size_t size() const { return values.size(); }
    void Append(double value, bool is_valid);
};

// The columns that every hit has.
inline constexpr std::string_view kScoreColumn = "$score";
inline constexpr std::string_view kIdColumn = "$id";

class ChainRows {
  public:
    // Every hit of `list`, with its score. The list outlives the rows.
    explicit ChainRows(const roles::SearchResponse& list);

    // One vector a query: hits by their position in the list.
    const std::vector<std::vector<size_t>>& queries() const { return queries_; }
    size_t size() const { return list_.scores.size(); }
    // All hits that are left, query after query.
    std::vector<size_t> Left() const;

    const ChainColumn& Column(const std::string& name) const { return columns_.at(name); }
    void SetColumn(const std::string& name, ChainColumn column);
    // Of numbers of any kind; one value a hit.
    base::Status LoadColumn(const std::string& name, const schema::ColumnView& values);

    // Nulls come last. Equal ones by `tie`, ascending, or as they were when it is empty.
    void Sort(const std::string& by, bool descending, const std::string& tie);
    void Limit(size_t offset, size_t limit);

  private:
    // < 0 when `a` comes before `b`, ascending.
    int Compare(const std::string& column, size_t a, size_t b) const;

    const roles::SearchResponse& list_;
    std::vector<std::vector<size_t>> queries_;
    std::map<std::string, ChainColumn> columns_;
};

}  // namespace elanus::proxy
