// Archive: turns plain structs into bytes and back. One format for role calls, log records and
// catalog values.
//
// A struct takes part by naming its fields once:
//
//     struct Point {
//         int64_t x = 0;
//         std::string name;
//         template <typename A> void Visit(A& a) { a(x, name); }
//     };
//     std::string bytes = base::Encode(point);
//     Result<Point> back = base::Decode<Point>(bytes);
//
// Format (docs/formats/archive.md): integers are LEB128 varints (signed ones zig-zag coded), floats
// little-endian, strings and lists a varint count and then the items, a struct the varint byte
// length of its body and then its fields in order. A reader that knows fewer fields skips the rest;
// one that knows more keeps the defaults. So fields are only ever added at the end. Bytes are not
// trusted: every length is checked against what is left, and nesting is bounded. Threads: values
// only.
#pragma once

#include "base/bitmap.h"
#include "base/buffer.h"
#include "base/status.h"

#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace elanus::base {

class Encoder;
class Decoder;

template <typename T>
concept Visitable = requires(T& value, Encoder& encoder) { value.Visit(encoder); };

class Encoder {
  public:
    template <typename... Ts>
    void operator()(const Ts&... values) {
        (Write(values), ...);
    }
    std::string Take() { return std::move(out_); }
    size_t size() const { return out_.size(); }

    void WriteVarint(uint64_t value) {
        while (value >= 0x80) {
            out_.push_back(static_cast<char>(value | 0x80));
            value >>= 7;
        }
        out_.push_back(static_cast<char>(value));
    }
    void WriteBytes(const void* data, size_t size) {
        out_.append(static_cast<const char*>(data), size);
    }

    void Write(bool value) { out_.push_back(value ? 1 : 0); }
    template <std::unsigned_integral T>
    void Write(T value) {
        WriteVarint(value);
    }
    template <std::signed_integral T>
    void Write(T value) {
        const auto wide = static_cast<int64_t>(value);
        WriteVarint((static_cast<uint64_t>(wide) << 1) ^ static_cast<uint64_t>(wide >> 63));
    }
    template <std::floating_point T>
    void Write(T value) {
        WriteBytes(&value, sizeof value);
    }
    template <typename T>
        requires std::is_enum_v<T>
    void Write(T value) {
        Write(static_cast<std::underlying_type_t<T>>(value));
    }
    void Write(const std::string& value) { WriteBlob(value.data(), value.size()); }
    void Write(std::string_view value) { WriteBlob(value.data(), value.size()); }
    void Write(const Buffer& value) { WriteBlob(value.data(), value.size()); }
    void Write(const Bitmap& value) {
        WriteVarint(value.size());
        WriteBytes(value.words().data(), value.words().size_bytes());
    }
    void Write(const Status& value) {
        Write(static_cast<int32_t>(value.code()));
        if (!value.ok()) {
            (*this)(value.reason(), value.retriable(), value.is_input_error());
        }
    }
    template <typename T>
    void Write(const std::vector<T>& values) {
        WriteVarint(values.size());
        if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
            WriteBytes(values.data(), values.size() * sizeof(T));
        } else {
            for (const auto& value : values) {
                Write(static_cast<const T&>(value));
            }
        }
    }
    template <typename K, typename V>
    void Write(const std::map<K, V>& values) {
        WriteVarint(values.size());
        for (const auto& [key, value] : values) {
            (*this)(key, value);
        }
    }
    template <typename A, typename B>
    void Write(const std::pair<A, B>& value) {
        (*this)(value.first, value.second);
    }
    template <typename T>
    void Write(const std::optional<T>& value) {
        Write(value.has_value());
        if (value.has_value()) {
            Write(*value);
        }
    }
    template <typename T>
    void Write(const std::shared_ptr<T>& value) {
        Write(value != nullptr);
        if (value != nullptr) {
            Write(*value);
        }
    }
    template <typename... Ts>
    void Write(const std::variant<Ts...>& value) {
        WriteVarint(value.index());
        std::visit([this](const auto& alternative) { Write(alternative); }, value);
    }
    void Write(std::monostate) {}
    template <Visitable T>
    void Write(const T& value) {
        Encoder body;
        const_cast<T&>(value).Visit(body);  // Visit only reads when the archive is an Encoder
        WriteBlob(body.out_.data(), body.out_.size());
    }

  private:
    void WriteBlob(const void* data, size_t size) {
        WriteVarint(size);
        WriteBytes(data, size);
    }

    std::string out_;
};

// Reads what Encoder wrote. The first problem sticks; later reads leave their targets unchanged.
class Decoder {
  public:
    explicit Decoder(std::string_view bytes, int depth_left = kMaxDepth)
        : pos_(bytes.data()), end_(bytes.data() + bytes.size()), depth_left_(depth_left) {}

    template <typename... Ts>
    void operator()(Ts&... values) {
        (ReadField(values), ...);
    }

    bool ok() const { return !failed_; }
    size_t left() const { return static_cast<size_t>(end_ - pos_); }
    Status status() const {
        return ok() ? Status() : Status::Error(Code::kSerializationFailed, "damaged or cut bytes");
    }

    uint64_t ReadVarint() {
        uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (pos_ == end_) {
                return Fail();
            }
            const auto byte = static_cast<uint8_t>(*pos_++);
            value |= static_cast<uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80) {
                return value;
            }
        }
        return Fail();
    }
    std::string_view ReadBlob() {
        const uint64_t size = ReadVarint();
        return ReadBytes(size);
    }
    std::string_view ReadBytes(uint64_t size) {
        if (failed_ || size > left()) {
            Fail();
            return {};
        }
        std::string_view bytes(pos_, size);
        pos_ += size;
        return bytes;
    }

    void Read(bool& value) {
        const std::string_view byte = ReadBytes(1);
        if (ok()) {
            value = byte[0] != 0;
        }
    }
    template <std::unsigned_integral T>
    void Read(T& value) {
        const uint64_t wide = ReadVarint();
        if (ok()) {
            value = static_cast<T>(wide);
        }
    }
    template <std::signed_integral T>
    void Read(T& value) {
        const uint64_t wide = ReadVarint();
        if (ok()) {
            value =
                static_cast<T>(static_cast<int64_t>(wide >> 1) ^ -static_cast<int64_t>(wide & 1));
        }
    }
    template <std::floating_point T>
    void Read(T& value) {
        const std::string_view bytes = ReadBytes(sizeof value);
        if (ok()) {
            std::memcpy(&value, bytes.data(), sizeof value);
        }
    }
    template <typename T>
        requires std::is_enum_v<T>
    void Read(T& value) {
        std::underlying_type_t<T> raw{};
        Read(raw);
        if (ok()) {
            value = static_cast<T>(raw);
        }
    }
    void Read(std::string& value) {
        const std::string_view bytes = ReadBlob();
        if (ok()) {
            value.assign(bytes);
        }
    }
    void Read(Buffer& value) {
        const std::string_view bytes = ReadBlob();
        if (ok()) {
            value = Buffer::FromString(std::string(bytes));
        }
    }
    void Read(Bitmap& value) {
        const uint64_t size = ReadVarint();
        if (size / 8 > left()) {
            Fail();
            return;
        }
        Bitmap bitmap(size);
        const std::string_view bytes = ReadBytes(bitmap.words().size_bytes());
        if (ok() && size > 0) {
            std::memcpy(bitmap.words().data(), bytes.data(), bytes.size());
            bitmap.ClearTail();
            value = std::move(bitmap);
        }
    }
    void Read(Status& value) {
        int32_t code = 0;
        Read(code);
        if (!ok() || code == 0) {
            return;
        }
        std::string reason;
        bool retriable = false;
        bool is_input_error = false;
        (*this)(reason, retriable, is_input_error);
        if (ok()) {
            value = Status::FromParts(static_cast<Code>(code), std::move(reason), retriable,
                                      is_input_error);
        }
    }
    template <typename T>
    void Read(std::vector<T>& values) {
        const uint64_t count = ReadVarint();
        if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
            if (count > left() / sizeof(T)) {
                Fail();
                return;
            }
            const std::string_view bytes = ReadBytes(count * sizeof(T));
            values.resize(count);
            if (count > 0) {
                std::memcpy(values.data(), bytes.data(), bytes.size());
            }
        } else {
            if (count > left()) {  // an item takes at least one byte
                Fail();
                return;
            }
            values.clear();
            values.reserve(count);
            for (uint64_t i = 0; i < count && ok(); ++i) {
                T value{};
                Read(value);
                values.push_back(std::move(value));
            }
        }
    }
    template <typename K, typename V>
    void Read(std::map<K, V>& values) {
        const uint64_t count = ReadVarint();
        values.clear();
        for (uint64_t i = 0; i < count && ok(); ++i) {
            K key{};
            V value{};
            Read(key);
            Read(value);
            values.emplace(std::move(key), std::move(value));
        }
    }
    template <typename A, typename B>
    void Read(std::pair<A, B>& value) {
        Read(value.first);
        Read(value.second);
    }
    template <typename T>
    void Read(std::optional<T>& value) {
        bool present = false;
        Read(present);
        value.reset();
        if (ok() && present) {
            Read(value.emplace());
        }
    }
    template <typename T>
    void Read(std::shared_ptr<T>& value) {
        bool present = false;
        Read(present);
        value.reset();
        if (ok() && present) {
            auto fresh = std::make_shared<std::remove_const_t<T>>();
            Read(*fresh);
            value = std::move(fresh);
        }
    }
    template <typename... Ts>
    void Read(std::variant<Ts...>& value) {
        const uint64_t index = ReadVarint();
        if (!ok() || index >= sizeof...(Ts)) {
            Fail();
            return;
        }
        ReadAlternative(value, index, std::index_sequence_for<Ts...>{});
    }
    void Read(std::monostate&) {}
    template <Visitable T>
    void Read(T& value) {
        const std::string_view body = ReadBlob();
        if (!ok() || depth_left_ == 0) {
            Fail();
            return;
        }
        Decoder inner(body, depth_left_ - 1);
        value.Visit(inner);
        failed_ = failed_ || inner.failed_;
    }

  private:
    static constexpr int kMaxDepth = 256;

    // A struct that ended early keeps the defaults of the fields it does not carry.
    template <typename T>
    void ReadField(T& value) {
        if (pos_ != end_) {
            Read(value);
        }
    }
    template <typename Variant, size_t... I>
    void ReadAlternative(Variant& value, uint64_t index, std::index_sequence<I...>) {
        ((index == I ? (Read(value.template emplace<I>()), 0) : 0), ...);
    }
    uint64_t Fail() {
        failed_ = true;
        pos_ = end_;
        return 0;
    }

    const char* pos_;
    const char* end_;
    int depth_left_;
    bool failed_ = false;
};

template <Visitable T>
std::string Encode(const T& value) {
    Encoder encoder;
    const_cast<T&>(value).Visit(encoder);  // Visit only reads when the archive is an Encoder
    return encoder.Take();
}

template <Visitable T>
Result<T> Decode(std::string_view bytes) {
    T value{};
    Decoder decoder(bytes);
    value.Visit(decoder);
    RETURN_IF_ERROR(decoder.status());
    return value;
}

}  // namespace elanus::base
