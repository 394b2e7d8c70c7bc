#include "loadgen/npy_file.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>

namespace elanus::loadgen {
namespace {

using base::InvalidParameter;
using base::Result;
using base::Status;

constexpr std::string_view kMagic("\x93NUMPY", 6);
constexpr size_t kValueBytesMax = size_t{1} << 46;

size_t ValueBytes(NpyType type) {
    switch (type) {
        case NpyType::kFloat16:
            return 2;
        case NpyType::kFloat32:
        case NpyType::kInt32:
            return 4;
        case NpyType::kInt64:
            return 8;
    }
    return 0;
}

std::optional<NpyType> TypeFrom(std::string_view text) {
    constexpr std::pair<std::string_view, NpyType> kTypes[] = {{"<f2", NpyType::kFloat16},
                                                               {"<f4", NpyType::kFloat32},
                                                               {"<i4", NpyType::kInt32},
                                                               {"<i8", NpyType::kInt64}};
    for (const auto& [name, type] : kTypes) {
        if (name == text) {
            return type;
        }
    }
    return std::nullopt;
}

// What follows `'key':` in the header, which is a Python dictionary that NumPy writes itself.
std::string_view After(std::string_view header, std::string_view key) {
    const std::string quoted = "'" + std::string(key) + "':";
    const size_t at = header.find(quoted);
    if (at == header.npos) {
        return {};
    }
    header.remove_prefix(at + quoted.size());
    header.remove_prefix(std::min(header.find_first_not_of(' '), header.size()));
    return header;
}

bool TakeNumber(std::string_view* text, size_t* number) {
    text->remove_prefix(std::min(text->find_first_not_of(' '), text->size()));
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), *number);
    text->remove_prefix(static_cast<size_t>(end - text->data()));
    return error == std::errc();
}

// "(rows, columns)".
bool ParseShape(std::string_view text, size_t* rows, size_t* columns) {
    if (!text.starts_with('(')) {
        return false;
    }
    text.remove_prefix(1);
    if (!TakeNumber(&text, rows) || !text.starts_with(',')) {
        return false;
    }
    text.remove_prefix(1);
    return TakeNumber(&text, columns) && text.starts_with(')');
}

// The header's text; `*end` is where the values begin.
Result<std::string_view> FindHeader(std::string_view bytes, size_t* end) {
    if (!bytes.starts_with(kMagic) || bytes.size() < 12) {
        return InvalidParameter("not a .npy file");
    }
    const auto byte = [&](size_t at) {
        return static_cast<size_t>(static_cast<uint8_t>(bytes[at]));
    };
    const size_t version = byte(6);
    if (version < 1 || version > 3) {
        return InvalidParameter("unknown version " + std::to_string(version));
    }
    const size_t begin = version == 1 ? 10 : 12;
    size_t size = byte(8) | byte(9) << 8;
    if (version > 1) {
        size |= byte(10) << 16 | byte(11) << 24;
    }
    if (size > bytes.size() - begin) {
        return InvalidParameter("the header is cut off");
    }
    *end = begin + size;
    return bytes.substr(begin, size);
}

}  // namespace

float HalfToFloat(uint16_t half) {
    const uint32_t sign = static_cast<uint32_t>(half & 0x8000U) << 16;
    const uint32_t exponent = (half >> 10) & 0x1fU;
    const uint32_t fraction = half & 0x3ffU;
    if (exponent == 0) {  // zero or subnormal
        const float value = std::ldexp(static_cast<float>(fraction), -24);
        return sign != 0 ? -value : value;
    }
    const uint32_t wide = exponent == 31 ? 255 : exponent + 112;
    return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

Result<NpyFile> NpyFile::Open(sys::FileSystem& files, const std::string& path) {
    ASSIGN_OR_RETURN(const auto file, files.Open(path, sys::OpenMode::kRead));
    ASSIGN_OR_RETURN(const base::Buffer bytes, file->Map());
    size_t begin = 0;
    const Result<std::string_view> found = FindHeader(bytes.view(), &begin);
    if (!found.ok()) {
        return found.status().Annotate(path);
    }
    const std::string header(*found);
    const std::string_view descr = After(header, "descr");
    const std::optional<NpyType> type =
        descr.size() > 5 ? TypeFrom(descr.substr(1, 3)) : std::nullopt;
    NpyFile npy;
    if (!type.has_value() || !After(header, "fortran_order").starts_with("False") ||
        !ParseShape(After(header, "shape"), &npy.rows_, &npy.columns_)) {
        return InvalidParameter(path + ": a matrix of f2, f4, i4 or i8 in C order is needed, not " +
                                header.substr(0, header.find('}') + 1));
    }
    npy.type_ = *type;
    const size_t row_bytes_max = kValueBytesMax / std::max<size_t>(npy.rows_, 1);
    const size_t value_bytes = ValueBytes(npy.type_);
    if (npy.columns_ == 0 || npy.columns_ > row_bytes_max / value_bytes ||
        bytes.size() - begin != npy.rows_ * npy.columns_ * value_bytes) {
        return InvalidParameter(path + ": the file's size does not fit its header");
    }
    npy.values_ = bytes.Slice(begin, bytes.size() - begin);
    return npy;
}

void NpyFile::ReadFloats(size_t row, std::span<float> out) const {
    const size_t value_bytes = ValueBytes(type_);
    const uint8_t* from = values_.data() + row * columns_ * value_bytes;
    if (type_ == NpyType::kFloat32) {
        std::memcpy(out.data(), from, columns_ * sizeof(float));
        return;
    }
    for (size_t i = 0; i < columns_; ++i) {
        uint16_t half = 0;
        std::memcpy(&half, from + i * sizeof half, sizeof half);
        out[i] = HalfToFloat(half);
    }
}

int64_t NpyFile::Integer(size_t row, size_t column) const {
    const size_t value_bytes = ValueBytes(type_);
    const uint8_t* from = values_.data() + (row * columns_ + column) * value_bytes;
    if (type_ == NpyType::kInt32) {
        int32_t value = 0;
        std::memcpy(&value, from, sizeof value);
        return value;
    }
    int64_t value = 0;
    std::memcpy(&value, from, sizeof value);
    return value;
}

}  // namespace elanus::loadgen
