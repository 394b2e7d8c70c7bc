// Buffer: immutable bytes with shared ownership. A view into a request, a file mapping or a string
// all look the same, so columns move through the system without being copied.
// Threads: a value; the bytes never change while a Buffer refers to them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace elanus::base {

class Buffer {
  public:
    Buffer() = default;
    // Views `size` bytes at `data`, which live as long as `owner`.
    Buffer(const void* data, size_t size, std::shared_ptr<const void> owner)
        : data_(static_cast<const uint8_t*>(data)), size_(size), owner_(std::move(owner)) {}

    static Buffer FromString(std::string bytes) {
        auto owner = std::make_shared<const std::string>(std::move(bytes));
        return Buffer(owner->data(), owner->size(), owner);
    }
    template <typename T>
    static Buffer FromVector(std::vector<T> values) {
        static_assert(std::is_trivially_copyable_v<T>);
        auto owner = std::make_shared<const std::vector<T>>(std::move(values));
        return Buffer(owner->data(), owner->size() * sizeof(T), owner);
    }

    const uint8_t* data() const { return data_; }
    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    std::string_view view() const { return {reinterpret_cast<const char*>(data_), size_}; }
    // The bytes as values of T. The data must be aligned for T: owners that decode foreign bytes
    // copy when they are not.
    template <typename T>
    std::span<const T> As() const {
        return {reinterpret_cast<const T*>(data_), size_ / sizeof(T)};
    }
    Buffer Slice(size_t offset, size_t size) const { return Buffer(data_ + offset, size, owner_); }

    bool operator==(const Buffer& other) const { return view() == other.view(); }

  private:
    const uint8_t* data_ = nullptr;
    size_t size_ = 0;
    std::shared_ptr<const void> owner_;
};

}  // namespace elanus::base
