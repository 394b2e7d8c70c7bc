// FileSystem and File: the only way to the disk. PosixFileSystem is the real one; SimFileSystem
// (sim_file_system.h) is a disk in memory that can lose, reorder and tear what was not synced.
//
// Why a seam: crash tests must see every write, sync and rename of the product, the catalog's
// included. Threads: FileSystem and File may be used from any thread; writes to one File must not
// overlap.
#pragma once

#include "base/buffer.h"
#include "base/status.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::sys {

enum class OpenMode : uint8_t {
    kRead,          // must exist
    kReadDirect,    // must exist; ReadBlocks() of it leaves the page cache alone where it can
    kReadWrite,     // must exist
    kCreateNew,     // must not exist
    kCreateOrOpen,  // either
};

// Direct reads are in whole blocks: offsets, sizes and addresses are multiples of this.
inline constexpr size_t kBlockBytes = 4096;

struct BlockRead {
    uint64_t offset = 0;
    size_t size = 0;
    void* to = nullptr;
    uint64_t tag = 0;  // the reader's own
};

// Who asks File::ReadBlocks for blocks. Called from the thread that called it.
class BlockReader {
  public:
    virtual ~BlockReader() = default;
    // The next read; false when there is none for now.
    virtual bool Next(BlockRead* read) = 0;
    // The bytes of `read` are there. Next() may have more to ask for now.
    virtual void Done(const BlockRead& read) = 0;
};

class File {
  public:
    virtual ~File() = default;

    // Reads up to `size` bytes at `offset`; fewer only at the end of the file.
    virtual base::Result<std::string> ReadAt(uint64_t offset, size_t size) = 0;
    // Asks the reader for reads, keeps up to `depth` of them on their way at a time, and hands them
    // over as they come, in any order. Returns when none is on its way and the reader asks for no
    // more, or after the first failure: kIoUnexpectedEof for a block behind the end of the file.
    // Nothing is written to any `to` after it has returned.
    virtual base::Status ReadBlocks(size_t depth, BlockReader& reader);
    virtual base::Status WriteAt(uint64_t offset, std::string_view bytes) = 0;
    virtual base::Result<uint64_t> Size() = 0;
    virtual base::Status Truncate(uint64_t size) = 0;
    // Reserves disk space so that later writes below `size` need no new blocks; sets the size.
    virtual base::Status Preallocate(uint64_t size) = 0;
    // Makes the written bytes (and the size) durable. A failure is final: the caller must stop
    // trusting the file, because the kernel may already have dropped the dirty pages.
    virtual base::Status DataSync() = 0;
    // Maps the whole file read-only; the Buffer keeps the mapping alive.
    virtual base::Result<base::Buffer> Map() = 0;
};

struct DirectoryEntry {
    std::string name;
    bool is_directory = false;
    uint64_t size_bytes = 0;
};

// Held until destroyed: no other process can take the same lock.
class FileLock {
  public:
    virtual ~FileLock() = default;
};

class FileSystem {
  public:
    virtual ~FileSystem() = default;

    virtual base::Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) = 0;
    virtual base::Result<bool> Exists(const std::string& path) = 0;
    // Atomic; replaces `to`. Durable after SyncDirectory of both parents.
    virtual base::Status Rename(const std::string& from, const std::string& to) = 0;
    // Fails with kIoFailed when `to` exists (link(2) semantics): the put-if-absent primitive.
    virtual base::Status LinkNew(const std::string& from, const std::string& to) = 0;
    virtual base::Status Remove(const std::string& path) = 0;  // a missing file is no error
    virtual base::Status RemoveAll(const std::string& path) = 0;
    // Makes what is missing of the path, durably: every parent that got an entry is synced.
    virtual base::Status CreateDirectories(const std::string& path) = 0;
    // Sorted by name; kKeyNotFound when there is no such folder.
    virtual base::Result<std::vector<DirectoryEntry>> List(const std::string& path) = 0;
    virtual base::Status SyncDirectory(const std::string& path) = 0;
    // kServiceUnavailable when another process holds it.
    virtual base::Result<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;
};

FileSystem& PosixFileSystem();

std::string JoinPath(std::string_view directory, std::string_view name);
std::string ParentPath(std::string_view path);

}  // namespace elanus::sys
