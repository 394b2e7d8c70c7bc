// Collections in REST's words: the create body as a request of the proxy, and a collection as the
// describe object (API map 6.3, 6.4).
// Threads: free functions.
#pragma once

#include "base/status.h"
#include "json/json.h"
#include "proxy/api.h"
#include "roles/records.h"
#include "wire/rest_body.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::wire {

// What one create body asks for: the collection, the indexes after it, and whether to load it.
struct RestCreate {
    proxy::CreateCollectionRequest collection;
    std::vector<proxy::CreateIndexRequest> indexes;
    bool load = false;
};

base::Result<RestCreate> ReadCreate(const RestBody& body, const std::string& database);

// The member schema of fields/add and struct_fields/add.
base::Result<schema::FieldSchema> ReadAddedField(const RestBody& body);
base::Result<schema::FieldSchema> ReadAddedStructField(const RestBody& body);

// {name, type, inputFieldNames, outputFieldNames, params, description}.
base::Result<schema::FunctionSchema> ReadFunction(const RestBody& body);

// The member indexParams of create bodies and of indexes/create.
base::Result<std::vector<proxy::CreateIndexRequest>> ReadIndexParams(const RestBody& body,
                                                                     const std::string& database,
                                                                     const std::string& collection);

// The describe object without `indexes` and `load`, which other calls of the proxy tell.
json::Value DescribeObject(const roles::CollectionInfo& info);

// [{"key":..,"value":..},..]
json::Value PairList(const schema::KeyValues& pairs);

std::string_view ConsistencyName(roles::ConsistencyLevel level);
// Absent when the body names none.
base::Result<std::optional<roles::ConsistencyLevel>> ReadConsistency(const RestBody& body);

}  // namespace elanus::wire
