// ObjectSink: an object being written, as the sink that writers of file formats know.
// Threads: as the writer. The writer outlives the sink and is committed by its owner.
#pragma once

#include "codec/sink.h"
#include "object/object_store.h"

namespace elanus::object {

class ObjectSink : public codec::Sink {
  public:
    explicit ObjectSink(ObjectWriter& writer) : writer_(writer) {}
    base::Status Append(std::string_view bytes) override { return writer_.Append(bytes); }

  private:
    ObjectWriter& writer_;
};

}  // namespace elanus::object
