// ReadMoment: which moment a read may see, from the consistency level (API map 5.11).
#pragma once

#include "base/call_context.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "proxy/api.h"
#include "proxy/limits.h"
#include "proxy/proxy.h"

namespace elanus::proxy {

// How long an iterator's next page may be awaited: as long as the channel's owner allows.
inline constexpr uint32_t kIteratorHoldSeconds = UINT32_MAX;

struct ReadMoment {
    base::Timestamp guarantee_ts = 0;
    base::Timestamp snapshot_ts = 0;  // 0 = the newest moment at or after the guarantee
    bool iterator = false;            // the answer names its moment (session_ts)
};

// `iterator` pins the read to one moment: the one that the client sends back, or a fresh one.
// 1100 for a guarantee timestamp that lies in the future.
base::Result<ReadMoment> ResolveMoment(const base::CallContext& context,
                                       const ProxyPartners& partners, const Limits& limits,
                                       const roles::CollectionInfo& collection,
                                       const Consistency& consistency, bool iterator);

base::Result<base::Timestamp> FreshTimestamp(const base::CallContext& context,
                                             const ProxyPartners& partners);

}  // namespace elanus::proxy
