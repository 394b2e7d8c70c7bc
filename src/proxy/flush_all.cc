// Proxy: flush of many collections at once, of chosen ones or of all databases.
//
// The moment is taken before the first collection is flushed, so that every row acknowledged before
// the call lies at or before it, in whatever channel. A collection that is dropped meanwhile needs
// no flush: it is left out, and is no error.

#include "proxy/proxy_core.h"

#include <iterator>
#include <map>
#include <set>
#include <utility>

namespace elanus::proxy {
namespace {

bool IsGone(const base::Status& status) {
    return status.code() == base::Code::kCollectionNotFound ||
           status.code() == base::Code::kDatabaseNotFound;
}

// Every collection once, however often it was named; a database named alone is all of it.
std::vector<FlushTarget> Folded(std::vector<FlushTarget> targets) {
    std::map<std::string, std::set<std::string>> names;
    std::set<std::string> whole;
    for (FlushTarget& target : targets) {
        if (target.collections.empty()) {
            whole.insert(target.database);
        }
        names[target.database].insert(std::make_move_iterator(target.collections.begin()),
                                      std::make_move_iterator(target.collections.end()));
    }
    std::vector<FlushTarget> folded;
    for (auto& [database, collections] : names) {
        folded.push_back({database, {}});
        if (!whole.contains(database)) {
            folded.back().collections.assign(collections.begin(), collections.end());
        }
    }
    return folded;
}

// Every database, when none is named.
base::Result<std::vector<FlushTarget>> AllWhenEmpty(Proxy& proxy, const base::CallContext& context,
                                                    std::vector<FlushTarget> targets) {
    if (!targets.empty()) {
        return Folded(std::move(targets));
    }
    ASSIGN_OR_RETURN(const std::vector<roles::DatabaseInfo> databases,
                     proxy.ListDatabases(context));
    for (const roles::DatabaseInfo& database : databases) {
        targets.push_back({database.name, {}});
    }
    return targets;
}

// Fills in the names of all collections where none is named.
base::Status FillCollections(Proxy& proxy, const base::CallContext& context, FlushTarget* target) {
    if (!target->collections.empty()) {
        return base::Status();
    }
    ASSIGN_OR_RETURN(const std::vector<roles::CollectionInfo> all,
                     proxy.ListCollections(context, target->database));
    for (const roles::CollectionInfo& collection : all) {
        target->collections.push_back(collection.schema.name);
    }
    return base::Status();
}

}  // namespace

base::Result<FlushAllResult> Proxy::FlushAll(const base::CallContext& context,
                                             std::vector<FlushTarget> targets) {
    FlushAllResult result;
    ASSIGN_OR_RETURN(result.flush_ts, AllocTimestamp(context));
    const bool everything = targets.empty();
    ASSIGN_OR_RETURN(targets, AllWhenEmpty(*this, context, std::move(targets)));
    base::Status failed;  // one that cannot be flushed must not keep the others from it
    for (FlushTarget& target : targets) {
        const bool by_name = !target.collections.empty();
        FlushedDatabase flushed;
        flushed.database = target.database;
        if (const base::Status status = FillCollections(*this, context, &target); !status.ok()) {
            if (everything && IsGone(status)) {
                continue;
            }
            return status;
        }
        for (const std::string& name : target.collections) {
            auto one = Flush(context, target.database, {name});
            if (one.ok()) {
                flushed.collections.push_back(std::move(one->front()));
            } else if (by_name) {
                return one.status();
            } else if (!IsGone(one.status()) && failed.ok()) {
                failed = one.status();
            }
        }
        result.databases.push_back(std::move(flushed));
    }
    RETURN_IF_ERROR(failed);
    return result;
}

base::Result<std::vector<DatabaseFlushState>> Proxy::GetFlushAllState(
    const base::CallContext& context, std::vector<FlushTarget> targets, base::Timestamp flush_ts) {
    const bool everything = targets.empty();
    ASSIGN_OR_RETURN(targets, AllWhenEmpty(*this, context, std::move(targets)));
    std::vector<DatabaseFlushState> states;
    for (FlushTarget& target : targets) {
        if (const base::Status status = FillCollections(*this, context, &target); !status.ok()) {
            if (everything && IsGone(status)) {
                continue;
            }
            return status;
        }
        DatabaseFlushState state;
        state.database = target.database;
        for (const std::string& name : target.collections) {
            const auto flushed = GetFlushState(context, target.database, name, flush_ts, {});
            if (flushed.ok()) {
                state.collections[name] = *flushed;
            } else if (!IsGone(flushed.status())) {
                return flushed.status();
            }
        }
        states.push_back(std::move(state));
    }
    return states;
}

}  // namespace elanus::proxy
