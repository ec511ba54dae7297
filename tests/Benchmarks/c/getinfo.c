/* The yardstick: virDomainGetInfo in a loop, as a C program would call it.
 * getinfo URI DOMAIN CALLS THREADS -> nanoseconds per call (wall clock, all threads on one connection). */
#include <libvirt/libvirt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static virDomainPtr domain;
static long calls_each;

static void *run(void *unused)
{
    virDomainInfo info;
    (void)unused;
    for (long i = 0; i < calls_each; i++)
        if (virDomainGetInfo(domain, &info) < 0)
            exit(1);
    return NULL;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    int threads = atoi(argv[4]);
    long calls = atol(argv[3]);
    virConnectPtr connection = virConnectOpen(argv[1]);
    if (!connection || !(domain = virDomainLookupByName(connection, argv[2])))
        return 1;

    calls_each = 1000;
    run(NULL);

    calls_each = calls / threads;
    pthread_t *ids = calloc(threads, sizeof *ids);
    double start = now();
    if (threads == 1)
        run(NULL);
    else {
        for (int i = 0; i < threads; i++)
            pthread_create(&ids[i], NULL, run, NULL);
        for (int i = 0; i < threads; i++)
            pthread_join(ids[i], NULL);
    }
    printf("%.3f\n", (now() - start) / (calls_each * threads));
    return 0;
}
