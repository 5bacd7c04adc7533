/* transport_addr.h — transport addresses, five-tuples and address prefixes.
 *
 * Plain values without padding: two of them are equal when their bytes are, so
 * unused bytes are always zero. sockaddr never enters the core; shard/ converts.
 */
#ifndef RELAY_TRANSPORT_ADDR_H
#define RELAY_TRANSPORT_ADDR_H

#include "err.h"
#include "siphash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum ip_family { IP_FAMILY_NONE = 0, IP_FAMILY_V4 = 4, IP_FAMILY_V6 = 6 };

/* A set of families: the OR of these. */
enum { FAMILY_SET_V4 = 1, FAMILY_SET_V6 = 2 };

/* An IP address and a UDP port (RFC 8656 §3). With a port of 0 it stands for
 * an address alone. */
struct transport_addr {
    uint8_t ip[16];    /* network order; IPv4 uses the first 4, the rest is zero */
    uint32_t scope_id; /* interface of a link-local IPv6 address, else 0 */
    uint16_t port;     /* host order */
    uint8_t family;    /* enum ip_family */
    uint8_t unused;    /* zero */
};
_Static_assert(sizeof(struct transport_addr) == 24, "compared and hashed as bytes");

/* Client and server transport address; the protocol is always UDP here
 * (RFC 8656 §3). It identifies an allocation. */
struct five_tuple {
    struct transport_addr client;
    struct transport_addr server;
};
_Static_assert(sizeof(struct five_tuple) == 48, "compared and hashed as bytes");

/* An address prefix such as 10.0.0.0/8. Bits past |len| are zero. */
struct ip_prefix {
    uint8_t ip[16];
    uint8_t family;
    uint8_t len; /* bits: 0..32 or 0..128 */
};

/* Longest text of transport_addr_format, with the terminating zero. */
#define TRANSPORT_ADDR_TEXT_MAX 72

static inline unsigned family_set_of(uint8_t family)
{
    return family == IP_FAMILY_V4 ? FAMILY_SET_V4 : family == IP_FAMILY_V6 ? FAMILY_SET_V6 : 0;
}

/* transport_addr_v4 and _v6 make an address. |ip| is in network order. */
struct transport_addr transport_addr_v4(const uint8_t ip[static 4], uint16_t port);
struct transport_addr transport_addr_v6(const uint8_t ip[static 16], uint16_t port);

/* Equality of everything, and of the IP address (with its scope) alone. */
static inline bool transport_addr_equal(const struct transport_addr *a,
                                        const struct transport_addr *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}
bool transport_addr_same_ip(const struct transport_addr *a, const struct transport_addr *b);
static inline bool five_tuple_equal(const struct five_tuple *a, const struct five_tuple *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* Keyed hashes of every byte, so that a client cannot choose its bucket. They depend on the
 * machine's byte order: for tables, not for storing or sending. */
uint64_t transport_addr_hash(const struct siphash_key *key, const struct transport_addr *addr);
uint64_t five_tuple_hash(const struct siphash_key *key, const struct five_tuple *tuple);

/*
 * transport_addr_unwrap returns the IPv4 address that an IPv6 address carries
 * inside: IPv4-mapped ::ffff:0:0/96 (RFC 4291), NAT64 64:ff9b::/96 (RFC 6052)
 * and 6to4 2002::/16 (RFC 3056). The port is kept. Any other address comes
 * back as it is.
 */
struct transport_addr transport_addr_unwrap(const struct transport_addr *addr);

/* transport_addr_is_v4_mapped: ::ffff:0:0/96. */
bool transport_addr_is_v4_mapped(const struct transport_addr *addr);

/* ip_prefix_contains: |addr| is of the prefix's family and inside it. Scope and port do not
 * count. */
bool ip_prefix_contains(const struct ip_prefix *prefix, const struct transport_addr *addr);

/*
 * transport_addr_format writes "192.0.2.1:3478" or "[2001:db8::1]:3478", with
 * "%SCOPE" (a number) when there is a scope; without ":port" and brackets when
 * the port is 0. IPv6 follows RFC 5952: lower case, "::" for the first longest
 * run of zeros, IPv4-mapped as "::ffff:192.0.2.1". An address without family
 * gives "none". Returns |text|.
 */
char *transport_addr_format(const struct transport_addr *addr,
                            char text[static TRANSPORT_ADDR_TEXT_MAX]);

/*
 * ip_addr_parse reads an address without a port: a dotted quad without leading
 * zeros, or any form of RFC 4291 §2.2; no brackets, no scope. The result has
 * port 0.
 * transport_addr_parse reads "a.b.c.d:port" or "[v6]:port"; when
 * |default_port| is not 0 the port (and then the brackets) may be left out.
 * A port of 0 is out of range.
 * ip_prefix_parse reads "address/len"; without "/len" it is that one address.
 * Set bits past the length are an error: a typing slip is likelier than intent.
 *
 * Each returns ERR_OK, ERR_MALFORMED (not such a text) or ERR_RANGE (port or
 * length out of range, bits past the length). |ret| is untouched on failure.
 */
enum err ip_addr_parse(const char *text, struct transport_addr *ret) MUST_CHECK;
enum err transport_addr_parse(const char *text, uint16_t default_port,
                              struct transport_addr *ret) MUST_CHECK;
enum err ip_prefix_parse(const char *text, struct ip_prefix *ret) MUST_CHECK;

#endif
