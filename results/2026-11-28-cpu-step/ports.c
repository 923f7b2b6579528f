// Measures how many instructions of one kind a core takes a second, on registers and the first cache alone: the rates
// that bound a step. gcc -O2 -mavx2 -mfma ports.c -o ports && ./ports
#include <stdio.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static float memory[4096] __attribute__((aligned(64)));

#define X10(a) a(0) a(1) a(2) a(3) a(4) a(5) a(6) a(7) a(8) a(9)
#define STR(n) #n
#define FMA(n) "vfmadd231ps %%ymm14, %%ymm15, %%ymm" STR(n) "\n\t"
#define MUL(n) "vmulps %%ymm14, %%ymm15, %%ymm" STR(n) "\n\t"
#define ADD(n) "vaddps %%ymm14, %%ymm15, %%ymm" STR(n) "\n\t"
#define CMP(n) "vcmpps $14, %%ymm14, %%ymm15, %%ymm" STR(n) "\n\t"
#define MAX(n) "vmaxps %%ymm14, %%ymm15, %%ymm" STR(n) "\n\t"
#define AND(n) "vandps %%ymm14, %%ymm15, %%ymm" STR(n) "\n\t"
#define BLEND(n) "vblendvps %%ymm14, %%ymm15, %%ymm13, %%ymm" STR(n) "\n\t"
#define SHUFFLE(n) "vshufps $0x44, %%ymm14, %%ymm15, %%ymm" STR(n) "\n\t"
#define PERM(n) "vpermps %%ymm14, %%ymm15, %%ymm" STR(n) "\n\t"
#define HALVES(n) "vperm2f128 $0x20, %%ymm14, %%ymm15, %%ymm" STR(n) "\n\t"
#define CONVERT(n) "vcvtps2dq %%ymm14, %%ymm" STR(n) "\n\t"
#define LOAD(n) "vmovups 32*" STR(n) "(%[m]), %%ymm" STR(n) "\n\t"
#define BROADCAST(n) "vbroadcastss 4*" STR(n) "(%[m]), %%ymm" STR(n) "\n\t"
#define STORE(n) "vmovups %%ymm" STR(n) ", 32*" STR(n) "(%[m])\n\t"
#define FMA_LOAD(n) "vfmadd231ps 32*" STR(n) "(%[m]), %%ymm15, %%ymm" STR(n) "\n\t"
#define FMA_BROADCAST(n) "vbroadcastss 4*" STR(n) "(%[m]), %%ymm13\n\tvfmadd231ps %%ymm13, %%ymm15, %%ymm" STR(n) "\n\t"
#define FMA_ADD(n) "vfmadd231ps %%ymm14, %%ymm15, %%ymm" STR(n) "\n\tvaddps %%ymm14, %%ymm15, %%ymm13\n\t"
#define NOP(n) "nop\n\t"
#define SCALAR(n) "lea 1(%[m]), %%r1" STR(n) "\n\t"

#define CLOBBER "ymm0", "ymm1", "ymm2", "ymm3", "ymm4", "ymm5", "ymm6", "ymm7", "ymm8", "ymm9", "ymm13", "ymm14", "ymm15", "memory"
#define TIME(name, each, op)                                                             \
    {                                                                                    \
        double best = 1e9;                                                               \
        for (int round = 0; round < 40; round++) {                                       \
            double start = now();                                                        \
            for (int i = 0; i < 100000; i++)                                             \
                __asm__ volatile(X10(op) X10(op)::[m] "r"(memory) : CLOBBER);            \
            double seconds = now() - start;                                              \
            if (seconds < best) best = seconds;                                          \
        }                                                                                \
        printf("%-34s %7.2f\n", name, 100000 * 20.0 * each / best / 1e9);                \
    }

int main(void) {
    printf("%-34s %7s\n", "instructions, 256 bits", "1e9/s");
    TIME("vfmadd", 1, FMA)
    TIME("vmulps", 1, MUL)
    TIME("vaddps", 1, ADD)
    TIME("vfmadd + vaddps, both", 2, FMA_ADD)
    TIME("vcmpps", 1, CMP)
    TIME("vmaxps", 1, MAX)
    TIME("vandps", 1, AND)
    TIME("vblendvps", 1, BLEND)
    TIME("vshufps", 1, SHUFFLE)
    TIME("vpermps", 1, PERM)
    TIME("vperm2f128", 1, HALVES)
    TIME("vcvtps2dq", 1, CONVERT)
    TIME("load", 1, LOAD)
    TIME("vbroadcastss of memory", 1, BROADCAST)
    TIME("store", 1, STORE)
    TIME("vfmadd with a load", 1, FMA_LOAD)
    TIME("vfmadd + vbroadcastss, pairs", 1, FMA_BROADCAST)
    TIME("nop: all instructions", 1, NOP)
    return 0;
}
