#include "driver.h"
#include <libqhull_r/qhull_ra.h>

static void hull(char *command, int dimension, int points) {
    qhT state, *qh = &state;
    coordT *coordinates = need_memory(sizeof(coordT) * (size_t)(dimension * points));
    for (int i = 0; i < dimension * points; i++) coordinates[i] = (double)(next_random() % 1000003) / 1000003 - 0.5;
    qh_zero(qh, stderr);
    need(!qh_new_qhull(qh, dimension, points, coordinates, 0, command, NULL, stderr), command);
    fold_number((uint64_t)qh->num_facets), fold_number((uint64_t)qh->num_vertices);
    double sizes[2];
    qh_getarea(qh, qh->facet_list);
    sizes[0] = qh->totarea, sizes[1] = qh->totvol;
    fold_bits(sizes, sizeof sizes);
    qh_freeqhull(qh, qh_ALL);
    free(coordinates);
}

void program(void) {
    hull("qhull d Qt Qbb", 2, 6000);
    hull("qhull d Qt Qbb Qc", 3, 1200);
    hull("qhull Qt", 3, 20000);
    hull("qhull Qt", 5, 300);
}
