// `elanus check DIR`: reads every byte a stopped server has on disk and compares it with its
// checksums, and the catalog's records with the files they name.
//
// The catalog and the files are only read. The log is opened as a start would open it, which writes
// its last group again as it stands.
#pragma once

#include <string>

namespace elanus::main {

// Prints one line per finding and a summary. 0 = all well, 1 = damage or an unreadable folder.
int CheckFolder(const std::string& folder);

}  // namespace elanus::main
