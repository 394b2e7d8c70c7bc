// The log in files of one machine: a folder a channel, segment files in it (docs/formats/wal.md).
//
// Why not one file for all channels: channels are truncated and fail each for itself.
// Every channel has one committer thread. Appends wait in a queue; the committer takes all that
// wait, writes them with one call, syncs once and answers, so the rate of the disk's syncs bounds
// the delay of one append and not the rate of many. With nothing to write it sleeps.
//
// Recovery (OpenChannel) reads the headers of all files and the records of the last one. It writes
// the last group anew, because it cannot know whether that one was ever synced: after a failed sync
// the kernel shows bytes that are not on the disk and forgets them at the next sync. Invariants:
// log.h; besides
//   INV-WAL-6  A group is written only after the one before it is durable, and says up to where the
//   file
//              was durable. So a damaged record with a record of a later group behind it was
//              acknowledged.
//   INV-WAL-7  A segment file appears only after every record of the one before it is durable, and
//              carries the end and the last checksum of that one.
//   INV-WAL-8  Files are removed oldest first, each removal durable before the next.
// What it cannot tell: damage of the very last group when nothing was written after it looks like a
// torn write. Acquiring the channel writes a group, so this window ends with the next start.
#pragma once

#include "base/status.h"
#include "sys/file_system.h"
#include "sys/random_source.h"
#include "wal/log.h"

#include <cstdint>
#include <memory>
#include <string>

namespace elanus::wal {

struct LocalLogOptions {
    // A file takes no further record beyond this size; one larger record may pass it.
    uint64_t segment_bytes = 64u << 20;
    // Disk space is reserved in steps of this size, so that an idle channel costs little.
    uint64_t preallocate_bytes = 4u << 20;
    // How far small appends write zeros ahead.
    uint64_t zero_ahead_bytes = 256u << 10;
    sys::Random* random = &sys::RealRandom();
};

// `root` is made when missing. `file_system` outlives the store and its channels. Nothing else may
// use the folder (the server holds the lock of its data folder).
base::Result<std::unique_ptr<LogStore>> OpenLocalLogStore(sys::FileSystem& file_system,
                                                          const std::string& root,
                                                          const LocalLogOptions& options = {});

}  // namespace elanus::wal
