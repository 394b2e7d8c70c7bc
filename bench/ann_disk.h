// Indexes that keep their rows on disk, measured as they are used: written to a file, opened again,
// and read past the page cache.
#pragma once

#include "base/status.h"
#include "vindex/index.h"

#include <memory>
#include <string>

namespace elanus::bench {

// Writes the index to `path` and opens it from there.
base::Result<std::unique_ptr<vindex::Index>> ReopenFromDisk(const vindex::Index& index,
                                                            const std::string& path);

// Random reads of 4 KiB a second that one thread gets from the file, `depth` of them at a time.
base::Result<double> RandomReadsPerSecond(const std::string& path, size_t depth);

}  // namespace elanus::bench
