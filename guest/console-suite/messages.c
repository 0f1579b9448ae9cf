// Messages to the console's applications.
#include "console.h"

enum { PLAYER = 0xFA, GAMES = 0xFB, ONLINE = 0xFC, SYSTEM = 0xFE };
#define FAIL 0x80004005u
#define INVALID_ARGUMENT 0x80070057u

static uint32_t send(uint32_t application, uint32_t message, void *buffer) {
    return XMsgInProcessCall(application, message, (uint32_t)buffer, 0);
}

static void contexts(void) {
    uint32_t set[6] = {0, 0, 0, 0, 0x8001, 7}, pair[2] = {0x8001, 0};
    uint32_t get[8] = {0, 0, 0, 0, 0, (uint32_t)pair, 0, 0};
    EXPECT(send(GAMES, 0xB0006, set), 0);
    EXPECT(send(GAMES, 0xB0041, get), 0);
    EXPECT(pair[1], 7);
    pair[0] = 0x8002;
    EXPECT(send(GAMES, 0xB0041, get), INVALID_ARGUMENT);
    set[0] = 3;
    EXPECT(send(GAMES, 0xB0006, set), 0x80070490);
}

static void properties(void) {
    uint32_t value = 99, set[8] = {0, 0, 0, 0, 0x10000001, 4, (uint32_t)&value, 0};
    uint32_t property[6] = {0x10000001}, get[8] = {0, 0, 0, 0, 0, 0, (uint32_t)property, 0};
    EXPECT(send(GAMES, 0xB0007, set), 0);
    EXPECT(send(GAMES, 0xB0041, get), 0);
    EXPECT(property[2] >> 24, 1);
    EXPECT(property[4], 99);
}

static void offline(void) {
    uint32_t out = 0;
    EXPECT(send(ONLINE, 0x58003, 0), 0x001510F1);
    EXPECT(send(ONLINE, 0x58006, &out), 0x80151802);
    EXPECT(out, 0);
    EXPECT(send(ONLINE, 0x58004, &out), 0);
    EXPECT(out, 1);
}

static void the_player_is_idle(void) {
    uint32_t state = 9, volume = 0, status[2] = {2, (uint32_t)&state}, get[2] = {2, (uint32_t)&volume};
    uint32_t set[2] = {2, 0x3F000000};
    EXPECT(send(PLAYER, 0x70009, status), 0);
    EXPECT(state, 0);
    EXPECT(send(PLAYER, 0x7000C, set), 0);
    EXPECT(send(PLAYER, 0x7000B, get), 0);
    EXPECT(volume, 0x3F000000);
}

static void in_the_background(void) {
    uint32_t type = 9, length = 9, buffer[2] = {(uint32_t)&type, 0};
    struct overlapped overlapped = {0};
    NtCreateEvent(&overlapped.event, 0, MANUAL_EVENT, 1);
    EXPECT(XMsgStartIORequest(SYSTEM, 0x22005, &overlapped, buffer, 8), IO_PENDING);
    EXPECT(wait_handle(overlapped.event, &long_wait), SUCCESS);
    EXPECT(overlapped.result, 0);
    EXPECT(type, 0);
    EXPECT(XMsgStartIORequest(SYSTEM, 0x2FFFF, &overlapped, buffer, 8), IO_PENDING);
    EXPECT(XamGetOverlappedResult(&overlapped, &length, 1), FAIL);
    EXPECT(overlapped.extended, FAIL);
    EXPECT(length, 0);
    overlapped.result = IO_PENDING;
    EXPECT(XamGetOverlappedResult(&overlapped, &length, 0), IO_INCOMPLETE);
    EXPECT(XMsgCompleteIORequest(&overlapped, 5, 0x80070005, 3), 0);
    EXPECT(XamGetOverlappedResult(&overlapped, &length, 1), 5);
    EXPECT(length, 3);
    NtClose(overlapped.event);
}

static uint32_t complete_later(uint32_t overlapped) {
    sleep_ms(2);
    return XMsgCompleteIORequest((struct overlapped *)overlapped, 7, 0x80070007, 11);
}

// The request's event wakes waiting threads, which read the result from the structure.
static void waited_for(void) {
    uint32_t length = 0;
    struct overlapped pending = {.result = IO_PENDING};
    NtCreateEvent(&pending.event, 0, MANUAL_EVENT, 0);
    uint32_t thread = start(complete_later, (uint32_t)&pending, ON(2));
    EXPECT(XamGetOverlappedResult(&pending, &length, 1), 7);
    EXPECT(length, 11);
    EXPECT(pending.extended, 0x80070007);
    EXPECT(join(thread), 0);
    EXPECT(XamGetOverlappedResult(&pending, 0, 1), 7);
    NtClose(pending.event);
}

static void looked_at_again_and_again(void) {
    uint32_t type = 9, length = 9, result, buffer[2] = {(uint32_t)&type, 0};
    struct overlapped overlapped = {0};
    EXPECT(XMsgStartIORequest(SYSTEM, 0x2FFFF, &overlapped, buffer, 8), IO_PENDING);
    do result = XamGetOverlappedResult(&overlapped, &length, 0);
    while (result == IO_INCOMPLETE);
    EXPECT(result, FAIL);
    EXPECT(length, 0);
    EXPECT(XMsgStartIORequest(SYSTEM, 0x22005, &overlapped, buffer, 8), IO_PENDING);
    EXPECT(wait_until(&overlapped.result, 0), 1);
}

static uint32_t heard[3];

static void hear(uint32_t result, uint32_t length, struct overlapped *overlapped) {
    heard[0] = result;
    heard[1] = length;
    heard[2] = (uint32_t)overlapped;
}

static void its_routine_is_called(void) {
    uint32_t buffer[2] = {0, 0};
    static struct overlapped overlapped;
    overlapped.routine = (uint32_t)hear;
    heard[1] = 9;
    EXPECT(XMsgStartIORequest(SYSTEM, 0x2FFFF, &overlapped, buffer, 8), IO_PENDING);
    EXPECT(KeDelayExecutionThread(1, 1, &long_wait), USER_APC);
    EXPECT(heard[0], FAIL);
    EXPECT(heard[1], 0);
    EXPECT(heard[2], &overlapped);
    EXPECT(overlapped.result, FAIL);
}

static void to_nobody(void) {
    EXPECT(send(0x77, 1, 0), INVALID_ARGUMENT);
    EXPECT(send(GAMES, 0xBFFFF, 0), FAIL);
}

SUBJECT(messages, {"contexts", contexts}, {"properties", properties}, {"offline", offline},
        {"the_player_is_idle", the_player_is_idle}, {"in_the_background", in_the_background},
        {"waited_for", waited_for}, {"looked_at_again_and_again", looked_at_again_and_again},
        {"its_routine_is_called", its_routine_is_called}, {"to_nobody", to_nobody});
