/* options_load.c — reads the users file and the auth secret that the options name. */
#include "options.h"

#include "crypto.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Adds all lines of |file|. The lines hold keys, so none of them is shown. */
static enum err add_users(const struct relay_options *options, FILE *file, struct turn_users *users,
                          FILE *errors)
{
    char *line = NULL;
    size_t size = 0;
    unsigned long number = 0;
    enum err err = ERR_OK;
    ssize_t len;

    while (err == ERR_OK && (len = getline(&line, &size, file)) >= 0) {
        number++;
        if (len > 0 && line[len - 1] == '\n')
            len--;
        err = turn_users_add_line(users, line, (size_t)len);
    }
    if (err == ERR_OK && ferror(file)) {
        relay_options_error(options, "users-file", errors, "it cannot be read: %s",
                            strerror(errno));
        err = ERR_IO;
    } else if (err == ERR_EXISTS) {
        relay_options_error(options, "users-file", errors,
                            "line %lu names a user who has a line already", number);
    } else if (err == ERR_MALFORMED) {
        relay_options_error(options, "users-file", errors,
                            "line %lu is not username:KEY with KEY of 32 hex digits", number);
    } else if (err != ERR_OK) {
        relay_options_error(options, "users-file", errors, "line %lu: %s", number, err_name(err));
    }
    if (line != NULL)
        crypto_wipe(line, size);
    free(line);
    return err;
}

static enum err load_users(struct relay_options *options, FILE *errors)
{
    FILE *file = fopen(options->users_file, "re");
    struct turn_users *users;
    enum err err;

    if (file == NULL) {
        relay_options_error(options, "users-file", errors, "it cannot be read: %s",
                            strerror(errno));
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

static enum err load_secret(struct relay_options *options, bool may_draw, FILE *errors)
{
    struct problem problem;
    const char *name;
    enum err err;

    if (options->auth_secret_text != NULL) {
        name = "auth-secret";
        err = auth_secret_from_text(options->auth_secret_text, &options->auth_secret, &problem);
    } else if (options->auth_secret_file != NULL) {
        name = "auth-secret-file";
        err = auth_secret_read_file(options->auth_secret_file, &options->auth_secret, &problem);
    } else {
        return load_kept_secret(options, may_draw, errors);
    }
    if (err != ERR_OK)
        relay_options_error(options, name, errors, "%s", problem.text);
    return err;
}

enum err relay_options_load(struct relay_options *options, bool may_draw, FILE *errors)
{
    enum err err = load_secret(options, may_draw, errors);

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
