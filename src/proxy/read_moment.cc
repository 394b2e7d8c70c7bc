#include "proxy/read_moment.h"

#include "proxy/phrase.h"

#include <algorithm>

namespace elanus::proxy {

namespace {

using roles::ConsistencyLevel;

constexpr base::Timestamp kEventually = 1;
constexpr base::Timestamp kLegacyBounded = 2;
// A guarantee this far ahead of our clock is a mistake, not clock skew: waiting for it would move
// the channel's clock to it.
constexpr int64_t kMaxAheadMs = 60'000;

base::Timestamp Bounded(const ProxyPartners& partners, const Limits& limits) {
    const int64_t then = partners.clock->WallMs() - limits.graceful_time_ms;
    return base::ComposeTimestamp(std::max<int64_t>(then, 1));
}

base::Status CheckNotAhead(const ProxyPartners& partners, base::Timestamp timestamp) {
    const int64_t now = partners.clock->WallMs();
    if (base::PhysicalMs(timestamp) > now + kMaxAheadMs) {
        return Invalid("guarantee timestamp ", timestamp, " is more than ", kMaxAheadMs,
                       " ms ahead of the server's clock");
    }
    return base::Status();
}

// Timestamps 1 and 2 are codes of old clients, not moments.
bool IsMoment(base::Timestamp timestamp) {
    return base::PhysicalMs(timestamp) > 0;
}

}  // namespace

base::Result<base::Timestamp> FreshTimestamp(const base::CallContext& context,
                                             const ProxyPartners& partners) {
    ASSIGN_OR_RETURN(const roles::AllocResponse allocated,
                     partners.root_coord->AllocTimestamps(context, roles::AllocRequest{1}));
    return allocated.first;
}

base::Result<ReadMoment> ResolveMoment(const base::CallContext& context,
                                       const ProxyPartners& partners, const Limits& limits,
                                       const roles::CollectionInfo& collection,
                                       const Consistency& consistency, bool iterator) {
    ReadMoment moment;
    moment.iterator = iterator;
    RETURN_IF_ERROR(CheckNotAhead(partners, consistency.guarantee_ts));
    if (iterator) {
        moment.snapshot_ts = consistency.guarantee_ts;
        if (!IsMoment(moment.snapshot_ts)) {
            ASSIGN_OR_RETURN(moment.snapshot_ts, FreshTimestamp(context, partners));
        }
        moment.guarantee_ts = moment.snapshot_ts;
        return moment;
    }
    const ConsistencyLevel level =
        consistency.use_default ? collection.consistency_level : consistency.level;
    const base::Timestamp given = consistency.guarantee_ts;
    if (level == ConsistencyLevel::kStrong && !consistency.use_default && given > 0) {
        moment.guarantee_ts = given == kLegacyBounded ? Bounded(partners, limits) : given;
        return moment;
    }
    switch (level) {
        case ConsistencyLevel::kBounded:
            moment.guarantee_ts = Bounded(partners, limits);
            break;
        case ConsistencyLevel::kEventually:
            moment.guarantee_ts = kEventually;
            break;
        case ConsistencyLevel::kSession:
        case ConsistencyLevel::kCustomized:
            moment.guarantee_ts = std::max(given, kEventually);
            break;
        case ConsistencyLevel::kStrong:
        default:
            ASSIGN_OR_RETURN(moment.guarantee_ts, FreshTimestamp(context, partners));
            // Several shards then answer for the same moment.
            moment.snapshot_ts = collection.vchannels.size() > 1 ? moment.guarantee_ts : 0;
            break;
    }
    moment.guarantee_ts = std::max(moment.guarantee_ts, collection.updated_ts);
    return moment;
}

}  // namespace elanus::proxy
