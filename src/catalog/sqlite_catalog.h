// The embedded catalog: one SQLite file, owned by one process.
//
// The file is in write-ahead mode with an exclusive connection: a commit appends to catalog.db-wal
// and costs one sync; every 1,000 pages that log is copied back into the file (two syncs more).
// Idle it does nothing: leases end on the next access after their time, or in Tick.
// Lifetime: after a failed sync every call answers kIoFailed; open it again from disk.
// Kill points: catalog.before_commit, catalog.after_commit.
// Format: docs/formats/catalog.md
#pragma once

#include "base/status.h"
#include "catalog/catalog.h"
#include "sys/clock.h"
#include "sys/file_system.h"

#include <memory>
#include <string>

namespace elanus::catalog {

// Opens the file at `path`, or makes it; its folder must exist. The caller owns the folder's lock.
base::Result<std::unique_ptr<Catalog>> OpenSqliteCatalog(sys::FileSystem& file_system,
                                                         const std::string& path,
                                                         sys::Clock& clock);

// Reads everything in the file of a stopped server: SQLite's structure, our checksums and
// revisions.
base::Status CheckSqliteCatalog(sys::FileSystem& file_system, const std::string& path);

}  // namespace elanus::catalog
