/* options_load.c — reads the users file and the auth secret that the options name. */
#include "options.h"

#include "crypto.h"
#include "portal/portal_token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A username, a key, and more than enough for a comment. */
enum { USERS_LINE_MAX = 4096 };

/* Reads a line up to its newline, which is left out. ERR_NOT_FOUND after the last one or when the
 * file cannot be read, ERR_RANGE for a line that is too long: what is no users file, such as a
 * device, may have no newline at all. */
static enum err read_line(FILE *file, char line[static USERS_LINE_MAX], size_t *ret_len)
{
    size_t len = 0;
    int c;

    while ((c = getc(file)) != EOF && c != '\n') {
        if (len == USERS_LINE_MAX)
            return ERR_RANGE;
        line[len++] = (char)c;
    }
    *ret_len = len;
    return c == EOF && (len == 0 || ferror(file)) ? ERR_NOT_FOUND : ERR_OK;
}

/* Adds all lines of |file|. The lines hold keys, so none of them is shown. */
static enum err add_users(const struct relay_options *options, FILE *file, struct turn_users *users,
                          FILE *errors)
{
    char line[USERS_LINE_MAX];
    unsigned long number = 0;
    enum err err;
    size_t len;

    do {
        number++;
        err = read_line(file, line, &len);
        if (err == ERR_OK)
            err = turn_users_add_line(users, line, len);
    } while (err == ERR_OK);
    if (err == ERR_NOT_FOUND)
        err = ERR_OK;
    if (err == ERR_OK && ferror(file)) {
        relay_options_error(options, "users-file", errors, "it cannot be read: %s",
                            strerror(errno));
        err = ERR_IO;
    } else if (err == ERR_EXISTS) {
        relay_options_error(options, "users-file", errors,
                            "line %lu names a user who has a line already", number);
    } else if (err == ERR_RANGE) {
        relay_options_error(options, "users-file", errors, "line %lu is longer than %d bytes",
                            number, USERS_LINE_MAX);
    } else if (err == ERR_MALFORMED) {
        relay_options_error(options, "users-file", errors,
                            "line %lu is not username:KEY with KEY of 32 hex digits", number);
    } else if (err != ERR_OK) {
        relay_options_error(options, "users-file", errors, "line %lu: %s", number, err_name(err));
    }
    crypto_wipe(line, sizeof(line));
    return err;
}

static enum err load_users(struct relay_options *options, FILE *errors)
{
    FILE *file = fopen(options->users_file, "re");
    struct turn_users *users;
    struct problem problem;
    enum err err;

    if (file == NULL) {
        problem_set_unreadable(&problem);
        relay_options_error(options, "users-file", errors, "%s", problem.text);
        return ERR_IO;
    }
    users = turn_users_new();
    if (users == NULL) {
        fclose(file);
        relay_options_error(options, "users-file", errors, "%s", err_name(ERR_NO_MEMORY));
        return ERR_NO_MEMORY;
    }
    err = add_users(options, file, users, errors);
    fclose(file);
    if (err != ERR_OK) {
        turn_users_free(users);
        return err;
    }
    options->users = users;
    return ERR_OK;
}

static enum err load_kept_secret(struct relay_options *options, bool may_draw, FILE *errors)
{
    struct state_dir dir = STATE_DIR_CLOSED;
    struct problem problem;
    enum err err = state_dir_open(options->state_dir, may_draw ? STATE_DIR_SERVE : STATE_DIR_CHECK,
                                  &dir, &problem);

    if (err == ERR_OK && may_draw)
        err = auth_secret_keep(&dir, &options->auth_secret, &problem);
    else if (err == ERR_OK)
        err = auth_secret_read_kept(&dir, &options->auth_secret, &problem);
    state_dir_close(&dir);
    /* A relay that never ran: starting it will draw the secret. */
    if (err == ERR_NOT_FOUND && !may_draw)
        return ERR_OK;
    if (err != ERR_OK)
        relay_options_error(options, "state-dir", errors, "%s", problem.text);
    return err;
}

/* The name of the option that the secret came from. */
static const char *secret_option(const struct relay_options *options)
{
    return options->auth_secret_text != NULL   ? "auth-secret"
           : options->auth_secret_file != NULL ? "auth-secret-file"
                                               : "state-dir";
}

static enum err load_secret(struct relay_options *options, bool may_draw, FILE *errors)
{
    struct problem problem;
    enum err err;

    if (options->auth_secret_text != NULL)
        err = auth_secret_from_text(options->auth_secret_text, &options->auth_secret, &problem);
    else if (options->auth_secret_file != NULL)
        err = auth_secret_read_file(options->auth_secret_file, &options->auth_secret, &problem);
    else
        return load_kept_secret(options, may_draw, errors);
    if (err != ERR_OK)
        relay_options_error(options, secret_option(options), errors, "%s", problem.text);
    return err;
}

static enum err make_relay_id(struct relay_options *options, FILE *errors)
{
    struct bytes secret = auth_secret_bytes(&options->auth_secret);
    enum err err;

    if (options->portal_url == NULL || secret.len == 0)
        return ERR_OK;
    if (!auth_secret_is_printable(secret)) {
        relay_options_error(options, secret_option(options), errors,
                            "a secret for a control plane is printable ASCII");
        return ERR_RANGE;
    }
    err = relay_id_of_secret(secret, options->relay_id);
    if (err != ERR_OK)
        relay_options_error(options, "portal-url", errors, "%s", err_name(err));
    return err;
}

/* What relay-portal will need. Whether it is a certificate only that program can say. */
static enum err check_portal_files(const struct relay_options *options, FILE *errors)
{
    struct portal_token token;
    struct problem problem;
    enum err err = ERR_OK;

    if (options->portal_token_file != NULL)
        err = portal_token_read_file(options->portal_token_file, &token, &problem);
    else if (options->portal_token != NULL)
        err = portal_token_from_text(options->portal_token, strlen(options->portal_token), &token,
                                     &problem);
    portal_token_wipe(&token);
    if (err != ERR_OK) {
        relay_options_error(
            options, options->portal_token_file != NULL ? "portal-token-file" : "portal-token",
            errors, "%s", problem.text);
    } else if (options->portal_ca_file != NULL && access(options->portal_ca_file, R_OK) != 0) {
        relay_options_error(options, "portal-ca-file", errors, "it cannot be read: %s",
                            strerror(errno));
        err = ERR_IO;
    }
    return err;
}

enum err relay_options_load(struct relay_options *options, bool may_draw, FILE *errors)
{
    enum err err = load_secret(options, may_draw, errors);

    if (err == ERR_OK)
        err = make_relay_id(options, errors);
    if (err == ERR_OK && !may_draw && options->portal_url != NULL &&
        !relay_options_are_of_a_shard(options))
        err = check_portal_files(options, errors);
    if (err == ERR_OK && options->users_file != NULL)
        err = load_users(options, errors);
    return err;
}

void relay_options_free(struct relay_options *options)
{
    auth_secret_wipe(&options->auth_secret);
    turn_users_free(options->users);
    options->users = NULL;
}
