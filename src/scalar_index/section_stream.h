// SectionStream: writes one section of an envelope value by value, through a small buffer.
// Threads: one.
#pragma once

#include "codec/envelope.h"

#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace elanus::scalar_index {

template <typename T>
class SectionStream {
  public:
    SectionStream(codec::EnvelopeWriter& writer, codec::SectionId id) : writer_(writer) {
        static_assert(std::is_trivially_copyable_v<T>);
        buffer_.reserve(kBufferedMax);
        writer_.BeginSection(id);
    }
    SectionStream(const SectionStream&) = delete;
    SectionStream& operator=(const SectionStream&) = delete;
    ~SectionStream() {
        Flush();
        writer_.EndSection();
    }

    void Push(T value) {
        buffer_.push_back(value);
        if (buffer_.size() == kBufferedMax) {
            Flush();
        }
    }
    void Append(std::span<const T> values) {
        Flush();
        writer_.Append({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
    }

  private:
    static constexpr size_t kBufferedMax = 8192;

    void Flush() {
        writer_.Append({reinterpret_cast<const char*>(buffer_.data()), buffer_.size() * sizeof(T)});
        buffer_.clear();
    }

    codec::EnvelopeWriter& writer_;
    std::vector<T> buffer_;
};

}  // namespace elanus::scalar_index
