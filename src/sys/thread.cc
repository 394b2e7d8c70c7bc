#include "sys/thread.h"

#include <string>

#include <pthread.h>

namespace elanus::sys {

void SetThreadName(std::string_view name) {
    ::pthread_setname_np(::pthread_self(), std::string(name.substr(0, 15)).c_str());
}

Thread::Thread(std::string_view name, std::function<void()> body)
    : thread_([thread_name = std::string(name), run = std::move(body)] {
          SetThreadName(thread_name);
          run();
      }) {}

void Thread::Join() {
    if (thread_.joinable()) {
        thread_.join();
    }
}

}  // namespace elanus::sys
