// CHECK: aborts on a broken invariant of our own. Never used on requests, disk bytes or errno.
#pragma once

#include <string_view>

namespace elanus::base {

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              std::string_view message);

}  // namespace elanus::base

#define CHECK(condition, message)                                                   \
    do {                                                                            \
        if (__builtin_expect(!(condition), 0)) {                                    \
            ::elanus::base::CheckFailed(__FILE__, __LINE__, #condition, (message)); \
        }                                                                           \
    } while (false)

#ifdef NDEBUG
#define DCHECK(condition, message) \
    do {                           \
    } while (false)
#else
#define DCHECK(condition, message) CHECK(condition, message)
#endif
