// Small text files of the title's folder.
#pragma once
#include <stdint.h>

// Reads the file game:\NAME, at most `size` bytes; returns their number, 0 where there is none.
uint32_t read_text(const char *name, char *text, uint32_t size);
