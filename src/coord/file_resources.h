// FileResources: word lists of analyzers that clients added by name (AddFileResource).
//
// Adding copies the client's object to resources/ID, so that a collection's words stay what they
// were when it was made, whatever becomes of the original. The catalog record res/NAME decides that
// a resource exists; a copy without one is removed at Open. What exists stands in the table of
// analyzer/file_resource.h, where every role of the process reads it.
// Threads: changes one at a time (the caller's DDL lock); List at any time.
#pragma once

#include "base/mutex.h"
#include "coord/coord_store.h"
#include "object/object_store.h"
#include "roles/root_coord.h"
#include "schema/collection_schema.h"

#include <map>
#include <set>
#include <string>

namespace elanus::coord {

// Names of the resources that the analyzers of a collection read.
std::set<std::string> FileResourcesOf(const schema::CollectionSchema& schema);

class FileResources {
  public:
    FileResources(CoordStore& store, object::ObjectStore& objects)
        : store_(store), objects_(objects) {}

    base::Status Open();
    // `id` names a new one. The same name and path once more succeed.
    base::Status Add(const roles::FileResourceInfo& resource, int64_t id);
    // A missing one succeeds.
    base::Status Remove(const std::string& name);
    roles::FileResourceList List() const;
    // 1100 when one that the schema speaks of does not exist.
    base::Status Check(const schema::CollectionSchema& schema) const;

  private:
    base::Status RemoveLeftovers() const;
    base::Status Announce(const roles::FileResourceInfo& resource) const;

    CoordStore& store_;
    object::ObjectStore& objects_;
    mutable base::Mutex mutex_;
    std::map<std::string, roles::FileResourceInfo> resources_ GUARDED_BY(mutex_);  // by name
};

}  // namespace elanus::coord
