/* auth_secret.c — reads the auth secret, or draws one that all shards agree on. */
#include "auth_secret.h"

#include "crypto.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    DRAWN_RANDOM_LEN = AUTH_SECRET_DRAWN / 2,
    DRAW_ATTEMPTS = 16, /* temporary names tried; each is drawn from 64 bits */
    TEMPORARY_NAME_MAX = 64,
};

enum err auth_secret_from_text(const char *text, struct auth_secret *ret, struct problem *problem)
{
    size_t len = strlen(text);

    if (len == 0 || len > AUTH_SECRET_MAX) {
        problem_set(problem, "an auth secret has 1 to %d bytes", AUTH_SECRET_MAX);
        return ERR_RANGE;
    }
    ret->len = len;
    memcpy(ret->text, text, len);
    return ERR_OK;
}

/* Fills |buffer| as far as the file goes. False with errno set. */
static bool read_up_to(int fd, uint8_t *buffer, size_t size, size_t *ret_len)
{
    size_t len = 0;

    while (len < size) {
        ssize_t count = read(fd, buffer + len, size - len);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return false;
        if (count == 0)
            break;
        len += (size_t)count;
    }
    *ret_len = len;
    return true;
}

/* Reads the secret from |fd|, which the problem calls |name|. */
static enum err read_secret(int fd, const char *name, struct auth_secret *ret,
                            struct problem *problem)
{
    uint8_t buffer[AUTH_SECRET_MAX + 2]; /* a newline, and one byte to see that it is too long */
    enum err err = ERR_OK;
    size_t len;

    if (!read_up_to(fd, buffer, sizeof(buffer), &len)) {
        problem_set(problem, "%s cannot be read: %s", name, strerror(errno));
        crypto_wipe(buffer, sizeof(buffer));
        return ERR_IO;
    }
    if (len > 0 && buffer[len - 1] == '\n')
        len--;
    if (len == 0) {
        problem_set(problem, "%s is empty; an auth secret has 1 to %d bytes", name,
                    AUTH_SECRET_MAX);
        err = ERR_RANGE;
    } else if (len > AUTH_SECRET_MAX) {
        problem_set(problem, "%s is too long; an auth secret has 1 to %d bytes", name,
                    AUTH_SECRET_MAX);
        err = ERR_RANGE;
    } else {
        ret->len = len;
        memcpy(ret->text, buffer, len);
    }
    crypto_wipe(buffer, sizeof(buffer));
    return err;
}

enum err auth_secret_read_file(const char *path, struct auth_secret *ret, struct problem *problem)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum err err;

    if (fd < 0) {
        problem_set(problem, "it cannot be read: %s", strerror(errno));
        return ERR_IO;
    }
    err = read_secret(fd, "it", ret, problem);
    close(fd);
    return err;
}

/* The rule of auth_secret_read_kept: who could read the file knows every password, who could
 * write it can choose them. */
static enum err judge_kept(int fd, const struct state_dir *dir, const char *path,
                           struct problem *problem)
{
    struct stat status;

    if (fstat(fd, &status) != 0) {
        problem_set(problem, "%s cannot be read: %s", path, strerror(errno));
        return ERR_IO;
    }
    if (!S_ISREG(status.st_mode)) {
        problem_set(problem, "%s is not a regular file", path);
        return ERR_AUTH;
    }
    if (status.st_uid != 0 && status.st_uid != geteuid() && status.st_uid != dir->owner) {
        problem_set(problem, "%s belongs to user %lu, not to us (%lu) or root", path,
                    (unsigned long)status.st_uid, (unsigned long)geteuid());
        return ERR_AUTH;
    }
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        problem_set(problem, "%s has mode %03o; nobody but its owner may read it", path,
                    (unsigned)status.st_mode & 07777);
        return ERR_AUTH;
    }
    return ERR_OK;
}

enum err auth_secret_read_kept(const struct state_dir *dir, struct auth_secret *ret,
                               struct problem *problem)
{
    char path[STATE_DIR_PATH_MAX + sizeof("/" AUTH_SECRET_FILE)];
    enum err err;
    int fd;

    snprintf(path, sizeof(path), "%s/%s", dir->path, AUTH_SECRET_FILE);
    /* O_NONBLOCK: a FIFO under this name must not hang us. */
    fd = openat(dir->fd, AUTH_SECRET_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        problem_set(problem, "%s does not exist; the relay draws it when it first starts", path);
        return ERR_NOT_FOUND;
    }
    if (fd < 0) {
        problem_set(problem, "%s cannot be read: %s", path, strerror(errno));
        return ERR_IO;
    }
    err = judge_kept(fd, dir, path, problem);
    if (err == ERR_OK)
        err = read_secret(fd, path, ret, problem);
    close(fd);
    return err;
}

static bool draw(uint8_t *out, size_t len)
{
    /* Up to 256 bytes come whole, and no signal interrupts (getrandom(2)). */
    return getrandom(out, len, 0) == (ssize_t)len;
}

static bool write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t count = write(fd, text, len);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return false;
        text += count;
        len -= (size_t)count;
    }
    return true;
}

/* Writes a drawn secret and a newline to |fd|, down to the disk. */
static bool write_drawn(int fd)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t random[DRAWN_RANDOM_LEN];
    char text[AUTH_SECRET_DRAWN + 1];
    bool is_written = false;

    if (draw(random, sizeof(random))) {
        for (size_t i = 0; i < sizeof(random); i++) {
            text[2 * i] = digits[random[i] >> 4];
            text[2 * i + 1] = digits[random[i] & 15];
        }
        text[AUTH_SECRET_DRAWN] = '\n';
        /* The umask may have taken from the mode that the file was created with. */
        is_written = fchmod(fd, S_IRUSR | S_IWUSR) == 0 && write_all(fd, text, sizeof(text)) &&
                     fsync(fd) == 0;
    }
    crypto_wipe(random, sizeof(random));
    crypto_wipe(text, sizeof(text));
    return is_written;
}

/* Creates a file under a name that nobody else uses. -1 with errno set. */
static int create_temporary(const struct state_dir *dir, char ret_name[static TEMPORARY_NAME_MAX])
{
    for (int i = 0; i < DRAW_ATTEMPTS; i++) {
        uint64_t random;
        int fd;

        if (!draw((uint8_t *)&random, sizeof(random)))
            return -1;
        snprintf(ret_name, TEMPORARY_NAME_MAX, AUTH_SECRET_FILE ".new-%016" PRIx64, random);
        fd = openat(dir->fd, ret_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    S_IRUSR | S_IWUSR);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

/* Draws a secret under AUTH_SECRET_FILE unless there is one by now. False with errno set. */
static bool draw_and_link(const struct state_dir *dir)
{
    char name[TEMPORARY_NAME_MAX];
    int fd = create_temporary(dir, name);
    bool is_there;
    int saved_errno;

    if (fd < 0)
        return false;
    /* link(2), not rename(2): it fails when the name is taken, so the first one stays, and
     * whoever opens the name finds a whole secret. */
    is_there = write_drawn(fd) &&
               (linkat(dir->fd, name, dir->fd, AUTH_SECRET_FILE, 0) == 0 || errno == EEXIST);
    saved_errno = errno;
    close(fd);
    unlinkat(dir->fd, name, 0);
    if (!is_there) {
        errno = saved_errno;
        return false;
    }
    /* The name itself is on disk only when the directory is. */
    return fsync(dir->fd) == 0;
}

enum err auth_secret_keep(const struct state_dir *dir, struct auth_secret *ret,
                          struct problem *problem)
{
    enum err err = auth_secret_read_kept(dir, ret, problem);

    if (err != ERR_NOT_FOUND)
        return err;
    if (!draw_and_link(dir)) {
        problem_set(problem, "%s/%s cannot be written: %s", dir->path, AUTH_SECRET_FILE,
                    strerror(errno));
        return ERR_IO;
    }
    err = auth_secret_read_kept(dir, ret, problem);
    return err == ERR_NOT_FOUND ? ERR_IO : err;
}

void auth_secret_wipe(struct auth_secret *secret)
{
    if (secret != NULL)
        crypto_wipe(secret, sizeof(*secret));
}
