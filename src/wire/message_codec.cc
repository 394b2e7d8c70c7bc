#include "wire/message_codec.h"

#include "base/timestamp.h"
#include "proxy/default_values.h"
#include "proxy/tenant_namespace.h"
#include "roles/hidden_properties.h"

namespace elanus::wire {
namespace {

using schema::DataType;
using schema::FieldSchema;

schema::DefaultValue FromDefault(const pb::schema::ValueField& in) {
    using Value = pb::schema::ValueField;
    switch (in.data_case()) {
        case Value::kBoolData:
            return in.bool_data();
        case Value::kIntData:
            return static_cast<int64_t>(in.int_data());
        case Value::kLongData:
            return in.long_data();
        case Value::kFloatData:
            return in.float_data();
        case Value::kDoubleData:
            return in.double_data();
        case Value::kStringData:
            return in.string_data();
        case Value::kBytesData:
            return in.bytes_data();
        case Value::kTimestamptzData:
            return in.timestamptz_data();
        default:
            return std::monostate();
    }
}

void ToDefault(const schema::DefaultValue& in, DataType type, pb::schema::ValueField* out) {
    if (const auto* flag = std::get_if<bool>(&in)) {
        out->set_bool_data(*flag);
    } else if (const auto* number = std::get_if<int64_t>(&in)) {
        if (type == DataType::kInt64) {
            out->set_long_data(*number);
        } else {
            out->set_int_data(static_cast<int32_t>(*number));
        }
    } else if (const auto* single = std::get_if<float>(&in)) {
        out->set_float_data(*single);
    } else if (const auto* wide = std::get_if<double>(&in)) {
        out->set_double_data(*wide);
    } else if (const auto* text = std::get_if<std::string>(&in)) {
        out->set_string_data(*text);
    }
}

}  // namespace

FieldSchema FromField(const pb::schema::FieldSchema& in) {
    FieldSchema out;
    out.id = in.fieldid();
    out.name = in.name();
    out.description = in.description();
    out.type = static_cast<DataType>(in.data_type());
    out.element_type = static_cast<DataType>(in.element_type());
    out.is_primary_key = in.is_primary_key();
    out.auto_id = in.autoid();
    out.is_partition_key = in.is_partition_key();
    out.is_clustering_key = in.is_clustering_key();
    out.nullable = in.nullable();
    out.is_dynamic = in.is_dynamic();
    out.is_function_output = in.is_function_output();
    out.default_value = FromDefault(in.default_value());
    out.type_params = FromPairs(in.type_params());
    out.index_params = FromPairs(in.index_params());
    return out;
}

namespace {

void ToField(const FieldSchema& in, const calendar::TimeZone& zone, pb::schema::FieldSchema* out) {
    out->set_fieldid(in.id);
    out->set_name(in.name);
    out->set_description(in.description);
    out->set_data_type(static_cast<pb::schema::DataType>(in.type));
    out->set_element_type(static_cast<pb::schema::DataType>(in.element_type));
    out->set_is_primary_key(in.is_primary_key);
    out->set_autoid(in.auto_id);
    out->set_is_partition_key(in.is_partition_key);
    out->set_is_clustering_key(in.is_clustering_key);
    out->set_nullable(in.nullable);
    out->set_is_function_output(in.is_function_output);
    if (in.has_default()) {
        ToDefault(proxy::ShownDefault(zone, in), in.type, out->mutable_default_value());
    }
    ToPairs(in.type_params, out->mutable_type_params());
    ToPairs(in.index_params, out->mutable_index_params());
}

void ToFunction(const schema::FunctionSchema& in, const schema::CollectionSchema& schema,
                pb::schema::FunctionSchema* out) {
    out->set_id(in.id);
    out->set_name(in.name);
    out->set_description(in.description);
    out->set_type(static_cast<pb::schema::FunctionType>(in.type));
    for (const std::string& name : in.input_field_names) {
        const FieldSchema* field = schema.FindField(name);
        out->add_input_field_names(name);
        out->add_input_field_ids(field == nullptr ? 0 : field->id);
    }
    for (const std::string& name : in.output_field_names) {
        const FieldSchema* field = schema.FindField(name);
        out->add_output_field_names(name);
        out->add_output_field_ids(field == nullptr ? 0 : field->id);
    }
    ToPairs(in.params, out->mutable_params());
}

}  // namespace

schema::FunctionSchema FromFunction(const pb::schema::FunctionSchema& in) {
    schema::FunctionSchema out;
    out.id = in.id();
    out.name = in.name();
    out.description = in.description();
    out.type = static_cast<schema::FunctionType>(in.type());
    out.input_field_names = FromStrings(in.input_field_names());
    out.output_field_names = FromStrings(in.output_field_names());
    out.params = FromPairs(in.params());
    return out;
}

FieldSchema FromStructField(const pb::schema::StructArrayFieldSchema& in) {
    FieldSchema out;
    out.id = in.fieldid();
    out.name = in.name();
    out.description = in.description();
    out.type = DataType::kArrayOfStruct;
    out.nullable = in.nullable();
    out.type_params = FromPairs(in.type_params());
    for (const pb::schema::FieldSchema& field : in.fields()) {
        out.sub_fields.push_back(FromField(field));
    }
    return out;
}

namespace {

void ToStructField(const FieldSchema& in, const calendar::TimeZone& zone,
                   pb::schema::StructArrayFieldSchema* out) {
    out->set_fieldid(in.id);
    out->set_name(in.name);
    out->set_description(in.description);
    out->set_nullable(in.nullable);
    ToPairs(in.type_params, out->mutable_type_params());
    for (const FieldSchema& field : in.sub_fields) {
        ToField(field, zone, out->add_fields());
    }
}

template <typename Array>
expr::Value::List ListOf(const Array& values) {
    expr::Value::List list;
    list.reserve(static_cast<size_t>(values.size()));
    for (const auto& value : values) {
        list.emplace_back(value);
    }
    return list;
}

base::Result<expr::Value> FromArray(const pb::schema::TemplateArrayValue& in, int depth) {
    using Array = pb::schema::TemplateArrayValue;
    constexpr int kDepthMax = 8;
    if (depth > kDepthMax) {
        return base::InvalidParameter("template array is nested too deeply");
    }
    switch (in.data_case()) {
        case Array::kBoolData:
            return expr::Value(ListOf(in.bool_data().data()));
        case Array::kLongData:
            return expr::Value(ListOf(in.long_data().data()));
        case Array::kDoubleData:
            return expr::Value(ListOf(in.double_data().data()));
        case Array::kStringData:
            return expr::Value(ListOf(in.string_data().data()));
        case Array::kArrayData: {
            expr::Value::List list;
            for (const auto& item : in.array_data().data()) {
                ASSIGN_OR_RETURN(expr::Value value, FromArray(item, depth + 1));
                list.push_back(std::move(value));
            }
            return expr::Value(std::move(list));
        }
        case Array::kJsonData: {
            expr::Value::List list;
            for (const std::string& item : in.json_data().data()) {
                ASSIGN_OR_RETURN(expr::Value value, expr::ValueFromJson(item));
                list.push_back(std::move(value));
            }
            return expr::Value(std::move(list));
        }
        default:
            return expr::Value(expr::Value::List());
    }
}

base::Result<expr::Value> FromTemplate(const pb::schema::TemplateValue& in) {
    using Template = pb::schema::TemplateValue;
    switch (in.val_case()) {
        case Template::kBoolVal:
            return expr::Value(in.bool_val());
        case Template::kInt64Val:
            return expr::Value(in.int64_val());
        case Template::kFloatVal:
            return expr::Value(in.float_val());
        case Template::kStringVal:
            return expr::Value(in.string_val());
        case Template::kBytesVal:
            return expr::Value(in.bytes_val());
        case Template::kArrayVal:
            return FromArray(in.array_val(), 0);
        default:
            return base::InvalidParameter("template value without a value");
    }
}

}  // namespace

void SetStatus(const base::Status& status, pb::common::Status* out) {
    if (status.ok()) {
        return;
    }
    out->set_error_code(static_cast<pb::common::ErrorCode>(base::LegacyErrorCode(status.code())));
    out->set_code(static_cast<int32_t>(status.code()));
    out->set_reason(status.reason());
    out->set_detail(status.reason());
    out->set_retriable(status.retriable());
    if (status.is_input_error()) {
        (*out->mutable_extra_info())["is_input_error"] = "true";
    }
}

schema::KeyValues FromPairs(const KeyValueList& pairs) {
    schema::KeyValues values;
    for (const pb::common::KeyValuePair& pair : pairs) {
        values[pair.key()] = pair.value();
    }
    return values;
}

void ToPairs(const schema::KeyValues& values, KeyValueList* out) {
    for (const auto& [key, value] : values) {
        pb::common::KeyValuePair* pair = out->Add();
        pair->set_key(key);
        pair->set_value(value);
    }
}

std::vector<std::string> FromStrings(
    const google::protobuf::RepeatedPtrField<std::string>& values) {
    return {values.begin(), values.end()};
}

schema::CollectionSchema FromSchema(const pb::schema::CollectionSchema& in) {
    schema::CollectionSchema out;
    out.name = in.name();
    out.description = in.description();
    out.auto_id = in.autoid();
    out.enable_dynamic_field = in.enable_dynamic_field();
    out.enable_namespace = in.enable_namespace();
    for (const pb::schema::FieldSchema& field : in.fields()) {
        out.fields.push_back(FromField(field));
    }
    for (const pb::schema::StructArrayFieldSchema& field : in.struct_array_fields()) {
        out.fields.push_back(FromStructField(field));
    }
    for (const pb::schema::FunctionSchema& function : in.functions()) {
        out.functions.push_back(FromFunction(function));
    }
    return out;
}

void ToSchema(const schema::CollectionSchema& in, const calendar::TimeZone& zone,
              pb::schema::CollectionSchema* out) {
    out->set_name(in.name);
    out->set_description(in.description);
    out->set_autoid(in.auto_id);
    out->set_enable_dynamic_field(in.enable_dynamic_field);
    out->set_enable_namespace(in.enable_namespace);
    out->set_version(static_cast<int32_t>(in.version));
    for (const FieldSchema& field : in.fields) {
        if (field.type == DataType::kArrayOfStruct) {
            ToStructField(field, zone, out->add_struct_array_fields());
        } else if (!field.is_hidden()) {
            ToField(field, zone, out->add_fields());
        }
    }
    for (const schema::FunctionSchema& function : in.functions) {
        ToFunction(function, in, out->add_functions());
    }
}

base::Result<expr::TemplateValues> FromTemplates(const TemplateMap& templates) {
    expr::TemplateValues values;
    for (const auto& [name, value] : templates) {
        base::Result<expr::Value> converted = FromTemplate(value);
        if (!converted.ok()) {
            return converted.status().Annotate("template parameter " + name);
        }
        values.emplace(name, std::move(*converted));
    }
    return values;
}

void ToDescription(const roles::CollectionInfo& in, pb::milvus::DescribeCollectionResponse* out) {
    ToSchema(in.schema, proxy::ZoneOf(in.properties), out->mutable_schema());
    ToPairs(roles::VisibleProperties(in.properties), out->mutable_schema()->mutable_properties());
    out->mutable_schema()->set_dbname(in.database_name);
    out->set_collectionid(in.id);
    for (const std::string& vchannel : in.vchannels) {
        out->add_virtual_channel_names(vchannel);
        out->add_physical_channel_names(in.pchannel);
    }
    out->set_created_timestamp(in.created_ts);
    out->set_created_utc_timestamp(static_cast<uint64_t>(base::PhysicalMs(in.created_ts)));
    out->set_shards_num(in.shards_num);
    for (const std::string& alias : in.aliases) {
        out->add_aliases(alias);
    }
    out->set_consistency_level(static_cast<pb::common::ConsistencyLevel>(in.consistency_level));
    out->set_collection_name(in.schema.name);
    ToPairs(roles::VisibleProperties(in.properties), out->mutable_properties());
    out->set_db_name(in.database_name);
    out->set_num_partitions(static_cast<int64_t>(in.partitions.size()));
    out->set_db_id(in.database_id);
    out->set_update_timestamp(in.updated_ts);
    out->set_update_timestamp_str(std::to_string(in.updated_ts));
}

void ToDescription(const roles::IndexProgress& in, pb::milvus::IndexDescription* out) {
    out->set_index_name(in.index.name);
    out->set_indexid(in.index.id);
    out->set_field_name(in.index.field_name);
    schema::KeyValues params = in.index.user_params;
    params.emplace("index_type", in.index.index_type);
    if (!in.index.metric_type.empty()) {
        params.emplace("metric_type", in.index.metric_type);
    }
    ToPairs(params, out->mutable_params());
    out->set_indexed_rows(static_cast<int64_t>(in.indexed_rows));
    out->set_total_rows(static_cast<int64_t>(in.total_rows));
    out->set_pending_index_rows(static_cast<int64_t>(in.pending_rows));
    out->set_state(static_cast<pb::common::IndexState>(in.state));
    out->set_index_state_fail_reason(in.fail_reason);
}

}  // namespace elanus::wire
