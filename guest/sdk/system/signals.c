// Signals that a title sends itself: their handlers are called at once, or when the thread lets
// them through again. Nobody else sends any.
#include <errno.h>
#include <signal.h>
#include <string.h>
#include "system.h"

enum { SIGNALS = 64 };
// As the C library hands it over.
struct action {
    union {
        void (*handler)(int);
        void (*detailed)(int, siginfo_t *, void *);
    };
    unsigned long flags;
    void (*restorer)(void);
    uint32_t mask[2];
};

static struct action actions[SIGNALS + 1];
// Sent to the title, not to one thread: the sender takes them, or the first thread that lets them
// through when it changes its mask or sends a signal. No thread is interrupted.
static volatile uint32_t shared[2];

static uint32_t word_of(int signal) { return (uint32_t)(signal - 1) / 32; }
static uint32_t bit_of(int signal) { return 1u << ((uint32_t)(signal - 1) % 32); }

static void set_blocked(struct thread_signals *own, const uint32_t mask[2]) {
    own->blocked[0] = mask[0] & ~(bit_of(SIGKILL) | bit_of(SIGSTOP));
    own->blocked[1] = mask[1];
}

// Takes the lowest signal that is not blocked from a set; 0 if there is none.
static int take(volatile uint32_t set[2], const uint32_t blocked[2]) {
    for (int i = 0; i < 2; i++) {
        uint32_t ready;
        while ((ready = set[i] & ~blocked[i])) {
            uint32_t bit = ready & -ready;
            // Another thread may have taken it meanwhile.
            if (__sync_fetch_and_and(&set[i], ~bit) & bit) return 32 * i + __builtin_ctz(bit) + 1;
        }
    }
    return 0;
}

static void deliver(struct thread_signals *own, int signal, int code);

static void deliver_waiting(struct thread_signals *own) {
    for (;;) {
        int code = SI_TKILL, signal = take(own->waiting, own->blocked);
        if (!signal) {
            code = SI_USER;
            signal = take(shared, own->blocked);
        }
        if (!signal) return;
        deliver(own, signal, code);
    }
}

static int is_ignored(int signal, void (*handler)(int)) {
    int is_harmless = signal == SIGCHLD || signal == SIGCONT || signal == SIGURG || signal == SIGWINCH;
    return handler == SIG_IGN || (handler == SIG_DFL && is_harmless);
}

// A handler gets no context: it is called like a function, so that it can't change registers.
static void deliver(struct thread_signals *own, int signal, int code) {
    struct action action = actions[signal];
    if (is_ignored(signal, action.handler)) return;
    if (action.handler == SIG_DFL) end_title(128 + signal);
    if (action.flags & SA_RESETHAND) actions[signal].handler = SIG_DFL;
    uint32_t before[2] = {own->blocked[0], own->blocked[1]};
    uint32_t during[2] = {before[0] | action.mask[0], before[1] | action.mask[1]};
    if (!(action.flags & SA_NODEFER)) during[word_of(signal)] |= bit_of(signal);
    set_blocked(own, during);
    // Linux makes the frames of all signals before a handler runs: the last one's runs first.
    deliver_waiting(own);
    if (action.flags & SA_SIGINFO) {
        siginfo_t information = {.si_signo = signal, .si_code = code};
        information.si_pid = PROCESS;
        action.detailed(signal, &information, 0);
    } else {
        action.handler(signal);
    }
    set_blocked(own, before);
}

long set_action(int signal, const void *action, void *old) {
    if (signal < 1 || signal > SIGNALS) return -EINVAL;
    if (action && (signal == SIGKILL || signal == SIGSTOP)) return -EINVAL;
    if (old) memcpy(old, &actions[signal], sizeof *actions);
    if (!action) return 0;
    memcpy(&actions[signal], action, sizeof *actions);
    if (is_ignored(signal, actions[signal].handler)) {
        // Linux drops one that waits, also of other threads. Theirs is dropped when they take it.
        __sync_fetch_and_and(&shared[word_of(signal)], ~bit_of(signal));
        __sync_fetch_and_and(&own_signals()->waiting[word_of(signal)], ~bit_of(signal));
    }
    return 0;
}

long set_mask(int how, const uint32_t *mask, uint32_t *old) {
    struct thread_signals *own = own_signals();
    uint32_t before[2] = {own->blocked[0], own->blocked[1]};
    uint32_t after[2] = {before[0], before[1]};
    for (int i = 0; mask && i < 2; i++) {
        if (how == SIG_BLOCK) after[i] = before[i] | mask[i];
        else if (how == SIG_UNBLOCK) after[i] = before[i] & ~mask[i];
        else if (how == SIG_SETMASK) after[i] = mask[i];
        else return -EINVAL;
    }
    set_blocked(own, after);
    if (old) memcpy(old, before, sizeof before);
    deliver_waiting(own);
    return 0;
}

long pending_signals(uint32_t *set, uint32_t size) {
    struct thread_signals *own = own_signals();
    uint32_t waiting[2] = {own->waiting[0] | shared[0], own->waiting[1] | shared[1]};
    if (size > sizeof waiting) return -EINVAL;
    memcpy(set, waiting, size);
    return 0;
}

long send_signal(int signal, int to_title) {
    if (signal < 0 || signal > SIGNALS) return -EINVAL;
    if (!signal) return 0;
    struct thread_signals *own = own_signals();
    volatile uint32_t *set = to_title ? shared : own->waiting;
    __sync_fetch_and_or(&set[word_of(signal)], bit_of(signal));
    deliver_waiting(own);
    return 0;
}
