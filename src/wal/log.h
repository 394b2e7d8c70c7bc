// The log: what makes a write count. LogStore opens channels; a LogChannel is one ordered, durable
// sequence of records (a physical channel).
//
//     ASSIGN_OR_RETURN(auto channel, store->OpenChannel("dml_0"));
//     RETURN_IF_ERROR(channel->Acquire(epoch));
//     channel->Append(epoch, bytes, [](base::Result<base::LogPosition> position) { ... });
//
// Why an interface: one machine keeps the log in files (local_log.h), a cluster in Kafka, one
// partition a channel. Nobody above asks which, and log_conformance.h says what both must do.
//
// Positions: a record has one position, however many physical records carry it. Positions are dense
// and start at 1; records that only change the owner have none. A store keeps the position beside
// the payload, so it need not be the store's own offset. Ownership: the log itself decides who may
// write. Acquire(epoch) appends an epoch record; from there on only appends with that epoch,
// through the channel object that acquired it, count. Stores that cannot refuse a late write of an
// older epoch let it in and drop it on every replay, so readers never see it.
//
// Invariants:
//   INV-WAL-1  A record whose append succeeded is read by every later Read(), whole, at its
//   position,
//              after any crash, until it is truncated.
//   INV-WAL-2  Nothing after the first damaged record is ever applied; damage of acknowledged bytes
//   is
//              reported, never cut off in silence, wherever the bytes can prove that they were
//              acknowledged.
//   INV-WAL-3  A record whose append did not succeed is read whole or not at all.
//   INV-WAL-4  No record of an epoch stands after a record of a later epoch.
//   INV-WAL-5  After a failed write or sync the channel accepts nothing until it is opened again.
// Threads: any. Callbacks run one at a time, in position order, on the channel's own thread: they
// must be short, must not call Acquire() and must not destroy the last channel object of that name.
// Lifetime: a channel may outlive its store's object, not the FileSystem below. Destroying a
// channel finishes the appends handed in before.
#pragma once

#include "base/ids.h"
#include "base/status.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::wal {

using AppendCallback = std::function<void(base::Result<base::LogPosition>)>;
using RecordVisitor = std::function<base::Status(base::LogPosition, std::string_view payload)>;

class LogChannel {
  public:
    virtual ~LogChannel() = default;

    // Makes this object the owner, durably. Fails with kChannelFenced when a later epoch is
    // recorded, or the same one by another owner; repeated by the owner with its own epoch it does
    // nothing. Epochs start at 1.
    virtual base::Status Acquire(base::Epoch epoch) = 0;

    // `done` gets the position once the record is durable. Failures: kChannelFenced (not the owner,
    // or no longer), kParameterTooLarge, kTooManyRequests (retry later), kDiskLimitExceeded
    // (nothing was written; the channel goes on), anything else: the channel is dead (INV-WAL-5)
    // and it is unknown whether the record will be there.
    virtual void Append(base::Epoch epoch, std::string payload, AppendCallback done) = 0;

    // Visits the durable records at and after `from`, in order, up to the last one at the time of
    // the call. A failure of the visitor ends it and is returned. kCompacted when `from` is below
    // FirstPosition(); kDataCorruption names the file and the offset.
    virtual base::Status Read(base::LogPosition from, const RecordVisitor& visitor) = 0;

    // Records below `position` are no longer needed; the store deletes what it can of them.
    virtual base::Status TruncateBefore(base::LogPosition position) = 0;

    // The last durable record, 0 when there was never one.
    virtual base::LogPosition LastPosition() const = 0;
    // The first record kept; LastPosition() + 1 when none is.
    virtual base::LogPosition FirstPosition() const = 0;
    // The latest epoch recorded, 0 when there was never one.
    virtual base::Epoch LastEpoch() const = 0;
};

class LogStore {
  public:
    virtual ~LogStore() = default;
    // Makes the channel when it is new. Several objects of one name share the log and compete for
    // it.
    virtual base::Result<std::unique_ptr<LogChannel>> OpenChannel(const std::string& name) = 0;
    // Sorted.
    virtual base::Result<std::vector<std::string>> ListChannels() = 0;
};

// kInvalidParameter unless a channel may have this name (limits.h).
base::Status CheckChannelName(std::string_view name);

}  // namespace elanus::wal
