// How much a program is to do, said by the folder that it sees as game:.
#pragma once
#include <stdint.h>

// The decimal number in the file game:\NAME, or `otherwise` where there is none.
uint32_t setting(const char *name, uint32_t otherwise);
