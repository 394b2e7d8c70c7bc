#include "base/status.h"

namespace elanus::base {
namespace {

struct CodeInfo {
    Code code;
    std::string_view sentinel;
    bool retriable;
    bool is_input_error;
    int32_t legacy;
};

constexpr int32_t kLegacyUnexpected = 1;

// API map 7.1 and 7.2.
constexpr CodeInfo kCodes[] = {
    {Code::kServiceNotReady, "service not ready", true, false, 56},
    {Code::kServiceUnavailable, "service unavailable", true, false, kLegacyUnexpected},
    {Code::kMemoryLimitExceeded, "memory limit exceeded", false, false, 52},
    {Code::kTooManyRequests, "too many concurrent requests, queue is full", true, false,
     kLegacyUnexpected},
    {Code::kServiceInternal, "service internal error", false, false, kLegacyUnexpected},
    {Code::kDiskLimitExceeded, "disk limit exceeded", false, false, 54},
    {Code::kRateLimit, "rate limit exceeded", true, false, 49},
    {Code::kQuotaExceeded, "quota exceeded", false, false, 48},
    {Code::kUnimplemented, "service unimplemented", false, false, kLegacyUnexpected},
    {Code::kResourceInsufficient, "service resource insufficient", true, false, kLegacyUnexpected},
    {Code::kCollectionNotFound, "collection not found", false, true, 4},
    {Code::kCollectionNotLoaded, "collection not loaded", false, false, kLegacyUnexpected},
    {Code::kCollectionNumLimit, "exceeded the limit number of collections", false, true,
     kLegacyUnexpected},
    {Code::kCollectionNotFullyLoaded, "collection not fully loaded", true, false,
     kLegacyUnexpected},
    {Code::kCollectionLoaded, "collection already loaded", false, true, kLegacyUnexpected},
    {Code::kCollectionIllegalSchema, "illegal collection schema", false, true, kLegacyUnexpected},
    {Code::kCollectionOnRecovering, "collection on recovering", true, false, kLegacyUnexpected},
    {Code::kSchemaMismatch, "collection schema mismatch", false, true, 62},
    {Code::kPartitionNotFound, "partition not found", false, false, 15},
    {Code::kPartitionNotLoaded, "partition not loaded", false, false, kLegacyUnexpected},
    {Code::kPartitionNotFullyLoaded, "partition not fully loaded", true, false, kLegacyUnexpected},
    {Code::kGeneralCapacityExceeded, "general capacity exceeded", false, false, kLegacyUnexpected},
    {Code::kResourceGroupNotFound, "resource group not found", false, true, kLegacyUnexpected},
    {Code::kReplicaNotFound, "replica not found", false, false, 15},
    {Code::kChannelNotFound, "channel not found", false, false, kLegacyUnexpected},
    {Code::kChannelFenced, "channel misrouted", true, false, kLegacyUnexpected},
    {Code::kSegmentNotFound, "segment not found", false, false, 47},
    {Code::kSegmentNotLoaded, "segment not loaded", false, false, kLegacyUnexpected},
    {Code::kIndexNotFound, "index not found", false, false, 25},
    {Code::kIndexNotSupported, "index type not supported", false, false, kLegacyUnexpected},
    {Code::kIndexDuplicate, "index duplicates", false, true, kLegacyUnexpected},
    {Code::kDatabaseNotFound, "database not found", false, true, kLegacyUnexpected},
    {Code::kDatabaseNumLimit, "exceeded the limit number of database", false, true,
     kLegacyUnexpected},
    {Code::kDatabaseInvalidName, "invalid database name", false, true, kLegacyUnexpected},
    {Code::kNodeNotFound, "node not found", false, false, kLegacyUnexpected},
    {Code::kKeyNotFound, "key not found", false, false, kLegacyUnexpected},
    {Code::kIoFailed, "IO failed", false, false, kLegacyUnexpected},
    {Code::kIoUnexpectedEof, "unexpected EOF", true, false, kLegacyUnexpected},
    {Code::kSerializationFailed, "serialization failed", false, false, kLegacyUnexpected},
    {Code::kObjectExists, "storage internal error", false, false, kLegacyUnexpected},
    {Code::kDataCorruption, "data integrity check failed", false, false, kLegacyUnexpected},
    {Code::kInvalidParameter, "invalid parameter", false, true, 5},
    {Code::kMissingParameter, "missing parameter", false, true, 5},
    {Code::kParameterTooLarge, "parameter too large", false, true, 5},
    {Code::kAliasNotFound, "alias not found", false, false, kLegacyUnexpected},
    {Code::kAliasCollectionNameConflict, "alias and collection name conflict", false, false,
     kLegacyUnexpected},
    {Code::kAliasExists, "alias already exist", false, false, kLegacyUnexpected},
    {Code::kFieldNotFound, "field not found", false, false, kLegacyUnexpected},
    {Code::kFieldInvalidName, "field name invalid", false, false, kLegacyUnexpected},
    {Code::kSegcore, "segcore error", false, false, kLegacyUnexpected},
    {Code::kQueryPlan, "query plan failed", false, true, kLegacyUnexpected},
    {Code::kUnsupportedOperation, "unsupported operation", false, false, kLegacyUnexpected},
    {Code::kCanceled, "request canceled", false, false, kLegacyUnexpected},
    {Code::kTimeout, "request timeout", false, false, kLegacyUnexpected},
    {Code::kUnexpected, "unexpected error", false, false, kLegacyUnexpected},
    {Code::kConflict, "catalog changed meanwhile", true, false, kLegacyUnexpected},
    {Code::kCompacted, "position no longer kept", false, false, kLegacyUnexpected},
};

const CodeInfo& Info(Code code) {
    for (const CodeInfo& info : kCodes) {
        if (info.code == code) {
            return info;
        }
    }
    static constexpr CodeInfo kUnknown{Code::kUnexpected, "unexpected error", false, false,
                                       kLegacyUnexpected};
    return kUnknown;
}

}  // namespace

std::string_view Sentinel(Code code) {
    return Info(code).sentinel;
}

int32_t LegacyErrorCode(Code code) {
    return code == Code::kOk ? 0 : Info(code).legacy;
}

Status Status::FromParts(Code code, std::string reason, bool retriable, bool is_input_error) {
    CHECK(code != Code::kOk, "a failed Status needs a non-zero code");
    Status status;
    status.rep_ =
        std::make_shared<const Rep>(Rep{code, retriable, is_input_error, std::move(reason)});
    return status;
}

Status Status::Error(Code code, std::string_view text, Blame blame) {
    const CodeInfo& info = Info(code);
    std::string reason(text);
    if (!reason.empty()) {
        reason += ": ";
    }
    reason += info.sentinel;
    const bool is_input = blame == Blame::kDefault ? info.is_input_error : blame == Blame::kInput;
    return FromParts(code, std::move(reason), info.retriable && !is_input, is_input);
}

Status Status::WithFields(Code code,
                          std::initializer_list<std::pair<std::string_view, std::string>> fields) {
    const CodeInfo& info = Info(code);
    std::string reason(info.sentinel);
    for (const auto& [key, value] : fields) {
        reason.append("[").append(key).append("=").append(value).append("]");
    }
    return FromParts(code, std::move(reason), info.retriable && !info.is_input_error,
                     info.is_input_error);
}

const std::string& Status::reason() const {
    static const std::string empty;
    return ok() ? empty : rep_->reason;
}

Status Status::Annotate(std::string_view context) const {
    if (ok()) {
        return *this;
    }
    std::string reason(context);
    reason.append(": ").append(rep_->reason);
    return FromParts(rep_->code, std::move(reason), rep_->retriable, rep_->is_input_error);
}

}  // namespace elanus::base
