// Scans of geometry columns.
#include "expr/scan.h"

#include <memory>
#include <vector>

namespace elanus::expr::internal {

namespace {

using base::Bitmap;
using base::Status;
using geometry::Predicate;
using geometry::Relation;
using schema::ColumnView;

base::Result<Predicate> MakePredicate(const Spatial& leaf) {
    if (leaf.relation > Relation::kValid) {  // the number comes from an archive
        return PlanMismatch();
    }
    if (leaf.relation == Relation::kValid) {
        return Predicate::Valid();
    }
    return leaf.relation == Relation::kDistance ? Predicate::Nearby(leaf.wkb, leaf.meters)
                                                : Predicate::Relate(leaf.relation, leaf.wkb);
}

// Prepared shapes that no thread uses at the moment: one serves a single thread at a time.
struct IdlePredicates {
    base::Mutex mutex;
    std::vector<std::unique_ptr<Predicate>> idle GUARDED_BY(mutex);
};

}  // namespace

Status ScanColumn(const Spatial& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    if (view.type != schema::DataType::kGeometry) {
        return PlanMismatch();
    }
    ASSIGN_OR_RETURN(const auto pool, leaf.prepared.Get<IdlePredicates>([] {
        return base::Result<std::shared_ptr<IdlePredicates>>(std::make_shared<IdlePredicates>());
    }));
    std::unique_ptr<Predicate> predicate;
    {
        const base::MutexLock lock(pool->mutex);
        if (!pool->idle.empty()) {
            predicate = std::move(pool->idle.back());
            pool->idle.pop_back();
        }
    }
    if (predicate == nullptr) {
        ASSIGN_OR_RETURN(Predicate made, MakePredicate(leaf));
        predicate = std::make_unique<Predicate>(std::move(made));
    }
    const Status status =
        scan.ForRows(out, [&](size_t row) { return predicate->Holds(view.StringAt(row)); });
    const base::MutexLock lock(pool->mutex);
    pool->idle.push_back(std::move(predicate));
    return status;
}

}  // namespace elanus::expr::internal
