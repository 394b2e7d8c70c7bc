// Delete files, as sections (sections.h), applied to the delete list of a segment.
#include "codec/sink.h"
#include "sections.h"
#include "segment/delete_list.h"
#include "streaming/delete_file.h"
#include "target.h"

using namespace elanus;

ELANUS_FUZZ_SEEDS {
    codec::StringSink sink;
    FUZZ_EXPECT(
        streaming::WriteDeleteFile({{7, {{1, 4, 9}, {100, 90, 120}}}, {8, {{0}, {5}}}}, sink).ok());
    return {fuzz::SectionsOf("deletes", sink.bytes())};
}

ELANUS_FUZZ_TARGET(delete_file) {
    const auto deletes = streaming::ReadDeleteFile(fuzz::EnvelopeOf("deletes", bytes));
    if (!deletes.ok()) {
        return;
    }
    for (const auto& [segment_id, run] : *deletes) {
        FUZZ_EXPECT(run.rows.size() == run.timestamps.size());
        segment::DeleteList list;
        list.Apply(run);
        list.Apply(run);
        constexpr size_t kSegmentRows = 100;
        base::Bitmap visible(kSegmentRows, true);
        list.Mask(base::kMaxTimestamp, &visible);
        FUZZ_EXPECT(list.CountAt(base::kMaxTimestamp) <= list.size());
    }
}
