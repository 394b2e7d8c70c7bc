#include "proxy/namespaces.h"

#include "proxy/phrase.h"
#include "proxy/tenant_namespace.h"
#include "roles/records.h"

#include <algorithm>
#include <utility>

namespace elanus::proxy {

namespace {

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

base::Result<bool> Namespaces::ArePartitions(const base::CallContext& context,
                                             const NamespaceRef& ref) {
    ASSIGN_OR_RETURN(const roles::CollectionInfo info,
                     proxy_.DescribeCollection(context, ref.database, ref.collection));
    if (!info.schema.enable_namespace) {
        return Invalid("namespace is not enabled, collection: ", ref.collection);
    }
    return HasNamespacePartitions(info);
}

base::Result<NamespaceInfo> Namespaces::Create(const base::CallContext& context,
                                               const NamespaceRef& ref) {
    ASSIGN_OR_RETURN(const bool are_partitions, ArePartitions(context, ref));
    if (are_partitions) {
        RETURN_IF_ERROR(proxy_.CreatePartition(context, ref.database, ref.collection, ref.name));
        return Describe(context, ref);
    }
    // For its look at the name.
    RETURN_IF_ERROR(proxy_.HasPartition(context, ref.database, ref.collection, ref.name).status());
    return NamespaceInfo{ref.name};
}

base::Result<NamespaceInfo> Namespaces::Describe(const base::CallContext& context,
                                                 const NamespaceRef& ref) {
    ASSIGN_OR_RETURN(const bool has, Has(context, ref));
    if (!has) {
        return NotFound(ref);
    }
    ASSIGN_OR_RETURN(const std::vector<roles::PartitionInfo> partitions,
                     proxy_.ListPartitions(context, ref.database, ref.collection));
    for (const roles::PartitionInfo& partition : partitions) {
        if (partition.name == ref.name) {
            return NamespaceInfo{ref.name, partition.created_ts};
        }
    }
    return NamespaceInfo{ref.name};
}

base::Result<bool> Namespaces::Has(const base::CallContext& context, const NamespaceRef& ref) {
    ASSIGN_OR_RETURN(const bool are_partitions, ArePartitions(context, ref));
    if (are_partitions) {
        ASSIGN_OR_RETURN(const bool has,
                         proxy_.HasPartition(context, ref.database, ref.collection, ref.name));
        return has && ref.name != roles::kDefaultPartition;
    }
    ASSIGN_OR_RETURN(const uint64_t rows, CountVisible(context, ref));
    return rows > 0;
}

base::Result<NamespacePage> Namespaces::List(const base::CallContext& context,
                                             const std::string& database,
                                             const std::string& collection,
                                             const std::string& prefix, int64_t page_size,
                                             const std::string& token) {
    ASSIGN_OR_RETURN(const bool are_partitions, ArePartitions(context, {database, collection, ""}));
    if (!are_partitions) {
        return Invalid("namespaces are listed with namespace.mode=partition only, collection: ",
                       collection);
    }
    if (page_size < 0) {
        return Invalid("page size [", page_size, "] is invalid, should be gte than 0");
    }
    ASSIGN_OR_RETURN(std::vector<roles::PartitionInfo> partitions,
                     proxy_.ListPartitions(context, database, collection));
    std::sort(partitions.begin(), partitions.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    NamespacePage page;
    for (roles::PartitionInfo& partition : partitions) {
        if (partition.name == roles::kDefaultPartition || partition.name <= token ||
            !partition.name.starts_with(prefix)) {
            continue;
        }
        if (page_size > 0 && page.namespaces.size() == static_cast<size_t>(page_size)) {
            page.next_token = page.namespaces.back().name;
            break;
        }
        page.namespaces.push_back({std::move(partition.name), partition.created_ts});
    }
    return page;
}

base::Result<NamespaceRows> Namespaces::Count(const base::CallContext& context,
                                              const NamespaceRef& ref, bool exact) {
    ASSIGN_OR_RETURN(const bool are_partitions, ArePartitions(context, ref));
    if (!are_partitions || exact) {
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
    const auto info = proxy_.DescribeCollection(context, ref.database, ref.collection);
    const base::Result<bool> are_partitions = ArePartitions(context, ref);
    if (!info.ok() || !are_partitions.ok() || *are_partitions) {
        return done(!info.ok()             ? info.status()
                    : !are_partitions.ok() ? are_partitions.status()
                                           : DropPartition(context, ref));
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
