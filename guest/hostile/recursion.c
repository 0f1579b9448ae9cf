// Calls itself without end.
#include "hostile.h"

static int depth(int n) {
    volatile int here[16];
    here[n & 15] = n;
    return n == -1 ? 0 : depth(n + 1) + here[n & 15];
}

int main(void) {
    return depth(0);
}
