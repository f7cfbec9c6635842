/* A wall clock that stands still: the file named by STANDING_CLOCK holds the time as eight bytes, seconds since 1970,
   and whoever writes the file moves the clock. Always half a second past, so that what ends at a whole second is over
   in that second. Clocks that measure durations are the kernel's. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { NANOSECONDS_PAST = 500000000 };

static const volatile int64_t *seconds;

__attribute__((constructor)) static void attach(void) {
    const char *path = getenv("STANDING_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0) {
        void *page = mmap(0, sizeof *seconds, PROT_READ, MAP_SHARED, file, 0);
        if (page != MAP_FAILED) seconds = page;
        close(file);
    }
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (seconds && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        now->tv_sec = *seconds;
        now->tv_nsec = NANOSECONDS_PAST;
        return 0;
    }
    return (int)syscall(SYS_clock_gettime, clock, now);
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}
