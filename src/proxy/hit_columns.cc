#include "proxy/hit_columns.h"

#include "proxy/phrase.h"
#include "proxy/row_routing.h"

#include <utility>

namespace elanus::proxy {
namespace {

class HitFetch {
  public:
    HitFetch(ProxyCore& core, const base::CallContext& context,
             const roles::CollectionInfo& collection,
             const std::vector<schema::FieldSchema>& fields)
        : core_(core), context_(context), collection_(collection), fields_(fields) {}

    base::Result<schema::ColumnBatch> Run(RowPlaces rows) {
        const size_t shards = collection_.vchannels.size();
        if (shards == 1) {
            return FetchFrom(0, std::move(rows.addresses));
        }
        std::vector<std::vector<roles::RowAddress>> wanted(shards);
        std::vector<std::pair<size_t, uint32_t>> order;  // shard, row of that shard's batch
        for (size_t i = 0; i < rows.size(); ++i) {
            const size_t shard = ShardOf(rows.keys, i, shards);
            order.emplace_back(shard, static_cast<uint32_t>(wanted[shard].size()));
            wanted[shard].push_back(rows.addresses[i]);
        }
        return Join(std::move(wanted), order);
    }

  private:
    base::Result<schema::ColumnBatch> FetchFrom(size_t shard,
                                                std::vector<roles::RowAddress> addresses) const {
        const size_t rows = addresses.size();
        roles::FetchRequest request;
        request.vchannel = collection_.vchannels[shard];
        request.collection_id = collection_.id;
        request.addresses = std::move(addresses);
        request.fields = fields_;
        ASSIGN_OR_RETURN(roles::FetchResponse response,
                         core_.partners.streaming_node->Fetch(context_, request));
        if (response.rows.rows != rows) {
            return base::Internal("a shard's fetch answer has the wrong number of rows");
        }
        return std::move(response.rows);
    }

    base::Result<schema::ColumnBatch> Join(
        std::vector<std::vector<roles::RowAddress>> wanted,
        const std::vector<std::pair<size_t, uint32_t>>& order) const {
        std::vector<schema::ColumnBatch> batches;
        std::vector<uint32_t> starts(wanted.size(), 0);
        uint32_t rows = 0;
        for (size_t shard = 0; shard < wanted.size(); ++shard) {
            starts[shard] = rows;
            if (wanted[shard].empty()) {
                continue;
            }
            rows += static_cast<uint32_t>(wanted[shard].size());
            ASSIGN_OR_RETURN(schema::ColumnBatch batch, FetchFrom(shard, std::move(wanted[shard])));
            batches.push_back(std::move(batch));
        }
        if (batches.size() == 1) {
            return std::move(batches[0]);
        }
        ASSIGN_OR_RETURN(const schema::ColumnBatch joined, schema::Concatenate(batches));
        std::vector<uint32_t> picks;
        picks.reserve(order.size());
        for (const auto& [shard, row] : order) {
            picks.push_back(starts[shard] + row);
        }
        return schema::Gather(joined, picks);
    }

    ProxyCore& core_;
    const base::CallContext& context_;
    const roles::CollectionInfo& collection_;
    const std::vector<schema::FieldSchema>& fields_;
};

}  // namespace

base::Result<schema::ColumnBatch> FetchHitColumns(ProxyCore& core, const base::CallContext& context,
                                                  const roles::CollectionInfo& collection,
                                                  RowPlaces rows,
                                                  const std::vector<schema::FieldSchema>& fields) {
    if (fields.empty() || rows.size() == 0) {
        return schema::ColumnBatch();
    }
    ASSIGN_OR_RETURN(schema::ColumnBatch all,
                     HitFetch(core, context, collection, fields).Run(std::move(rows)));
    if (all.ByteSize() > static_cast<size_t>(core.limits.max_output_bytes)) {
        return Invalid("search results exceed the maxOutputSize Limit ",
                       core.limits.max_output_bytes);
    }
    return all;
}

}  // namespace elanus::proxy
