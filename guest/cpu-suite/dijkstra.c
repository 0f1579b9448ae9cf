// Shortest paths with a binary heap over linked adjacency lists: pointer chasing.
#include "suite.h"

enum { NODES = 4000, EDGES = NODES * 6 };

struct node;
struct edge {
    struct node *to;
    uint32_t weight;
    struct edge *next;
};
struct node {
    struct edge *edges;
    uint32_t distance;
    uint32_t heap_index; // 0: not in the heap
};

static struct node nodes[NODES];
static struct edge edges[EDGES];
static struct node *heap[NODES + 1]; // from 1
static uint32_t heap_size;

static void place(uint32_t index, struct node *node) {
    heap[index] = node;
    node->heap_index = index;
}

static void sift_up(uint32_t index) {
    struct node *node = heap[index];
    for (; index > 1 && heap[index / 2]->distance > node->distance; index /= 2) place(index, heap[index / 2]);
    place(index, node);
}

static void sift_down(uint32_t index) {
    struct node *node = heap[index];
    for (;;) {
        uint32_t child = index * 2;
        if (child > heap_size) break;
        if (child < heap_size && heap[child + 1]->distance < heap[child]->distance) child++;
        if (heap[child]->distance >= node->distance) break;
        place(index, heap[child]);
        index = child;
    }
    place(index, node);
}

static uint32_t sum_of_distances(uint32_t source) {
    for (int i = 0; i < NODES; i++) nodes[i].distance = ~0u, nodes[i].heap_index = 0;
    heap_size = 1;
    place(1, &nodes[source]);
    nodes[source].distance = 0;
    uint32_t sum = 0;
    while (heap_size != 0) {
        struct node *node = heap[1];
        struct node *last = heap[heap_size--];
        node->heap_index = 0;
        if (heap_size != 0) {
            place(1, last);
            sift_down(1);
        }
        sum += node->distance;
        for (struct edge *edge = node->edges; edge; edge = edge->next) {
            uint32_t distance = node->distance + edge->weight;
            if (distance >= edge->to->distance) continue;
            edge->to->distance = distance;
            if (edge->to->heap_index == 0) place(++heap_size, edge->to);
            sift_up(edge->to->heap_index);
        }
    }
    return sum;
}

uint32_t kernel_dijkstra(uint32_t rounds) {
    uint32_t sum = 0;
    suite_seed(5);
    for (int i = 0; i < NODES; i++) nodes[i].edges = 0;
    for (int i = 0; i < EDGES; i++) {
        struct node *from = &nodes[suite_random() % NODES];
        edges[i].to = &nodes[suite_random() % NODES];
        edges[i].weight = 1 + (suite_random() & 1023);
        edges[i].next = from->edges;
        from->edges = &edges[i];
    }
    for (uint32_t round = 0; round < rounds; round++)
        sum = suite_fold(sum, sum_of_distances(round * 37 % NODES));
    return sum;
}
