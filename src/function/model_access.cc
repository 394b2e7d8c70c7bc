#include "function/model_access.h"

#include "base/mutex.h"

namespace elanus::function {
namespace {

struct Holder {
    base::Mutex mutex;
    std::shared_ptr<const ModelAccess> access GUARDED_BY(mutex);
};

Holder& TheHolder() {
    static Holder holder;
    return holder;
}

}  // namespace

void SetModelAccess(std::shared_ptr<const ModelAccess> access) {
    Holder& holder = TheHolder();
    const base::MutexLock lock(holder.mutex);
    holder.access = std::move(access);
}

std::shared_ptr<const ModelAccess> GetModelAccess() {
    Holder& holder = TheHolder();
    const base::MutexLock lock(holder.mutex);
    return holder.access;
}

}  // namespace elanus::function
