#include "datanode/compaction.h"

#include "object/object_sink.h"
#include "segment/origin_file.h"
#include "sys/kill_point.h"

#include <algorithm>

namespace elanus::datanode {
namespace {

std::string OutputKey(const roles::SegmentInfo& info) {
    return "segments/" + std::to_string(info.collection_id) + "/" +
           std::to_string(info.partition_id) + "/" + std::to_string(info.id) + "/data.1";
}

}  // namespace

base::Status Compaction::Check() const {
    const auto& inputs = request_.inputs;
    const bool sound =
        !inputs.empty() && request_.deletes.size() == inputs.size() &&
        request_.schema.primary_key() != nullptr && !request_.output_ids.empty() &&
        std::all_of(inputs.begin(), inputs.end(), [&](const roles::SegmentInfo& input) {
            return input.vchannel == inputs[0].vchannel &&
                   input.partition_id == inputs[0].partition_id;
        });
    return sound ? base::Status()
                 : base::InvalidParameter("a compaction of nothing, or of several partitions");
}

base::Result<segment::MergeInput> Compaction::Open(size_t input) const {
    const roles::SegmentInfo& info = request_.inputs[input];
    ASSIGN_OR_RETURN(const base::Buffer file, partners_.objects->Map(info.data_key));
    auto opened = segment::SealedSegment::Open(
        info.id, info.partition_id,
        std::make_shared<const schema::CollectionSchema>(request_.schema), file);
    if (!opened.ok()) {
        return opened.status().Annotate(info.data_key);
    }
    segment::MergeInput result;
    result.segment = std::move(*opened);
    result.kept = base::Bitmap(result.segment->rows(), true);
    RETURN_IF_ERROR(DropRows(input, &result));
    return result;
}

base::Status Compaction::DropRows(size_t input, segment::MergeInput* opened) const {
    base::Bitmap& kept = opened->kept;
    for (const base::RowOffset row : request_.deletes[input].rows) {
        if (row >= kept.size()) {
            return base::InvalidParameter("a delete of a row that the segment does not have");
        }
        kept.Reset(row);
    }
    const auto timestamps = opened->segment->timestamps();
    for (size_t row = 0; request_.expired_ts > 0 && row < timestamps.size(); ++row) {
        if (timestamps[row] <= request_.expired_ts) {
            kept.Reset(row);
        }
    }
    if (request_.expiry_field == 0) {
        return base::Status();
    }
    const auto column = opened->segment->WholeColumn(request_.expiry_field);
    if (!column.ok()) {
        return base::Status();  // older than the field: null, or its default
    }
    if (column->type != schema::DataType::kTimestamptz) {
        return base::InvalidParameter("the field of the expiry is no timestamp");
    }
    for (size_t row = 0; row < column->rows; ++row) {
        if (column->IsValid(row) && column->As<int64_t>()[row] <= request_.expiry_us) {
            kept.Reset(row);
        }
    }
    return base::Status();
}

bool Compaction::IsUnchanged(const std::vector<segment::MergeInput>& inputs) const {
    if (inputs.size() != 1) {
        return false;
    }
    const auto rows = static_cast<double>(inputs[0].kept.size());
    const auto dropped = rows - static_cast<double>(inputs[0].kept.Count());
    return dropped == 0 ? rows > 0 : dropped < request_.dropped_share_min * rows;
}

base::Result<roles::SegmentInfo> Compaction::WriteOutput(const segment::SegmentMerge& merge,
                                                         size_t output, size_t outputs) const {
    const auto origins = merge.Origins(output, outputs);
    const roles::SegmentInfo& first = request_.inputs[0];
    roles::SegmentInfo info;
    info.id = request_.output_ids[output];
    info.collection_id = first.collection_id;
    info.partition_id = first.partition_id;
    info.vchannel = first.vchannel;
    info.state = roles::SegmentState::kFlushed;
    info.rows = origins.size();
    info.schema_version = request_.schema.version;
    info.level = request_.order_field == 0 ? roles::SegmentLevel::kL1 : roles::SegmentLevel::kL2;
    info.min_ts = base::kMaxTimestamp;
    for (const roles::SegmentInfo& input : request_.inputs) {
        info.compacted_from.push_back(input.id);
        info.min_ts = std::min(info.min_ts, input.min_ts);
        info.max_ts = std::max(info.max_ts, input.max_ts);
    }
    info.data_key = OutputKey(info);
    ASSIGN_OR_RETURN(const auto writer, partners_.objects->Create(info.data_key));
    object::ObjectSink sink(*writer);
    const auto interrupt = [this] { return context_.Check(partners_.clock->MonotonicNs()); };
    RETURN_IF_ERROR(merge.Write(info.id, info.partition_id, origins, sink, interrupt));
    info.bytes = writer->offset();
    sys::KillPoint("compact.before_publish");
    RETURN_IF_ERROR(writer->Commit(object::CommitMode::kReplace));
    sys::KillPoint("compact.after_publish");
    return info;
}

base::Status Compaction::WriteOrigins(const segment::SegmentMerge& merge, size_t outputs) const {
    std::vector<std::span<const segment::RowOrigin>> origins;
    for (size_t i = 0; i < outputs; ++i) {
        origins.push_back(merge.Origins(i, outputs));
    }
    ASSIGN_OR_RETURN(const auto writer, partners_.objects->Create(request_.origin_key));
    object::ObjectSink sink(*writer);
    RETURN_IF_ERROR(segment::WriteOriginFile(origins, sink));
    return writer->Commit(object::CommitMode::kReplace);
}

base::Result<roles::CompactSegmentsResponse> Compaction::Run() {
    RETURN_IF_ERROR(Check());
    std::vector<segment::MergeInput> inputs;
    for (size_t i = 0; i < request_.inputs.size(); ++i) {
        RETURN_IF_ERROR(context_.Check(partners_.clock->MonotonicNs()));
        ASSIGN_OR_RETURN(segment::MergeInput input, Open(i));
        inputs.push_back(std::move(input));
    }
    roles::CompactSegmentsResponse response;
    if (request_.keeps_unchanged && IsUnchanged(inputs)) {
        response.unchanged = true;
        return response;
    }
    // Their bytes go into new files with new checksums: damage must not pass on that way.
    for (const segment::MergeInput& input : inputs) {
        RETURN_IF_ERROR(context_.Check(partners_.clock->MonotonicNs()));
        RETURN_IF_ERROR(input.segment->VerifyAll());
    }
    ASSIGN_OR_RETURN(const segment::SegmentMerge merge,
                     segment::SegmentMerge::Make(
                         std::make_shared<const schema::CollectionSchema>(request_.schema),
                         std::move(inputs), request_.order_field));
    const size_t outputs = std::min(request_.output_ids.size(), merge.rows());
    for (size_t i = 0; i < outputs; ++i) {
        ASSIGN_OR_RETURN(roles::SegmentInfo info, WriteOutput(merge, i, outputs));
        response.outputs.push_back(std::move(info));
    }
    RETURN_IF_ERROR(WriteOrigins(merge, outputs));
    sys::KillPoint("compact.after_origins");
    return response;
}

}  // namespace elanus::datanode
