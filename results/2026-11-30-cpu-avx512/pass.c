// What one core pays to read what the other has just written: a buffer of SIZE KiB, written by core 0 or core 1, then read by core 1.
// cc -O2 -march=native -pthread pass.c -o pass && ./pass
#define _GNU_SOURCE
#include <immintrin.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 2001 };
static float *buffer;
static size_t bytes;
static atomic_int turn; // 0: writer on core 0 may write; 1: reader's turn; 2: end

static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1e6 + t.tv_nsec * 1e-3; }
static void pin(int core) { cpu_set_t set; CPU_ZERO(&set); CPU_SET(core, &set); sched_setaffinity(0, sizeof set, &set); }
static void fill(float value) { for (size_t i = 0; i < bytes / 4; i += 16) _mm512_store_ps(buffer + i, _mm512_set1_ps(value)); }
static float sum(void) {
    __m512 a = _mm512_setzero_ps(), b = a, c = a, d = a;
    for (size_t i = 0; i < bytes / 4; i += 64) {
        a = _mm512_add_ps(a, _mm512_load_ps(buffer + i)); b = _mm512_add_ps(b, _mm512_load_ps(buffer + i + 16));
        c = _mm512_add_ps(c, _mm512_load_ps(buffer + i + 32)); d = _mm512_add_ps(d, _mm512_load_ps(buffer + i + 48));
    }
    return _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(a, b), _mm512_add_ps(c, d)));
}
static void *writer(void *unused) {
    (void)unused; pin(0);
    for (int round = 0;; round++) {
        int seen;
        while ((seen = atomic_load(&turn)) == 1) _mm_pause();
        if (seen == 2) return NULL;
        fill((float)round); atomic_store(&turn, 1);
    }
}
static int by_time(const void *a, const void *b) { double x = *(double *)a, y = *(double *)b; return (x > y) - (x < y); }
int main(void) {
    static volatile float sink; static double other[ROUNDS], own[ROUNDS];
    pin(1);
    printf("KiB, microseconds to read what this core wrote, what the other wrote: median (least tenth); GB/s of the latter\n");
    for (size_t kib = 64; kib <= 4096; kib *= 2) {
        bytes = kib << 10; buffer = aligned_alloc(1 << 21, bytes < (1 << 21) ? 1 << 21 : bytes); memset(buffer, 0, bytes);
        pthread_t thread; atomic_store(&turn, 0); pthread_create(&thread, NULL, writer, NULL);
        for (int round = 0; round < ROUNDS; round++) {
            while (atomic_load(&turn) != 1) _mm_pause();
            double start = now(); sink = sum(); other[round] = now() - start;
            fill(1.0f + round); start = now(); sink = sum(); own[round] = now() - start;
            atomic_store(&turn, round + 1 < ROUNDS ? 0 : 2);
        }
        pthread_join(thread, NULL);
        qsort(other, ROUNDS, sizeof *other, by_time); qsort(own, ROUNDS, sizeof *own, by_time);
        printf("%5zu  %8.1f (%.1f)  %8.1f (%.1f)  %6.1f\n", kib, own[ROUNDS / 2], own[ROUNDS / 10], other[ROUNDS / 2], other[ROUNDS / 10], bytes * 1e-3 / other[ROUNDS / 2]);
        free(buffer);
    }
    (void)sink;
}
