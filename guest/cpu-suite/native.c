// Prints the kernels' answers from a native build: the source of answers.inc.
#include "suite.h"
#include <stdio.h>

int main(void) {
    puts("// Known answers, printed by a native build of the same sources (guest/build.sh answers).");
#define PRINT(name, rounds) printf("ANSWER(%s, 0x%08xu)\n", #name, kernel_##name(rounds));
    FOR_EACH_KERNEL(PRINT)
    return 0;
}
