// Proxy: the front of the server behind the wire formats. Validates, resolves names through the
// meta cache, stamps guarantee timestamps, routes to channels, merges answers.
//
// Every error is a Status with Milvus' code and phrases. Database names may be empty ("default").
// Threads: every method from any thread. Insert, Upsert and Delete answer through a callback, since
// they end when the log is durable; everything else blocks.
#pragma once

#include "base/call_context.h"
#include "function/model_services.h"
#include "http/client.h"
#include "proxy/api.h"
#include "proxy/limits.h"
#include "proxy/text_analysis.h"
#include "roles/data_coord.h"
#include "roles/query_coord.h"
#include "roles/root_coord.h"
#include "roles/streaming_node.h"
#include "sys/clock.h"
#include "sys/executor.h"
#include "sys/random_source.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace elanus::proxy {

using function::ModelServices;

class ProxyCore;

using MutationCallback = std::function<void(base::Result<MutationResult>)>;

// The proxy's partners; main wires real objects or stubs of them. All outlive it.
struct ProxyPartners {
    roles::RootCoord* root_coord = nullptr;
    roles::DataCoord* data_coord = nullptr;
    roles::QueryCoord* query_coord = nullptr;
    roles::StreamingNode* streaming_node = nullptr;
    sys::Clock* clock = nullptr;
    sys::Executor* executor = nullptr;    // shards of one read run in parallel here
    sys::Random* random = nullptr;        // may be null: the real one; makes request ids unique
    sys::Executor* background = nullptr;  // measurements run here; null: on `executor`
    http::Client* http = nullptr;         // may be null: then no model service is called
};

class Proxy : public roles::MetaCacheListener {
  public:
    Proxy(ProxyPartners partners, Limits limits, ModelServices models = {});
    ~Proxy() override;

    base::Result<roles::Empty> InvalidateCollection(const base::CallContext&,
                                                    const roles::CollectionRef&) override;

    // Databases
    base::Status CreateDatabase(const base::CallContext&, const std::string& name,
                                const KeyValues& properties);
    base::Status DropDatabase(const base::CallContext&, const std::string& name);
    base::Status AlterDatabase(const base::CallContext&, const std::string& name,
                               const KeyValues& properties,
                               const std::vector<std::string>& delete_keys);
    base::Result<roles::DatabaseInfo> DescribeDatabase(const base::CallContext&,
                                                       const std::string& name);
    base::Result<std::vector<roles::DatabaseInfo>> ListDatabases(const base::CallContext&);

    // Collections
    base::Status CreateCollection(const base::CallContext&, CreateCollectionRequest request);
    base::Status DropCollection(const base::CallContext&, const std::string& database,
                                const std::string& collection);
    base::Result<bool> HasCollection(const base::CallContext&, const std::string& database,
                                     const std::string& collection);
    // By name, or by id when the name is empty.
    base::Result<roles::CollectionInfo> DescribeCollection(const base::CallContext&,
                                                           const std::string& database,
                                                           const std::string& collection,
                                                           base::CollectionId id = 0);
    base::Result<std::vector<roles::CollectionInfo>> ListCollections(const base::CallContext&,
                                                                     const std::string& database);
    base::Status RenameCollection(const base::CallContext&, const std::string& database,
                                  const std::string& old_name, const std::string& new_name,
                                  const std::string& new_database);
    base::Status AlterCollection(const base::CallContext&, const std::string& database,
                                 const std::string& collection, const KeyValues& properties,
                                 const std::vector<std::string>& delete_keys);
    // Fields are nullable; struct arrays come with their sub-fields.
    base::Status AddFields(const base::CallContext&, const std::string& database,
                           const std::string& collection,
                           const std::vector<schema::FieldSchema>& fields);
    // Fields with the functions that fill them; rows that are there get their values as well. The
    // indexes are of the new fields.
    base::Status AddFunctionFields(const base::CallContext&, const FunctionFields& added);
    // An embedding function for a vector field that is there: rows that are there keep the vectors
    // that clients sent. Other functions come with their fields.
    base::Status AddFunction(const base::CallContext&, const std::string& database,
                             const std::string& collection, const schema::FunctionSchema& function);
    // In place of the embedding function `name`: another key, model or service for what is written
    // and searched from now on.
    base::Status AlterFunction(const base::CallContext&, const std::string& database,
                               const std::string& collection, const std::string& name,
                               const schema::FunctionSchema& function);
    // The function's output goes with it, or stays as a field that clients fill, nullable where
    // rows may have no values.
    base::Status DropFunction(const base::CallContext&, const std::string& database,
                              const std::string& collection, const std::string& name,
                              bool drop_output_fields);
    // By name, or by id when the name is empty. Its indexes go too.
    base::Status DropField(const base::CallContext&, const std::string& database,
                           const std::string& collection, const std::string& name,
                           base::FieldId id = 0);
    base::Status AlterField(const base::CallContext&, const std::string& database,
                            const std::string& collection, const std::string& name,
                            const KeyValues& properties,
                            const std::vector<std::string>& delete_keys);
    base::Status TruncateCollection(const base::CallContext&, const std::string& database,
                                    const std::string& collection);
    base::Result<uint64_t> CountRows(const base::CallContext&, const std::string& database,
                                     const std::string& collection,
                                     const std::string& partition);  // empty = all

    // Partitions
    base::Status CreatePartition(const base::CallContext&, const std::string& database,
                                 const std::string& collection, const std::string& partition);
    base::Status DropPartition(const base::CallContext&, const std::string& database,
                               const std::string& collection, const std::string& partition);
    base::Result<bool> HasPartition(const base::CallContext&, const std::string& database,
                                    const std::string& collection, const std::string& partition);
    base::Result<std::vector<roles::PartitionInfo>> ListPartitions(const base::CallContext&,
                                                                   const std::string& database,
                                                                   const std::string& collection);

    // Namespaces that are no partitions (namespaces.h). The names of those that have rows, sorted:
    // the first `count` of those that begin with `prefix` and come after `after`.
    base::Result<std::vector<std::string>> NamesOfNamespaces(
        const base::CallContext&, const std::string& database, const std::string& collection,
        const std::string& prefix, const std::string& after, size_t count);
    // Keeps that the namespace was made at `created_ts`; 0 forgets it.
    base::Status NoteNamespace(const base::CallContext&, const std::string& database,
                               const std::string& collection, const std::string& name,
                               base::Timestamp created_ts);

    // Aliases
    base::Status CreateAlias(const base::CallContext&, const std::string& database,
                             const std::string& alias, const std::string& collection);
    base::Status AlterAlias(const base::CallContext&, const std::string& database,
                            const std::string& alias, const std::string& collection);
    base::Status DropAlias(const base::CallContext&, const std::string& database,
                           const std::string& alias);
    base::Result<roles::AliasInfo> DescribeAlias(const base::CallContext&,
                                                 const std::string& database,
                                                 const std::string& alias);
    base::Result<std::vector<roles::AliasInfo>> ListAliases(const base::CallContext&,
                                                            const std::string& database,
                                                            const std::string& collection);

    // Word lists of analyzers, by name; the path is a key in the object store.
    base::Status AddFileResource(const base::CallContext&, const std::string& name,
                                 const std::string& path);
    base::Status RemoveFileResource(const base::CallContext&, const std::string& name);
    base::Result<roles::FileResourceList> ListFileResources(const base::CallContext&);

    // Load state. Partition names empty = the collection.
    base::Status Load(const base::CallContext&, const std::string& database,
                      const std::string& collection, const std::vector<std::string>& partitions,
                      const std::vector<std::string>& load_fields, int32_t replica_number,
                      bool refresh);
    base::Status Release(const base::CallContext&, const std::string& database,
                         const std::string& collection, const std::vector<std::string>& partitions);
    // For the named partitions, or the collection when none are named. A missing collection is
    // state kNotExist for GetLoadState's caller to turn into 100.
    base::Result<roles::LoadStatus> GetLoadStatus(const base::CallContext&,
                                                  const std::string& database,
                                                  const std::string& collection,
                                                  const std::vector<std::string>& partitions);

    // Indexes
    base::Status CreateIndex(const base::CallContext&, const CreateIndexRequest& request);
    base::Status DropIndex(const base::CallContext&, const IndexName& name);
    base::Status AlterIndex(const base::CallContext&, const IndexName& name,
                            const KeyValues& params, const std::vector<std::string>& delete_keys);
    // 700 "index not found[indexName=..]" when nothing matches.
    base::Result<std::vector<roles::IndexProgress>> DescribeIndex(const base::CallContext&,
                                                                  const IndexName& name);

    // Rows
    void Insert(const base::CallContext&, InsertRequest request, MutationCallback done);
    void Upsert(const base::CallContext&, InsertRequest request, MutationCallback done);
    void Delete(const base::CallContext&, DeleteRequest request, MutationCallback done);
    base::Result<SearchResults> Search(const base::CallContext&, const SearchRequest& request);
    base::Result<SearchResults> HybridSearch(const base::CallContext&,
                                             const HybridSearchRequest& request);
    base::Result<QueryResults> Query(const base::CallContext&, const QueryRequest& request);

    // Flush and segments
    base::Result<std::vector<FlushResult>> Flush(const base::CallContext&,
                                                 const std::string& database,
                                                 const std::vector<std::string>& collections);
    base::Result<bool> GetFlushState(const base::CallContext&, const std::string& database,
                                     const std::string& collection, base::Timestamp flush_ts,
                                     const std::vector<base::SegmentId>& segments);
    // flush_all.cc. No targets = every collection of every database.
    base::Result<FlushAllResult> FlushAll(const base::CallContext&,
                                          std::vector<FlushTarget> targets);
    base::Result<std::vector<DatabaseFlushState>> GetFlushAllState(const base::CallContext&,
                                                                   std::vector<FlushTarget> targets,
                                                                   base::Timestamp flush_ts);
    base::Result<std::vector<SegmentView>> ListSegments(const base::CallContext&,
                                                        const std::string& database,
                                                        const std::string& collection);

    // The tokens of each text.
    base::Result<std::vector<AnalyzedText>> RunAnalyzer(const base::CallContext&,
                                                        const RunAnalyzerRequest& request);

    // compaction.cc. 2304 for clustering without a clustering key.
    base::Result<roles::CompactResponse> Compact(const base::CallContext&, const CompactRequest&);
    base::Result<roles::CompactionStatus> GetCompaction(const base::CallContext&,
                                                        int64_t compaction_id);
    // Of every compaction that is remembered.
    base::Result<roles::CompactionStatus> GetCompactionsOf(const base::CallContext&,
                                                           const std::string& database,
                                                           const std::string& collection);

    base::Result<base::Timestamp> AllocTimestamp(const base::CallContext&);

  private:
    base::Result<QueryResults> QueryTimed(const base::CallContext&, const QueryRequest& request,
                                          bool replaces_rows);
    base::Status AlterKnown(const base::CallContext&, const roles::CollectionInfo& info,
                            const KeyValues& properties,
                            const std::vector<std::string>& delete_keys);
    base::Status InheritZone(const base::CallContext&, CreateCollectionRequest* request);

    std::unique_ptr<ProxyCore> core_;
};

}  // namespace elanus::proxy
