// Upserts that give only some fields of a row: the old row is read at one moment, the given fields
// are laid over it, and the whole row is written on the condition that it has not changed since
// (AppendRequest::read_ts). Who loses the race reads again, so no update is lost, whatever kind of
// write the other one is: the channel's owner decides in the order of its log
// (streaming/key_guard.h).
// Threads: free functions; the merge is pure.
#pragma once

#include "proxy/api.h"
#include "proxy/limits.h"
#include "roles/records.h"
#include "schema/column.h"

namespace elanus::proxy {

// True when the rows of the request are to be laid over older ones.
bool IsPartialUpdate(const InsertRequest& request);

// 1100 when an operation does not fit its field, or comes without values.
base::Status CheckFieldOps(const roles::CollectionInfo& collection, const InsertRequest& request);

// `given` holds the columns that the client sent, `old` the rows of the keys that exist, with all
// fields; `old_keys` are theirs. Answers the whole rows, in the order of `given`. A key without an
// old row needs every field that has neither null nor default.
base::Result<schema::ColumnBatch> OverlayRows(const roles::CollectionInfo& collection,
                                              const std::vector<FieldOp>& ops,
                                              const schema::ColumnBatch& given,
                                              const schema::PrimaryKeys& old_keys,
                                              const schema::ColumnBatch& old);

}  // namespace elanus::proxy
