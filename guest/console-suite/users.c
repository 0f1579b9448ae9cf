// Users that are signed in, and users that are not.
#include "console.h"

#define NO_SUCH_USER_RESULT 0x80070525u

static void the_first_is_there(void) {
    char name[16];
    uint64_t xuid = 0;
    uint32_t index = 9, info[10];
    EXPECT(XamUserGetSigninState(0), 1);
    EXPECT(XamUserGetName(0, name, sizeof name), 0);
    EXPECT(memcmp(name, "Player 1", 9), 0);
    EXPECT(XamUserGetXUID(0, 7, &xuid), 0);
    EXPECT(xuid >> 60, 0xE);
    EXPECT(index_of(&xuid, &index), 0);
    EXPECT(index, 0);
    EXPECT(XamUserGetSigninInfo(0, 0, info), 0);
    EXPECT(info[0], xuid >> 32);
    EXPECT(info[1], xuid);
    EXPECT(info[3], 1);
}

static void nobody_elsewhere(void) {
    char name[16] = "x";
    uint64_t xuid = 1;
    EXPECT(XamUserGetSigninState(3), 0);
    EXPECT(XamUserGetSigninState(4), 0);
    EXPECT(XamUserGetName(3, name, sizeof name), NO_SUCH_USER);
    EXPECT(name[0], 0);
    EXPECT(XamUserGetXUID(3, 7, &xuid), NO_SUCH_USER_RESULT);
    EXPECT(xuid, 0);
    EXPECT(XamUserGetXUID(0, 2, &xuid), NO_SUCH_USER_RESULT);
}

static void nobody_is_online(void) {
    uint32_t may = 9;
    EXPECT(XamUserCheckPrivilege(0, 254, &may), NOT_LOGGED_ON);
    EXPECT(may, 0);
    EXPECT(XamUserIsOnlineEnabled(0), 0);
}

static void more_sign_in(void) {
    uint32_t listener = create_listener(1, 0), id, parameter, said = 0;
    EXPECT(listener != 0, 1);
    // How things are.
    while (XNotifyGetNext(listener, 0, &id, &parameter)) {}
    EXPECT(XamShowSigninUI(3, 0), BAD_PARAMETER);
    EXPECT(XamShowSigninUI(2, 0), 0);
    for (int i = 0; i < 8 && said != 0x91A390; i++) {
        EXPECT(wait_handle(listener, &long_wait), SUCCESS);
        while (XNotifyGetNext(listener, 0, &id, &parameter)) said = said << 8 | id << 4 | parameter;
    }
    EXPECT(said, 0x91A390);
    EXPECT(XamUserGetSigninState(1), 1);
    EXPECT(XamUserGetSigninState(2), 0);
    NtClose(listener);
}

SUBJECT(users, {"the_first_is_there", the_first_is_there}, {"nobody_elsewhere", nobody_elsewhere},
        {"nobody_is_online", nobody_is_online}, {"more_sign_in", more_sign_in});
