// Where cpu-suite writes its lines: the debugger as a title, standard output as a plain ELF.
#pragma once
#include <stdint.h>

void report_line(const char *kernel, uint32_t answer, int is_right);
