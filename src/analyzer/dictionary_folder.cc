#include "analyzer/dictionary_folder.h"

#include "sys/file_system.h"

namespace elanus::analyzer {

namespace {

struct Known {
    std::string_view dict_kind;
    std::string_view debian_folder;  // empty: no package of Debian has it
};
constexpr Known kKnown[] = {
    {"ipadic", "/var/lib/mecab/dic/ipadic-utf8"},
    {"ipadic-neologd", ""},
    {"unidic", ""},
    {"ko-dic", ""},
    {"cc-cedict", ""},
};

std::string& Folder() {
    static std::string* folder = new std::string;
    return *folder;
}

bool HoldsDictionary(const std::string& folder) {
    const auto exists = sys::PosixFileSystem().Exists(folder + "/sys.dic");
    return exists.ok() && *exists;
}

// Empty when the dictionary is not installed; `tried` gets the folders looked at.
std::string Find(const Known& known, std::string* tried) {
    std::vector<std::string> folders;
    if (!Folder().empty()) {
        folders.push_back(Folder() + "/" + std::string(known.dict_kind));
    }
    if (!known.debian_folder.empty()) {
        folders.emplace_back(known.debian_folder);
    }
    for (const std::string& folder : folders) {
        if (HoldsDictionary(folder)) {
            return folder;
        }
        *tried += (tried->empty() ? "" : ", ") + folder;
    }
    return "";
}

std::string Installed() {
    std::string names;
    for (const Known& known : kKnown) {
        std::string tried;
        if (!Find(known, &tried).empty()) {
            names += (names.empty() ? "" : ", ") + std::string(known.dict_kind);
        }
    }
    return names.empty() ? "none" : names;
}

}  // namespace

void SetDictionaryFolder(std::string folder) {
    Folder() = std::move(folder);
}

const std::string& DictionaryFolder() {
    return Folder();
}

base::Result<std::string> FindMecabDictionary(std::string_view dict_kind) {
    for (const Known& known : kKnown) {
        if (known.dict_kind != dict_kind) {
            continue;
        }
        std::string tried;
        std::string folder = Find(known, &tried);
        if (!folder.empty()) {
            return folder;
        }
        return base::InvalidParameter(
            "lindera dictionary " + std::string(dict_kind) + " is not installed: no sys.dic in " +
            (tried.empty() ? "any folder, function.analyzer.local_resource_path is not set"
                           : tried) +
            "; installed: " + Installed());
    }
    return base::InvalidParameter("unsupported lindera dict type: " + std::string(dict_kind) +
                                  ", known are ipadic, ipadic-neologd, unidic, ko-dic and "
                                  "cc-cedict; installed: " +
                                  Installed());
}

}  // namespace elanus::analyzer
