// Seeds as files: what a fuzzer begins with.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace elanus::fuzz {

inline constexpr const char* kWriteSeeds = "--write_seeds=";

// Writes folder/seed_0 and so on; makes the folder.
void WriteSeeds(const std::filesystem::path& folder, const std::vector<std::string>& seeds);
// Does that and ends the process when the only argument of a program is --write_seeds=FOLDER.
void WriteSeedsIfAsked(int argc, char** argv, std::vector<std::string> (*seeds)());

}  // namespace elanus::fuzz
