/*
 * The lab guest's only program. On its serial port it writes every 10 ms
 *     T <sequence> <CLOCK_MONOTONIC ns> <bytes dirtied so far>
 * and reads commands, one a line:
 *     D <MiB per second> [<MiB working set>]      answered by the same with the working set it got
 *     O                                           powers itself off
 *     R                                           reboots itself
 * The power button powers the guest off. When a PCI device comes or goes, and once at the start, it tells all that it sees:
 *     P <how many> <address>,<address>,...
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { TICK_NS = 10000000, PAGE = 4096, MIB = 1048576, RESERVE_MIB = 8, MAX_BUTTONS = 8, MAX_FUNCTIONS = 64, ADDRESS = 12 };

static int serial;
static double rate;                 /* bytes per second */
static double owed;                 /* bytes that should have been dirtied by now and aren't */
static unsigned char *set;
static size_t set_size, set_at;
static uint64_t dirtied;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void say(const char *text, size_t length)
{
    while (length > 0) {
        ssize_t n = write(serial, text, length);
        if (n < 0 && errno != EINTR)
            return;
        if (n > 0) {
            text += n;
            length -= (size_t)n;
        }
    }
}

static void resize(size_t size)
{
    if (set)
        munmap(set, set_size);
    set = NULL;
    set_size = 0;
    if (size == 0)
        return;
    set = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (set == MAP_FAILED) {
        set = NULL;
        return;
    }
    /* A huge page would be dirtied as 512 pages by the first write. */
    madvise(set, size, MADV_NOHUGEPAGE);
    set_size = size;
    set_at = 0;
}

/* Writes one word in each page, a changing one, for at most 8 ms: the next tick must not wait. */
static void dirty(double elapsed_s, int64_t until)
{
    if (!set || rate <= 0)
        return;
    owed += rate * elapsed_s;
    double most = rate / 10 > PAGE ? rate / 10 : PAGE;
    if (owed > most)
        owed = most;                /* what a slow processor could not do in 100 ms is forgotten */
    while (owed >= PAGE) {
        for (int i = 0; i < 16 && owed >= PAGE; i++) {
            *(volatile uint64_t *)(set + set_at) = dirtied + 1;
            set_at = set_at + PAGE < set_size ? set_at + PAGE : 0;
            dirtied += PAGE;
            owed -= PAGE;
        }
        if (now_ns() >= until)
            return;
    }
}

/* As much of what is asked for as there is: a guest without memory kills its first process, which is this one. */
static void make_set(double mib)
{
    static double asked;
    struct sysinfo info;
    if (mib == asked && set)
        return;
    resize(0);
    sysinfo(&info);
    double most = (double)info.freeram * info.mem_unit / MIB - RESERVE_MIB;
    asked = mib;
    resize((size_t)(mib < 1 || mib > most ? (most < 1 ? 1 : most) : mib) * MIB);
}

static void command(const char *line)
{
    static double mib;
    double mib_s;
    char answer[80];
    if (strcmp(line, "O") == 0)
        reboot(RB_POWER_OFF);
    if (strcmp(line, "R") == 0)
        reboot(RB_AUTOBOOT);
    if (sscanf(line, "D %lf %lf", &mib_s, &mib) < 1 || mib_s < 0)
        return;
    make_set(mib);
    rate = mib_s * MIB;
    owed = 0;
    say(answer, (size_t)snprintf(answer, sizeof answer, "D %.3f %zu\n", rate / MIB, set_size / MIB));
}

static void listen_for_commands(void)
{
    static char line[128];
    static size_t used;
    char buffer[64];
    ssize_t n = read(serial, buffer, sizeof buffer);
    for (ssize_t i = 0; i < n; i++) {
        if (buffer[i] == '\n') {
            line[used] = 0;
            command(line);
            used = 0;
        } else if (used < sizeof line - 1) {
            line[used++] = buffer[i];
        }
    }
}

static void listen_to_button(int button)
{
    struct input_event e;
    while (read(button, &e, sizeof e) == sizeof e) {
        if (e.type == EV_KEY && e.code == KEY_POWER && e.value == 1)
            reboot(RB_POWER_OFF);
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void tell_devices(void)
{
    static char last[24 + MAX_FUNCTIONS * (ADDRESS + 1)];
    char found[MAX_FUNCTIONS][ADDRESS + 1];
    char line[sizeof last];
    int count = 0;
    DIR *folder = opendir("/sys/bus/pci/devices");
    for (struct dirent *entry; folder && (entry = readdir(folder)) && count < MAX_FUNCTIONS;) {
        if (strlen(entry->d_name) == ADDRESS)
            strcpy(found[count++], entry->d_name);
    }
    if (folder)
        closedir(folder);
    qsort(found, (size_t)count, sizeof found[0], by_text);
    int length = snprintf(line, sizeof line, "P %d ", count);
    for (int i = 0; i < count; i++)
        length += snprintf(line + length, sizeof line - (size_t)length, "%s%s", i ? "," : "", found[i]);
    line[length++] = '\n';
    line[length] = 0;
    if (strcmp(line, last) != 0)
        say(strcpy(last, line), (size_t)length);
}

/* The kernel says when a device has come or gone: to look at each tick would cost the ticks. */
static int open_uevents(void)
{
    struct sockaddr_nl kernel = { .nl_family = AF_NETLINK, .nl_groups = 1 };
    int uevents = socket(AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
    if (uevents >= 0)
        bind(uevents, (struct sockaddr *)&kernel, sizeof kernel);
    return uevents;
}

static void listen_to_uevents(int uevents)
{
    char buffer[8192];
    while (recv(uevents, buffer, sizeof buffer, 0) > 0 || errno == ENOBUFS || errno == EINTR)
        ;                           /* however many there were, what is there now is what counts */
    tell_devices();
}

int main(void)
{
    struct pollfd wait[3 + MAX_BUTTONS];
    int waits = 3;
    serial = open("/dev/ttyS0", O_RDWR | O_NOCTTY);
    /* The first process inherits the others' orphans. */
    signal(SIGCHLD, SIG_IGN);
    struct termios raw;
    tcgetattr(serial, &raw);
    cfmakeraw(&raw);
    cfsetspeed(&raw, B115200);
    tcsetattr(serial, TCSANOW, &raw);

    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    int64_t last = now_ns();
    int64_t first = last + TICK_NS;
    struct itimerspec every = {
        .it_value = { first / 1000000000, first % 1000000000 },
        .it_interval = { 0, TICK_NS },
    };
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &every, NULL);

    wait[0] = (struct pollfd){ .fd = timer, .events = POLLIN };
    wait[1] = (struct pollfd){ .fd = serial, .events = POLLIN };
    wait[2] = (struct pollfd){ .fd = open_uevents(), .events = POLLIN };
    tell_devices();
    for (int i = 0; i < MAX_BUTTONS; i++) {
        char path[32];
        snprintf(path, sizeof path, "/dev/input/event%d", i);
        int button = open(path, O_RDONLY | O_NONBLOCK);
        if (button >= 0)
            wait[waits++] = (struct pollfd){ .fd = button, .events = POLLIN };
    }

    for (uint64_t sequence = 0;;) {
        if (poll(wait, (nfds_t)waits, -1) <= 0)
            continue;
        uint64_t expired;
        if (wait[0].revents && read(timer, &expired, sizeof expired) == sizeof expired) {
            char line[96];
            int64_t now = now_ns();
            say(line, (size_t)snprintf(line, sizeof line, "T %llu %lld %llu\n",
                (unsigned long long)sequence++, (long long)now, (unsigned long long)dirtied));
            dirty((double)(now - last) / 1e9, now + TICK_NS * 8 / 10);
            last = now;
        }
        if (wait[1].revents & POLLIN)
            listen_for_commands();
        if (wait[2].revents)
            listen_to_uevents(wait[2].fd);
        for (int i = 3; i < waits; i++) {
            if (wait[i].revents & POLLIN)
                listen_to_button(wait[i].fd);
        }
    }
}
