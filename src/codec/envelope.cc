#include "codec/envelope.h"

#include "base/crc32c.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace elanus::codec {
namespace {

static_assert(std::endian::native == std::endian::little, "files are read in place");

constexpr char kMagic[8] = {'E', 'L', 'N', 'S', 'E', 'N', 'V', '1'};
constexpr char kEndMagic[8] = {'E', 'L', 'N', 'S', 'E', 'N', 'D', '1'};

struct Header {
    char magic[8];
    char format[kFormatNameBytesMax];
    uint32_t format_version;
    uint8_t zero[32];
    uint32_t crc;  // of all bytes before
};
static_assert(sizeof(Header) == 64 && sizeof(Header) % kSectionAlignment == 0);

struct TableEntry {
    uint32_t kind;
    uint32_t field;
    uint64_t offset;
    uint64_t length;
    uint32_t crc;
    uint32_t zero;
};
static_assert(sizeof(TableEntry) == 32);

struct Footer {
    uint64_t table_offset;
    uint64_t file_size;
    uint32_t section_count;
    uint32_t table_crc;
    uint32_t zero;
    uint32_t crc;  // of all bytes before
    char magic[8];
};
static_assert(sizeof(Footer) == 40);

template <typename T>
std::string_view BytesOf(const T& value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

template <typename T>
uint32_t CrcOfPrefix(const T& value) {
    return base::Crc32c(0, &value, offsetof(T, crc));
}

base::Status Damaged(std::string_view what) {
    return base::Corruption("file envelope: " + std::string(what));
}

bool AllZero(const uint8_t* begin, const uint8_t* end) {
    return std::all_of(begin, end, [](uint8_t byte) { return byte == 0; });
}

base::Result<Header> ReadHeader(const base::Buffer& file) {
    Header header;
    if (file.size() < sizeof(Header)) {
        return Damaged("shorter than its header");
    }
    std::memcpy(&header, file.data(), sizeof header);
    if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) {
        return Damaged("bad magic");
    }
    if (header.crc != CrcOfPrefix(header)) {
        return Damaged("bad header checksum");
    }
    return header;
}

std::string FormatName(const Header& header) {
    return std::string(header.format, strnlen(header.format, sizeof header.format));
}

base::Result<Footer> ReadFooter(const base::Buffer& file) {
    Footer footer;
    if (file.size() < sizeof(Header) + sizeof(Footer)) {
        return Damaged("shorter than header and footer");
    }
    std::memcpy(&footer, file.data() + file.size() - sizeof footer, sizeof footer);
    if (std::memcmp(footer.magic, kEndMagic, sizeof kEndMagic) != 0) {
        return Damaged("bad end magic: cut or unfinished");
    }
    if (footer.crc != CrcOfPrefix(footer)) {
        return Damaged("bad footer checksum");
    }
    if (footer.file_size != file.size()) {
        return Damaged("size differs from the one written");
    }
    const uint64_t table_bytes = file.size() - sizeof(Footer) - sizeof(Header);
    if (footer.section_count > kSectionsMax ||
        footer.section_count * sizeof(TableEntry) > table_bytes ||
        footer.table_offset !=
            file.size() - sizeof(Footer) - footer.section_count * sizeof(TableEntry)) {
        return Damaged("bad table position");
    }
    return footer;
}

base::Buffer Aligned(base::Buffer file) {
    if (reinterpret_cast<uintptr_t>(file.data()) % 16 == 0) {
        return file;
    }
    return base::Buffer::FromVector(std::vector<uint8_t>(file.data(), file.data() + file.size()));
}

}  // namespace

EnvelopeWriter::EnvelopeWriter(Sink& sink, std::string_view format, uint32_t format_version)
    : sink_(sink) {
    CHECK(!format.empty() && format.size() <= kFormatNameBytesMax, "format name length");
    Header header{};
    std::memcpy(header.magic, kMagic, sizeof kMagic);
    std::memcpy(header.format, format.data(), format.size());
    header.format_version = format_version;
    header.crc = CrcOfPrefix(header);
    Write(BytesOf(header));
}

void EnvelopeWriter::Write(std::string_view bytes) {
    if (status_.ok() && !bytes.empty()) {
        status_ = sink_.Append(bytes);
    }
    offset_ += bytes.size();
}

void EnvelopeWriter::PadToAlignment() {
    static constexpr char kZeros[kSectionAlignment] = {};
    const size_t past = offset_ % kSectionAlignment;
    if (past != 0) {
        Write({kZeros, kSectionAlignment - past});
    }
}

void EnvelopeWriter::BeginSection(SectionId id) {
    CHECK(!section_open_, "a section is still open");
    PadToAlignment();
    section_open_ = true;
    sections_.push_back({id, offset_, 0, 0});
}

void EnvelopeWriter::Append(std::string_view bytes) {
    CHECK(section_open_, "bytes outside a section");
    SectionEntry& section = sections_.back();
    section.crc = base::Crc32c(section.crc, bytes.data(), bytes.size());
    section.length += bytes.size();
    Write(bytes);
}

void EnvelopeWriter::EndSection() {
    CHECK(section_open_, "no section is open");
    section_open_ = false;
}

base::Status EnvelopeWriter::Finish() {
    CHECK(!section_open_ && sections_.size() <= kSectionsMax, "sections are not complete");
    PadToAlignment();
    std::vector<TableEntry> table;
    table.reserve(sections_.size());
    for (const SectionEntry& s : sections_) {
        table.push_back({s.id.kind, s.id.field, s.offset, s.length, s.crc, 0});
    }
    const std::string_view table_bytes(reinterpret_cast<const char*>(table.data()),
                                       table.size() * sizeof(TableEntry));
    Footer footer{};
    footer.table_offset = offset_;
    footer.file_size = offset_ + table_bytes.size() + sizeof footer;
    footer.section_count = static_cast<uint32_t>(table.size());
    footer.table_crc = base::Crc32c(table_bytes);
    footer.crc = CrcOfPrefix(footer);
    std::memcpy(footer.magic, kEndMagic, sizeof kEndMagic);
    Write(table_bytes);
    Write(BytesOf(footer));
    return status_;
}

base::Result<EnvelopeReader> EnvelopeReader::Open(base::Buffer file, std::string_view format,
                                                  uint32_t version_max) {
    EnvelopeReader reader;
    reader.file_ = Aligned(std::move(file));
    ASSIGN_OR_RETURN(const Header header, ReadHeader(reader.file_));
    if (FormatName(header) != format) {
        return Damaged("is \"" + FormatName(header) + "\", not \"" + std::string(format) + "\"");
    }
    if (header.format_version > version_max) {
        return Damaged("format version " + std::to_string(header.format_version) +
                       " is newer than this program");
    }
    ASSIGN_OR_RETURN(const Footer footer, ReadFooter(reader.file_));
    reader.format_version_ = header.format_version;
    reader.table_offset_ = footer.table_offset;
    const uint8_t* table = reader.file_.data() + footer.table_offset;
    if (base::Crc32c(0, table, footer.section_count * sizeof(TableEntry)) != footer.table_crc) {
        return Damaged("bad table checksum");
    }
    RETURN_IF_ERROR(reader.ReadTable(footer.table_offset, footer.section_count));
    return reader;
}

base::Status EnvelopeReader::ReadTable(uint64_t table_offset, uint32_t count) {
    sections_.reserve(count);
    uint64_t end = sizeof(Header);
    std::vector<SectionId> ids;
    for (uint32_t i = 0; i < count; ++i) {
        TableEntry entry;
        std::memcpy(&entry, file_.data() + table_offset + i * sizeof entry, sizeof entry);
        if (entry.offset % kSectionAlignment != 0 || entry.offset < end ||
            entry.offset > table_offset || entry.length > table_offset - entry.offset) {
            return Damaged("a section lies outside its place");
        }
        end = entry.offset + entry.length;
        ids.push_back({entry.kind, entry.field});
        sections_.push_back({ids.back(), entry.offset, entry.length, entry.crc});
    }
    std::sort(ids.begin(), ids.end());
    if (std::adjacent_find(ids.begin(), ids.end()) != ids.end()) {
        return Damaged("a section id occurs twice");
    }
    return base::Status();
}

base::Result<std::string> EnvelopeReader::FormatOf(const base::Buffer& file) {
    ASSIGN_OR_RETURN(const Header header, ReadHeader(file));
    return FormatName(header);
}

const SectionEntry* EnvelopeReader::Find(SectionId id) const {
    for (const SectionEntry& section : sections_) {
        if (section.id == id) {
            return &section;
        }
    }
    return nullptr;
}

base::Result<base::Buffer> EnvelopeReader::Section(SectionId id) const {
    const SectionEntry* section = Find(id);
    if (section == nullptr) {
        return Damaged("section " + std::to_string(id.kind) + "/" + std::to_string(id.field) +
                       " is missing");
    }
    return file_.Slice(section->offset, section->length);
}

base::Result<base::Buffer> EnvelopeReader::SectionOfLength(SectionId id, uint64_t count,
                                                           uint64_t width) const {
    ASSIGN_OR_RETURN(base::Buffer bytes, Section(id));
    if (bytes.size() % width != 0 || bytes.size() / width != count) {
        return Damaged("section " + std::to_string(id.kind) + "/" + std::to_string(id.field) +
                       " has " + std::to_string(bytes.size()) + " bytes, not " +
                       std::to_string(count) + " x " + std::to_string(width));
    }
    return bytes;
}

base::Status EnvelopeReader::VerifyEntry(const SectionEntry& entry) const {
    if (base::Crc32c(0, file_.data() + entry.offset, entry.length) != entry.crc) {
        return Damaged("bad checksum of section " + std::to_string(entry.id.kind) + "/" +
                       std::to_string(entry.id.field) + " at offset " +
                       std::to_string(entry.offset));
    }
    return base::Status();
}

base::Status EnvelopeReader::VerifySection(SectionId id) const {
    const SectionEntry* section = Find(id);
    return section != nullptr ? VerifyEntry(*section) : Section(id).status();
}

base::Status EnvelopeReader::VerifyAll() const {
    uint64_t end = sizeof(Header);
    for (const SectionEntry& section : sections_) {
        if (!AllZero(file_.data() + end, file_.data() + section.offset)) {
            return Damaged("padding before offset " + std::to_string(section.offset) +
                           " is not zero");
        }
        RETURN_IF_ERROR(VerifyEntry(section));
        end = section.offset + section.length;
    }
    if (!AllZero(file_.data() + end, file_.data() + table_offset_)) {
        return Damaged("padding before the table is not zero");
    }
    return base::Status();
}

}  // namespace elanus::codec
