// The C library's system calls by number, each handed to the file of its family. Others fail with
// ENOSYS: sockets, pipes, other processes, links.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "system.h"

enum { USER = 0, PROCESSORS = 0x3F, REMOVE_FOLDER = 0x200 };
#define TEXT(argument) ((const char *)(argument))
#define PAIR(high, low) ((int64_t)((uint64_t)(uint32_t)(high) << 32 | (uint32_t)(low)))

static long read_or_write(int fd, long buffer, long length, int64_t offset, int writes) {
    struct iovec part = {(void *)buffer, (size_t)length};
    return writes ? write_parts(fd, &part, 1, offset) : read_parts(fd, &part, 1, offset);
}

static long seek_and_store(long fd, int64_t offset, long from, int64_t *to) { return seek(fd, offset, from, to); }

static long no_socket(long fd) {
    struct description *description = use_descriptor(fd);
    if (!description) return -EBADF;
    end_use(description);
    return -ENOTSOCK;
}

// Everything is always ready.
static long poll_all(struct pollfd *fds, long count, long milliseconds) {
    for (long i = 0; i < count; i++) fds[i].revents = fds[i].fd < 0 ? 0 : fds[i].events & (POLLIN | POLLOUT);
    if (count || milliseconds <= 0) return count;
    int32_t time[2] = {(int32_t)(milliseconds / 1000), (int32_t)(milliseconds % 1000 * 1000000)};
    return pass_time(time, 0, 0);
}

static long file_call(long n, long a, long b, long c, long d, long e, long f) {
    switch (n) {
        case SYS_open: return open_path(AT_FDCWD, TEXT(a), b, c);
        case SYS_openat: return open_path(a, TEXT(b), c, d);
        case SYS_close: return close_descriptor(a);
        case SYS_dup: return duplicate(a, 0, 0, 0);
        case SYS_dup2: return duplicate(a, b, 1, 0);
        case SYS_dup3: return a == b ? -EINVAL : duplicate(a, b, 1, c & O_CLOEXEC);
        case SYS_fcntl:
        case SYS_fcntl64: return control(a, b, c);
        case SYS_read: return read_or_write(a, b, c, -1, 0);
        case SYS_write: return read_or_write(a, b, c, -1, 1);
        case SYS_readv: return read_parts(a, (void *)b, c, -1);
        case SYS_writev: return write_parts(a, (void *)b, c, -1);
        // 64 bits begin at an even argument.
        case SYS_pread64: return PAIR(e, f) < 0 ? -EINVAL : read_or_write(a, b, c, PAIR(e, f), 0);
        case SYS_pwrite64: return PAIR(e, f) < 0 ? -EINVAL : read_or_write(a, b, c, PAIR(e, f), 1);
        case SYS__llseek: return seek_and_store(a, PAIR(b, c), e, (int64_t *)d);
        case SYS_ftruncate64: return resize(a, PAIR(c, d));
        case SYS_truncate64: return resize_path(TEXT(a), PAIR(c, d));
        case SYS_fsync:
        case SYS_fdatasync: return flush(a);
        case SYS_ioctl: return -ENOTTY;
        case SYS_shutdown: return no_socket(a);
        case SYS_poll: return poll_all((void *)a, b, c);
        default: return -ENOSYS;
    }
}

static long name_call(long n, long a, long b, long c, long d, long e) {
    switch (n) {
        case SYS_statx: return state_of(a, TEXT(b), c, (void *)e);
        case SYS_access: return check_access(AT_FDCWD, TEXT(a), b);
        case SYS_faccessat: return check_access(a, TEXT(b), c);
        case SYS_chmod: return change_mode(AT_FDCWD, TEXT(a), b);
        case SYS_fchmodat: return change_mode(a, TEXT(b), c);
        case SYS_utimensat: return change_times(a, TEXT(b), (void *)c, 1);
        case SYS_utimensat_time64: return change_times(a, TEXT(b), (void *)c, 0);
        case SYS_unlink: return remove_name(AT_FDCWD, TEXT(a), 0);
        case SYS_rmdir: return remove_name(AT_FDCWD, TEXT(a), 1);
        case SYS_unlinkat: return remove_name(a, TEXT(b), c & REMOVE_FOLDER);
        case SYS_rename: return rename_path(AT_FDCWD, TEXT(a), AT_FDCWD, TEXT(b));
        case SYS_renameat: return rename_path(a, TEXT(b), c, TEXT(d));
        case SYS_mkdir: return make_directory(AT_FDCWD, TEXT(a));
        case SYS_mkdirat: return make_directory(a, TEXT(b));
        case SYS_chdir: return change_folder(TEXT(a));
        case SYS_getcwd: return current_folder((void *)a, b);
        case SYS_getdents64: return read_directory(a, (void *)b, c);
        case SYS_statfs64: return volume_state(TEXT(a), -1, (void *)c);
        case SYS_fstatfs64: return volume_state(0, a, (void *)c);
        // There are no links.
        case SYS_readlink:
        case SYS_readlinkat: return -EINVAL;
        case SYS_link:
        case SYS_symlink: return -EPERM;
        case SYS_chown:
        case SYS_fchown:
        case SYS_fchmod: return 0;
        case SYS_umask: return 022;
        default: return -ENOSYS;
    }
}

static long thread_call(long n, long a, long b, long c, long d, long e) {
    switch (n) {
        case SYS_exit: end_thread();
        case SYS_futex: return futex((void *)a, b, c, (void *)d, 0, (void *)e);
        case SYS_futex_time64: return futex((void *)a, b, c, (void *)d, 1, (void *)e);
        case SYS_set_tid_address: return set_cleared_word((void *)a);
        case SYS_gettid: return thread_id();
        case SYS_sched_yield: NtYieldExecution(); return 0;
        case SYS_sched_getaffinity:
            if (b < 4) return -EINVAL;
            *(uint32_t *)c = PROCESSORS;
            return 4;
        case SYS_rt_sigaction: return set_action(a, (void *)b, (void *)c);
        case SYS_rt_sigprocmask: return set_mask(a, (void *)b, (void *)c);
        case SYS_rt_sigpending: return pending_signals((void *)a, b);
        case SYS_kill: return a == PROCESS || a == 0 ? send_signal(b, 1) : -ESRCH;
        case SYS_tkill: return a == thread_id() ? send_signal(b, 0) : 0;
        case SYS_clock_gettime32: return read_clock(a, (void *)b, 0);
        case SYS_clock_gettime64: return read_clock(a, (void *)b, 1);
        case SYS_nanosleep: return wait_until(0, 0, (void *)a, 0);
        case SYS_clock_nanosleep_time32: return wait_until(a, b, (void *)c, 0);
        case SYS_clock_nanosleep_time64: return wait_until(a, b, (void *)c, 1);
        case SYS__newselect: return a ? a : pass_time((void *)e, 0, 1);
        case SYS_pselect6: return a ? a : pass_time((void *)e, 0, 0);
        case SYS_pselect6_time64: return a ? a : pass_time((void *)e, 1, 0);
        default: return -ENOSYS;
    }
}

long guest_system_call(long n, long a, long b, long c, long d, long e, long f) {
    switch (n) {
        case SYS_exit_group: end_title(a);
        case SYS_mmap2: return map_memory(a, b, c, d, e, (int64_t)(uint32_t)f * 4096);
        case SYS_munmap: return unmap_memory(a, b);
        case SYS_mprotect: return protect_memory(a, b, c);
        case SYS_madvise: return 0;
        // Never granted: the library maps memory then.
        case SYS_brk: return 0;
        case SYS_getpid: return PROCESS;
        case SYS_getppid: return 0;
        case SYS_getuid:
        case SYS_geteuid:
        case SYS_getgid:
        case SYS_getegid: return USER;
        case SYS_uname: return name_system((void *)a);
        case SYS_sysinfo: return describe_system((void *)a);
        default: break;
    }
    long result = file_call(n, a, b, c, d, e, f);
    if (result == -ENOSYS) result = name_call(n, a, b, c, d, e);
    return result == -ENOSYS ? thread_call(n, a, b, c, d, e) : result;
}
