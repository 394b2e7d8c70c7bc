#include "wire/rpc_handlers.h"

#include "sys/clock.h"

namespace elanus::wire {
namespace {

template <typename Rpc>
void CheckOne(const internal::Slots& slots, std::string* mismatches) {
    const internal::Slot<Rpc>& slot = slots;
    const bool claimed = Rpc::kState != RpcState::kUnimplemented;
    if (claimed == (slot.handler != nullptr)) {
        return;
    }
    *mismatches += std::string(mismatches->empty() ? "" : ", ") + Rpc::kName +
                   (claimed ? " has no handler" : " has a handler but is marked unimplemented");
}

}  // namespace

RpcHandlers::RpcHandlers(sys::Executor& workers) : workers_(workers), activity_(sys::RealClock()) {}

base::Status RpcHandlers::CheckAgainstTable() const {
    std::string mismatches;
#define ELANUS_CHECK(name, state, privilege) CheckOne<rpc::name>(slots_, &mismatches);
#define ELANUS_TELEMETRY_CHECK(name, state, privilege) \
    CheckOne<rpc::telemetry::name>(slots_, &mismatches);
#define ELANUS_PROXY_CHECK(name, state, privilege) CheckOne<rpc::proxy::name>(slots_, &mismatches);
#define ELANUS_NOTHING(name, state, privilege)
    ELANUS_MILVUS_RPCS(ELANUS_CHECK, ELANUS_CHECK, ELANUS_NOTHING)
    ELANUS_TELEMETRY_RPCS(ELANUS_TELEMETRY_CHECK, ELANUS_TELEMETRY_CHECK, ELANUS_NOTHING)
    ELANUS_PROXY_RPCS(ELANUS_PROXY_CHECK, ELANUS_PROXY_CHECK, ELANUS_NOTHING)
#undef ELANUS_CHECK
#undef ELANUS_TELEMETRY_CHECK
#undef ELANUS_PROXY_CHECK
#undef ELANUS_NOTHING
    return mismatches.empty() ? base::Status() : base::Internal("rpc table: " + mismatches);
}

grpc::Status RpcHandlers::NotBuilt(std::string_view rpc_name) {
    return {grpc::StatusCode::UNIMPLEMENTED,
            "rpc " + std::string(rpc_name) + " is not built yet in Elanus"};
}

}  // namespace elanus::wire
