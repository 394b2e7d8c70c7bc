#include "analyzer/word_file.h"

#include "analyzer/dictionary_folder.h"
#include "analyzer/file_resource.h"
#include "sys/file_system.h"

#include <algorithm>
#include <cstdint>

namespace elanus::analyzer {

namespace {

using base::InvalidParameter;

constexpr uint64_t kBytesMax = 64 << 20;

bool LeavesFolder(std::string_view path) {
    if (path.starts_with('/')) {
        return true;
    }
    for (size_t at = 0; at <= path.size();) {
        const size_t end = std::min(path.find('/', at), path.size());
        if (path.substr(at, end - at) == "..") {
            return true;
        }
        at = end + 1;
    }
    return false;
}

base::Result<std::string> ReadFile(const std::string& path) {
    ASSIGN_OR_RETURN(const auto file, sys::PosixFileSystem().Open(path, sys::OpenMode::kRead));
    ASSIGN_OR_RETURN(const uint64_t size, file->Size());
    if (size > kBytesMax) {
        return InvalidParameter("the file has more than " + std::to_string(kBytesMax) + " bytes");
    }
    return file->ReadAt(0, size);
}

std::vector<std::string> Lines(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        if (!line.empty()) {
            lines.emplace_back(line);
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

base::Result<std::string> TextMember(const json::Value& params, std::string_view key,
                                     const std::string& label) {
    const json::Value* member = params.Find(key);
    if (member == nullptr || member->string_if() == nullptr || member->string_if()->empty()) {
        return InvalidParameter(label + " must have a " + std::string(key));
    }
    return *member->string_if();
}

base::Result<std::vector<std::string>> LocalLines(const json::Value& params,
                                                  const std::string& label) {
    ASSIGN_OR_RETURN(const std::string path, TextMember(params, "path", label));
    if (DictionaryFolder().empty()) {
        return InvalidParameter(label + ": function.analyzer.local_resource_path is not set");
    }
    if (LeavesFolder(path)) {
        return InvalidParameter(label +
                                " path must be relative to "
                                "function.analyzer.local_resource_path and stay in it");
    }
    const auto text = ReadFile(DictionaryFolder() + "/" + path);
    if (!text.ok()) {
        return InvalidParameter(label + " " + path + " can not be read: " + text.status().reason());
    }
    return Lines(*text);
}

base::Result<std::vector<std::string>> ResourceLines(const json::Value& params,
                                                     const std::string& label) {
    ASSIGN_OR_RETURN(const std::string name, TextMember(params, "resource_name", label));
    ASSIGN_OR_RETURN(const FileResource resource, FindFileResource(name));
    if (params.Find("file_name") != nullptr) {
        ASSIGN_OR_RETURN(const std::string file_name, TextMember(params, "file_name", label));
        if (file_name != resource.file_name) {
            return InvalidParameter(label + ": file resource: " + name + " holds the file " +
                                    resource.file_name + ", not " + file_name);
        }
    }
    return Lines(resource.bytes.view());
}

}  // namespace

base::Result<std::vector<std::string>> ReadWordFile(const json::Value& params,
                                                    std::string_view label) {
    const std::string name(label);
    const json::Value* type = params.Find("type");
    if (type == nullptr || type->string_if() == nullptr) {
        return InvalidParameter(name + " must have a type, \"local\" or \"remote\"");
    }
    if (*type->string_if() == "local") {
        return LocalLines(params, name);
    }
    if (*type->string_if() == "remote") {
        return ResourceLines(params, name);
    }
    return InvalidParameter(name + " type " + *type->string_if() +
                            " is not known, use \"local\" or \"remote\"");
}

}  // namespace elanus::analyzer
