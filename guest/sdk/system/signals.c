// Signals that a title sends itself: their handlers are called at once, or when they are let through again. Nobody else sends
// any.
#include <errno.h>
#include <signal.h>
#include <string.h>
#include "system.h"

enum { SIGNALS = 64 };
// As the C library hands it over.
struct action {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    uint32_t mask[2];
};

static struct action actions[SIGNALS + 1];
static uint32_t blocked[2], waiting[2];

static uint32_t word_of(int signal) { return (uint32_t)(signal - 1) / 32; }
static uint32_t bit_of(int signal) { return 1u << ((uint32_t)(signal - 1) % 32); }

static void deliver(int signal) {
    void (*handler)(int) = actions[signal].handler;
    int is_harmless = signal == SIGCHLD || signal == SIGCONT || signal == SIGURG || signal == SIGWINCH;
    if (handler == SIG_IGN || (handler == SIG_DFL && is_harmless)) return;
    if (handler == SIG_DFL) end_title(128 + signal);
    if (actions[signal].flags & SA_RESETHAND) actions[signal].handler = SIG_DFL;
    handler(signal);
}

long set_action(int signal, const void *action, void *old) {
    if (signal < 1 || signal > SIGNALS) return -EINVAL;
    if (old) memcpy(old, &actions[signal], sizeof *actions);
    if (action) memcpy(&actions[signal], action, sizeof *actions);
    return 0;
}

long set_mask(int how, const uint32_t *mask, uint32_t *old) {
    for (int i = 0; i < 2; i++) {
        uint32_t before = blocked[i];
        if (mask) {
            if (how == SIG_BLOCK) blocked[i] |= mask[i];
            else if (how == SIG_UNBLOCK) blocked[i] &= ~mask[i];
            else if (how == SIG_SETMASK) blocked[i] = mask[i];
            else return -EINVAL;
        }
        if (old) old[i] = before;
    }
    for (int signal = 1; signal <= SIGNALS; signal++) {
        uint32_t word = word_of(signal), bit = bit_of(signal);
        if (!(waiting[word] & ~blocked[word] & bit)) continue;
        waiting[word] &= ~bit;
        deliver(signal);
    }
    return 0;
}

long pending_signals(uint32_t *set, uint32_t size) {
    if (size > sizeof waiting) return -EINVAL;
    memcpy(set, waiting, size);
    return 0;
}

long send_signal(int signal) {
    if (signal < 0 || signal > SIGNALS) return -EINVAL;
    if (!signal) return 0;
    if (blocked[word_of(signal)] & bit_of(signal)) waiting[word_of(signal)] |= bit_of(signal);
    else deliver(signal);
    return 0;
}
