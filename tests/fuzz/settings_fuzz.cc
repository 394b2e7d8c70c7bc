// milvus.yaml, and behind a line with three dashes variables of the environment, one a line.
#include "config/config.h"
#include "target.h"

using namespace elanus;

ELANUS_FUZZ_SEEDS {
    return {
        "proxy:\n  port: 19531\n  maxNameLength: 255\nlog:\n  level: info\n",
        "# a comment\ncommon: {security: {authorizationEnabled: false}}\ndataCoord:\n"
        "  segment:\n    maxSize: 1024\n---\nPROXY_PORT=1\nMILVUS_COHERE_API_KEY=x\n",
        "credential:\n  one:\n    apikey: \"a\\u00e9\"\nlist: [1, 2.5, *a]\n&a b: !!str c\n"
        "text: |\n  two\n  lines\n",
        "a: &a\n  b: *a\n",
    };
}

ELANUS_FUZZ_TARGET(settings) {
    constexpr std::string_view kBorder = "\n---\n";
    const size_t border = std::min(bytes.find(kBorder), bytes.size());
    config::Config config;
    const base::Status loaded = config.LoadFile("milvus.yaml", bytes.substr(0, border));
    FUZZ_EXPECT(loaded.ok() || !loaded.reason().empty());
    std::vector<std::string> environment;
    std::string_view rest = bytes.substr(std::min(border + kBorder.size(), bytes.size()));
    while (!rest.empty()) {
        const size_t end = std::min(rest.find('\n'), rest.size());
        environment.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    static_cast<void>(config.LoadEnvironment(environment));
    // What was taken fits its kind, or this would end the process.
    for (const config::Setting& setting : config::Settings()) {
        switch (setting.kind) {
            case config::Kind::kBool:
                static_cast<void>(config.Bool(setting.key));
                break;
            case config::Kind::kReal:
                static_cast<void>(config.Real(setting.key));
                break;
            case config::Kind::kString:
                static_cast<void>(config.String(setting.key));
                break;
            case config::Kind::kInt: {
                const int64_t number = config.Int(setting.key);
                FUZZ_EXPECT(number >= setting.min && number <= setting.max);
                break;
            }
        }
    }
}
