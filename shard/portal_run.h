/* portal_run.h — relay-portal at work: the channel's commands carried out, its status kept, what
 * happens logged. */
#ifndef RELAY_PORTAL_RUN_H
#define RELAY_PORTAL_RUN_H

#include "options.h"
#include "portal/portal_token.h"

/*
 * portal_run holds the connection to the control plane until a signal or one of the ends above.
 * |options| have been loaded. |token| is that of the environment, or empty: then it is read from
 * the file of --portal-token-file for each attempt, so that a new one is taken up. Returns the
 * exit code (portal_program.h), and has logged why.
 */
int portal_run(const struct relay_options *options, const struct portal_token *token);

#endif
