// Origin files of compactions, as sections (sections.h): what is read is whole rows.
#include "codec/sink.h"
#include "sections.h"
#include "segment/origin_file.h"
#include "target.h"

using namespace elanus;

ELANUS_FUZZ_SEEDS {
    const std::vector<segment::RowOrigin> first = {segment::MakeOrigin(0, 1),
                                                   segment::MakeOrigin(3, 9)};
    const std::vector<segment::RowOrigin> second = {segment::MakeOrigin(1, 0)};
    codec::StringSink sink;
    FUZZ_EXPECT(segment::WriteOriginFile({first, second}, sink).ok());
    return {fuzz::SectionsOf("origins", sink.bytes())};
}

ELANUS_FUZZ_TARGET(origin_file) {
    const auto origins = segment::OriginFile::Open(fuzz::EnvelopeOf("origins", bytes));
    if (!origins.ok()) {
        return;
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < origins->outputs(); ++i) {
        for (const segment::RowOrigin origin : origins->Output(i)) {
            sum += segment::OriginInput(origin) + segment::OriginRow(origin);
        }
    }
    FUZZ_EXPECT(origins->outputs() > 0 || sum == 0);
}
