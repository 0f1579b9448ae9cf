// What the game's sources take from SDL's library, from the C library.
#pragma once
#include <stdlib.h>

#define SDL_qsort qsort
#define SDL_free free
