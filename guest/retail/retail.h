// Common declarations of the retail title's two executables.
#pragma once
#include "../console-suite/console.h"

// Fails if the two differ; the exit code counts the failures.
extern volatile uint32_t faults;

// Data that the first executable passes to the second.
enum { LAUNCH_MAGIC = 0x52455441 };
struct launch_data {
    uint32_t magic, frames, words[6];
};

uint32_t XamLoaderSetLaunchData(const void *data, uint32_t size);
uint32_t XamLoaderGetLaunchDataSize(uint32_t *size);
uint32_t XamLoaderGetLaunchData(void *data, uint32_t size);
void XamLoaderLaunchTitle(const char *path, uint32_t flags);
uint32_t XGetLanguage(void);
