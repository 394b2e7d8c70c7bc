// MessageCodec: what Milvus' messages and our structs share: status, schemas, key-value lists,
// template parameters, records. Rows have codecs of their own (row_decoder.h, result_encoder.h).
// Threads: free functions.
#pragma once

#include "base/status.h"
#include "calendar/timestamp_text.h"
#include "expr/template_values.h"
#include "proxy/api.h"
#include "roles/records.h"
#include "schema/collection_schema.h"

#include <map>
#include <string>
#include <vector>

#include <proto/milvus.pb.h>

namespace elanus::wire {

namespace pb = ::milvus::proto;

using KeyValueList = google::protobuf::RepeatedPtrField<pb::common::KeyValuePair>;
using TemplateMap = google::protobuf::Map<std::string, pb::schema::TemplateValue>;

// Fills code, legacy code, reason, detail, retriable and extra_info; leaves an OK status alone.
void SetStatus(const base::Status& status, pb::common::Status* out);

// A later key of the same name wins, as in Milvus.
schema::KeyValues FromPairs(const KeyValueList& pairs);
void ToPairs(const schema::KeyValues& values, KeyValueList* out);
std::vector<std::string> FromStrings(const google::protobuf::RepeatedPtrField<std::string>& values);

schema::FieldSchema FromField(const pb::schema::FieldSchema& in);
schema::FunctionSchema FromFunction(const pb::schema::FunctionSchema& in);
schema::FieldSchema FromStructField(const pb::schema::StructArrayFieldSchema& in);
schema::CollectionSchema FromSchema(const pb::schema::CollectionSchema& in);
// The hidden field $meta is left out, as Milvus' DescribeCollection does.
// Default values of timestamps are shown in `zone`.
void ToSchema(const schema::CollectionSchema& in, const calendar::TimeZone& zone,
              pb::schema::CollectionSchema* out);

// 1100 for values that no filter can hold.
base::Result<expr::TemplateValues> FromTemplates(const TemplateMap& templates);

void ToDescription(const roles::CollectionInfo& in, pb::milvus::DescribeCollectionResponse* out);
void ToDescription(const roles::IndexProgress& in, pb::milvus::IndexDescription* out);

}  // namespace elanus::wire
