#include "expr/plan_cache.h"

#include "base/archive.h"

#include <string>
#include <utility>

namespace elanus::expr {

namespace {

std::string MakeKey(base::CollectionId collection_id, base::SchemaVersion version,
                    std::string_view text, const ParseOptions& options) {
    const std::string& zone = options.time_zone.name();
    std::string key;
    key.reserve(sizeof collection_id + sizeof version + sizeof options.sample_seed + zone.size() +
                1 + text.size());
    key.append(reinterpret_cast<const char*>(&collection_id), sizeof collection_id);
    key.append(reinterpret_cast<const char*>(&version), sizeof version);
    key.append(reinterpret_cast<const char*>(&options.sample_seed), sizeof options.sample_seed);
    key.append(zone).push_back('\n');  // no name of a zone holds one
    key.append(std::to_string(options.text_numbers.size())).push_back('\n');
    for (const JsonPlace& place : options.text_numbers) {
        key.append(base::Encode(place)).push_back('\n');
    }
    key.append(text);
    return key;
}

base::Result<std::shared_ptr<const Plan>> ParseShared(std::string_view text,
                                                      const schema::CollectionSchema& schema,
                                                      const ParseOptions& options) {
    ASSIGN_OR_RETURN(Plan plan, ParseFilter(text, schema, {}, options));
    return std::make_shared<const Plan>(std::move(plan));
}

}  // namespace

base::Result<std::shared_ptr<const Plan>> PlanCache::GetOrParse(
    base::CollectionId collection_id, std::string_view text, const schema::CollectionSchema& schema,
    const ParseOptions& options, bool* found) {
    if (found != nullptr) {
        *found = false;
    }
    if (text.size() > kTextBytesMax) {
        return ParseShared(text, schema, options);
    }
    std::string key = MakeKey(collection_id, schema.version, text, options);
    {
        const base::MutexLock lock(mutex_);
        const auto known = by_key_.find(key);
        if (known != by_key_.end()) {
            entries_.splice(entries_.begin(), entries_, known->second);
            if (found != nullptr) {
                *found = true;
            }
            return known->second->outcome;
        }
    }
    // Parsed outside of the lock; two callers may do the same work, and either result serves.
    Outcome outcome = ParseShared(text, schema, options);
    const base::MutexLock lock(mutex_);
    if (!by_key_.contains(key)) {
        entries_.push_front(Entry{std::move(key), outcome});
        by_key_.emplace(entries_.front().key, entries_.begin());
        if (entries_.size() > entries_max_) {
            by_key_.erase(entries_.back().key);
            entries_.pop_back();
        }
    }
    return outcome;
}

size_t PlanCache::size() const {
    const base::MutexLock lock(mutex_);
    return entries_.size();
}

}  // namespace elanus::expr
