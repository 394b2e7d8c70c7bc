#include "analyzer/file_resource.h"

#include "base/mutex.h"
#include "json/json.h"

#include <map>

namespace elanus::analyzer {

namespace {

struct Table {
    base::Mutex mutex;
    std::map<std::string, FileResource> resources GUARDED_BY(mutex);
};

Table& TheTable() {
    static Table table;
    return table;
}

void Collect(const json::Value& value, std::set<std::string>* names) {
    if (const json::Value::Array* list = value.array_if()) {
        for (const json::Value& item : *list) {
            Collect(item, names);
        }
    }
    const json::Value::Object* members = value.object_if();
    if (members == nullptr) {
        return;
    }
    const json::Value* name = value.Find("resource_name");
    if (name != nullptr && name->string_if() != nullptr) {
        names->insert(*name->string_if());
    }
    for (const auto& [key, member] : *members) {
        Collect(member, names);
    }
}

}  // namespace

void PutFileResource(const std::string& name, FileResource resource) {
    Table& table = TheTable();
    base::MutexLock lock(table.mutex);
    table.resources[name] = std::move(resource);
}

void RemoveFileResource(const std::string& name) {
    Table& table = TheTable();
    base::MutexLock lock(table.mutex);
    table.resources.erase(name);
}

base::Result<FileResource> FindFileResource(const std::string& name) {
    Table& table = TheTable();
    base::MutexLock lock(table.mutex);
    const auto found = table.resources.find(name);
    if (found == table.resources.end()) {
        return base::InvalidParameter("file resource: " + name + " not found, add it first");
    }
    return found->second;
}

std::set<std::string> FileResourcesIn(std::string_view params) {
    std::set<std::string> names;
    if (const auto parsed = json::Parse(params); parsed.ok()) {
        Collect(*parsed, &names);
    }
    return names;
}

}  // namespace elanus::analyzer
