// Dialogs, answered as the title suggests.
#include "console.h"

static const uint16_t yes[] = {'y', 'e', 's', 0}, no[] = {'n', 'o', 0};
static const uint16_t *const labels[] = {yes, no};

static struct overlapped overlapped;

static void begin(void) {
    memset(&overlapped, 0, sizeof overlapped);
    NtCreateEvent(&overlapped.event, 0, MANUAL_EVENT, 1);
}

// Waits for the end of the dialog, and until it is off the screen.
static void end(uint32_t result) {
    EXPECT(wait_handle(overlapped.event, &long_wait), SUCCESS);
    EXPECT(overlapped.result, result);
    while (XamIsUIActive()) sleep_ms(1);
    NtClose(overlapped.event);
}

static void a_message(void) {
    uint32_t result[2] = {9, 9};
    begin();
    EXPECT(message_box(0xFF, yes, no, 2, labels, 1, 2, result, &overlapped), IO_PENDING);
    end(0);
    EXPECT(result[0], 1);
    EXPECT(message_box(0, yes, no, 2, labels, 2, 0, result, 0), BAD_PARAMETER);
}

static void a_message_that_is_waited_for(void) {
    uint32_t result[2] = {9, 9};
    EXPECT(message_box(0, yes, no, 2, labels, 0, 0, result, 0), 0);
    EXPECT(result[0], 0);
    // No passcode is right.
    EXPECT(message_box(0, yes, no, 2, labels, 1, 0x10000, result, 0), 0x4C7);
    EXPECT(result[0], 0);
}

static void a_line_of_text(void) {
    uint16_t buffer[4] = {9, 9, 9, 9};
    begin();
    EXPECT(XamShowKeyboardUI(0, 0, yes, 0, 0, buffer, 3, &overlapped), IO_PENDING);
    end(0);
    EXPECT(buffer[0] << 16 | buffer[1], 'y' << 16 | 'e');
    EXPECT(buffer[2] << 16 | buffer[3], 9);
    EXPECT(XamShowKeyboardUI(0, 0, yes, 0, 0, 0, 3, 0), BAD_PARAMETER);
}

static void a_device(void) {
    uint32_t device = 0;
    begin();
    EXPECT(device_selector(0, 1, 0, &device, &overlapped), IO_PENDING);
    end(0);
    EXPECT(device, 1);
    EXPECT(device_selector(0, 1, 0, &device, 0), BAD_PARAMETER);
}

static void who_listens_hears_of_it(void) {
    uint32_t result[2], id, parameter, said = 0, listener = create_listener(1, 0);
    while (XNotifyGetNext(listener, 0, &id, &parameter)) {}
    EXPECT(message_box(0, yes, no, 2, labels, 0, 0, result, 0), 0);
    for (int i = 0; i < 8 && said != 0x9190; i++) {
        EXPECT(wait_handle(listener, &long_wait), SUCCESS);
        while (XNotifyGetNext(listener, 0, &id, &parameter)) said = said << 8 | id << 4 | parameter;
    }
    EXPECT(said, 0x9190);
    NtClose(listener);
}

SUBJECT(dialogs, {"a_message", a_message}, {"a_message_that_is_waited_for", a_message_that_is_waited_for},
        {"a_line_of_text", a_line_of_text}, {"a_device", a_device}, {"who_listens_hears_of_it", who_listens_hears_of_it});
