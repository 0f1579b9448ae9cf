// Settings, saved games and WADs are in the current folder.
#pragma once
#include <string.h>
#include "SDL_stdinc.h"

static inline char *SDL_GetPrefPath(const char *organisation, const char *name) {
    (void)organisation, (void)name;
    return strdup("");
}
