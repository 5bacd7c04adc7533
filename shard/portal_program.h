/* portal_program.h — finds and becomes relay-portal, a program of its own so that neither TLS nor
 * JSON is part of those that face the network. */
#ifndef RELAY_PORTAL_PROGRAM_H
#define RELAY_PORTAL_PROGRAM_H

#include "err.h"
#include "options.h"
#include "problem.h"

enum { PORTAL_PROGRAM_PATH_MAX = 4096 };

/* Exit codes of relay-portal. After the last three, starting it again makes no sense:
 * relay-portal.service says so, too. */
enum {
    PORTAL_EXIT_STOPPED = 0, /* by SIGTERM or SIGINT */
    PORTAL_EXIT_FAILED = 1,  /* the system refused something */
    PORTAL_EXIT_OPTIONS = 2, /* an option is bad */
    PORTAL_EXIT_REFUSED = 3, /* the control plane refused the token */
    PORTAL_EXIT_GAVE_UP = 4, /* not admitted for as long as --portal-give-up says */
};

/*
 * portal_program_find looks for relay-portal beside this very program, then in ../libexec from
 * there. ERR_OK, or ERR_NOT_FOUND with |problem| naming both places.
 */
enum err portal_program_find(char ret_path[static PORTAL_PROGRAM_PATH_MAX],
                             struct problem *problem) MUST_CHECK;

/*
 * portal_program_argv makes its arguments from those of `relay run` or `relay portal`: the command,
 * which |options->reading| found, is left out. Everything else stays, so that it reads
 * the same configuration as the shards. Pure.
 *
 * Returns a NULL-terminated array to free() in one piece, or NULL without memory. It points
 * into |argv|.
 */
char **portal_program_argv(const struct relay_options *options, char **argv);

/* portal_program_run becomes relay-portal. Returns only when it cannot: ERR_NOT_FOUND,
 * ERR_NO_MEMORY or ERR_IO, with |problem| written. */
enum err portal_program_run(const struct relay_options *options, char **argv,
                            struct problem *problem);

#endif
