// RestRoutes: the handlers behind the paths of REST v2. The table is in rest_service.cc.
//
// Files: rest_collections.cc (collections and load state), rest_entities.cc (rows),
// rest_names.cc (partitions, aliases, indexes, databases), rest_analyzer.cc.
// Threads: immutable; handlers run on the workers.
#pragma once

#include "base/call_context.h"
#include "base/status.h"
#include "json/json.h"
#include "proxy/proxy.h"
#include "sys/clock.h"
#include "wire/rest_body.h"
#include "wire/rest_row_writer.h"

#include <string>
#include <string_view>
#include <vector>

namespace elanus::wire {

struct RestCall {
    const base::CallContext& context;
    const RestBody& body;
    std::string database;  // of the body, else of the header DB-Name; may be empty
    Int64Form int64_form = Int64Form::kNumber;
};

// JSON text: the member `data`, and further members with a comma in front of each.
struct RestReply {
    std::string data = "{}";
    std::string more = {};
};

using RestResult = base::Result<RestReply>;

inline RestReply ReplyWith(const json::Value& data, std::string more = {}) {
    return {json::Write(data), std::move(more)};
}
// {} when the call went well.
inline RestResult ReplyTo(const base::Status& status) {
    return status.ok() ? RestResult(RestReply()) : RestResult(status);
}

class RestRoutes {
  public:
    RestRoutes(proxy::Proxy& proxy, sys::Clock& clock) : proxy_(proxy), clock_(clock) {}

    RestResult ListCollections(const RestCall& call);
    RestResult HasCollection(const RestCall& call);
    RestResult DescribeCollection(const RestCall& call);
    RestResult CollectionStats(const RestCall& call);
    RestResult LoadState(const RestCall& call);
    RestResult CreateCollection(const RestCall& call);
    RestResult DropCollection(const RestCall& call);
    RestResult Load(const RestCall& call);
    RestResult RefreshLoad(const RestCall& call);
    RestResult Release(const RestCall& call);
    RestResult Flush(const RestCall& call);
    RestResult RenameCollection(const RestCall& call);
    RestResult AlterCollection(const RestCall& call);
    RestResult DropCollectionProperties(const RestCall& call);
    RestResult TruncateCollection(const RestCall& call);
    RestResult AddField(const RestCall& call);
    RestResult AddStructField(const RestCall& call);
    RestResult AlterField(const RestCall& call);
    RestResult AddFunction(const RestCall& call);
    RestResult AlterFunction(const RestCall& call);
    RestResult DropFunction(const RestCall& call);
    RestResult Compact(const RestCall& call);
    RestResult CompactionState(const RestCall& call);

    RestResult Insert(const RestCall& call);
    RestResult Upsert(const RestCall& call);
    RestResult Delete(const RestCall& call);
    RestResult Query(const RestCall& call);
    RestResult Get(const RestCall& call);
    RestResult Search(const RestCall& call);
    RestResult HybridSearch(const RestCall& call);
    RestResult RunAnalyzer(const RestCall& call);

    RestResult ListIndexes(const RestCall& call);
    RestResult DescribeIndex(const RestCall& call);
    RestResult CreateIndex(const RestCall& call);
    RestResult DropIndex(const RestCall& call);
    RestResult AlterIndex(const RestCall& call);
    RestResult DropIndexProperties(const RestCall& call);

    RestResult ListPartitions(const RestCall& call);
    RestResult HasPartition(const RestCall& call);
    RestResult PartitionStats(const RestCall& call);
    RestResult CreatePartition(const RestCall& call);
    RestResult DropPartition(const RestCall& call);
    RestResult LoadPartitions(const RestCall& call);
    RestResult ReleasePartitions(const RestCall& call);

    RestResult ListAliases(const RestCall& call);
    RestResult DescribeAlias(const RestCall& call);
    RestResult CreateAlias(const RestCall& call);
    RestResult AlterAlias(const RestCall& call);
    RestResult DropAlias(const RestCall& call);

    RestResult ListDatabases(const RestCall& call);
    RestResult CreateDatabase(const RestCall& call);
    RestResult DropDatabase(const RestCall& call);
    RestResult DescribeDatabase(const RestCall& call);
    RestResult AlterDatabase(const RestCall& call);
    RestResult DropDatabaseProperties(const RestCall& call);

  private:
    // Ends when all of the collection answers, or the caller's time or a minute is over.
    base::Status WaitUntilLoaded(const RestCall& call, const std::string& collection);
    base::Status LoadCollection(const RestCall& call, bool refresh);
    base::Result<proxy::InsertRequest> ReadInsert(const RestCall& call, bool insert);
    RestResult QueryRows(const RestCall& call, proxy::QueryRequest request);
    RestResult SearchReply(const RestCall& call,
                           const base::Result<proxy::SearchResults>& searched);

    proxy::Proxy& proxy_;
    sys::Clock& clock_;
};

}  // namespace elanus::wire
