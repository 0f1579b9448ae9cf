// Makes calls of the C library fail: preloaded into the emulator by `cargo
// xtask faults`, and by nothing else.
//
// FAULT_CALLS names a group of calls, FAULT_UNDER the folder whose files they must be of, FAULT_AT
// the number of the first call that is struck (0: none), FAULT_FOR how many are. FAULT_HOW says
// what happens to it: a number is what errno becomes, `short` does half of what was asked for,
// `truncate:SIZE` cuts the file first, `sleep:MILLISECONDS` waits first, `jump:SECONDS` moves a
// clock from then on. At the end the number of calls goes to FAULT_OUT.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum group { READS = 1, WRITES = 2, SYNCS = 4, RENAMES = 8, OPENS = 16, MEMORY = 32, MAPS = 64, THREADS = 128, CLOCK = 256 };
static const struct {
    const char *name;
    unsigned groups;
} NAMES[] = {
    {"read", READS}, {"write", WRITES}, {"sync", SYNCS}, {"rename", RENAMES}, {"open", OPENS},
    {"file", READS | WRITES | SYNCS | RENAMES | OPENS}, {"interruptible", READS | WRITES | SYNCS | OPENS}, {"disk", WRITES | RENAMES}, {"memory", MEMORY}, {"map", MAPS},
    {"thread", THREADS}, {"clock", CLOCK},
};

static unsigned groups;
static const char *under, *out;
static size_t under_length;
static unsigned long first, last;
static int error, is_short;
static long long truncated = -1, milliseconds, jump;
static atomic_ulong calls;

static const char *word(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

__attribute__((constructor)) static void begin(void) {
    const char *wanted = word("FAULT_CALLS"), *how = word("FAULT_HOW");
    under = word("FAULT_UNDER");
    under_length = strlen(under);
    out = word("FAULT_OUT");
    first = strtoul(word("FAULT_AT"), 0, 10);
    unsigned long count = strtoul(word("FAULT_FOR"), 0, 10);
    last = count > ~0ul - first ? ~0ul : first + count - 1;
    if (!strncmp(how, "truncate:", 9)) truncated = atoll(how + 9);
    else if (!strncmp(how, "sleep:", 6)) milliseconds = atoll(how + 6);
    else if (!strncmp(how, "jump:", 5)) jump = atoll(how + 5);
    else if (!strcmp(how, "short")) is_short = 1;
    else error = atoi(how);
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (!strcmp(wanted, NAMES[i].name)) groups = NAMES[i].groups;
}

__attribute__((destructor)) static void end(void) {
    groups = 0;
    if (!*out) return;
    char text[32];
    int length = snprintf(text, sizeof text, "%lu\n", atomic_load(&calls));
    int file = syscall(SYS_openat, AT_FDCWD, out, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file >= 0 && syscall(SYS_write, file, text, length)) close(file);
}

// Whether this call is struck.
static int strikes(enum group group) {
    if (!(groups & group)) return 0;
    unsigned long number = atomic_fetch_add(&calls, 1) + 1;
    if (!first || number < first || number > last) return 0;
    if (milliseconds) {
        struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
        nanosleep(&time, 0);
        return 0;
    }
    return 1;
}

static int path_strikes(enum group group, const char *path) {
    return groups & group && path && !strncmp(path, under, under_length) && strikes(group);
}

// The path is left in `path`.
static int file_strikes(enum group group, int file, char path[4096]) {
    if (!(groups & group)) return 0;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, 4095);
    if (length < (ssize_t)under_length || strncmp(path, under, under_length)) return 0;
    path[length] = 0;
    return strikes(group);
}

#define FAIL(value) return errno = error, (value)
#define NOTHING ((void *)0)

static int cut(const char *path, size_t *size) {
    if (truncated >= 0) {
        int other = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY);
        if (other >= 0) {
            if (syscall(SYS_ftruncate, other, truncated)) abort();
            close(other);
        }
        return 0;
    }
    if (is_short) {
        if (*size > 1) *size /= 2;
        return 0;
    }
    return 1;
}

#define TRANSFER(group, call)                                                                                      \
    char path[4096];                                                                                               \
    if (file_strikes(group, file, path) && cut(path, &size)) FAIL(-1);                                             \
    return call

ssize_t read(int file, void *to, size_t size) { TRANSFER(READS, syscall(SYS_read, file, to, size)); }
ssize_t write(int file, const void *from, size_t size) { TRANSFER(WRITES, syscall(SYS_write, file, from, size)); }
ssize_t pread64(int file, void *to, size_t size, off64_t at) {
    TRANSFER(READS, syscall(SYS_pread64, file, to, size, at));
}
ssize_t pwrite64(int file, const void *from, size_t size, off64_t at) {
    TRANSFER(WRITES, syscall(SYS_pwrite64, file, from, size, at));
}
ssize_t pread(int file, void *to, size_t size, off_t at) { return pread64(file, to, size, at); }
ssize_t pwrite(int file, const void *from, size_t size, off_t at) { return pwrite64(file, from, size, at); }
ssize_t writev(int file, const struct iovec *parts, int count) {
    char path[4096];
    if (file_strikes(WRITES, file, path)) {
        if (!is_short) FAIL(-1);
        count = 1;
    }
    return syscall(SYS_writev, file, parts, count);
}
int ftruncate64(int file, off64_t size) {
    char path[4096];
    if (!is_short && file_strikes(WRITES, file, path)) FAIL(-1);
    return syscall(SYS_ftruncate, file, size);
}
int ftruncate(int file, off_t size) { return ftruncate64(file, size); }
int fsync(int file) {
    char path[4096];
    if (file_strikes(SYNCS, file, path)) FAIL(-1);
    return syscall(SYS_fsync, file);
}
int fdatasync(int file) { return fsync(file); }
int rename(const char *from, const char *to) {
    if (!is_short && path_strikes(RENAMES, from)) FAIL(-1);
    return syscall(SYS_rename, from, to);
}
int mkdir(const char *path, mode_t mode) {
    if (!is_short && path_strikes(RENAMES, path)) FAIL(-1);
    return syscall(SYS_mkdir, path, mode);
}
int openat64(int folder, const char *path, int flags, ...) {
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    // A full disk still opens what is there.
    enum group group = flags & O_CREAT && groups & WRITES ? WRITES : OPENS;
    if (!is_short && path_strikes(group, path)) FAIL(-1);
    return syscall(SYS_openat, folder, path, flags | O_LARGEFILE, mode);
}
#define OPEN_BY(call)                                                                                              \
    va_list rest;                                                                                                  \
    va_start(rest, flags);                                                                                         \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;                                        \
    va_end(rest);                                                                                                  \
    return call
int open64(const char *path, int flags, ...) { OPEN_BY(openat64(AT_FDCWD, path, flags, mode)); }
int open(const char *path, int flags, ...) { OPEN_BY(openat64(AT_FDCWD, path, flags, mode)); }
int openat(int folder, const char *path, int flags, ...) { OPEN_BY(openat64(folder, path, flags, mode)); }

void *mmap64(void *at, size_t size, int rights, int flags, int file, off64_t offset) {
    // Smaller ones are stacks for signals, without which the standard library ends the program.
    if (size >= 256 << 10 && strikes(MAPS)) FAIL(MAP_FAILED);
    return (void *)syscall(SYS_mmap, at, size, rights, flags, file, offset);
}
void *mmap(void *at, size_t size, int rights, int flags, int file, off_t offset) {
    return mmap64(at, size, rights, flags, file, offset);
}
int memfd_create(const char *name, unsigned flags) {
    if (strikes(MAPS)) FAIL(-1);
    return syscall(SYS_memfd_create, name, flags);
}

void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void *malloc(size_t size) {
    if (strikes(MEMORY)) FAIL(NOTHING);
    return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
    if (strikes(MEMORY)) FAIL(NOTHING);
    return __libc_calloc(count, size);
}
void *realloc(void *old, size_t size) {
    if (strikes(MEMORY)) FAIL(NOTHING);
    return __libc_realloc(old, size);
}
int posix_memalign(void **to, size_t alignment, size_t size) {
    if (strikes(MEMORY)) return ENOMEM;
    *to = __libc_memalign(alignment, size);
    return *to ? 0 : ENOMEM;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument) {
    static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    if (strikes(THREADS)) return error;
    return real(thread, attributes, run, argument);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    static atomic_int jumped;
    int result = syscall(SYS_clock_gettime, clock, time);
    // Only the clock that somebody can set.
    if (clock == CLOCK_REALTIME) {
        if (strikes(CLOCK)) atomic_store(&jumped, 1);
        if (atomic_load(&jumped)) time->tv_sec += jump;
    }
    return result;
}
