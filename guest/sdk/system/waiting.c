// Waiting until another thread has changed a word (futex): each waiter has a kernel event in a list.
#include <errno.h>
#include <time.h>
#include "system.h"

enum { WAIT, WAKE, REQUEUE = 3, COMPARE_REQUEUE = 4, OPERATION = 0x7F };
#define FOR_EVER 0x7fffffff

struct waiter {
    volatile int *word;
    uint32_t event;
    int is_woken;
    struct waiter *next;
};
// In the order in which they came.
static struct waiter *first;
static struct critical_section lock;

void begin_waiting(void) { RtlInitializeCriticalSection(&lock); }

static void add(struct waiter *waiter) {
    struct waiter **at = &first;
    while (*at) at = &(*at)->next;
    waiter->next = 0;
    *at = waiter;
}

static long wait(volatile int *word, int value, const int64_t *timeout) {
    struct waiter waiter = {word, 0, 0, 0};
    // 1: one that is taken back when a wait ends.
    if (failed(NtCreateEvent(&waiter.event, 0, 1, 0))) return -ENOMEM;
    RtlEnterCriticalSection(&lock);
    long result = *word == value ? 0 : -EAGAIN;
    if (!result) add(&waiter);
    RtlLeaveCriticalSection(&lock);
    if (!result) {
        status_t status = NtWaitForSingleObjectEx(waiter.event, 1, 0, timeout);
        RtlEnterCriticalSection(&lock);
        for (struct waiter **at = &first; *at; at = &(*at)->next) {
            if (*at != &waiter) continue;
            *at = waiter.next;
            break;
        }
        if (!waiter.is_woken) result = status == STATUS_TIMEOUT ? -ETIMEDOUT : -EINTR;
        RtlLeaveCriticalSection(&lock);
    }
    NtClose(waiter.event);
    return result;
}

// Wakes up to `count` of those who wait for `word`, and lets up to `move` others wait for `other` instead.
static long change_waiters(volatile int *word, int count, int move, volatile int *other) {
    long changed = 0;
    RtlEnterCriticalSection(&lock);
    struct waiter **at = &first;
    while (*at && (count > 0 || move > 0)) {
        struct waiter *waiter = *at;
        if (waiter->word != word) {
            at = &waiter->next;
            continue;
        }
        changed++;
        if (count > 0) {
            count--;
            *at = waiter->next;
            waiter->is_woken = 1;
            NtSetEvent(waiter->event, 0);
        } else {
            move--;
            waiter->word = other;
            at = &waiter->next;
        }
    }
    RtlLeaveCriticalSection(&lock);
    return changed;
}

void wake(volatile int *word, int count) { change_waiters(word, count, 0, 0); }

// A length of time, as the kernel has it: below zero, units of 100 ns.
static int64_t interval(const void *timeout, int is_long) {
    const int64_t *wide = timeout;
    const int32_t *narrow = timeout;
    int64_t second = is_long ? wide[0] : narrow[0], nanosecond = is_long ? narrow[3] : narrow[1];
    if (second > FOR_EVER) second = FOR_EVER;
    return -(second * 10000000 + (nanosecond + 99) / 100);
}

long futex(volatile int *word, int operation, int value, const void *timeout, int is_long, volatile int *other) {
    switch (operation & OPERATION) {
        case WAIT: {
            int64_t time = timeout ? interval(timeout, is_long) : 0;
            return wait(word, value, timeout ? &time : 0);
        }
        case WAKE: return change_waiters(word, value, 0, 0);
        // The timeout is how many are moved.
        case REQUEUE: return change_waiters(word, value, (int)(uintptr_t)timeout, other);
        default: return -ENOSYS;
    }
}
