#include "wire/rpc_table.h"

#include <array>
#include <iterator>

namespace elanus::wire {
namespace {

#define ELANUS_RPC_ROW(name, state, privilege) {kService, #name, RpcState::state, privilege},

namespace milvus_service {
constexpr std::string_view kService = "milvus.proto.milvus.MilvusService";
constexpr RpcInfo kRows[] = {ELANUS_MILVUS_RPCS(ELANUS_RPC_ROW, ELANUS_RPC_ROW, ELANUS_RPC_ROW)};
}  // namespace milvus_service

namespace telemetry_service {
constexpr std::string_view kService = "milvus.proto.milvus.ClientTelemetryService";
constexpr RpcInfo kRows[] = {ELANUS_TELEMETRY_RPCS(ELANUS_RPC_ROW, ELANUS_RPC_ROW, ELANUS_RPC_ROW)};
}  // namespace telemetry_service

namespace proxy_service {
constexpr std::string_view kService = "milvus.proto.milvus.ProxyService";
constexpr RpcInfo kRows[] = {ELANUS_PROXY_RPCS(ELANUS_RPC_ROW, ELANUS_RPC_ROW, ELANUS_RPC_ROW)};
}  // namespace proxy_service

#undef ELANUS_RPC_ROW

constexpr size_t kCount = std::size(milvus_service::kRows) + std::size(telemetry_service::kRows) +
                          std::size(proxy_service::kRows);

constexpr std::array<RpcInfo, kCount> Joined() {
    std::array<RpcInfo, kCount> all{};
    size_t next = 0;
    for (const RpcInfo& row : milvus_service::kRows) {
        all[next++] = row;
    }
    for (const RpcInfo& row : telemetry_service::kRows) {
        all[next++] = row;
    }
    for (const RpcInfo& row : proxy_service::kRows) {
        all[next++] = row;
    }
    return all;
}

constexpr std::array<RpcInfo, kCount> kAll = Joined();

}  // namespace

std::span<const RpcInfo> AllRpcs() {
    return kAll;
}

const RpcInfo* FindRpc(std::string_view service, std::string_view name) {
    for (const RpcInfo& row : kAll) {
        if (row.name == name && row.service == service) {
            return &row;
        }
    }
    return nullptr;
}

}  // namespace elanus::wire
