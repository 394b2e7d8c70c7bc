#include "main/standalone.h"

#include "analyzer/dictionary_folder.h"
#include "analyzer/remote_tokenizer.h"
#include "base/log.h"
#include "catalog/sqlite_catalog.h"
#include "coord/data_coord.h"
#include "coord/query_coord.h"
#include "coord/root_coord.h"
#include "datanode/data_node.h"
#include "function/model_access.h"
#include "http/curl_client.h"
#include "main/model_config.h"
#include "object/local_object_store.h"
#include "proxy/proxy.h"
#include "querynode/query_node.h"
#include "roles/loopback.h"
#include "streaming/streaming_node.h"
#include "sys/kill_point.h"
#include "sys/process.h"
#include "sys/timer.h"
#include "wal/local_log.h"
#include "wire/milvus_service.h"
#include "wire/ops_routes.h"
#include "wire/rest_service.h"
#include "wire/server.h"
#include "wire/tokenizer_client.h"

#include <algorithm>
#include <cmath>

namespace elanus::main {

using base::Result;
using base::Status;

namespace {

constexpr base::NodeId kNodeId = 1;
constexpr int64_t kDrainMs = 8000;
// How long the port stays closed for what was loaded before to be loaded again: normally a fraction
// of this. With a cold disk the rest loads while the server serves.
constexpr int64_t kReloadWaitMs = 1000;
constexpr int64_t kReloadPollMs = 2;
constexpr char kPChannel[] = "elanus-dml_0";
constexpr uint64_t kMiB = uint64_t{1} << 20;

proxy::Limits LimitsFrom(const config::Config& config) {
    proxy::Limits limits;
    limits.max_name_length = config.Int("proxy.maxNameLength");
    limits.max_description_bytes = config.Int("proxy.maxCollectionDescriptionLength");
    limits.max_fields = config.Int("proxy.maxFieldNum");
    limits.max_vector_fields = config.Int("proxy.maxVectorFieldNum");
    limits.max_shards = config.Int("proxy.maxShardNum");
    limits.max_dimension = config.Int("proxy.maxDimension");
    limits.max_varchar_length = config.Int("proxy.maxVarCharLength");
    limits.max_text_length = config.Int("proxy.maxTextLength");
    limits.max_array_capacity = config.Int("proxy.maxArrayCapacity");
    limits.max_json_bytes = config.Int("common.JSONMaxLength");
    limits.max_partitions = config.Int("rootCoord.maxPartitionNum");
    limits.max_top_k = config.Int("quotaAndLimits.limits.topK");
    limits.max_nq = config.Int("quotaAndLimits.limits.nq");
    limits.max_query_window = config.Int("quotaAndLimits.limits.maxQueryResultWindow");
    limits.large_top_k = config.Int("quotaAndLimits.limits.largeTopK");
    limits.large_query_window = config.Int("quotaAndLimits.limits.largeMaxQueryResultWindow");
    limits.max_groups = config.Int("common.groupBy.maxGroups");
    limits.max_group_size = config.Int("quotaAndLimits.limits.maxGroupSize");
    limits.max_aggregation_entries = config.Int("proxy.maxSearchAggregationResultEntries");
    limits.aggregation_pool = config.Int("elanus.searchAggregation.pool");
    limits.recall_sample_ratio = config.Real("elanus.recall.sampleRatio");
    limits.max_output_bytes = config.Int("quotaAndLimits.limits.maxOutputSize");
    limits.max_index_params_bytes = config.Int("proxy.maxIndexParamsSize");
    limits.graceful_time_ms = config.Int("common.gracefulTime");
    limits.filter_ms_max = std::llround(config.Real("elanus.filter.maxTime") * 1000);
    limits.slow_query_ms = std::llround(config.Real("proxy.slowQuerySpanInSeconds") * 1000);
    return limits;
}

streaming::StreamingOptions StreamingFrom(const config::Config& config) {
    streaming::StreamingOptions options;
    options.node_id = kNodeId;
    options.pchannels = {kPChannel};
    options.seal_bytes =
        kMiB * static_cast<uint64_t>(std::min(config.Int("elanus.segment.maxGrowingSize"),
                                              config.Int("dataCoord.segment.maxSize")));
    options.seal_age_ms = 1000 * std::min(config.Int("dataCoord.segment.maxIdleTime"),
                                          config.Int("dataCoord.segment.maxLife"));
    options.log_bytes_limit = kMiB * static_cast<uint64_t>(config.Int("elanus.log.maxRetained"));
    options.snapshot_hold_s_max = config.Int("elanus.snapshot.maxIdleTime");
    return options;
}

coord::CompactorOptions CompactorFrom(const config::Config& config) {
    coord::CompactorOptions options;
    options.enabled = config.Bool("dataCoord.enableCompaction");
    options.automatic = config.Bool("dataCoord.compaction.enableAutoCompaction");
    options.retention_s = config.Int("common.retentionDuration");
    options.mix_interval_s = config.Int("dataCoord.compaction.mix.triggerInterval");
    options.level_zero_interval_s = config.Int("dataCoord.compaction.levelzero.triggerInterval");
    coord::CompactionLimits& limits = options.limits;
    limits.segment_bytes = kMiB * static_cast<uint64_t>(config.Int("dataCoord.segment.maxSize"));
    limits.small_share = config.Real("dataCoord.segment.smallProportion");
    limits.full_share = config.Real("dataCoord.segment.compactableProportion");
    limits.dropped_share = config.Real("dataCoord.compaction.single.ratio.threshold");
    limits.deletes_bytes =
        static_cast<uint64_t>(config.Int("dataCoord.compaction.single.deltalog.maxsize"));
    limits.expired_bytes =
        static_cast<uint64_t>(config.Int("dataCoord.compaction.single.expiredlog.maxsize"));
    limits.delete_files = static_cast<size_t>(
        config.Int("dataCoord.compaction.levelzero.forceTrigger.deltalogMinNum"));
    return options;
}

// The roles as their partners see them: the real objects, or loop-back objects before them.
struct Wiring {
    std::unique_ptr<roles::LoopbackNetwork> network;
    std::vector<std::shared_ptr<void>> loopbacks;

    template <typename Role>
    Role* Through(Role& real) {
        if (network == nullptr) {
            return &real;
        }
        std::shared_ptr<Role> loopback = roles::MakeLoopback(real, *network);
        loopbacks.push_back(loopback);
        return loopback.get();
    }
};

}  // namespace

// Members are destroyed in reverse order: what is used stands before who uses it.
struct Standalone::Impl {
    std::unique_ptr<sys::FileLock> lock;
    std::unique_ptr<catalog::Catalog> catalog;
    std::unique_ptr<object::ObjectStore> objects;
    std::unique_ptr<wal::LogStore> log;
    std::unique_ptr<sys::Timer> timer;
    std::unique_ptr<sys::ThreadPool> workers;     // requests
    std::unique_ptr<sys::ThreadPool> foreground;  // applying records, parts of reads
    std::unique_ptr<sys::ThreadPool> background;  // flushes, index builds
    std::unique_ptr<sys::ThreadPool> compaction;  // one at a time, so that they delay no flush
    std::unique_ptr<coord::CoordStore> coord_store;
    Wiring wiring;
    std::unique_ptr<coord::RootCoordImpl> root_coord;
    std::unique_ptr<coord::DataCoordImpl> data_coord;
    std::unique_ptr<coord::QueryCoordImpl> query_coord;
    std::unique_ptr<querynode::QueryNodeImpl> query_node;
    std::unique_ptr<datanode::DataNodeImpl> data_node;
    std::unique_ptr<streaming::StreamingNodeImpl> streaming_node;
    std::unique_ptr<http::Client> http_client;
    std::unique_ptr<proxy::Proxy> proxy;
    std::unique_ptr<wire::RpcHandlers> handlers;
    std::unique_ptr<wire::MilvusService> service;
    std::unique_ptr<wire::HttpHandler> rest;
    std::unique_ptr<wire::HttpHandler> ops;
    std::unique_ptr<wire::Server> server;

    Status OpenStores(const config::Config& config);
    void MakePools(const config::Config& config);
    Status MakeRoles(const config::Config& config);
    Status Recover();
    Status Listen(const config::Config& config, const std::vector<std::string>& listen);
    void Stop();
};

Status Standalone::Impl::OpenStores(const config::Config& config) {
    const std::string folder = config.String("localStorage.path");
    sys::FileSystem& files = sys::PosixFileSystem();
    RETURN_IF_ERROR(files.CreateDirectories(folder));
    Result<std::unique_ptr<sys::FileLock>> taken = files.Lock(sys::JoinPath(folder, "LOCK"));
    if (!taken.ok()) {
        const bool held = taken.status().code() == base::Code::kServiceUnavailable;
        return taken.status().Annotate("data folder " + folder +
                                       (held ? " is in use by another server" : " cannot be used"));
    }
    lock = std::move(*taken);
    RETURN_IF_ERROR(files.SyncDirectory(folder));
    ASSIGN_OR_RETURN(catalog, catalog::OpenSqliteCatalog(files, sys::JoinPath(folder, "catalog.db"),
                                                         sys::RealClock()));
    ASSIGN_OR_RETURN(objects,
                     object::LocalObjectStore::Open(files, sys::JoinPath(folder, "objects")));
    wal::LocalLogOptions log_options;
    log_options.segment_bytes = kMiB * static_cast<uint64_t>(config.Int("elanus.log.segmentSize"));
    ASSIGN_OR_RETURN(log, wal::OpenLocalLogStore(files, sys::JoinPath(folder, "log"), log_options));
    return Status();
}

void Standalone::Impl::MakePools(const config::Config& config) {
    const size_t cpus = sys::CpuCount();
    const auto wanted = static_cast<size_t>(config.Int("elanus.workers"));
    timer = std::make_unique<sys::Timer>(sys::RealClock());
    // A worker may wait (for a flush, a load, a delete by filter), so there are more than cores.
    workers = std::make_unique<sys::ThreadPool>("worker", wanted > 0 ? wanted : 2 * cpus + 4);
    foreground = std::make_unique<sys::ThreadPool>("foreground", cpus + 1);
    background = std::make_unique<sys::ThreadPool>("background", std::max<size_t>(cpus / 2, 2));
    compaction = std::make_unique<sys::ThreadPool>("compaction", 1);
}

Status Standalone::Impl::MakeRoles(const config::Config& config) {
    sys::Clock& clock = sys::RealClock();
    if (config.Bool("elanus.debug.loopback")) {
        wiring.network = std::make_unique<roles::LoopbackNetwork>(
            roles::LoopbackFaults{}, static_cast<uint64_t>(config.Int("elanus.debug.loopbackSeed")),
            clock);
        base::LogWarn("loopback_mode", {{"meaning", "role calls are delayed, repeated and lost"}});
    }
    ASSIGN_OR_RETURN(coord_store, coord::CoordStore::Open(*catalog));
    coord::RootCoordOptions root_options;
    root_options.pchannel = kPChannel;
    root_options.max_databases = static_cast<size_t>(config.Int("rootCoord.maxDatabaseNum"));
    root_options.max_collections =
        static_cast<size_t>(config.Int("quotaAndLimits.limits.maxCollectionNum"));
    root_options.max_collections_in_database =
        static_cast<size_t>(config.Int("quotaAndLimits.limits.maxCollectionNumPerDB"));
    root_options.max_capacity = static_cast<size_t>(config.Int("rootCoord.maxGeneralCapacity"));
    root_options.max_partitions = static_cast<size_t>(config.Int("rootCoord.maxPartitionNum"));
    coord::DataCoordOptions data_options;
    data_options.min_rows_to_index =
        static_cast<uint64_t>(config.Int("rootCoord.minSegmentSizeToEnableIndex"));
    data_options.compaction = CompactorFrom(config);

    root_coord =
        std::make_unique<coord::RootCoordImpl>(*coord_store, *objects, clock, root_options);
    data_coord =
        std::make_unique<coord::DataCoordImpl>(*coord_store, *objects, *background, data_options);
    query_coord = std::make_unique<coord::QueryCoordImpl>(*coord_store);
    query_node = std::make_unique<querynode::QueryNodeImpl>(
        kNodeId, querynode::QueryNodePartners{objects.get(), &clock, foreground.get()});
    data_node = std::make_unique<datanode::DataNodeImpl>(
        datanode::DataNodePartners{objects.get(), &clock, background.get()});

    roles::RootCoord* root = wiring.Through<roles::RootCoord>(*root_coord);
    roles::DataCoord* data = wiring.Through<roles::DataCoord>(*data_coord);
    roles::QueryCoord* query = wiring.Through<roles::QueryCoord>(*query_coord);
    roles::QueryNode* node = wiring.Through<roles::QueryNode>(*query_node);
    streaming::StreamingPartners partners;
    partners.log = log.get();
    partners.objects = objects.get();
    partners.root_coord = root;
    partners.data_coord = data;
    partners.query_node = [node](base::NodeId id) { return id == kNodeId ? node : nullptr; };
    partners.clock = &clock;
    partners.foreground = foreground.get();
    partners.background = background.get();
    const auto schedule = [this](int64_t delay_ms, sys::Task task) {
        timer->RunAfter(delay_ms, std::move(task));
    };
    partners.schedule = schedule;
    streaming_node =
        std::make_unique<streaming::StreamingNodeImpl>(StreamingFrom(config), partners);
    roles::StreamingNode* stream = wiring.Through<roles::StreamingNode>(*streaming_node);
    http_client = http::MakeCurlClient(clock);
    const function::ModelServices services = ModelServicesFrom(config);
    function::SetModelAccess(std::make_shared<const function::ModelAccess>(function::ModelAccess{
        http_client.get(), &clock, &sys::RealRandom(), foreground.get(), services,
        config.String("elanus.model.localFolder"), config.String("elanus.model.onnxruntime")}));
    proxy = std::make_unique<proxy::Proxy>(
        proxy::ProxyPartners{root, data, query, stream, &clock, foreground.get(), nullptr,
                             background.get(), http_client.get()},
        LimitsFrom(config), services);

    root_coord->Connect({data, query, stream, {wiring.Through<roles::MetaCacheListener>(*proxy)}});
    data_coord->Connect(
        {root, stream, wiring.Through<roles::DataNode>(*data_node), compaction.get(), schedule});
    query_coord->Connect({root, data, stream, {kNodeId}});
    return Status();
}

Status Standalone::Impl::Recover() {
    const base::CallContext context;
    RETURN_IF_ERROR(root_coord->Open());
    RETURN_IF_ERROR(data_coord->Open());
    RETURN_IF_ERROR(query_coord->Open());
    RETURN_IF_ERROR(data_coord->RemoveLeftovers());
    RETURN_IF_ERROR(streaming_node->Recover(root_coord->AllCollections()));
    RETURN_IF_ERROR(root_coord->Recover(context));
    RETURN_IF_ERROR(query_coord->Recover(context));
    data_coord->Recover();
    sys::Clock& clock = sys::RealClock();
    for (int64_t waited_ms = 0; waited_ms < kReloadWaitMs && !query_coord->ServesEveryWish(context);
         waited_ms += kReloadPollMs) {
        clock.SleepMs(kReloadPollMs);
    }
    return Status();
}

Status Standalone::Impl::Listen(const config::Config& config,
                                const std::vector<std::string>& listen) {
    wire::ServerOptions options;
    options.listen = listen;
    if (listen.empty() && config.Int("proxy.port") > 0) {
        options.listen = {":" + std::to_string(config.Int("proxy.port"))};
    }
    if (options.listen.empty()) {
        return base::InvalidParameter(
            "nobody could reach this server: proxy.port is 0 and no --listen is given");
    }
    const int64_t ops_port = config.Int("metrics.port");
    options.ops_listen = ops_port > 0 ? ":" + std::to_string(ops_port) : "";

    wire::ServiceOptions service_options;
    service_options.reported_version = config.String("elanus.reportedVersion");
    service_options.node_id = kNodeId;
    handlers = std::make_unique<wire::RpcHandlers>(*workers);
    service = std::make_unique<wire::MilvusService>(*proxy, sys::RealClock(), service_options);
    service->Register(*handlers);
    RETURN_IF_ERROR(handlers->CheckAgainstTable());
    rest = wire::MakeRestService(*proxy, sys::RealClock());
    ops = wire::MakeOpsRoutes([] { return std::vector<wire::UnhealthyPart>(); });
    auto started = wire::Server::Start(options, *handlers, *rest, *ops, *workers);
    if (!started.ok() && !options.ops_listen.empty() &&
        started.status().reason().find("on " + options.ops_listen + ":") != std::string::npos) {
        return started.status().Annotate(
            "port of health and metrics (setting metrics.port, variable METRICS_PORT, 0 = none)");
    }
    RETURN_IF_ERROR(started.status());
    server = std::move(*started);
    return Status();
}

void Standalone::Impl::Stop() {
    if (server != nullptr) {
        server->Stop(kDrainMs);
    }
    if (data_coord != nullptr) {
        data_coord->Stop();
    }
    if (streaming_node != nullptr) {
        streaming_node->Stop();
    }
    if (root_coord != nullptr) {
        root_coord->Stop();
    }
}

Standalone::Standalone(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Standalone::~Standalone() {
    Stop();
    function::SetModelAccess(nullptr);
}

Result<std::unique_ptr<Standalone>> Standalone::Start(const config::Config& config,
                                                      const std::vector<std::string>& listen) {
    sys::RaiseFileLimit();
    analyzer::SetRemoteTokenizerFactory([](const auto& endpoint, auto parameters) {
        return wire::MakeTokenizerClient(endpoint, std::move(parameters));
    });
    analyzer::SetDictionaryFolder(config.String("function.analyzer.local_resource_path"));
    std::unique_ptr<Standalone> standalone(new Standalone(std::make_unique<Impl>()));
    Impl& impl = *standalone->impl_;
    RETURN_IF_ERROR(impl.OpenStores(config));
    impl.MakePools(config);
    RETURN_IF_ERROR(impl.MakeRoles(config));
    RETURN_IF_ERROR(impl.Recover());
    RETURN_IF_ERROR(impl.Listen(config, listen));
    return standalone;
}

void Standalone::Stop() {
    impl_->Stop();
}

std::vector<std::string> Standalone::addresses() const {
    return impl_->server->addresses();
}

std::string Standalone::ops_address() const {
    return impl_->server->ops_address();
}

int64_t Standalone::IdleMs() const {
    return impl_->server->IdleMs();
}

}  // namespace elanus::main
