// The programs that the graphics chip runs.
#pragma once
#include "state.h"

extern const Program program_knot, program_backdrop, program_stars, program_letters, program_glow;
