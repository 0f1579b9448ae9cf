// Makes events and forgets their handles.
#include "hostile.h"

int main(void) {
    uint32_t event, refused = 0;
    for (uint32_t i = 0; i < CALLS; i++) {
        refused += NtCreateEvent(&event, 0, 1, 0) != SUCCESS;
    }
    DbgPrint("refused %u\n", refused);
    return 0;
}
