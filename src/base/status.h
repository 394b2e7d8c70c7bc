// Status and Result<T>: errors are values that carry what a Milvus client needs to see.
//
// Why: every error ends as a `common.Status` on the wire, so the code, the reason text (clients
// match on substrings of it), the blame (caller or system) and the retry advice travel with the
// error from where it was found. Invariants:
//   INV-STATUS-1  An OK status is a null pointer; copying a failed one shares its immutable
//   payload. INV-STATUS-2  Text reads outermost context first and ends with the code's sentinel
//   sentence.
// Threads: values; safe to pass between threads.
#pragma once

#include "base/check.h"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace elanus::base {

// Milvus' error numbers (API map 7.2). Only what we raise is named; the numbers are the wire
// contract.
enum class Code : int32_t {
    kOk = 0,
    kServiceNotReady = 1,
    kServiceUnavailable = 2,
    kMemoryLimitExceeded = 3,
    kTooManyRequests = 4,
    kServiceInternal = 5,
    kDiskLimitExceeded = 7,
    kRateLimit = 8,
    kQuotaExceeded = 9,
    kUnimplemented = 10,
    kResourceInsufficient = 12,
    kCollectionNotFound = 100,
    kCollectionNotLoaded = 101,
    kCollectionNumLimit = 102,
    kCollectionNotFullyLoaded = 103,
    kCollectionLoaded = 104,
    kCollectionIllegalSchema = 105,
    kCollectionOnRecovering = 106,
    kSchemaMismatch = 109,
    kPartitionNotFound = 200,
    kPartitionNotLoaded = 201,
    kPartitionNotFullyLoaded = 202,
    kGeneralCapacityExceeded = 250,
    kResourceGroupNotFound = 300,
    kReplicaNotFound = 400,
    kChannelNotFound = 500,
    kChannelFenced = 507,  // the writer's epoch is over: "misrouted", retriable after a new lookup
    kSegmentNotFound = 600,
    kSegmentNotLoaded = 601,
    kIndexNotFound = 700,
    kIndexNotSupported = 701,
    kIndexDuplicate = 702,
    kDatabaseNotFound = 800,
    kDatabaseNumLimit = 801,
    kDatabaseInvalidName = 802,
    kNodeNotFound = 901,
    kKeyNotFound = 1000,
    kIoFailed = 1001,
    kIoUnexpectedEof = 1002,
    kSerializationFailed = 1004,
    kObjectExists = 1008,
    kDataCorruption = 1009,
    kInvalidParameter = 1100,
    kMissingParameter = 1101,
    kParameterTooLarge = 1102,
    kAliasNotFound = 1600,
    kAliasCollectionNameConflict = 1601,
    kAliasExists = 1602,
    kFieldNotFound = 1700,
    kFieldInvalidName = 1701,
    kSegcore = 2000,
    kQueryPlan = 2201,
    kUnsupportedOperation = 3000,
    kCanceled = 10000,
    kTimeout = 10001,
    kUnexpected = 65535,
    // Internal only, never on the wire:
    kConflict = 70001,   // a compare in a catalog transaction failed
    kCompacted = 70002,  // a log position or catalog revision that is no longer kept
};

// The sentence Milvus ends the reason of this code with, e.g. "invalid parameter".
std::string_view Sentinel(Code code);
// The legacy `error_code` of common.Status (API map 7.1).
int32_t LegacyErrorCode(Code code);

enum class Blame : uint8_t { kDefault, kInput, kSystem };

class [[nodiscard]] Status {
  public:
    Status() = default;  // OK

    // Reason becomes "<text>: <sentinel>", or the sentinel alone when `text` is empty.
    static Status Error(Code code, std::string_view text = {}, Blame blame = Blame::kDefault);
    // Reason becomes "<sentinel>[k1=v1][k2=v2]", Milvus' form for named things.
    static Status WithFields(
        Code code, std::initializer_list<std::pair<std::string_view, std::string>> fields);
    // Reason is exactly `reason`; used when a status arrives from another process.
    static Status FromParts(Code code, std::string reason, bool retriable, bool is_input_error);

    bool ok() const { return rep_ == nullptr; }
    Code code() const { return ok() ? Code::kOk : rep_->code; }
    bool retriable() const { return !ok() && rep_->retriable; }
    bool is_input_error() const { return !ok() && rep_->is_input_error; }
    const std::string& reason() const;

    // The same failure with "<context>: " in front. OK stays OK.
    Status Annotate(std::string_view context) const;

  private:
    struct Rep {
        Code code;
        bool retriable;
        bool is_input_error;
        std::string reason;
    };
    std::shared_ptr<const Rep> rep_;
};

// Short names for the two failures that appear everywhere.
inline Status InvalidParameter(std::string_view text) {
    return Status::Error(Code::kInvalidParameter, text);
}
inline Status MissingParameter(std::string_view text) {
    return Status::Error(Code::kMissingParameter, text);
}
inline Status Internal(std::string_view text) {
    return Status::Error(Code::kServiceInternal, text);
}
inline Status Corruption(std::string_view text) {
    return Status::Error(Code::kDataCorruption, text);
}

// Either a value or a failed Status.
template <typename T>
class [[nodiscard]] Result {
  public:
    Result(T value) : value_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
    Result(Status status) : status_(std::move(status)) {  // NOLINT(google-explicit-constructor)
        CHECK(!status_.ok(), "Result built from an OK status");
    }

    bool ok() const { return status_.ok(); }
    const Status& status() const { return status_; }
    T& value() & {
        CHECK(ok(), "value() of a failed Result");
        return *value_;
    }
    const T& value() const& {
        CHECK(ok(), "value() of a failed Result");
        return *value_;
    }
    T&& value() && {
        CHECK(ok(), "value() of a failed Result");
        return std::move(*value_);
    }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

  private:
    Status status_;
    std::optional<T> value_;
};

}  // namespace elanus::base

#define ELANUS_CONCAT_INNER(a, b) a##b
#define ELANUS_CONCAT(a, b) ELANUS_CONCAT_INNER(a, b)

#define RETURN_IF_ERROR(expr)                           \
    do {                                                \
        ::elanus::base::Status elanus_status_ = (expr); \
        if (!elanus_status_.ok())                       \
            return elanus_status_;                      \
    } while (false)

// ASSIGN_OR_RETURN(auto x, F()): `x` is the value, or the enclosing function returns the failure.
#define ASSIGN_OR_RETURN(lhs, expr) \
    ASSIGN_OR_RETURN_IMPL(ELANUS_CONCAT(elanus_result_, __LINE__), lhs, expr)
#define ASSIGN_OR_RETURN_IMPL(tmp, lhs, expr) \
    auto tmp = (expr);                        \
    if (!tmp.ok())                            \
        return tmp.status();                  \
    lhs = std::move(tmp).value()
