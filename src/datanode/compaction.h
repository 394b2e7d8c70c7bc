// One compaction on a data node: reads the inputs in place, leaves out what the request says, and
// writes the outputs and the file that tells where their rows come from.
// Threads: one at a time each; as many side by side as wanted.
#pragma once

#include "datanode/data_node.h"
#include "segment/segment_merge.h"

namespace elanus::datanode {

class Compaction {
  public:
    // All outlive it.
    Compaction(const DataNodePartners& partners, const base::CallContext& context,
               const roles::CompactSegmentsRequest& request)
        : partners_(partners), context_(context), request_(request) {}

    base::Result<roles::CompactSegmentsResponse> Run();

  private:
    base::Status Check() const;
    base::Result<segment::MergeInput> Open(size_t input) const;
    // Takes out the rows that are deleted or have expired.
    base::Status DropRows(size_t input, segment::MergeInput* opened) const;
    bool IsUnchanged(const std::vector<segment::MergeInput>& inputs) const;
    base::Result<roles::SegmentInfo> WriteOutput(const segment::SegmentMerge& merge, size_t output,
                                                 size_t outputs) const;
    base::Status WriteOrigins(const segment::SegmentMerge& merge, size_t outputs) const;

    const DataNodePartners& partners_;
    const base::CallContext& context_;
    const roles::CompactSegmentsRequest& request_;
};

}  // namespace elanus::datanode
