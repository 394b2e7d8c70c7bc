#include "proxy/row_routing.h"

#include "proxy/partition_key.h"
#include "proxy/phrase.h"

#include <algorithm>
#include <map>
#include <utility>

namespace elanus::proxy {

namespace {

constexpr std::string_view kManualPartition =
    "not support manually specifying the partition names if partition key mode is used";

uint64_t HashCell(const schema::ColumnView& column, size_t row) {
    return schema::IsStringLike(column.type) ? HashPartitionKey(column.StringAt(row))
                                             : HashPartitionKey(column.As<int64_t>()[row]);
}

// The partition of every row, or one entry when all go to the same.
base::Result<std::vector<base::PartitionId>> PartitionsOfRows(
    const roles::CollectionInfo& collection, std::string_view partition,
    const schema::ColumnBatch& batch) {
    const schema::FieldSchema* key_field = collection.schema.partition_key();
    if (key_field == nullptr || !partition.empty()) {
        ASSIGN_OR_RETURN(const base::PartitionId id, FindPartition(collection, partition));
        return std::vector<base::PartitionId>{id};
    }
    const std::vector<base::PartitionId> ids = HashPartitions(collection);
    const schema::Column* keys = batch.Find(key_field->id);
    if (ids.empty() || keys == nullptr) {
        return base::Internal(Phrase("collection ", collection.schema.name,
                                     " has a partition key but no hash partitions"));
    }
    if (ids.size() == 1) {
        return ids;
    }
    const schema::ColumnView view = keys->View();
    std::vector<base::PartitionId> of_rows(batch.rows);
    for (size_t row = 0; row < batch.rows; ++row) {
        of_rows[row] = ids[HashCell(view, row) % ids.size()];
    }
    return of_rows;
}

}  // namespace

base::Result<base::PartitionId> FindPartition(const roles::CollectionInfo& collection,
                                              std::string_view partition) {
    if (!partition.empty() && collection.schema.partition_key() != nullptr) {
        return Invalid(kManualPartition);
    }
    const std::string_view name = partition.empty() ? roles::kDefaultPartition : partition;
    const roles::PartitionInfo* info = collection.FindPartition(name);
    if (info == nullptr) {
        return base::Status::WithFields(base::Code::kPartitionNotFound,
                                        {{"partition", std::string(name)}});
    }
    return info->id;
}

base::Result<std::vector<base::PartitionId>> FindPartitions(
    const roles::CollectionInfo& collection, const std::vector<std::string>& partitions) {
    std::vector<base::PartitionId> ids;
    for (const std::string& partition : partitions) {
        if (partition.empty()) {
            return Invalid("Partition name should not be empty.");
        }
        ASSIGN_OR_RETURN(const base::PartitionId id, FindPartition(collection, partition));
        if (std::find(ids.begin(), ids.end(), id) == ids.end()) {
            ids.push_back(id);
        }
    }
    return ids;
}

size_t ShardOf(const schema::PrimaryKeys& keys, size_t row, size_t shards) {
    const uint64_t hash = keys.is_string
                              ? schema::HashPrimaryKey(std::string_view(keys.strings[row]))
                              : schema::HashPrimaryKey(keys.ints[row]);
    return hash % shards;
}

base::Result<std::vector<roles::WritePart>> RouteRows(const roles::CollectionInfo& collection,
                                                      std::string_view partition,
                                                      schema::ColumnBatch batch,
                                                      const schema::PrimaryKeys& keys) {
    ASSIGN_OR_RETURN(const std::vector<base::PartitionId> partitions,
                     PartitionsOfRows(collection, partition, batch));
    const size_t shards = collection.vchannels.size();
    using Place = std::pair<size_t, base::PartitionId>;
    std::map<Place, std::vector<uint32_t>> places;
    if (shards == 1 && partitions.size() == 1) {
        places[Place(0, partitions[0])];
    } else {
        for (size_t row = 0; row < batch.rows; ++row) {
            const size_t shard = shards == 1 ? 0 : ShardOf(keys, row, shards);
            const base::PartitionId id = partitions.size() == 1 ? partitions[0] : partitions[row];
            places[Place(shard, id)].push_back(static_cast<uint32_t>(row));
        }
    }
    std::vector<roles::WritePart> parts;
    for (const auto& [place, rows] : places) {
        roles::WritePart part;
        part.vchannel = collection.vchannels[place.first];
        part.collection_id = collection.id;
        part.partition_id = place.second;
        part.rows = places.size() == 1 ? std::move(batch) : schema::Gather(batch, rows);
        parts.push_back(std::move(part));
    }
    return parts;
}

std::vector<roles::WritePart> RouteDeletes(const roles::CollectionInfo& collection,
                                           base::PartitionId partition,
                                           const schema::PrimaryKeys& keys) {
    const size_t shards = collection.vchannels.size();
    std::vector<schema::PrimaryKeys> of_shards(shards);
    if (shards == 1) {
        of_shards[0] = keys;
    } else {
        for (size_t row = 0; row < keys.size(); ++row) {
            of_shards[ShardOf(keys, row, shards)].Append(keys.At(row));
        }
    }
    std::vector<roles::WritePart> parts;
    for (size_t shard = 0; shard < shards; ++shard) {
        if (of_shards[shard].empty()) {
            continue;
        }
        roles::WritePart part;
        part.vchannel = collection.vchannels[shard];
        part.collection_id = collection.id;
        part.partition_id = partition;
        part.deletes = std::move(of_shards[shard]);
        parts.push_back(std::move(part));
    }
    return parts;
}

}  // namespace elanus::proxy
