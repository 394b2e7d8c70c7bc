#include "object/object_store.h"

#include "sys/file_system.h"

#include <algorithm>
#include <utility>

namespace elanus::object {
namespace {

using base::Buffer;
using base::Code;
using base::Result;
using base::Status;

// Where the folder keeps unfinished objects.
constexpr std::string_view kReservedSegment = "tmp";

bool IsKeyChar(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-' || c == '/';
}

Status BadKey(std::string_view key, std::string_view why) {
    return base::InvalidParameter("object key \"" + std::string(key.substr(0, kMaxKeyChars)) +
                                  "\": " + std::string(why));
}

// `open_end`: the last segment may still go on.
Status ValidateSegments(std::string_view key, bool open_end) {
    size_t begin = 0;
    while (begin <= key.size()) {
        const size_t end = std::min(key.find('/', begin), key.size());
        const std::string_view segment = key.substr(begin, end - begin);
        const bool unfinished = open_end && end == key.size();
        if (segment.empty() && !unfinished) {
            return BadKey(key, "an empty segment");
        }
        if ((segment == "." || segment == "..") && !unfinished) {
            return BadKey(key, "a segment that names a folder");
        }
        if (segment.size() > kMaxKeySegmentChars) {
            return BadKey(key, "a segment of more than 255 characters");
        }
        if (begin == 0 && segment == kReservedSegment && !unfinished) {
            return BadKey(key, "its first segment is reserved");
        }
        begin = end + 1;
    }
    return Status();
}

Status ValidateChars(std::string_view key) {
    if (key.size() > kMaxKeyChars) {
        return BadKey(key, "more than 512 characters");
    }
    for (const char c : key) {
        if (!IsKeyChar(c)) {
            return BadKey(key, "a character outside [A-Za-z0-9_./-]");
        }
    }
    return Status();
}

}  // namespace

Status ValidateKey(std::string_view key) {
    RETURN_IF_ERROR(ValidateChars(key));
    return ValidateSegments(key, /*open_end=*/false);
}

Status ValidatePrefix(std::string_view prefix) {
    RETURN_IF_ERROR(ValidateChars(prefix));
    return ValidateSegments(prefix, /*open_end=*/true);
}

Status ObjectWriter::Append(std::string_view bytes) {
    CHECK(usable_, "Append after Commit or a failure");
    if (bytes.size() > kMaxObjectBytes - offset_) {
        return Status::Error(Code::kParameterTooLarge, "object of more than 5 TiB");
    }
    const Status status = DoAppend(bytes);
    usable_ = status.ok();
    offset_ += status.ok() ? bytes.size() : 0;
    return status;
}

Status ObjectWriter::Commit(CommitMode mode) {
    CHECK(usable_, "Commit after Commit or a failure");
    usable_ = false;
    return DoCommit(mode);
}

Result<std::unique_ptr<ObjectWriter>> ObjectStore::Create(const std::string& key) {
    RETURN_IF_ERROR(ValidateKey(key));
    return DoCreate(key);
}

Status ObjectStore::Put(const std::string& key, std::string_view bytes, CommitMode mode) {
    ASSIGN_OR_RETURN(const std::unique_ptr<ObjectWriter> writer, Create(key));
    RETURN_IF_ERROR(writer->Append(bytes));
    return writer->Commit(mode);
}

Result<std::string> ObjectStore::ReadRange(const std::string& key, uint64_t offset, size_t size) {
    RETURN_IF_ERROR(ValidateKey(key));
    if (offset > kMaxObjectBytes || size > kMaxObjectBytes) {
        return Status::Error(Code::kIoUnexpectedEof, "object " + key);
    }
    return DoReadRange(key, offset, size);
}

Result<Buffer> ObjectStore::Map(const std::string& key) {
    RETURN_IF_ERROR(ValidateKey(key));
    return DoMap(key);
}

Result<std::unique_ptr<sys::File>> ObjectStore::OpenDirect(const std::string& key) {
    RETURN_IF_ERROR(ValidateKey(key));
    return DoOpenDirect(key);
}

Result<ObjectInfo> ObjectStore::Stat(const std::string& key) {
    RETURN_IF_ERROR(ValidateKey(key));
    return DoStat(key);
}

Result<std::vector<ObjectInfo>> ObjectStore::List(const std::string& prefix) {
    RETURN_IF_ERROR(ValidatePrefix(prefix));
    return DoList(prefix);
}

Status ObjectStore::Delete(const std::string& key) {
    RETURN_IF_ERROR(ValidateKey(key));
    return DoDelete(key);
}

Status ObjectStore::DeletePrefix(const std::string& prefix) {
    if (prefix.empty()) {
        return base::InvalidParameter("deleting all objects of a store");
    }
    RETURN_IF_ERROR(ValidatePrefix(prefix));
    return DoDeletePrefix(prefix);
}

}  // namespace elanus::object
