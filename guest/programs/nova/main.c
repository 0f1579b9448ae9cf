#include "driver.h"
#include <libnova/libnova.h>
#include <math.h>

static void fold_place(const struct ln_equ_posn *place) {
    fold_bits(&place->ra, sizeof place->ra), fold_bits(&place->dec, sizeof place->dec);
    fold_number((uint64_t)llround(place->ra * 1000)), fold_number((uint64_t)llround(place->dec * 1000));
}

void program(void) {
    static void (*const planets[])(double, struct ln_equ_posn *) = {
        ln_get_mercury_equ_coords, ln_get_venus_equ_coords, ln_get_mars_equ_coords, ln_get_jupiter_equ_coords, ln_get_saturn_equ_coords,
        ln_get_uranus_equ_coords, ln_get_neptune_equ_coords, ln_get_solar_equ_coords};
    struct ln_lnlat_posn observer = {.lng = 8.68, .lat = 50.11};
    for (int day = 0; day < 12; day++) {
        double julian = 2451545.0 + 30.4 * day + (next_random() % 1000) * 1e-3;
        struct ln_equ_posn place;
        for (unsigned i = 0; i < sizeof planets / sizeof *planets; i++) planets[i](julian, &place), fold_place(&place);
        ln_get_lunar_equ_coords(julian, &place), fold_place(&place);
        struct ln_rst_time times;
        int risen = ln_get_lunar_rst(julian, &observer, &times);
        fold_number((uint64_t)risen);
        if (!risen) fold_number((uint64_t)llround(times.rise * 1000)), fold_bits(&times.set, sizeof times.set);
    }
}
