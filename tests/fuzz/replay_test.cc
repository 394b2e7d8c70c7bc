// Replays what the fuzzers know: the seeds of each target and the files of tests/fuzz/corpus, which
// hold the inputs of every path found so far and of every crash there ever was.
//
//     fuzz_test --write_seeds=DIR    writes the seeds to DIR/<target>/ instead
#include "target.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

namespace elanus::fuzz {

std::vector<Target>& Targets() {
    static std::vector<Target> targets;
    return targets;
}

namespace {

namespace fs = std::filesystem;

std::string FileBytes(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

class ReplayTest : public testing::Test {
  public:
    explicit ReplayTest(const Target& target) : target_(target) {}

    void TestBody() override {
        const auto seeds = target_.seeds();
        EXPECT_FALSE(seeds.empty());
        for (const std::string& seed : seeds) {
            target_.run(seed);
            target_.run(std::string_view(seed).substr(0, seed.size() / 2));
        }
        target_.run("");
        size_t files = 0;
        for (const auto& entry : fs::directory_iterator(fs::path(ELANUS_CORPUS) / target_.name)) {
            SCOPED_TRACE(entry.path().string());
            target_.run(FileBytes(entry.path()));
            ++files;
        }
        EXPECT_GT(files, 0u) << "no corpus";
    }

  private:
    const Target& target_;
};

}  // namespace
}  // namespace elanus::fuzz

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    const std::string_view option = elanus::fuzz::kWriteSeeds;
    if (argc == 2 && std::string_view(argv[1]).starts_with(option)) {
        const std::filesystem::path folder = std::string_view(argv[1]).substr(option.size());
        for (const elanus::fuzz::Target& target : elanus::fuzz::Targets()) {
            elanus::fuzz::WriteSeeds(folder / target.name, target.seeds());
        }
        return 0;
    }
    for (const elanus::fuzz::Target& target : elanus::fuzz::Targets()) {
        testing::RegisterTest(
            "Replay", target.name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
            [&target]() -> testing::Test* { return new elanus::fuzz::ReplayTest(target); });
    }
    return RUN_ALL_TESTS();
}
