// JSON: a document tree for REST bodies and settings, a validator for stored JSON columns, and a
// scanner that picks one value out of raw text for filters.
//
// Why our own: filters read millions of stored documents and want one value of each without
// building a tree; stored integers must stay integers (int64, uint64) and errors must name a
// position. With the grammar this small a library would only add its exceptions and its types to
// hide. Invariants:
//   INV-JSON-1  Text that passed Validate() parses, and Find() agrees with Parse() on it.
//   INV-JSON-2  Find() and ArrayCursor never read outside the text they were given, whatever it is.
// Limits: nesting and size are bounded by Limits; NaN, infinities and invalid UTF-8 are refused.
// Threads: values and pure functions.
#pragma once

#include "base/status.h"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace elanus::json {

struct Limits {
    int depth_max = 128;
    size_t bytes_max = size_t{64} << 20;
};

// One JSON value. Objects keep the order of their keys; a repeated key keeps its first value on
// lookup. An integer that fits neither int64 nor uint64 is a double.
class Value {
  public:
    using Array = std::vector<Value>;
    using Member = std::pair<std::string, Value>;
    using Object = std::vector<Member>;

    Value() = default;                   // null
    Value(std::nullptr_t) {}             // NOLINT
    Value(bool value) : data_(value) {}  // NOLINT
    template <std::signed_integral T>
    Value(T value) : data_(static_cast<int64_t>(value)) {}  // NOLINT
    template <std::unsigned_integral T>
    Value(T value) {  // NOLINT
        if (static_cast<uint64_t>(value) <= static_cast<uint64_t>(INT64_MAX)) {
            data_ = static_cast<int64_t>(value);
        } else {
            data_ = static_cast<uint64_t>(value);
        }
    }
    Value(double value) : data_(value) {}                         // NOLINT
    Value(const char* value) : data_(std::string(value)) {}       // NOLINT
    Value(std::string_view value) : data_(std::string(value)) {}  // NOLINT
    Value(std::string value) : data_(std::move(value)) {}         // NOLINT
    Value(Array value) : data_(std::move(value)) {}               // NOLINT
    Value(Object value) : data_(std::move(value)) {}              // NOLINT

    bool is_null() const { return data_.index() == 0; }
    bool is_bool() const { return data_.index() == 1; }
    bool is_int64() const { return data_.index() == 2; }
    bool is_uint64() const { return data_.index() == 3; }  // only above INT64_MAX
    bool is_integer() const { return is_int64() || is_uint64(); }
    bool is_double() const { return data_.index() == 4; }
    bool is_number() const { return is_integer() || is_double(); }
    bool is_string() const { return data_.index() == 5; }
    bool is_array() const { return data_.index() == 6; }
    bool is_object() const { return data_.index() == 7; }

    // The value when it has that type; nullptr otherwise.
    const bool* bool_if() const { return std::get_if<bool>(&data_); }
    const int64_t* int64_if() const { return std::get_if<int64_t>(&data_); }
    const uint64_t* uint64_if() const { return std::get_if<uint64_t>(&data_); }
    const double* double_if() const { return std::get_if<double>(&data_); }
    const std::string* string_if() const { return std::get_if<std::string>(&data_); }
    const Array* array_if() const { return std::get_if<Array>(&data_); }
    const Object* object_if() const { return std::get_if<Object>(&data_); }
    Array* array_if() { return std::get_if<Array>(&data_); }
    Object* object_if() { return std::get_if<Object>(&data_); }
    // Any number as double; 0 when it is none.
    double AsDouble() const;

    // Object member by key; nullptr when absent or when this is no object.
    const Value* Find(std::string_view key) const;
    // Appends a member (this becomes an object if it is null). Does not look for an equal key.
    Value& Add(std::string key, Value value);
    // Appends an element (this becomes an array if it is null).
    Value& Append(Value value);

    bool operator==(const Value& other) const = default;

  private:
    std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string, Array, Object> data_;
};

// InvalidParameter with the byte position when the text is not exactly one JSON value.
base::Result<Value> Parse(std::string_view text, const Limits& limits = {});
// Compact text. Doubles are written with the fewest digits that read back the same and always look
// like doubles; NaN and infinities, which JSON lacks, become null.
std::string Write(const Value& value);
// Appends `text` as a JSON string with quotes.
void WriteString(std::string_view text, std::string* out);
// Checks text without building a tree: what an insert runs on every JSON value.
base::Status Validate(std::string_view text, bool must_be_object, const Limits& limits = {});

// Where a value sits inside a document. A step that consists of digits also selects an array
// element, as in a JSON pointer.
class Path {
  public:
    struct Step {
        std::string key;
        int64_t index = -1;  // >= 0 when the key is a canonical number
        bool operator==(const Step&) const = default;
    };

    Path() = default;
    explicit Path(const std::vector<std::string>& keys);
    // "/a/b/0" with ~0 and ~1 escapes; "" is the whole document.
    static base::Result<Path> FromPointer(std::string_view pointer);

    const std::vector<Step>& steps() const { return steps_; }
    bool empty() const { return steps_.empty(); }
    std::string ToPointer() const;
    bool operator==(const Path&) const = default;

  private:
    std::vector<Step> steps_;
};

// One value found in raw text.
struct Scalar {
    enum class Kind : uint8_t {
        kMissing,
        kNull,
        kBool,
        kInt64,
        kUint64,
        kDouble,
        kString,
        kArray,
        kObject,
    };
    Kind kind = Kind::kMissing;
    bool boolean = false;
    int64_t int64 = 0;
    uint64_t uint64 = 0;
    double number = 0;      // kDouble only
    std::string_view text;  // kString: unescaped; kArray, kObject: raw text

    bool is_number() const {
        return kind == Kind::kInt64 || kind == Kind::kUint64 || kind == Kind::kDouble;
    }
    double AsDouble() const;
};

// The value at `path`. Strings with escapes are unescaped into `scratch`, so the result lives until
// the text or `scratch` changes.
Scalar Find(std::string_view document, const Path& path, std::string* scratch);

// Steps through the elements of a raw array (Scalar::text of kind kArray).
class ArrayCursor {
  public:
    explicit ArrayCursor(std::string_view raw_array);
    // False at the end. `element->text` lives until the next call.
    bool Next(Scalar* element);

  private:
    const char* pos_;
    const char* end_;
    std::string scratch_;
};

// Steps through the members of a raw object (Scalar::text of kind kObject), repeated keys included.
class ObjectCursor {
  public:
    explicit ObjectCursor(std::string_view raw_object);
    // False at the end. `key` and `value->text` live until the next call.
    bool Next(std::string_view* key, Scalar* value);
    // After Next() was false: whether the object was read to its closing brace.
    bool at_end() const { return pos_ != end_ && *pos_ == '}'; }

  private:
    const char* pos_;
    const char* end_;
    std::string key_scratch_;
    std::string scratch_;
};

// Number of elements of a raw array.
size_t CountElements(std::string_view raw_array);

// True when two values are equal: numbers by value, arrays by element, objects by key.
bool Equal(const Value& a, const Value& b);

}  // namespace elanus::json
