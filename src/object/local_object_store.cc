#include "object/local_object_store.h"

#include "base/log.h"
#include "sys/kill_point.h"

#include <algorithm>
#include <utility>

namespace elanus::object {

using base::Buffer;
using base::Code;
using base::MutexLock;
using base::Result;
using base::Status;

namespace {

constexpr char kTmpFolder[] = "tmp";
// Written at once, at multiples of it: the page cache then holds a file in pages of this size,
// where the system has them, and a scan of the mapping spends little on translating addresses.
constexpr size_t kWriteBytes = size_t{2} << 20;

Status NotFound(const std::string& key) {
    return Status::Error(Code::kKeyNotFound, "object " + key);
}

}  // namespace

// Writes to tmp/<number>; what is not committed is removed with the writer.
class LocalObjectStore::Writer : public ObjectWriter {
  public:
    Writer(LocalObjectStore& store, std::string key, std::string tmp_path,
           std::unique_ptr<sys::File> file)
        : store_(store),
          key_(std::move(key)),
          tmp_path_(std::move(tmp_path)),
          file_(std::move(file)) {}

    ~Writer() override {
        if (published_) {
            return;
        }
        file_.reset();
        const Status removed = store_.file_system_.Remove(tmp_path_);
        if (!removed.ok()) {  // the next Open removes it
            base::LogWarn("object_leftover", {{"path", tmp_path_}, {"reason", removed}});
        }
    }

  protected:
    Status DoAppend(std::string_view bytes) override {
        while (!bytes.empty()) {
            const size_t whole = pending_.empty() ? bytes.size() / kWriteBytes * kWriteBytes : 0;
            if (whole > 0) {
                RETURN_IF_ERROR(Write(bytes.substr(0, whole)));
                bytes.remove_prefix(whole);
                continue;
            }
            const size_t taken = std::min(kWriteBytes - pending_.size(), bytes.size());
            pending_.append(bytes.substr(0, taken));
            bytes.remove_prefix(taken);
            if (pending_.size() == kWriteBytes) {
                RETURN_IF_ERROR(Flush());
            }
        }
        return Status();
    }

    Status DoCommit(CommitMode mode) override {
        RETURN_IF_ERROR(Flush());
        RETURN_IF_ERROR(file_->DataSync());
        MutexLock lock(store_.names_mutex_);
        const Status status = store_.Publish(tmp_path_, key_, mode);
        published_ = status.ok();
        return status;
    }

  private:
    Status Flush() {
        const Status status = pending_.empty() ? Status() : Write(pending_);
        pending_.clear();
        return status;
    }
    Status Write(std::string_view bytes) {
        RETURN_IF_ERROR(file_->WriteAt(written_, bytes));
        written_ += bytes.size();
        return Status();
    }

    LocalObjectStore& store_;
    const std::string key_;
    const std::string tmp_path_;
    std::unique_ptr<sys::File> file_;
    std::string pending_;
    uint64_t written_ = 0;
    bool published_ = false;
};

Result<std::unique_ptr<LocalObjectStore>> LocalObjectStore::Open(sys::FileSystem& file_system,
                                                                 const std::string& root) {
    if (root.empty()) {
        return base::InvalidParameter("an object store without a folder");
    }
    std::unique_ptr<LocalObjectStore> store(new LocalObjectStore(file_system, root));
    RETURN_IF_ERROR(file_system.CreateDirectories(store->PathOf(kTmpFolder)));
    // The folder may come from a process that was killed before it synced the folder's name.
    RETURN_IF_ERROR(file_system.SyncDirectory(sys::ParentPath(root)));
    RETURN_IF_ERROR(store->RemoveLeftovers());
    return store;
}

Status LocalObjectStore::RemoveLeftovers() {
    const std::string folder = PathOf(kTmpFolder);
    ASSIGN_OR_RETURN(const std::vector<sys::DirectoryEntry> entries, file_system_.List(folder));
    for (const sys::DirectoryEntry& entry : entries) {
        RETURN_IF_ERROR(file_system_.Remove(sys::JoinPath(folder, entry.name)));
    }
    return Status();
}

Result<std::unique_ptr<ObjectWriter>> LocalObjectStore::DoCreate(const std::string& key) {
    const std::string name = std::to_string(last_tmp_.fetch_add(1) + 1);
    std::string path = sys::JoinPath(PathOf(kTmpFolder), name);
    ASSIGN_OR_RETURN(std::unique_ptr<sys::File> file,
                     file_system_.Open(path, sys::OpenMode::kCreateNew));
    return std::unique_ptr<ObjectWriter>(
        std::make_unique<Writer>(*this, key, std::move(path), std::move(file)));
}

Status LocalObjectStore::Publish(const std::string& tmp_path, const std::string& key,
                                 CommitMode mode) {
    const std::string path = PathOf(key);
    const std::string folder = sys::ParentPath(path);
    if (mode == CommitMode::kIfAbsent) {
        ASSIGN_OR_RETURN(const bool exists, file_system_.Exists(path));
        if (exists) {
            return Status::Error(Code::kObjectExists, "object " + key + " exists");
        }
    }
    RETURN_IF_ERROR(MakeFolderDurable(folder));
    sys::KillPoint("object.before_publish");
    RETURN_IF_ERROR(file_system_.Rename(tmp_path, path));
    RETURN_IF_ERROR(file_system_.SyncDirectory(folder));
    sys::KillPoint("object.after_publish");
    return Status();
}

// A folder that exists may come from a process that was killed before it synced the folder's name,
// so each is synced once by every process.
Status LocalObjectStore::MakeFolderDurable(const std::string& path) {
    if (path.size() <= root_.size() || durable_folders_.count(path) != 0) {
        return Status();
    }
    const std::string parent = sys::ParentPath(path);
    RETURN_IF_ERROR(MakeFolderDurable(parent));
    ASSIGN_OR_RETURN(const bool exists, file_system_.Exists(path));
    RETURN_IF_ERROR(exists ? file_system_.SyncDirectory(parent)
                           : file_system_.CreateDirectories(path));
    durable_folders_.insert(path);
    return Status();
}

Result<std::unique_ptr<sys::File>> LocalObjectStore::OpenObject(const std::string& key,
                                                                sys::OpenMode mode) {
    Result<std::unique_ptr<sys::File>> file = file_system_.Open(PathOf(key), mode);
    if (file.ok()) {
        return file;
    }
    ASSIGN_OR_RETURN(const bool exists, file_system_.Exists(PathOf(key)));
    return exists ? file.status() : NotFound(key);
}

Result<std::string> LocalObjectStore::DoReadRange(const std::string& key, uint64_t offset,
                                                  size_t size) {
    ASSIGN_OR_RETURN(const std::unique_ptr<sys::File> file, OpenObject(key));
    ASSIGN_OR_RETURN(std::string bytes, file->ReadAt(offset, size));
    if (bytes.size() != size) {
        return Status::Error(Code::kIoUnexpectedEof, "object " + key + " has no " +
                                                         std::to_string(size) + " bytes at " +
                                                         std::to_string(offset));
    }
    return bytes;
}

Result<Buffer> LocalObjectStore::DoMap(const std::string& key) {
    ASSIGN_OR_RETURN(const std::unique_ptr<sys::File> file, OpenObject(key));
    return file->Map();
}

Result<std::unique_ptr<sys::File>> LocalObjectStore::DoOpenDirect(const std::string& key) {
    return OpenObject(key, sys::OpenMode::kReadDirect);
}

Result<ObjectInfo> LocalObjectStore::DoStat(const std::string& key) {
    ASSIGN_OR_RETURN(const std::unique_ptr<sys::File> file, OpenObject(key));
    ASSIGN_OR_RETURN(const uint64_t size, file->Size());
    RETURN_IF_ERROR(file->ReadAt(0, 1).status());  // a folder can be opened, but not read
    return ObjectInfo{key, size};
}

Result<std::vector<ObjectInfo>> LocalObjectStore::DoList(const std::string& prefix) {
    ASSIGN_OR_RETURN(Listing listing, ListBelow(prefix));
    std::sort(listing.objects.begin(), listing.objects.end(),
              [](const ObjectInfo& a, const ObjectInfo& b) { return a.key < b.key; });
    return std::move(listing.objects);
}

Result<LocalObjectStore::Listing> LocalObjectStore::ListBelow(const std::string& prefix) {
    // The deepest folder that all keys with this prefix share.
    const size_t slash = prefix.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : prefix.substr(0, slash + 1);
    Listing listing;
    RETURN_IF_ERROR(ListFolder(folder, prefix, listing));
    return listing;
}

Status LocalObjectStore::ListFolder(const std::string& key_folder, const std::string& prefix,
                                    Listing& listing) {
    listing.folders.push_back(key_folder);
    const std::string path = PathOf(key_folder);
    const Result<std::vector<sys::DirectoryEntry>> entries = file_system_.List(path);
    if (entries.status().code() == Code::kKeyNotFound) {  // a deletion may have taken it meanwhile
        return Status();
    }
    RETURN_IF_ERROR(entries.status());
    for (const sys::DirectoryEntry& entry : *entries) {
        const std::string key = key_folder + entry.name;
        if (key_folder.empty() && entry.name == kTmpFolder) {
            continue;
        }
        if (!entry.is_directory && key.starts_with(prefix)) {
            listing.objects.push_back({key, entry.size_bytes});
        } else if (entry.is_directory && (key + "/").starts_with(prefix)) {
            RETURN_IF_ERROR(ListFolder(key + "/", prefix, listing));
        }
    }
    return Status();
}

Status LocalObjectStore::PruneFolders(std::string path) {
    while (path.size() > root_.size()) {
        const Result<std::vector<sys::DirectoryEntry>> entries = file_system_.List(path);
        if (entries.status().code() != Code::kKeyNotFound) {
            RETURN_IF_ERROR(entries.status());
            if (!entries->empty()) {
                break;
            }
            RETURN_IF_ERROR(file_system_.Remove(path));
        }
        durable_folders_.erase(path);
        path = sys::ParentPath(path);
    }
    return file_system_.SyncDirectory(path);
}

Status LocalObjectStore::DoDelete(const std::string& key) {
    MutexLock lock(names_mutex_);
    RETURN_IF_ERROR(file_system_.Remove(PathOf(key)));
    return PruneFolders(sys::ParentPath(PathOf(key)));
}

Status LocalObjectStore::DoDeletePrefix(const std::string& prefix) {
    ASSIGN_OR_RETURN(const Listing listing, ListBelow(prefix));
    MutexLock lock(names_mutex_);
    for (const ObjectInfo& object : listing.objects) {
        RETURN_IF_ERROR(file_system_.Remove(PathOf(object.key)));
    }
    // Every folder, also one that shows no object: an earlier call may have failed before its sync.
    // Inner folders come after the ones they lie in, so backwards each is empty when its turn
    // comes.
    for (auto folder = listing.folders.rbegin(); folder != listing.folders.rend(); ++folder) {
        std::string path = PathOf(*folder);
        if (path.back() == '/') {
            path.pop_back();
        }
        RETURN_IF_ERROR(PruneFolders(path));
    }
    return Status();
}

}  // namespace elanus::object
