#include "wire/rest_v1.h"

#include "roles/errors.h"
#include "wire/rest_error.h"
#include "wire/rest_row_reader.h"

#include <algorithm>
#include <initializer_list>
#include <map>

namespace elanus::wire {
namespace {

using base::Result;
using base::Status;
using json::Value;

// An empty text is a missing one, as in v1.
bool IsGiven(const RestBody& body, std::string_view key) {
    return body.Has(key) && body.Raw(key) != "\"\"";
}

// 1802, with the words of v1.
Status Require(const RestBody& body, std::initializer_list<std::string_view> keys) {
    const bool all = std::all_of(keys.begin(), keys.end(),
                                 [&body](std::string_view key) { return IsGiven(body, key); });
    if (all) {
        return Status();
    }
    std::string list;
    for (const std::string_view key : keys) {
        list.append(list.empty() ? "" : ", ").append(key);
    }
    return Status::FromParts(static_cast<base::Code>(RestCode::kMissingRequired),
                             "missing required parameters, required parameters: [" + list + "]",
                             false, true);
}

void AppendMember(std::string_view key, std::string_view raw, std::string* body) {
    body->append(body->empty() ? "{" : ",");
    json::WriteString(key, body);
    body->append(":").append(raw);
}

// The start of an object with those of the members that are there, as they were written.
std::string Copy(const RestBody& body, std::initializer_list<std::string_view> keys) {
    std::string copy;
    for (const std::string_view key : keys) {
        if (body.Has(key)) {
            AppendMember(key, body.Raw(key), &copy);
        }
    }
    return copy;
}

int HexDigit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

// Percent signs and plus signs of a URL's query; what is no code stays as it is.
std::string Decode(std::string_view text) {
    std::string decoded;
    for (size_t i = 0; i < text.size(); ++i) {
        const bool code = text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
                          HexDigit(text[i + 2]) >= 0;
        if (code) {
            decoded += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
            i += 2;
        } else {
            decoded += text[i] == '+' ? ' ' : text[i];
        }
    }
    return decoded;
}

// "FloatVector(4)", "VarChar(64)", "Int64".
std::string TypeText(const schema::FieldSchema& field) {
    std::string text(schema::DataTypeName(field.type));
    for (const char* key : {"dim", "max_length"}) {
        const auto found = field.type_params.find(key);
        if (found != field.type_params.end()) {
            text += "(" + found->second + ")";
        }
    }
    return text;
}

std::string DatabaseName(const RestCall& call) {
    return call.database.empty() ? std::string(roles::kDefaultDatabase) : call.database;
}

// The fields of a new collection in v2's form.
std::string CreateBody(const RestBody& in, const std::string& key, const std::string& vector,
                       const std::string& metric) {
    Value dim;
    dim.Add("dim", in.Raw("dimension"));
    Value key_field;
    key_field.Add("fieldName", key).Add("dataType", "Int64").Add("isPrimary", true);
    Value vector_field;
    vector_field.Add("fieldName", vector).Add("dataType", "FloatVector");
    vector_field.Add("elementTypeParams", std::move(dim));
    Value fields = Value::Array();
    fields.Append(std::move(key_field)).Append(std::move(vector_field));
    Value schema;
    schema.Add("autoID", true).Add("enableDynamicField", true).Add("fields", std::move(fields));
    Value index;
    index.Add("fieldName", vector).Add("indexName", "vector_idx").Add("metricType", metric);
    Value indexes = Value::Array();
    indexes.Append(std::move(index));
    std::string body = Copy(in, {"collectionName", "description"});
    AppendMember("schema", json::Write(schema), &body);
    AppendMember("indexParams", json::Write(indexes), &body);
    return body + "}";
}

}  // namespace

RestV1::Route RestV1::Find(std::string_view path) {
    static const std::map<std::string_view, Route> routes = {
        {"collections", {"GET", &RestV1::ListCollections}},
        {"collections/describe", {"GET", &RestV1::DescribeCollection}},
        {"collections/create", {"POST", &RestV1::CreateCollection}},
        {"collections/drop", {"POST", &RestV1::DropCollection}},
        {"insert", {"POST", &RestV1::Insert}},
        {"upsert", {"POST", &RestV1::Upsert}},
        {"delete", {"POST", &RestV1::Delete}},
        {"query", {"POST", &RestV1::Query}},
        {"get", {"POST", &RestV1::Get}},
        {"search", {"POST", &RestV1::Search}},
    };
    const auto found = routes.find(path);
    return found == routes.end() ? Route() : found->second;
}

std::string RestV1::QueryAsBody(std::string_view query) {
    std::string body;
    while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
        const size_t equals = std::min(pair.find('='), pair.size());
        std::string value;
        json::WriteString(Decode(pair.substr(std::min(equals + 1, pair.size()))), &value);
        AppendMember(Decode(pair.substr(0, equals)), value, &body);
    }
    return (body.empty() ? "{" : body) + "}";
}

RestResult RestV1::Forward(RestResult (RestRoutes::*route)(const RestCall&), const RestCall& call,
                           const std::string& text) {
    ASSIGN_OR_RETURN(const RestBody body, RestBody::Parse(text));
    ASSIGN_OR_RETURN(RestReply reply,
                     (routes_.*route)({call.context, body, call.database, call.int64_form}));
    reply.more.clear();
    return reply;
}

RestResult RestV1::ListCollections(const RestCall& call) {
    return routes_.ListCollections(call);
}

RestResult RestV1::DescribeCollection(const RestCall& call) {
    RETURN_IF_ERROR(Require(call.body, {"collectionName"}));
    ASSIGN_OR_RETURN(const std::string name, call.body.Text("collectionName"));
    ASSIGN_OR_RETURN(const roles::CollectionInfo info,
                     proxy_.DescribeCollection(call.context, call.database, name));
    ASSIGN_OR_RETURN(const RestReply described, routes_.DescribeCollection(call));
    ASSIGN_OR_RETURN(const Value v2, json::Parse(described.data));
    Value fields = Value::Array();
    for (const schema::FieldSchema& field : info.schema.fields) {
        if (!field.is_hidden()) {
            fields.Append(Value()
                              .Add("name", field.name)
                              .Add("type", TypeText(field))
                              .Add("primaryKey", field.is_primary_key)
                              .Add("autoId", field.auto_id)
                              .Add("description", field.description));
        }
    }
    Value data;
    for (const char* key : {"collectionName", "description", "enableDynamicField", "shardsNum"}) {
        data.Add(key, *v2.Find(key));
    }
    data.Add("load", *v2.Find("load")).Add("indexes", *v2.Find("indexes"));
    return ReplyWith(data.Add("fields", std::move(fields)));
}

RestResult RestV1::CreateCollection(const RestCall& call) {
    RETURN_IF_ERROR(Require(call.body, {"collectionName", "dimension"}));
    RETURN_IF_ERROR(call.body.Int("dimension", 0, 1, INT32_MAX).status());
    ASSIGN_OR_RETURN(const std::string key, call.body.Text("primaryField"));
    ASSIGN_OR_RETURN(const std::string vector, call.body.Text("vectorField"));
    ASSIGN_OR_RETURN(const std::string metric, call.body.Text("metricType"));
    return Forward(&RestRoutes::CreateCollection, call,
                   CreateBody(call.body, key.empty() ? "id" : key,
                              vector.empty() ? "vector" : vector, metric.empty() ? "L2" : metric));
}

RestResult RestV1::DropCollection(const RestCall& call) {
    RETURN_IF_ERROR(Require(call.body, {"collectionName"}));
    ASSIGN_OR_RETURN(const std::string name, call.body.Text("collectionName"));
    ASSIGN_OR_RETURN(const bool exists, proxy_.HasCollection(call.context, call.database, name));
    if (!exists) {
        return roles::CollectionNotFound(DatabaseName(call), name);
    }
    return routes_.DropCollection(call);
}

RestResult RestV1::Insert(const RestCall& call) {
    RETURN_IF_ERROR(Require(call.body, {"collectionName", "data"}));
    return Forward(&RestRoutes::Insert, call, Copy(call.body, {"collectionName", "data"}) + "}");
}

RestResult RestV1::Upsert(const RestCall& call) {
    RETURN_IF_ERROR(Require(call.body, {"collectionName", "data"}));
    return Forward(&RestRoutes::Upsert, call, Copy(call.body, {"collectionName", "data"}) + "}");
}

RestResult RestV1::Delete(const RestCall& call) {
    const bool by_filter = IsGiven(call.body, "filter");
    if (!IsGiven(call.body, "collectionName") || (!by_filter && !call.body.Has("id"))) {
        return Require(call.body, {"collectionName", "id/filter"});
    }
    std::string body = Copy(call.body, {"collectionName"});
    if (!by_filter) {
        ASSIGN_OR_RETURN(const std::string name, call.body.Text("collectionName"));
        ASSIGN_OR_RETURN(const roles::CollectionInfo info,
                         proxy_.DescribeCollection(call.context, call.database, name));
        const schema::FieldSchema& key = *info.schema.primary_key();
        ASSIGN_OR_RETURN(const schema::PrimaryKeys keys, ReadRestKeys(key, call.body.Raw("id")));
        AppendMember("filter", "\"" + key.name + " in {ids}\"", &body);
        AppendMember("exprParams", "{\"ids\":" + WriteKeys(keys, Int64Form::kNumber) + "}", &body);
    } else {
        AppendMember("filter", call.body.Raw("filter"), &body);
    }
    RETURN_IF_ERROR(Forward(&RestRoutes::Delete, call, body + "}").status());
    return RestReply();
}

RestResult RestV1::Query(const RestCall& call) {
    RETURN_IF_ERROR(Require(call.body, {"collectionName", "filter"}));
    return Forward(
        &RestRoutes::Query, call,
        Copy(call.body, {"collectionName", "filter", "outputFields", "limit", "offset"}) + "}");
}

RestResult RestV1::Get(const RestCall& call) {
    RETURN_IF_ERROR(Require(call.body, {"collectionName", "id"}));
    return Forward(&RestRoutes::Get, call,
                   Copy(call.body, {"collectionName", "id", "outputFields"}) + "}");
}

RestResult RestV1::Search(const RestCall& call) {
    RETURN_IF_ERROR(Require(call.body, {"collectionName", "vector"}));
    std::string body =
        Copy(call.body, {"collectionName", "filter", "outputFields", "limit", "offset"});
    AppendMember("data", "[" + std::string(call.body.Raw("vector")) + "]", &body);
    if (call.body.Has("params")) {
        AppendMember("searchParams", "{\"params\":" + std::string(call.body.Raw("params")) + "}",
                     &body);
    }
    return Forward(&RestRoutes::Search, call, body + "}");
}

}  // namespace elanus::wire
