/* auth_secret.c — reads the auth secret, or draws one that all shards agree on. */
#include "auth_secret.h"

#include "crypto.h"
#include "private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    DRAWN_RANDOM_LEN = AUTH_SECRET_DRAWN / 2,
};

bool auth_secret_is_printable(struct bytes secret)
{
    for (size_t i = 0; i < secret.len; i++) {
        if (secret.data[i] < ' ' || secret.data[i] > '~')
            return false;
    }
    return secret.len > 0;
}

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

/* Reads the secret from |fd|, which the problem calls |name|. */
static enum err read_secret(int fd, const char *name, struct auth_secret *ret,
                            struct problem *problem)
{
    uint8_t buffer[AUTH_SECRET_MAX + 2]; /* a newline, and one byte to see that it is too long */
    enum err err = ERR_OK;
    size_t len;

    if (private_file_read(fd, buffer, sizeof(buffer), &len) != ERR_OK) {
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
        problem_set_unreadable(problem);
        return ERR_IO;
    }
    err = read_secret(fd, "it", ret, problem);
    close(fd);
    return err;
}

enum err auth_secret_read_kept(const struct state_dir *dir, struct auth_secret *ret,
                               struct problem *problem)
{
    char path[STATE_DIR_PATH_MAX + sizeof("/" AUTH_SECRET_FILE)];
    int fd;
    enum err err = private_file_open(dir, AUTH_SECRET_FILE, &fd, problem);

    snprintf(path, sizeof(path), "%s/%s", dir->path, AUTH_SECRET_FILE);
    if (err == ERR_NOT_FOUND)
        problem_set(problem, "%s does not exist; the relay draws it when it first starts", path);
    if (err != ERR_OK)
        return err;
    err = read_secret(fd, path, ret, problem);
    close(fd);
    return err;
}

/* Draws a secret under AUTH_SECRET_FILE unless there is one by now. */
static enum err draw(const struct state_dir *dir, struct problem *problem)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t random[DRAWN_RANDOM_LEN], text[AUTH_SECRET_DRAWN + 1];

    /* Up to 256 bytes come whole, and no signal interrupts (getrandom(2)). */
    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
        problem_set(problem, "no secret can be drawn: %s", strerror(errno));
        return ERR_IO;
    }
    for (size_t i = 0; i < sizeof(random); i++) {
        text[2 * i] = (uint8_t)digits[random[i] >> 4];
        text[2 * i + 1] = (uint8_t)digits[random[i] & 15];
    }
    text[AUTH_SECRET_DRAWN] = '\n';
    /* The first one stays, so all agree. */
    enum err err =
        private_file_put(dir, AUTH_SECRET_FILE, (struct bytes){.data = text, .len = sizeof(text)},
                         PRIVATE_FILE_UNLESS_THERE, problem);

    crypto_wipe(random, sizeof(random));
    crypto_wipe(text, sizeof(text));
    return err;
}

enum err auth_secret_keep(const struct state_dir *dir, struct auth_secret *ret,
                          struct problem *problem)
{
    enum err err = auth_secret_read_kept(dir, ret, problem);

    if (err != ERR_NOT_FOUND)
        return err;
    err = draw(dir, problem);
    if (err == ERR_OK)
        err = auth_secret_read_kept(dir, ret, problem);
    return err == ERR_NOT_FOUND ? ERR_IO : err;
}

void auth_secret_wipe(struct auth_secret *secret)
{
    if (secret != NULL)
        crypto_wipe(secret, sizeof(*secret));
}
