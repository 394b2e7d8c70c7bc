// Bitmap over 64-bit words; bit i lives in word i / 64 at position i % 64.
//
// Invariant: bits at and past size() in the last word are zero, so Count() and word loops need no
// special case for the tail.
// Threads: a value; no synchronisation.
#pragma once

#include "base/check.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace elanus::base {

class Bitmap {
  public:
    Bitmap() = default;
    explicit Bitmap(size_t size, bool value = false)
        : size_(size), words_((size + 63) / 64, value ? ~uint64_t{0} : 0) {
        ClearTail();
    }

    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    bool Test(size_t i) const { return (words_[i >> 6] >> (i & 63)) & 1; }
    void Set(size_t i) { words_[i >> 6] |= uint64_t{1} << (i & 63); }
    void Reset(size_t i) { words_[i >> 6] &= ~(uint64_t{1} << (i & 63)); }
    void Assign(size_t i, bool value) { value ? Set(i) : Reset(i); }

    std::span<uint64_t> words() { return words_; }
    std::span<const uint64_t> words() const { return words_; }
    // Zeroes the bits past size(); call after writing whole words.
    void ClearTail() {
        if (size_ % 64 != 0) {
            words_.back() &= (uint64_t{1} << (size_ % 64)) - 1;
        }
    }

    // Grows (new bits are `value`) or shrinks.
    void Resize(size_t size, bool value = false) {
        const size_t before = size_;
        words_.resize((size + 63) / 64, value ? ~uint64_t{0} : 0);
        size_ = size;
        if (value && before < size && before % 64 != 0) {
            words_[before >> 6] |= ~uint64_t{0} << (before & 63);
        }
        ClearTail();
    }

    size_t Count() const {
        size_t count = 0;
        for (uint64_t word : words_) {
            count += static_cast<size_t>(std::popcount(word));
        }
        return count;
    }
    bool All() const { return Count() == size_; }
    bool None() const {
        for (uint64_t word : words_) {
            if (word != 0) {
                return false;
            }
        }
        return true;
    }

    void And(const Bitmap& other) {
        Combine(other, [](uint64_t a, uint64_t b) { return a & b; });
    }
    void Or(const Bitmap& other) {
        Combine(other, [](uint64_t a, uint64_t b) { return a | b; });
    }
    void AndNot(const Bitmap& other) {
        Combine(other, [](uint64_t a, uint64_t b) { return a & ~b; });
    }
    void Flip() {
        for (uint64_t& word : words_) {
            word = ~word;
        }
        ClearTail();
    }

    // Calls visit(i) for every set bit, ascending.
    template <typename Visitor>
    void ForEach(Visitor visit) const {
        for (size_t w = 0; w < words_.size(); ++w) {
            for (uint64_t word = words_[w]; word != 0; word &= word - 1) {
                visit(w * 64 + static_cast<size_t>(std::countr_zero(word)));
            }
        }
    }

    bool operator==(const Bitmap& other) const = default;

  private:
    template <typename Op>
    void Combine(const Bitmap& other, Op op) {
        CHECK(size_ == other.size_, "bitmaps of different sizes");
        for (size_t w = 0; w < words_.size(); ++w) {
            words_[w] = op(words_[w], other.words_[w]);
        }
    }

    size_t size_ = 0;
    std::vector<uint64_t> words_;
};

// A read-only view of somebody's bitmap; an absent view (data() == nullptr) means "all set".
class BitmapView {
  public:
    BitmapView() = default;
    BitmapView(const Bitmap& bitmap)  // NOLINT(google-explicit-constructor)
        : words_(bitmap.words().data()), size_(bitmap.size()) {}
    BitmapView(const uint64_t* words, size_t size) : words_(words), size_(size) {}

    bool present() const { return words_ != nullptr; }
    const uint64_t* words() const { return words_; }
    size_t size() const { return size_; }
    bool Test(size_t i) const { return words_ == nullptr || ((words_[i >> 6] >> (i & 63)) & 1); }

  private:
    const uint64_t* words_ = nullptr;
    size_t size_ = 0;
};

}  // namespace elanus::base
