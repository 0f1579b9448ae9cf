#include "driver.h"
#include <stdbool.h>
#include <puzzles.h>

extern const struct game thegame;

void program(void) {
    static const char *const kinds[] = {"3x3db", "3x3dt", "2x3", "3x3di", "9jdb"};
    for (int i = 0; i < 5; i++) {
        char seed[8], *aux = NULL;
        game_params *params = thegame.default_params();
        random_state *random;
        thegame.decode_params(params, kinds[i]);
        need(!thegame.validate_params(params, true), kinds[i]);
        random = random_new(seed, sprintf(seed, "s%d", i));
        for (int again = 0; again < 3; again++) {
            char *puzzle = thegame.new_desc(params, random, &aux, false);
            need(puzzle && !thegame.validate_desc(params, puzzle), "a puzzle");
            fold(puzzle, strlen(puzzle));
            sfree(puzzle);
            if (aux) fold(aux, strlen(aux));
            sfree(aux);
            aux = NULL;
        }
        random_free(random);
        thegame.free_params(params);
    }
}
