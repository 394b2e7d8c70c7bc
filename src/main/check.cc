#include "main/check.h"

#include "base/archive.h"
#include "catalog/sqlite_catalog.h"
#include "codec/envelope.h"
#include "object/local_object_store.h"
#include "roles/records.h"
#include "scalar_index/index.h"
#include "scalar_index/layout.h"
#include "sys/file_system.h"
#include "vindex/family.h"
#include "wal/local_log.h"

#include <cstdio>
#include <set>

namespace elanus::main {
namespace {

using base::Status;

class FolderCheck {
  public:
    explicit FolderCheck(std::string folder) : folder_(std::move(folder)) {}

    int Run() {
        const auto exists = files_.Exists(sys::JoinPath(folder_, "catalog.db"));
        if (!exists.ok() || !*exists) {
            std::fprintf(stderr, "elanus: %s holds no catalog.db: not a data folder\n",
                         folder_.c_str());
            return 1;
        }
        const auto lock = files_.Lock(sys::JoinPath(folder_, "LOCK"));
        if (!lock.ok()) {
            std::fprintf(stderr, "elanus: %s\n", lock.status().reason().c_str());
            return 1;
        }
        CheckCatalog();
        CheckObjects();
        CheckLog();
        std::printf("%zu catalog records, %zu files, %zu log records: %zu problem(s)\n", records_,
                    objects_, log_records_, problems_);
        return problems_ == 0 ? 0 : 1;
    }

  private:
    void Report(const std::string& what, const Status& status) {
        if (!status.ok()) {
            ++problems_;
            std::printf("%s: %s\n", what.c_str(), status.reason().c_str());
        }
    }

    template <typename Record>
    void CheckRecords(catalog::Catalog& catalog, const char* prefix,
                      std::string Record::* data_key) {
        const auto range = catalog.Prefix(prefix);
        if (!range.ok()) {
            Report(std::string("catalog ") + prefix, range.status());
            return;
        }
        for (const catalog::KeyValue& item : range->items) {
            ++records_;
            const base::Result<Record> record = base::Decode<Record>(item.value);
            if (!record.ok()) {
                Report("catalog key " + item.key, record.status());
            } else if (!((*record).*data_key).empty()) {
                named_.insert((*record).*data_key);
            }
        }
    }

    void CheckCatalog() {
        const std::string path = sys::JoinPath(folder_, "catalog.db");
        Report("catalog.db", catalog::CheckSqliteCatalog(files_, path));
        const auto catalog = catalog::OpenSqliteCatalog(files_, path, sys::RealClock());
        if (!catalog.ok()) {
            Report("catalog.db", catalog.status());
            return;
        }
        CheckRecords(**catalog, "seg/", &roles::SegmentInfo::data_key);
        CheckRecords(**catalog, "delfile/", &roles::DeleteFileInfo::data_key);
        CheckRecords(**catalog, "segidx/", &roles::SegmentIndexInfo::data_key);
    }

    Status CheckObject(object::ObjectStore& store, const std::string& key) {
        ASSIGN_OR_RETURN(const base::Buffer bytes, store.Map(key));
        ASSIGN_OR_RETURN(const std::string format, codec::EnvelopeReader::FormatOf(bytes));
        ASSIGN_OR_RETURN(const auto reader, codec::EnvelopeReader::Open(bytes, format, UINT32_MAX));
        RETURN_IF_ERROR(reader.VerifyAll());
        if (!key.starts_with("index/")) {
            return Status();
        }
        if (format == scalar_index::kScalarFormat) {
            ASSIGN_OR_RETURN(const auto index, scalar_index::Index::Open(bytes));
            return index->Verify();
        }
        ASSIGN_OR_RETURN(const auto index, vindex::OpenIndex(bytes));
        return index->Verify();
    }

    void CheckObjects() {
        const auto store =
            object::LocalObjectStore::Open(files_, sys::JoinPath(folder_, "objects"));
        const auto list = store.ok() ? (*store)->List("") : store.status();
        if (!list.ok()) {
            Report("objects", list.status());
            return;
        }
        for (const object::ObjectInfo& object : *list) {
            ++objects_;
            named_.erase(object.key);
            Report(object.key, CheckObject(**store, object.key));
        }
        for (const std::string& missing : named_) {
            Report(missing, base::Corruption("named in the catalog, but there is no such file"));
        }
    }

    void CheckLog() {
        const auto store = wal::OpenLocalLogStore(files_, sys::JoinPath(folder_, "log"));
        const auto channels = store.ok() ? (*store)->ListChannels() : store.status();
        if (!channels.ok()) {
            Report("log", channels.status());
            return;
        }
        for (const std::string& name : *channels) {
            const auto channel = (*store)->OpenChannel(name);
            if (!channel.ok()) {
                Report("log " + name, channel.status());
                continue;
            }
            Report("log " + name, (*channel)->Read((*channel)->FirstPosition(),
                                                   [this](base::LogPosition, std::string_view) {
                                                       ++log_records_;
                                                       return Status();
                                                   }));
        }
    }

    sys::FileSystem& files_ = sys::PosixFileSystem();
    const std::string folder_;
    std::set<std::string> named_;  // files the catalog names and that have not been seen
    size_t records_ = 0;
    size_t objects_ = 0;
    size_t log_records_ = 0;
    size_t problems_ = 0;
};

}  // namespace

int CheckFolder(const std::string& folder) {
    return FolderCheck(folder).Run();
}

}  // namespace elanus::main
