// Thread: one named thread of its own, for work that waits most of its life (a log's committer).
// Only sys makes threads, so every one of them has a name and is joined.
// Lifetime: the destructor joins; the owner tells the body to end before that.
#pragma once

#include <functional>
#include <string_view>
#include <thread>

namespace elanus::sys {

class Thread {
  public:
    Thread(std::string_view name, std::function<void()> body);
    ~Thread() { Join(); }
    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;

    // Waits for the body to return; a second call returns at once.
    void Join();

  private:
    std::thread thread_;
};

// Names the calling thread in debuggers and /proc; the kernel keeps 15 bytes.
void SetThreadName(std::string_view name);

}  // namespace elanus::sys
