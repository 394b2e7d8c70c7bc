#include "seed_files.h"

#include <cstdlib>
#include <fstream>
#include <string_view>

namespace elanus::fuzz {

void WriteSeeds(const std::filesystem::path& folder, const std::vector<std::string>& seeds) {
    std::filesystem::create_directories(folder);
    size_t number = 0;
    for (const std::string& seed : seeds) {
        std::ofstream(folder / ("seed_" + std::to_string(number++)), std::ios::binary) << seed;
    }
}

void WriteSeedsIfAsked(int argc, char** argv, std::vector<std::string> (*seeds)()) {
    const std::string_view option = kWriteSeeds;
    if (argc == 2 && std::string_view(argv[1]).starts_with(option)) {
        WriteSeeds(std::string_view(argv[1]).substr(option.size()), seeds());
        std::exit(0);
    }
}

}  // namespace elanus::fuzz
