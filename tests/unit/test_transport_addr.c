/* test_transport_addr.c — tests of transport_addr.h. */
#include "transport_addr.h"

#include "unit.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct transport_addr parsed(const char *text)
{
    struct transport_addr addr;
    assert_int_equal(ip_addr_parse(text, &addr), ERR_OK);
    return addr;
}

static struct transport_addr with_port(struct transport_addr addr, uint16_t port)
{
    addr.port = port;
    return addr;
}

static void made_addresses_have_zero_in_unused_bytes(void **state)
{
    (void)state;
    struct transport_addr addr;
    memset(&addr, 0x77, sizeof addr);
    addr = transport_addr_v4((const uint8_t[]){192, 0, 2, 1}, 3478);
    uint8_t expected[sizeof addr] = {192, 0, 2, 1};
    memcpy(expected + offsetof(struct transport_addr, port), &addr.port, 2);
    expected[offsetof(struct transport_addr, family)] = IP_FAMILY_V4;
    assert_memory_equal(&addr, expected, sizeof addr);
    assert_int_equal(addr.port, 3478);

    const uint8_t ip[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 9};
    addr = transport_addr_v6(ip, 5);
    assert_memory_equal(addr.ip, ip, 16);
    assert_int_equal(addr.family, IP_FAMILY_V6);
    assert_int_equal(addr.port, 5);
    assert_int_equal(addr.scope_id, 0);
    assert_int_equal(addr.unused, 0);
}

static void equality(void **state)
{
    (void)state;
    struct transport_addr a = with_port(parsed("fe80::1"), 1000);
    struct transport_addr b = a;
    assert_true(transport_addr_equal(&a, &b));
    b.port = 1001;
    assert_false(transport_addr_equal(&a, &b));
    assert_true(transport_addr_same_ip(&a, &b));
    b = a;
    b.scope_id = 2;
    assert_false(transport_addr_equal(&a, &b));
    assert_false(transport_addr_same_ip(&a, &b));
    b = with_port(parsed("fe80::2"), 1000);
    assert_false(transport_addr_same_ip(&a, &b));

    /* The same bytes in the other family are another address. */
    a = parsed("1.2.3.4");
    b = parsed("102:304::");
    assert_memory_equal(a.ip, b.ip, 16);
    assert_false(transport_addr_same_ip(&a, &b));
    assert_false(transport_addr_equal(&a, &b));
}

static void hashes_follow_equality(void **state)
{
    (void)state;
    const struct siphash_key key = {.k0 = 1, .k1 = 2};
    const struct siphash_key other_key = {.k0 = 1, .k1 = 3};
    struct five_tuple a = {.client = with_port(parsed("192.0.2.1"), 1000),
                           .server = with_port(parsed("198.51.100.1"), 3478)};
    struct five_tuple b = a;
    assert_true(five_tuple_equal(&a, &b));
    assert_true(five_tuple_hash(&key, &a) == five_tuple_hash(&key, &b));
    assert_true(five_tuple_hash(&key, &a) != five_tuple_hash(&other_key, &a));
    assert_true(transport_addr_hash(&key, &a.client) == transport_addr_hash(&key, &b.client));
    assert_true(transport_addr_hash(&key, &a.client) != transport_addr_hash(&other_key, &b.client));
    b.client.port++;
    assert_false(five_tuple_equal(&a, &b));
    assert_true(five_tuple_hash(&key, &a) != five_tuple_hash(&key, &b));
    assert_true(transport_addr_hash(&key, &a.client) != transport_addr_hash(&key, &b.client));
    b = (struct five_tuple){.client = a.server, .server = a.client};
    assert_false(five_tuple_equal(&a, &b));
    assert_true(five_tuple_hash(&key, &a) != five_tuple_hash(&key, &b));
}

static void unwrap(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        const char *out;
    } cases[] = {
        {"::ffff:192.0.2.33", "192.0.2.33"},
        {"64:ff9b::192.0.2.33", "192.0.2.33"},
        {"2002:c000:221::1", "192.0.2.33"},
        {"2002:c000:221:1234:5678:9abc:def0:1", "192.0.2.33"},
        {"::192.0.2.33", "::192.0.2.33"},
        {"::fffe:192.0.2.33", "::fffe:192.0.2.33"},
        {"::1:ffff:192.0.2.33", "::1:ffff:192.0.2.33"},
        {"64:ff9b:1::192.0.2.33", "64:ff9b:1::192.0.2.33"},
        {"64:ff9b::1:192.0.2.33", "64:ff9b::1:192.0.2.33"},
        {"2003:c000:221::1", "2003:c000:221::1"},
        {"192.0.2.33", "192.0.2.33"},
        {"32.2.1.1", "32.2.1.1"}, /* begins with the bytes of 2002::/16 */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct transport_addr in = with_port(parsed(cases[i].in), 777);
        struct transport_addr out = transport_addr_unwrap(&in);
        struct transport_addr expected = with_port(parsed(cases[i].out), 777);
        assert_true(transport_addr_equal(&out, &expected));
    }
    struct transport_addr scoped = parsed("fe80::1");
    scoped.scope_id = 3;
    struct transport_addr out = transport_addr_unwrap(&scoped);
    assert_true(transport_addr_equal(&out, &scoped));
}

static void v4_mapped(void **state)
{
    (void)state;
    struct transport_addr addr = parsed("::ffff:1.2.3.4");
    assert_true(transport_addr_is_v4_mapped(&addr));
    addr = parsed("::fffe:1.2.3.4");
    assert_false(transport_addr_is_v4_mapped(&addr));
    addr = parsed("1.2.3.4");
    assert_false(transport_addr_is_v4_mapped(&addr));
}

static bool contains(const char *prefix_text, const char *addr_text)
{
    struct ip_prefix prefix;
    assert_int_equal(ip_prefix_parse(prefix_text, &prefix), ERR_OK);
    struct transport_addr addr = parsed(addr_text);
    return ip_prefix_contains(&prefix, &addr);
}

static void prefix_contains(void **state)
{
    (void)state;
    assert_true(contains("10.0.0.0/8", "10.255.255.255"));
    assert_false(contains("10.0.0.0/8", "11.0.0.0"));
    assert_true(contains("100.64.0.0/10", "100.127.255.255"));
    assert_false(contains("100.64.0.0/10", "100.128.0.0"));
    assert_true(contains("192.0.2.7/32", "192.0.2.7"));
    assert_false(contains("192.0.2.7", "192.0.2.6"));
    assert_true(contains("192.0.2.6/31", "192.0.2.7"));
    assert_true(contains("0.0.0.0/0", "255.1.2.3"));
    assert_false(contains("0.0.0.0/0", "::"));
    assert_false(contains("::/0", "0.0.0.0"));
    assert_true(contains("::/0", "ffff::"));
    assert_true(contains("fc00::/7", "fdff::1"));
    assert_false(contains("fc00::/7", "fe00::"));
    assert_true(contains("2001:db8::1", "2001:db8::1"));
    assert_false(contains("2001:db8::1/128", "2001:db8::"));
    assert_true(contains("2001:db8::/127", "2001:db8::1"));
}

static void assert_format(struct transport_addr addr, const char *expected)
{
    char text[TRANSPORT_ADDR_TEXT_MAX];
    assert_ptr_equal(transport_addr_format(&addr, text), text);
    assert_string_equal(text, expected);
}

/* Each text is the canonical form of RFC 5952 of the address it stands for. */
static void canonical_texts_survive(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0.0.0.0",
        "255.255.255.255",
        "192.0.2.1",
        "::",
        "::1",
        "1::",
        "2001:db8::1",
        "2001:db8::2:1",
        "2001:db8:0:1:1:1:1:1", /* §4.2.2: no "::" for one group */
        "2001:0:0:1::1",        /* §4.2.3: the longest run */
        "2001:db8::1:0:0:1",    /* §4.2.3: the first of equal runs */
        "0:0:0:1::",            /* a run that is longest at the end */
        "::1:0:0:0",            /* … and at the start */
        "0:1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:0",
        "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "::ffff:192.0.2.1",
        "::fffe:c000:201",
        "64:ff9b::c000:221",
        "10::20",
        "a00::f",
    };
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_format(parsed(texts[i]), texts[i]);
}

static void other_texts_are_read_too(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *canonical;
    } cases[] = {
        {"2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
        {"2001:db8:0:0:0::1", "2001:db8::1"},
        {"2001:DB8::AbCd", "2001:db8::abcd"},
        {"0:0:0:0:0:0:0:0", "::"},
        {"0:0:0:0:0:0:13.1.68.3", "::d01:4403"},
        {"0:0:0:0:0:FFFF:129.144.52.38", "::ffff:129.144.52.38"},
        {"::13.1.68.3", "::d01:4403"},
        {"::ffff:8190:3426", "::ffff:129.144.52.38"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
        {"1:2:3:4:5::1.2.3.4", "1:2:3:4:5:0:102:304"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_format(parsed(cases[i].text), cases[i].canonical);
}

static void ports_and_scopes_are_formatted(void **state)
{
    (void)state;
    assert_format(with_port(parsed("192.0.2.1"), 3478), "192.0.2.1:3478");
    assert_format(with_port(parsed("2001:db8::1"), 65535), "[2001:db8::1]:65535");
    struct transport_addr addr = parsed("fe80::1");
    addr.scope_id = 2;
    assert_format(addr, "fe80::1%2");
    addr.port = 1;
    assert_format(addr, "[fe80::1%2]:1");
    assert_format((struct transport_addr){0}, "none");

    addr = with_port(parsed("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 65535);
    addr.scope_id = UINT32_MAX;
    assert_format(addr, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535");
}

static void texts_that_are_no_address(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        " ",
        "1",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.",
        ".1.2.3",
        "1..2.3",
        "1.2.3.256",
        "01.2.3.4",
        "1.2.3.00",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.0x4",
        "1.2.3.-4",
        "a.b.c.d",
        "1.2.3.4:5",
        ":",
        ":::",
        "::1::",
        "1::2::3",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "1:2:3:4::5:6:7:8",
        "12345::",
        "::12345",
        "::g",
        ":1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:",
        "1:",
        ":1",
        "::1%2",
        "fe80::1%eth0",
        "[::1]",
        "::1/64",
        "::1.2.3",
        "::1.2.3.4.5",
        "::1.2.3.4:5",
        "1.2.3.4::",
        "1:2:3:4:5:6:7:1.2.3.4",
        "1:2:3:4:5:6::1.2.3.4",
        "::1.2.3.256",
        "::0x1",
        "1:2:3:4:5:6:7:+8",
        "example.org",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct transport_addr addr = {.port = 7};
        assert_int_equal(ip_addr_parse(texts[i], &addr), ERR_MALFORMED);
        assert_int_equal(addr.port, 7);
        assert_int_equal(addr.family, IP_FAMILY_NONE);
    }
}

static void addresses_with_ports(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *expected; /* NULL = malformed */
        uint16_t default_port;
    } cases[] = {
        {"192.0.2.1:3478", "192.0.2.1:3478", 0},
        {"[2001:db8::1]:3478", "[2001:db8::1]:3478", 0},
        {"[::ffff:1.2.3.4]:1", "[::ffff:1.2.3.4]:1", 0},
        {"192.0.2.1:65535", "192.0.2.1:65535", 5},
        {"192.0.2.1", "192.0.2.1:5", 5},
        {"2001:db8::1", "[2001:db8::1]:5", 5},
        {"[2001:db8::1]", "[2001:db8::1]:5", 5},
        {"::", "[::]:5", 5},
        {"192.0.2.1", NULL, 0},
        {"2001:db8::1", NULL, 0},
        {"[2001:db8::1]", NULL, 0},
        {"2001:db8::1:3478x", NULL, 5},
        {"[192.0.2.1]:3478", NULL, 0},
        {"[192.0.2.1]", NULL, 5},
        {"192.0.2.1:", NULL, 5},
        {"[::1]:", NULL, 5},
        {"[::1", NULL, 5},
        {"[::1]3478", NULL, 5},
        {"[::1]x:3478", NULL, 5},
        {"[[::1]]:3478", NULL, 5},
        {"[]:3478", NULL, 5},
        {"[", NULL, 5},
        {":3478", NULL, 5},
        {"", NULL, 5},
        {"192.0.2.1:+1", NULL, 5},
        {"192.0.2.1:1 ", NULL, 5},
        {"192.0.2.1:01", NULL, 5},
        {"[fe80::1%2]:3478", NULL, 5},
        {"localhost:3478", NULL, 5},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct transport_addr addr = {.port = 7};
        enum err err = transport_addr_parse(cases[i].text, cases[i].default_port, &addr);
        if (cases[i].expected) {
            assert_int_equal(err, ERR_OK);
            assert_format(addr, cases[i].expected);
        } else {
            assert_int_equal(err, ERR_MALFORMED);
            assert_int_equal(addr.port, 7);
        }
    }
}

static void ports_out_of_range(void **state)
{
    (void)state;
    static const char *const texts[] = {"192.0.2.1:0", "192.0.2.1:65536", "[::1]:0",
                                        "[::1]:99999999999999999999"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct transport_addr addr = {.port = 7};
        assert_int_equal(transport_addr_parse(texts[i], 5, &addr), ERR_RANGE);
        assert_int_equal(addr.port, 7);
    }
}

static void prefixes(void **state)
{
    (void)state;
    struct ip_prefix prefix;
    assert_int_equal(ip_prefix_parse("10.128.0.0/9", &prefix), ERR_OK);
    assert_int_equal(prefix.family, IP_FAMILY_V4);
    assert_int_equal(prefix.len, 9);
    assert_memory_equal(prefix.ip, "\x0a\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    assert_int_equal(ip_prefix_parse("2001:db8::/32", &prefix), ERR_OK);
    assert_int_equal(prefix.family, IP_FAMILY_V6);
    assert_int_equal(prefix.len, 32);
    assert_int_equal(ip_prefix_parse("192.0.2.1", &prefix), ERR_OK);
    assert_int_equal(prefix.len, 32);
    assert_int_equal(ip_prefix_parse("::1", &prefix), ERR_OK);
    assert_int_equal(prefix.len, 128);
    assert_int_equal(ip_prefix_parse("0.0.0.0/0", &prefix), ERR_OK);
    assert_int_equal(prefix.len, 0);
}

static void prefixes_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err err;
    } cases[] = {
        {"10.0.0.0/33", ERR_RANGE},
        {"::/129", ERR_RANGE},
        {"10.0.0.1/8", ERR_RANGE},
        {"10.0.0.1/31", ERR_RANGE},
        {"0.0.0.1/0", ERR_RANGE},
        {"2001:db8::1/127", ERR_RANGE},
        {"10.0.0.0/", ERR_MALFORMED},
        {"10.0.0.0/-1", ERR_MALFORMED},
        {"10.0.0.0/8/8", ERR_MALFORMED},
        {"10.0.0.0/8 ", ERR_MALFORMED},
        {"10/8", ERR_MALFORMED},
        {"/8", ERR_MALFORMED},
        {"", ERR_MALFORMED},
        {"[::]/0", ERR_MALFORMED},
        {"10.0.0.0/255.0.0.0", ERR_MALFORMED},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ip_prefix prefix = {.len = 77};
        assert_int_equal(ip_prefix_parse(cases[i].text, &prefix), cases[i].err);
        assert_int_equal(prefix.len, 77);
    }
}

/* What is formatted is read again as the same address. */
static void random_addresses_round_trip(void **state)
{
    (void)state;
    uint64_t seed = 20240603;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (size_t run = 0; run < 20000; run++) {
        uint8_t ip[16] = {0};
        /* Mostly zero groups, so that runs of all lengths and places come up. */
        for (size_t group = 0; group < 8; group++) {
            if (random_below(&seed, 2) == 0)
                continue;
            ip[2 * group] = (uint8_t)(random_below(&seed, 2) * random_below(&seed, 256));
            ip[2 * group + 1] = (uint8_t)random_below(&seed, 256);
        }
        uint16_t port = (uint16_t)(1 + random_below(&seed, 65535));
        struct transport_addr addr =
            random_below(&seed, 4) == 0 ? transport_addr_v4(ip, port) : transport_addr_v6(ip, port);
        char text[TRANSPORT_ADDR_TEXT_MAX];
        struct transport_addr again;
        assert_int_equal(transport_addr_parse(transport_addr_format(&addr, text), 0, &again),
                         ERR_OK);
        assert_true(transport_addr_equal(&addr, &again));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_addresses_have_zero_in_unused_bytes),
        cmocka_unit_test(equality),
        cmocka_unit_test(hashes_follow_equality),
        cmocka_unit_test(unwrap),
        cmocka_unit_test(v4_mapped),
        cmocka_unit_test(prefix_contains),
        cmocka_unit_test(canonical_texts_survive),
        cmocka_unit_test(other_texts_are_read_too),
        cmocka_unit_test(ports_and_scopes_are_formatted),
        cmocka_unit_test(texts_that_are_no_address),
        cmocka_unit_test(addresses_with_ports),
        cmocka_unit_test(ports_out_of_range),
        cmocka_unit_test(prefixes),
        cmocka_unit_test(prefixes_refused),
        cmocka_unit_test(random_addresses_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
