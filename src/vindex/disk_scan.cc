#include "vindex/disk_scan.h"

#include "vindex/exact_scan.h"
#include "vindex/graph_index.h"

#include <algorithm>
#include <bit>
#include <string>

namespace elanus::vindex {
namespace {

constexpr size_t kDepth = 16;
constexpr size_t kReadBytes = 128 * 1024;

class DiskScan final : public sys::BlockReader {
  public:
    DiskScan(const DiskScanInput& input, const Query& query, const SearchParams& params,
             SearchScratch& scratch)
        : input_(input),
          packing_(input.packing),
          query_(query),
          params_(params),
          scratch_(scratch),
          band_(CostBand::Of(input.metric, params)),
          bytes_(params.filter.present() ? packing_.read_bytes()
                                         : std::max(kReadBytes / packing_.read_bytes(), size_t{1}) *
                                               packing_.read_bytes()),
          rooms_(scratch, kDepth, bytes_) {}

    base::Status Run(Neighbors* out) {
        scratch_.top.Reset(std::min<size_t>(params_.k, input_.rows));
        const base::Status read = ReadBlocks(input_.file, kDepth, *this);
        RETURN_IF_ERROR(status_);
        RETURN_IF_ERROR(read);
        AppendKeys(input_.metric, scratch_.top.Sorted(), out);
        return base::Status();
    }

    bool Next(sys::BlockRead* read) override {
        for (uint32_t place = 0; status_.ok() && NextPlace(&place);) {
            if (const uint8_t* item = input_.items.InMemory(place); item != nullptr) {
                Visit(item, place);
                continue;
            }
            const uint64_t block = packing_.BlockOf(place);
            size_t bytes = bytes_;
            if (!params_.filter.present()) {
                // From a whole number of blocks on: all items in them, once.
                bytes = std::min<uint64_t>(bytes_, packing_.bytes(input_.rows) - block);
                next_ = packing_.ItemsIn(block + bytes, input_.rows);
            }
            *read = rooms_.Ask(input_.offset + block, bytes, place);
            return true;
        }
        return false;
    }

    void Done(const sys::BlockRead& read) override {
        const uint32_t first = BlockRooms::TagOf(read);
        const uint64_t block = read.offset - input_.offset;
        const uint32_t end =
            params_.filter.present() ? first + 1 : packing_.ItemsIn(block + read.size, input_.rows);
        for (uint32_t place = first; place < end && status_.ok(); ++place) {
            Visit(static_cast<const uint8_t*>(read.to) + (packing_.OffsetOf(place) - block), place);
        }
        rooms_.Free(read);
    }

  private:
    // The next place to score, in order, or of the next row that passes.
    bool NextPlace(uint32_t* place) {
        if (!params_.filter.present()) {
            *place = next_++;
            return *place < input_.rows;
        }
        const uint64_t* words = params_.filter.words();
        while (next_ < input_.rows) {
            const uint64_t word = words[next_ / 64] >> (next_ % 64);
            if (word == 0) {
                next_ = (next_ / 64 + 1) * 64;
                continue;
            }
            next_ += static_cast<uint32_t>(std::countr_zero(word));
            if (next_ >= input_.rows) {
                break;
            }
            *place = input_.items.PlaceOf(next_++);
            if (*place >= input_.rows) {
                status_ = base::Corruption(std::string(input_.damage));
                return false;
            }
            return true;
        }
        return false;
    }

    void Visit(const uint8_t* item, uint32_t place) {
        uint32_t row = 0;
        float cost = 0;
        if (!input_.items.Score(query_, item, place, &row, &cost)) {
            status_ = base::Corruption(std::string(input_.damage));
            return;
        }
        if (band_.Contains(cost) && params_.filter.Test(row)) {
            scratch_.top.Push(MakeKey(cost, row));
        }
        if (++scored_ % kInterruptHops == 0 && params_.interrupt) {
            status_ = params_.interrupt();
        }
    }

    const DiskScanInput& input_;
    const DiskPacking packing_;
    const Query& query_;
    const SearchParams& params_;
    SearchScratch& scratch_;
    const CostBand band_;
    const size_t bytes_;  // of a read
    BlockRooms rooms_;
    uint32_t next_ = 0;
    uint64_t scored_ = 0;
    base::Status status_;
};

}  // namespace

base::Status ScanDisk(const DiskScanInput& input, const Query& query, const SearchParams& params,
                      SearchScratch& scratch, Neighbors* out) {
    return DiskScan(input, query, params, scratch).Run(out);
}

}  // namespace elanus::vindex
