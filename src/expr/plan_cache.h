// PlanCache: the plans of recently used filter texts, so that a repeated filter is parsed once.
// Failures are kept too: a client that repeats a wrong filter costs no parsing either.
//
// Only filters without template parameters belong here. The schema version is part of the key, so a
// changed schema never sees an old plan; stale entries leave by age of use.
// Threads: any.
#pragma once

#include "base/ids.h"
#include "base/mutex.h"
#include "base/status.h"
#include "expr/filter.h"
#include "expr/plan.h"
#include "schema/collection_schema.h"

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace elanus::expr {

class PlanCache {
  public:
    static constexpr size_t kEntriesMax = 1024;
    // Longer texts are parsed each time: a cache of huge key lists helps nobody.
    static constexpr size_t kTextBytesMax = 16 << 10;

    explicit PlanCache(size_t entries_max = kEntriesMax) : entries_max_(entries_max) {}

    // ParseFilter through the cache. `schema.version` must change with the schema. The options are
    // part of the key. `*found` tells whether the plan was there already; it may be null.
    base::Result<std::shared_ptr<const Plan>> GetOrParse(base::CollectionId collection_id,
                                                         std::string_view text,
                                                         const schema::CollectionSchema& schema,
                                                         const ParseOptions& options = {},
                                                         bool* found = nullptr);
    size_t size() const;

  private:
    using Outcome = base::Result<std::shared_ptr<const Plan>>;
    struct Entry {
        std::string key;
        Outcome outcome;
    };

    mutable base::Mutex mutex_;
    size_t entries_max_;
    std::list<Entry> entries_ GUARDED_BY(mutex_);  // most recently used first
    // Keys view the entries' strings, which do not move.
    std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key_ GUARDED_BY(mutex_);
};

}  // namespace elanus::expr
