// What csmith programs print with: %s, %d, %X and %lX, nothing else.
#pragma once
int printf(const char *format, ...);
