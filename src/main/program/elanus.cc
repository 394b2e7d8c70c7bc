// The program. Everything is in the library beside it, so that tests can call it.
#include "main/command_line.h"

int main(int argc, char** argv) {
    return elanus::main::RunCommandLine(argc, argv);
}
