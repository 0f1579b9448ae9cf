// Names that declarations mention. Nothing calls SDL: i_*.c of this folder stand for the game's.
#pragma once
#include "SDL_endian.h"

typedef union SDL_Event SDL_Event;
