#include "config/config.h"

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::config {
namespace {

base::Status Load(Config* config, std::string_view text) {
    return config->LoadFile("milvus.yaml", text);
}

std::string ErrorOf(std::string_view text) {
    Config config;
    const base::Status status = Load(&config, text);
    EXPECT_FALSE(status.ok()) << text;
    EXPECT_EQ(status.code(), base::Code::kInvalidParameter) << status.reason();
    return status.reason();
}

void ExpectContains(const std::string& text, std::string_view part) {
    EXPECT_NE(text.find(part), std::string::npos) << "\"" << text << "\" lacks \"" << part << "\"";
}

TEST(SettingsTest, EveryDefaultFitsItsOwnSetting) {
    std::set<std::string_view> keys;
    Config config;
    for (const Setting& setting : Settings()) {
        EXPECT_TRUE(keys.insert(setting.key).second) << setting.key << " appears twice";
        EXPECT_TRUE(config.Set(setting.key, setting.default_value).ok()) << setting.key;
        EXPECT_FALSE(setting.description.empty()) << setting.key;
        EXPECT_TRUE(IsMilvusKey(setting.key) || setting.key.starts_with("elanus.")) << setting.key;
    }
}

TEST(ConfigTest, DefaultsStandWithoutAnySource) {
    const Config config;
    EXPECT_EQ(config.Int("proxy.port"), 19530);
    EXPECT_EQ(config.String("log.level"), "info");
    EXPECT_FALSE(config.Bool("elanus.debug.loopback"));
    EXPECT_TRUE(config.unused_keys().empty());
}

TEST(ConfigTest, FileSetsKnownKeys) {
    Config config;
    ASSERT_TRUE(Load(&config,
                     "proxy:\n  port: 20000  # a comment\n  grpc:\n    serverMaxRecvSize: 1048576\n"
                     "log:\n  level: \"warn\"\nelanus:\n  debug:\n    loopback: true\n")
                    .ok());
    EXPECT_EQ(config.Int("proxy.port"), 20000);
    EXPECT_EQ(config.Int("proxy.grpc.serverMaxRecvSize"), 1048576);
    EXPECT_EQ(config.String("log.level"), "warn");
    EXPECT_TRUE(config.Bool("elanus.debug.loopback"));
}

TEST(ConfigTest, EmptyFileAndEmptyValuesKeepDefaults) {
    Config config;
    EXPECT_TRUE(Load(&config, "").ok());
    EXPECT_TRUE(Load(&config, "# nothing but a comment\n").ok());
    EXPECT_TRUE(Load(&config, "proxy:\n  port:\n  ip:\n").ok());
    EXPECT_EQ(config.Int("proxy.port"), 19530);
}

TEST(ConfigTest, KeysOfMilvusThatAreNotUsedAreCollected) {
    Config config;
    ASSERT_TRUE(Load(&config,
                     "etcd:\n  endpoints: localhost:2379\nrocksmq:\n  compressionTypes: [0, 0, 7]\n"
                     "proxy:\n  port: 19531\nkafka:\n")
                    .ok());
    EXPECT_EQ(config.unused_keys(),
              (std::vector<std::string>{"etcd.endpoints", "rocksmq.compressionTypes", "kafka"}));
    EXPECT_EQ(config.Int("proxy.port"), 19531);
}

TEST(ConfigTest, UnknownKeyIsNamedWithFileAndLine) {
    const std::string text = ErrorOf("proxy:\n  port: 19530\n  prot: 1\n");
    ExpectContains(text, "milvus.yaml:3:");
    ExpectContains(text, "proxy.prot");
}

TEST(ConfigTest, UnknownTopLevelKeyIsNamedWithFileAndLine) {
    const std::string text = ErrorOf("\n\nproxies:\n  port: 19530\n");
    ExpectContains(text, "milvus.yaml:4:");
    ExpectContains(text, "proxies.port");
}

TEST(ConfigTest, ValueThatIsNoIntegerIsNamedWithFileAndLine) {
    for (const std::string_view value : {"many", "1.5", "12x", "99999999999999999999", "true"}) {
        const std::string text = ErrorOf("proxy:\n  port: " + std::string(value) + "\n");
        ExpectContains(text, "milvus.yaml:2");
        ExpectContains(text, "proxy.port must be an integer");
        ExpectContains(text, value);
    }
}

TEST(ConfigTest, ValueOutOfRangeIsNamedWithFileAndLine) {
    for (const std::string_view value : {"65536", "-1"}) {
        const std::string text = ErrorOf("# port\nproxy:\n  port: " + std::string(value) + "\n");
        ExpectContains(text, "milvus.yaml:3");
        ExpectContains(text, "proxy.port must be between 0 and 65535");
    }
}

TEST(ConfigTest, ARealNumberMayBeAFraction) {
    Config config;
    EXPECT_EQ(config.Real("proxy.slowQuerySpanInSeconds"), 5);
    ASSERT_TRUE(config.LoadFile("milvus.yaml", "proxy:\n  slowQuerySpanInSeconds: 0.25\n").ok());
    EXPECT_EQ(config.Real("proxy.slowQuerySpanInSeconds"), 0.25);
    for (const std::string_view value : {"often", "1s", "nan", "inf", "1e999"}) {
        const std::string text =
            ErrorOf("proxy:\n  slowQuerySpanInSeconds: " + std::string(value) + "\n");
        ExpectContains(text, "milvus.yaml:2");
        ExpectContains(text, "proxy.slowQuerySpanInSeconds must be a number");
    }
    ExpectContains(ErrorOf("proxy:\n  slowQuerySpanInSeconds: -1\n"),
                   "proxy.slowQuerySpanInSeconds must be between 0 and");
}

TEST(ConfigTest, ValueThatIsNoBoolIsNamedWithFileAndLine) {
    const std::string text = ErrorOf("elanus:\n  debug:\n    loopback: perhaps\n");
    ExpectContains(text, "milvus.yaml:3");
    ExpectContains(text, "elanus.debug.loopback must be true or false");
}

TEST(ConfigTest, UnknownLogLevelIsNamedWithFileAndLine) {
    const std::string text = ErrorOf("log:\n  level: loud\n");
    ExpectContains(text, "milvus.yaml:2");
    ExpectContains(text, "trace, debug, info, warn, error, panic or fatal");
}

TEST(ConfigTest, BrokenYamlIsNamedWithFileAndLine) {
    ExpectContains(ErrorOf("proxy:\n  port: [1, 2\n"), "milvus.yaml:");
    ExpectContains(ErrorOf("proxy:\n  port: 1\n bad: 2\n"), "milvus.yaml:");
    ExpectContains(ErrorOf("a: b: c\n"), "milvus.yaml:1:");
}

// A node may stand in itself, and a few lines for very many values.
TEST(ConfigTest, AliasesWithoutEndAreRefused) {
    ExpectContains(ErrorOf("a: &a\n  b: *a\n"), "milvus.yaml:2: a.b.b");
    ExpectContains(ErrorOf("a: &a\n  b: *a\n"), "nested deeper than 32");
    std::string doubling = "a0: &a0 {x: 1, y: 1}\n";
    for (int i = 1; i < 30; ++i) {
        const std::string last = "*a" + std::to_string(i - 1);
        const std::string name = "a" + std::to_string(i);
        doubling += name + ": &" + name + " {x: " + last + " , y: " + last + " }\n";
    }
    ExpectContains(ErrorOf(doubling), "more than 65536 values");
}

TEST(ConfigTest, EnvironmentMatchesWithoutCaseAndSeparators) {
    for (const std::string_view name : {"PROXY_PORT", "proxy.port", "ProxyPort", "proxy/port"}) {
        Config config;
        ASSERT_TRUE(config.LoadEnvironment({std::string(name) + "=4711"}).ok()) << name;
        EXPECT_EQ(config.Int("proxy.port"), 4711) << name;
    }
}

TEST(ConfigTest, EnvironmentReachesKeysWithCapitalLetters) {
    Config config;
    ASSERT_TRUE(config
                    .LoadEnvironment({"COMMON_GRACEFULTIME=7", "PATH=/bin", "NO_EQUALS_SIGN",
                                      "QUOTAANDLIMITS_LIMITS_TOPK=99"})
                    .ok());
    EXPECT_EQ(config.Int("common.gracefulTime"), 7);
    EXPECT_EQ(config.Int("quotaAndLimits.limits.topK"), 99);
}

TEST(ConfigTest, BadEnvironmentValueNamesTheVariable) {
    Config config;
    const base::Status status = config.LoadEnvironment({"PROXY_PORT=none"});
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.code(), base::Code::kInvalidParameter);
    ExpectContains(status.reason(), "PROXY_PORT");
}

TEST(ConfigTest, AProtectionThatCannotBeGivenStopsTheStart) {
    for (const char* line :
         {"authorizationEnabled: true", "tlsMode: 1", "internaltlsEnabled: true"}) {
        Config config;
        const std::string text = std::string("common:\n  security:\n    ") + line + "\n";
        const base::Status status = config.LoadFile("milvus.yaml", text);
        EXPECT_NE(status.reason().find("milvus.yaml:3: common.security."), std::string::npos)
            << status.reason();
    }
    Config off;
    EXPECT_TRUE(off.LoadFile("f",
                             "common:\n  security:\n    authorizationEnabled: false\n"
                             "    tlsMode: 0\n")
                    .ok());
    Config config;
    EXPECT_FALSE(config.LoadEnvironment({"COMMON_SECURITY_AUTHORIZATIONENABLED=true"}).ok());
    EXPECT_TRUE(config.LoadEnvironment({"COMMON_SECURITY_TLSMODE=0"}).ok());
}

TEST(ConfigTest, VariablesWithoutEffectAreCollected) {
    Config config;
    ASSERT_TRUE(config.LoadEnvironment({"ETCD_ENDPOINTS=x:1", "HOME=/root", "PROXY_PORT=1"}).ok());
    EXPECT_EQ(config.unused_keys(), std::vector<std::string>{"ETCD_ENDPOINTS"});
}

TEST(ConfigTest, KeyGivenTwiceIsNamedWithFileAndLine) {
    Config config;
    const base::Status status =
        config.LoadFile("m.yaml", "proxy:\n  port: 1\nlog:\n  level: info\nproxy:\n  port: 2\n");
    EXPECT_NE(status.reason().find("m.yaml:5: proxy is given twice"), std::string::npos)
        << status.reason();
}

TEST(ConfigTest, ValueInThePlaceOfASectionIsNamedWithFileAndLine) {
    Config config;
    const base::Status status = config.LoadFile("m.yaml", "proxy: 5\n");
    EXPECT_NE(status.reason().find("m.yaml:1: proxy is a section"), std::string::npos)
        << status.reason();
}

TEST(ConfigTest, LaterSourcesWin) {
    Config config;
    ASSERT_TRUE(Load(&config, "proxy:\n  port: 1\nmetrics:\n  port: 2\n").ok());
    ASSERT_TRUE(config.LoadEnvironment({"PROXY_PORT=3"}).ok());
    EXPECT_EQ(config.Int("proxy.port"), 3);
    EXPECT_EQ(config.Int("metrics.port"), 2);
    ASSERT_TRUE(config.Set("proxy.port", "4").ok());
    EXPECT_EQ(config.Int("proxy.port"), 4);
}

TEST(ConfigTest, SetRefusesUnknownSettingsAndBadValues) {
    Config config;
    EXPECT_FALSE(config.Set("etcd.endpoints", "x").ok());
    EXPECT_FALSE(config.Set("proxy.port", "").ok());
    EXPECT_EQ(config.Int("proxy.port"), 19530);
}

TEST(MilvusKeysTest, KnowsLeavesSectionsAndOpenMaps) {
    for (const std::string_view key :
         {"etcd.endpoints", "minio.address", "proxy.accessLog.enable", "autoIndex.enable",
          "streaming.walBalancer.triggerInterval", "trace.sampleFraction", "kafka", "etcd.ssl",
          "credential", "credential.mykey.apikey", "knowhere.DISKANN.build.max_degree",
          "function.textEmbedding.providers.openai.url", "proxy.accessLog.formatters.mine.format",
          "common.security.rbac.cluster.admin.privileges"}) {
        EXPECT_TRUE(IsMilvusKey(key)) << key;
    }
    for (const std::string_view key :
         {"", "e", "etc", "etcd.endpoint", "etcd.endpoints.x", "credentials.a", "proxy.Port", "zzz",
          "proxy.accessLog.formatter.mine", "trac"}) {
        EXPECT_FALSE(IsMilvusKey(key)) << key;
    }
}

TEST(ConfigTest, EveryLogLevelOfMilvusIsTaken) {
    for (const char* level : {"trace", "debug", "info", "warn", "error", "panic", "fatal"}) {
        Config config;
        EXPECT_TRUE(config.Set("log.level", level).ok()) << level;
    }
    Config config;
    EXPECT_FALSE(config.Set("log.level", "loud").ok());
}

}  // namespace
}  // namespace elanus::config
