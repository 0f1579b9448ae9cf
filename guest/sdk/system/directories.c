// Listing folders: an entry for each call of the kernel, after the two
// that every folder has elsewhere.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "system.h"

// The next entry of the kernel's; 1 at the end, or an error.
static long next_entry(struct description *folder) {
    struct io_status status;
    status_t result = query_directory(folder->handle, 0, 0, 0, &status, folder->entry, sizeof *folder->entry, 0,
                                      (uint32_t)folder->restart);
    folder->restart = 0;
    if (result == STATUS_NO_MORE_FILES || result == STATUS_NO_SUCH_FILE) return 1;
    return error_of(result);
}

// Skips what has been given out when somebody has been elsewhere in between.
static long begin_again(struct description *folder) {
    for (int64_t skip = folder->offset; skip > 2; skip--) {
        long result = next_entry(folder);
        if (result) return result;
    }
    return 0;
}

static long fill(struct description *folder, uint8_t *to, uint32_t size) {
    uint32_t used = 0;
    int is_open = folder->restart;
    if (!folder->entry && !(folder->entry = malloc(sizeof *folder->entry))) return -ENOMEM;
    if (is_open && folder->offset > 2) {
        long result = begin_again(folder);
        if (result) return result < 0 ? result : 0;
    }
    for (;;) {
        const char *name = folder->offset ? ".." : ".";
        uint32_t length = folder->offset ? 2 : 1;
        int is_directory = 1;
        if (used + offsetof(struct dirent, d_name) + 256 > size) return used ? (long)used : -EINVAL;
        if (folder->offset > 1) {
            long result = next_entry(folder);
            if (result) return result < 0 && !used ? result : (long)used;
            name = folder->entry->name;
            length = folder->entry->name_length < 255 ? folder->entry->name_length : 255;
            is_directory = (folder->entry->attributes & ATTRIBUTE_DIRECTORY) != 0;
        }
        struct dirent *entry = (void *)(to + used);
        uint32_t record = (offsetof(struct dirent, d_name) + length + 1 + 7) & ~7u;
        memset(entry, 0, record);
        entry->d_ino = 1;
        entry->d_off = ++folder->offset;
        entry->d_reclen = record;
        entry->d_type = is_directory ? DT_DIR : DT_REG;
        memcpy(entry->d_name, name, length);
        used += record;
    }
}

long read_directory(int fd, void *to, uint32_t size) {
    struct description *folder = use_descriptor(fd);
    if (!folder) return -EBADF;
    long result = -ENOTDIR;
    if (folder->kind == KIND_DIRECTORY) {
        RtlEnterCriticalSection(&folder->lock);
        result = fill(folder, to, size);
        RtlLeaveCriticalSection(&folder->lock);
    }
    end_use(folder);
    return result;
}
