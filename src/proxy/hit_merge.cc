#include "proxy/hit_merge.h"

#include <algorithm>
#include <compare>

namespace elanus::proxy {

namespace {

class Merger {
  public:
    Merger(const std::vector<roles::SearchResponse>& shards, bool larger_is_better)
        : shards_(shards), larger_is_better_(larger_is_better), starts_(shards.size(), 0) {}

    // Queries must be taken in order.
    std::vector<HitRef> Take(size_t query, size_t offset, size_t limit) {
        std::vector<HitRef> hits;
        for (size_t shard = 0; shard < shards_.size(); ++shard) {
            const size_t count = shards_[shard].counts[query];
            for (size_t i = 0; i < count; ++i) {
                hits.push_back(
                    {static_cast<uint32_t>(shard), static_cast<uint32_t>(starts_[shard] + i)});
            }
            starts_[shard] += count;
        }
        const auto before = [this](const HitRef& a, const HitRef& b) { return Before(a, b); };
        if (!std::is_sorted(hits.begin(), hits.end(), before)) {
            std::stable_sort(hits.begin(), hits.end(), before);
        }
        DropRepeats(&hits);
        const size_t begin = std::min(offset, hits.size());
        const size_t end = std::min(hits.size(), begin + limit);
        return {hits.begin() + static_cast<ptrdiff_t>(begin),
                hits.begin() + static_cast<ptrdiff_t>(end)};
    }

  private:
    float Score(const HitRef& hit) const { return shards_[hit.shard].scores[hit.position]; }

    int CompareKey(const HitRef& a, const HitRef& b) const {
        return CompareKeys(shards_[a.shard].keys, a.position, shards_[b.shard].keys, b.position);
    }

    bool Before(const HitRef& a, const HitRef& b) const {
        const float score_a = Score(a);
        const float score_b = Score(b);
        if (score_a != score_b) {
            return larger_is_better_ ? score_a > score_b : score_a < score_b;
        }
        return CompareKey(a, b) < 0;
    }

    // A key that was inserted twice keeps its best hit.
    void DropRepeats(std::vector<HitRef>* hits) const {
        std::vector<uint32_t> by_key(hits->size());
        for (uint32_t i = 0; i < by_key.size(); ++i) {
            by_key[i] = i;
        }
        std::sort(by_key.begin(), by_key.end(), [this, hits](uint32_t a, uint32_t b) {
            const int order = CompareKey((*hits)[a], (*hits)[b]);
            return order != 0 ? order < 0 : a < b;
        });
        std::vector<bool> drop(hits->size());
        bool any = false;
        for (size_t i = 1; i < by_key.size(); ++i) {
            if (CompareKey((*hits)[by_key[i - 1]], (*hits)[by_key[i]]) == 0) {
                drop[by_key[i]] = true;
                any = true;
            }
        }
        if (!any) {
            return;
        }
        size_t kept = 0;
        for (size_t i = 0; i < hits->size(); ++i) {
            if (!drop[i]) {
                (*hits)[kept++] = (*hits)[i];
            }
        }
        hits->resize(kept);
    }

    const std::vector<roles::SearchResponse>& shards_;
    const bool larger_is_better_;
    std::vector<size_t> starts_;
};

}  // namespace

int CompareKeys(const schema::PrimaryKeys& a, size_t i, const schema::PrimaryKeys& b, size_t j) {
    if (a.is_string) {
        const int order = a.strings[i].compare(b.strings[j]);
        return order < 0 ? -1 : order > 0 ? 1 : 0;
    }
    return a.ints[i] < b.ints[j] ? -1 : a.ints[i] > b.ints[j] ? 1 : 0;
}

std::vector<std::vector<HitRef>> MergeHits(const std::vector<roles::SearchResponse>& shards,
                                           size_t nq, size_t offset, size_t limit,
                                           bool larger_is_better) {
    Merger merger(shards, larger_is_better);
    std::vector<std::vector<HitRef>> queries;
    queries.reserve(nq);
    for (size_t query = 0; query < nq; ++query) {
        queries.push_back(merger.Take(query, offset, limit));
    }
    return queries;
}

}  // namespace elanus::proxy
