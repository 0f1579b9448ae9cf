// Clocks: the kernel's system time. Clocks of processor time there are none.
#include <errno.h>
#include <time.h>
#include "system.h"

enum { ABSOLUTE = 1 };
static int64_t begun;

int64_t system_time(void) {
    int64_t time;
    KeQuerySystemTime(&time);
    return time;
}

static void store(void *to, int is_long, int64_t second, int32_t rest) {
    int32_t *narrow = to;
    if (is_long) {
        *(int64_t *)to = second;
        narrow[2] = 0;
        narrow[3] = rest;
    } else {
        narrow[0] = (int32_t)second;
        narrow[1] = rest;
    }
}

static int64_t load(const void *from, int is_long) {
    const int32_t *narrow = from;
    int64_t second = is_long ? *(const int64_t *)from : narrow[0];
    int32_t rest = is_long ? narrow[3] : narrow[1];
    if (second > 0x7fffffffffll) second = 0x7fffffffffll;
    return second * 10000000 + (rest + 99) / 100;
}

long read_clock(int clock, void *to, int is_long) {
    int64_t time = system_time();
    if (!begun) begun = time;
    switch (clock) {
        case CLOCK_REALTIME:
        case CLOCK_REALTIME_COARSE: time -= EPOCH; break;
        case CLOCK_MONOTONIC:
        case CLOCK_MONOTONIC_RAW:
        case CLOCK_MONOTONIC_COARSE:
        case CLOCK_BOOTTIME:
        // The title's time is all that has passed: no other program runs.
        case CLOCK_PROCESS_CPUTIME_ID: time -= begun; break;
        default: return -EINVAL;
    }
    store(to, is_long, time / 10000000, (int32_t)(time % 10000000) * 100);
    return 0;
}

static void sleep_for(int64_t units) {
    if (units <= 0) return;
    int64_t interval = -units;
    KeDelayExecutionThread(1, 0, &interval);
}

long wait_until(int clock, int flags, const void *time, int is_long) {
    int64_t units = load(time, is_long);
    if (flags & ABSOLUTE) {
        int64_t now = system_time();
        units += clock == CLOCK_REALTIME ? EPOCH - now : begun - now;
    }
    sleep_for(units);
    return 0;
}

// select and poll, of nothing.
long pass_time(const void *time, int is_long, int in_microseconds) {
    const int32_t *narrow = time;
    if (!time) return -EINVAL;
    sleep_for(in_microseconds ? (int64_t)narrow[0] * 10000000 + narrow[1] * 10 : load(time, is_long));
    return 0;
}
