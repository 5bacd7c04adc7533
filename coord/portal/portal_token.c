/* portal_token.c — the token that the control plane knows this relay by. */
#include "portal/portal_token.h"

#include "crypto.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = PORTAL_TOKEN_MAX + 1024 }; /* blanks included */

enum err portal_token_from_text(const char *text, size_t len, struct portal_token *ret,
                                struct problem *problem)
{
    ret->len = 0;
    for (size_t i = 0; i < len; i++) {
        if (strchr(" \t\r\n\v\f", text[i]) != NULL && text[i] != '\0')
            continue;
        if (text[i] < '!' || text[i] > '~') {
            problem_set(problem, "a token is visible ASCII");
            portal_token_wipe(ret);
            return ERR_RANGE;
        }
        if (ret->len == PORTAL_TOKEN_MAX) {
            ret->len++;
            break;
        }
        ret->text[ret->len++] = text[i];
    }
    if (ret->len == 0 || ret->len > PORTAL_TOKEN_MAX) {
        problem_set(problem, "a token has 1 to %d characters", PORTAL_TOKEN_MAX);
        portal_token_wipe(ret);
        return ERR_RANGE;
    }
    return ERR_OK;
}

enum err portal_token_read_file(const char *path, struct portal_token *ret, struct problem *problem)
{
    char buffer[FILE_MAX];
    size_t len = 0;
    ssize_t count;
    enum err err;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        problem_set(problem, "it cannot be read: %s", strerror(errno));
        return ERR_IO;
    }
    do {
        count = read(fd, buffer + len, sizeof(buffer) - len);
        len += count > 0 ? (size_t)count : 0;
    } while ((count > 0 && len < sizeof(buffer)) || (count < 0 && errno == EINTR));
    if (count < 0) {
        problem_set(problem, "it cannot be read: %s", strerror(errno));
        err = ERR_IO;
    } else if (len == sizeof(buffer)) {
        problem_set(problem, "it is longer than a token can be");
        err = ERR_RANGE;
    } else {
        err = portal_token_from_text(buffer, len, ret, problem);
    }
    close(fd);
    crypto_wipe(buffer, sizeof(buffer));
    return err;
}

void portal_token_wipe(struct portal_token *token)
{
    crypto_wipe(token, sizeof(*token));
}
