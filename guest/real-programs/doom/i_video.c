// The game's screen: 320 x 200 bytes and a palette. With -steady the pictures go into a hash, which
// is said every now and then and at the end.
#include "i_video.h"
#include <stdio.h>
#include <string.h>
#include "d_loop.h"
#include "i_system.h"
#include "m_argv.h"
#include "machine.h"
#include "tables.h"
#include "v_video.h"
#include "w_wad.h"
#include "z_zone.h"

enum { SAID_EVERY = 250 };

static byte picture[WIDTH * HEIGHT];
static uint32_t palette[256];
static int is_counting;
static unsigned frames;
static uint32_t hash = 0x811C9DC5;

char *video_driver = "";
boolean screenvisible = true;
boolean screensaver_mode = false;
int usegamma = 0;
pixel_t *I_VideoBuffer = picture;
int screen_width = WIDTH, screen_height = HEIGHT, fullscreen = true, aspect_ratio_correct = true;
int integer_scaling, vga_porch_flash, force_software_renderer, png_screenshots;
char *window_position = "";

// FNV-1a of 32 bits.
static void add_byte(uint32_t byte) { hash = (hash ^ byte) * 0x01000193; }

static void say(void) { printf("%u frames, tic %d: %08x\n", frames, gametic, (unsigned)hash); }

static void count(void) {
    for (int i = 0; i < WIDTH * HEIGHT; i++) add_byte(picture[i]);
    for (int i = 0; i < 256 * 3; i++) add_byte(palette[i / 3] >> i % 3 * 8 & 255);
    if (++frames % SAID_EVERY == 0) say();
}

void I_InitGraphics(void) {
    is_counting = M_CheckParm("-steady") > 0;
    if (is_counting) I_AtExit(say, true);
    screen_begin();
    V_RestoreBuffer();
    I_SetPalette(W_CacheLumpName("PLAYPAL", PU_CACHE));
}

void I_FinishUpdate(void) {
    if (is_counting) count();
    screen_show(picture, palette);
}

void I_SetPalette(byte *colours) {
    for (int i = 0; i < 256; i++, colours += 3) {
        const byte *level = gammatable[usegamma];
        palette[i] = level[colours[0]] | level[colours[1]] << 8 | level[colours[2]] << 16 | 255u << 24;
    }
}

int I_GetPaletteIndex(int r, int g, int b) {
    int best = 0, best_distance = 3 * 256 * 256;
    for (int i = 0; i < 256; i++) {
        int red = (int)(palette[i] & 255) - r, green = (int)(palette[i] >> 8 & 255) - g;
        int blue = (int)(palette[i] >> 16 & 255) - b, distance = red * red + green * green + blue * blue;
        if (distance < best_distance) best = i, best_distance = distance;
    }
    return best;
}

void I_ReadScreen(pixel_t *to) { memcpy(to, picture, sizeof picture); }

void I_UpdateNoBlit(void) {}
void I_BeginRead(void) {}
void I_GraphicsCheckCommandLine(void) {}
void I_CheckIsScreensaver(void) {}
void I_SetWindowTitle(const char *title) { (void)title; }
void I_InitWindowTitle(void) {}
void I_InitWindowIcon(void) {}
void I_RegisterWindowIcon(const unsigned int *icon, int width, int height) { (void)icon, (void)width, (void)height; }
void I_SetGrabMouseCallback(grabmouse_callback_t function) { (void)function; }
void I_DisplayFPSDots(boolean are_shown) { (void)are_shown; }
void I_EnableLoadingDisk(int x, int y) { (void)x, (void)y; }
void I_BindVideoVariables(void) {}
