// Which rows a read does not see because their time is over: all rows older than the collection's
// property `collection.ttl.seconds` by their insert, and rows whose field named by `ttl_field` lies
// in the past. Decided at the moment of the read from the properties as they are then, so a changed
// property acts at once; files keep the rows.
// Threads: free functions.
#pragma once

#include "proxy/proxy_core.h"
#include "roles/read.h"
#include "roles/records.h"

namespace elanus::proxy {

// Rows inserted up to here have expired at the moment (0 = now); 0 when the collection has no TTL.
base::Timestamp ExpiredTimestamp(sys::Clock& clock, const roles::CollectionInfo& collection,
                                 base::Timestamp moment);

// `filter` and not expired by the collection's ttl_field; the filter itself without one.
PlanPtr WithoutExpired(sys::Clock& clock, const roles::CollectionInfo& collection,
                       base::Timestamp moment, PlanPtr filter);

// What every read of the collection's rows carries, besides its moment: what has expired, and the
// fields that segments may be older than.
template <typename Request>
void CompleteRead(sys::Clock& clock, const roles::CollectionInfo& collection, Request* request) {
    request->expired_ts = ExpiredTimestamp(clock, collection, request->snapshot_ts);
    request->filter =
        WithoutExpired(clock, collection, request->snapshot_ts, std::move(request->filter));
    if (collection.schema.version > 0) {
        request->known_fields = collection.schema.fields;
        request->known_functions = collection.schema.functions;
    }
}

}  // namespace elanus::proxy
