// Default values of Timestamptz and Geometry fields: users write and read text, the schema keeps
// what a column stores (microseconds, WKB), so that a missing value is filled without parsing.
// Threads: free functions.
#pragma once

#include "base/status.h"
#include "calendar/timestamp_text.h"
#include "roles/records.h"
#include "schema/collection_schema.h"

namespace elanus::proxy {

// The zone that the collection's timestamps are read and shown in: its property `timezone`, UTC
// without one.
calendar::TimeZone ZoneOf(const roles::KeyValues& properties);
// The zone of a request: its parameter `timezone`, else the collection's. 1100 for a wrong one.
base::Result<calendar::TimeZone> RequestZone(const roles::KeyValues& params,
                                             const roles::KeyValues& properties);
// 1100 when there is no zone of that name.
base::Result<calendar::TimeZone> FindZone(std::string_view name);

// Text to what the column stores; other defaults stay as they are. 1100 for text that is none.
base::Status StoreDefault(const calendar::TimeZone& zone, schema::FieldSchema* field);
// The default as a user writes it.
schema::DefaultValue ShownDefault(const calendar::TimeZone& zone, const schema::FieldSchema& field);

}  // namespace elanus::proxy
