/* portal_run.h — relay-portal at work: the channel's commands carried out, its status kept, what
 * happens logged. */
#ifndef RELAY_PORTAL_RUN_H
#define RELAY_PORTAL_RUN_H

#include "options.h"
#include "portal/portal_token.h"

/* Exit codes of relay-portal. After the last two, starting it again makes no sense. */
enum {
    PORTAL_EXIT_STOPPED = 0, /* by SIGTERM or SIGINT */
    PORTAL_EXIT_FAILED = 1,  /* the system refused something */
    PORTAL_EXIT_OPTIONS = 2, /* an option is bad */
    PORTAL_EXIT_REFUSED = 3, /* the control plane refused the token */
    PORTAL_EXIT_GAVE_UP = 4, /* not admitted for as long as --portal-give-up says */
};

/*
 * portal_run holds the connection to the control plane until a signal or one of the ends above.
 * |options| have been loaded. |token| is that of the environment, or empty: then it is read from
 * the file of --portal-token-file for each attempt, so that a new one is taken up. Returns the
 * exit code, and has logged why.
 */
int portal_run(const struct relay_options *options, const struct portal_token *token);

#endif
