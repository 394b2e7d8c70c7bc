// Indexes in files, as the server uses them: objects of a folder, mapped; those that keep their rows on
// disk read them past the page cache. The last part of a path is a key of the object store.
#pragma once

#include "base/status.h"
#include "vindex/index.h"

#include <memory>
#include <string>

namespace elanus::bench {

// Replaces what is there.
base::Status WriteIndex(const vindex::Index& index, const std::string& path);
base::Result<std::unique_ptr<vindex::Index>> OpenMapped(const std::string& path);

// Random reads of 4 KiB a second that one thread gets from the file, `depth` of them at a time. The
// seed says of which blocks.
base::Result<double> RandomReadsPerSecond(const std::string& path, size_t depth, uint64_t seed = 1);

}  // namespace elanus::bench
