// Memory, jumps, arguments and environment, formats, sorting, signals, what is done at the end.
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { BLOCKS = 2000 };
static jmp_buf back;
static volatile sig_atomic_t caught;

static void at_end(void) { printf("at the end\n"); }
static void note(int signal) { caught += signal; }
static void jump(int depth) {
    volatile char room[1000];
    room[0] = (char)depth;
    if (depth) jump(depth - 1);
    longjmp(back, 7 + room[0]);
}
static int backwards(const void *a, const void *b) { return strcmp(*(char *const *)b, *(char *const *)a); }

int main(int argc, char **argv) {
    atexit(at_end);
    for (int i = 1; i < argc; i++) printf("[%s]\n", argv[i]);
    printf("%s\n", getenv("SETTING"));
    setenv("OTHER", "x", 1);
    printf("%s %d\n", getenv("OTHER"), getenv("NONE") == 0);
    uint32_t state = 1, sum = 0;
    static struct {
        unsigned char *at;
        uint32_t size;
    } blocks[BLOCKS];
    for (int i = 0; i < 60000; i++) {
        state = state * 1664525 + 1013904223;
        uint32_t which = (state >> 16) % BLOCKS, size = (state >> 4) % (i % 500 ? 3000 : 400000);
        unsigned char *at = blocks[which].at;
        for (uint32_t j = 0; j < blocks[which].size; j += 97) {
            if (at[j] != (unsigned char)which) abort();
            sum += at[j];
        }
        if (i % 3 == 0) {
            free(at);
            at = calloc(1, size + 1);
            for (uint32_t j = 0; j < size; j += 31)
                if (at[j]) abort();
        } else {
            at = realloc(at, size + 1);
        }
        if (!at) return 1;
        memset(at, (int)which, size);
        blocks[which].at = at;
        blocks[which].size = size;
    }
    printf("sum %u\n", sum);
    for (int i = 0; i < BLOCKS; i++) free(blocks[i].at);
    // Freed memory can be allocated again, any number of times.
    for (int i = 0; i < 300; i++) {
        char *large = malloc(20 << 20);
        if (!large) return 2;
        large[0] = large[(20 << 20) - 1] = 1;
        free(large);
    }
    errno = 0;
    void *volatile too_much = malloc(0x7ff00000u * (size_t)(sizeof(void *) == 4 ? 1 : 1 << 20));
    printf("too much: %d %d\n", too_much == 0, errno == ENOMEM);
    char *mapped = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mapped[1 << 19] = 5;
    printf("mapped %d %d", mapped != MAP_FAILED, mprotect(mapped, 1 << 20, PROT_READ));
    printf(" %d", mapped[1 << 19]);
    printf(" %d\n", munmap(mapped, 1 << 20));
    int way = setjmp(back);
    if (!way) jump(20);
    printf("back %d\n", way);
    signal(SIGUSR1, note);
    raise(SIGUSR1);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, 0);
    raise(SIGUSR1);
    int before = caught;
    sigset_t pending;
    printf("pending %d", sigpending(&pending));
    printf(" %d %d", sigismember(&pending, SIGUSR1), sigismember(&pending, SIGUSR2));
    sigprocmask(SIG_UNBLOCK, &set, 0);
    printf(" %d", sigpending(&pending));
    printf(" %d\n", sigismember(&pending, SIGUSR1));
    printf("signals %d %d\n", before == SIGUSR1, caught == 2 * SIGUSR1);
    char *words[] = {"pear", "apple", "fig", "plum"};
    qsort(words, 4, sizeof *words, backwards);
    printf("%s %s\n", words[0], words[3]);
    printf("%.3f %g %a %5d|%-5d|%05d %x %s %lld\n", 3.14159, 1e100, 1.5, 42, 42, 42, 255, "text", 1ll << 40);
    printf("%d %ld %g\n", atoi("12x"), strtol("-7f", 0, 16), strtod("1e3", 0));
    fprintf(stderr, "%s", "");
    return 3;
}
