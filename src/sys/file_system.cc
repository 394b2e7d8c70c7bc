#include "sys/file_system.h"

#include <cstring>

namespace elanus::sys {

// One read after another; the seams that can have several on their way do better.
base::Status File::ReadBlocks(size_t /*depth*/, BlockReader& reader) {
    for (BlockRead read; reader.Next(&read);) {
        ASSIGN_OR_RETURN(const std::string bytes, ReadAt(read.offset, read.size));
        if (bytes.size() != read.size) {
            return base::Status::Error(base::Code::kIoUnexpectedEof,
                                       "no block at " + std::to_string(read.offset));
        }
        std::memcpy(read.to, bytes.data(), bytes.size());
        reader.Done(read);
    }
    return base::Status();
}

}  // namespace elanus::sys
