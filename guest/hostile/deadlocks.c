// Waits for what never comes each time that it is woken out of a deadlock.
#include "hostile.h"

int main(void) {
    uint32_t event;
    NtCreateEvent(&event, 0, 1, 0);
    for (;;) NtWaitForSingleObjectEx(event, 0, 0, 0);
}
