#include "driver.h"
#include <picosat.h>

static void formula(int variables, int clauses) {
    PicoSAT *solver = picosat_init();
    for (int i = 0; i < clauses; i++) {
        for (int j = 0; j < 3; j++) {
            int variable = 1 + (int)(next_random() % (uint32_t)variables);
            picosat_add(solver, next_random() & 1 ? variable : -variable);
        }
        picosat_add(solver, 0);
    }
    // Which of several models is found depends on the machine, whether there is one does not.
    fold_number((uint64_t)picosat_sat(solver, -1));
    picosat_reset(solver);
}

static void pigeons(int holes) {
    PicoSAT *solver = picosat_init();
    for (int pigeon = 0; pigeon <= holes; pigeon++) {
        for (int hole = 1; hole <= holes; hole++) picosat_add(solver, pigeon * holes + hole);
        picosat_add(solver, 0);
    }
    for (int hole = 1; hole <= holes; hole++)
        for (int a = 0; a <= holes; a++)
            for (int b = 0; b < a; b++) {
                picosat_add(solver, -(a * holes + hole));
                picosat_add(solver, -(b * holes + hole));
                picosat_add(solver, 0);
            }
    fold_number((uint64_t)picosat_sat(solver, -1));
    picosat_reset(solver);
}

void program(void) {
    for (int i = 0; i < 12; i++) formula(150, 640);
    pigeons(7);
}
