#include "proxy/expiry.h"

#include "proxy/schema_validation.h"

#include <algorithm>

namespace elanus::proxy {
namespace {

constexpr int64_t kMsPerSecond = 1000;
constexpr int64_t kUsPerMs = 1000;

int64_t MomentMs(sys::Clock& clock, base::Timestamp moment) {
    return moment == 0 ? clock.WallMs() : base::PhysicalMs(moment);
}

}  // namespace

base::Timestamp ExpiredTimestamp(sys::Clock& clock, const roles::CollectionInfo& collection,
                                 base::Timestamp moment) {
    const auto property = collection.properties.find(std::string(roles::kTtlProperty));
    int64_t seconds = 0;
    if (property == collection.properties.end() || !ParseInt(property->second, &seconds) ||
        seconds <= 0) {
        return 0;
    }
    const int64_t oldest_ms = MomentMs(clock, moment) - seconds * kMsPerSecond;
    return oldest_ms <= 0 ? 0 : base::ComposeTimestamp(oldest_ms);
}

PlanPtr WithoutExpired(sys::Clock& clock, const roles::CollectionInfo& collection,
                       base::Timestamp moment, PlanPtr filter) {
    const auto property = collection.properties.find(std::string(roles::kTtlFieldProperty));
    const schema::FieldSchema* field = property == collection.properties.end()
                                           ? nullptr
                                           : collection.schema.FindField(property->second);
    if (field == nullptr) {
        return filter;
    }
    expr::ColumnRef column;
    column.field_id = field->id;
    column.type = field->type;
    expr::Compare later;
    later.column = column;
    later.op = expr::CompareOp::kGt;
    later.value = MomentMs(clock, moment) * kUsPerMs;
    expr::Or alive;
    alive.terms.push_back(expr::Plan{std::move(later)});
    alive.terms.push_back(expr::Plan{expr::IsNull{std::move(column)}});
    expr::Plan term{std::move(alive)};
    return std::make_shared<const expr::Plan>(
        filter == nullptr ? std::move(term) : expr::InFront(std::move(term), *filter));
}

}  // namespace elanus::proxy
