// Functions that the game's sources expect in SDL's library, from the C library.
#pragma once
#include <stdlib.h>

#define SDL_qsort qsort
#define SDL_free free
