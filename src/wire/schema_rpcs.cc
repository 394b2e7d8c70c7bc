// Changes of a collection that exists: fields, struct arrays, schema actions, truncation.

#include "wire/milvus_service.h"

namespace elanus::wire {
namespace {

using base::Result;
using base::Status;

Status AddFunctionsNotYet() {
    return base::InvalidParameter("functions are not supported yet");
}

// The fields of an add action; 1100 for what comes with functions.
Result<std::vector<schema::FieldSchema>> FieldsOf(
    const pb::milvus::AlterCollectionSchemaRequest::AddRequest& add) {
    if (add.func_schema_size() > 0 || add.do_physical_backfill()) {
        return AddFunctionsNotYet();
    }
    std::vector<schema::FieldSchema> fields;
    for (const auto& info : add.field_infos()) {
        if (!info.index_name().empty() || info.extra_params_size() > 0) {
            return base::InvalidParameter(
                "an index in the schema change is not supported yet, create it afterwards");
        }
        fields.push_back(FromField(info.field_schema()));
    }
    return fields;
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
        ASSIGN_OR_RETURN(const std::vector<schema::FieldSchema> fields,
                         FieldsOf(request.action().add_request()));
        return proxy_.AddFields(context, database, request.collection_name(), fields);
    }
    if (!request.action().has_drop_request()) {
        return base::InvalidParameter("the action of the schema change is missing");
    }
    const auto& drop = request.action().drop_request();
    if (!drop.function_name().empty() || drop.drop_function_output_fields()) {
        return AddFunctionsNotYet();
    }
    return proxy_.DropField(context, database, request.collection_name(), drop.field_name(),
                            drop.field_id());
}

}  // namespace elanus::wire
