// Proxy: the names of namespaces: those of rows that are there, and those made by name.

#include "proxy/proxy.h"
#include "proxy/proxy_core.h"
#include "proxy/read_moment.h"
#include "proxy/tenant_namespace.h"
#include "reduce/aggregation.h"
#include "reduce/segment_reads.h"

#include <algorithm>
#include <utility>

namespace elanus::proxy {

namespace {

// The filter of names that begin with `prefix` and come after `after`; null for all.
PlanPtr NameFilter(const schema::FieldSchema& field, const std::string& prefix,
                   const std::string& after) {
    expr::ColumnRef column;
    column.field_id = field.id;
    column.type = field.type;
    expr::And both;
    if (!after.empty()) {
        both.terms.push_back({expr::Compare{column, expr::CompareOp::kGt, expr::Value(after)}});
    }
    if (!prefix.empty()) {
        both.terms.push_back({expr::Like{column, expr::LikeKind::kPrefix, prefix}});
    }
    if (both.terms.empty()) {
        return nullptr;
    }
    expr::Plan plan = both.terms.size() == 1 ? both.terms[0] : expr::Plan{std::move(both)};
    return std::make_shared<const expr::Plan>(std::move(plan));
}

}  // namespace

base::Result<std::vector<std::string>> Proxy::NamesOfNamespaces(
    const base::CallContext& context, const std::string& database, const std::string& collection,
    const std::string& prefix, const std::string& after, size_t count) {
    return core_->WithCollection(
        context, database, collection,
        [&](const CollectionPtr& info) -> base::Result<std::vector<std::string>> {
            RETURN_IF_ERROR(core_->CheckAllowed(*info, "reading"));
            const schema::FieldSchema& field = NamespaceField(*info);
            roles::RetrieveRequest request;
            request.filter = NameFilter(field, prefix, after);
            roles::Aggregation by_name;
            by_name.fields = {field};
            by_name.group_by = {0};
            by_name.aggregates = {roles::Aggregate{}};
            by_name.max_groups = count;
            by_name.first_groups = true;
            request.aggregation = by_name;
            ASSIGN_OR_RETURN(request.snapshot_ts, FreshTimestamp(context, core_->partners));
            request.guarantee_ts = request.snapshot_ts;
            ASSIGN_OR_RETURN(std::vector<roles::RetrieveResponse> shards,
                             core_->RetrieveFromShards(context, *info, request));
            ASSIGN_OR_RETURN(const roles::RetrieveResponse merged,
                             reduce::MergeRetrievals(std::move(shards), request));
            ASSIGN_OR_RETURN(const std::vector<schema::Column> columns,
                             reduce::GroupColumns(merged.groups, by_name));
            std::vector<std::string> names;
            const schema::ColumnView view = columns[0].View();
            for (size_t row = 0; row < columns[0].rows; ++row) {
                names.emplace_back(view.StringAt(row));
            }
            std::sort(names.begin(), names.end());
            return names;
        });
}

base::Status Proxy::NoteNamespace(const base::CallContext& context, const std::string& database,
                                  const std::string& collection, const std::string& name,
                                  base::Timestamp created_ts) {
    ASSIGN_OR_RETURN(const CollectionPtr info, core_->Collection(context, database, collection));
    roles::AlterCollectionRequest request;
    request.collection = roles::CollectionRef{info->database_name, "", info->id};
    if (created_ts == 0) {
        request.delete_keys = {CreatedNamespaceProperty(name)};
    } else {
        request.properties[CreatedNamespaceProperty(name)] = std::to_string(created_ts);
    }
    const auto result = core_->partners.root_coord->AlterCollection(context, request);
    core_->cache.Invalidate(roles::CollectionRef{"", "", info->id});
    return result.status();
}

}  // namespace elanus::proxy
