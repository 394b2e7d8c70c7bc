// Proxy: indexes of vectors and scalars: what may be created, altered, dropped and described.

#include "proxy/index_params.h"
#include "proxy/name_validation.h"
#include "proxy/phrase.h"
#include "proxy/proxy_core.h"

#include <algorithm>
#include <iterator>

namespace elanus::proxy {

namespace {

bool IsLoadedOrLoading(const roles::LoadStatus& load) {
    return load.state == roles::LoadState::kLoaded || load.state == roles::LoadState::kLoading;
}

// Indexes that the name means: by index name, by field, or all.
std::vector<roles::IndexProgress> Select(std::vector<roles::IndexProgress> indexes,
                                         const IndexName& name) {
    std::vector<roles::IndexProgress> selected;
    std::copy_if(std::make_move_iterator(indexes.begin()), std::make_move_iterator(indexes.end()),
                 std::back_inserter(selected), [&name](const roles::IndexProgress& progress) {
                     const roles::IndexInfo& index = progress.index;
                     return !index.dropped &&
                            (name.index_name.empty() || index.name == name.index_name) &&
                            (name.field.empty() || index.field_name == name.field);
                 });
    return selected;
}

}  // namespace

base::Status Proxy::CreateIndex(const base::CallContext& context,
                                const CreateIndexRequest& request) {
    const auto result = core_->WithCollection(
        context, request.database, request.collection,
        [&](const CollectionPtr& info) -> base::Result<roles::Empty> {
            RETURN_IF_ERROR(core_->CheckAllowed(*info, "index"));
            roles::CreateIndexRequest create;
            ASSIGN_OR_RETURN(create.index, ParseIndex(*info, request, core_->limits));
            create.collection = *info;
            auto created = core_->partners.data_coord->CreateIndex(context, create);
            core_->cache.InvalidateIndexes(info->id);
            return created;
        });
    return result.ok() ? base::Status() : result.status();
}

base::Status Proxy::DropIndex(const base::CallContext& context, const IndexName& name) {
    ASSIGN_OR_RETURN(const CollectionPtr info,
                     core_->Collection(context, name.database, name.collection));
    RETURN_IF_ERROR(core_->CheckAllowed(*info, "index"));
    ASSIGN_OR_RETURN(roles::IndexList list, core_->partners.data_coord->ListIndexes(
                                                context, roles::OfCollection{info->id}));
    const std::vector<roles::IndexProgress> dropped = Select(std::move(list.indexes), name);
    const bool any_vector = std::any_of(
        dropped.begin(), dropped.end(),
        [](const roles::IndexProgress& progress) { return progress.index.IsVectorIndex(); });
    if (any_vector) {
        ASSIGN_OR_RETURN(const roles::LoadStatus load, core_->LoadStatusOf(context, *info));
        if (IsLoadedOrLoading(load)) {
            return Invalid("vector index cannot be dropped on loaded collection: ", info->id);
        }
    }
    roles::DropIndexRequest request;
    request.collection_id = info->id;
    request.field_name = name.field;
    request.index_name = name.index_name;
    const auto result = core_->partners.data_coord->DropIndex(context, request);
    core_->cache.InvalidateIndexes(info->id);
    return result.ok() ? base::Status() : result.status();
}

base::Status Proxy::AlterIndex(const base::CallContext& context, const IndexName& name,
                               const KeyValues& params,
                               const std::vector<std::string>& delete_keys) {
    RETURN_IF_ERROR(CheckAlterableIndexParams(params, delete_keys));
    ASSIGN_OR_RETURN(const CollectionPtr info,
                     core_->Collection(context, name.database, name.collection));
    RETURN_IF_ERROR(core_->CheckAllowed(*info, "index"));
    ASSIGN_OR_RETURN(const std::vector<roles::IndexProgress> found, DescribeIndex(context, name));
    RETURN_IF_ERROR(CheckAlterableIndexParams(params, delete_keys, found.front().index.index_type));
    ASSIGN_OR_RETURN(const roles::LoadStatus load, core_->LoadStatusOf(context, *info));
    if (IsLoadedOrLoading(load)) {
        return base::Status::WithFields(base::Code::kCollectionLoaded,
                                        {{"collection", info->schema.name}})
            .Annotate(
                "can't alter index on loaded collection, please release the collection first");
    }
    roles::AlterIndexRequest request;
    request.collection_id = info->id;
    request.index_name = found.front().index.name;
    request.params = params;
    request.delete_keys = delete_keys;
    const auto result = core_->partners.data_coord->AlterIndex(context, request);
    core_->cache.InvalidateIndexes(info->id);
    return result.ok() ? base::Status() : result.status();
}

base::Result<std::vector<roles::IndexProgress>> Proxy::DescribeIndex(
    const base::CallContext& context, const IndexName& name) {
    ASSIGN_OR_RETURN(const CollectionPtr info,
                     core_->Collection(context, name.database, name.collection));
    ASSIGN_OR_RETURN(roles::IndexList list, core_->partners.data_coord->ListIndexes(
                                                context, roles::OfCollection{info->id}));
    std::vector<roles::IndexProgress> found = Select(std::move(list.indexes), name);
    if (found.empty()) {
        return base::Status::WithFields(base::Code::kIndexNotFound,
                                        {{"indexName", name.index_name}});
    }
    return found;
}

}  // namespace elanus::proxy
