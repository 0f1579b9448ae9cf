// The console's speakers: XAudio's render driver asks for frames of six channels, of
// which the game has the first two.
#include "machine.h"
#include "runtime.h"

enum { CHANNELS = 6 };

struct render_client {
    void (*callback)(const uint32_t *context);
    uint32_t context;
};
struct critical_section {
    uint32_t words[7];
};
uint32_t XAudioRegisterRenderDriverClient(const struct render_client *client, uint32_t *handle);
uint32_t XAudioSubmitRenderDriverFrame(uint32_t handle, const float *samples);
void RtlInitializeCriticalSection(struct critical_section *section);
void RtlEnterCriticalSection(struct critical_section *section);
void RtlLeaveCriticalSection(struct critical_section *section);

static float frame[CHANNELS][SPEAKER_SAMPLES];
static void (*mixer)(float *left, float *right);
static struct critical_section section;
static uint32_t client;

static void ask(const uint32_t *context) {
    (void)context;
    RtlEnterCriticalSection(&section);
    mixer(frame[0], frame[1]);
    RtlLeaveCriticalSection(&section);
    XAudioSubmitRenderDriverFrame(client, &frame[0][0]);
}

int speakers_begin(void (*mix)(float *left, float *right)) {
    static const struct render_client description = {ask, 0};
    mixer = mix;
    RtlInitializeCriticalSection(&section);
    return XAudioRegisterRenderDriverClient(&description, &client) == 0;
}

void speakers_hold(void) { RtlEnterCriticalSection(&section); }

void speakers_go_on(void) { RtlLeaveCriticalSection(&section); }
