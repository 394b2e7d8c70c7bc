// File resources: word lists that clients put under a name (AddFileResource) and that analyzers
// read by it: {"type": "remote", "resource_name": NAME, "file_name": FILE}.
//
// The coordinator owns them (coord/file_resources.h) and keeps this table, which every analyzer of
// the process reads when it is made. Threads: any.
#pragma once

#include "base/buffer.h"
#include "base/status.h"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace elanus::analyzer {

struct FileResource {
    int64_t id = 0;
    std::string file_name;  // the last part of the path that it was added from
    base::Buffer bytes;
};

// Takes the place of what has the name.
void PutFileResource(const std::string& name, FileResource resource);
void RemoveFileResource(const std::string& name);
// 1100 when there is none.
base::Result<FileResource> FindFileResource(const std::string& name);

// Names of the resources that analyzer parameters speak of, in a field's `analyzer_params` or
// `multi_analyzer_params`; nothing for text that is no JSON.
std::set<std::string> FileResourcesIn(std::string_view params);

}  // namespace elanus::analyzer
