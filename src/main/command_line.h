// The command line: `elanus run standalone`, `elanus check`, `elanus bench`, `elanus version`.
#pragma once

namespace elanus::main {

// Exit status: 0 fine, 1 the command failed, 2 the command line or the configuration is wrong.
int RunCommandLine(int argc, char** argv);

}  // namespace elanus::main
