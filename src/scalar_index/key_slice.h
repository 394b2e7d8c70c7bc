// KeySlice: a run of an index's keys whose values are of one type W, ascending: all keys of a
// column, or those of one JSON path and type. W is what the evaluator compares in: int64_t, float,
// double or std::string_view.
// Threads: immutable.
#pragma once

#include "base/buffer.h"
#include "base/status.h"
#include "expr/predicate.h"
#include "scalar_index/row_lists.h"
#include "scalar_index/terms.h"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>

namespace elanus::scalar_index {

template <typename W>
class KeySlice {
  public:
    virtual ~KeySlice() = default;
    virtual KeySpan span() const = 0;
    // The first key of the slice that is not below the value, and the first above it; the slice's
    // end when there is none. The value is no NaN.
    virtual base::Result<uint64_t> LowerBound(const W& value) const = 0;
    virtual base::Result<uint64_t> UpperBound(const W& value) const = 0;
    // Every key of the slice.
    virtual base::Status ForEach(const std::function<void(uint64_t, W)>& visit) const = 0;
};

template <typename T>
class FixedKeys : public KeySlice<expr::internal::WideOf<T>> {
  public:
    using W = expr::internal::WideOf<T>;

    explicit FixedKeys(base::Buffer bytes) : bytes_(std::move(bytes)) {}

    KeySpan span() const override { return {0, bytes_.As<T>().size()}; }
    base::Result<uint64_t> LowerBound(const W& value) const override {
        const auto keys = bytes_.As<T>();
        return static_cast<uint64_t>(
            std::lower_bound(keys.begin(), keys.end(), value,
                             [](T key, const W& wanted) { return W{key} < wanted; }) -
            keys.begin());
    }
    base::Result<uint64_t> UpperBound(const W& value) const override {
        const auto keys = bytes_.As<T>();
        return static_cast<uint64_t>(
            std::upper_bound(keys.begin(), keys.end(), value,
                             [](const W& wanted, T key) { return wanted < W{key}; }) -
            keys.begin());
    }
    base::Status ForEach(const std::function<void(uint64_t, W)>& visit) const override {
        uint64_t i = 0;
        for (const T key : bytes_.As<T>()) {
            visit(i++, W{key});
        }
        return base::Status();
    }
    // Keys must rise; a NaN does not.
    base::Status Verify() const {
        const auto keys = bytes_.As<T>();
        for (size_t i = 0; i < keys.size(); ++i) {
            if (!(i == 0 ? keys[0] == keys[0] : keys[i - 1] < keys[i])) {
                return DamagedIndex("keys do not rise");
            }
        }
        return base::Status();
    }

  private:
    base::Buffer bytes_;
};

// How values of type W are written behind the prefix of their slice, so that bytes order as they
// do. Numbers take eight bytes, the most significant first.
inline void AppendOrdered(double value, std::string* out) {
    auto bits = std::bit_cast<uint64_t>(value + 0.0);  // -0 becomes 0
    bits = (bits >> 63) != 0 ? ~bits : bits | (uint64_t{1} << 63);
    for (int shift = 56; shift >= 0; shift -= 8) {
        out->push_back(static_cast<char>(bits >> shift));
    }
}
inline void AppendOrdered(int64_t boolean, std::string* out) {
    out->push_back(static_cast<char>(boolean != 0));
}
inline void AppendOrdered(std::string_view text, std::string* out) {
    out->append(text);
}

// The terms that start with a prefix; the value is the rest of the term. Only strings can be walked
// over.
template <typename W>
class TermSlice : public KeySlice<W> {
  public:
    static base::Result<TermSlice> Of(const Terms& terms, std::string prefix) {
        TermSlice slice(terms, std::move(prefix));
        slice.span_.end = terms.size();
        if (!slice.prefix_.empty()) {
            ASSIGN_OR_RETURN(slice.span_.begin, terms.LowerBound(slice.prefix_));
            std::string behind;
            if (BehindPrefix(slice.prefix_, &behind)) {
                ASSIGN_OR_RETURN(slice.span_.end, terms.LowerBound(behind));
            }
        }
        return slice;
    }

    KeySpan span() const override { return span_; }
    base::Result<uint64_t> LowerBound(const W& value) const override {
        return terms_->LowerBound(TermOf(value));
    }
    base::Result<uint64_t> UpperBound(const W& value) const override {
        std::string term = TermOf(value);
        term.push_back('\0');  // the least string above
        ASSIGN_OR_RETURN(const uint64_t bound, terms_->LowerBound(term));
        return std::min(bound, span_.end);
    }
    base::Status ForEach(const std::function<void(uint64_t, W)>& visit) const override {
        if constexpr (std::is_same_v<W, std::string_view>) {
            return terms_->ForEach(span_.begin, span_.end, [&](uint64_t i, std::string_view term) {
                if (term.size() >= prefix_.size()) {  // it is, unless the file is damaged
                    visit(i, term.substr(prefix_.size()));
                }
            });
        } else {
            return base::Internal("only strings are walked over");
        }
    }

  private:
    TermSlice(const Terms& terms, std::string prefix)
        : terms_(&terms), prefix_(std::move(prefix)) {}

    std::string TermOf(const W& value) const {
        std::string term = prefix_;
        AppendOrdered(value, &term);
        return term;
    }

    const Terms* terms_;
    std::string prefix_;
    KeySpan span_;
};

}  // namespace elanus::scalar_index
