// A fuzz target: one reader of bytes that nobody vouches for, and seeds that reach deep into it.
//
// Each <name>_fuzz.cc holds one target:
//
//     ELANUS_FUZZ_SEEDS { return {"bytes that are read", ...}; }
//     ELANUS_FUZZ_TARGET(name) { Read(bytes); }
//
// Built with ELANUS_FUZZ (clang) it becomes a libFuzzer program, fuzz_<name>, which writes its seeds
// as files with --write_seeds=FOLDER. Otherwise it becomes part of fuzz_test, which replays the
// seeds and tests/fuzz/corpus/<name>.
// A target must not crash, leak, run for long or break what FUZZ_EXPECT claims, whatever the bytes.
#pragma once

#include "seed_files.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::fuzz {

struct Target {
    std::string name;
    std::vector<std::string> (*seeds)();
    void (*run)(std::string_view bytes);
};

// All targets of this program, in the order of their names.
std::vector<Target>& Targets();

struct Registration {
    explicit Registration(Target target) { Targets().push_back(std::move(target)); }
};

}  // namespace elanus::fuzz

#define FUZZ_EXPECT(condition)                                                           \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            std::abort();                                                                \
        }                                                                                \
    } while (false)

#define ELANUS_FUZZ_SEEDS static std::vector<std::string> Seeds()

#ifdef ELANUS_FUZZ
#define ELANUS_FUZZ_TARGET(name)                                              \
    static void Run(std::string_view bytes);                                  \
    extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) { \
        Run(std::string_view(reinterpret_cast<const char*>(data), size));     \
        return 0;                                                             \
    }                                                                         \
    extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {            \
        elanus::fuzz::WriteSeedsIfAsked(*argc, *argv, &Seeds);                \
        return 0;                                                             \
    }                                                                         \
    static void Run(std::string_view bytes)
#else
#define ELANUS_FUZZ_TARGET(name)                                                  \
    static void Run(std::string_view bytes);                                      \
    static const elanus::fuzz::Registration kRegistration({#name, &Seeds, &Run}); \
    static void Run(std::string_view bytes)
#endif
