#include "driver.h"
#include <chipmunk/chipmunk.h>

static void count(cpBody *body, void *data) {
    cpVect place = cpBodyGetPosition(body);
    fold_bits(&place, sizeof place);
    // Where a body comes to rest depends on the last bits of a chaotic fall;
    // that it stays in the box does not.
    *(uint32_t *)data += place.x > -400 && place.x < 400 && place.y > -10;
}

void program(void) {
    cpSpace *space = cpSpaceNew();
    cpSpaceSetGravity(space, cpv(0, -100));
    cpSpaceSetIterations(space, 15);
    static const cpVect corners[] = {{-300, 0}, {300, 0}, {-300, 400}, {300, 400}};
    static const int walls[][2] = {{0, 1}, {0, 2}, {1, 3}};
    for (int i = 0; i < 3; i++) {
        cpShape *wall = cpSegmentShapeNew(cpSpaceGetStaticBody(space), corners[walls[i][0]], corners[walls[i][1]], 4);
        cpShapeSetElasticity(wall, 0.4), cpShapeSetFriction(wall, 0.8);
        cpSpaceAddShape(space, wall);
    }
    for (int row = 0; row < 11; row++)
        for (int i = 0; i <= row; i++) {
            int ball = (row + i) % 3 == 0;
            cpBody *body = cpSpaceAddBody(space, cpBodyNew(1, ball ? cpMomentForCircle(1, 0, 9, cpvzero) : cpMomentForBox(1, 18, 18)));
            cpBodySetPosition(body, cpv(i * 24 - row * 12, 330 - row * 24));
            cpShape *shape = cpSpaceAddShape(space, ball ? cpCircleShapeNew(body, 9, cpvzero) : cpBoxShapeNew(body, 18, 18, 0.5));
            cpShapeSetElasticity(shape, 0.2), cpShapeSetFriction(shape, 0.7);
        }
    for (int step = 0; step < 240; step++) cpSpaceStep(space, 1.0 / 120);
    uint32_t inside = 0;
    cpSpaceEachBody(space, count, &inside);
    fold_number(inside);
}
