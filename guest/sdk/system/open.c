// Opening and making files.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "system.h"

long open_handle(const char *path, uint32_t access, uint32_t disposition, uint32_t options, uint32_t *handle) {
    char name[PATH_LENGTH];
    long error = console_path(path, name);
    if (error) return error;
    struct ansi_string string = {strlen(name), strlen(name) + 1, name};
    struct object_attributes attributes = {0, &string, CASE_INSENSITIVE};
    struct io_status status;
    return error_of(create_file(handle, access, &attributes, &status, 0, ATTRIBUTE_NORMAL, SHARE_ALL, disposition,
                                options | OPTION_SYNCHRONOUS));
}

static uint32_t disposition_of(int flags) {
    if (flags & O_CREAT) {
        if (flags & O_EXCL) return DISPOSITION_CREATE;
        return flags & O_TRUNC ? DISPOSITION_OVERWRITE_IF : DISPOSITION_OPEN_IF;
    }
    return flags & O_TRUNC ? DISPOSITION_OVERWRITE : DISPOSITION_OPEN;
}

// Opens a description over a path that is not the text's.
static long open_description(const char *path, int flags, struct description *to) {
    int writes = (flags & O_ACCMODE) != O_RDONLY;
    uint32_t access = ACCESS_SYNCHRONIZE;
    if ((flags & O_ACCMODE) != O_WRONLY) access |= ACCESS_GENERIC_READ;
    if (writes) access |= ACCESS_GENERIC_WRITE;
    uint32_t options = flags & O_DIRECTORY ? OPTION_DIRECTORY : OPTION_NO_DIRECTORY;
    long error = open_handle(path, access, disposition_of(flags), options, &to->handle);
    if (error == -EISDIR && !writes && !(flags & O_CREAT)) {
        options = OPTION_DIRECTORY;
        error = open_handle(path, access, DISPOSITION_OPEN, options, &to->handle);
    }
    if (error) return error;
    to->kind = options == OPTION_DIRECTORY ? KIND_DIRECTORY : KIND_FILE;
    to->restart = 1;
    to->path = strdup(path);
    return to->path ? 0 : -ENOMEM;
}

long open_path(int folder, const char *path, int flags, uint32_t mode) {
    char full[PATH_LENGTH];
    (void)mode;
    long error = absolute(folder, path, full);
    if (error) return error;
    struct description *description = new_description(KIND_NONE);
    if (!description) return -ENOMEM;
    description->flags = flags & ~(O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC);
    if (!strcmp(full, "/dev/null")) {
        description->kind = KIND_NOTHING;
    } else {
        error = open_description(full, flags, description);
    }
    if (!error) error = install(description, 0, flags & O_CLOEXEC);
    if (error < 0) end_use(description);
    return error;
}
