// The system layer of a plain-ELF title: the few of Linux's system calls that the C library makes
// in programs like these, over one arena of memory and the system call that writes text.
#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#ifndef ARENA_MIB
#define ARENA_MIB 48
#endif

int main(int argc, char **argv, char **environment);
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*linker)(void));
_Noreturn void title_exit(int code);

enum { PAGE = 4096, PAGES = ARENA_MIB * 256 };

// Pages are handed out first fit. Those beyond `touched` were never handed out and are still zero.
static uint8_t arena[(size_t)PAGES * PAGE] __attribute__((aligned(PAGE)));
static uint8_t taken[PAGES];
static uint32_t touched, first_free;

static long map(uint32_t size) {
    uint32_t pages = (size + PAGE - 1) / PAGE, run = 0;
    if (pages == 0 || pages > PAGES) return -ENOMEM;
    while (first_free < PAGES && taken[first_free]) first_free++;
    for (uint32_t at = first_free; at < PAGES; at++) {
        run = taken[at] ? 0 : run + 1;
        if (run < pages) continue;
        uint32_t first = at + 1 - pages;
        memset(taken + first, 1, pages);
        uint32_t used = first < touched ? touched - first : 0;
        memset(arena + (size_t)first * PAGE, 0, (size_t)(used < pages ? used : pages) * PAGE);
        if (at + 1 > touched) touched = at + 1;
        return (long)(arena + (size_t)first * PAGE);
    }
    return -ENOMEM;
}

static long unmap(uint32_t address, uint32_t size) {
    uint32_t first = (address - (uint32_t)arena) / PAGE, pages = (size + PAGE - 1) / PAGE;
    if (first > PAGES || pages > PAGES - first) return -EINVAL;
    memset(taken + first, 0, pages);
    if (first < first_free) first_free = first;
    return 0;
}

static void write_text(const void *text, uint32_t length) {
    register uint32_t call __asm__("r0") = 0;
    register const void *address __asm__("r3") = text;
    register uint32_t size __asm__("r4") = length;
    __asm__ volatile("sc" : "+r"(address) : "r"(call), "r"(size) : "memory");
}

long guest_system_call(long n, long a, long b, long c, long d, long e, long f) {
    (void)d, (void)e, (void)f;
    switch (n) {
        case SYS_exit:
        case SYS_exit_group: title_exit(a);
        case SYS_writev: {
            long written = 0;
            for (const struct iovec *part = (const void *)b; c-- > 0; part++) {
                if (a == 1 && part->iov_len) write_text(part->iov_base, part->iov_len);
                written += part->iov_len;
            }
            return written;
        }
        case SYS_write:
            if (a == 1 && c) write_text((const void *)b, c);
            return c;
        case SYS_mmap2: return map(b);
        case SYS_munmap: return unmap(a, b);
        case SYS_madvise: return 0;
        case SYS_set_tid_address: return 1;
        case SYS_ioctl: return -ENOTTY;
        case SYS_brk: return 0; // never granted: the library maps pages then
        default: return -ENOSYS;
    }
}

_Noreturn void title_main(void) {
    static char name[] = "program";
    // The stack as a Linux kernel fills it: arguments, environment, auxiliary vector.
    static long block[] = {(long)name, 0, 0, AT_PAGESZ, PAGE, AT_NULL, 0};
    __libc_start_main(main, 1, (char **)block, 0, 0, 0);
    title_exit(0);
}
