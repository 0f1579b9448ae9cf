// The game's clock. With -steady it goes on by what the game sleeps and by nothing else, so that
// every machine shows the same pictures.
#define _GNU_SOURCE
#include "i_timer.h"
#include <time.h>
#include "m_argv.h"

static int is_steady;
static int64_t begun, slept;

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void I_InitTimer(void) {
    is_steady = M_CheckParm("-steady") > 0;
    begun = milliseconds();
}

int I_GetTimeMS(void) { return (int)(is_steady ? slept : milliseconds() - begun); }

int I_GetTime(void) { return (int)((int64_t)I_GetTimeMS() * TICRATE / 1000); }

void I_Sleep(int ms) {
    slept += ms;
    if (is_steady) return;
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

void I_WaitVBL(int count) { I_Sleep(count * 1000 / 70); }
