// Interlocked lists: what is first, how many there are, and six threads that take and give.
#include "suite.h"

static struct list_head head;
static struct entry entries[8];

static void last_in_first_out(void) {
    memset(&head, 0, sizeof head);
    EXPECT(InterlockedPopEntrySList(&head), 0);
    EXPECT(InterlockedPushEntrySList(&head, &entries[0]), 0);
    EXPECT(InterlockedPushEntrySList(&head, &entries[1]), &entries[0]);
    EXPECT(InterlockedPushEntrySList(&head, &entries[2]), &entries[1]);
    EXPECT(head.first, &entries[2]);
    EXPECT(head.depth, 3);
    EXPECT(InterlockedPopEntrySList(&head), &entries[2]);
    EXPECT(head.depth, 2);
    EXPECT(InterlockedPopEntrySList(&head), &entries[1]);
    EXPECT(InterlockedPopEntrySList(&head), &entries[0]);
    EXPECT(InterlockedPopEntrySList(&head), 0);
    EXPECT(head.depth, 0);
}

static void flushed(void) {
    memset(&head, 0, sizeof head);
    EXPECT(InterlockedFlushSList(&head), 0);
    for (int i = 0; i < 4; i++) InterlockedPushEntrySList(&head, &entries[i]);
    struct entry *entry = InterlockedFlushSList(&head);
    for (int i = 3; i >= 0; i--, entry = entry->next) EXPECT(entry, &entries[i]);
    EXPECT(entry, 0);
    EXPECT(head.first, 0);
    EXPECT(head.depth, 0);
}

static void changes_are_counted(void) {
    memset(&head, 0, sizeof head);
    InterlockedPushEntrySList(&head, &entries[0]);
    uint32_t sequence = head.sequence;
    InterlockedPopEntrySList(&head);
    InterlockedPushEntrySList(&head, &entries[0]);
    // The same entry is first, and the head is another value.
    EXPECT(head.sequence != sequence, 1);
}

enum { ROUNDS = 150 };

static uint32_t take_and_give(uint32_t argument) {
    (void)argument;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct entry *entry;
        while (!(entry = InterlockedPopEntrySList(&head))) NtYieldExecution();
        uint32_t before = entry->value;
        for (volatile uint32_t j = 0; j < i % 8; j++) {
        }
        entry->value = before + 1;
        InterlockedPushEntrySList(&head, entry);
    }
    return 0;
}

static void six_threads(void) {
    uint32_t threads[6], count = 0, total = 0;
    memset(&head, 0, sizeof head);
    for (uint32_t i = 0; i < 4; i++) {
        entries[i].value = 0;
        InterlockedPushEntrySList(&head, &entries[i]);
    }
    for (uint32_t i = 0; i < 6; i++) threads[i] = start(take_and_give, 0, ON(i));
    for (uint32_t i = 0; i < 6; i++) EXPECT(join(threads[i]), 0);
    EXPECT(head.depth, 4);
    struct entry *entry;
    while (count < 8 && (entry = InterlockedPopEntrySList(&head))) {
        count++;
        total += entry->value;
    }
    EXPECT(count, 4);
    EXPECT(total, 6 * ROUNDS);
}

SUBJECT(lists, {"last_in_first_out", last_in_first_out}, {"flushed", flushed},
        {"changes_are_counted", changes_are_counted}, {"six_threads", six_threads});
