/* counter_page.c — creates, locks and reads the counter pages of shards. */
#include "counter_page.h"

#include "siphash.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNTER_PAGE_MAGIC UINT64_C(0x72656c6179636e74)

enum { COUNTER_PAGE_VERSION = 2, NAME_MAX_LEN = 32, PATH_TEXT_MAX = STATE_DIR_PATH_MAX + 32 };

#define DROP_PREFIX "dropped_"

#define VALUE(text, sentence, sort) {.name = (text), .help = (sentence), .kind = (sort)},

static const struct counter_info infos[COUNTER_PAGE_VALUES] = {
#define X(id, text, sentence) VALUE(text, sentence, COUNTER_GAUGE)
    TURN_GAUGES(X)
#undef X
#define X(id, text, sentence) VALUE(text, sentence, COUNTER_EVENT)
        TURN_EVENTS(X)
#undef X
#define X(id, text, sentence) VALUE(DROP_PREFIX text, sentence, COUNTER_DROP)
            TURN_DROPS(X)
#undef X
#define X(id, text, sentence) VALUE(text, sentence, COUNTER_GAUGE)
                SHARD_GAUGES(X)
#undef X
#define X(id, text, sentence) VALUE(text, sentence, COUNTER_EVENT)
                    SHARD_EVENTS(X)
#undef X
#define X(id, text, sentence) VALUE(text, sentence, COUNTER_DROP)
                        SHARD_DROPS(X)
#undef X
#define X(id, text, sentence) VALUE(text, sentence, COUNTER_BUCKET)
                            SHARD_HISTOGRAMS(COUNTER_BUCKETS, X)
#undef X
};

static const struct counter_histogram histograms[COUNTER_HISTOGRAM_COUNT] = {
#define Y(unused, id, text, sentence, counted)                                                     \
    {.name = (text),                                                                               \
     .help = (sentence),                                                                           \
     .first = SHARD_COUNT_##id##_1,                                                                \
     .sum = SHARD_COUNT_##counted},
    SHARD_HISTOGRAMS(Y, unused)
#undef Y
};

const struct counter_histogram *counter_histogram_of(size_t index)
{
    assert(index < COUNTER_HISTOGRAM_COUNT);
    return &histograms[index];
}

const struct counter_info *counter_info_of(size_t index)
{
    assert(index < COUNTER_PAGE_VALUES);
    return &infos[index];
}

const char *counter_drop_reason(const struct counter_info *info)
{
    size_t len = strlen(DROP_PREFIX);

    return strncmp(info->name, DROP_PREFIX, len) == 0 ? info->name + len : info->name;
}

uint64_t counter_sum_misrouted(const uint64_t *values)
{
    return values[SHARD_COUNT_MISROUTED_TO_SHARD] + values[SHARD_COUNT_MISROUTED_NOBODY] +
           values[SHARD_COUNT_MISROUTED_ELSEWHERE] + values[SHARD_COUNT_MISROUTED_KEPT];
}

uint64_t counter_sum_dropped(const uint64_t *values)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < COUNTER_PAGE_VALUES; i++) {
        if (infos[i].kind == COUNTER_DROP)
            sum += values[i];
    }
    return sum;
}

const char *shard_state_name(uint32_t state)
{
    static const char *const names[] = {
        [SHARD_STATE_STARTING] = "starting",
        [SHARD_STATE_SERVING] = "serving",
        [SHARD_STATE_DRAINING] = "draining",
        [SHARD_STATE_STOPPED] = "stopped",
    };

    return state < sizeof(names) / sizeof(names[0]) ? names[state] : "unknown";
}

/* Two builds agree on it only when they have the same values in the same order. */
static uint64_t layout_hash(void)
{
    uint64_t hash = COUNTER_PAGE_VALUES;

    for (size_t i = 0; i < COUNTER_PAGE_VALUES; i++) {
        const struct siphash_key key = {.k0 = hash, .k1 = (uint64_t)infos[i].kind};
        hash = siphash(&key, infos[i].name, strlen(infos[i].name));
    }
    return hash;
}

static void name_page(uint32_t shard, char name[static NAME_MAX_LEN])
{
    snprintf(name, NAME_MAX_LEN, "shard-%" PRIu32 ".counters", shard);
}

static enum err io_problem(const struct state_dir *dir, const char *name, const char *verb,
                           struct problem *problem)
{
    problem_set(problem, "%s/%s cannot be %s: %s", dir->path, name, verb, strerror(errno));
    return ERR_IO;
}

/* A lock of the open file description: it ends with the process, whatever kills it, and
 * unlike flock(2) it can be asked after without being taken. */
static int lock_command(int fd, int command, struct flock *lock)
{
    *lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fd, command, lock);
}

static enum err refuse(int fd, uint32_t shard, int64_t *ret_holder_pid, struct problem *problem)
{
    int64_t pid = 0;

    /* The holder may be just about to write its pid; then there is none to tell. */
    if (pread(fd, &pid, sizeof(pid), offsetof(struct counter_page, pid)) != (ssize_t)sizeof(pid))
        pid = 0;
    *ret_holder_pid = pid;
    problem_set(problem, "shard %" PRIu32 " is running already, as process %" PRId64, shard, pid);
    return ERR_EXISTS;
}

static void reset_page(struct counter_page *page, uint32_t shard, uint32_t shards,
                       struct turn_now now)
{
    /* Also of a page whose setting up was cut short; one that is new has no version. */
    uint64_t starts = page->version == COUNTER_PAGE_VERSION ? page->starts : 0;

    __atomic_store_n(&page->magic, 0, __ATOMIC_SEQ_CST);
    *page = (struct counter_page){
        .layout = layout_hash(),
        .version = COUNTER_PAGE_VERSION,
        .state = SHARD_STATE_STARTING,
        .shard = shard,
        .shards = shards,
        .pid = getpid(),
        .started_mono_usec = now.mono.usec,
        .started_wall_sec = now.wall.sec,
        .seen_mono_usec = now.mono.usec,
        .starts = starts + 1,
    };
    /* Readers in other processes: whoever sees the magic sees what was written before it. */
    __atomic_store_n(&page->magic, COUNTER_PAGE_MAGIC, __ATOMIC_RELEASE);
}

/* Blocks are reserved at once: a full disk must not become a SIGBUS when a counter is written.
 * False with errno set. */
static bool reserve_page(int fd)
{
    if (ftruncate(fd, COUNTER_PAGE_LEN) != 0)
        return false;
    /* Not fallocate(2), which some file systems lack: there this one writes. */
    errno = posix_fallocate(fd, 0, COUNTER_PAGE_LEN);
    return errno == 0;
}

enum err counter_page_create(const struct state_dir *dir, uint32_t shard, uint32_t shards,
                             struct turn_now now, struct counter_writer *ret,
                             int64_t *ret_holder_pid, struct problem *problem)
{
    char name[NAME_MAX_LEN];
    struct flock lock;
    enum err err;
    void *page;
    int fd;

    name_page(shard, name);
    fd = openat(dir->fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return io_problem(dir, name, "opened", problem);
    /* Whoever can open it can hold a lock that keeps us from starting. */
    if (fchmod(fd, S_IRUSR | S_IWUSR) != 0) {
        err = io_problem(dir, name, "written", problem);
        goto fail;
    }
    if (lock_command(fd, F_OFD_SETLK, &lock) != 0) {
        if (errno == EAGAIN || errno == EACCES)
            err = refuse(fd, shard, ret_holder_pid, problem);
        else
            err = io_problem(dir, name, "locked", problem);
        goto fail;
    }
    if (!reserve_page(fd)) {
        err = io_problem(dir, name, "written", problem);
        goto fail;
    }
    page = mmap(NULL, COUNTER_PAGE_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) {
        err = io_problem(dir, name, "mapped", problem);
        goto fail;
    }
    reset_page(page, shard, shards, now);
    *ret = (struct counter_writer){.page = page, .fd = fd};
    return ERR_OK;

fail:
    close(fd);
    return err;
}

void counter_page_close(struct counter_writer *writer)
{
    if (writer->page == NULL)
        return;
    munmap(writer->page, COUNTER_PAGE_LEN);
    close(writer->fd);
    *writer = (struct counter_writer){.fd = -1};
}

/* Copies what is mapped at |page|, each value whole. */
static enum err copy_page(const struct counter_page *page, struct counter_page *ret)
{
    if (__atomic_load_n(&page->magic, __ATOMIC_ACQUIRE) != COUNTER_PAGE_MAGIC)
        return __atomic_load_n(&page->magic, __ATOMIC_ACQUIRE) == 0 ? ERR_UNAVAILABLE
                                                                    : ERR_MALFORMED;
    if (page->version != COUNTER_PAGE_VERSION || page->layout != layout_hash())
        return ERR_MALFORMED;
    *ret = *page;
    ret->seen_mono_usec = __atomic_load_n(&page->seen_mono_usec, __ATOMIC_RELAXED);
    for (size_t i = 0; i < COUNTER_PAGE_VALUES; i++)
        ret->values[i] = __atomic_load_n(&page->values[i], __ATOMIC_RELAXED);
    return ERR_OK;
}

/* Is there a page at all? Asked with a system call: in a file that could not get its blocks on a
 * full disk, the first touch of a mapping would be a SIGBUS. */
static enum err has_page(int fd, off_t size)
{
    uint64_t magic = 0;

    if (size != 0 && size != COUNTER_PAGE_LEN)
        return ERR_MALFORMED;
    if (size != 0 && pread(fd, &magic, sizeof(magic), offsetof(struct counter_page, magic)) !=
                         (ssize_t)sizeof(magic))
        return ERR_IO;
    return magic == 0 ? ERR_UNAVAILABLE : ERR_OK;
}

/* Maps and copies the page in |fd|. */
static enum err read_page(int fd, const struct state_dir *dir, const char *name,
                          struct counter_snapshot *ret, struct problem *problem)
{
    struct stat status;
    struct flock lock;
    enum err err;
    void *page;

    if (fstat(fd, &status) != 0 || lock_command(fd, F_OFD_GETLK, &lock) != 0)
        return io_problem(dir, name, "read", problem);
    ret->is_live = lock.l_type != F_UNLCK;
    err = has_page(fd, status.st_size);
    if (err == ERR_IO)
        return io_problem(dir, name, "read", problem);
    if (err == ERR_OK) {
        page = mmap(NULL, COUNTER_PAGE_LEN, PROT_READ, MAP_SHARED, fd, 0);
        if (page == MAP_FAILED)
            return io_problem(dir, name, "mapped", problem);
        err = copy_page(page, &ret->page);
        munmap(page, COUNTER_PAGE_LEN);
    }
    if (err == ERR_UNAVAILABLE)
        problem_set(problem, "%s/%s is being set up", dir->path, name);
    if (err == ERR_MALFORMED)
        problem_set(problem, "%s/%s is no counter page of this version of the relay", dir->path,
                    name);
    return err;
}

enum err counter_page_read(const struct state_dir *dir, uint32_t shard,
                           struct counter_snapshot *ret, struct problem *problem)
{
    char name[NAME_MAX_LEN];
    enum err err;
    int fd;

    name_page(shard, name);
    fd = openat(dir->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        problem_set(problem, "%s/%s does not exist: no such shard has run here", dir->path, name);
        return ERR_NOT_FOUND;
    }
    if (fd < 0)
        return io_problem(dir, name, "opened", problem);
    err = read_page(fd, dir, name, ret, problem);
    close(fd);
    return err;
}

int64_t counter_page_age(const struct counter_page *page, struct mono_time now)
{
    /* The shard may have woken up since the caller looked at the clock. */
    return now.usec > page->seen_mono_usec ? now.usec - page->seen_mono_usec : 0;
}

bool counter_snapshot_hangs(const struct counter_snapshot *snapshot, struct mono_time now)
{
    return snapshot->is_live &&
           counter_page_age(&snapshot->page, now) >= COUNTER_PAGE_HANGS_SEC * USEC_PER_SEC;
}

const char *counter_snapshot_state(enum err err, const struct counter_snapshot *snapshot,
                                   struct mono_time now)
{
    if (err == ERR_NOT_FOUND)
        return "missing";
    if (err == ERR_UNAVAILABLE)
        return shard_state_name(SHARD_STATE_STARTING);
    if (err != ERR_OK)
        return "unreadable";
    if (!snapshot->is_live)
        return snapshot->page.state == SHARD_STATE_STOPPED ? shard_state_name(SHARD_STATE_STOPPED)
                                                           : "gone";
    return counter_snapshot_hangs(snapshot, now) ? "hangs" : shard_state_name(snapshot->page.state);
}
