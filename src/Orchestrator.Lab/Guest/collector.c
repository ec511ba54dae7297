/*
 * Collects a guest's serial port:  collector SERIAL-SOCKET CONTROL-SOCKET LOG LOG-LIMIT
 *
 * Every QEMU that holds the guest connects to SERIAL-SOCKET, during a migration two of them. Each line is written to LOG
 * as "<CLOCK_REALTIME ns of its arrival> <line>"; when LOG exceeds LOG-LIMIT bytes it becomes LOG.1 and a new one begins.
 * Lines that a client sends to CONTROL-SOCKET go to the guest; each is answered by "sent" or "no guest".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MAX_PEERS = 32, LINE = 512 };
enum kind { GUEST, CLIENT };

struct peer {
    int fd;
    enum kind kind;
    char line[LINE];                /* a client's command; all guests' bytes are one stream, see below */
    size_t used;
};

static struct peer peers[MAX_PEERS]; /* in the order in which they came */
static int count;
static int speaker = -1;            /* the guest connection that spoke last */
static const char *log_path;
static off_t log_limit;
static int log_fd = -1;

/*
 * A guest is stopped in the middle of a line, and the destination's QEMU sends the rest of it: the connections are one
 * stream. Never do two of them speak at once, and the older one's bytes come first.
 */
static char line[LINE];
static size_t used;

static void die(const char *what)
{
    fprintf(stderr, "collector: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void open_log(void)
{
    log_fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log_fd < 0)
        die(log_path);
}

static void rotate(void)
{
    struct stat s;
    char old[4096];
    if (fstat(log_fd, &s) < 0 || s.st_size < log_limit)
        return;
    snprintf(old, sizeof old, "%s.1", log_path);
    if (rename(log_path, old) < 0)
        die(old);
    close(log_fd);
    open_log();
}

static void write_line(void)
{
    struct timespec now;
    char text[LINE + 32];
    clock_gettime(CLOCK_REALTIME, &now);
    while (used > 0 && line[used - 1] == '\r')
        used--;
    int n = snprintf(text, sizeof text, "%lld%09ld %.*s\n", (long long)now.tv_sec, now.tv_nsec, (int)used, line);
    /* One write a line: a reader never sees half of one, unless the disk is full. */
    if (write(log_fd, text, (size_t)n) != n)
        fprintf(stderr, "collector: %s: %s\n", log_path, strerror(errno));
    used = 0;
    rotate();
}

static int listen_at(const char *path)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof a.sun_path) {
        errno = ENAMETOOLONG;
        die(path);
    }
    strcpy(a.sun_path, path);
    unlink(path);                   /* a collector that was killed left it */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 16) < 0)
        die(path);
    return fd;
}

static void welcome(int listener, enum kind kind)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if (count == MAX_PEERS) {
        close(fd);
        return;
    }
    peers[count++] = (struct peer){ .fd = fd, .kind = kind };
}

static void leave(int i)
{
    if (peers[i].fd == speaker)
        speaker = -1;
    close(peers[i].fd);
    memmove(&peers[i], &peers[i + 1], (size_t)(--count - i) * sizeof peers[0]);
}

static void forward(struct peer *client)
{
    int to = speaker;
    for (int i = 0; to < 0 && i < count; i++) {
        if (peers[i].kind == GUEST)
            to = peers[i].fd;
    }
    client->line[client->used++] = '\n';
    int sent = to >= 0 && send(to, client->line, client->used, MSG_NOSIGNAL) == (ssize_t)client->used;
    const char *answer = sent ? "sent\n" : "no guest\n";
    send(client->fd, answer, strlen(answer), MSG_NOSIGNAL);
    client->used = 0;
}

/* Returns 0 when the peer is gone. */
static int hear(struct peer *p)
{
    char buffer[4096];
    ssize_t n = read(p->fd, buffer, sizeof buffer);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 1;
    if (n <= 0)
        return 0;
    if (p->kind == GUEST)
        speaker = p->fd;
    char *to = p->kind == GUEST ? line : p->line;
    size_t *length = p->kind == GUEST ? &used : &p->used;
    for (ssize_t i = 0; i < n; i++) {
        if (buffer[i] == '\n') {
            if (p->kind == GUEST)
                write_line();
            else
                forward(p);
        } else if (*length < LINE - 1) {
            to[(*length)++] = buffer[i];
        }
    }
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: collector SERIAL-SOCKET CONTROL-SOCKET LOG LOG-LIMIT\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    umask(022);
    log_path = argv[3];
    log_limit = atoll(argv[4]);
    open_log();
    int control = listen_at(argv[2]);
    int serial = listen_at(argv[1]);
    for (;;) {
        struct pollfd wait[2 + MAX_PEERS];
        int waiting = count;
        wait[0] = (struct pollfd){ .fd = serial, .events = POLLIN };
        wait[1] = (struct pollfd){ .fd = control, .events = POLLIN };
        for (int i = 0; i < waiting; i++)
            wait[2 + i] = (struct pollfd){ .fd = peers[i].fd, .events = POLLIN };
        if (poll(wait, (nfds_t)(2 + waiting), -1) < 0)
            continue;
        int gone[MAX_PEERS] = { 0 };
        for (int i = 0; i < waiting; i++)
            gone[i] = wait[2 + i].revents && !hear(&peers[i]);
        for (int i = waiting - 1; i >= 0; i--) {
            if (gone[i])
                leave(i);
        }
        if (wait[0].revents)
            welcome(serial, GUEST);
        if (wait[1].revents)
            welcome(control, CLIENT);
    }
}
