// Attributes of files: size, times, rights to write. FATX has no owners;
// every file belongs to the one user.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>
#include "system.h"

// statx's, as the C library wants it.
struct moment {
    int64_t second;
    uint32_t nanosecond;
    int32_t pad;
};
struct state {
    uint32_t mask, block_size;
    uint64_t attributes;
    uint32_t links, user, group;
    uint16_t mode, pad;
    uint64_t number, size, blocks, attributes_mask;
    struct moment accessed, created, changed, written;
    uint32_t special_major, special_minor, device_major, device_minor;
    uint64_t spare[14];
};

enum { BASIC_STATE = 0xFFF, UNIT = 512, LEAVE = 0x3ffffffe, NOW = 0x3fffffff };

static void set_time(struct moment *to, int64_t time) {
    int64_t since = time - EPOCH;
    // Rounded down, as a time before 1970 must be.
    int64_t second = since >= 0 ? since / 10000000 : -((9999999 - since) / 10000000);
    to->second = second;
    to->nanosecond = (uint32_t)(since - second * 10000000) * 100;
}

long file_size(uint32_t handle, int64_t *size) {
    struct network_open facts;
    struct io_status status;
    long error = error_of(NtQueryInformationFile(handle, &status, &facts, sizeof facts, CLASS_NETWORK_OPEN));
    if (!error) *size = facts.size;
    return error;
}

static long state_of_handle(uint32_t handle, struct state *to) {
    struct network_open facts;
    struct io_status status;
    uint64_t number;
    long error = error_of(NtQueryInformationFile(handle, &status, &facts, sizeof facts, CLASS_NETWORK_OPEN));
    if (!error) error = error_of(NtQueryInformationFile(handle, &status, &number, sizeof number, CLASS_INTERNAL));
    if (error) return error;
    int is_directory = (facts.attributes & ATTRIBUTE_DIRECTORY) != 0;
    to->mode = is_directory ? S_IFDIR | 0755 : S_IFREG | 0644;
    if (facts.attributes & ATTRIBUTE_READ_ONLY) to->mode &= (uint16_t)~0222;
    to->number = number;
    to->size = (uint64_t)facts.size;
    to->blocks = (uint64_t)facts.allocation / UNIT;
    to->block_size = 0x4000;
    to->device_minor = 1;
    set_time(&to->accessed, facts.accessed);
    set_time(&to->written, facts.written);
    set_time(&to->changed, facts.written);
    set_time(&to->created, facts.created);
    return 0;
}

// Paths that are not files: the text output, the null device, the folder above all devices.
static void special_state(uint16_t mode, struct state *to) {
    to->mode = mode;
    to->block_size = 512;
}

static long open_for_facts(int folder, const char *path, char full[PATH_LENGTH], uint32_t access, uint32_t *handle) {
    long error = absolute(folder, path, full);
    if (!error) error = open_handle(full, access | ACCESS_SYNCHRONIZE, DISPOSITION_OPEN, 0, handle);
    return error;
}

long state_of(int folder, const char *path, int flags, void *state) {
    struct state *to = state;
    char full[PATH_LENGTH];
    uint32_t handle;
    memset(to, 0, sizeof *to);
    to->mask = BASIC_STATE;
    to->links = 1;
    if (!*path && flags & AT_EMPTY_PATH) {
        struct description *file = use_descriptor(folder);
        if (!file) return -EBADF;
        long error = 0;
        if (file->handle) error = state_of_handle(file->handle, to);
        else special_state(file->kind == KIND_TEXT ? S_IFIFO | 0600 : S_IFCHR | 0666, to);
        end_use(file);
        return error;
    }
    long error = absolute(folder, path, full);
    if (error) return error;
    if (!*full || !strcmp(full, "/dev/null")) {
        special_state(*full ? S_IFCHR | 0666 : S_IFDIR | 0555, to);
        return 0;
    }
    error = open_handle(full, ACCESS_READ_ATTRIBUTES | ACCESS_SYNCHRONIZE, DISPOSITION_OPEN, 0, &handle);
    if (error) return error;
    error = state_of_handle(handle, to);
    NtClose(handle);
    return error;
}

long check_access(int folder, const char *path, int mode) {
    struct state state;
    long error = state_of(folder, path, 0, &state);
    if (error) return error;
    // Whether something may be run FATX does not say.
    uint32_t wanted = (uint32_t)(mode & ~X_OK) << 6;
    return (state.mode & wanted) == wanted ? 0 : -EACCES;
}

static long change(int folder, const char *path, const struct basic_information *to) {
    char full[PATH_LENGTH];
    uint32_t handle;
    struct io_status status;
    long error = open_for_facts(folder, path, full, ACCESS_WRITE_ATTRIBUTES, &handle);
    if (error) return error;
    error = error_of(NtSetInformationFile(handle, &status, to, sizeof *to, CLASS_BASIC));
    NtClose(handle);
    return error;
}

// Of a mode FATX can keep whether a file may be written.
long change_mode(int folder, const char *path, uint32_t mode) {
    struct state state;
    long error = state_of(folder, path, 0, &state);
    if (error) return error;
    if (S_ISDIR(state.mode)) return 0;
    struct basic_information to = {.attributes = mode & 0222 ? ATTRIBUTE_NORMAL : ATTRIBUTE_READ_ONLY};
    return change(folder, path, &to);
}

static int64_t console_time(int64_t second, int64_t nanosecond) {
    if (nanosecond == LEAVE) return 0;
    if (nanosecond == NOW) return system_time();
    return EPOCH + second * 10000000 + nanosecond / 100;
}

long change_times(int folder, const char *path, const int64_t *times, int is_short) {
    struct basic_information to = {.accessed = system_time()};
    to.written = to.accessed;
    if (times) {
        const int32_t *words = (const int32_t *)times;
        for (int i = 0; i < 2; i++) {
            // A long time is 64 bits of seconds, then 32 of padding, then the
            // nanoseconds: both words are big-endian.
            int64_t second = is_short ? words[2 * i] : times[2 * i];
            int32_t nanosecond = is_short ? words[2 * i + 1] : words[4 * i + 3];
            *(i ? &to.written : &to.accessed) = console_time(second, nanosecond);
        }
    }
    char own[PATH_LENGTH];
    if (!path) {
        struct description *file = use_descriptor(folder);
        if (!file) return -EBADF;
        long error = file->path ? 0 : -EINVAL;
        if (!error) strcpy(own, file->path);
        end_use(file);
        if (error) return error;
        path = own;
    }
    return change(folder, path, &to);
}

long volume_state(const char *path, int fd, void *statfs) {
    char full[PATH_LENGTH];
    uint32_t handle;
    struct volume_size size;
    struct io_status status;
    struct description *file = 0;
    if (path) {
        long error = open_for_facts(AT_FDCWD, path, full, ACCESS_READ_ATTRIBUTES, &handle);
        if (error) return error;
    } else {
        if (!(file = use_descriptor(fd))) return -EBADF;
        handle = file->handle;
    }
    long error = error_of(NtQueryVolumeInformationFile(handle, &status, &size, sizeof size, VOLUME_SIZE));
    if (file) end_use(file);
    else NtClose(handle);
    if (error) return error;
    struct statfs *to = statfs;
    memset(to, 0, sizeof *to);
    to->f_bsize = size.sectors_per_unit * size.bytes_per_sector;
    to->f_blocks = (uint64_t)size.total_units;
    to->f_bfree = to->f_bavail = (uint64_t)size.free_units;
    to->f_namelen = 42;
    return 0;
}
