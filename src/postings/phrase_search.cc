#include "postings/phrase_search.h"

#include "postings/top_rows.h"

#include <algorithm>
#include <cmath>

namespace elanus::postings {

base::Status PhraseSearch::Open(const Index& index, const Phrase& phrase) {
    if (!index.has_positions()) {
        return base::InvalidParameter("phrase search: the index keeps no positions");
    }
    keys_.clear();
    places_.clear();
    slop_ = phrase.slop;
    for (const Phrase::Place& place : phrase.places) {
        const auto found = std::find(keys_.begin(), keys_.end(), place.key);
        places_.push_back({static_cast<uint32_t>(found - keys_.begin()), place.position});
        if (found == keys_.end()) {
            keys_.push_back(place.key);
        }
    }
    positions_.resize(std::max(positions_.size(), keys_.size()));
    used_.resize(keys_.size());
    RETURN_IF_ERROR(documents_.Open(index, keys_));
    exact_ = slop_ == 0 && !places_.empty();
    for (size_t i = 0; i < places_.size(); ++i) {
        for (size_t j = 0; j < i; ++j) {
            exact_ = exact_ && (places_[i].list != places_[j].list ||
                                places_[i].position != places_[j].position);
        }
    }
    // Starts count from the first place; the rarest token is looked at first.
    int64_t least = places_.empty() ? 0 : places_.front().position;
    for (const Place& place : places_) {
        least = std::min(least, place.position);
    }
    for (Place& place : places_) {
        place.position -= least;
    }
    if (exact_ && !documents_.empty()) {
        std::stable_sort(places_.begin(), places_.end(), [&](const Place& a, const Place& b) {
            return documents_.list(a.list).documents() < documents_.list(b.list).documents();
        });
    }
    return base::Status();
}

void PhraseSearch::AtMost(uint32_t* counts) {
    const size_t n = documents_.batch().size();
    std::fill(counts, counts + n, ~uint32_t{0});
    for (size_t i = 0; i < keys_.size(); ++i) {
        BlockList& list = documents_.list(i);
        if (!list.repeated()) {
            std::fill(counts, counts + n, 1u);
            return;
        }
        uint32_t read = ~uint32_t{0};  // the block whose counts are unpacked, for all that share it
        for (size_t d = 0; d < n; ++d) {
            const uint32_t block = documents_.BlockOf(i, d);
            const uint32_t place = documents_.PlaceOf(i, d);
            if (!documents_.dense()) {
                counts[d] = std::min(counts[d], list.CountAt(block, place));
                continue;
            }
            if (block != read) {
                list.ReadCounts(block);
                read = block;
            }
            counts[d] = std::min(counts[d], list.counts()[place]);
        }
    }
}

const std::vector<uint32_t>& PhraseSearch::PositionsOf(size_t list, size_t d) {
    documents_.list(list).ReadPositions(documents_.BlockOf(list, d), documents_.PlaceOf(list, d),
                                        &positions_[list]);
    return positions_[list];
}

void PhraseSearch::ReadPositions(size_t d) {
    for (size_t i = 0; i < keys_.size(); ++i) {
        PositionsOf(i, d);
    }
}

size_t PhraseSearch::ExactStarts(size_t d) {
    size_t n = 0;
    for (size_t p = 0; p < places_.size() && (p == 0 || n > 0); ++p) {
        const std::vector<uint32_t>& positions = PositionsOf(places_[p].list, d);
        const auto offset = static_cast<uint32_t>(places_[p].position);
        if (p == 0) {
            starts_.resize(std::max(starts_.size(), positions.size()));
            for (const uint32_t position : positions) {
                starts_[n] = position - offset;
                n += position >= offset ? 1 : 0;
            }
            continue;
        }
        size_t at = 0;
        size_t kept = 0;
        for (size_t i = 0; i < n; ++i) {
            const uint32_t wanted = starts_[i] + offset;
            while (at < positions.size() && positions[at] < wanted) {
                ++at;
            }
            starts_[kept] = starts_[i];
            kept += at < positions.size() && positions[at] == wanted ? 1 : 0;
        }
        n = kept;
    }
    return n;
}

int64_t PhraseSearch::TryFrom(int64_t start) {
    std::fill(used_.begin(), used_.end(), 0);
    for (const Place& place : places_) {
        const std::vector<uint32_t>& positions = positions_[place.list];
        size_t at = used_[place.list];
        while (at < positions.size() && positions[at] < start + place.position) {
            ++at;
        }
        if (at == positions.size()) {
            return kNone;
        }
        if (positions[at] - place.position > start + slop_) {
            return positions[at] - place.position - slop_;
        }
        used_[place.list] = at + 1;
    }
    return start;
}

bool PhraseSearch::Occurs(size_t d) {
    if (exact_) {
        return ExactStarts(d) > 0;
    }
    ReadPositions(d);
    int64_t start = places_.empty() ? kNone : -places_.back().position;
    while (start != kNone) {
        const int64_t next = TryFrom(start);
        if (next == start) {
            return true;
        }
        start = next;
    }
    return false;
}

uint32_t PhraseSearch::Count(size_t d) {
    if (exact_) {
        return static_cast<uint32_t>(ExactStarts(d));
    }
    ReadPositions(d);
    uint32_t count = 0;
    int64_t start = places_.empty() ? kNone : -places_.back().position;
    while (start != kNone) {
        const int64_t next = TryFrom(start);
        if (next == start) {
            ++count;
            ++start;
        } else {
            start = next;
        }
    }
    return count;
}

namespace {

constexpr double kUnits = double{1 << 30};

PhraseSearch& ThreadPhrase() {
    static thread_local PhraseSearch search;
    return search;
}

// The parts of a batch of documents.
struct BatchParts {
    uint32_t counts[kBlock + 16];
    int32_t parts[kBlock + 16];
};

}  // namespace

base::Status Index::SearchPhrase(const Phrase& phrase, float weight, const SearchOptions& options,
                                 Hits* hits) const {
    RETURN_IF_ERROR(CheckOptions(options));
    if (!(weight > 0) || !std::isfinite(weight)) {
        return base::InvalidParameter("phrase search: the weight is no number above 0");
    }
    static thread_local TopRows top;
    const double unit = double{weight} / kUnits;
    simd::PartTable table = PartsFor(options.scoring);
    table.weight = static_cast<float>(kUnits);
    PhraseSearch& search = ThreadPhrase();
    RETURN_IF_ERROR(search.Open(*this, phrase));
    top.Reset(options.k, 1, unit);
    hits->scored = 0;
    BatchParts most{};
    BatchParts own{};
    for (uint64_t batch = 0; search.NextBatch(); ++batch) {
        if (batch % 64 == 0 && options.interrupt) {
            RETURN_IF_ERROR(options.interrupt());
        }
        const std::span<const uint32_t> documents = search.batch();
        search.AtMost(most.counts);
        kernels().parts(documents.data(), most.counts, documents.size(), table, most.parts);
        for (size_t d = 0; d < documents.size(); ++d) {
            if (most.parts[d] < top.limit() ||
                (options.filter.present() && !options.filter.Test(RowOf(documents[d])))) {
                continue;
            }
            own.counts[0] = search.Count(d);
            if (own.counts[0] == 0) {
                continue;
            }
            ++hits->scored;
            kernels().parts(documents.data() + d, own.counts, 1, table, own.parts);
            const auto score = static_cast<float>(own.parts[0] * unit);
            if (own.parts[0] >= top.limit() &&
                (!options.most.has_value() || score <= *options.most) &&
                (!options.above.has_value() || score > *options.above)) {
                top.Push(score, RowOf(documents[d]));
            }
        }
    }
    if (search.damaged()) {
        return Damaged("a list is damaged");
    }
    hits->rows.clear();
    hits->scores.clear();
    for (const uint64_t key : top.Sorted()) {
        hits->rows.push_back(TopRows::Row(key));
        hits->scores.push_back(TopRows::Score(key));
    }
    return base::Status();
}

base::Result<base::Bitmap> Index::MatchPhrase(const Phrase& phrase) const {
    base::Bitmap rows(documents());
    PhraseSearch& search = ThreadPhrase();
    RETURN_IF_ERROR(search.Open(*this, phrase));
    while (search.NextBatch()) {
        for (size_t d = 0; d < search.batch().size(); ++d) {
            if (search.Occurs(d)) {
                rows.Set(RowOf(search.batch()[d]));
            }
        }
    }
    return search.damaged() ? base::Result<base::Bitmap>(Damaged("a list is damaged"))
                            : std::move(rows);
}

base::Result<uint64_t> Index::CountPhrase(const Phrase& phrase, base::BitmapView filter) const {
    PhraseSearch& search = ThreadPhrase();
    RETURN_IF_ERROR(search.Open(*this, phrase));
    uint64_t count = 0;
    while (search.NextBatch()) {
        for (size_t d = 0; d < search.batch().size(); ++d) {
            const bool passes = !filter.present() || filter.Test(RowOf(search.batch()[d]));
            count += passes && search.Occurs(d) ? 1 : 0;
        }
    }
    return search.damaged() ? base::Result<uint64_t>(Damaged("a list is damaged")) : count;
}

}  // namespace elanus::postings
