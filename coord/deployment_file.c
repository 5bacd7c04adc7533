/* deployment_file.c — what a relay was started with, kept in the state directory for its tools. */
#include "deployment_file.h"

#include "private_file.h"
#include "text_parse.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FILE_TEXT_MAX = 2560, FORMAT = 1 };

_Static_assert((int)FILE_TEXT_MAX > COORDINATION_URL_MAX + DEPLOYMENT_PATH_MAX +
                                        DEPLOYMENT_HTTP_ADDR_MAX + HOST_NAME_MAX_LEN +
                                        DEPLOYMENT_VERSION_MAX + 256,
               "the longest texts fit, with their names and the numbers");

/* A line would end, or begin, where nobody meant it to. */
static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

static enum err write_text(const struct deployment *deployment, char text[static FILE_TEXT_MAX],
                           struct problem *problem)
{
    if (!is_plain(deployment->version) || !is_plain(deployment->instance) ||
        !is_plain(deployment->http_addr) || !is_plain(deployment->auth_secret_file) ||
        !is_plain(deployment->relay_id) || !is_plain(deployment->coordination)) {
        problem_set(problem, "%s: what the relay runs with holds a control character",
                    DEPLOYMENT_FILE);
        return ERR_RANGE;
    }
    bool has_http = deployment->http_addr[0] != '\0';
    bool has_file = deployment->auth_secret_file[0] != '\0';
    bool has_id = deployment->relay_id[0] != '\0';

    (void)snprintf(text, FILE_TEXT_MAX,
                   "deployment %d\nversion %s\ninstance %s\nshards %" PRIu32
                   "\nlowest-port %u\nhighest-port %u\n%s%s%s%s%s%s%s%s%scoordination %s\n",
                   FORMAT, deployment->version, deployment->instance, deployment->shards,
                   deployment->lowest_port, deployment->highest_port, has_http ? "http-addr " : "",
                   deployment->http_addr, has_http ? "\n" : "", has_file ? "auth-secret-file " : "",
                   deployment->auth_secret_file, has_file ? "\n" : "", has_id ? "relay-id " : "",
                   deployment->relay_id, has_id ? "\n" : "", deployment->coordination);
    return ERR_OK;
}

/* One line of the file: its name, and the text behind the blank. */
struct line {
    struct bytes name;
    const char *value;
    size_t len;
};

static bool is_name(const struct line *line, const char *name)
{
    return bytes_equal(line->name, bytes_of_text(name));
}

static bool take_text(const struct line *line, char *ret, size_t size)
{
    if (line->len == 0 || line->len >= size)
        return false;
    memcpy(ret, line->value, line->len);
    ret[line->len] = '\0';
    return is_plain(ret);
}

static bool take_number(const struct line *line, uint64_t min, uint64_t max, uint64_t *ret)
{
    return text_parse_u64(line->value, line->len, min, max, ret) == ERR_OK;
}

static bool take_port(const struct line *line, uint16_t *ret)
{
    uint64_t number;

    if (!take_number(line, 1, UINT16_MAX, &number))
        return false;
    *ret = (uint16_t)number;
    return true;
}

static bool take_line(const struct line *line, struct deployment *ret)
{
    uint64_t number;

    if (is_name(line, "deployment"))
        return take_number(line, FORMAT, FORMAT, &number);
    if (is_name(line, "version"))
        return take_text(line, ret->version, sizeof(ret->version));
    if (is_name(line, "instance"))
        return take_text(line, ret->instance, sizeof(ret->instance)) &&
               host_name_valid(ret->instance);
    if (is_name(line, "lowest-port"))
        return take_port(line, &ret->lowest_port);
    if (is_name(line, "highest-port"))
        return take_port(line, &ret->highest_port);
    if (is_name(line, "http-addr"))
        return take_text(line, ret->http_addr, sizeof(ret->http_addr));
    if (is_name(line, "auth-secret-file"))
        return take_text(line, ret->auth_secret_file, sizeof(ret->auth_secret_file));
    if (is_name(line, "relay-id"))
        return take_text(line, ret->relay_id, sizeof(ret->relay_id));
    if (is_name(line, "coordination"))
        return take_text(line, ret->coordination, sizeof(ret->coordination));
    if (is_name(line, "shards")) {
        if (!take_number(line, 1, DEPLOYMENT_SHARDS_MAX, &number))
            return false;
        ret->shards = (uint32_t)number;
    }
    return true;
}

static bool is_complete(const struct deployment *deployment)
{
    struct problem unused;

    return deployment->version[0] != '\0' && deployment->instance[0] != '\0' &&
           deployment->lowest_port != 0 && deployment->lowest_port <= deployment->highest_port &&
           deployment->shards != 0 &&
           deployment->shards <=
               (uint32_t)(deployment->highest_port - deployment->lowest_port) + 1 &&
           ownership_check_url(deployment->coordination, &unused) == ERR_OK;
}

static bool read_text(const char *text, size_t len, struct deployment *ret)
{
    const char *end = text + len;

    *ret = (struct deployment){.shards = 0};
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *blank = newline != NULL ? memchr(text, ' ', (size_t)(newline - text)) : NULL;

        if (blank == NULL)
            return false;
        const struct line line = {
            .name = {.data = (const uint8_t *)text, .len = (size_t)(blank - text)},
            .value = blank + 1,
            .len = (size_t)(newline - blank - 1)};

        if (!take_line(&line, ret))
            return false;
        text = newline + 1;
    }
    return is_complete(ret);
}

/* Reads the file as it is; |*ret_len| is FILE_TEXT_MAX when it is longer than it may be. */
static enum err read_file(const struct state_dir *dir, char text[static FILE_TEXT_MAX],
                          size_t *ret_len, struct problem *problem)
{
    int fd;
    enum err err = private_file_open(dir, DEPLOYMENT_FILE, &fd, problem);

    if (err != ERR_OK)
        return err;
    err = private_file_read(fd, (uint8_t *)text, FILE_TEXT_MAX, ret_len);
    close(fd);
    if (err != ERR_OK)
        problem_set(problem, "%s/%s cannot be read", dir->path, DEPLOYMENT_FILE);
    return err;
}

enum err deployment_file_write(const struct state_dir *dir, const struct deployment *deployment,
                               struct problem *problem)
{
    char text[FILE_TEXT_MAX], former[FILE_TEXT_MAX];
    struct problem unused;
    size_t former_len;
    enum err err = write_text(deployment, text, problem);

    if (err == ERR_OK && (read_file(dir, former, &former_len, &unused) != ERR_OK ||
                          former_len != strlen(text) || memcmp(former, text, former_len) != 0))
        err = private_file_put(dir, DEPLOYMENT_FILE, bytes_of_text(text), PRIVATE_FILE_REPLACE,
                               problem);
    explicit_bzero(text, sizeof(text));
    explicit_bzero(former, sizeof(former));
    return err;
}

enum err deployment_file_read(const struct state_dir *dir, struct deployment *ret,
                              struct problem *problem)
{
    char text[FILE_TEXT_MAX];
    size_t len;
    enum err err = read_file(dir, text, &len, problem);

    if (err == ERR_OK && (len == sizeof(text) || !read_text(text, len, ret))) {
        deployment_wipe(ret);
        problem_set(problem, "%s/%s is not as this version of the relay writes it", dir->path,
                    DEPLOYMENT_FILE);
        err = ERR_MALFORMED;
    }
    explicit_bzero(text, sizeof(text));
    return err;
}

void deployment_wipe(struct deployment *deployment)
{
    explicit_bzero(deployment, sizeof(*deployment));
}
