// PosixFileSystem: the kernel's files behind the seam.
//
// Every failure carries the call, the path and the kernel's text. A full disk has its own code, so
// that callers can refuse writes instead of reporting a broken machine.
#include "sys/file_system.h"
#include "sys/io_ring.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace elanus::sys {
namespace {

using base::Buffer;
using base::Code;
using base::Result;
using base::Status;

// Reads above this ask for the file's size first, so that a generous `size` costs no memory.
constexpr size_t kBlindReadBytes = 64 * 1024;

Status ErrnoStatus(std::string_view call, const std::string& path, int error) {
    const bool full = error == ENOSPC || error == EDQUOT;
    std::string text =
        std::string(call) + " " + path + ": " + std::generic_category().message(error);
    return Status::Error(full ? Code::kDiskLimitExceeded : Code::kIoFailed, text);
}

// Calls `f` until it is not interrupted by a signal.
template <typename F>
auto Retry(F f) {
    auto result = f();
    while (result == -1 && errno == EINTR) {
        result = f();
    }
    return result;
}

Status SyncDescriptor(int fd, const std::string& path, bool data_only) {
#ifdef ELANUS_UNSAFE_NO_SYNC
    (void)fd;
    (void)path;
    (void)data_only;
#else
    if (Retry([&] { return data_only ? ::fdatasync(fd) : ::fsync(fd); }) != 0) {
        return ErrnoStatus("sync", path, errno);
    }
#endif
    return Status();
}

struct Mapping {
    Mapping(void* a, size_t n) : address(a), size(n) {}
    ~Mapping() { ::munmap(address, size); }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    void* address;
    size_t size;
};

class PosixFile : public File {
  public:
    PosixFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
    ~PosixFile() override { ::close(fd_); }

    Result<std::string> ReadAt(uint64_t offset, size_t size) override {
        if (size > kBlindReadBytes) {
            ASSIGN_OR_RETURN(const uint64_t file_size, Size());
            size = std::min<uint64_t>(size, file_size > offset ? file_size - offset : 0);
        }
        std::string bytes(size, '\0');
        size_t done = 0;
        while (done < size) {
            const ssize_t got = Retry([&] {
                return ::pread(fd_, bytes.data() + done, size - done,
                               static_cast<off_t>(offset + done));
            });
            if (got < 0) {
                return ErrnoStatus("read", path_, errno);
            }
            if (got == 0) {
                break;
            }
            done += static_cast<size_t>(got);
        }
        bytes.resize(done);
        return bytes;
    }

    Status ReadBlocks(size_t depth, BlockReader& reader) override {
        IoRing* ring = IoRing::OfThread();
        return ring != nullptr ? ring->Read(fd_, path_, depth, reader)
                               : File::ReadBlocks(depth, reader);
    }

    Status WriteAt(uint64_t offset, std::string_view bytes) override {
        while (!bytes.empty()) {
            const ssize_t written = Retry([&] {
                return ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
            });
            if (written <= 0) {
                return ErrnoStatus("write", path_, written < 0 ? errno : EIO);
            }
            bytes.remove_prefix(static_cast<size_t>(written));
            offset += static_cast<uint64_t>(written);
        }
        return Status();
    }

    Result<uint64_t> Size() override {
        struct stat info{};
        if (::fstat(fd_, &info) != 0) {
            return ErrnoStatus("stat", path_, errno);
        }
        return static_cast<uint64_t>(info.st_size);
    }

    Status Truncate(uint64_t size) override {
        if (Retry([&] { return ::ftruncate(fd_, static_cast<off_t>(size)); }) != 0) {
            return ErrnoStatus("truncate", path_, errno);
        }
        return Status();
    }

    Status Preallocate(uint64_t size) override {
        const auto wanted = static_cast<off_t>(size);
        if (size == 0 || Retry([&] { return ::fallocate(fd_, 0, 0, wanted); }) == 0) {
            return Status();
        }
        int error = errno;
        if (error == EOPNOTSUPP) {  // the C library then writes into every block instead
            error = ::posix_fallocate(fd_, 0, wanted);
        }
        return error == 0 ? Status() : ErrnoStatus("preallocate", path_, error);
    }

    Status DataSync() override { return SyncDescriptor(fd_, path_, /*data_only=*/true); }

    Result<Buffer> Map() override {
        ASSIGN_OR_RETURN(const uint64_t size, Size());
        if (size == 0) {
            return Buffer();
        }
        void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd_, 0);
        if (address == MAP_FAILED) {
            return ErrnoStatus("map", path_, errno);
        }
        return Buffer(address, size, std::make_shared<Mapping>(address, size));
    }

  private:
    const int fd_;
    const std::string path_;
};

class PosixFileLock : public FileLock {
  public:
    explicit PosixFileLock(int fd) : fd_(fd) {}
    ~PosixFileLock() override { ::close(fd_); }

  private:
    const int fd_;
};

int OpenFlags(OpenMode mode) {
    switch (mode) {
        case OpenMode::kRead:
            return O_RDONLY;
        case OpenMode::kReadDirect:
            return O_RDONLY | O_DIRECT;
        case OpenMode::kReadWrite:
            return O_RDWR;
        case OpenMode::kCreateNew:
            return O_RDWR | O_CREAT | O_EXCL;
        case OpenMode::kCreateOrOpen:
            return O_RDWR | O_CREAT;
    }
    return O_RDONLY;
}

Result<int> OpenDescriptor(const std::string& path, int flags) {
    const int fd = Retry([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0644); });
    if (fd < 0) {
        return ErrnoStatus("open", path, errno);
    }
    return fd;
}

Status FromErrorCode(std::string_view call, const std::string& path, const std::error_code& error) {
    return error ? ErrnoStatus(call, path, error.value()) : Status();
}

class PosixFileSystemImpl : public FileSystem {
  public:
    Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override {
        Result<int> fd = OpenDescriptor(path, OpenFlags(mode));
        if (!fd.ok() && mode == OpenMode::kReadDirect) {  // not every file system can
            fd = OpenDescriptor(path, O_RDONLY);
        }
        RETURN_IF_ERROR(fd.status());
        return std::unique_ptr<File>(std::make_unique<PosixFile>(*fd, path));
    }

    Result<bool> Exists(const std::string& path) override {
        struct stat info{};
        if (::stat(path.c_str(), &info) == 0) {
            return true;
        }
        if (errno == ENOENT || errno == ENOTDIR) {
            return false;
        }
        return ErrnoStatus("stat", path, errno);
    }

    Status Rename(const std::string& from, const std::string& to) override {
        if (::rename(from.c_str(), to.c_str()) != 0) {
            return ErrnoStatus("rename", from + " to " + to, errno);
        }
        return Status();
    }

    Status LinkNew(const std::string& from, const std::string& to) override {
        if (::link(from.c_str(), to.c_str()) != 0) {
            return ErrnoStatus("link", from + " to " + to, errno);
        }
        return Status();
    }

    Status Remove(const std::string& path) override {
        if (::remove(path.c_str()) != 0 && errno != ENOENT) {
            return ErrnoStatus("remove", path, errno);
        }
        return Status();
    }

    Status RemoveAll(const std::string& path) override {
        std::error_code error;
        std::filesystem::remove_all(path, error);
        return FromErrorCode("remove", path, error);
    }

    Status CreateDirectories(const std::string& path) override {
        ASSIGN_OR_RETURN(const bool exists, Exists(path));
        if (exists || path.empty()) {
            return Status();
        }
        const std::string parent = ParentPath(path);
        RETURN_IF_ERROR(CreateDirectories(parent));
        if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
            return ErrnoStatus("make directory", path, errno);
        }
        return SyncDirectory(parent);
    }

    Result<std::vector<DirectoryEntry>> List(const std::string& path) override {
        DIR* directory = ::opendir(path.c_str());
        if (directory == nullptr) {
            return errno == ENOENT || errno == ENOTDIR
                       ? Status::Error(Code::kKeyNotFound, "folder " + path)
                       : ErrnoStatus("list", path, errno);
        }
        std::vector<DirectoryEntry> entries;
        while (const dirent* entry = ::readdir(directory)) {
            const std::string name = entry->d_name;
            struct stat info{};
            // A file that went away between the two calls is left out.
            if (name == "." || name == ".." ||
                ::fstatat(::dirfd(directory), entry->d_name, &info, 0) != 0) {
                continue;
            }
            entries.push_back({name, S_ISDIR(info.st_mode), static_cast<uint64_t>(info.st_size)});
        }
        ::closedir(directory);
        std::sort(entries.begin(), entries.end(),
                  [](const auto& a, const auto& b) { return a.name < b.name; });
        return entries;
    }

    Status SyncDirectory(const std::string& path) override {
        ASSIGN_OR_RETURN(const int fd,
                         OpenDescriptor(path.empty() ? "." : path, O_RDONLY | O_DIRECTORY));
        Status status = SyncDescriptor(fd, path, /*data_only=*/false);
        ::close(fd);
        return status;
    }

    Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
        ASSIGN_OR_RETURN(const int fd, OpenDescriptor(path, O_RDWR | O_CREAT));
        auto lock = std::make_unique<PosixFileLock>(fd);
        if (Retry([&] { return ::flock(fd, LOCK_EX | LOCK_NB); }) != 0) {
            return errno == EWOULDBLOCK ? LockedByOther(fd, path)
                                        : ErrnoStatus("lock", path, errno);
        }
        WritePid(fd);
        return std::unique_ptr<FileLock>(std::move(lock));
    }

  private:
    static Status LockedByOther(int fd, const std::string& path) {
        char pid[24] = {};
        const ssize_t got = ::pread(fd, pid, sizeof pid - 1, 0);
        std::string holder(pid, got > 0 ? static_cast<size_t>(got) : 0);
        holder = holder.substr(0, holder.find_first_not_of("0123456789"));
        return Status::Error(Code::kServiceUnavailable,
                             path + " is locked by process " + (holder.empty() ? "?" : holder));
    }

    // The number only makes the message of a refused second process helpful, so a failed write is
    // not an error.
    static void WritePid(int fd) {
        const std::string pid = std::to_string(::getpid()) + "\n";
        if (::ftruncate(fd, 0) == 0) {
            [[maybe_unused]] const ssize_t written = ::pwrite(fd, pid.data(), pid.size(), 0);
        }
    }
};

}  // namespace

FileSystem& PosixFileSystem() {
    static PosixFileSystemImpl file_system;
    return file_system;
}

}  // namespace elanus::sys
