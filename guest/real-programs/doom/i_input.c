// Pads as keys: each button that goes down or up is a key that does.
#include "i_input.h"
#include "d_event.h"
#include "doomkeys.h"
#include "i_joystick.h"
#include "i_system.h"
#include "i_video.h"
#include "machine.h"

static const struct {
    uint32_t button;
    int key;
} keys[] = {
    {PAD_UP, KEY_UPARROW},       {PAD_DOWN, KEY_DOWNARROW},  {PAD_LEFT, KEY_LEFTARROW},
    {PAD_RIGHT, KEY_RIGHTARROW}, {PAD_A, KEY_RCTRL},         {PAD_A, KEY_ENTER},
    {PAD_B, ' '},                {PAD_X, KEY_RSHIFT},        {PAD_Y, 'y'},
    {PAD_START, KEY_ESCAPE},     {PAD_BACK, KEY_TAB},        {PAD_LEFT_SHOULDER, ','},
    {PAD_RIGHT_SHOULDER, '.'},   {PAD_RIGHT_TRIGGER, KEY_RCTRL}, {PAD_LEFT_TRIGGER, KEY_RSHIFT},
};

int vanilla_keyboard_mapping = true;
int usemouse = 0, mouse_threshold = 0;
float mouse_acceleration = 0;
unsigned int joywait = 0;
static uint32_t before;

void I_StartFrame(void) {}

void I_StartTic(void) {
    uint32_t now = pad_buttons(), changed = now ^ before;
    before = now;
    for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (!(changed & keys[i].button)) continue;
        int goes_down = (now & keys[i].button) != 0;
        event_t event = {.type = goes_down ? ev_keydown : ev_keyup, .data1 = keys[i].key};
        if (goes_down && keys[i].key < 0x80) event.data2 = event.data3 = keys[i].key;
        D_PostEvent(&event);
    }
}

void I_BindInputVariables(void) {}
void I_StartTextInput(int x1, int y1, int x2, int y2) { (void)x1, (void)y1, (void)x2, (void)y2; }
void I_StopTextInput(void) {}
void I_InitJoystick(void) {}
void I_BindJoystickVariables(void) {}
