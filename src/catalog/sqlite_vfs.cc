#include "catalog/sqlite_vfs.h"

#include "sys/random_source.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>

namespace elanus::catalog {
namespace {

using base::Code;
using base::Result;
using base::Status;
using sys::OpenMode;

constexpr int kSectorBytes = 4096;
constexpr int kMaxPathBytes = 4096;

// SQLite allocates szOsFile bytes and hands them to xOpen; xClose ends what xOpen began.
struct OpenFile : sqlite3_file {
    SqliteVfs* vfs;
    sys::File* file;
    std::string* folder;
    bool folder_synced;
};

OpenFile& Self(sqlite3_file* file) {
    return *static_cast<OpenFile*>(file);
}
SqliteVfs& Self(sqlite3_vfs* vfs) {
    return *static_cast<SqliteVfs*>(vfs->pAppData);
}

int Close(sqlite3_file* base) {
    OpenFile& self = Self(base);
    delete self.file;
    delete self.folder;
    return SQLITE_OK;
}

int Read(sqlite3_file* base, void* out, int size, sqlite3_int64 offset) {
    OpenFile& self = Self(base);
    const auto wanted = static_cast<size_t>(size);
    const Result<std::string> bytes = self.file->ReadAt(static_cast<uint64_t>(offset), wanted);
    if (!bytes.ok()) {
        return self.vfs->Failed(bytes.status(), SQLITE_IOERR_READ);
    }
    const size_t got = std::min(bytes->size(), wanted);
    std::memcpy(out, bytes->data(), got);
    if (got == wanted) {
        return SQLITE_OK;
    }
    std::memset(static_cast<char*>(out) + got, 0, wanted - got);  // SQLite asks for this
    return SQLITE_IOERR_SHORT_READ;
}

int Write(sqlite3_file* base, const void* bytes, int size, sqlite3_int64 offset) {
    OpenFile& self = Self(base);
    if (!self.vfs->sync_failure().ok()) {
        return self.vfs->Failed(self.vfs->sync_failure(), SQLITE_IOERR_WRITE);
    }
    const Status status =
        self.file->WriteAt(static_cast<uint64_t>(offset),
                           {static_cast<const char*>(bytes), static_cast<size_t>(size)});
    return status.ok() ? SQLITE_OK : self.vfs->Failed(status, SQLITE_IOERR_WRITE);
}

int Truncate(sqlite3_file* base, sqlite3_int64 size) {
    OpenFile& self = Self(base);
    if (!self.vfs->sync_failure().ok()) {
        return self.vfs->Failed(self.vfs->sync_failure(), SQLITE_IOERR_TRUNCATE);
    }
    const Status status = self.file->Truncate(static_cast<uint64_t>(size));
    return status.ok() ? SQLITE_OK : self.vfs->Failed(status, SQLITE_IOERR_TRUNCATE);
}

int Sync(sqlite3_file* base, int) {
    OpenFile& self = Self(base);
    if (!self.vfs->sync_failure().ok()) {
        return self.vfs->Failed(self.vfs->sync_failure(), SQLITE_IOERR_FSYNC);
    }
    Status status = self.file->DataSync();
    if (status.ok() && !self.folder_synced) {
        status = self.vfs->file_system().SyncDirectory(*self.folder);
        self.folder_synced = status.ok();
    }
    return status.ok() ? SQLITE_OK : self.vfs->SyncFailed(status, SQLITE_IOERR_FSYNC);
}

int FileSize(sqlite3_file* base, sqlite3_int64* out) {
    OpenFile& self = Self(base);
    const Result<uint64_t> size = self.file->Size();
    if (!size.ok()) {
        return self.vfs->Failed(size.status(), SQLITE_IOERR_FSTAT);
    }
    *out = static_cast<sqlite3_int64>(*size);
    return SQLITE_OK;
}

int Lock(sqlite3_file*, int) {
    return SQLITE_OK;
}

int CheckReservedLock(sqlite3_file*, int* out) {
    *out = 0;
    return SQLITE_OK;
}

int FileControl(sqlite3_file*, int, void*) {
    return SQLITE_NOTFOUND;
}

int SectorSize(sqlite3_file*) {
    return kSectorBytes;
}

// An interrupted write damages only bytes it was to change: true of every disk of the last decade,
// and what SQLite itself assumes on unix. Without it each commit is padded to a whole sector.
int DeviceCharacteristics(sqlite3_file*) {
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

// Version 1: no shared memory and no mapping, so SQLite keeps the index of its log on the heap.
constexpr sqlite3_io_methods kFileMethods = {
    .iVersion = 1,
    .xClose = Close,
    .xRead = Read,
    .xWrite = Write,
    .xTruncate = Truncate,
    .xSync = Sync,
    .xFileSize = FileSize,
    .xLock = Lock,
    .xUnlock = Lock,
    .xCheckReservedLock = CheckReservedLock,
    .xFileControl = FileControl,
    .xSectorSize = SectorSize,
    .xDeviceCharacteristics = DeviceCharacteristics,
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

OpenMode ModeOf(int flags) {
    if ((flags & SQLITE_OPEN_CREATE) != 0) {
        return (flags & SQLITE_OPEN_EXCLUSIVE) != 0 ? OpenMode::kCreateNew
                                                    : OpenMode::kCreateOrOpen;
    }
    return (flags & SQLITE_OPEN_READWRITE) != 0 ? OpenMode::kReadWrite : OpenMode::kRead;
}

int Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* base, int flags, int* out_flags) {
    SqliteVfs& self = Self(vfs);
    base->pMethods = nullptr;
    if (path == nullptr) {  // a temporary file; temp_store=MEMORY leaves no use for one
        return self.Failed(base::Internal("SQLite asked for a temporary file"), SQLITE_CANTOPEN);
    }
    Result<std::unique_ptr<sys::File>> file = self.file_system().Open(path, ModeOf(flags));
    if (!file.ok()) {
        return self.Failed(file.status(), SQLITE_CANTOPEN);
    }
    auto* open = new (base) OpenFile;
    open->vfs = &self;
    open->file = std::move(file).value().release();
    open->folder = new std::string(sys::ParentPath(path));
    open->folder_synced = false;
    open->pMethods = &kFileMethods;
    if (out_flags != nullptr) {
        *out_flags = flags;
    }
    return SQLITE_OK;
}

int Delete(sqlite3_vfs* vfs, const char* path, int sync_folder) {
    SqliteVfs& self = Self(vfs);
    if (!self.sync_failure().ok()) {
        return self.Failed(self.sync_failure(), SQLITE_IOERR_DELETE);
    }
    Status status = self.file_system().Remove(path);
    if (!status.ok()) {
        return self.Failed(status, SQLITE_IOERR_DELETE);
    }
    if (sync_folder != 0) {
        status = self.file_system().SyncDirectory(sys::ParentPath(path));
    }
    return status.ok() ? SQLITE_OK : self.SyncFailed(status, SQLITE_IOERR_DIR_FSYNC);
}

int Access(sqlite3_vfs* vfs, const char* path, int, int* out) {
    SqliteVfs& self = Self(vfs);
    const Result<bool> exists = self.file_system().Exists(path);
    if (!exists.ok()) {
        return self.Failed(exists.status(), SQLITE_IOERR_ACCESS);
    }
    *out = *exists ? 1 : 0;
    return SQLITE_OK;
}

int FullPathname(sqlite3_vfs*, const char* path, int size, char* out) {
    const size_t length = std::strlen(path);
    if (length >= static_cast<size_t>(size)) {
        return SQLITE_CANTOPEN;
    }
    std::memcpy(out, path, length + 1);
    return SQLITE_OK;
}

int Randomness(sqlite3_vfs*, int size, char* out) {
    for (int done = 0; done < size; done += 8) {
        const uint64_t word = sys::RealRandom().Next();
        std::memcpy(out + done, &word, static_cast<size_t>(std::min(8, size - done)));
    }
    return size;
}

int Sleep(sqlite3_vfs* vfs, int microseconds) {
    Self(vfs).clock().SleepMs((microseconds + 999) / 1000);
    return microseconds;
}

// Milliseconds since the Julian epoch, as SQLite counts.
int CurrentTimeInt64(sqlite3_vfs* vfs, sqlite3_int64* out) {
    constexpr sqlite3_int64 kUnixEpochMs = 210'866'760'000'000;
    *out = kUnixEpochMs + Self(vfs).clock().WallMs();
    return SQLITE_OK;
}

int CurrentTime(sqlite3_vfs* vfs, double* out) {
    sqlite3_int64 ms = 0;
    CurrentTimeInt64(vfs, &ms);
    *out = static_cast<double>(ms) / 86'400'000.0;
    return SQLITE_OK;
}

int GetLastError(sqlite3_vfs*, int, char*) {
    return 0;
}

std::string NextName() {
    static std::atomic<uint64_t> last{0};
    return "elanus-" + std::to_string(last.fetch_add(1) + 1);
}

}  // namespace

SqliteVfs::SqliteVfs(sys::FileSystem& file_system, sys::Clock& clock)
    : file_system_(file_system), clock_(clock), name_(NextName()) {
    vfs_.iVersion = 2;
    vfs_.szOsFile = sizeof(OpenFile);
    vfs_.mxPathname = kMaxPathBytes;
    vfs_.zName = name_.c_str();
    vfs_.pAppData = this;
    vfs_.xOpen = Open;
    vfs_.xDelete = Delete;
    vfs_.xAccess = Access;
    vfs_.xFullPathname = FullPathname;
    vfs_.xRandomness = Randomness;
    vfs_.xSleep = Sleep;
    vfs_.xCurrentTime = CurrentTime;
    vfs_.xGetLastError = GetLastError;
    vfs_.xCurrentTimeInt64 = CurrentTimeInt64;
    CHECK(sqlite3_vfs_register(&vfs_, /*makeDflt=*/0) == SQLITE_OK, "register SQLite file layer");
}

SqliteVfs::~SqliteVfs() {
    sqlite3_vfs_unregister(&vfs_);
}

Status SqliteVfs::TakeFailure() {
    return std::exchange(failure_, Status());
}

int SqliteVfs::Failed(const Status& status, int sqlite_code) {
    failure_ = status;
    return status.code() == Code::kDiskLimitExceeded ? SQLITE_FULL : sqlite_code;
}

int SqliteVfs::SyncFailed(const Status& status, int sqlite_code) {
    sync_failure_ = status;
    failure_ = status;
    return sqlite_code;
}

}  // namespace elanus::catalog
