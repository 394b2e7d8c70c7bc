// The table of settings. A new one needs a row here and a line in docs/configuration.md.

#include "config/config.h"

namespace elanus::config {

const std::vector<Setting>& Settings() {
    constexpr int64_t kAnyMax = INT64_MAX;
    static const std::vector<Setting> settings = {
        {"proxy.port", Kind::kInt, "19530", 0, 65535, "gRPC and REST; 0 = none, only --listen"},
        {"metrics.port", Kind::kInt, "9091", 0, 65535, "health and metrics; 0 = none"},
        {"localStorage.path", Kind::kString, "./data", 0, 0, "data folder of standalone"},
        {"log.level", Kind::kString, "info", 0, 0, "trace, debug, info, warn, error, panic, fatal"},
        {"proxy.grpc.serverMaxRecvSize", Kind::kInt, "67108864", 1 << 20, 1 << 30,
         "largest request, bytes"},
        {"proxy.grpc.serverMaxSendSize", Kind::kInt, "268435456", 1 << 20, 2147483647,
         "largest reply, bytes"},
        {"proxy.maxNameLength", Kind::kInt, "255", 1, 4096, "bytes of any name"},
        {"proxy.maxCollectionDescriptionLength", Kind::kInt, "1024", 0, 1 << 20,
         "bytes of a description"},
        {"proxy.maxFieldNum", Kind::kInt, "64", 1, 1024, "fields per collection"},
        {"proxy.maxVectorFieldNum", Kind::kInt, "10", 1, 64, "vector fields per collection"},
        {"proxy.maxShardNum", Kind::kInt, "16", 1, 64, "shards per collection"},
        {"proxy.maxDimension", Kind::kInt, "32768", 2, 1 << 20, "dimension of a float vector"},
        {"proxy.maxVarCharLength", Kind::kInt, "65535", 1, 1 << 24, "bytes of a VarChar"},
        {"proxy.maxTextLength", Kind::kInt, "2097152", 1, 1 << 22, "bytes of a Text"},
        {"proxy.maxArrayCapacity", Kind::kInt, "4096", 1, 1 << 20, "elements of an Array"},
        {"proxy.maxIndexParamsSize", Kind::kInt, "102400", 1, 1 << 30,
         "bytes of the parameters of an index"},
        {"proxy.healthCheckTimeout", Kind::kInt, "3000", 1, kAnyMax, "ms; accepted, not needed"},
        {"proxy.slowQuerySpanInSeconds", Kind::kReal, "5", 0, 1 << 30,
         "queries and searches that take as long get a line in the log; may be a fraction"},
        {"common.gracefulTime", Kind::kInt, "5000", 0, kAnyMax, "ms a Bounded read may be behind"},
        {"common.groupBy.maxGroups", Kind::kInt, "100000", 1, 1 << 24,
         "groups of an aggregating query"},
        {"common.JSONMaxLength", Kind::kInt, "65536", 2, 1 << 24, "bytes of a JSON value"},
        {"quotaAndLimits.limits.topK", Kind::kInt, "16384", 1, 1 << 20, "largest topk"},
        {"quotaAndLimits.limits.nq", Kind::kInt, "16384", 1, 1 << 20, "query vectors a request"},
        {"quotaAndLimits.limits.maxQueryResultWindow", Kind::kInt, "16384", 1, 1 << 24,
         "largest offset + limit of a query"},
        {"quotaAndLimits.limits.maxOutputSize", Kind::kInt, "104857600", 1 << 10, 1 << 30,
         "bytes of a result"},
        {"rootCoord.maxPartitionNum", Kind::kInt, "1024", 1, 65536, "partitions per collection"},
        {"rootCoord.maxDatabaseNum", Kind::kInt, "64", 1, 65536, "databases"},
        {"quotaAndLimits.limits.maxCollectionNum", Kind::kInt, "65536", 1, 1 << 24, "collections"},
        {"quotaAndLimits.limits.maxCollectionNumPerDB", Kind::kInt, "65536", 1, 1 << 24,
         "collections of a database"},
        {"rootCoord.maxGeneralCapacity", Kind::kInt, "65536", 1, 1 << 24,
         "partitions times shards, of all collections"},
        {"rootCoord.minSegmentSizeToEnableIndex", Kind::kInt, "1024", 1, kAnyMax,
         "rows below which a segment is searched without index"},
        {"dataCoord.segment.maxSize", Kind::kInt, "1024", 1, 3072, "MiB of a segment"},
        {"dataCoord.segment.maxIdleTime", Kind::kInt, "600", 1, kAnyMax,
         "seconds without writes after which a growing segment is sealed"},
        {"dataCoord.segment.maxLife", Kind::kInt, "86400", 1, kAnyMax,
         "seconds after which a growing segment is sealed"},
        {"elanus.segment.maxGrowingSize", Kind::kInt, "128", 1, 1024,
         "MiB of rows in memory at which a growing segment is sealed"},
        {"elanus.log.maxRetained", Kind::kInt, "512", 8, kAnyMax,
         "MiB of log after which the oldest growing segments are flushed"},
        {"elanus.log.segmentSize", Kind::kInt, "64", 1, 1024, "MiB of a log file"},
        {"elanus.reportedVersion", Kind::kString, "2.6.6", 0, 0,
         "what GetVersion answers; clients compare it"},
        {"elanus.workers", Kind::kInt, "0", 0, 1024, "threads for requests; 0 = by cores"},
        {"elanus.debug.loopback", Kind::kBool, "false", 0, 0,
         "send every role call through bytes, with delays, repeats and losses (tests)"},
        {"elanus.debug.loopbackSeed", Kind::kInt, "1", 0, kAnyMax, "seed of these faults"},
    };
    return settings;
}

}  // namespace elanus::config
