/* relayctl.h — the subcommands of relayctl. */
#ifndef RELAY_RELAYCTL_H
#define RELAY_RELAYCTL_H

/*
 * One subcommand. |run| gets the arguments from the command's name on and returns the exit
 * code: 0 done, 1 it did not work, 2 wrong arguments. It prints its errors itself, each as
 * one line on standard error.
 */
struct relayctl_command {
    const char *name;
    const char *summary; /* one line */
    int (*run)(int argc, char **argv);
};

/* Each in cmd_<name>.c. */
extern const struct relayctl_command relayctl_status;
extern const struct relayctl_command relayctl_shards;
extern const struct relayctl_command relayctl_allocations;
extern const struct relayctl_command relayctl_channels;
extern const struct relayctl_command relayctl_owner;
extern const struct relayctl_command relayctl_top;
extern const struct relayctl_command relayctl_drain;
extern const struct relayctl_command relayctl_undrain;
extern const struct relayctl_command relayctl_delete;
extern const struct relayctl_command relayctl_credential;
extern const struct relayctl_command relayctl_ping;

#endif
