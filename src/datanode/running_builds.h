// RunningBuilds: how far the index builds of a node are, each known by the key of the file that it
// is to publish.
//
// A request that the network repeats may build the same file twice at a time; of such builds the
// one that is further counts. Threads: any.
#pragma once

#include "base/mutex.h"

#include <map>
#include <string>

namespace elanus::datanode {

class RunningBuilds {
    using Shares = std::multimap<std::string, double>;

  public:
    // One build, from its beginning to its end, at share 0 until it reports.
    class Build {
      public:
        // `all` outlives it.
        Build(RunningBuilds& all, const std::string& data_key);
        ~Build();
        Build(const Build&) = delete;
        Build& operator=(const Build&) = delete;

        void Report(double share);

      private:
        RunningBuilds& all_;
        Shares::iterator place_;
    };

    // 0 when no build of this file runs.
    double ShareOf(const std::string& data_key) const;

  private:
    mutable base::Mutex mutex_;
    Shares shares_ GUARDED_BY(mutex_);
};

}  // namespace elanus::datanode
