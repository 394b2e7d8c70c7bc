// Changes of a collection that exists: fields, struct arrays, functions, schema actions,
// truncation; and the slop of phrases.

#include "expr/phrase_slop.h"
#include "wire/milvus_service.h"

#include <optional>

namespace elanus::wire {
namespace {

using base::Result;
using base::Status;

using AddRequest = pb::milvus::AlterCollectionSchemaRequest::AddRequest;

proxy::FunctionFields FromAdd(const std::string& database, const std::string& collection,
                              const AddRequest& add) {
    proxy::FunctionFields added;
    added.database = database;
    added.collection = collection;
    for (const auto& info : add.field_infos()) {
        added.fields.push_back(FromField(info.field_schema()));
        if (!info.index_name().empty() || info.extra_params_size() > 0) {
            added.indexes.push_back({database, collection, info.field_schema().name(),
                                     info.index_name(), FromPairs(info.extra_params())});
        }
    }
    for (const pb::schema::FunctionSchema& function : add.func_schema()) {
        added.functions.push_back(FromFunction(function));
    }
    return added;
}

}  // namespace

void MilvusService::RegisterSchemaChanges(RpcHandlers& handlers) {
    handlers.Set<rpc::TruncateCollection>([this](rpc::TruncateCollection::Call& call) {
        FinishWith(call, proxy_.TruncateCollection(call.context(),
                                                   DatabaseOf(call, call.request().db_name()),
                                                   call.request().collection_name()));
    });
    handlers.Set<rpc::AddCollectionField>([this](rpc::AddCollectionField::Call& call) {
        pb::schema::FieldSchema field;
        if (!field.ParseFromString(call.request().schema())) {
            FinishWith(call,
                       base::InvalidParameter("the schema is not a valid FieldSchema message"));
            return;
        }
        FinishWith(call,
                   proxy_.AddFields(call.context(), DatabaseOf(call, call.request().db_name()),
                                    call.request().collection_name(), {FromField(field)}));
    });
    handlers.Set<rpc::AddCollectionStructField>([this](rpc::AddCollectionStructField::Call& call) {
        FinishWith(call,
                   proxy_.AddFields(call.context(), DatabaseOf(call, call.request().db_name()),
                                    call.request().collection_name(),
                                    {FromStructField(call.request().struct_array_field_schema())}));
    });
    handlers.Set<rpc::AlterCollectionField>([this](rpc::AlterCollectionField::Call& call) {
        FinishWith(call,
                   proxy_.AlterField(call.context(), DatabaseOf(call, call.request().db_name()),
                                     call.request().collection_name(), call.request().field_name(),
                                     FromPairs(call.request().properties()),
                                     FromStrings(call.request().delete_keys())));
    });
    handlers.Set<rpc::AddCollectionFunction>([this](rpc::AddCollectionFunction::Call& call) {
        FinishWith(call,
                   proxy_.AddFunction(call.context(), DatabaseOf(call, call.request().db_name()),
                                      call.request().collection_name(),
                                      FromFunction(call.request().functionschema())));
    });
    handlers.Set<rpc::AlterCollectionFunction>([this](rpc::AlterCollectionFunction::Call& call) {
        FinishWith(call, proxy_.AlterFunction(
                             call.context(), DatabaseOf(call, call.request().db_name()),
                             call.request().collection_name(), call.request().function_name(),
                             FromFunction(call.request().functionschema())));
    });
    handlers.Set<rpc::DropCollectionFunction>([this](rpc::DropCollectionFunction::Call& call) {
        FinishWith(call, proxy_.DropFunction(
                             call.context(), DatabaseOf(call, call.request().db_name()),
                             call.request().collection_name(), call.request().function_name(),
                             /*drop_output_fields=*/false));
    });
    handlers.Set<rpc::ComputePhraseMatchSlop>([](rpc::ComputePhraseMatchSlop::Call& call) {
        const std::vector<std::string> texts = FromStrings(call.request().data_texts());
        const auto slops =
            expr::LeastSlops(call.request().analyzer_params(), call.request().query_text(), texts);
        if (slops.ok()) {
            for (const std::optional<uint32_t>& slop : *slops) {
                call.response().add_is_match(slop.has_value());
                call.response().add_slops(slop.value_or(0));
            }
        }
        FinishWith(call, slops.status());
    });
    handlers.Set<rpc::AlterCollectionSchema>([this](rpc::AlterCollectionSchema::Call& call) {
        SetStatus(
            AlterSchema(call.context(), DatabaseOf(call, call.request().db_name()), call.request()),
            call.response().mutable_alter_status());
        call.Finish();
    });
}

Status MilvusService::AlterSchema(const base::CallContext& context, const std::string& database,
                                  const pb::milvus::AlterCollectionSchemaRequest& request) {
    if (request.action().has_add_request()) {
        const proxy::FunctionFields added =
            FromAdd(database, request.collection_name(), request.action().add_request());
        return added.functions.empty() && added.indexes.empty()
                   ? proxy_.AddFields(context, database, request.collection_name(), added.fields)
                   : proxy_.AddFunctionFields(context, added);
    }
    if (!request.action().has_drop_request()) {
        return base::InvalidParameter("the action of the schema change is missing");
    }
    const auto& drop = request.action().drop_request();
    if (!drop.function_name().empty()) {
        return proxy_.DropFunction(context, database, request.collection_name(),
                                   drop.function_name(), drop.drop_function_output_fields());
    }
    return proxy_.DropField(context, database, request.collection_name(), drop.field_name(),
                            drop.field_id());
}

}  // namespace elanus::wire
