#include "geometry/wkb.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace elanus::geometry {

namespace {

constexpr int kNestingMax = 32;

constexpr std::string_view kTypeNames[] = {
    "",           "POINT",           "LINESTRING",   "POLYGON",
    "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION"};

class Scanner {
  public:
    // Writes the text to `text` unless that is null.
    Scanner(std::string_view bytes, std::string* text) : rest_(bytes), text_(text) {}

    bool done() const { return rest_.empty(); }

    // `named`: the type's word stands in front, as everywhere but inside the multi forms.
    bool Geometry(int depth, bool named, WkbShape* shape) {
        uint32_t code = 0;
        if (depth > kNestingMax || !ByteOrder() || !Read(&code) || !ReadType(code, &shape->type)) {
            return false;
        }
        if (named) {
            WriteName(shape->type);
        }
        switch (shape->type) {
            case 1:
                return Point(named, &shape->box);
            case 2:
                return PointList(&shape->box);
            case 3:
                return Rings(&shape->box);
            default:
                return Members(shape->type, depth, &shape->box);
        }
    }

  private:
    bool ByteOrder() {
        if (rest_.empty() || static_cast<uint8_t>(rest_[0]) > 1) {
            return false;
        }
        swap_ = (rest_[0] == 1) != (std::endian::native == std::endian::little);
        rest_.remove_prefix(1);
        return true;
    }

    bool ReadType(uint32_t code, int* type) {
        constexpr uint32_t kHasZ = 0x80000000;
        constexpr uint32_t kHasM = 0x40000000;
        constexpr uint32_t kHasSrid = 0x20000000;
        uint32_t srid = 0;
        if ((code & kHasSrid) != 0 && !Read(&srid)) {
            return false;
        }
        has_z_ = (code & kHasZ) != 0;
        has_m_ = (code & kHasM) != 0;
        code &= ~(kHasZ | kHasM | kHasSrid);
        const uint32_t flavor = code / 1000;
        has_z_ |= flavor == 1 || flavor == 3;
        has_m_ |= flavor == 2 || flavor == 3;
        dimensions_ = 2 + (has_z_ ? 1 : 0) + (has_m_ ? 1 : 0);
        *type = static_cast<int>(code % 1000);
        return flavor <= 3 && *type >= 1 && *type <= 7;
    }

    // A point of NaN is the empty one.
    bool Point(bool named, Box* box) {
        if (rest_.size() < dimensions_ * sizeof(double)) {
            return false;
        }
        if (std::isnan(Coordinate(0)) && std::isnan(Coordinate(1))) {
            Write("EMPTY");
            rest_.remove_prefix(dimensions_ * sizeof(double));
            return true;
        }
        Write(named ? "(" : "");
        Position(box);
        Write(named ? ")" : "");
        return true;
    }

    bool PointList(Box* box) {
        uint32_t count = 0;
        if (!Read(&count) || count > rest_.size() / (dimensions_ * sizeof(double))) {
            return false;
        }
        for (uint32_t i = 0; i < count; ++i) {
            Write(i == 0 ? "(" : ", ");
            Position(box);
        }
        Write(count == 0 ? "EMPTY" : ")");
        return true;
    }

    bool Rings(Box* box) {
        uint32_t count = 0;
        if (!Read(&count)) {
            return false;
        }
        for (uint32_t i = 0; i < count; ++i) {  // each takes at least four bytes
            Write(i == 0 ? "(" : ", ");
            if (!PointList(box)) {
                return false;
            }
        }
        Write(count == 0 ? "EMPTY" : ")");
        return true;
    }

    bool Members(int type, int depth, Box* box) {
        constexpr int kCollection = 7;
        uint32_t count = 0;
        if (!Read(&count)) {
            return false;
        }
        for (uint32_t i = 0; i < count; ++i) {
            Write(i == 0 ? "(" : ", ");
            WkbShape member;
            if (!Geometry(depth + 1, type == kCollection, &member) ||
                (type != kCollection && member.type != type - 3)) {
                return false;
            }
            if (!member.box.empty) {
                box->Include(member.box.x_min, member.box.y_min);
                box->Include(member.box.x_max, member.box.y_max);
            }
        }
        Write(count == 0 ? "EMPTY" : ")");
        return true;
    }

    // The caller made sure that the bytes are there.
    void Position(Box* box) {
        const double x = Coordinate(0);
        const double y = Coordinate(1);
        if (!std::isnan(x) && !std::isnan(y)) {
            box->Include(x, y);
        }
        for (size_t i = 0; text_ != nullptr && i < dimensions_; ++i) {
            Write(i == 0 ? "" : " ");
            WriteNumber(Coordinate(i));
        }
        rest_.remove_prefix(dimensions_ * sizeof(double));
    }

    bool Read(uint32_t* value) {
        if (rest_.size() < sizeof *value) {
            return false;
        }
        std::memcpy(value, rest_.data(), sizeof *value);
        *value = swap_ ? __builtin_bswap32(*value) : *value;
        rest_.remove_prefix(sizeof *value);
        return true;
    }
    double Coordinate(size_t i) const {
        uint64_t bits = 0;
        std::memcpy(&bits, rest_.data() + i * sizeof bits, sizeof bits);
        return std::bit_cast<double>(swap_ ? __builtin_bswap64(bits) : bits);
    }

    void Write(std::string_view words) {
        if (text_ != nullptr) {
            *text_ += words;
        }
    }
    void WriteName(int type) {
        Write(kTypeNames[type]);
        Write(has_z_ ? (has_m_ ? " ZM " : " Z ") : (has_m_ ? " M " : " "));
    }
    void WriteNumber(double value) {
        char digits[512];  // 5e-324 takes the most, 326
        const auto end =
            std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed);
        text_->append(digits, end.ptr);
    }

    std::string_view rest_;
    std::string* text_;
    size_t dimensions_ = 2;
    bool has_z_ = false;
    bool has_m_ = false;
    bool swap_ = false;
};

}  // namespace

void Box::Include(double x, double y) {
    if (empty) {
        *this = Box{false, x, y, x, y};
        return;
    }
    x_min = std::min(x_min, x);
    y_min = std::min(y_min, y);
    x_max = std::max(x_max, x);
    y_max = std::max(y_max, y);
}

bool Box::Meets(const Box& other) const {
    return !empty && !other.empty && x_min <= other.x_max && other.x_min <= x_max &&
           y_min <= other.y_max && other.y_min <= y_max;
}

std::optional<WkbShape> ScanWkb(std::string_view bytes) {
    Scanner scanner(bytes, nullptr);
    WkbShape shape;
    if (!scanner.Geometry(0, true, &shape) || !scanner.done()) {
        return std::nullopt;
    }
    return shape;
}

std::optional<std::string> TextOfWkb(std::string_view bytes) {
    std::string text;
    Scanner scanner(bytes, &text);
    WkbShape shape;
    if (!scanner.Geometry(0, true, &shape) || !scanner.done()) {
        return std::nullopt;
    }
    return text;
}

}  // namespace elanus::geometry
