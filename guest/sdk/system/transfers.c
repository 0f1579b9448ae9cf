// Reading and writing, positions and sizes. The position is the description's own: the kernel's
// would move with transfers that name an offset, too.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>
#include "system.h"

enum { AT_POSITION = -1 };
// A file has less than 4 GiB.
#define LARGEST 0xFFFFFFFFll

static long read_some(struct description *file, const struct iovec *parts, int count, int64_t *offset) {
    long done = 0;
    for (int i = 0; i < count; i++) {
        if (!parts[i].iov_len) continue;
        struct io_status status = {0, 0};
        status_t result = NtReadFile(file->handle, 0, 0, 0, &status, parts[i].iov_base, parts[i].iov_len, offset);
        if (result == STATUS_END_OF_FILE) break;
        if (failed(result)) return done ? done : error_of(result);
        done += status.information;
        *offset += status.information;
        if (status.information < parts[i].iov_len) break;
    }
    return done;
}

static long write_some(struct description *file, const struct iovec *parts, int count, int64_t *offset) {
    long done = 0;
    for (int i = 0; i < count; i++) {
        if (!parts[i].iov_len) continue;
        if (*offset + parts[i].iov_len > LARGEST) return done ? done : -EFBIG;
        struct io_status status = {0, 0};
        status_t result = NtWriteFile(file->handle, 0, 0, 0, &status, parts[i].iov_base, parts[i].iov_len, offset);
        if (failed(result)) return done ? done : error_of(result);
        done += status.information;
        *offset += status.information;
    }
    return done;
}

static long transfer(int fd, const struct iovec *parts, int count, int64_t offset, int writes) {
    struct description *file = use_descriptor(fd);
    if (!file) return -EBADF;
    int access = file->flags & O_ACCMODE;
    long result = 0;
    if (access == (writes ? O_RDONLY : O_WRONLY)) {
        result = -EBADF;
    } else if (file->kind == KIND_DIRECTORY) {
        result = -EISDIR;
    } else if (file->kind != KIND_FILE) {
        for (int i = 0; writes && i < count; i++) {
            if (file->kind == KIND_TEXT) write_text(parts[i].iov_base, parts[i].iov_len);
            result += parts[i].iov_len;
        }
    } else {
        RtlEnterCriticalSection(&file->lock);
        int64_t own = offset;
        int64_t *at = offset == AT_POSITION ? &file->offset : &own;
        if (writes && file->flags & O_APPEND) result = file_size(file->handle, at);
        if (!result) result = (writes ? write_some : read_some)(file, parts, count, at);
        RtlLeaveCriticalSection(&file->lock);
    }
    end_use(file);
    return result;
}

long read_parts(int fd, const void *parts, int count, int64_t offset) { return transfer(fd, parts, count, offset, 0); }

long write_parts(int fd, const void *parts, int count, int64_t offset) { return transfer(fd, parts, count, offset, 1); }

long seek(int fd, int64_t offset, int from, int64_t *result) {
    struct description *file = use_descriptor(fd);
    if (!file) return -EBADF;
    long error = 0;
    if (file->kind != KIND_FILE && file->kind != KIND_DIRECTORY) {
        error = -ESPIPE;
    } else {
        RtlEnterCriticalSection(&file->lock);
        int64_t base = 0;
        if (from == SEEK_CUR) base = file->offset;
        else if (from == SEEK_END) error = file_size(file->handle, &base);
        else if (from != SEEK_SET) error = -EINVAL;
        if (!error && __builtin_add_overflow(base, offset, &base)) error = -EOVERFLOW;
        if (!error && base < 0) error = -EINVAL;
        if (!error) {
            *result = file->offset = base;
            file->restart = 1;
        }
        RtlLeaveCriticalSection(&file->lock);
    }
    end_use(file);
    return error;
}

static long resize_handle(uint32_t handle, int64_t size) {
    struct io_status status;
    if (size < 0) return -EINVAL;
    if (size > LARGEST) return -EFBIG;
    return error_of(NtSetInformationFile(handle, &status, &size, sizeof size, CLASS_END_OF_FILE));
}

long resize(int fd, int64_t size) {
    struct description *file = use_descriptor(fd);
    if (!file) return -EBADF;
    int writes = file->kind == KIND_FILE && (file->flags & O_ACCMODE) != O_RDONLY;
    long error = writes ? resize_handle(file->handle, size) : -EINVAL;
    end_use(file);
    return error;
}

long resize_path(const char *path, int64_t size) {
    long fd = open_path(AT_FDCWD, path, O_WRONLY, 0);
    if (fd < 0) return fd;
    long error = resize((int)fd, size);
    close_descriptor((int)fd);
    return error;
}

long flush(int fd) {
    struct description *file = use_descriptor(fd);
    if (!file) return -EBADF;
    struct io_status status;
    long error = file->kind == KIND_FILE ? error_of(NtFlushBuffersFile(file->handle, &status)) : 0;
    end_use(file);
    return error;
}
