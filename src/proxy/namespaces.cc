#include "proxy/namespaces.h"

#include "proxy/phrase.h"
#include "proxy/tenant_namespace.h"
#include "roles/records.h"

#include <algorithm>
#include <map>
#include <utility>

namespace elanus::proxy {

namespace {

// They are kept in the collection's description, which is written whole.
constexpr size_t kCreatedMax = 4096;

base::Status NotFound(const NamespaceRef& ref) {
    return base::Status::WithFields(base::Code::kPartitionNotFound, {{"namespace", ref.name}});
}

// A filter that every row of the collection passes and no rewrite takes for a tautology, which a
// delete refuses.
std::string EveryRow(const schema::CollectionSchema& schema) {
    const schema::FieldSchema& key = *schema.primary_key();
    return key.name + (schema::IsStringLike(key.type) ? " =~ \"\"" : " % 1 == 0");
}

}  // namespace

base::Result<roles::CollectionInfo> Namespaces::CollectionOf(const base::CallContext& context,
                                                             const NamespaceRef& ref) {
    ASSIGN_OR_RETURN(roles::CollectionInfo info,
                     proxy_.DescribeCollection(context, ref.database, ref.collection));
    if (!info.schema.enable_namespace) {
        return Invalid("namespace is not enabled, collection: ", ref.collection);
    }
    return info;
}

base::Result<NamespaceInfo> Namespaces::Create(const base::CallContext& context,
                                               const NamespaceRef& ref) {
    ASSIGN_OR_RETURN(const roles::CollectionInfo collection, CollectionOf(context, ref));
    if (!HasNamespacePartitions(collection)) {
        return CreateByName(context, ref, collection);
    }
    RETURN_IF_ERROR(proxy_.CreatePartition(context, ref.database, ref.collection, ref.name));
    return Describe(context, ref);
}

base::Result<NamespaceInfo> Namespaces::CreateByName(const base::CallContext& context,
                                                     const NamespaceRef& ref,
                                                     const roles::CollectionInfo& collection) {
    // For its look at the name.
    RETURN_IF_ERROR(proxy_.HasPartition(context, ref.database, ref.collection, ref.name).status());
    const auto created = CreatedNamespaces(collection.properties);
    if (const auto found = created.find(ref.name); found != created.end()) {
        return NamespaceInfo{ref.name, found->second};
    }
    if (created.size() >= kCreatedMax) {
        return Invalid("at most ", kCreatedMax, " namespaces can be created by name in collection ",
                       ref.collection, ": write to namespace ", ref.name, " without creating it");
    }
    ASSIGN_OR_RETURN(const base::Timestamp now, proxy_.AllocTimestamp(context));
    RETURN_IF_ERROR(proxy_.NoteNamespace(context, ref.database, ref.collection, ref.name, now));
    return NamespaceInfo{ref.name, now};
}

base::Result<NamespaceInfo> Namespaces::Describe(const base::CallContext& context,
                                                 const NamespaceRef& ref) {
    ASSIGN_OR_RETURN(const bool has, Has(context, ref));
    if (!has) {
        return NotFound(ref);
    }
    ASSIGN_OR_RETURN(const roles::CollectionInfo collection, CollectionOf(context, ref));
    if (!HasNamespacePartitions(collection)) {
        const auto created = CreatedNamespaces(collection.properties);
        const auto found = created.find(ref.name);
        return NamespaceInfo{ref.name, found == created.end() ? 0 : found->second};
    }
    const roles::PartitionInfo* partition = collection.FindPartition(ref.name);
    return NamespaceInfo{ref.name, partition == nullptr ? 0 : partition->created_ts};
}

base::Result<bool> Namespaces::Has(const base::CallContext& context, const NamespaceRef& ref) {
    ASSIGN_OR_RETURN(const roles::CollectionInfo collection, CollectionOf(context, ref));
    if (HasNamespacePartitions(collection)) {
        ASSIGN_OR_RETURN(const bool has,
                         proxy_.HasPartition(context, ref.database, ref.collection, ref.name));
        return has && ref.name != roles::kDefaultPartition;
    }
    if (CreatedNamespaces(collection.properties).contains(ref.name)) {
        return true;
    }
    ASSIGN_OR_RETURN(const uint64_t rows, CountVisible(context, ref));
    return rows > 0;
}

base::Result<std::vector<NamespaceInfo>> Namespaces::FirstAfter(const base::CallContext& context,
                                                                const NamespaceRef& ref,
                                                                const std::string& prefix,
                                                                const std::string& token,
                                                                size_t count) {
    ASSIGN_OR_RETURN(const roles::CollectionInfo collection, CollectionOf(context, ref));
    std::map<std::string, base::Timestamp> all;
    if (HasNamespacePartitions(collection)) {
        for (const roles::PartitionInfo& partition : collection.partitions) {
            if (partition.name != roles::kDefaultPartition) {
                all[partition.name] = partition.created_ts;
            }
        }
    } else {
        all = CreatedNamespaces(collection.properties);
        ASSIGN_OR_RETURN(
            const std::vector<std::string> names,
            proxy_.NamesOfNamespaces(context, ref.database, ref.collection, prefix, token, count));
        for (const std::string& name : names) {
            all.emplace(name, 0);
        }
    }
    std::vector<NamespaceInfo> after;
    for (const auto& [name, created_ts] : all) {
        if (name > token && name.starts_with(prefix)) {
            after.push_back({name, created_ts});
        }
    }
    return after;
}

base::Result<NamespacePage> Namespaces::List(const base::CallContext& context,
                                             const std::string& database,
                                             const std::string& collection,
                                             const std::string& prefix, int64_t page_size,
                                             const std::string& token) {
    if (page_size < 0) {
        return Invalid("page size [", page_size, "] is invalid, should be gte than 0");
    }
    NamespacePage page;
    const auto size = static_cast<size_t>(page_size == 0 ? kNamespacePageMax
                                                         : std::min(page_size, kNamespacePageMax));
    // One more than asked for: that there is one.
    ASSIGN_OR_RETURN(page.namespaces,
                     FirstAfter(context, {database, collection, ""}, prefix, token, size + 1));
    if (page.namespaces.size() > size) {
        page.namespaces.resize(size);
        page.next_token = page.namespaces.back().name;
    }
    return page;
}

base::Result<NamespaceRows> Namespaces::Count(const base::CallContext& context,
                                              const NamespaceRef& ref, bool exact) {
    ASSIGN_OR_RETURN(const roles::CollectionInfo collection, CollectionOf(context, ref));
    if (!HasNamespacePartitions(collection) || exact) {
        ASSIGN_OR_RETURN(const uint64_t rows, CountVisible(context, ref));
        return NamespaceRows{rows, true};
    }
    ASSIGN_OR_RETURN(const bool has, Has(context, ref));
    if (!has) {
        return NotFound(ref);
    }
    ASSIGN_OR_RETURN(const uint64_t rows,
                     proxy_.CountRows(context, ref.database, ref.collection, ref.name));
    return NamespaceRows{rows, false};
}

void Namespaces::Drop(const base::CallContext& context, const NamespaceRef& ref,
                      std::function<void(base::Status)> done) {
    const auto info = CollectionOf(context, ref);
    if (!info.ok() || HasNamespacePartitions(*info)) {
        return done(info.ok() ? DropPartition(context, ref) : info.status());
    }
    const base::Result<uint64_t> rows = CountVisible(context, ref);
    // A namespace without its note is there while it has rows: a second call finishes what a
    // failure left.
    const base::Status forgotten = rows.ok() ? Forget(context, ref, *info) : rows.status();
    if (!forgotten.ok() || *rows == 0) {
        return done(forgotten);
    }
    DeleteRequest request;
    request.database = ref.database;
    request.collection = ref.collection;
    request.namespace_name = ref.name;
    request.filter = EveryRow(info->schema);
    request.consistency.level = roles::ConsistencyLevel::kStrong;
    proxy_.Delete(context, std::move(request),
                  [done = std::move(done)](auto result) { done(result.status()); });
}

base::Status Namespaces::Forget(const base::CallContext& context, const NamespaceRef& ref,
                                const roles::CollectionInfo& collection) {
    return CreatedNamespaces(collection.properties).contains(ref.name)
               ? proxy_.NoteNamespace(context, ref.database, ref.collection, ref.name, 0)
               : base::Status();
}

base::Result<uint64_t> Namespaces::CountVisible(const base::CallContext& context,
                                                const NamespaceRef& ref) {
    QueryRequest request;
    request.database = ref.database;
    request.collection = ref.collection;
    request.namespace_name = ref.name;
    request.output_fields = {"count(*)"};
    request.consistency.level = roles::ConsistencyLevel::kStrong;
    ASSIGN_OR_RETURN(const QueryResults results, proxy_.Query(context, request));
    return static_cast<uint64_t>(results.columns[0].values.View().As<int64_t>()[0]);
}

base::Status Namespaces::DropPartition(const base::CallContext& context, const NamespaceRef& ref) {
    ASSIGN_OR_RETURN(const bool has, Has(context, ref));
    if (!has) {
        return base::Status();
    }
    // A partition that is loaded is not dropped.
    RETURN_IF_ERROR(proxy_.Release(context, ref.database, ref.collection, {ref.name}));
    return proxy_.DropPartition(context, ref.database, ref.collection, ref.name);
}

}  // namespace elanus::proxy
