// Achievements: listed, reported, and counted in the profile.
#include "console.h"

enum { GAMES = 0xFB, WRITE_ACHIEVEMENTS = 0xB0008, EARNED = 0x20000, TEXTS = 7 };

struct details {
    uint32_t id;
    const uint16_t *texts[3];
    uint32_t image, score, time[2], flags;
};

static union {
    struct details details[2];
    uint8_t bytes[2 * (sizeof(struct details) + 464)];
} list;

static uint32_t achieve(uint32_t user, uint32_t id) {
    uint32_t pairs[2] = {user, id}, buffer[2] = {1, (uint32_t)pairs};
    return XMsgInProcessCall(GAMES, WRITE_ACHIEVEMENTS, (uint32_t)buffer, sizeof buffer);
}

// How many are listed from one on.
static uint32_t listed(uint32_t flags, uint32_t start, uint32_t items) {
    uint32_t size = 0, handle = 0, count = 0;
    EXPECT(create_achievements(0, 0, flags, start, items, &size, &handle), 0);
    EXPECT(size, items * (sizeof(struct details) + (flags ? 464 : 0)));
    EXPECT(XamEnumerate(handle, 0, &list, size, &count, 0), count ? 0 : NO_MORE_FILES);
    EXPECT(NtClose(handle), SUCCESS);
    return count;
}

static uint32_t setting(uint32_t id) {
    static uint32_t buffer[16];
    uint32_t size = sizeof buffer;
    EXPECT(read_settings(0, 0, 0, 0, 1, &id, &size, buffer, 0), 0);
    return buffer[(8 + 0x18 + 8) / 4];
}

static void what_there_is(void) {
    EXPECT(listed(TEXTS, 0, 2), 2);
    EXPECT(list.details[0].id, 1);
    EXPECT(list.details[0].score, 10);
    EXPECT(list.details[0].flags, 9);
    EXPECT(list.details[0].time[0] | list.details[0].time[1], 0);
    EXPECT(list.details[0].texts[0] == (void *)&list.details[2], 1);
    EXPECT(list.details[0].texts[0][0], 'F');
    EXPECT(list.details[0].texts[0][5], 0);
    EXPECT(list.details[0].texts[2][0], 'D');
    EXPECT(list.details[1].id, 7);
    EXPECT(list.details[1].image, 5);
    EXPECT(list.details[1].texts[0][0], 'S');
    EXPECT(listed(0, 1, 1), 1);
    EXPECT(list.details[0].id, 7);
    EXPECT(list.details[0].texts[0] == 0, 1);
    EXPECT(listed(0, 2, 1), 0);
}

static void what_is_done(void) {
    uint32_t before = setting(0x10040006);
    EXPECT(achieve(0, 7), 0);
    EXPECT(listed(0, 0, 2), 2);
    EXPECT(list.details[0].flags & EARNED, 0);
    EXPECT(list.details[1].flags, 3 | EARNED);
    EXPECT(list.details[1].time[0] != 0, 1);
    uint32_t time = list.details[1].time[1];
    sleep_ms(1);
    EXPECT(achieve(0, 7), 0);
    EXPECT(listed(0, 1, 1), 1);
    EXPECT(list.details[0].time[1], time);
    EXPECT(setting(0x10040006), before + 25);
    EXPECT(setting(0x10040038), 25);
    EXPECT(setting(0x10040039), 1);
}

static void what_is_refused(void) {
    uint32_t size = 9, handle = 9;
    EXPECT(achieve(0, 99), 0);
    EXPECT(achieve(3, 1), 0x80070525);
    EXPECT(achieve(4, 1), 0x80070525);
    EXPECT(create_achievements(0, 4, 0, 0, 1, &size, &handle), BAD_PARAMETER);
    EXPECT(create_achievements(0, 3, 0, 0, 1, &size, &handle), NO_SUCH_USER);
    EXPECT(create_achievements(0, 0, 0, 0, 0, &size, &handle), BAD_PARAMETER);
    EXPECT(create_achievements(0x12345678, 0, 0, 0, 1, &size, &handle), 0);
    EXPECT(XamEnumerate(handle, 0, &list, size, &size, 0), NO_MORE_FILES);
    EXPECT(NtClose(handle), SUCCESS);
}

SUBJECT(achievements, {"what_there_is", what_there_is}, {"what_is_done", what_is_done},
        {"what_is_refused", what_is_refused});
