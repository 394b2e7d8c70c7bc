// CoordStore: the coordinators' part of the catalog, fenced by an epoch.
//
// Why: a coordinator that was replaced while it slept must not write any more. Opening the store
// raises `coord/epoch`; every later commit of the older owner fails its compare.
// Keys (docs/formats/catalog.md): db/ID, coll/ID, alias/DB/NAME, seg/COLL/ID, delfile/COLL/ID,
// ckpt/COLL/VCHANNEL, index/COLL/ID, segidx/COLL/SEG/INDEX, load/COLL, alloc/NAME.
// Threads: any.
#pragma once

#include "base/archive.h"
#include "base/ids.h"
#include "base/status.h"
#include "catalog/catalog.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::coord {

class CoordStore {
  public:
    static base::Result<std::unique_ptr<CoordStore>> Open(catalog::Catalog& catalog);

    base::Epoch epoch() const { return epoch_; }

    // Whole or absent, of any size. 2 "another coordinator has taken over" when fenced.
    base::Status Commit(catalog::Txn txn);

    // Removes all keys under the prefixes in one change; idempotent.
    base::Status RemovePrefixes(const std::vector<std::string>& prefixes);

    base::Result<std::optional<std::string>> Get(const std::string& key);

    template <base::Visitable Record>
    base::Result<std::vector<Record>> LoadAll(std::string_view prefix) {
        ASSIGN_OR_RETURN(const catalog::RangeResult range, catalog_.Prefix(prefix));
        std::vector<Record> records;
        records.reserve(range.items.size());
        for (const catalog::KeyValue& item : range.items) {
            base::Result<Record> record = base::Decode<Record>(item.value);
            if (!record.ok()) {
                return base::Corruption("catalog key " + item.key);
            }
            records.push_back(std::move(*record));
        }
        return records;
    }

  private:
    CoordStore(catalog::Catalog& catalog, base::Epoch epoch) : catalog_(catalog), epoch_(epoch) {}

    catalog::Catalog& catalog_;
    const base::Epoch epoch_;
    std::atomic<uint64_t> next_change_{1};  // names a change too large for one transaction
};

}  // namespace elanus::coord
