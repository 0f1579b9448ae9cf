// The tests by the names that the literature has for them ("Understanding POWER Multiprocessors",
// "Herding Cats"): SHAPE with what orders each thread's accesses, `po` where nothing does. The
// architecture rules out FORBIDDEN outcomes on any processor; ALLOWED ones need not occur.
#include "litmus.h"

#define PART(id, code)                                                                                       \
    static void id(uint8_t *cell, struct seen *seen) {                                                       \
        uint32_t a = 0, b = 0, t = 0;                                                                        \
        __asm__ volatile(code                                                                                \
                         : [a] "+&r"(a), [b] "+&r"(b), [t] "+&b"(t)                                          \
                         : [c] "b"(cell), [one] "r"(1), [two] "r"(2)                                         \
                         : "cr0", "ctr", "memory");                                                          \
        seen->a = a;                                                                                         \
        seen->b = b;                                                                                         \
    }

#define X "0"
#define W "4"
#define V "64"
#define Y "128"
#define Z "256"

// Plain accesses.
#define STORE(value, at) "stw %[" value "], " at "(%[c])\n\t"
#define LOAD(to, at) "lwz %[" to "], " at "(%[c])\n\t"
// With the address, or the value, made of what was loaded before.
#define DEPENDENT(from) "xor %[t], %[" from "], %[" from "]\n\tadd %[t], %[t], %[c]\n\t"
#define LOAD_ADDR(to, from, at) DEPENDENT(from) "lwz %[" to "], " at "(%[t])\n\t"
#define STORE_ADDR(value, from, at) DEPENDENT(from) "stw %[" value "], " at "(%[t])\n\t"
#define STORE_DATA(value, from, at)                                                                          \
    "xor %[t], %[" from "], %[" from "]\n\tadd %[t], %[t], %[" value "]\n\tstw %[t], " at "(%[c])\n\t"
#define CTRL(from) "cmpw %[" from "], %[" from "]\n\tbne- 9f\n9:\n\t"
#define SYNC "sync\n\t"
#define LWSYNC "lwsync\n\t"
#define EIEIO "eieio\n\t"
#define ISYNC "isync\n\t"
#define PO ""
// Whether the conditional store before was done.
#define STORED(to) "mfcr %[" to "]\n\trlwinm %[" to "], %[" to "], 3, 31, 31\n\t"
// Takes a while.
#define WHILE "mullw %[t], %[t], %[t]\n\tmullw %[t], %[t], %[t]\n\tmullw %[t], %[t], %[t]\n\t"

// Store buffering: each stores, then looks for the other's store.
#define SB(name, fence)                                                                                      \
    PART(sb0_##name, STORE("one", X) fence LOAD("a", Y))                                                     \
    PART(sb1_##name, STORE("one", Y) fence LOAD("a", X))
SB(po, PO)
SB(lwsync, LWSYNC)
SB(eieio, EIEIO)
SB(sync, SYNC)

// Message passing: data, then a flag; the flag, then data.
PART(mp0_po, STORE("one", X) STORE("one", Y))
PART(mp0_lwsync, STORE("one", X) LWSYNC STORE("one", Y))
PART(mp0_sync, STORE("one", X) SYNC STORE("one", Y))
PART(mp0_eieio, STORE("one", X) EIEIO STORE("one", Y))
PART(mp1_po, LOAD("a", Y) LOAD("b", X))
PART(mp1_lwsync, LOAD("a", Y) LWSYNC LOAD("b", X))
PART(mp1_sync, LOAD("a", Y) SYNC LOAD("b", X))
PART(mp1_addr, LOAD("a", Y) LOAD_ADDR("b", "a", X))
PART(mp1_ctrl, LOAD("a", Y) CTRL("a") LOAD("b", X))
PART(mp1_ctrlisync, LOAD("a", Y) CTRL("a") ISYNC LOAD("b", X))

// Load buffering: each loads what the other stores afterwards.
#define LB(name, first, second)                                                                              \
    PART(lb0_##name, LOAD("a", X) first)                                                                     \
    PART(lb1_##name, LOAD("a", Y) second)
LB(po, STORE("one", Y), STORE("one", X))
LB(lwsync, LWSYNC STORE("one", Y), LWSYNC STORE("one", X))
LB(sync, SYNC STORE("one", Y), SYNC STORE("one", X))
LB(data, STORE_DATA("one", "a", Y), STORE_DATA("one", "a", X))
LB(addr, STORE_ADDR("one", "a", Y), STORE_ADDR("one", "a", X))
LB(ctrl, CTRL("a") STORE("one", Y), CTRL("a") STORE("one", X))

// Independent reads of independent writes: in which order two see what two others store.
PART(store_x, STORE("one", X))
PART(store_y, STORE("one", Y))
#define IRIW(name, first, second)                                                                            \
    PART(iriw2_##name, LOAD("a", X) first)                                                                   \
    PART(iriw3_##name, LOAD("a", Y) second)
IRIW(po, LOAD("b", Y), LOAD("b", X))
IRIW(addr, LOAD_ADDR("b", "a", Y), LOAD_ADDR("b", "a", X))
IRIW(lwsync, LWSYNC LOAD("b", Y), LWSYNC LOAD("b", X))
IRIW(sync, SYNC LOAD("b", Y), SYNC LOAD("b", X))

// Two writes each, in opposite order.
#define TWO(name, fence)                                                                                     \
    PART(two0_##name, STORE("two", X) fence STORE("one", Y))                                                 \
    PART(two1_##name, STORE("two", Y) fence STORE("one", X))
TWO(po, PO)
TWO(lwsync, LWSYNC)
TWO(eieio, EIEIO)
TWO(sync, SYNC)

PART(r1_po, STORE("two", Y) LOAD("a", X))
PART(r1_lwsync, STORE("two", Y) LWSYNC LOAD("a", X))
PART(r1_sync, STORE("two", Y) SYNC LOAD("a", X))

PART(s0_po, STORE("two", X) STORE("one", Y))
PART(s0_lwsync, STORE("two", X) LWSYNC STORE("one", Y))
PART(s0_sync, STORE("two", X) SYNC STORE("one", Y))
PART(s1_po, LOAD("a", Y) STORE("one", X))
PART(s1_lwsync, LOAD("a", Y) LWSYNC STORE("one", X))
PART(s1_sync, LOAD("a", Y) SYNC STORE("one", X))
PART(s1_data, LOAD("a", Y) STORE_DATA("one", "a", X))
PART(s1_addr, LOAD("a", Y) STORE_ADDR("one", "a", X))
PART(s1_ctrl, LOAD("a", Y) CTRL("a") STORE("one", X))

// Write to read causality, and the same with the fence at its other end.
PART(wrc1_po, LOAD("a", X) STORE("one", Y))
PART(wrc1_data, LOAD("a", X) STORE_DATA("one", "a", Y))
PART(wrc1_lwsync, LOAD("a", X) LWSYNC STORE("one", Y))
PART(wrc1_sync, LOAD("a", X) SYNC STORE("one", Y))
PART(isa1_po, LOAD("a", Y) STORE("one", Z))
PART(isa1_data, LOAD("a", Y) STORE_DATA("one", "a", Z))
PART(isa1_lwsync, LOAD("a", Y) LWSYNC STORE("one", Z))
PART(isa2_po, LOAD("a", Z) LOAD("b", X))
PART(isa2_addr, LOAD("a", Z) LOAD_ADDR("b", "a", X))
PART(isa2_lwsync, LOAD("a", Z) LWSYNC LOAD("b", X))

// One variable alone has one order of stores, which nobody sees otherwise.
PART(read_twice, LOAD("a", X) LOAD("b", X))
PART(write_twice, STORE("one", X) STORE("two", X))
PART(store_two, STORE("two", X))
PART(read_write, LOAD("a", X) STORE("one", X))
PART(write_read, STORE("one", X) LOAD("a", X))

// Reservations: a is what was loaded, b whether the store was done.
#define INCREMENT(add, at)                                                                                   \
    "addi %[t], %[c], " at "\n\tlwarx %[a], 0, %[t]\n\t"                                                     \
    "mr %[b], %[t]\n\taddi %[t], %[a], " add "\n\tstwcx. %[t], 0, %[b]\n\t" STORED("b")
PART(increment, INCREMENT("1", X))
PART(increment_v, INCREMENT("1", V))
PART(reserve_slowly, "lwarx %[a], 0, %[c]\n\tli %[t], 3\n\t" WHILE "stwcx. %[one], 0, %[c]\n\t" STORED("b"))
PART(reserve_wide, "ldarx %[a], 0, %[c]\n\tli %[t], 3\n\t" WHILE
                   "sldi %[t], %[one], 32\n\tor %[t], %[t], %[one]\n\tstdcx. %[t], 0, %[c]\n\t" STORED("b"))
PART(store_w, STORE("two", W))
// Between the two halves of a reservation: says so in y, and waits for z. a is whether that came.
#define UNTIL(at, to)                                                                                        \
    "li %[t], 400\n\tmtctr %[t]\n1:\tlwz %[" to "], " at "(%[c])\n\tcmpwi %[" to "], 1\n\tbeq 2f\n\tbdnz 1b\n2:\n\t"
PART(reserve_and_wait,
     "lwarx %[b], 0, %[c]\n\t" SYNC STORE("one", Y) UNTIL(Z, "a") "stwcx. %[one], 0, %[c]\n\t" STORED("b"))
PART(same_value, UNTIL(Y, "a") "li %[t], 0\n\t" STORE("t", X) SYNC STORE("one", Z))
PART(there_and_back, UNTIL(Y, "a") STORE("two", X) "li %[t], 0\n\t" STORE("t", X) SYNC STORE("one", Z))
PART(other_value, UNTIL(Y, "a") STORE("two", X) SYNC STORE("one", Z))

#define NONE 0, 0
const struct litmus litmus_tests[] = {
    {"SB", {sb0_po, sb1_po, NONE}, "0a=0,1a=0", ALLOWED},
    {"SB+lwsyncs", {sb0_lwsync, sb1_lwsync, NONE}, "0a=0,1a=0", ALLOWED},
    {"SB+eieios", {sb0_eieio, sb1_eieio, NONE}, "0a=0,1a=0", ALLOWED},
    {"SB+syncs", {sb0_sync, sb1_sync, NONE}, "0a=0,1a=0", FORBIDDEN},
    {"MP", {mp0_po, mp1_po, NONE}, "1a=1,1b=0", ALLOWED},
    {"MP+lwsync+po", {mp0_lwsync, mp1_po, NONE}, "1a=1,1b=0", ALLOWED},
    {"MP+lwsync+ctrl", {mp0_lwsync, mp1_ctrl, NONE}, "1a=1,1b=0", ALLOWED},
    {"MP+po+addr", {mp0_po, mp1_addr, NONE}, "1a=1,1b=0", ALLOWED},
    {"MP+lwsyncs", {mp0_lwsync, mp1_lwsync, NONE}, "1a=1,1b=0", FORBIDDEN},
    {"MP+lwsync+addr", {mp0_lwsync, mp1_addr, NONE}, "1a=1,1b=0", FORBIDDEN},
    {"MP+lwsync+ctrlisync", {mp0_lwsync, mp1_ctrlisync, NONE}, "1a=1,1b=0", FORBIDDEN},
    {"MP+syncs", {mp0_sync, mp1_sync, NONE}, "1a=1,1b=0", FORBIDDEN},
    {"MP+sync+addr", {mp0_sync, mp1_addr, NONE}, "1a=1,1b=0", FORBIDDEN},
    {"MP+eieio+addr", {mp0_eieio, mp1_addr, NONE}, "1a=1,1b=0", FORBIDDEN},
    {"MP+eieio+ctrlisync", {mp0_eieio, mp1_ctrlisync, NONE}, "1a=1,1b=0", FORBIDDEN},
    {"LB", {lb0_po, lb1_po, NONE}, "0a=1,1a=1", ALLOWED},
    {"LB+lwsyncs", {lb0_lwsync, lb1_lwsync, NONE}, "0a=1,1a=1", FORBIDDEN},
    {"LB+syncs", {lb0_sync, lb1_sync, NONE}, "0a=1,1a=1", FORBIDDEN},
    {"LB+datas", {lb0_data, lb1_data, NONE}, "0a=1,1a=1", FORBIDDEN},
    {"LB+addrs", {lb0_addr, lb1_addr, NONE}, "0a=1,1a=1", FORBIDDEN},
    {"LB+ctrls", {lb0_ctrl, lb1_ctrl, NONE}, "0a=1,1a=1", FORBIDDEN},
    {"IRIW", {store_x, store_y, iriw2_po, iriw3_po}, "2a=1,2b=0,3a=1,3b=0", ALLOWED},
    {"IRIW+addrs", {store_x, store_y, iriw2_addr, iriw3_addr}, "2a=1,2b=0,3a=1,3b=0", ALLOWED},
    {"IRIW+lwsyncs", {store_x, store_y, iriw2_lwsync, iriw3_lwsync}, "2a=1,2b=0,3a=1,3b=0", ALLOWED},
    {"IRIW+syncs", {store_x, store_y, iriw2_sync, iriw3_sync}, "2a=1,2b=0,3a=1,3b=0", FORBIDDEN},
    {"2+2W", {two0_po, two1_po, NONE}, "x=2,y=2", ALLOWED},
    {"2+2W+lwsyncs", {two0_lwsync, two1_lwsync, NONE}, "x=2,y=2", FORBIDDEN},
    {"2+2W+eieios", {two0_eieio, two1_eieio, NONE}, "x=2,y=2", FORBIDDEN},
    {"2+2W+syncs", {two0_sync, two1_sync, NONE}, "x=2,y=2", FORBIDDEN},
    {"R", {mp0_po, r1_po, NONE}, "y=2,1a=0", ALLOWED},
    {"R+lwsyncs", {mp0_lwsync, r1_lwsync, NONE}, "y=2,1a=0", ALLOWED},
    {"R+lwsync+sync", {mp0_lwsync, r1_sync, NONE}, "y=2,1a=0", ALLOWED},
    {"R+syncs", {mp0_sync, r1_sync, NONE}, "y=2,1a=0", FORBIDDEN},
    {"S", {s0_po, s1_po, NONE}, "x=2,1a=1", ALLOWED},
    {"S+lwsyncs", {s0_lwsync, s1_lwsync, NONE}, "x=2,1a=1", FORBIDDEN},
    {"S+lwsync+data", {s0_lwsync, s1_data, NONE}, "x=2,1a=1", FORBIDDEN},
    {"S+lwsync+addr", {s0_lwsync, s1_addr, NONE}, "x=2,1a=1", FORBIDDEN},
    {"S+lwsync+ctrl", {s0_lwsync, s1_ctrl, NONE}, "x=2,1a=1", FORBIDDEN},
    {"S+syncs", {s0_sync, s1_sync, NONE}, "x=2,1a=1", FORBIDDEN},
    {"WRC", {store_x, wrc1_po, mp1_po, 0}, "1a=1,2a=1,2b=0", ALLOWED},
    {"WRC+data+addr", {store_x, wrc1_data, mp1_addr, 0}, "1a=1,2a=1,2b=0", ALLOWED},
    {"WRC+lwsync+addr", {store_x, wrc1_lwsync, mp1_addr, 0}, "1a=1,2a=1,2b=0", FORBIDDEN},
    {"WRC+lwsync+ctrlisync", {store_x, wrc1_lwsync, mp1_ctrlisync, 0}, "1a=1,2a=1,2b=0", FORBIDDEN},
    {"WRC+sync+addr", {store_x, wrc1_sync, mp1_addr, 0}, "1a=1,2a=1,2b=0", FORBIDDEN},
    {"ISA2", {mp0_po, isa1_po, isa2_po, 0}, "1a=1,2a=1,2b=0", ALLOWED},
    {"ISA2+lwsync+data+addr", {mp0_lwsync, isa1_data, isa2_addr, 0}, "1a=1,2a=1,2b=0", FORBIDDEN},
    {"ISA2+sync+data+addr", {mp0_sync, isa1_data, isa2_addr, 0}, "1a=1,2a=1,2b=0", FORBIDDEN},
    {"ISA2+lwsyncs", {mp0_lwsync, isa1_lwsync, isa2_lwsync, 0}, "1a=1,2a=1,2b=0", FORBIDDEN},
    {"CoRR", {store_x, read_twice, NONE}, "1a=1,1b=0", FORBIDDEN},
    {"CoRR2", {store_x, store_two, read_twice, read_twice}, "2a=1,2b=2,3a=2,3b=1|2a=2,2b=1,3a=1,3b=2", FORBIDDEN},
    {"CoWW", {write_twice, read_twice, NONE}, "x=0,1a=0,1b=0|x=1,1a=0,1b=0|x=2,1a=2,1b=1|x=2,1a=2,1b=0", FORBIDDEN},
    {"CoRW1", {read_write, NONE, 0}, "0a=1,x=1|0a=0,x=0", FORBIDDEN},
    {"CoRW", {read_write, store_two, NONE}, "0a=2,x=2|0a=1,x=1|0a=1,x=2", FORBIDDEN},
    {"CoWR", {write_read, store_two, NONE}, "0a=2,x=1|0a=0,x=1|0a=0,x=2", FORBIDDEN},
    {"RES+store", {reserve_slowly, store_two, NONE}, "0a=0,0b=1,x=1|0a=0,0b=0,x=1|0a=2,0b=0,x=1", FORBIDDEN},
    {"RES+half", {reserve_wide, store_w, NONE}, "0a=0,0b=1,w=1|0a=0,0b=0,w=1|0a=2,0b=0,w=1", FORBIDDEN},
    {"RES+RES", {increment, increment, NONE},
     "0b=1,1b=1,x=0|0b=1,1b=1,x=1|0b=1,1b=0,x=0|0b=0,1b=1,x=0|0b=1,1b=0,x=2|0b=0,1b=1,x=2|0b=0,1b=0,x=1|"
     "0b=0,1b=0,x=2",
     FORBIDDEN},
    {"RES+RES+line", {increment, increment_v, NONE},
     "0b=1,x=0,1b=1,v=1|0b=1,x=0,1b=0,v=0|0b=0,x=1,1b=1,v=1|0b=0,x=1,1b=0,v=0|0b=1,x=1,1b=1,v=0|0b=1,x=1,1b=0,v=1|"
     "0b=0,x=0,1b=1,v=0|0b=0,x=0,1b=0,v=1",
     FORBIDDEN},
    {"RES+RES+RES", {increment, increment, increment, 0},
     "0b=1,1b=1,2b=1,x=2|0b=1,1b=1,2b=1,x=1|0b=1,1b=1,2b=0,x=1|0b=1,1b=0,2b=1,x=1|0b=0,1b=1,2b=1,x=1", FORBIDDEN},
    {"RES+other", {reserve_and_wait, other_value, NONE}, "0a=1,0b=1,1a=1", FORBIDDEN},
    {"RES+same", {reserve_and_wait, same_value, NONE}, "0a=1,0b=1,1a=1", STRICT},
    {"RES+back", {reserve_and_wait, there_and_back, NONE}, "0a=1,0b=1,1a=1", STRICT},
};
const uint32_t litmus_count = sizeof litmus_tests / sizeof *litmus_tests;
