// ReplyWriter: protobuf bytes written by hand, so that columns go into a reply without a message in
// between. Nested messages are written to a string of their own and then appended with their
// length; large arrays are appended in place. Threads: a value.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace elanus::wire {

class ReplyWriter {
  public:
    void Varint(uint32_t field, uint64_t value) {
        if (value != 0) {
            Tag(field, 0);
            Raw(value);
        }
    }
    // Written even when it is zero: a member of a oneof.
    void Present(uint32_t field, uint64_t value) {
        Tag(field, 0);
        Raw(value);
    }
    // Float or double, written even when it is zero.
    void Fixed(uint32_t field, float value) {
        Tag(field, 5);
        Append(&value, sizeof value);
    }
    void Fixed(uint32_t field, double value) {
        Tag(field, 1);
        Append(&value, sizeof value);
    }
    void Signed(uint32_t field, int64_t value) { Varint(field, static_cast<uint64_t>(value)); }
    void Bool(uint32_t field, bool value) { Varint(field, value ? 1 : 0); }
    // Empty strings are left out, as proto3 does.
    void String(uint32_t field, std::string_view value) {
        if (!value.empty()) {
            Bytes(field, value);
        }
    }
    // Written even when empty: an item of a repeated field, or a message that must be present.
    void Bytes(uint32_t field, std::string_view value) {
        Tag(field, 2);
        Raw(value.size());
        out_.append(value);
    }
    void Message(uint32_t field, const ReplyWriter& message) { Bytes(field, message.out_); }
    // The head of a byte string whose `size` bytes the caller appends with Append.
    void BeginBytes(uint32_t field, size_t size) {
        Tag(field, 2);
        Raw(size);
    }
    void Append(const void* data, size_t size) {
        out_.append(static_cast<const char*>(data), size);
    }
    // A packed repeated field of fixed-width little-endian values.
    void PackedFixed(uint32_t field, const void* data, size_t size_bytes) {
        if (size_bytes > 0) {
            BeginBytes(field, size_bytes);
            Append(data, size_bytes);
        }
    }
    template <typename Values>
    void PackedVarints(uint32_t field, const Values& values) {
        ReplyWriter packed;
        for (const auto& value : values) {
            packed.Raw(static_cast<uint64_t>(static_cast<int64_t>(value)));
        }
        if (!packed.out_.empty()) {
            Message(field, packed);
        }
    }
    void Raw(uint64_t value) {
        while (value >= 0x80) {
            out_.push_back(static_cast<char>(value | 0x80));
            value >>= 7;
        }
        out_.push_back(static_cast<char>(value));
    }
    // How many bytes Raw(value) appends.
    static size_t VarintSize(uint64_t value) {
        size_t size = 1;
        for (; value >= 0x80; value >>= 7) {
            ++size;
        }
        return size;
    }
    void Reserve(size_t bytes) { out_.reserve(bytes); }
    std::string Take() { return std::move(out_); }
    size_t size() const { return out_.size(); }

  private:
    void Tag(uint32_t field, uint32_t wire_type) { Raw((field << 3) | wire_type); }

    std::string out_;
};

}  // namespace elanus::wire
