/* port_map.c — writes and reads the maps of open relay ports. */
#include "port_map.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PORT_MAP_MAGIC UINT64_C(0x72656c6179706f72)

enum { PORT_MAP_VERSION = 1, NAME_MAX_LEN = 32, WORD_BITS = 64 };

static void name_map(uint32_t shard, char name[static NAME_MAX_LEN])
{
    (void)snprintf(name, NAME_MAX_LEN, "shard-%" PRIu32 ".ports", shard);
}

static enum err io_problem(const struct state_dir *dir, const char *name, const char *verb,
                           struct problem *problem)
{
    problem_set(problem, "%s/%s cannot be %s: %s", dir->path, name, verb, strerror(errno));
    return ERR_IO;
}

static void reset_page(struct port_map_page *page, uint32_t shard)
{
    __atomic_store_n(&page->magic, 0, __ATOMIC_SEQ_CST);
    page->version = PORT_MAP_VERSION;
    page->shard = shard;
    memset(page->words, 0, sizeof(page->words));
    __atomic_store_n(&page->magic, PORT_MAP_MAGIC, __ATOMIC_RELEASE);
}

/* Maps the file |fd|, whose blocks are reserved at once: a full disk must not become a SIGBUS
 * when a bit is written. NULL with errno set. */
static struct port_map_page *map_page(int fd)
{
    if (ftruncate(fd, sizeof(struct port_map_page)) != 0)
        return NULL;
    errno = posix_fallocate(fd, 0, sizeof(struct port_map_page));
    if (errno != 0)
        return NULL;
    void *page =
        mmap(NULL, sizeof(struct port_map_page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    return page == MAP_FAILED ? NULL : page;
}

enum err port_map_create(const struct state_dir *dir, uint32_t shard, struct port_map *ret,
                         struct problem *problem)
{
    char name[NAME_MAX_LEN];

    name_map(shard, name);
    int fd = openat(dir->fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);

    if (fd < 0)
        return io_problem(dir, name, "opened", problem);
    struct port_map_page *page = map_page(fd);
    enum err err = page != NULL ? ERR_OK : io_problem(dir, name, "written", problem);

    close(fd);
    if (err != ERR_OK)
        return err;
    reset_page(page, shard);
    *ret = (struct port_map){.page = page};
    return ERR_OK;
}

void port_map_close(struct port_map *map)
{
    if (map->page != NULL)
        munmap(map->page, sizeof(*map->page));
    map->page = NULL;
}

void port_map_set(struct port_map *map, uint16_t port, bool is_open)
{
    if (map->page == NULL)
        return;
    uint64_t *word = &map->page->words[port / WORD_BITS];
    uint64_t bit = UINT64_C(1) << port % WORD_BITS;

    /* One writer; readers see the word as it was or as it is. */
    __atomic_store_n(word, is_open ? *word | bit : *word & ~bit, __ATOMIC_RELAXED);
}

static enum err no_map(const struct state_dir *dir, const char *name, struct problem *problem)
{
    problem_set(problem, "%s/%s is no map of relay ports of this version of the relay", dir->path,
                name);
    return ERR_MALFORMED;
}

/* With a system call rather than by a mapping: a file that somebody cuts short is an error then
 * and no SIGBUS. */
static enum err read_page(int fd, const struct state_dir *dir, const char *name,
                          struct port_map_page *ret, struct problem *problem)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return io_problem(dir, name, "read", problem);
    if (!S_ISREG(status.st_mode))
        return no_map(dir, name, problem);
    ret->magic = 0;
    if (status.st_size != 0 && status.st_size != sizeof(*ret))
        return no_map(dir, name, problem);
    if (status.st_size != 0 && pread(fd, ret, sizeof(*ret), 0) != (ssize_t)sizeof(*ret))
        return io_problem(dir, name, "read", problem);
    if (ret->magic == 0) {
        problem_set(problem, "%s/%s is being set up", dir->path, name);
        return ERR_UNAVAILABLE;
    }
    if (ret->magic != PORT_MAP_MAGIC || ret->version != PORT_MAP_VERSION)
        return no_map(dir, name, problem);
    return ERR_OK;
}

enum err port_map_read(const struct state_dir *dir, uint32_t shard, struct port_map_page *ret,
                       struct problem *problem)
{
    char name[NAME_MAX_LEN];

    name_map(shard, name);
    int fd = openat(dir->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT) {
        problem_set(problem, "%s/%s does not exist: no such shard has run here", dir->path, name);
        return ERR_NOT_FOUND;
    }
    if (fd < 0)
        return io_problem(dir, name, "opened", problem);
    enum err err = read_page(fd, dir, name, ret, problem);

    close(fd);
    return err;
}

bool port_map_has(const struct port_map_page *page, uint16_t port)
{
    return (page->words[port / WORD_BITS] >> port % WORD_BITS & 1) != 0;
}
