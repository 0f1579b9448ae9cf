// Does nothing, for ever.
#include "hostile.h"

int main(void) {
    for (volatile uint32_t i = 0;; i++) {}
}
