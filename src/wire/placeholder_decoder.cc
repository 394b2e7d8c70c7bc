#include "wire/placeholder_decoder.h"

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

    // The length of what comes next, when it lies within what it is part of.
    bool Length(uint32_t* length) {
        return in_.ReadVarint32(length) &&
               *length <= static_cast<uint32_t>(in_.BytesUntilTotalBytesLimit()) &&
               (in_.BytesUntilLimit() < 0 ||
                *length <= static_cast<uint32_t>(in_.BytesUntilLimit()));
    }

    bool Placeholder() {
        uint32_t length = 0;
        if (!Length(&length)) {
            return false;
        }
        const auto outer = in_.PushLimit(static_cast<int>(length));
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
            case Varint(2):
                if (!in_.ReadVarint64(&number)) {
                    return false;
                }
                placeholders_.type = static_cast<int32_t>(number);
                return true;
            case Bytes(3):
                return Vector();
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

    bool Vector() {
        uint32_t length = 0;
        if (!Length(&length)) {
            return false;
        }
        const auto begin = static_cast<size_t>(in_.CurrentPosition());
        placeholders_.values.emplace_back(owner_->data() + begin, length, owner_);
        return in_.Skip(static_cast<int>(length));
    }

    const std::shared_ptr<const std::string> owner_;
    google::protobuf::io::CodedInputStream in_;
    proxy::Placeholders placeholders_;
};

}  // namespace

Result<proxy::Placeholders> DecodePlaceholders(std::string bytes) {
    return Decoder(std::move(bytes)).Group();
}

}  // namespace elanus::wire
