// A disk of a given speed, the same on every machine: loaded before the C library (LD_PRELOAD), it lets every
// fsync and fdatasync take SLOW_DISK_US longer and counts them in the file SLOW_DISK_COUNT (a 64-bit number that all
// processes share). The real call is made all the same. Built by scripts/bench.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static _Atomic uint64_t *syncs;
static struct timespec pause_for;

__attribute__((constructor)) static void open_the_books(void) {
    const char *pause_us = getenv("SLOW_DISK_US"), *file = getenv("SLOW_DISK_COUNT");
    long us = pause_us ? atol(pause_us) : 0;
    pause_for = (struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    int fd = file ? open(file, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *page = mmap(NULL, sizeof *syncs, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page != MAP_FAILED) syncs = page;
    close(fd);
}

static int slowly(const char *name, int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    if (syncs) atomic_fetch_add(syncs, 1);
    if (pause_for.tv_sec || pause_for.tv_nsec) nanosleep(&pause_for, NULL);
    return real(fd);
}

int fsync(int fd) { return slowly("fsync", fd); }
int fdatasync(int fd) { return slowly("fdatasync", fd); }
