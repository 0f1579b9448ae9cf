// Runs kernels on request and times them: how `xenia-rs bench` measures
// other ways to run the same sources.
//
// A line of standard input is "NAME ROUNDS REPEATS"; the reply is "NANOSECONDS ANSWER", the time
// being that of all the repeats. An unknown name is answered with "0 0". Ends with its input.
#include "suite.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int main(void) {
    static const struct { const char *name; uint32_t (*run)(uint32_t rounds); } kernels[] = {
#define ROW(name, rounds) {#name, kernel_##name},
        FOR_EACH_KERNEL(ROW)
    };
    char name[64];
    unsigned rounds, repeats;
    while (scanf("%63s %u %u", name, &rounds, &repeats) == 3) {
        uint64_t elapsed = 0;
        uint32_t answer = 0;
        for (unsigned i = 0; i < sizeof kernels / sizeof *kernels; i++) {
            if (strcmp(name, kernels[i].name)) continue;
            uint64_t start = now_ns();
            for (unsigned j = 0; j < repeats; j++) answer = kernels[i].run(rounds);
            elapsed = now_ns() - start;
        }
        printf("%llu %u\n", (unsigned long long)elapsed, answer);
        fflush(stdout);
    }
    return 0;
}
