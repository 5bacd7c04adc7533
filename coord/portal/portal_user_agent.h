/* portal_user_agent.h — what the relay calls itself towards the control plane. */
#ifndef RELAY_PORTAL_USER_AGENT_H
#define RELAY_PORTAL_USER_AGENT_H

enum { PORTAL_USER_AGENT_MAX = 256 };

/*
 * portal_user_agent writes "Debian/12 relay/0.1.0 (x86_64; 6.1.0-35-amd64)": name and version of
 * the system from os-release(5), version of the relay, architecture, kernel. Printable ASCII; what
 * is not known is "unknown".
 */
void portal_user_agent(char ret[static PORTAL_USER_AGENT_MAX]);

#endif
