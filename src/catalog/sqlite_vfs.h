// SqliteVfs: lets SQLite do its file work through sys::FileSystem.
//
// Why: crash tests must see the catalog's writes and syncs like all others. SQLite's own unix layer
// would go past the seam.
// It offers no shared memory and no locks: the catalog's connection runs in exclusive mode, and the
// data folder is owned by one process (main holds its lock).
// Invariants:
//   INV-VFS-1  The first sync of every opened file also syncs its folder, so that no acknowledged
//              change sits in a file whose name a power cut takes away.
//   INV-VFS-2  After a failed sync nothing is written or synced any more: the kernel may have
//   dropped
//              the pages, and a second sync would lie about them.
// Threads: one SQLite connection, whose calls the catalog serialises.
// Lifetime: registered from construction to destruction; outlives its connection.
#pragma once

#include "base/status.h"
#include "sys/clock.h"
#include "sys/file_system.h"

#include <memory>
#include <string>

#include <sqlite3.h>

namespace elanus::catalog {

class SqliteVfs {
  public:
    SqliteVfs(sys::FileSystem& file_system, sys::Clock& clock);
    ~SqliteVfs();
    SqliteVfs(const SqliteVfs&) = delete;
    SqliteVfs& operator=(const SqliteVfs&) = delete;

    const char* name() const { return name_.c_str(); }
    sys::FileSystem& file_system() { return file_system_; }
    sys::Clock& clock() { return clock_; }

    // The failure of the first sync that failed; OK while all worked.
    const base::Status& sync_failure() const { return sync_failure_; }
    // The last failure of a file operation since the last call; SQLite only hands on a number.
    base::Status TakeFailure();

    // For the callbacks: remember `status` and turn it into SQLite's number.
    int Failed(const base::Status& status, int sqlite_code);
    int SyncFailed(const base::Status& status, int sqlite_code);

  private:
    sys::FileSystem& file_system_;
    sys::Clock& clock_;
    const std::string name_;
    sqlite3_vfs vfs_{};
    base::Status sync_failure_;
    base::Status failure_;
};

}  // namespace elanus::catalog
