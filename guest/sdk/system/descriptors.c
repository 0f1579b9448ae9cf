// Descriptors, and what they stand for. The first three are the text that the launcher
// shows; there is nothing to read.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "system.h"

enum { CLOSES_ON_EXEC = 1 };

static struct {
    struct description *description;
    uint8_t flags;
} table[DESCRIPTORS];
static struct critical_section lock;
static struct description standard[3];

static void initialize(struct description *description, enum kind kind) {
    memset(description, 0, sizeof *description);
    description->kind = kind;
    description->users = 1;
    RtlInitializeCriticalSection(&description->lock);
}

void begin_descriptors(void) {
    RtlInitializeCriticalSection(&lock);
    for (int fd = 0; fd < 3; fd++) {
        initialize(&standard[fd], fd ? KIND_TEXT : KIND_NOTHING);
        // Never freed.
        standard[fd].users = 1u << 30;
        standard[fd].flags = fd ? O_WRONLY : O_RDONLY;
        table[fd].description = &standard[fd];
    }
}

struct description *new_description(enum kind kind) {
    struct description *description = malloc(sizeof *description);
    if (description) initialize(description, kind);
    return description;
}

struct description *use_descriptor(int fd) {
    if ((unsigned)fd >= DESCRIPTORS) return 0;
    RtlEnterCriticalSection(&lock);
    struct description *description = table[fd].description;
    if (description) description->users++;
    RtlLeaveCriticalSection(&lock);
    return description;
}

void end_use(struct description *description) {
    RtlEnterCriticalSection(&lock);
    uint32_t left = --description->users;
    RtlLeaveCriticalSection(&lock);
    if (left) return;
    if (description->handle) NtClose(description->handle);
    free(description->path);
    free(description->entry);
    free(description);
}

long install(struct description *description, int lowest, int close_on_exec) {
    RtlEnterCriticalSection(&lock);
    int fd = lowest < 0 ? 0 : lowest;
    while (fd < DESCRIPTORS && table[fd].description) fd++;
    if (fd < DESCRIPTORS) {
        table[fd].description = description;
        table[fd].flags = close_on_exec ? CLOSES_ON_EXEC : 0;
    }
    RtlLeaveCriticalSection(&lock);
    return fd < DESCRIPTORS ? fd : -EMFILE;
}

long close_descriptor(int fd) {
    if ((unsigned)fd >= DESCRIPTORS) return -EBADF;
    RtlEnterCriticalSection(&lock);
    struct description *description = table[fd].description;
    table[fd].description = 0;
    RtlLeaveCriticalSection(&lock);
    if (!description) return -EBADF;
    end_use(description);
    return 0;
}

long duplicate(int fd, int to, int exact, int close_on_exec) {
    if (to < 0 || to >= DESCRIPTORS) return exact ? -EBADF : -EINVAL;
    struct description *description = use_descriptor(fd);
    if (!description) return -EBADF;
    if (exact && fd == to) {
        end_use(description);
        return to;
    }
    if (exact) close_descriptor(to);
    long made = install(description, to, close_on_exec);
    if (made < 0) end_use(description);
    return made;
}

long control(int fd, int command, long argument) {
    struct description *description = use_descriptor(fd);
    if (!description) return -EBADF;
    long result = 0;
    switch (command) {
        case F_DUPFD:
        case F_DUPFD_CLOEXEC: result = duplicate(fd, (int)argument, 0, command == F_DUPFD_CLOEXEC); break;
        case F_GETFD: result = table[fd].flags; break;
        case F_SETFD: table[fd].flags = argument & FD_CLOEXEC ? CLOSES_ON_EXEC : 0; break;
        case F_GETFL: result = (long)description->flags; break;
        case F_SETFL:
            description->flags = (description->flags & ~(uint32_t)(O_APPEND | O_NONBLOCK)) |
                                 ((uint32_t)argument & (O_APPEND | O_NONBLOCK));
            break;
        // A title is alone with its files: nobody else has locks.
        case F_SETLK:
        case F_SETLKW: break;
        case F_GETLK: *(short *)argument = F_UNLCK; break;
        default: result = -EINVAL;
    }
    end_use(description);
    return result;
}
