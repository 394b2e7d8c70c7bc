#include "sys/sim_file_system.h"

#include "sys/sim_disk.h"

#include <algorithm>
#include <functional>

namespace elanus::sys {

using base::Buffer;
using base::Code;
using base::MutexLock;
using base::Result;
using base::Status;

namespace {

Status SimError(std::string_view call, const std::string& path, std::string_view what) {
    return Status::Error(Code::kIoFailed,
                         std::string(call) + " " + path + ": " + std::string(what));
}

}  // namespace

std::vector<std::string> SimPathParts(const std::string& path) {
    std::vector<std::string> parts;
    size_t begin = 0;
    while (begin < path.size()) {
        const size_t end = std::min(path.find('/', begin), path.size());
        std::string part = path.substr(begin, end - begin);
        if (!part.empty() && part != ".") {
            parts.push_back(std::move(part));
        }
        begin = end + 1;
    }
    return parts;
}

std::string SimBaseName(const std::string& path) {
    auto parts = SimPathParts(path);
    return parts.empty() ? std::string() : parts.back();
}

void ApplyFileChange(const SimFileChange& change, std::string& bytes) {
    switch (change.kind) {
        case SimFileChange::Kind::kWrite:
            if (bytes.size() < change.offset + change.bytes.size()) {
                bytes.resize(change.offset + change.bytes.size(), '\0');
            }
            bytes.replace(change.offset, change.bytes.size(), change.bytes);
            break;
        case SimFileChange::Kind::kTruncate:
            bytes.resize(change.offset, '\0');
            break;
        case SimFileChange::Kind::kPreallocate:
            bytes.resize(std::max<uint64_t>(change.offset, bytes.size()), '\0');
            break;
    }
}

void ApplyEntryChange(const SimEntryChange& change, std::map<std::string, SimNodePtr>& entries) {
    if (!change.removed.empty()) {
        entries.erase(change.removed);
    }
    if (!change.added.empty()) {
        entries[change.added] = change.node;
    }
}

void SimNode::ChangeFile(SimFileChange change) {
    ApplyFileChange(change, current);
    changes.push_back(std::move(change));
}

void SimNode::ChangeEntries(SimEntryChange change) {
    ApplyEntryChange(change, entries);
    entry_changes.push_back(std::move(change));
}

void SimNode::SyncFile() {
    for (const SimFileChange& change : changes) {
        if (!change.stranded) {
            ApplyFileChange(change, durable);
        }
    }
    changes.clear();
}

void SimNode::SyncEntries() {
    durable_entries = entries;
    entry_changes.clear();
}

void SimNode::StrandChanges() {
    for (SimFileChange& change : changes) {
        change.stranded = true;
    }
}

Status SimDisk::Enter() {
    ++calls;
    if (power_off) {
        return Status::Error(Code::kIoFailed, "the power is off");
    }
    return calls == fail_at_call ? fail_status : Status();
}

Status SimDisk::EnterSync() {
    ++syncs;
    if (syncs == crash_at_sync) {
        power_off = true;
        return Status::Error(Code::kIoFailed, "the power is off");
    }
    return Status();
}

SimNodePtr SimDisk::Find(const std::string& path) const {
    SimNodePtr node = root;
    for (const std::string& part : SimPathParts(path)) {
        const auto entry = node->entries.find(part);
        if (entry == node->entries.end()) {
            return nullptr;
        }
        node = entry->second;
    }
    return node;
}

Result<SimNodePtr> SimDisk::FindParent(const std::string& path) const {
    const std::string parent_path = ParentPath(path);
    SimNodePtr parent = Find(parent_path);
    if (parent == nullptr || !parent->is_directory) {
        return SimError("look up", parent_path, "no such directory");
    }
    return parent;
}

namespace {

class SimFile : public File {
  public:
    SimFile(std::shared_ptr<SimDisk> disk, SimNodePtr node, std::string path, bool writable)
        : disk_(std::move(disk)),
          node_(std::move(node)),
          path_(std::move(path)),
          writable_(writable) {}

    Result<std::string> ReadAt(uint64_t offset, size_t size) override {
        MutexLock lock(disk_->mutex);
        RETURN_IF_ERROR(disk_->Enter());
        if (offset >= node_->current.size()) {
            return std::string();
        }
        return node_->current.substr(offset, size);
    }

    Status WriteAt(uint64_t offset, std::string_view bytes) override {
        MutexLock lock(disk_->mutex);
        const Status entered = disk_->Enter();
        if (!entered.ok() && !disk_->power_off) {
            bytes = bytes.substr(0, bytes.size() / 2);
        }
        if (disk_->power_off || bytes.empty()) {
            return entered;
        }
        RETURN_IF_ERROR(CheckWritable());
        node_->ChangeFile({SimFileChange::Kind::kWrite, offset, std::string(bytes), false});
        return entered;
    }

    Result<uint64_t> Size() override {
        MutexLock lock(disk_->mutex);
        RETURN_IF_ERROR(disk_->Enter());
        return node_->current.size();
    }

    Status Truncate(uint64_t size) override { return Resize(SimFileChange::Kind::kTruncate, size); }
    Status Preallocate(uint64_t size) override {
        return Resize(SimFileChange::Kind::kPreallocate, size);
    }

    Status DataSync() override {
        MutexLock lock(disk_->mutex);
        const Status entered = disk_->Enter();
        if (!entered.ok()) {
            node_->StrandChanges();
            return entered;
        }
        RETURN_IF_ERROR(disk_->EnterSync());
        if (disk_->honour_syncs) {
            node_->SyncFile();
        }
        return Status();
    }

    Result<Buffer> Map() override {
        MutexLock lock(disk_->mutex);
        RETURN_IF_ERROR(disk_->Enter());
        return node_->current.empty() ? Buffer() : Buffer::FromString(node_->current);
    }

  private:
    Status CheckWritable() const {
        return writable_ ? Status() : SimError("write", path_, "opened for reading only");
    }
    Status Resize(SimFileChange::Kind kind, uint64_t size) {
        MutexLock lock(disk_->mutex);
        RETURN_IF_ERROR(disk_->Enter());
        RETURN_IF_ERROR(CheckWritable());
        node_->ChangeFile({kind, size, {}, false});
        return Status();
    }

    const std::shared_ptr<SimDisk> disk_;
    const SimNodePtr node_;
    const std::string path_;
    const bool writable_;
};

class SimFileLock : public FileLock {
  public:
    SimFileLock(std::shared_ptr<SimDisk> disk, std::string path)
        : disk_(std::move(disk)), path_(std::move(path)) {}
    ~SimFileLock() override {
        MutexLock lock(disk_->mutex);
        disk_->locks.erase(path_);
    }

  private:
    const std::shared_ptr<SimDisk> disk_;
    const std::string path_;
};

Result<SimNodePtr> OpenNode(SimDisk& disk, const std::string& path, OpenMode mode) {
    SimNodePtr node = disk.Find(path);
    const bool may_create = mode == OpenMode::kCreateNew || mode == OpenMode::kCreateOrOpen;
    if (node != nullptr && (node->is_directory || mode == OpenMode::kCreateNew)) {
        return SimError("open", path, node->is_directory ? "is a directory" : "file exists");
    }
    if (node == nullptr && !may_create) {
        return SimError("open", path, "no such file");
    }
    if (node == nullptr) {
        ASSIGN_OR_RETURN(const SimNodePtr parent, disk.FindParent(path));
        node = std::make_shared<SimNode>();
        parent->ChangeEntries({"", SimBaseName(path), node});
    }
    return node;
}

Status SyncNode(SimDisk& disk, const SimNodePtr& node) {
    RETURN_IF_ERROR(disk.EnterSync());
    if (disk.honour_syncs) {
        node->SyncEntries();
    }
    return Status();
}

}  // namespace

SimFileSystem::SimFileSystem(bool honour_syncs) : disk_(std::make_shared<SimDisk>(honour_syncs)) {}
SimFileSystem::~SimFileSystem() = default;

std::unique_ptr<SimFileSystem> SimFileSystem::CrashClone(uint64_t seed) const {
    MutexLock lock(disk_->mutex);
    auto clone = std::make_unique<SimFileSystem>(disk_->honour_syncs);
    clone->disk_->root = CrashTree(disk_->root, seed);
    return clone;
}

uint64_t SimFileSystem::sync_count() const {
    MutexLock lock(disk_->mutex);
    return disk_->syncs;
}

void SimFileSystem::CrashAtSync(uint64_t n) {
    MutexLock lock(disk_->mutex);
    disk_->crash_at_sync = n;
}

uint64_t SimFileSystem::call_count() const {
    MutexLock lock(disk_->mutex);
    return disk_->calls;
}

void SimFileSystem::FailCall(uint64_t n, Status status) {
    MutexLock lock(disk_->mutex);
    disk_->fail_at_call = n;
    disk_->fail_status = std::move(status);
}

Status SimFileSystem::FlipByte(const std::string& path, uint64_t offset) {
    MutexLock lock(disk_->mutex);
    const SimNodePtr node = disk_->Find(path);
    if (node == nullptr || offset >= node->current.size() || offset >= node->durable.size()) {
        return SimError("flip a byte of", path, "no such byte");
    }
    node->current[offset] = static_cast<char>(~node->current[offset]);
    node->durable[offset] = node->current[offset];
    return Status();
}

Result<std::unique_ptr<File>> SimFileSystem::Open(const std::string& path, OpenMode mode) {
    MutexLock lock(disk_->mutex);
    RETURN_IF_ERROR(disk_->Enter());
    ASSIGN_OR_RETURN(SimNodePtr node, OpenNode(*disk_, path, mode));
    return std::unique_ptr<File>(
        std::make_unique<SimFile>(disk_, std::move(node), path,
                                  mode != OpenMode::kRead && mode != OpenMode::kReadDirect));
}

Result<bool> SimFileSystem::Exists(const std::string& path) {
    MutexLock lock(disk_->mutex);
    RETURN_IF_ERROR(disk_->Enter());
    return disk_->Find(path) != nullptr;
}

Status SimFileSystem::Rename(const std::string& from, const std::string& to) {
    MutexLock lock(disk_->mutex);
    RETURN_IF_ERROR(disk_->Enter());
    const SimNodePtr node = disk_->Find(from);
    if (node == nullptr) {
        return SimError("rename", from, "no such file");
    }
    ASSIGN_OR_RETURN(const SimNodePtr from_parent, disk_->FindParent(from));
    ASSIGN_OR_RETURN(const SimNodePtr to_parent, disk_->FindParent(to));
    const SimNodePtr target = disk_->Find(to);
    if (target == node) {
        return Status();
    }
    if (target != nullptr && target->is_directory) {
        return SimError("rename", from + " to " + to, "is a directory");
    }
    if (from_parent == to_parent) {
        from_parent->ChangeEntries({SimBaseName(from), SimBaseName(to), node});
    } else {
        to_parent->ChangeEntries({"", SimBaseName(to), node});
        from_parent->ChangeEntries({SimBaseName(from), "", nullptr});
    }
    return Status();
}

Status SimFileSystem::LinkNew(const std::string& from, const std::string& to) {
    MutexLock lock(disk_->mutex);
    RETURN_IF_ERROR(disk_->Enter());
    const SimNodePtr node = disk_->Find(from);
    if (node == nullptr || node->is_directory) {
        return SimError("link", from, "no such file");
    }
    if (disk_->Find(to) != nullptr) {
        return SimError("link", from + " to " + to, "file exists");
    }
    ASSIGN_OR_RETURN(const SimNodePtr parent, disk_->FindParent(to));
    parent->ChangeEntries({"", SimBaseName(to), node});
    return Status();
}

Status SimFileSystem::Remove(const std::string& path) {
    MutexLock lock(disk_->mutex);
    RETURN_IF_ERROR(disk_->Enter());
    const SimNodePtr node = disk_->Find(path);
    if (node == nullptr) {
        return Status();
    }
    if (!node->entries.empty()) {
        return SimError("remove", path, "directory not empty");
    }
    ASSIGN_OR_RETURN(const SimNodePtr parent, disk_->FindParent(path));
    parent->ChangeEntries({SimBaseName(path), "", nullptr});
    return Status();
}

Status SimFileSystem::RemoveAll(const std::string& path) {
    MutexLock lock(disk_->mutex);
    RETURN_IF_ERROR(disk_->Enter());
    const SimNodePtr top = disk_->Find(path);
    if (top == nullptr) {
        return Status();
    }
    // Names go one by one, deepest first, as the real call does it: a power cut may leave a part.
    std::vector<SimNodePtr> directories{top};
    for (size_t i = 0; i < directories.size(); ++i) {
        const SimNodePtr directory = directories[i];
        for (const auto& [name, child] : directory->entries) {
            if (child->is_directory) {
                directories.push_back(child);
            }
        }
    }
    for (auto directory = directories.rbegin(); directory != directories.rend(); ++directory) {
        while (!(*directory)->entries.empty()) {
            (*directory)->ChangeEntries({(*directory)->entries.begin()->first, "", nullptr});
        }
    }
    ASSIGN_OR_RETURN(const SimNodePtr parent, disk_->FindParent(path));
    parent->ChangeEntries({SimBaseName(path), "", nullptr});
    return Status();
}

Status SimFileSystem::CreateDirectories(const std::string& path) {
    MutexLock lock(disk_->mutex);
    RETURN_IF_ERROR(disk_->Enter());
    SimNodePtr node = disk_->root;
    for (const std::string& part : SimPathParts(path)) {
        SimNodePtr& child = node->entries[part];
        if (child != nullptr) {
            if (!child->is_directory) {
                return SimError("make directory", path, "a file is in the way");
            }
            node = child;
            continue;
        }
        auto made = std::make_shared<SimNode>();
        made->is_directory = true;
        node->ChangeEntries({"", part, made});
        RETURN_IF_ERROR(SyncNode(*disk_, node));
        node = made;
    }
    return Status();
}

Result<std::vector<DirectoryEntry>> SimFileSystem::List(const std::string& path) {
    MutexLock lock(disk_->mutex);
    RETURN_IF_ERROR(disk_->Enter());
    const SimNodePtr node = disk_->Find(path);
    if (node == nullptr || !node->is_directory) {
        return Status::Error(Code::kKeyNotFound, "folder " + path);
    }
    std::vector<DirectoryEntry> entries;
    for (const auto& [name, child] : node->entries) {
        entries.push_back({name, child->is_directory, child->current.size()});
    }
    return entries;
}

Status SimFileSystem::SyncDirectory(const std::string& path) {
    MutexLock lock(disk_->mutex);
    RETURN_IF_ERROR(disk_->Enter());
    const SimNodePtr node = disk_->Find(path);
    if (node == nullptr || !node->is_directory) {
        return SimError("sync", path, "no such directory");
    }
    return SyncNode(*disk_, node);
}

Result<std::unique_ptr<FileLock>> SimFileSystem::Lock(const std::string& path) {
    MutexLock lock(disk_->mutex);
    RETURN_IF_ERROR(disk_->Enter());
    RETURN_IF_ERROR(OpenNode(*disk_, path, OpenMode::kCreateOrOpen).status());
    std::string name;
    for (const std::string& part : SimPathParts(path)) {
        name += "/" + part;
    }
    if (!disk_->locks.insert(name).second) {
        return Status::Error(Code::kServiceUnavailable, path + " is locked by another process");
    }
    return std::unique_ptr<FileLock>(std::make_unique<SimFileLock>(disk_, std::move(name)));
}

}  // namespace elanus::sys
