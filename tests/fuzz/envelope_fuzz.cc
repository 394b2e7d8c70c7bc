// The frame of every file, bytes as they lie on the disk.
#include "codec/envelope.h"
#include "codec/sink.h"
#include "target.h"

using namespace elanus;

ELANUS_FUZZ_SEEDS {
    codec::StringSink sink;
    codec::EnvelopeWriter writer(sink, "fuzz", 1);
    writer.AddSection({1, 0}, "one");
    writer.AddSection({2, 100}, std::string(100, 'x'));
    writer.AddSection({2, 101}, "");
    FUZZ_EXPECT(writer.Finish().ok());
    codec::StringSink empty;
    FUZZ_EXPECT(codec::EnvelopeWriter(empty, "fuzz", 1).Finish().ok());
    return {sink.bytes(), empty.bytes()};
}

ELANUS_FUZZ_TARGET(envelope) {
    const base::Buffer file = base::Buffer::FromString(std::string(bytes));
    static_cast<void>(codec::EnvelopeReader::FormatOf(file));
    const auto reader = codec::EnvelopeReader::Open(file, "fuzz", 3);
    if (!reader.ok()) {
        return;
    }
    uint64_t sum = 0;
    for (const codec::SectionEntry& entry : reader->sections()) {
        const auto section = reader->Section(entry.id);
        FUZZ_EXPECT(section.ok());
        for (const char byte : section->view()) {
            sum += static_cast<uint8_t>(byte);
        }
        static_cast<void>(reader->Array<uint64_t>(entry.id, entry.length / 8));
        static_cast<void>(reader->VerifySection(entry.id));
    }
    FUZZ_EXPECT(sum <= 255 * bytes.size());
    static_cast<void>(reader->VerifyAll());
}
