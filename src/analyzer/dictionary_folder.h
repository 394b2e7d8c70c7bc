// Where dictionaries that are too large for the binary lie: one folder for each, named like its
// dict_kind, in the folder of the configuration (function.analyzer.local_resource_path), else where
// Debian's packages put them.
// Threads: SetDictionaryFolder is called once, before the first analyzer is made.
#pragma once

#include "base/status.h"

#include <string>
#include <string_view>
#include <vector>

namespace elanus::analyzer {

void SetDictionaryFolder(std::string folder);
// Empty when the configuration names none.
const std::string& DictionaryFolder();

// The folder of a compiled MeCab dictionary, in UTF-8. InvalidParameter that says where it was
// looked for and which dictionaries there are when it is not installed.
base::Result<std::string> FindMecabDictionary(std::string_view dict_kind);

}  // namespace elanus::analyzer
