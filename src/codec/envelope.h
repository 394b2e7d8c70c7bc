// Envelope: the frame around every immutable file. It names the format and its version, and holds
// sections that are used in place from a mapping, each with its own checksum.
//
// Why: nothing is parsed on load, so a reader needs to find aligned arrays by id, know that the
// frame is whole without reading it all, and be able to prove every byte when it has the time.
// Invariants:
//   INV-ENVELOPE-1  Open() accepts only a frame whose header, table and footer are whole and whose
//                   sections lie inside the file, in order, without overlap and aligned to 64
//                   bytes.
//   INV-ENVELOPE-2  VerifyAll() passes only if every byte of the file is the one that was written.
// Threads: a writer belongs to one thread; a reader is a value and may be used from any.
// Format: docs/formats/envelope.md
#pragma once

#include "base/buffer.h"
#include "base/status.h"
#include "codec/sink.h"

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::codec {

inline constexpr size_t kSectionAlignment = 64;
inline constexpr size_t kFormatNameBytesMax = 16;
inline constexpr size_t kSectionsMax = 1 << 20;

// What a section holds (`kind`, each format has its own list) and of which field (0: of none).
struct SectionId {
    uint32_t kind = 0;
    uint32_t field = 0;
    auto operator<=>(const SectionId&) const = default;
};

struct SectionEntry {
    SectionId id;
    uint64_t offset = 0;
    uint64_t length = 0;
    uint32_t crc = 0;
};

// Writes header, sections, table and footer in one pass. The first failure sticks and is what
// Finish() returns; a file without Finish() does not open.
class EnvelopeWriter {
  public:
    // `format` has 1 to 16 bytes. `sink` outlives the writer.
    EnvelopeWriter(Sink& sink, std::string_view format, uint32_t format_version);

    void BeginSection(SectionId id);
    void Append(std::string_view bytes);
    void EndSection();

    void AddSection(SectionId id, std::string_view bytes) {
        BeginSection(id);
        Append(bytes);
        EndSection();
    }
    template <typename T>
    void AddArray(SectionId id, std::span<const T> values) {
        static_assert(std::is_trivially_copyable_v<T>);
        AddSection(id, {reinterpret_cast<const char*>(values.data()), values.size_bytes()});
    }

    base::Status Finish();
    uint64_t bytes_written() const { return offset_; }

  private:
    void Write(std::string_view bytes);
    void PadToAlignment();

    Sink& sink_;
    base::Status status_;
    uint64_t offset_ = 0;
    std::vector<SectionEntry> sections_;
    bool section_open_ = false;
};

class EnvelopeReader {
  public:
    EnvelopeReader() = default;

    // Checks the frame only: the cost depends on the number of sections, not on their size.
    // kDataCorruption when it is damaged, is of another format, or is newer than `version_max`.
    // A buffer that does not start on a 16-byte boundary is copied, so that sections are aligned.
    static base::Result<EnvelopeReader> Open(base::Buffer file, std::string_view format,
                                             uint32_t version_max);
    // The format name in the header of `file`.
    static base::Result<std::string> FormatOf(const base::Buffer& file);

    uint32_t format_version() const { return format_version_; }
    std::span<const SectionEntry> sections() const { return sections_; }
    const base::Buffer& file() const { return file_; }

    bool Has(SectionId id) const { return Find(id) != nullptr; }
    // The bytes of a section, unread and unverified; kDataCorruption when there is none.
    base::Result<base::Buffer> Section(SectionId id) const;
    // As above, and the length must be exactly `count` values of T.
    template <typename T>
    base::Result<base::Buffer> Array(SectionId id, uint64_t count) const {
        return SectionOfLength(id, count, sizeof(T));
    }

    // Reads the bytes and compares their checksum.
    base::Status VerifySection(SectionId id) const;
    base::Status VerifyAll() const;

  private:
    const SectionEntry* Find(SectionId id) const;
    base::Result<base::Buffer> SectionOfLength(SectionId id, uint64_t count, uint64_t width) const;
    base::Status ReadTable(uint64_t table_offset, uint32_t count);
    base::Status VerifyEntry(const SectionEntry& entry) const;

    base::Buffer file_;
    uint32_t format_version_ = 0;
    uint64_t table_offset_ = 0;
    std::vector<SectionEntry> sections_;  // in file order
};

}  // namespace elanus::codec
