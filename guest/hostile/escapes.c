// Prints what a terminal would take for commands.
#include "hostile.h"

int main(void) {
    DbgPrint("\033]0;owned\007\033[31mred\233m\n");
    return 0;
}
