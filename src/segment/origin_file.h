// The origin file of a merge: where each row of each output comes from. The channel's owner reads
// it once, to carry deletes over to the new rows, and then it goes.
// Format: docs/formats/origins.md
// Threads: free functions; an OriginFile is immutable.
#pragma once

#include "base/buffer.h"
#include "base/status.h"
#include "codec/envelope.h"
#include "codec/sink.h"
#include "segment/segment_merge.h"

#include <span>
#include <vector>

namespace elanus::segment {

base::Status WriteOriginFile(const std::vector<std::span<const RowOrigin>>& outputs,
                             codec::Sink& sink);

class OriginFile {
  public:
    // kDataCorruption when any byte is not the one written.
    static base::Result<OriginFile> Open(const base::Buffer& file);

    size_t outputs() const { return outputs_.size(); }
    std::span<const RowOrigin> Output(size_t i) const { return outputs_[i].As<RowOrigin>(); }

  private:
    std::vector<base::Buffer> outputs_;
};

}  // namespace elanus::segment
