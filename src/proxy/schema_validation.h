// Checks a CreateCollection request against the rules of API map 2.6 and brings its schema into the
// form RootCoord stores: the hidden dynamic field added, defaults in the form that columns store.
#pragma once

#include "base/parse.h"
#include "base/status.h"
#include "calendar/timestamp_text.h"
#include "proxy/api.h"
#include "proxy/limits.h"

namespace elanus::proxy {

// On success the request's schema has no ids yet (RootCoord gives them), ends with $meta when it is
// dynamic, and num_partitions and shards_num are set.
base::Status PrepareCollection(const Limits& limits, CreateCollectionRequest* request);

// Collection properties of 2.6 that have a value rule.
base::Status ValidateCollectionProperties(const KeyValues& properties);
// What properties demand of the schema and of each other.
base::Status CheckPropertyRules(const schema::CollectionSchema& schema,
                                const KeyValues& properties);
// Switches whose value later steps compare are spelled "true" or "false".
KeyValues NormalProperties(KeyValues properties);
base::Status ValidateDatabaseProperties(const KeyValues& properties);
// 1100 when it is longer than the limit.
base::Status CheckDescription(std::string_view collection, std::string_view description,
                              const Limits& limits);
// A schema with new fields (those without id) in a collection that has rows: checks them and
// everything that is counted over all fields, and brings defaults into the form of columns.
base::Status CheckAddedFields(const Limits& limits, const calendar::TimeZone& zone,
                              schema::CollectionSchema* schema);

// Gives the functions that have none their ids.
void NumberFunctions(schema::CollectionSchema* schema);

using base::ParseBool;
using base::ParseInt;

}  // namespace elanus::proxy
