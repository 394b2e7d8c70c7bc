#include "analyzer/word_file.h"

#include "analyzer/dictionary_folder.h"
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

}  // namespace

base::Result<std::vector<std::string>> ReadWordFile(const json::Value& params,
                                                    std::string_view label) {
    const std::string name(label);
    const json::Value* type = params.Find("type");
    if (type == nullptr || type->string_if() == nullptr) {
        return InvalidParameter(name + " must have a type, \"local\"");
    }
    if (*type->string_if() != "local") {
        return InvalidParameter(name + " type " + *type->string_if() +
                                " is not supported yet, use \"local\"");
    }
    const json::Value* path = params.Find("path");
    if (path == nullptr || path->string_if() == nullptr || path->string_if()->empty()) {
        return InvalidParameter(name + " must have a path");
    }
    if (DictionaryFolder().empty()) {
        return InvalidParameter(name + ": function.analyzer.local_resource_path is not set");
    }
    if (LeavesFolder(*path->string_if())) {
        return InvalidParameter(name +
                                " path must be relative to "
                                "function.analyzer.local_resource_path and stay in it");
    }
    const auto text = ReadFile(DictionaryFolder() + "/" + *path->string_if());
    if (!text.ok()) {
        return InvalidParameter(name + " " + *path->string_if() +
                                " can not be read: " + text.status().reason());
    }
    return Lines(*text);
}

}  // namespace elanus::analyzer
