// Failures that only REST knows (API map 7.2, codes 1800 to 1807), in Milvus' words.
#pragma once

#include "base/status.h"

#include <string>
#include <string_view>

namespace elanus::wire {

enum class RestCode : int32_t {
    kBadFormat = 1801,
    kMissingRequired = 1802,
    kBadInsertData = 1804,
    kBadPrimaryKey = 1806,
};

inline base::Status RestError(RestCode code, std::string_view sentence, std::string_view detail) {
    std::string reason(sentence);
    reason += ", error: ";
    reason += detail;
    return base::Status::FromParts(static_cast<base::Code>(code), std::move(reason), false, true);
}

inline base::Status BadFormat(std::string_view detail) {
    return RestError(RestCode::kBadFormat, "can only accept json format request", detail);
}
inline base::Status MissingRequired(std::string_view detail) {
    return RestError(RestCode::kMissingRequired, "missing required parameters", detail);
}
inline base::Status BadInsertData(std::string_view detail) {
    return RestError(RestCode::kBadInsertData, "fail to deal the insert data", detail);
}
inline base::Status BadPrimaryKey(std::string_view detail) {
    return RestError(RestCode::kBadPrimaryKey,
                     "please check the primary key and its' type can only in [int, string]",
                     detail);
}
inline base::Status NotYet(std::string_view what) {
    return base::InvalidParameter(std::string(what) + " is not supported yet");
}

}  // namespace elanus::wire
