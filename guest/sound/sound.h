// Common code of this folder: the render driver's calls, a callback that
// submits frames, a count of faults.
#pragma once
#include "kernel.h"
#include "runtime.h"

enum { CHANNELS = 6, SAMPLES = 256, FRAME_TICKS = 266000 };

struct render_client {
    void (*callback)(const uint32_t *context);
    uint32_t context;
};

uint32_t XAudioRegisterRenderDriverClient(const struct render_client *client, uint32_t *handle);
uint32_t XAudioUnregisterRenderDriverClient(uint32_t handle);
uint32_t XAudioSubmitRenderDriverFrame(uint32_t handle, const float *samples);
uint32_t XAudioGetVoiceCategoryVolumeChangeMask(uint32_t handle, uint32_t *mask);
uint32_t XAudioGetVoiceCategoryVolume(uint32_t category, float *volume);
uint32_t XAudioGetSpeakerConfig(uint32_t *config);
uint32_t XAudioOverrideSpeakerConfig(uint32_t config);
uint32_t XAudioEnableDucker(uint32_t enabled);
uint32_t XGetAudioFlags(void);
uint32_t XamVoiceIsActiveProcess(void);
uint32_t XamVoiceHeadsetPresent(uint32_t user);
uint32_t XamVoiceCreate(uint32_t user, uint32_t packets, uint32_t *voice);
uint32_t XamVoiceSubmitPacket(uint32_t voice, uint32_t kind, void *packet);

// Fills a frame; false after the last one.
typedef int fill_frame(float frame[CHANNELS][SAMPLES]);

extern uint32_t faults;

// Says what is wrong, and counts it.
void expect(int is_right, const char *what);
// Registers a client, lets `fill` fill frames until it has no more, and takes the client
// out. Returns the ticks of guest time between the first question for a frame and the
// last, and their number by `asked`.
uint64_t play(fill_frame *fill, uint32_t *asked);
