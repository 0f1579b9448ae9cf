// Controllers, of which none is plugged in.
#include "console.h"

static void none_is_there(void) {
    struct pad_state state;
    uint32_t words[8];
    for (uint32_t user = 0; user < 6; user++) {
        memset(&state, 0xEE, sizeof state);
        EXPECT(XamInputGetState(user, 0, &state), NOT_CONNECTED);
        EXPECT(state.packet | state.buttons | state.sticks[3], 0);
        EXPECT(XamInputGetState(user, 1, 0), NOT_CONNECTED);
        EXPECT(XamInputGetCapabilities(user, 1, words), NOT_CONNECTED);
        EXPECT(words[0], 0);
        EXPECT(XamInputGetCapabilitiesEx(1, user, 0, words), NOT_CONNECTED);
        EXPECT(XamInputGetDeviceStats(user, words), NOT_CONNECTED);
        EXPECT(XamInputGetKeystroke(user, 0, words), NOT_CONNECTED);
    }
    EXPECT(XamInputGetState(0xFF, 0, &state), NOT_CONNECTED);
    EXPECT(XamInputGetState(0, 2, &state), NOT_CONNECTED);
}

static void what_is_wrong_is_said_first(void) {
    uint16_t motors[2] = {1, 2};
    uint32_t user = 0xFF, words[8];
    EXPECT(XamInputSetState(0, 0, 0), BAD_ARGUMENTS);
    EXPECT(XamInputSetState(0, 0, motors), NOT_CONNECTED);
    EXPECT(XamInputGetCapabilities(0, 0, 0), BAD_ARGUMENTS);
    EXPECT(XamInputGetKeystroke(0, 0, 0), BAD_ARGUMENTS);
    EXPECT(XamInputGetKeystrokeEx(0, 0, words), BAD_ARGUMENTS);
    EXPECT(XamInputGetKeystrokeEx(&user, 0, words), NOT_CONNECTED);
    EXPECT(user, 0xFF);
    EXPECT(XamInputGetUserVibrationLevel(0), 3);
    EXPECT(XamInputGetUserVibrationLevel(3), 0);
}

SUBJECT(pads, {"none_is_there", none_is_there}, {"what_is_wrong_is_said_first", what_is_wrong_is_said_first});
