// The order of bytes in words, as the game's sources ask for it. SDL itself is not there.
#pragma once
#include <stdint.h>

#define SDL_LIL_ENDIAN 1234
#define SDL_BIG_ENDIAN 4321
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define SDL_BYTEORDER SDL_BIG_ENDIAN
#define SDL_SwapLE16(x) __builtin_bswap16((uint16_t)(x))
#define SDL_SwapLE32(x) __builtin_bswap32((uint32_t)(x))
#else
#define SDL_BYTEORDER SDL_LIL_ENDIAN
#define SDL_SwapLE16(x) ((uint16_t)(x))
#define SDL_SwapLE32(x) ((uint32_t)(x))
#endif
