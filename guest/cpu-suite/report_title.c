// Reports through the kernel.
#include "kernel.h"
#include "report.h"

void report_line(const char *kernel, uint32_t answer, int is_right) {
    DbgPrint("%-16s %08x %s\n", kernel, answer, is_right ? "right" : "WRONG");
}
