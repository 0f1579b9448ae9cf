// Sessions of several players on one console.
#include "console.h"

enum { GAMES = 0xFB, HOST = 1, PEERS = 0x20, ARBITRATION = 0x10 };
#define SESSION_NOT_FOUND 0x80155200u
#define SESSION_FULL 0x80155202u
#define SESSION_WRONG_STATE 0x80155206u
#define SESSION_NOT_LOGGED_ON 0x80155209u

static uint32_t info[15], nonce[2];

static uint32_t send(uint32_t message, void *buffer) {
    return XMsgInProcessCall(GAMES, message, (uint32_t)buffer, 0);
}

static uint32_t create(uint32_t *object, uint32_t flags) {
    uint32_t buffer[7] = {(uint32_t)object, flags, 2, 0, 0, (uint32_t)info, (uint32_t)nonce};
    return send(0xB0010, buffer);
}

static uint32_t change(uint32_t message, uint32_t *object) {
    uint32_t buffer[2] = {(uint32_t)object, 0};
    return send(message, buffer);
}

static void played(void) {
    static uint32_t details[36];
    uint32_t handle = 0, *object = 0, user = 0, private = 0;
    uint64_t xuid = 0, other = 0xE000000000000077;
    EXPECT(XamSessionCreateHandle(&handle), 0);
    EXPECT(XamSessionRefObjByHandle(handle, &object), 0);
    EXPECT(object[0], handle);
    EXPECT(change(0xB0014, object), SESSION_NOT_FOUND);
    EXPECT(create(object, HOST | PEERS), 0);
    EXPECT(info[0] >> 28, 0);
    EXPECT((nonce[0] | nonce[1]) != 0, 1);
    uint32_t local[5] = {(uint32_t)object, 1, 0, (uint32_t)&user, (uint32_t)&private};
    uint32_t remote[5] = {(uint32_t)object, 1, (uint32_t)&other, 0, 0};
    EXPECT(send(0xB0012, local), 0);
    EXPECT(send(0xB0012, remote), 0);
    other++;
    EXPECT(send(0xB0012, remote), SESSION_FULL);
    EXPECT(change(0xB0014, object), 0);
    EXPECT(change(0xB0014, object), SESSION_WRONG_STATE);
    uint32_t room = sizeof details;
    uint32_t describe[3] = {(uint32_t)object, (uint32_t)&room, (uint32_t)details};
    EXPECT(send(0xB001D, describe), 0);
    EXPECT(room, 0xA0);
    EXPECT(details[0x20 / 4], 2);
    EXPECT(details[0x24 / 4], 1);
    EXPECT(details[0x28 / 4], 2);
    EXPECT(details[0x38 / 4], info[0]);
    EXPECT(XamUserGetXUID(0, 7, &xuid), 0);
    EXPECT(memcmp(&details[32], &xuid, 8), 0);
    EXPECT(change(0xB0015, object), 0);
    EXPECT(send(0xB0013, local), 0);
    EXPECT(change(0xB0011, object), 0);
    EXPECT(change(0xB0011, object), SESSION_NOT_FOUND);
    ObDereferenceObject(object);
    EXPECT(NtClose(handle), SUCCESS);
    EXPECT(XamSessionRefObjByHandle(handle, &object), 6);
}

static void without_the_service(void) {
    uint32_t handle = 0, *object = 0, buffer[9] = {0};
    EXPECT(XamSessionCreateHandle(&handle), 0);
    EXPECT(XamSessionRefObjByHandle(handle, &object), 0);
    EXPECT(create(object, HOST | ARBITRATION), SESSION_NOT_LOGGED_ON);
    EXPECT(send(0xB0016, buffer), 0x80151802);
    EXPECT(send(0xB001A, buffer), SESSION_NOT_LOGGED_ON);
    ObDereferenceObject(object);
    EXPECT(NtClose(handle), SUCCESS);
}

SUBJECT(sessions, {"played", played}, {"without_the_service", without_the_service});
