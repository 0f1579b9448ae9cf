// Formats that csmith programs print: %s, %d, %X and %lX only.
#pragma once
int printf(const char *format, ...);
