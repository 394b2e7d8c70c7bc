// DiskScan: the best rows of a disk index by reading vectors one after another, or those of the
// rows that pass a filter.
#pragma once

#include "base/status.h"
#include "sys/file_system.h"
#include "vindex/disk_packing.h"
#include "vindex/index.h"
#include "vindex/scratch.h"
#include "vindex/vectors.h"

#include <cstdint>
#include <string_view>

namespace elanus::vindex {

// Items that have the vectors of an index.
class DiskItems {
  public:
    virtual ~DiskItems() = default;
    // Null when it has to be read.
    virtual const uint8_t* InMemory(uint32_t place) const = 0;
    // Where the item of a row is; no place of the items when damaged.
    virtual uint32_t PlaceOf(uint32_t row) const = 0;
    // The row of an item, and its cost. False: damaged.
    virtual bool Score(const Query& query, const uint8_t* item, uint32_t place, uint32_t* row,
                       float* cost) const = 0;
};

struct DiskScanInput {
    const DiskItems& items;
    DiskPacking packing;
    uint64_t offset = 0;        // of the items in the file
    uint32_t rows = 0;          // as many items
    sys::File* file = nullptr;  // null: all are in memory
    Metric metric = Metric::kL2;
    std::string_view damage;  // what to say of it
};

// Appends the k best of the rows that pass params.filter and lie in the range it asks for.
base::Status ScanDisk(const DiskScanInput& input, const Query& query, const SearchParams& params,
                      SearchScratch& scratch, Neighbors* out);

}  // namespace elanus::vindex
