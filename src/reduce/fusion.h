// Fusion: several ranked lists of the same rows become one (API map 5.6, 5.7).
//
// Rules: reciprocal rank fusion (Cormack, Clarke, Buettcher: Reciprocal Rank Fusion outperforms
// Condorcet and individual Rank Learning Methods, SIGIR 2009), the weighted sum of scores, and the
// largest, the sum or the average of a row's scores. A row is known by its primary key.
// Invariants:
//   INV-FUSION-1  Rows come best score first, equal scores by ascending primary key, each key once.
//   INV-FUSION-2  Scores are 32-bit throughout, as Milvus computes them, so that ties are the same.
// Which way scores point: see Fusion::larger_is_better. Threads: pure; a Fusion may be shared.
#pragma once

#include "roles/read.h"

#include <cstdint>
#include <string>
#include <vector>

namespace elanus::reduce {

enum class FusionKind : uint8_t { kRrf, kWeighted, kMax, kSum, kAverage };

struct FusionRule {
    FusionKind kind = FusionKind::kRrf;
    double rrf_k = 60;           // kRrf: a row at rank r, from 1, gets 1 / (rrf_k + r)
    std::vector<float> weights;  // kWeighted: one a list
    bool normalize = false;      // scores are mapped to 0..1 by their metric first
    // The result points up whatever the metrics are: distances are turned into similarities even
    // where all lists are distances.
    bool points_up = false;
};

// The hits [begin, end) of one query in one list.
struct ListView {
    const roles::SearchResponse* list = nullptr;
    size_t begin = 0;
    size_t end = 0;
};
// The views of query `q`, given where each list's hits of it begin; moves these on.
std::vector<ListView> ViewsOf(const std::vector<const roles::SearchResponse*>& lists, uint32_t q,
                              std::vector<size_t>* begins);

struct FusedRow {
    uint32_t list = 0;    // the first list that has the row
    uint32_t hit = 0;     // its position there, in the list's flat hits
    uint32_t number = 0;  // order of first sight: the index into contributions
    float score = 0;
};

// What one list did for one row.
struct Contribution {
    uint32_t list = 0;
    uint32_t rank = 0;  // from 1
    float score = 0;    // as the list has it
    float share = 0;    // what went into the row's score
};
using Contributions = std::vector<std::vector<Contribution>>;  // by FusedRow::number

class Fusion {
  public:
    // `metrics`: of each list.
    Fusion(FusionRule rule, const std::vector<vindex::Metric>& metrics);

    // False only where all lists are distances that were not turned: the smallest is the best.
    bool larger_is_better() const { return larger_is_better_; }
    // `contributions` may be null.
    std::vector<FusedRow> Fuse(const std::vector<ListView>& lists,
                               Contributions* contributions) const;

  private:
    enum class Mapping : uint8_t { kNone, kDistance, kCosine, kInnerProduct, kBm25 };
    static Mapping MappingOf(vindex::Metric metric, bool normalize);
    static float Map(Mapping mapping, float score);
    float ShareOf(size_t list, uint32_t rank, float score) const;

    const FusionRule rule_;
    std::vector<Mapping> mappings_;
    bool larger_is_better_ = true;
};

// Puts rows in order by INV-FUSION-1, where `lists` are those that the rows point into.
void OrderRows(const std::vector<const roles::SearchResponse*>& lists, bool larger_is_better,
               std::vector<FusedRow>* rows);

// Each query's hits of a list best first, equal scores by primary key; group keys go along.
void SortHits(vindex::Metric metric, roles::SearchResponse* hits);

// Rows by groups: at most `size` of each, groups by their score, equal scores by their best row.
enum class GroupScorer : uint8_t { kMax, kSum, kAverage };
struct RowGroups {
    size_t size = 1;
    GroupScorer scorer = GroupScorer::kMax;
};
// The groups [offset, offset + limit) of rows that are in order, one after the other, each group's
// rows in order. `keys` holds the group of each row.
std::vector<FusedRow> TakeGroups(const std::vector<FusedRow>& rows,
                                 const std::vector<std::string>& keys, const RowGroups& rule,
                                 bool larger_is_better, size_t offset, size_t limit);

}  // namespace elanus::reduce
