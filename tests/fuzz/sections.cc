#include "sections.h"

#include "base/buffer.h"
#include "codec/envelope.h"
#include "codec/sink.h"
#include "target.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace elanus::fuzz {
namespace {

constexpr size_t kNumberBytes = 4;
constexpr size_t kHeaderBytes = 3 * kNumberBytes;

uint32_t NumberAt(std::string_view bytes, size_t offset) {
    uint32_t number = 0;
    std::memcpy(&number, bytes.data() + offset, sizeof number);
    return number;
}

void AppendNumber(size_t number, std::string* out) {
    const auto word = static_cast<uint32_t>(number);
    out->append(reinterpret_cast<const char*>(&word), sizeof word);
}

}  // namespace

base::Buffer EnvelopeOf(std::string_view format, std::string_view bytes) {
    codec::StringSink sink;
    codec::EnvelopeWriter writer(sink, format,
                                 bytes.empty() ? 1 : static_cast<uint8_t>(bytes.front()));
    bytes.remove_prefix(std::min<size_t>(bytes.size(), 1));
    while (bytes.size() >= kHeaderBytes) {
        const codec::SectionId id{NumberAt(bytes, 0), NumberAt(bytes, kNumberBytes)};
        const size_t length = NumberAt(bytes, 2 * kNumberBytes);
        bytes.remove_prefix(kHeaderBytes);
        const std::string_view section = bytes.substr(0, length);
        writer.AddSection(id, section);
        bytes.remove_prefix(section.size());
    }
    static_cast<void>(writer.Finish());  // a file without its end does not open: fine as well
    return base::Buffer::FromString(sink.Take());
}

std::string SectionsOf(std::string_view format, std::string_view file) {
    const auto reader = codec::EnvelopeReader::Open(base::Buffer::FromString(std::string(file)),
                                                    format, std::numeric_limits<uint32_t>::max());
    FUZZ_EXPECT(reader.ok());
    std::string form(1, static_cast<char>(reader->format_version()));
    for (const codec::SectionEntry& entry : reader->sections()) {
        AppendNumber(entry.id.kind, &form);
        AppendNumber(entry.id.field, &form);
        AppendNumber(entry.length, &form);
        form.append(file.substr(entry.offset, entry.length));
    }
    return form;
}

}  // namespace elanus::fuzz
