// ObjectStore: immutable files by name: segment columns, indexes, delete lists, snapshots.
//
// Why: what does not change can live anywhere. One machine keeps it in a folder
// (local_object_store.h), a cluster behind S3; code above asks neither which one it has. The
// conformance suite (object_conformance.h) is the definition in code.
//
// Invariants:
//   INV-OBJECT-1  An object is whole or absent: readers never see a part, a crash leaves none.
//   INV-OBJECT-2  After Commit, Delete or DeletePrefix returned OK the outcome survives a power
//   cut. INV-OBJECT-3  Bytes once read or mapped stay readable, also when the object is replaced or
//   deleted.
// Keys: 1 to 512 characters of [A-Za-z0-9_./-] in segments parted by '/'; no empty segment, none
// that is "." or ".." or over 255 characters, and the first is not "tmp". A key must not be a
// folder of another ("a" beside "a/b"): a folder could not hold both. Errors: kKeyNotFound for a
// missing object. kIoFailed or kTimeout from a changing call: its outcome is unknown; every call
// may be repeated (see each). Threads: any thread may call anything; one ObjectWriter belongs to
// one thread at a time.
#pragma once

#include "base/buffer.h"
#include "base/status.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::sys {
class File;
}

namespace elanus::object {

constexpr size_t kMaxKeyChars = 512;
constexpr size_t kMaxKeySegmentChars = 255;
constexpr uint64_t kMaxObjectBytes = uint64_t{5} << 40;  // S3's bound

enum class CommitMode : uint8_t {
    kIfAbsent,  // kObjectExists when the key is taken, whatever it holds
    kReplace,   // takes the place of what is there in one step: for retries that write the same
                // again
};

struct ObjectInfo {
    std::string key;
    uint64_t size_bytes = 0;
    bool operator==(const ObjectInfo&) const = default;
};

// One object being written. Nobody sees it before Commit; dropped without, it leaves nothing.
// After a failure of Append or Commit the writer is only good for being dropped.
class ObjectWriter {
  public:
    virtual ~ObjectWriter() = default;

    base::Status Append(std::string_view bytes);
    // Bytes appended so far = where the next Append begins.
    uint64_t offset() const { return offset_; }
    // Publishes the object. At most once.
    base::Status Commit(CommitMode mode = CommitMode::kIfAbsent);

  protected:
    virtual base::Status DoAppend(std::string_view bytes) = 0;
    virtual base::Status DoCommit(CommitMode mode) = 0;

  private:
    uint64_t offset_ = 0;
    bool usable_ = true;
};

class ObjectStore {
  public:
    virtual ~ObjectStore() = default;

    // The writer must not outlive the store.
    base::Result<std::unique_ptr<ObjectWriter>> Create(const std::string& key);
    // Create, Append and Commit of bytes at hand.
    base::Status Put(const std::string& key, std::string_view bytes,
                     CommitMode mode = CommitMode::kIfAbsent);

    // Exactly `size` bytes; kIoUnexpectedEof when the object ends before.
    base::Result<std::string> ReadRange(const std::string& key, uint64_t offset, size_t size);
    // The whole object as memory. The folder maps the file, at no cost; a remote store first
    // downloads the object into its local cache and maps that. The Buffer keeps the bytes alive.
    base::Result<base::Buffer> Map(const std::string& key);
    // The object as a file for File::ReadBlocks past the page cache, for what must not take memory
    // by being read. A remote store first downloads the object into its local cache. The file
    // stays readable whatever becomes of the object.
    base::Result<std::unique_ptr<sys::File>> OpenDirect(const std::string& key);
    base::Result<ObjectInfo> Stat(const std::string& key);
    // All objects whose key starts with `prefix` (any text, not only whole segments), in key order.
    // Not one moment's state: objects that come or go meanwhile may be in it or not.
    base::Result<std::vector<ObjectInfo>> List(const std::string& prefix);

    // A missing object is no error, so both can be repeated.
    base::Status Delete(const std::string& key);
    // Deletes what List(prefix) shows. Not atomic: after a failure some are gone. Not the empty
    // prefix.
    base::Status DeletePrefix(const std::string& prefix);

  protected:
    // The same calls with their arguments checked.
    virtual base::Result<std::unique_ptr<ObjectWriter>> DoCreate(const std::string& key) = 0;
    virtual base::Result<std::string> DoReadRange(const std::string& key, uint64_t offset,
                                                  size_t size) = 0;
    virtual base::Result<base::Buffer> DoMap(const std::string& key) = 0;
    virtual base::Result<std::unique_ptr<sys::File>> DoOpenDirect(const std::string& key) = 0;
    virtual base::Result<ObjectInfo> DoStat(const std::string& key) = 0;
    virtual base::Result<std::vector<ObjectInfo>> DoList(const std::string& prefix) = 0;
    virtual base::Status DoDelete(const std::string& key) = 0;
    virtual base::Status DoDeletePrefix(const std::string& prefix) = 0;
};

base::Status ValidateKey(std::string_view key);
// A prefix is the beginning of some valid key; it may be empty or end inside a segment.
base::Status ValidatePrefix(std::string_view prefix);

}  // namespace elanus::object
