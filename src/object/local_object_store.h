// The embedded object store: a folder, one file an object, its path the key.
//
// Publishing: the bytes are written to tmp/<number>, synced, renamed to their key, and the folder
// is synced. The store is the only one that names files here, so "absent" is checked under its
// mutex; no hard links are needed, which some file systems lack. Folders are made durable before
// the first object in them is acknowledged, and go when their last object does. Unfinished objects
// of an earlier process are removed by Open: the caller owns the data folder's lock. Invariants:
//   INV-LOCAL-1  names_mutex_ is held from the making of an object's folder until the object's name
//   in
//                it is durable, so that pruning never takes the folder away in between.
// Kill points: object.before_publish, object.after_publish.
// Format: docs/formats/objects.md
#pragma once

#include "base/mutex.h"
#include "object/object_store.h"
#include "sys/file_system.h"

#include <atomic>
#include <set>

namespace elanus::object {

class LocalObjectStore : public ObjectStore {
  public:
    // Makes the folder `root` when it is missing.
    static base::Result<std::unique_ptr<LocalObjectStore>> Open(sys::FileSystem& file_system,
                                                                const std::string& root);

  protected:
    base::Result<std::unique_ptr<ObjectWriter>> DoCreate(const std::string& key) override;
    base::Result<std::string> DoReadRange(const std::string& key, uint64_t offset,
                                          size_t size) override;
    base::Result<base::Buffer> DoMap(const std::string& key) override;
    base::Result<std::unique_ptr<sys::File>> DoOpenDirect(const std::string& key) override;
    base::Result<ObjectInfo> DoStat(const std::string& key) override;
    base::Result<std::vector<ObjectInfo>> DoList(const std::string& prefix) override;
    base::Status DoDelete(const std::string& key) override;
    base::Status DoDeletePrefix(const std::string& prefix) override;

  private:
    class Writer;

    LocalObjectStore(sys::FileSystem& file_system, std::string root)
        : file_system_(file_system), root_(std::move(root)) {}

    std::string PathOf(std::string_view key) const { return sys::JoinPath(root_, key); }
    base::Result<std::unique_ptr<sys::File>> OpenObject(const std::string& key,
                                                        sys::OpenMode mode = sys::OpenMode::kRead);
    base::Status RemoveLeftovers();
    // What lies below a prefix: the objects, and the key of every folder that was looked into (""
    // or "a/b/").
    struct Listing {
        std::vector<ObjectInfo> objects;
        std::vector<std::string> folders;
    };
    base::Result<Listing> ListBelow(const std::string& prefix);
    base::Status ListFolder(const std::string& key_folder, const std::string& prefix,
                            Listing& listing);

    base::Status Publish(const std::string& tmp_path, const std::string& key, CommitMode mode)
        REQUIRES(names_mutex_);
    base::Status MakeFolderDurable(const std::string& path) REQUIRES(names_mutex_);
    // Removes the folder and those above it that hold nothing; syncs the first that stays.
    base::Status PruneFolders(std::string path) REQUIRES(names_mutex_);

    sys::FileSystem& file_system_;
    const std::string root_;
    std::atomic<uint64_t> last_tmp_{0};
    base::Mutex names_mutex_;
    // Folders whose own name is known to be durable.
    std::set<std::string> durable_folders_ GUARDED_BY(names_mutex_);
};

}  // namespace elanus::object
