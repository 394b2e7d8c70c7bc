#include "wire/placeholder_decoder.h"

#include "base/utf8.h"

#include <limits>
#include <memory>
#include <utility>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

namespace elanus::wire {
namespace {

using base::InvalidParameter;
using base::Result;
using google::protobuf::internal::WireFormatLite;

constexpr uint32_t Varint(int field) {
    return WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_VARINT);
}

constexpr uint32_t Bytes(int field) {
    return WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
}

class Decoder {
  public:
    explicit Decoder(std::string bytes)
        : owner_(std::make_shared<const std::string>(std::move(bytes))),
          in_(reinterpret_cast<const uint8_t*>(owner_->data()), static_cast<int>(owner_->size())) {}

    Result<proxy::Placeholders> Group() {
        size_t count = 0;
        while (const uint32_t tag = in_.ReadTag()) {
            const bool is_placeholder = tag == Bytes(1);
            count += is_placeholder ? 1 : 0;
            if (is_placeholder ? !Placeholder() : !WireFormatLite::SkipField(&in_, tag)) {
                return NoMessage();
            }
        }
        if (!in_.ConsumedEntireMessage()) {
            return NoMessage();
        }
        if (count != 1) {
            return InvalidParameter("placeholder_group must hold exactly one placeholder");
        }
        return std::move(placeholders_);
    }

  private:
    static base::Status NoMessage() {
        return InvalidParameter("placeholder_group is not a valid PlaceholderGroup message");
    }

    // The length of what comes next, when it lies within what it is part of. The whole is such a
    // part: a stream over an array is limited to its bytes.
    bool Length(int* length) {
        return in_.ReadVarintSizeAsInt(length) && *length <= in_.BytesUntilLimit();
    }

    bool Placeholder() {
        int length = 0;
        if (!Length(&length)) {
            return false;
        }
        const auto outer = in_.PushLimit(length);
        while (const uint32_t tag = in_.ReadTag()) {
            if (!Field(tag)) {
                return false;
            }
        }
        const bool whole = in_.ConsumedEntireMessage();
        in_.PopLimit(outer);
        return whole;
    }

    bool Field(uint32_t tag) {
        uint64_t number = 0;
        switch (tag) {
            case Bytes(1):
                return Tag();
            case Varint(2):
                if (!in_.ReadVarint64(&number)) {
                    return false;
                }
                placeholders_.type = static_cast<int32_t>(number);
                return true;
            case Bytes(3):
                return View(&placeholders_.values.emplace_back());
            case Varint(4):
                if (!in_.ReadVarint64(&number)) {
                    return false;
                }
                placeholders_.element_level = number != 0;
                return true;
            default:
                return WireFormatLite::SkipField(&in_, tag);
        }
    }

    // The bytes of this field, where they are.
    bool View(base::Buffer* bytes) {
        int length = 0;
        if (!Length(&length)) {
            return false;
        }
        const auto begin = static_cast<size_t>(in_.CurrentPosition());
        *bytes = base::Buffer(owner_->data() + begin, static_cast<size_t>(length), owner_);
        return in_.Skip(length);
    }

    bool Tag() {
        base::Buffer text;
        return View(&text) && base::IsValidUtf8(text.view());
    }

    const std::shared_ptr<const std::string> owner_;
    google::protobuf::io::CodedInputStream in_;
    proxy::Placeholders placeholders_;
};

}  // namespace

Result<proxy::Placeholders> DecodePlaceholders(std::string bytes) {
    if (bytes.size() >= size_t{std::numeric_limits<int>::max()}) {
        return InvalidParameter("placeholder_group is not a valid PlaceholderGroup message");
    }
    return Decoder(std::move(bytes)).Group();
}

}  // namespace elanus::wire
