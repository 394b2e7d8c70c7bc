#include "vindex/disk_packing.h"

#include "sys/huge_memory.h"

#include <memory>
#include <string>

namespace elanus::vindex {
namespace {

constexpr size_t kLoadDepth = 8;
constexpr size_t kLoadBytes = 256 * 1024;

// What is missing from `at` up to a whole block.
size_t ToWholeBlock(uint64_t at) {
    return (sys::kBlockBytes - at % sys::kBlockBytes) % sys::kBlockBytes;
}

uint8_t* AlignUp(uint8_t* memory) {
    return memory + ToWholeBlock(reinterpret_cast<uintptr_t>(memory));
}

class Loader final : public sys::BlockReader {
  public:
    Loader(uint8_t* to, uint64_t offset, uint64_t bytes)
        : to_(to), offset_(offset), bytes_(bytes) {}
    bool Next(sys::BlockRead* read) override {
        if (at_ >= bytes_) {
            return false;
        }
        *read = {offset_ + at_, std::min<size_t>(kLoadBytes, bytes_ - at_), to_ + at_, 0};
        at_ += read->size;
        return true;
    }
    void Done(const sys::BlockRead& /*read*/) override {}

  private:
    uint8_t* const to_;
    const uint64_t offset_;
    const uint64_t bytes_;
    uint64_t at_ = 0;
};

}  // namespace

void DiskBlocks::AddTo(codec::EnvelopeWriter& writer, codec::SectionId id) const {
    writer.BeginSection(id);
    writer.Append(std::string(ToWholeBlock(writer.bytes_written()), '\0'));
    writer.Append(bytes.view());
    writer.EndSection();
}

base::Result<DiskBlocks> DiskBlocks::Open(const codec::EnvelopeReader& reader, codec::SectionId id,
                                          uint64_t length) {
    ASSIGN_OR_RETURN(const base::Buffer section, reader.Section(id));
    const auto offset = static_cast<uint64_t>(section.data() - reader.file().data());
    const uint64_t skipped = ToWholeBlock(offset);
    if (section.size() != skipped + length) {
        return base::Corruption("disk graph: its blocks have a wrong length");
    }
    return DiskBlocks{section.Slice(skipped, length), offset + skipped};
}

base::Result<base::Buffer> DiskBlocks::Load(sys::File& file, uint64_t length) const {
    if (length == 0) {
        return base::Buffer();
    }
    // A direct read wants aligned memory, and large pages are that.
    const std::shared_ptr<uint8_t> room = sys::AllocateHuge(length + sys::kBlockBytes);
    uint8_t* to = AlignUp(room.get());
    Loader loader(to, offset, length);
    RETURN_IF_ERROR(file.ReadBlocks(kLoadDepth, loader));
    return base::Buffer(to, length, room);
}

base::Status ReadBlocks(sys::File* file, size_t depth, sys::BlockReader& reader) {
    if (file != nullptr) {
        return file->ReadBlocks(depth, reader);
    }
    sys::BlockRead read;
    return reader.Next(&read) ? base::Internal("a disk graph without its file") : base::Status();
}

BlockRooms::BlockRooms(SearchScratch& scratch, size_t count, size_t bytes)
    : free_(scratch.block_slots), bytes_(bytes) {
    scratch.blocks.resize(std::max(scratch.blocks.size(), count * bytes + sys::kBlockBytes));
    rooms_ = AlignUp(scratch.blocks.data());
    free_.resize(count);
    for (size_t i = 0; i < count; ++i) {
        free_[i] = static_cast<uint32_t>(i);
    }
}

sys::BlockRead BlockRooms::Ask(uint64_t offset, size_t bytes, uint32_t tag) {
    const uint32_t room = free_.back();
    free_.pop_back();
    return {offset, bytes, rooms_ + room * bytes_, uint64_t{room} << 32 | tag};
}

void BlockRooms::Free(const sys::BlockRead& read) {
    free_.push_back(static_cast<uint32_t>(read.tag >> 32));
}

}  // namespace elanus::vindex
