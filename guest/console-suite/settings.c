// Settings of profiles.
#include "console.h"

#define VIBRATION 0x10040003u
#define OWN 0x63E83FFFu

struct item {
    uint32_t source, pad, user[2], id, pad2, kind, pad3, value[2];
};

static struct {
    uint32_t count;
    struct item *first;
    uint8_t rest[0x800];
} got;

static uint32_t read(uint32_t id, uint32_t *size) {
    memset(&got, 0xEE, sizeof got);
    return read_settings(0, 0, 0, 0, 1, &id, size, &got, 0);
}

static void asked_how_large(void) {
    uint32_t size = 0;
    EXPECT(read(OWN, &size), INSUFFICIENT_BUFFER);
    EXPECT(size, 8 + 0x28 + 1000);
    size--;
    EXPECT(read(OWN, &size), INSUFFICIENT_BUFFER);
    EXPECT(size, 8 + 0x28 + 999);
}

static void at_first(void) {
    uint32_t size = sizeof got;
    EXPECT(read(VIBRATION, &size), 0);
    EXPECT(got.count, 1);
    EXPECT(got.first->source, 1);
    EXPECT(got.first->id, VIBRATION);
    EXPECT(got.first->user[0], 0);
    EXPECT(got.first->kind >> 24, 1);
    EXPECT(got.first->value[0], 3);
}

static void set_and_read(void) {
    static const char text[] = "options of the title";
    uint32_t size = sizeof got, id, parameter, listener = create_listener(1, 0);
    struct item item = {.id = OWN, .kind = 6u << 24, .value = {sizeof text, (uint32_t)text}};
    EXPECT(XamUserWriteProfileSettings(0, 0, 1, &item, 0), 0);
    EXPECT(XNotifyGetNext(listener, 0xE, &id, &parameter), 1);
    EXPECT(parameter, 1);
    EXPECT(read(OWN, &size), 0);
    EXPECT(got.first->source, 2);
    EXPECT(got.first->value[0], sizeof text);
    EXPECT(memcmp((void *)got.first->value[1], text, sizeof text), 0);
    item.value[0] = 1001;
    EXPECT(XamUserWriteProfileSettings(0, 0, 1, &item, 0), BAD_PARAMETER);
    EXPECT(XamUserWriteProfileSettings(0, 3, 1, &item, 0), BAD_PARAMETER);
    NtClose(listener);
}

static void of_nobody(void) {
    uint32_t size = sizeof got, id = OWN, length = 9;
    struct overlapped overlapped = {0};
    EXPECT(read_settings(0, 3, 0, 0, 1, &id, &size, &got, 0), NO_SUCH_USER);
    EXPECT(read_settings(0, 3, 0, 0, 1, &id, &size, &got, &overlapped), IO_PENDING);
    // It has no event: the structure is waited for.
    EXPECT(XamGetOverlappedResult(&overlapped, &length, 1), FUNCTION_FAILED);
    EXPECT(overlapped.extended, 0x80070525);
    EXPECT(length, 0xFFFFFFFF);
}

SUBJECT(settings, {"asked_how_large", asked_how_large}, {"at_first", at_first}, {"set_and_read", set_and_read},
        {"of_nobody", of_nobody});
