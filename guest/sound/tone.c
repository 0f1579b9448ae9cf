// A sine on each of the six channels: 1 kHz on the first, 2 kHz on the second, and so on, at half
// of full scale. Four seconds, or as many frames as game:\frames says, and what the render driver's
// calls answer. The exit code counts what is wrong.
#include "settings.h"
#include "sound.h"

enum { FRAMES = 750, PERIOD = 48 };

static float wave[PERIOD];
static uint32_t wanted, frames, at;

// A sine by its series, of an angle up to π.
static double sine(double angle) {
    double term = angle, sum = 0;
    for (int n = 1; n < 30; n += 2) {
        sum += term;
        term = -term * angle * angle / ((n + 1) * (n + 2));
    }
    return sum;
}

static int fill(float frame[CHANNELS][SAMPLES]) {
    if (frames == wanted) return 0;
    frames++;
    for (uint32_t i = 0; i < SAMPLES; i++, at = (at + 1) % PERIOD)
        for (uint32_t channel = 0; channel < CHANNELS; channel++)
            frame[channel][i] = wave[at * (channel + 1) % PERIOD];
    return 1;
}

int main(void) {
    wanted = setting("frames", FRAMES);
    for (int i = 0; i < PERIOD / 2; i++) {
        wave[i] = 0.5 * sine(i * 2 * 3.14159265358979323846 / PERIOD);
        wave[i + PERIOD / 2] = -wave[i];
    }
    uint32_t word = 7, handle = 7;
    float volume = 0;
    static const struct render_client nobody = {0, 1};
    expect(XAudioRegisterRenderDriverClient(0, &handle) == 0x80070057, "no client");
    expect(XAudioRegisterRenderDriverClient(&nobody, &handle) == 0x80070057, "no callback");
    expect(XAudioUnregisterRenderDriverClient(0x41550000) & 0x80000000, "nobody's handle");
    expect(XAudioGetVoiceCategoryVolumeChangeMask(0x41550000, &word) == 0 && word == 0, "no volume has changed");
    expect(XAudioGetVoiceCategoryVolume(0, &volume) == 0 && volume == 1, "full volume");
    expect(XAudioGetSpeakerConfig(&word) == 0 && word == 0x10001 && XGetAudioFlags() == word, "speakers");
    expect(XAudioOverrideSpeakerConfig(1) == 0 && XAudioEnableDucker(1) == 0, "nothing to override");
    expect(!XamVoiceIsActiveProcess() && !XamVoiceHeadsetPresent(0), "no headset");
    expect(XamVoiceCreate(0, 0xF, &word) == 0x80070005 && word == 0, "no voice");
    expect(XamVoiceSubmitPacket(0, 0, 0) == 0x800700AA, "no packet");

    uint32_t asked;
    uint64_t ticks = play(fill, &asked);
    expect(frames == wanted && asked == wanted + 1, "a question for each frame");
    // A twentieth of slack is for a host that runs hardware threads at once, and may be late.
    uint64_t expected = (uint64_t)wanted * FRAME_TICKS;
    expect(ticks > expected - expected / 20 && ticks < expected + expected / 20, "the pace");
    DbgPrint("%u frames in %#x%08x ticks, %u faults\n", frames, (uint32_t)(ticks >> 32), (uint32_t)ticks, faults);
    return faults;
}
