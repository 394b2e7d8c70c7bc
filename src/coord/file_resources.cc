#include "coord/file_resources.h"

#include "analyzer/file_resource.h"
#include "base/log.h"

#include <algorithm>
#include <array>
#include <optional>

namespace elanus::coord {

using base::InvalidParameter;
using base::Status;
using roles::FileResourceInfo;

namespace {

constexpr uint64_t kBytesMax = 64 << 20;
constexpr std::string_view kFolder = "resources/";
// What the server keeps for itself in the object store: rows are not to be read as words.
constexpr std::array<std::string_view, 4> kOwnFolders = {"segments/", "deletes/", "index/",
                                                         kFolder};

std::string RecordKey(const std::string& name) {
    return "res/" + name;
}
std::string CopyKey(int64_t id) {
    return std::string(kFolder) + std::to_string(id);
}

Status CheckPath(const std::string& path) {
    if (!object::ValidateKey(path).ok()) {
        return InvalidParameter("file resource path " + path +
                                " is no path in the object store: letters, digits, _ . - and /, "
                                "relative to its root");
    }
    const bool is_own = std::any_of(kOwnFolders.begin(), kOwnFolders.end(),
                                    [&](std::string_view own) { return path.starts_with(own); });
    return is_own ? InvalidParameter("file resource path " + path + " is the server's own")
                  : Status();
}

}  // namespace

std::set<std::string> FileResourcesOf(const schema::CollectionSchema& schema) {
    std::set<std::string> names;
    for (const schema::FieldSchema& field : schema.fields) {
        for (const char* key : {"analyzer_params", "multi_analyzer_params"}) {
            if (const auto params = field.type_params.find(key);
                params != field.type_params.end()) {
                names.merge(analyzer::FileResourcesIn(params->second));
            }
        }
    }
    return names;
}

Status FileResources::Open() {
    ASSIGN_OR_RETURN(const auto resources, store_.LoadAll<FileResourceInfo>("res/"));
    {
        base::MutexLock lock(mutex_);
        for (const FileResourceInfo& resource : resources) {
            resources_[resource.name] = resource;
        }
    }
    for (const FileResourceInfo& resource : resources) {
        RETURN_IF_ERROR(Announce(resource));
    }
    return RemoveLeftovers();
}

Status FileResources::RemoveLeftovers() const {
    std::set<std::string> known;
    for (const FileResourceInfo& resource : List().resources) {
        known.insert(CopyKey(resource.id));
    }
    ASSIGN_OR_RETURN(const auto objects, objects_.List(std::string(kFolder)));
    for (const object::ObjectInfo& object : objects) {
        if (!known.contains(object.key)) {
            base::LogInfo("orphan_deleted", {{"object", object.key}});
            RETURN_IF_ERROR(objects_.Delete(object.key));
        }
    }
    return Status();
}

Status FileResources::Announce(const FileResourceInfo& resource) const {
    ASSIGN_OR_RETURN(base::Buffer bytes, objects_.Map(CopyKey(resource.id)));
    analyzer::PutFileResource(
        resource.name,
        {resource.id, resource.path.substr(resource.path.rfind('/') + 1), std::move(bytes)});
    return Status();
}

Status FileResources::Add(const FileResourceInfo& resource, int64_t id) {
    {
        base::MutexLock lock(mutex_);
        const auto found = resources_.find(resource.name);
        if (found != resources_.end()) {
            return found->second.path == resource.path
                       ? Status()
                       : InvalidParameter("file resource: " + resource.name +
                                          " already exists with path " + found->second.path +
                                          ", remove it first");
        }
    }
    RETURN_IF_ERROR(CheckPath(resource.path));
    const auto stat = objects_.Stat(resource.path);
    if (!stat.ok()) {
        return InvalidParameter("file resource path not exist: " + resource.path +
                                ", put the file there first");
    }
    if (stat->size_bytes > kBytesMax) {
        return InvalidParameter("file resource " + resource.path + " has more than " +
                                std::to_string(kBytesMax) + " bytes");
    }
    const FileResourceInfo added = {id, resource.name, resource.path};
    ASSIGN_OR_RETURN(const base::Buffer bytes, objects_.Map(resource.path));
    RETURN_IF_ERROR(objects_.Put(CopyKey(id), bytes.view()));
    catalog::Txn txn;
    txn.Set(RecordKey(added.name), base::Encode(added));
    RETURN_IF_ERROR(store_.Commit(std::move(txn)));
    RETURN_IF_ERROR(Announce(added));
    base::MutexLock lock(mutex_);
    resources_[added.name] = added;
    return Status();
}

Status FileResources::Remove(const std::string& name) {
    std::optional<FileResourceInfo> removed;
    {
        base::MutexLock lock(mutex_);
        const auto found = resources_.find(name);
        if (found == resources_.end()) {
            return Status();
        }
        removed = found->second;
    }
    catalog::Txn txn;
    txn.Remove(RecordKey(name));
    RETURN_IF_ERROR(store_.Commit(std::move(txn)));
    analyzer::RemoveFileResource(name);
    {
        base::MutexLock lock(mutex_);
        resources_.erase(name);
    }
    return objects_.Delete(CopyKey(removed->id));
}

roles::FileResourceList FileResources::List() const {
    roles::FileResourceList list;
    {
        base::MutexLock lock(mutex_);
        for (const auto& [name, resource] : resources_) {
            list.resources.push_back(resource);
        }
    }
    std::sort(list.resources.begin(), list.resources.end(),
              [](const auto& a, const auto& b) { return a.id < b.id; });
    return list;
}

Status FileResources::Check(const schema::CollectionSchema& schema) const {
    for (const std::string& name : FileResourcesOf(schema)) {
        base::MutexLock lock(mutex_);
        if (!resources_.contains(name)) {
            return InvalidParameter("file resource: " + name + " not found, add it first");
        }
    }
    return Status();
}

}  // namespace elanus::coord
