// SegmentSearch: the hits of one segment for a search, in the order that all parts share: score,
// then primary key.
//
// A segment orders equal scores by row, so the k best of it may hold the wrong ones of several
// equal hits. The search is therefore widened until the hits of the last score are all there, and
// they are taken by primary key; without it, pages of one list would overlap. A grouped search is
// widened until enough groups are found, or all rows have been seen; rows of groups that are full
// are left out of it, so that a large group does not stand before the small ones.
//
// With the hint iterative_filter the nearest rows are searched for without the filter, which then
// looks at those alone; the search is widened until enough of them pass. It pays where a filter
// costs much for each row and lets many pass. When it would take more than an eighth of the rows,
// all of them are filtered as without the hint.
// Internal to the module. Threads: belongs to one read.
#pragma once

#include "reduce/segment_loop.h"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace elanus::reduce {

class SegmentSearch {
  public:
    // Both outlive it. `k`: hits of each query, or groups.
    SegmentSearch(const segment::Segment& segment, const roles::SearchRequest& request, uint32_t k)
        : segment_(segment), request_(request), k_(k) {}

    base::Result<roles::SearchResponse> Run(const segment::ReadOptions& options);

  private:
    // The hits of one query in their order, as far as it is known.
    struct Ordered {
        std::vector<base::RowOffset> rows;
        std::vector<float> scores;
        schema::PrimaryKeys keys;        // when somebody looks at them: groups, a place with a key
        std::vector<uint32_t> elements;  // of hits that are elements

        void Reserve(size_t hits) {
            rows.reserve(hits);
            scores.reserve(hits);
        }
        uint32_t ElementAt(size_t i) const { return elements.empty() ? 0 : elements[i]; }
        template <typename Hits>  // Ordered or segment::QueryHits
        void Append(const Hits& from, size_t i) {
            rows.push_back(from.rows[i]);
            scores.push_back(from.scores[i]);
            if (!from.elements.empty()) {
                elements.push_back(from.elements[i]);
            }
        }
    };

    base::Status SearchAll(const segment::ReadOptions& options);
    // Whether the filter is to look at the nearest rows alone.
    bool FiltersHits(const segment::ReadOptions& options) const;
    // Leaves pending what needs more rows than such a search should look at.
    base::Status SearchThenFilter(const segment::ReadOptions& options);
    base::Status FilterRound(const segment::ReadOptions& options, uint64_t width);
    base::Status SearchRound(const segment::ReadOptions& options, uint64_t width, bool first);
    // The groups of the rows that may be hits.
    struct RowGroups {
        std::vector<uint32_t> numbers;  // by row
        std::unordered_map<std::string, uint32_t> by_key;
    };
    // Groups that take no more hits, with the hits they have.
    struct FullGroups {
        std::unordered_set<std::string> keys;
        Ordered hits;
    };
    base::Result<RowGroups> NumberGroups(const segment::ReadOptions& options) const;
    base::Status SearchPastFullGroups(uint32_t query, const RowGroups& groups,
                                      const segment::ReadOptions& options);
    void AddFullGroups(uint32_t query, FullGroups* full) const;
    base::Bitmap RowsOutside(const FullGroups& full, const RowGroups& groups) const;
    // `hits` and the hits of full groups as far as `hits` reaches; all of them unless it is cut.
    Ordered Join(Ordered hits, const FullGroups& full, bool cut) const;
    base::Result<bool> SearchRows(uint32_t query, const base::Bitmap& rows, uint64_t width,
                                  const FullGroups& full, const segment::ReadOptions& options);
    segment::VectorQuery QueryOf(uint64_t width);
    // Of a search for elements: those that the request's filter lets be hits; null = all.
    const expr::ElementMatch* ElementFilter() const;
    // The range of scores behind the request's place; false: there is none.
    bool NarrowRange(segment::VectorQuery* query) const;
    bool IsBehindPlace(const Ordered& hits, size_t i) const;
    Ordered Order(const segment::QueryHits& hits, bool cut) const;
    void SortEqualScores(Ordered* hits) const;
    // Whether the hits are enough; then they are kept. `cut`: the segment may have more.
    bool AcceptHits(uint32_t query, const Ordered& hits, bool cut);
    base::Result<bool> AcceptGroups(uint32_t query, const Ordered& hits, bool cut);
    uint64_t FirstWidth() const;
    // No segment has more hits than that; of elements any number.
    uint64_t HitsMax() const;
    // The matching rows; with wanted groups only those in one of them.
    base::Status FindRows(const segment::ReadOptions& options);
    base::Status DropUnwanted(const segment::ReadOptions& options, base::Bitmap* rows) const;
    roles::SearchResponse Answer();

    const segment::Segment& segment_;
    const roles::SearchRequest& request_;
    const uint32_t k_;
    std::vector<uint32_t> pending_;                     // queries that lack hits
    std::vector<Ordered> kept_;                         // one a query
    std::vector<std::vector<std::string>> group_keys_;  // of the hits kept
    std::optional<base::Bitmap> rows_;  // that may be hits; once they were looked up
    schema::ColumnBatch subset_;        // the pending queries
    roles::ReadCounters counters_;
};

}  // namespace elanus::reduce
