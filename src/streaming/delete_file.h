// Delete files: the deletes that hit sealed segments of one vchannel between two checkpoints.
// Format: docs/formats/deletes.md
// Threads: free functions.
#pragma once

#include "base/buffer.h"
#include "base/ids.h"
#include "base/status.h"
#include "codec/sink.h"
#include "segment/segment.h"

#include <map>

namespace elanus::streaming {

using DeletesBySegment = std::map<base::SegmentId, segment::DeleteRun>;

// Runs are ascending by row, and not empty.
base::Status WriteDeleteFile(const DeletesBySegment& deletes, codec::Sink& sink);
// kDataCorruption when any byte is not the one written.
base::Result<DeletesBySegment> ReadDeleteFile(const base::Buffer& file);

}  // namespace elanus::streaming
