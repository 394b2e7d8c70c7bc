#include "postings/document_order.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <span>

namespace elanus::postings {
namespace {

constexpr size_t kPartMin = 32;  // smaller ones are not parted further
constexpr int kRoundsMax = 12;
// A round that exchanges a smaller share of the documents is the last.
constexpr size_t kExchangedShare = 256;
// Parts of fewer documents are not worth a task of their own.
constexpr size_t kTaskMin = 8192;

class Bisection {
  public:
    Bisection(sys::Executor* executor, const std::function<base::Status()>& interrupt)
        : executor_(executor), interrupt_(interrupt) {
        logs_.resize(4096);
        for (size_t i = 0; i < logs_.size(); ++i) {
            logs_[i] = std::log2(static_cast<float>(i + 1));
        }
    }

    // Writes the numbers of the part's documents, in their order, to `out`.
    void Order(TermsOfDocuments part, uint32_t* out) {
        if (stopped_.load(std::memory_order_relaxed)) {
            return;
        }
        if (part.documents.size() < 2 * kPartMin || part.terms.empty()) {
            std::copy(part.documents.begin(), part.documents.end(), out);
            return;
        }
        const base::Status go_on = interrupt_ ? interrupt_() : base::Status();
        if (!go_on.ok()) {
            Stop(go_on);
            return;
        }
        const size_t half = part.documents.size() / 2;
        std::vector<TermsOfDocuments> halves(2);
        Split(part, half, &halves);
        const bool parallel = executor_ != nullptr && half >= kTaskMin;
        part = TermsOfDocuments();
        const auto order_half = [&](size_t i) {
            Order(std::move(halves[i]), i == 0 ? out : out + half);
        };
        if (parallel) {
            executor_->ParallelFor(2, order_half);
        } else {
            order_half(0);
            order_half(1);
        }
    }

    base::Status status() const { return status_; }

  private:
    void Stop(const base::Status& status) {
        if (!stopped_.exchange(true)) {
            status_ = status;
        }
    }

    float Log(uint32_t n) const {
        return n < logs_.size() ? logs_[n] : std::log2(static_cast<float>(n + 1));
    }

    // Exchanges documents between the first `half` of places and the others until few move.
    void Split(const TermsOfDocuments& part, size_t half, std::vector<TermsOfDocuments>* halves) {
        const size_t n = part.documents.size();
        std::vector<uint32_t> places(n);  // which document stands where
        std::iota(places.begin(), places.end(), 0u);
        std::vector<uint8_t> is_right(n);
        std::fill(is_right.begin() + static_cast<ptrdiff_t>(half), is_right.end(), uint8_t{1});
        std::vector<uint32_t> degrees[2];
        degrees[0].resize(part.term_count);
        degrees[1].resize(part.term_count);
        for (size_t i = 0; i < n; ++i) {
            for (uint64_t t = part.starts[i]; t < part.starts[i + 1]; ++t) {
                ++degrees[is_right[i]][part.terms[t]];
            }
        }
        std::vector<float> pulls(part.term_count);
        std::vector<float> pull_of(n);
        for (int round = 0; round < kRoundsMax; ++round) {
            for (size_t t = 0; t < pulls.size(); ++t) {
                pulls[t] = Log(degrees[1][t]) - Log(degrees[0][t]);
            }
            for (size_t i = 0; i < n; ++i) {
                float pull = 0;
                for (uint64_t t = part.starts[i]; t < part.starts[i + 1]; ++t) {
                    pull += pulls[part.terms[t]];
                }
                pull_of[i] = pull;
            }
            if (Exchange(part, half, pull_of, &places, &is_right, degrees) * kExchangedShare < n) {
                break;
            }
        }
        // What stands in a half keeps the order it came in.
        std::sort(places.begin(), places.begin() + static_cast<ptrdiff_t>(half));
        std::sort(places.begin() + static_cast<ptrdiff_t>(half), places.end());
        const std::span<const uint32_t> all(places);
        (*halves)[0] = Extract(part, all.first(half), degrees[0]);
        (*halves)[1] = Extract(part, all.subspan(half), degrees[1]);
    }

    // The documents that are pulled least to the right become the left half; returns how many
    // changed sides.
    static size_t Exchange(const TermsOfDocuments& part, size_t half,
                           const std::vector<float>& pull_of, std::vector<uint32_t>* places,
                           std::vector<uint8_t>* is_right, std::vector<uint32_t>* degrees) {
        std::nth_element(places->begin(), places->begin() + static_cast<ptrdiff_t>(half),
                         places->end(), [&](uint32_t a, uint32_t b) {
                             return pull_of[a] != pull_of[b] ? pull_of[a] < pull_of[b] : a < b;
                         });
        size_t changed = 0;
        for (size_t place = 0; place < places->size(); ++place) {
            const uint32_t i = (*places)[place];
            const uint8_t right = place >= half ? 1 : 0;
            if ((*is_right)[i] == right) {
                continue;
            }
            (*is_right)[i] = right;
            ++changed;
            for (uint64_t t = part.starts[i]; t < part.starts[i + 1]; ++t) {
                ++degrees[right][part.terms[t]];
                --degrees[1 - right][part.terms[t]];
            }
        }
        return changed;
    }

    static TermsOfDocuments Extract(const TermsOfDocuments& part, std::span<const uint32_t> chosen,
                                    const std::vector<uint32_t>& degrees) {
        constexpr uint32_t kDropped = ~uint32_t{0};
        std::vector<uint32_t> renamed(part.term_count, kDropped);
        TermsOfDocuments half;
        for (size_t t = 0; t < degrees.size(); ++t) {
            // A term that all have pulls nobody.
            if (degrees[t] > 1 && degrees[t] < chosen.size()) {
                renamed[t] = half.term_count++;
            }
        }
        half.documents.reserve(chosen.size());
        half.starts.reserve(chosen.size() + 1);
        half.starts.push_back(0);
        for (const uint32_t i : chosen) {
            half.documents.push_back(part.documents[i]);
            for (uint64_t t = part.starts[i]; t < part.starts[i + 1]; ++t) {
                if (renamed[part.terms[t]] != kDropped) {
                    half.terms.push_back(renamed[part.terms[t]]);
                }
            }
            half.starts.push_back(half.terms.size());
        }
        return half;
    }

    sys::Executor* const executor_;
    const std::function<base::Status()>& interrupt_;
    std::vector<float> logs_;  // log2(n + 1)
    std::atomic<bool> stopped_{false};
    base::Status status_;
};

}  // namespace

base::Result<std::vector<uint32_t>> DocumentOrder(TermsOfDocuments input, sys::Executor* executor,
                                                  const std::function<base::Status()>& interrupt) {
    std::vector<uint32_t> order(input.documents.size());
    Bisection bisection(executor, interrupt);
    bisection.Order(std::move(input), order.data());
    RETURN_IF_ERROR(bisection.status());
    return order;
}

}  // namespace elanus::postings
