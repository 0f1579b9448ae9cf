// Paths: `/game/a/b` is the console's `game:\a\b`, and so for every device; `/tmp` is its scratch
// disk. A console's own path, with a colon in its first name, is taken as it is. Relative paths
// start at a folder that the title changes; it is `/game` at first, where the title's own files
// are, or where PWD says.
#include <errno.h>
#include <string.h>
#include "system.h"

static char folder[PATH_LENGTH] = "/game";

static int is_separator(char c) { return c == '/' || c == '\\'; }

// Adds the names of `path` to the absolute path `to`, going up at `..`.
static long append(char to[PATH_LENGTH], const char *path) {
    size_t length = strlen(to);
    while (*path) {
        while (is_separator(*path)) path++;
        size_t name = 0;
        while (path[name] && !is_separator(path[name])) name++;
        if (!name) break;
        if (name == 2 && path[0] == '.' && path[1] == '.') {
            while (length && to[--length] != '/') {}
        } else if (name != 1 || path[0] != '.') {
            if (length + name + 2 > PATH_LENGTH) return -ENAMETOOLONG;
            to[length++] = '/';
            memcpy(to + length, path, name);
            length += name;
        }
        to[length] = 0;
        path += name;
    }
    return 0;
}

// `game:\a` as /game/a; 0 if there is no colon in the first name.
static const char *without_colon(const char *path, char device[64]) {
    size_t length = strcspn(path, ":/\\");
    if (path[length] != ':' || length + 2 > 64) return 0;
    device[0] = '/';
    memcpy(device + 1, path, length);
    device[length + 1] = 0;
    return path + length + 1;
}

long absolute(int fd, const char *path, char to[PATH_LENGTH]) {
    char device[64];
    const char *rest = path;
    if (!*path) return -ENOENT;
    if (*path == '/') {
        to[0] = 0;
    } else if ((rest = without_colon(path, device))) {
        strcpy(to, device);
    } else if (fd == -100) { // AT_FDCWD
        rest = path;
        strcpy(to, folder);
    } else {
        struct description *at = use_descriptor(fd);
        if (!at) return -EBADF;
        rest = path;
        int is_folder = at->kind == KIND_DIRECTORY;
        if (is_folder) strcpy(to, at->path);
        end_use(at);
        if (!is_folder) return -ENOTDIR;
    }
    return append(to, rest);
}

long console_path(const char *path, char to[PATH_LENGTH]) {
    static const char scratch[] = "/tmp";
    const char *device = path;
    size_t length = strcspn(path + 1, "/");
    if (!path[0] || !length) return -EACCES;
    if (length == 3 && !memcmp(path, scratch, 4)) {
        device = "/cache";
        length = 5;
        path -= 2;
    }
    const char *rest = path + 1 + length;
    if (length + strlen(rest) + 3 > PATH_LENGTH) return -ENAMETOOLONG;
    memcpy(to, device + 1, length);
    to[length++] = ':';
    if (!*rest) to[length++] = '\\';
    for (; *rest; rest++) to[length++] = *rest == '/' ? '\\' : *rest;
    to[length] = 0;
    return 0;
}

long change_folder(const char *path) {
    char full[PATH_LENGTH];
    uint32_t handle;
    long error = absolute(-100, path, full);
    if (!error) error = open_handle(full, ACCESS_LIST | ACCESS_SYNCHRONIZE, DISPOSITION_OPEN, OPTION_DIRECTORY, &handle);
    if (error) return error;
    NtClose(handle);
    strcpy(folder, full);
    return 0;
}

long current_folder(char *to, uint32_t size) {
    size_t length = strlen(folder) + 1;
    if (length > size) return -ERANGE;
    memcpy(to, folder, length);
    return (long)length;
}

void set_folder(const char *path) {
    char full[PATH_LENGTH];
    if (!absolute(-100, path, full)) strcpy(folder, full);
}
