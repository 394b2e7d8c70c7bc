// Sink: where a file is written to, byte after byte. The object store, a plain file and a string in
// memory are sinks; writers of formats know no more than this.
// Threads: one at a time.
#pragma once

#include "base/status.h"

#include <string>
#include <string_view>

namespace elanus::codec {

class Sink {
  public:
    virtual ~Sink() = default;
    virtual base::Status Append(std::string_view bytes) = 0;
};

class StringSink : public Sink {
  public:
    base::Status Append(std::string_view bytes) override {
        bytes_.append(bytes);
        return base::Status();
    }
    const std::string& bytes() const { return bytes_; }
    std::string Take() { return std::move(bytes_); }

  private:
    std::string bytes_;
};

}  // namespace elanus::codec
