#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace elanus::base {

void CheckFailed(const char* file, int line, const char* condition, std::string_view message) {
    std::fprintf(stderr,
                 "level=fatal event=check_failed at=%s:%d condition=\"%s\" message=\"%.*s\"\n",
                 file, line, condition, static_cast<int>(message.size()), message.data());
    std::fflush(stderr);
    std::abort();
}

}  // namespace elanus::base
