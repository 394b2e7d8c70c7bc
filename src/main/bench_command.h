// `elanus bench`: the options of the load generator (loadgen/load_generator.h).
#pragma once

#include "loadgen/load_generator.h"

#include <string>

namespace CLI {
class App;
}

namespace elanus::main {

struct BenchArguments {
    loadgen::LoadOptions load;
    bool start_server = false;
    std::string server_folder;
    std::string json_path;
};

void AddBenchOptions(CLI::App& bench, BenchArguments* arguments);
// The exit status.
int RunBench(const BenchArguments& arguments);

}  // namespace elanus::main
