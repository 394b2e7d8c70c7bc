#include "postings/ranked_search.h"

#include <algorithm>
#include <cmath>

namespace elanus::postings {
namespace {

// Sums stay below 2^31: contributions are at most their weights, which add up to this, and each
// may be rounded up.
constexpr double kUnits = double{1 << 30};
// Candidates that one list has named are completed when there are so many.
constexpr size_t kBatch = 256;
// Naming documents in a window; fewer make a larger window.
constexpr double kPostingsPerWindow = 1024;
// The sums of a window are swept when at least one in so many documents is named, else those that
// were touched are noted.
constexpr double kSweepShare = 64;
constexpr size_t kTermsMax = 1 << 20;

bool Counts(const WeightedTerm& term) {
    return std::isfinite(term.weight) && term.weight > 0;
}

}  // namespace

base::Status RankedSearch::OpenLists(const Index& index, std::span<const WeightedTerm> terms,
                                     const SearchOptions& options) {
    index_ = &index;
    options_ = &options;
    missing_ = 0;
    scored_ = 0;
    candidates_ = 0;
    lists_.clear();
    RETURN_IF_ERROR(CheckOptions(options));
    if (terms.size() > kTermsMax) {
        return base::InvalidParameter("full text search: too many terms");
    }
    double total = 0;
    for (const WeightedTerm& term : terms) {
        total += Counts(term) ? double{term.weight} : 0;
    }
    unit_ = total > 0 ? total / kUnits : 1;
    int32_t floor = 1;
    if (options.above.has_value()) {
        const double least = double{*options.above} / unit_ * (1 - 1e-7);
        floor = static_cast<int32_t>(std::clamp(least, 1.0, 2.0 * kUnits - 1));
    }
    top_.Reset(options.k, floor, unit_);
    simd::PartTable table = index.PartsFor(options.scoring);
    for (const WeightedTerm& term : terms) {
        if (!Counts(term)) {
            continue;
        }
        ASSIGN_OR_RETURN(const Term found, index.Find(term.key));
        if (found.documents == 0) {
            ++missing_;
            continue;
        }
        if (lists_.size() == pool_.size()) {
            pool_.push_back(std::make_unique<ScoredList>());
        }
        ScoredList* list = pool_[lists_.size()].get();
        table.weight = static_cast<float>(double{term.weight} / unit_);
        if (!list->Open(index, found, table)) {
            return Damaged("a list is damaged");
        }
        lists_.push_back(list);
    }
    const size_t room = kWindowMax + kBlock + 16;
    if (sums_.size() < room) {
        sums_.resize(room);
        touched_.resize(room);
        docs_.resize(room);
        found_.resize(room);
        reachable_.resize(room);
    }
    return base::Status();
}

base::Status RankedSearch::Finish(Hits* hits) {
    for (const ScoredList* list : lists_) {
        if (list->list().damaged()) {
            return Damaged("a list is damaged");
        }
    }
    hits->rows.clear();
    hits->scores.clear();
    for (const uint64_t key : top_.Sorted()) {
        hits->rows.push_back(TopRows::Row(key));
        hits->scores.push_back(TopRows::Score(key));
    }
    hits->scored = scored_;
    return base::Status();
}

base::Status RankedSearch::Any(const Index& index, std::span<const WeightedTerm> terms,
                               const SearchOptions& options, Hits* hits) {
    RETURN_IF_ERROR(OpenLists(index, terms, options));
    window_ = kWindowMin;
    const uint32_t documents = index.documents();
    for (uint32_t begin = 0; begin < documents && !lists_.empty();) {
        if (options.interrupt) {
            RETURN_IF_ERROR(options.interrupt());
        }
        const uint32_t end = begin + std::min(window_, documents - begin);
        SearchWindow(begin, end);
        begin = end;
    }
    return Finish(hits);
}

uint32_t RankedSearch::WindowFor(std::span<ScoredList*> naming) const {
    double postings = 0;
    for (const ScoredList* list : naming) {
        postings += list->list().documents();
    }
    const double documents = kPostingsPerWindow * index_->documents() / std::max(postings, 1.0);
    return std::clamp(static_cast<uint32_t>(std::min(documents, double{kWindowMax})) & ~63u,
                      kWindowMin, kWindowMax);
}

void RankedSearch::SearchWindow(uint32_t begin, uint32_t end) {
    for (ScoredList* list : lists_) {
        list->window_bound = list->BoundIn(begin, end);
    }
    std::sort(lists_.begin(), lists_.end(), [](const ScoredList* a, const ScoredList* b) {
        return a->window_bound < b->window_bound;
    });
    int32_t others = 0;
    size_t asked = 0;
    while (asked < lists_.size() && others + lists_[asked]->window_bound < top_.limit()) {
        others += lists_[asked++]->window_bound;
    }
    const std::span<ScoredList*> all(lists_);
    const std::span<ScoredList*> naming = all.subspan(asked);
    if (naming.empty()) {
        window_ = std::min(window_ * 2, kWindowMax);
        return;
    }
    candidates_ = 0;
    if (naming.size() == 1) {
        PickFromOne(*naming[0], begin, end, others);
    } else {
        AddUp(naming, begin, end, others);
        Complete(all.first(asked), false);
    }
    window_ = WindowFor(naming);
}

void RankedSearch::PickFromOne(ScoredList& list, uint32_t begin, uint32_t end, int32_t others) {
    BlockList& postings = list.list();
    const std::span<ScoredList*> rest(lists_.data(), lists_.size() - 1);
    for (uint32_t block = list.block(); block < postings.blocks(); ++block) {
        const uint32_t first = postings.First(block);
        if (first >= end) {
            break;
        }
        const int32_t limit = std::max(1, top_.limit() - others);
        if (list.BoundOf(block) < limit) {
            continue;
        }
        const int32_t* parts = list.ReadParts(block);
        const size_t from = first < begin ? index_->kernels().rank(postings.docs(), begin) : 0;
        const size_t to = postings.Last(block) >= end ? index_->kernels().rank(postings.docs(), end)
                                                      : postings.size();
        if (from < to) {
            scored_ += to - from;
            candidates_ +=
                index_->kernels().pick(postings.docs() + from, parts + from, to - from, limit,
                                       docs_.data() + candidates_, found_.data() + candidates_);
        }
        if (candidates_ >= kBatch) {
            Complete(rest, false);
        }
    }
    Complete(rest, false);
}

// Adds the list's parts in [begin, end) to the sums. Sparse: the places that had none are noted.
template <bool kSparse>
size_t RankedSearch::AddList(ScoredList& list, uint32_t begin, uint32_t end, int32_t others,
                             size_t touched) {
    BlockList& postings = list.list();
    int32_t* const sums = sums_.data();
    uint32_t* const places = touched_.data();
    for (uint32_t block = list.block(); block < postings.blocks(); ++block) {
        const uint32_t first = postings.First(block);
        if (first >= end) {
            break;
        }
        // A document of this block cannot get there, whatever the other lists add.
        if (list.BoundOf(block) < top_.limit() - others) {
            continue;
        }
        const int32_t* parts = list.ReadParts(block);
        const uint32_t* docs = postings.docs();
        const size_t from = first < begin ? index_->kernels().rank(docs, begin) : 0;
        const size_t to =
            postings.Last(block) >= end ? index_->kernels().rank(docs, end) : postings.size();
        scored_ += to > from ? to - from : 0;
        for (size_t i = from; i < to; ++i) {
            const uint32_t place = docs[i] - begin;
            if constexpr (kSparse) {
                places[touched] = place;
                touched += sums[place] == 0 ? 1 : 0;
            }
            sums[place] += parts[i];
        }
    }
    return touched;
}

void RankedSearch::TakeTouched(size_t touched, uint32_t begin, int32_t limit) {
    sorting_.clear();
    for (size_t i = 0; i < touched; ++i) {
        const uint32_t place = touched_[i];
        const int32_t sum = sums_[place];
        sums_[place] = 0;
        if (sum >= limit) {
            sorting_.push_back(uint64_t{begin + place} << 32 | static_cast<uint32_t>(sum));
        }
    }
    std::sort(sorting_.begin(), sorting_.end());
    candidates_ = sorting_.size();
    for (size_t i = 0; i < candidates_; ++i) {
        docs_[i] = static_cast<uint32_t>(sorting_[i] >> 32);
        found_[i] = static_cast<int32_t>(sorting_[i]);
    }
}

void RankedSearch::AddUp(std::span<ScoredList*> lists, uint32_t begin, uint32_t end,
                         int32_t others) {
    int64_t bounds = others;
    double postings = 0;
    for (const ScoredList* list : lists) {
        bounds += list->window_bound;
        postings += list->list().documents();
    }
    const bool sparse = postings * kSweepShare < index_->documents();
    size_t touched = 0;
    for (ScoredList* list : lists) {
        const auto rest = static_cast<int32_t>(bounds - list->window_bound);
        touched = sparse ? AddList<true>(*list, begin, end, rest, touched)
                         : AddList<false>(*list, begin, end, rest, touched);
    }
    const int32_t limit = std::max(1, top_.limit() - others);
    if (sparse) {
        TakeTouched(touched, begin, limit);
    } else {
        candidates_ = index_->kernels().sweep(sums_.data(), (size_t{end - begin} + 15) / 16 * 16,
                                              begin, limit, docs_.data(), found_.data());
    }
}

void RankedSearch::DropFiltered() {
    size_t kept = 0;
    for (size_t i = 0; i < candidates_; ++i) {
        docs_[kept] = docs_[i];
        found_[kept] = found_[i];
        kept += options_->filter.Test(index_->RowOf(docs_[i])) ? 1 : 0;
    }
    candidates_ = kept;
}

// Drops candidates that the bounds of just the blocks they would be in rule out, the lists that may
// tell most first. `rest`: the window's bounds of all of them.
void RankedSearch::DropHopeless(std::span<ScoredList*> others, int32_t rest) {
    const int32_t limit = top_.limit();
    for (size_t i = 0; i < candidates_; ++i) {
        reachable_[i] = found_[i] + rest;
    }
    for (size_t o = others.size(); o-- > 0 && candidates_ > 0;) {
        ScoredList& list = *others[o];
        const int32_t bound = list.window_bound;
        uint32_t block = list.block();
        size_t kept = 0;
        for (size_t i = 0; i < candidates_; ++i) {
            block = list.list().Seek(block, docs_[i]);
            const int32_t own = block < list.list().blocks() ? list.BoundOf(block) : 0;
            const int32_t reachable = reachable_[i] - bound + own;
            docs_[kept] = docs_[i];
            found_[kept] = found_[i];
            reachable_[kept] = reachable;
            kept += reachable >= limit ? 1 : 0;
        }
        candidates_ = kept;
    }
}

// `rest`: the most that the lists asked later can add.
void RankedSearch::AskList(ScoredList& list, int32_t rest, bool required) {
    const int32_t limit = top_.limit();
    size_t kept = 0;
    uint32_t block = list.block();
    for (size_t i = 0; i < candidates_; ++i) {
        const uint32_t document = docs_[i];
        int32_t sum = found_[i];
        block = list.list().Seek(block, document);
        bool has = false;
        if (block < list.list().blocks() && document >= list.list().First(block)) {
            if (sum + list.BoundOf(block) + rest < limit) {
                continue;
            }
            const int place = list.list().PlaceOf(block, document);
            has = place >= 0;
            if (has) {
                sum += list.PartAt(block, static_cast<uint32_t>(place), document);
                ++scored_;
            }
        }
        if (sum + rest < limit || (required && !has)) {
            continue;
        }
        docs_[kept] = document;
        found_[kept++] = sum;
    }
    list.SetBlock(block);
    candidates_ = kept;
}

void RankedSearch::Complete(std::span<ScoredList*> others, bool required) {
    if (options_->filter.present()) {
        DropFiltered();
    }
    int64_t rest = 0;
    for (const ScoredList* list : others) {
        rest += list->window_bound;
    }
    if (others.size() > 1) {
        DropHopeless(others, static_cast<int32_t>(rest));
    }
    for (size_t i = others.size(); i-- > 0 && candidates_ > 0;) {
        rest -= others[i]->window_bound;
        AskList(*others[i], static_cast<int32_t>(rest), required);
    }
    for (size_t i = 0; i < candidates_; ++i) {
        if (found_[i] < top_.limit()) {
            continue;
        }
        const auto score = static_cast<float>(found_[i] * unit_);
        if ((options_->most.has_value() && score > *options_->most) ||
            (options_->above.has_value() && score <= *options_->above)) {
            continue;
        }
        top_.Push(score, index_->RowOf(docs_[i]));
    }
    candidates_ = 0;
}

base::Status RankedSearch::All(const Index& index, std::span<const WeightedTerm> terms,
                               const SearchOptions& options, Hits* hits) {
    RETURN_IF_ERROR(OpenLists(index, terms, options));
    if (missing_ > 0 || lists_.empty()) {
        lists_.clear();
        return Finish(hits);
    }
    // The rarest last, as it names; the others are asked from the rarest to the most frequent.
    std::sort(lists_.begin(), lists_.end(), [](const ScoredList* a, const ScoredList* b) {
        return a->list().documents() > b->list().documents();
    });
    ScoredList& lead = *lists_.back();
    const std::span<ScoredList*> others(lists_.data(), lists_.size() - 1);
    BlockList& postings = lead.list();
    for (uint32_t block = 0; block < postings.blocks(); ++block) {
        if (block % 64 == 0 && options.interrupt) {
            RETURN_IF_ERROR(options.interrupt());
        }
        int64_t rest = 0;
        bool possible = true;
        for (ScoredList* list : others) {
            list->window_bound = list->BoundIn(postings.First(block), postings.Last(block) + 1);
            rest += list->window_bound;
            possible = possible && list->window_bound > 0;
        }
        if (!possible || lead.BoundOf(block) + rest < top_.limit()) {
            continue;
        }
        const int32_t* parts = lead.ReadParts(block);
        const auto limit = static_cast<int32_t>(std::max<int64_t>(1, top_.limit() - rest));
        scored_ += postings.size();
        candidates_ = index.kernels().pick(postings.docs(), parts, postings.size(), limit,
                                           docs_.data(), found_.data());
        Complete(others, true);
    }
    return Finish(hits);
}

namespace {

RankedSearch& ThreadSearch() {
    static thread_local RankedSearch search;
    return search;
}

}  // namespace

base::Status Index::SearchAny(std::span<const WeightedTerm> terms, const SearchOptions& options,
                              Hits* hits) const {
    return ThreadSearch().Any(*this, terms, options, hits);
}

base::Status Index::SearchAll(std::span<const WeightedTerm> terms, const SearchOptions& options,
                              Hits* hits) const {
    return ThreadSearch().All(*this, terms, options, hits);
}

}  // namespace elanus::postings
