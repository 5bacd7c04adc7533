/* ownership_local_files.c — the files of the embedded store: made, locked, and judged untouched. */
#include "ownership_local_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODE = S_IRUSR | S_IWUSR, LOCK_TRIES = 3, META_TRIES = 3 };

static enum err refused(const struct local_files *files, const char *name, struct problem *problem)
{
    problem_set(problem, "%s/%s: %s", files->path, name, strerror(errno));
    return ERR_IO;
}

enum err local_files_open(struct local_files *files, const struct state_dir *dir,
                          struct problem *problem)
{
    files->lock = -1;
    files->owner = dir->owner;
    memcpy(files->path, dir->path, sizeof(files->path));
    files->dir = fcntl(dir->fd, F_DUPFD_CLOEXEC, 0);
    return files->dir >= 0 ? ERR_OK : refused(files, ".", problem);
}

void local_files_close(struct local_files *files)
{
    if (files->lock >= 0)
        close(files->lock);
    if (files->dir >= 0)
        close(files->dir);
    files->lock = files->dir = -1;
}

/* What root makes in somebody's directory is for them. */
static bool give_away(const struct local_files *files, int fd)
{
    return geteuid() != 0 || files->owner == 0 || fchown(fd, files->owner, (gid_t)-1) == 0;
}

enum err local_files_look(const struct local_files *files, const char *name, struct local_file *ret)
{
    struct stat status;

    if (fstatat(files->dir, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode))
        return ERR_NOT_FOUND;
    *ret = (struct local_file){.dev = status.st_dev, .ino = status.st_ino, .size = status.st_size};
    return ERR_OK;
}

static bool open_lock(struct local_files *files)
{
    if (files->lock >= 0)
        close(files->lock);
    files->lock = openat(files->dir, LOCAL_LOCK_FILE,
                         O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, MODE);
    return files->lock >= 0 && give_away(files, files->lock);
}

/* Is what is locked what others will lock? */
static bool lock_is_in_place(const struct local_files *files)
{
    struct local_file named;
    struct stat ours;

    return fstat(files->lock, &ours) == 0 &&
           local_files_look(files, LOCAL_LOCK_FILE, &named) == ERR_OK && named.dev == ours.st_dev &&
           named.ino == ours.st_ino;
}

enum err local_files_lock(struct local_files *files, struct problem *problem)
{
    for (unsigned i = 0; i < LOCK_TRIES; i++) {
        if (files->lock < 0 && !open_lock(files))
            return refused(files, LOCAL_LOCK_FILE, problem);
        if (flock(files->lock, LOCK_EX | LOCK_NB) == 0) {
            if (lock_is_in_place(files))
                return ERR_OK;
        } else if (errno != EWOULDBLOCK && errno != EINTR) {
            return refused(files, LOCAL_LOCK_FILE, problem);
        } else if (lock_is_in_place(files)) {
            return ERR_UNAVAILABLE;
        }
        /* Somebody has removed it. */
        close(files->lock);
        files->lock = -1;
    }
    return ERR_UNAVAILABLE;
}

void local_files_unlock(struct local_files *files)
{
    (void)flock(files->lock, LOCK_UN);
}

unsigned local_files_begin(const struct local_files *files)
{
    uint8_t deaths = 0, next;

    if (pread(files->lock, &deaths, 1, 0) != 1)
        deaths = 0;
    next = deaths < UINT8_MAX ? (uint8_t)(deaths + 1) : deaths;
    (void)!pwrite(files->lock, &next, 1, 0);
    return deaths;
}

void local_files_end(const struct local_files *files)
{
    const uint8_t none = 0;

    (void)!pwrite(files->lock, &none, 1, 0);
}

enum err local_files_make(const struct local_files *files, const char *name,
                          struct problem *problem)
{
    int fd;

    if (unlinkat(files->dir, name, 0) != 0 && errno != ENOENT)
        return refused(files, name, problem);
    fd = openat(files->dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
    if (fd < 0)
        return refused(files, name, problem);
    bool is_given = give_away(files, fd);
    enum err err = is_given ? ERR_OK : refused(files, name, problem);

    close(fd);
    return err;
}

void local_files_remove(const struct local_files *files)
{
    (void)unlinkat(files->dir, LOCAL_DATA_FILE, 0);
    (void)unlinkat(files->dir, LOCAL_READER_FILE, 0);
}

int local_files_open_file(const struct local_files *files, const char *name)
{
    return openat(files->dir, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

/*
 * The headers of LMDB's data format 1, which are the first two pages, on a machine of 64 bits.
 * LMDB believes them: what they say is used as an address of the map unchecked.
 */
struct meta {
    uint8_t page_header[16];
    uint32_t magic;
    uint32_t version;
    uint64_t address;
    uint64_t map_size;
    struct {
        uint32_t pad; /* of the first: the size of a page */
        uint16_t flags;
        uint16_t depth;
        uint64_t branch_pages;
        uint64_t leaf_pages;
        uint64_t overflow_pages;
        uint64_t entries;
        uint64_t root; /* all ones: none */
    } trees[2];
    uint64_t last_page;
    uint64_t transaction;
};
_Static_assert(sizeof(void *) == 8 && sizeof(struct meta) == 152, "as LMDB lays it out");

static bool is_header(const struct meta *meta, uint64_t size)
{
    uint64_t page = meta->trees[0].pad;

    return meta->magic == 0xbeefc0de && meta->version == 1 && meta->map_size == size &&
           page >= 512 && page <= 65536 && (page & (page - 1)) == 0;
}

static bool has_valid_trees(const struct meta *meta)
{
    if (meta->last_page >= meta->map_size / meta->trees[0].pad)
        return false;
    for (unsigned i = 0; i < 2; i++)
        if (meta->trees[i].root != UINT64_MAX &&
            (meta->trees[i].root < 2 || meta->trees[i].root > meta->last_page))
            return false;
    return true;
}

static bool read_meta(int fd, off_t at, off_t size, struct meta *ret)
{
    return pread(fd, ret, sizeof(*ret), at) == (ssize_t)sizeof(*ret) &&
           is_header(ret, (uint64_t)size);
}

bool local_files_data_valid(int fd, off_t size)
{
    struct meta first, second;

    /* One that is just being written may be read half. The older one can be half written for good,
     * by a process that was killed: its number is written last, and LMDB uses the newer one. */
    for (unsigned i = 0; i < META_TRIES; i++)
        if (size > 0 && read_meta(fd, 0, size, &first) &&
            read_meta(fd, (off_t)first.trees[0].pad, size, &second) &&
            has_valid_trees(first.transaction > second.transaction ? &first : &second))
            return true;
    return false;
}

void local_files_boot_id(char text[static BOOT_ID_MAX])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, text, BOOT_ID_MAX - 1) : 0;

    if (fd >= 0)
        close(fd);
    text[len > 0 ? len : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
}
