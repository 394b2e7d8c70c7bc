// Keys of segments, delete files, checkpoints and indexes: in the catalog (docs/formats/catalog.md)
// and in the object store (docs/formats/objects.md).
// Threads: free functions.
#pragma once

#include "roles/records.h"

#include <string>

namespace elanus::coord {

inline std::string Under(const char* kind, base::CollectionId id) {
    return std::string(kind) + "/" + std::to_string(id) + "/";
}
inline std::string SegmentKey(const roles::SegmentInfo& segment) {
    return Under("seg", segment.collection_id) + std::to_string(segment.id);
}
inline std::string DeleteFileKey(const roles::DeleteFileInfo& file) {
    return Under("delfile", file.collection_id) + std::to_string(file.id);
}
inline std::string CheckpointKey(base::CollectionId id, const std::string& vchannel) {
    return Under("ckpt", id) + vchannel;
}
inline std::string IndexKey(const roles::IndexInfo& index) {
    return Under("index", index.collection_id) + std::to_string(index.id);
}
inline std::string SegmentIndexKey(const roles::SegmentIndexInfo& info) {
    return Under("segidx", info.collection_id) + std::to_string(info.segment_id) + "/" +
           std::to_string(info.index_id);
}
inline std::string IndexObjectKey(const roles::SegmentInfo& segment, base::IndexId index_id) {
    return "index/" + std::to_string(segment.collection_id) + "/" + std::to_string(segment.id) +
           "/" + std::to_string(index_id);
}

}  // namespace elanus::coord
