// The query vectors of a search off the wire, beside what protobuf reads of the same bytes.
#include "target.h"
#include "wire/placeholder_decoder.h"

#include <string>

#include <google/protobuf/stubs/logging.h>
#include <proto/common.pb.h>

using namespace elanus;

namespace {

namespace common = ::milvus::proto::common;

std::string GroupOf(common::PlaceholderType type, const std::string& first,
                    const std::string& second) {
    common::PlaceholderGroup group;
    common::PlaceholderValue* placeholder = group.add_placeholders();
    placeholder->set_tag("$0");
    placeholder->set_type(type);
    placeholder->add_values(first);
    placeholder->add_values(second);
    return group.SerializeAsString();
}

}  // namespace

ELANUS_FUZZ_SEEDS {
    return {GroupOf(common::FloatVector, "12345678", "abcdefgh"),
            GroupOf(common::VarChar, "a text", ""), std::string()};
}

ELANUS_FUZZ_TARGET(placeholders) {
    const google::protobuf::LogSilencer silence;
    common::PlaceholderGroup group;
    const bool is_message = group.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) &&
                            group.placeholders_size() == 1;
    const auto decoded = wire::DecodePlaceholders(std::string(bytes));
    // Of what protobuf's parser refuses, only tags of more bytes than one has pass its streams.
    FUZZ_EXPECT(decoded.ok() || !is_message);
    if (!is_message) {
        return;
    }
    const common::PlaceholderValue& value = group.placeholders(0);
    FUZZ_EXPECT(decoded->type == value.type());
    FUZZ_EXPECT(decoded->element_level == value.element_level());
    FUZZ_EXPECT(decoded->values.size() == static_cast<size_t>(value.values_size()));
    for (size_t i = 0; i < decoded->values.size(); ++i) {
        FUZZ_EXPECT(decoded->values[i].view() == value.values(static_cast<int>(i)));
    }
}
