// SimFileSystem: a disk in memory that behaves as badly as a real one may.
//
// Why: a write counts only when a power cut cannot take it back. This disk remembers, for every
// file, what was synced and what was only written, and for every directory, which entries are
// durable and which were only made; CrashClone() then gives one of the states the machine may wake
// up in.
//
//     SimFileSystem disk;
//     disk.CrashAtSync(n);          // the power goes as the n-th sync is asked for
//     RunScript(disk);              // every call from there on fails
//     auto after = disk.CrashClone(seed);
//     CheckRecovery(*after);
//
// What a power cut may do:
//   - an unsynced write is kept, lost, or torn: each 512-byte sector for itself. In one sector a
//   later
//     write is never kept without the earlier ones.
//   - an unsynced change of a file's size is kept or lost; bytes of a grown file whose data was
//   lost
//     read as zeros or as garbage (zeros where the space came from Preallocate).
//   - an unsynced create, rename, link or remove is kept or lost, each for itself; a rename within
//   one
//     directory is one step.
//   - a DataSync that failed leaves its writes visible but never durable, however often the file is
//     synced again: only writing the bytes anew helps (this is what Linux does).
// Threads: any. Lifetime: files and locks may outlive the SimFileSystem.
#pragma once

#include "sys/file_system.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace elanus::sys {

struct SimDisk;

// False in the proof build without syncs (preset `nosync`): there the power-cut tests must fail.
#ifdef ELANUS_UNSAFE_NO_SYNC
inline constexpr bool kSyncsCompiledIn = false;
#else
inline constexpr bool kSyncsCompiledIn = true;
#endif

class SimFileSystem : public FileSystem {
  public:
    // With honour_syncs = false every sync succeeds and does nothing: a test that passes on such a
    // disk proves nothing about syncs.
    explicit SimFileSystem(bool honour_syncs = kSyncsCompiledIn);
    ~SimFileSystem() override;

    // The disk after a power cut at this moment. Seed 0 loses all that was not synced, seed 1 keeps
    // all (as after a kill -9); other seeds decide piece by piece.
    std::unique_ptr<SimFileSystem> CrashClone(uint64_t seed) const;

    // Calls of DataSync and SyncDirectory so far (CreateDirectories makes one for every new entry).
    uint64_t sync_count() const;
    // The n-th sync from construction on (1 = the first), and every call after it, fails with
    // kIoFailed.
    void CrashAtSync(uint64_t n);
    // Calls of any kind so far.
    uint64_t call_count() const;
    // The n-th call from construction on (1 = the first) fails with `status`, once. A failed write
    // has written its first half; any other failed call has done nothing.
    void FailCall(uint64_t n, base::Status status);
    // Changes one durable byte, as a decaying disk would.
    base::Status FlipByte(const std::string& path, uint64_t offset);

    base::Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override;
    base::Result<bool> Exists(const std::string& path) override;
    base::Status Rename(const std::string& from, const std::string& to) override;
    base::Status LinkNew(const std::string& from, const std::string& to) override;
    base::Status Remove(const std::string& path) override;
    base::Status RemoveAll(const std::string& path) override;
    base::Status CreateDirectories(const std::string& path) override;
    base::Result<std::vector<DirectoryEntry>> List(const std::string& path) override;
    base::Status SyncDirectory(const std::string& path) override;
    base::Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override;

  private:
    std::shared_ptr<SimDisk> disk_;
};

}  // namespace elanus::sys
