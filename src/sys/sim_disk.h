// SimDisk: the state behind SimFileSystem, and how a power cut changes it. Private to sys.
// Threads: every member is guarded by SimDisk::mutex.
#pragma once

#include "base/mutex.h"
#include "base/status.h"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace elanus::sys {

constexpr uint64_t kSimSectorBytes = 512;

struct SimNode;
using SimNodePtr = std::shared_ptr<SimNode>;

// One unsynced change of a file, in the order it was made.
struct SimFileChange {
    enum class Kind : uint8_t { kWrite, kTruncate, kPreallocate };
    Kind kind = Kind::kWrite;
    uint64_t offset = 0;  // of a write; the new size otherwise
    std::string bytes;
    bool stranded = false;  // a sync of it failed: the next one passes it over
};

// One unsynced change of a directory: `removed` goes, then `added` comes.
struct SimEntryChange {
    std::string removed;  // empty = nothing
    std::string added;    // empty = nothing
    SimNodePtr node;      // of `added`
};

struct SimNode {
    bool is_directory = false;
    // A file: what readers see, what is durable, and the changes between the two.
    std::string current;
    std::string durable;
    std::vector<SimFileChange> changes;
    // A directory, likewise.
    std::map<std::string, SimNodePtr> entries;
    std::map<std::string, SimNodePtr> durable_entries;
    std::vector<SimEntryChange> entry_changes;

    void ChangeFile(SimFileChange change);
    void ChangeEntries(SimEntryChange change);
    void SyncFile();
    void SyncEntries();
    void StrandChanges();
};

struct SimDisk {
    explicit SimDisk(bool honour) : honour_syncs(honour), root(std::make_shared<SimNode>()) {
        root->is_directory = true;
    }

    // Counts a call and says whether it may go on. Every call of the seam passes here first.
    base::Status Enter();
    // The same for a sync, after Enter.
    base::Status EnterSync();

    // Null when there is none.
    SimNodePtr Find(const std::string& path) const;
    // The directory that holds `path`, or a failure that names it.
    base::Result<SimNodePtr> FindParent(const std::string& path) const;

    base::Mutex mutex;
    const bool honour_syncs;
    SimNodePtr root;
    std::set<std::string> locks;
    uint64_t calls = 0;
    uint64_t syncs = 0;
    uint64_t crash_at_sync = 0;  // 0 = never
    uint64_t fail_at_call = 0;   // 0 = never
    base::Status fail_status;
    bool power_off = false;
};

// Path components without empty ones and ".".
std::vector<std::string> SimPathParts(const std::string& path);
std::string SimBaseName(const std::string& path);

void ApplyFileChange(const SimFileChange& change, std::string& bytes);
void ApplyEntryChange(const SimEntryChange& change, std::map<std::string, SimNodePtr>& entries);

// The tree below `root` as a power cut may leave it (sim_crash.cc).
SimNodePtr CrashTree(const SimNodePtr& root, uint64_t seed);

}  // namespace elanus::sys
