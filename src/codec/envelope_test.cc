#include "codec/envelope.h"

#include "base/crc32c.h"

#include <cstring>

#include <gtest/gtest.h>

namespace elanus::codec {
namespace {

constexpr SectionId kNumbers{1, 100};
constexpr SectionId kText{2, 0};
constexpr SectionId kEmpty{3, 7};

std::string SmallFile() {
    StringSink sink;
    EnvelopeWriter writer(sink, "sample", 3);
    const uint64_t numbers[] = {1, 2, 3};
    writer.AddArray<uint64_t>(kNumbers, numbers);
    writer.BeginSection(kText);
    writer.Append("hello ");
    writer.Append("world");
    writer.EndSection();
    writer.AddSection(kEmpty, "");
    EXPECT_TRUE(writer.Finish().ok());
    EXPECT_EQ(writer.bytes_written(), sink.bytes().size());
    return sink.Take();
}

base::Result<EnvelopeReader> OpenBytes(std::string bytes) {
    return EnvelopeReader::Open(base::Buffer::FromString(std::move(bytes)), "sample", 3);
}

TEST(Envelope, SectionsComeBackAlignedAndWhole) {
    auto reader = OpenBytes(SmallFile());
    ASSERT_TRUE(reader.ok()) << reader.status().reason();
    EXPECT_EQ(reader->format_version(), 3u);
    EXPECT_EQ(reader->sections().size(), 3u);
    for (const SectionEntry& section : reader->sections()) {
        EXPECT_EQ(section.offset % kSectionAlignment, 0u);
    }
    auto numbers = reader->Array<uint64_t>(kNumbers, 3);
    ASSERT_TRUE(numbers.ok());
    EXPECT_EQ(numbers->As<uint64_t>()[2], 3u);
    EXPECT_EQ(reader->Section(kText)->view(), "hello world");
    EXPECT_TRUE(reader->Section(kEmpty)->empty());
    EXPECT_TRUE(reader->VerifySection(kText).ok());
    EXPECT_TRUE(reader->VerifyAll().ok());
}

TEST(Envelope, AnAbsentSectionOrAWrongLengthIsCorruption) {
    auto reader = OpenBytes(SmallFile());
    ASSERT_TRUE(reader.ok());
    EXPECT_FALSE(reader->Has({9, 9}));
    EXPECT_EQ(reader->Section({9, 9}).status().code(), base::Code::kDataCorruption);
    EXPECT_EQ(reader->VerifySection({9, 9}).code(), base::Code::kDataCorruption);
    EXPECT_EQ(reader->Array<uint64_t>(kNumbers, 4).status().code(), base::Code::kDataCorruption);
    EXPECT_EQ(reader->Array<uint64_t>(kText, 1).status().code(), base::Code::kDataCorruption);
}

TEST(Envelope, AnotherFormatOrANewerVersionIsRefused) {
    const base::Buffer file = base::Buffer::FromString(SmallFile());
    EXPECT_EQ(*EnvelopeReader::FormatOf(file), "sample");
    EXPECT_FALSE(EnvelopeReader::Open(file, "other", 3).ok());
    EXPECT_FALSE(EnvelopeReader::Open(file, "sample", 2).ok());
    EXPECT_TRUE(EnvelopeReader::Open(file, "sample", 4).ok());
}

TEST(Envelope, AMisalignedBufferIsCopied) {
    const std::string bytes = SmallFile();
    const base::Buffer shifted = base::Buffer::FromString("x" + bytes);
    auto reader = EnvelopeReader::Open(shifted.Slice(1, bytes.size()), "sample", 3);
    ASSERT_TRUE(reader.ok());
    const auto section = reader->Section(kNumbers);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(section->data()) % 16, 0u);
}

TEST(Envelope, AFileWithoutSectionsOpens) {
    StringSink sink;
    EnvelopeWriter writer(sink, "sample", 1);
    ASSERT_TRUE(writer.Finish().ok());
    auto reader = OpenBytes(sink.Take());
    ASSERT_TRUE(reader.ok());
    EXPECT_TRUE(reader->VerifyAll().ok());
}

TEST(Envelope, TheSameIdTwiceIsRefused) {
    StringSink sink;
    EnvelopeWriter writer(sink, "sample", 1);
    writer.AddSection(kText, "a");
    writer.AddSection(kText, "b");
    ASSERT_TRUE(writer.Finish().ok());
    EXPECT_EQ(OpenBytes(sink.Take()).status().code(), base::Code::kDataCorruption);
}

TEST(Envelope, EveryChangedByteIsFound) {
    const std::string good = SmallFile();
    for (size_t at = 0; at < good.size(); ++at) {
        for (int flip : {0x01, 0x80, 0xff}) {
            std::string bad = good;
            bad[at] = static_cast<char>(bad[at] ^ flip);
            auto reader = OpenBytes(bad);
            const base::Status status = reader.ok() ? reader->VerifyAll() : reader.status();
            EXPECT_EQ(status.code(), base::Code::kDataCorruption) << "byte " << at;
        }
    }
}

TEST(Envelope, EveryCutIsFound) {
    const std::string good = SmallFile();
    for (size_t size = 0; size < good.size(); ++size) {
        EXPECT_EQ(OpenBytes(good.substr(0, size)).status().code(), base::Code::kDataCorruption);
    }
    EXPECT_FALSE(OpenBytes(good + "x").ok());
}

// A table whose checksums are right but whose contents lie: the bounds alone must refuse it.
TEST(Envelope, EveryTableFieldOutOfBoundsIsRefused) {
    const std::string good = SmallFile();
    constexpr size_t kFooterBytes = 40, kEntryBytes = 32;
    const size_t table = good.size() - kFooterBytes - 3 * kEntryBytes;
    auto forge = [&](size_t entry, size_t field_at, uint64_t value) {
        std::string bad = good;
        std::memcpy(&bad[table + entry * kEntryBytes + field_at], &value, sizeof value);
        const size_t footer = table + 3 * kEntryBytes;
        const uint32_t table_crc = base::Crc32c(0, &bad[table], 3 * kEntryBytes);
        std::memcpy(&bad[footer + 20], &table_crc, sizeof table_crc);
        const uint32_t footer_crc = base::Crc32c(0, &bad[footer], 28);
        std::memcpy(&bad[footer + 28], &footer_crc, sizeof footer_crc);
        return bad;
    };
    uint64_t first_offset = 64;
    ASSERT_TRUE(OpenBytes(forge(0, 8, first_offset)).ok());
    for (uint64_t value : {uint64_t{0}, uint64_t{32}, uint64_t{65}, ~uint64_t{0}, uint64_t{1} << 40,
                           ~uint64_t{63}}) {
        for (size_t entry = 0; entry < 3; ++entry) {
            EXPECT_FALSE(OpenBytes(forge(entry, 8, value)).ok());
        }
    }
    EXPECT_FALSE(OpenBytes(forge(0, 16, ~uint64_t{0})).ok());
}

class FailingSink : public Sink {
  public:
    explicit FailingSink(int good) : good_(good) {}
    base::Status Append(std::string_view) override {
        return good_-- > 0 ? base::Status() : base::Status::Error(base::Code::kIoFailed, "full");
    }

  private:
    int good_;
};

TEST(Envelope, TheFirstFailureOfTheSinkIsWhatFinishReturns) {
    for (int good = 0; good < 4; ++good) {
        FailingSink sink(good);
        EnvelopeWriter writer(sink, "sample", 1);
        writer.AddSection(kText, "abc");
        EXPECT_EQ(writer.Finish().code(), base::Code::kIoFailed);
    }
}

// docs/formats/envelope.md shows these bytes.
TEST(Envelope, TheLayoutIsTheDocumentedOne) {
    const std::string file = SmallFile();
    EXPECT_EQ(file.substr(0, 8), "ELNSENV1");
    EXPECT_EQ(file.substr(8, 6), "sample");
    EXPECT_EQ(file[24], 3);
    EXPECT_EQ(file.substr(file.size() - 8), "ELNSEND1");
    EXPECT_EQ(file.size(), 64u + 64 + 64 + 3 * 32 + 40);
}

}  // namespace
}  // namespace elanus::codec
