// One function of 4,000 instructions that load 29 registers each: small to write, long to compile.
#include "hostile.h"

void heavy(void);

__asm__(".text\n"
        ".globl heavy\n"
        "heavy:\n"
        "    stwu 1, -256(1)\n"
        "    stmw 3, 64(1)\n"
        "    .rept 4000\n"
        "    lmw 3, 64(1)\n"
        "    .endr\n"
        "    addi 1, 1, 256\n"
        "    blr\n");

int main(void) {
    for (uint32_t i = 0; i < 300; i++) heavy();
    DbgPrint("done\n");
    return 0;
}
