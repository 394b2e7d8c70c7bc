#include "datanode/running_builds.h"

#include <algorithm>

namespace elanus::datanode {

RunningBuilds::Build::Build(RunningBuilds& all, const std::string& data_key) : all_(all) {
    base::MutexLock lock(all_.mutex_);
    place_ = all_.shares_.emplace(data_key, 0.0);
}

RunningBuilds::Build::~Build() {
    base::MutexLock lock(all_.mutex_);
    all_.shares_.erase(place_);
}

void RunningBuilds::Build::Report(double share) {
    base::MutexLock lock(all_.mutex_);
    place_->second = share;
}

double RunningBuilds::ShareOf(const std::string& data_key) const {
    base::MutexLock lock(mutex_);
    double share = 0;
    const auto [begin, end] = shares_.equal_range(data_key);
    for (auto it = begin; it != end; ++it) {
        share = std::max(share, it->second);
    }
    return share;
}

}  // namespace elanus::datanode
