// Bytes a second that one core reads, writes, and copies, from working sets of several sizes: best and median of bursts.
//     gcc -O3 -mavx2 bandwidth.c -o bandwidth && ./bandwidth
#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + 1e-9 * t.tv_nsec; }
static int by_value(const void *a, const void *b) { double d = *(const double *)a - *(const double *)b; return (d > 0) - (d < 0); }
static void reads(float *p, size_t n) {
    for (float *end = p + n; p < end; p += 64) __asm__ volatile(
        "vmovaps (%0), %%ymm0\n vmovaps 32(%0), %%ymm1\n vmovaps 64(%0), %%ymm2\n vmovaps 96(%0), %%ymm3\n"
        "vmovaps 128(%0), %%ymm4\n vmovaps 160(%0), %%ymm5\n vmovaps 192(%0), %%ymm6\n vmovaps 224(%0), %%ymm7"
        :: "r"(p) : "ymm0", "ymm1", "ymm2", "ymm3", "ymm4", "ymm5", "ymm6", "ymm7", "memory");
}
static void writes(float *p, size_t n) {
    for (float *end = p + n; p < end; p += 64) __asm__ volatile(
        "vmovaps %%ymm0, (%0)\n vmovaps %%ymm0, 32(%0)\n vmovaps %%ymm0, 64(%0)\n vmovaps %%ymm0, 96(%0)\n"
        "vmovaps %%ymm0, 128(%0)\n vmovaps %%ymm0, 160(%0)\n vmovaps %%ymm0, 192(%0)\n vmovaps %%ymm0, 224(%0)"
        :: "r"(p) : "memory");
}
static void both(float *p, size_t n) {
    for (float *end = p + n; p < end; p += 64) __asm__ volatile(
        "vmovaps (%0), %%ymm0\n vmovaps 32(%0), %%ymm1\n vmovaps 64(%0), %%ymm2\n vmovaps 96(%0), %%ymm3\n"
        "vmovaps 128(%0), %%ymm4\n vmovaps 160(%0), %%ymm5\n vmovaps 192(%0), %%ymm6\n vmovaps 224(%0), %%ymm7\n"
        "vmovaps %%ymm0, (%0)\n vmovaps %%ymm1, 32(%0)\n vmovaps %%ymm2, 64(%0)\n vmovaps %%ymm3, 96(%0)\n"
        "vmovaps %%ymm4, 128(%0)\n vmovaps %%ymm5, 160(%0)\n vmovaps %%ymm6, 192(%0)\n vmovaps %%ymm7, 224(%0)"
        :: "r"(p) : "ymm0", "ymm1", "ymm2", "ymm3", "ymm4", "ymm5", "ymm6", "ymm7", "memory");
}
int main(void) {
    size_t most = (size_t)256 << 20;
    float *p = aligned_alloc(1 << 21, most); madvise(p, most, MADV_HUGEPAGE); memset(p, 0, most);
    size_t sizes[] = {16, 128, 256, 1024, 4096, 16384, 262144};
    void (*ways[])(float *, size_t) = {reads, writes, both}; const char *names[] = {"read", "write", "read and write"};
    printf("%-16s %8s %14s %14s\n", "", "KiB", "best, GB/s", "median, GB/s");
    for (int w = 0; w < 3; w++) for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t n = sizes[s] * 256, times = (size_t)(64 << 20) / (sizes[s] * 1024); if (!times) times = 1;
        double rates[41];
        for (int burst = 0; burst < 41; burst++) {
            double t = now(); for (size_t r = 0; r < times; r++) { ways[w](p, n); __asm__ volatile("" ::: "memory"); }
            rates[burst] = (double)times * n * 4 / (now() - t) / 1e9;
        }
        qsort(rates, 41, sizeof(double), by_value);
        printf("%-16s %8zu %14.1f %14.1f\n", names[w], sizes[s], rates[40], rates[20]);
    }
    return ((volatile float *)p)[3] == 12345.0f;
}
