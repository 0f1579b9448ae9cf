// Waiting until another thread has changed a word (futex): each
// waiter has a kernel event in a list.
//
// Events are kept from wait to wait: making and closing one costs more than the wait. An event is
// signalled once, under the lock, after its waiter left the list: a late wake cannot reach the next
// wait for it.
#include <errno.h>
#include <time.h>
#include "system.h"

enum { WAIT, WAKE, REQUEUE = 3, COMPARE_REQUEUE = 4, OPERATION = 0x7F };
// Waits at one time that use kept events; further ones make an event each.
enum { MAX_KEPT_WAITERS = 64 };
#define FOR_EVER 0x7fffffff

struct waiter {
    volatile int *word;
    // Not signalled while the waiter is unused.
    uint32_t event;
    int is_woken;
    // Set under the lock; cleared without it, by the thread that waited, as its last access.
    volatile int is_used;
    struct waiter *next;
};
static struct waiter kept[MAX_KEPT_WAITERS];
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

static void take_off(struct waiter *waiter) {
    for (struct waiter **at = &first; *at; at = &(*at)->next) {
        if (*at != waiter) continue;
        *at = waiter->next;
        break;
    }
}

static struct waiter *unused_waiter(void) {
    for (int i = 0; i < MAX_KEPT_WAITERS; i++)
        if (!kept[i].is_used) return &kept[i];
    return 0;
}

// Puts a waiter on the list, unless the word has another value.
static long begin_wait(struct waiter *waiter, volatile int *word, int value) {
    // 1: one that is taken back when a wait ends.
    if (!waiter->event && failed(NtCreateEvent(&waiter->event, 0, 1, 0))) {
        waiter->event = 0;
        return -ENOMEM;
    }
    waiter->word = word;
    waiter->is_woken = 0;
    add(waiter);
    // The list is written before the word is read; change_waiters reads the list after the word was
    // written.
    __sync_synchronize();
    if (*word == value) {
        waiter->is_used = 1;
        return 0;
    }
    take_off(waiter);
    return -EAGAIN;
}

// The result of a wait that ended otherwise than by its event.
static long end_unsignalled(struct waiter *waiter, status_t status) {
    long result = 0;
    RtlEnterCriticalSection(&lock);
    if (waiter->is_woken) {
        // Woken since the wait's end: the event is signalled, and would end a later wait.
        NtClose(waiter->event);
        waiter->event = 0;
    } else {
        take_off(waiter);
        result = status == STATUS_TIMEOUT ? -ETIMEDOUT : -EINTR;
    }
    RtlLeaveCriticalSection(&lock);
    return result;
}

static long wait(volatile int *word, int value, const int64_t *timeout) {
    struct waiter extra = {0};
    RtlEnterCriticalSection(&lock);
    struct waiter *waiter = unused_waiter();
    if (!waiter) waiter = &extra;
    long result = begin_wait(waiter, word, value);
    RtlLeaveCriticalSection(&lock);
    if (!result) {
        status_t status = NtWaitForSingleObjectEx(waiter->event, 1, 0, timeout);
        if (status) result = end_unsignalled(waiter, status);
        waiter->is_used = 0;
    }
    if (extra.event) NtClose(extra.event);
    return result;
}

// Wakes up to `count` of those who wait for `word`, and lets up to `move`
// others wait for `other` instead.
static long change_waiters(volatile int *word, int count, int move, volatile int *other) {
    long changed = 0;
    // The caller has written the word: a wait that isn't on the list yet reads the new value.
    __sync_synchronize();
    if (!__atomic_load_n(&first, __ATOMIC_RELAXED)) return 0;
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
            // The last use of `waiter`: from here on it may serve another wait.
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
