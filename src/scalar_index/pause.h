// Pause: asks a build's owner now and then whether to go on. Threads: one build.
#pragma once

#include "base/status.h"

#include <cstdint>
#include <functional>

namespace elanus::scalar_index {

class Pause {
  public:
    explicit Pause(const std::function<base::Status()>& interrupt) : interrupt_(interrupt) {}

    base::Status Check() const { return interrupt_ ? interrupt_() : base::Status(); }
    // Asks after every 64 thousand units of work, such as rows.
    base::Status After(uint64_t work) {
        constexpr uint64_t kWorkPerCheck = 65536;
        done_ += work;
        if (done_ < kWorkPerCheck) {
            return base::Status();
        }
        done_ = 0;
        return Check();
    }

  private:
    const std::function<base::Status()>& interrupt_;
    uint64_t done_ = 0;
};

}  // namespace elanus::scalar_index
