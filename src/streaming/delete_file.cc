#include "streaming/delete_file.h"

#include "codec/envelope.h"

namespace elanus::streaming {
namespace {

constexpr std::string_view kFormat = "deletes";
constexpr uint32_t kFormatVersion = 1;
constexpr codec::SectionId kSegmentSection{1, 0};
constexpr codec::SectionId kRowSection{2, 0};
constexpr codec::SectionId kTimestampSection{3, 0};

struct SegmentRange {
    int64_t segment_id;
    uint64_t count;
};

}  // namespace

base::Status WriteDeleteFile(const DeletesBySegment& deletes, codec::Sink& sink) {
    std::vector<SegmentRange> ranges;
    for (const auto& [segment_id, run] : deletes) {
        ranges.push_back({segment_id, run.rows.size()});
    }
    codec::EnvelopeWriter writer(sink, kFormat, kFormatVersion);
    writer.AddArray(kSegmentSection, std::span<const SegmentRange>(ranges));
    writer.BeginSection(kRowSection);
    for (const auto& [segment_id, run] : deletes) {
        writer.Append({reinterpret_cast<const char*>(run.rows.data()),
                       run.rows.size() * sizeof(base::RowOffset)});
    }
    writer.EndSection();
    writer.BeginSection(kTimestampSection);
    for (const auto& [segment_id, run] : deletes) {
        writer.Append({reinterpret_cast<const char*>(run.timestamps.data()),
                       run.timestamps.size() * sizeof(base::Timestamp)});
    }
    writer.EndSection();
    return writer.Finish();
}

base::Result<DeletesBySegment> ReadDeleteFile(const base::Buffer& file) {
    ASSIGN_OR_RETURN(const codec::EnvelopeReader reader,
                     codec::EnvelopeReader::Open(file, kFormat, kFormatVersion));
    RETURN_IF_ERROR(reader.VerifyAll());
    ASSIGN_OR_RETURN(const base::Buffer ranges, reader.Section(kSegmentSection));
    ASSIGN_OR_RETURN(const base::Buffer rows, reader.Section(kRowSection));
    const uint64_t total = rows.size() / sizeof(base::RowOffset);
    ASSIGN_OR_RETURN(const base::Buffer timestamps,
                     reader.Array<base::Timestamp>(kTimestampSection, total));
    const auto all_rows = rows.As<base::RowOffset>();
    const auto all_timestamps = timestamps.As<base::Timestamp>();
    DeletesBySegment deletes;
    uint64_t begin = 0;
    for (const SegmentRange& range : ranges.As<SegmentRange>()) {
        if (range.count > total - begin) {
            return base::Corruption("delete file: more deletes announced than there are");
        }
        segment::DeleteRun& run = deletes[range.segment_id];
        const auto run_rows = all_rows.subspan(begin, range.count);
        const auto run_timestamps = all_timestamps.subspan(begin, range.count);
        run.rows.insert(run.rows.end(), run_rows.begin(), run_rows.end());
        run.timestamps.insert(run.timestamps.end(), run_timestamps.begin(), run_timestamps.end());
        begin += range.count;
    }
    return deletes;
}

}  // namespace elanus::streaming
