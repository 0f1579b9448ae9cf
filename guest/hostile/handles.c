// Opens the same event again and again.
#include "hostile.h"

int main(void) {
    uint32_t event, copy, refused = 0;
    NtCreateEvent(&event, 0, 1, 0);
    for (uint32_t i = 0; i < CALLS; i++) {
        refused += NtDuplicateObject(event, &copy, 0) != SUCCESS;
    }
    DbgPrint("refused %u\n", refused);
    return 0;
}
