// The game's sounds, mixed for two speakers. Music there is none.
//
// A sound is 8-bit samples behind eight bytes: its kind, its rate and its length. Sixteen
// samples at each end are filling.
#include "i_sound.h"
#include <stdio.h>
#include <string.h>
#include "deh_str.h"
#include "i_swap.h"
#include "machine.h"
#include "w_wad.h"
#include "z_zone.h"

enum { CHANNELS = 16, HEADER = 8, FILLING = 16, KIND = 3, FULL = 127, MIDDLE = 128 };

static struct {
    const byte *at;
    // Samples, in 65,536ths of one.
    uint64_t position, step, end;
    float left, right;
} channels[CHANNELS];
static boolean has_speakers, has_prefix;

int snd_sfxdevice = SNDDEVICE_SB, snd_musicdevice = SNDDEVICE_NONE, snd_samplerate = SPEAKER_RATE, snd_cachesize;
int snd_maxslicetime_ms, snd_pitchshift, use_libsamplerate, opl_io_port;
float libsamplerate_scale;
char *snd_musiccmd = "", *snd_dmxoption = "", *music_pack_path = "", *fluidsynth_sf_path = "", *timidity_cfg_path = "";

static void mix(float *left, float *right) {
    memset(left, 0, SPEAKER_SAMPLES * sizeof *left);
    memset(right, 0, SPEAKER_SAMPLES * sizeof *right);
    for (int n = 0; n < CHANNELS; n++) {
        for (int i = 0; i < SPEAKER_SAMPLES && channels[n].position < channels[n].end; i++) {
            float sample = (float)channels[n].at[channels[n].position >> 16] - 128;
            left[i] += sample * channels[n].left;
            right[i] += sample * channels[n].right;
            channels[n].position += channels[n].step;
        }
    }
    for (int i = 0; i < SPEAKER_SAMPLES; i++) {
        left[i] = left[i] > 1 ? 1 : left[i] < -1 ? -1 : left[i];
        right[i] = right[i] > 1 ? 1 : right[i] < -1 ? -1 : right[i];
    }
}

void I_InitSound(boolean use_sfx_prefix) {
    has_prefix = use_sfx_prefix;
    has_speakers = speakers_begin(mix);
}

int I_GetSfxLumpNum(sfxinfo_t *sound) {
    char name[16];
    snprintf(name, sizeof name, "%s%s", has_prefix ? "ds" : "", DEH_String((sound->link ? sound->link : sound)->name));
    return W_GetNumForName(name);
}

// Volume and place of a channel; a third of full scale for each, so that a few at once are not cut.
static void place(int channel, int volume, int separation) {
    float scale = (float)volume / FULL / 128 / 3;
    channels[channel].left = scale * (float)(254 - separation) / 254;
    channels[channel].right = scale * (float)separation / 254;
}

void I_UpdateSoundParams(int channel, int volume, int separation) {
    if (!has_speakers || (unsigned)channel >= CHANNELS) return;
    speakers_hold();
    place(channel, volume, separation);
    speakers_go_on();
}

int I_StartSound(sfxinfo_t *sound, int channel, int volume, int separation, int pitch) {
    (void)pitch;
    if (!has_speakers || (unsigned)channel >= CHANNELS) return -1;
    unsigned length = (unsigned)W_LumpLength(sound->lumpnum), samples;
    // It stays where it is: nothing may move it while it plays.
    const byte *lump = W_CacheLumpNum(sound->lumpnum, PU_STATIC);
    if (length < HEADER || (lump[0] | lump[1] << 8) != KIND) return -1;
    unsigned rate = lump[2] | lump[3] << 8;
    samples = lump[4] | lump[5] << 8 | lump[6] << 16 | (unsigned)lump[7] << 24;
    if (samples > length - HEADER || samples <= 2 * FILLING || !rate) return -1;
    speakers_hold();
    channels[channel].at = lump + HEADER + FILLING;
    channels[channel].position = 0;
    channels[channel].step = ((uint64_t)rate << 16) / SPEAKER_RATE;
    channels[channel].end = (uint64_t)(samples - 2 * FILLING) << 16;
    place(channel, volume, separation);
    speakers_go_on();
    return channel;
}

void I_StopSound(int channel) {
    if (!has_speakers || (unsigned)channel >= CHANNELS) return;
    speakers_hold();
    channels[channel].end = 0;
    speakers_go_on();
}

boolean I_SoundIsPlaying(int channel) {
    if (!has_speakers || (unsigned)channel >= CHANNELS) return false;
    speakers_hold();
    boolean is_playing = channels[channel].position < channels[channel].end;
    speakers_go_on();
    return is_playing;
}

void I_ShutdownSound(void) {
    for (int channel = 0; channel < CHANNELS; channel++) I_StopSound(channel);
}

void I_UpdateSound(void) {}
void I_PrecacheSounds(sfxinfo_t *sounds, int count) { (void)sounds, (void)count; }
void I_InitMusic(void) {}
void I_ShutdownMusic(void) {}
void I_SetMusicVolume(int volume) { (void)volume; }
void I_PauseSong(void) {}
void I_ResumeSong(void) {}
void *I_RegisterSong(void *data, int length) { return (void)data, (void)length, NULL; }
void I_UnRegisterSong(void *song) { (void)song; }
void I_PlaySong(void *song, boolean is_looping) { (void)song, (void)is_looping; }
void I_StopSong(void) {}
boolean I_MusicIsPlaying(void) { return false; }
void I_BindSoundVariables(void) {}
void I_SetOPLDriverVer(opl_driver_ver_t version) { (void)version; }
void I_OPL_DevMessages(char *text, size_t size) {
    if (size) *text = 0;
}
