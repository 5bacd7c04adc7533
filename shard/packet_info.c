/* packet_info.c — which of our addresses a datagram came to, and leaves from. */
#include "packet_info.h"

#include "sockaddr.h"

#include <netinet/udp.h>
#include <string.h>

size_t packet_info_write(const struct transport_addr *server, union packet_info_out *ret)
{
    struct cmsghdr *header = (struct cmsghdr *)(void *)ret->bytes;

    memset(ret, 0, sizeof(*ret));
    if (server->family == IP_FAMILY_V4) {
        struct in_pktinfo info = {.ipi_ifindex = 0};

        memcpy(&info.ipi_spec_dst, server->ip, sizeof(info.ipi_spec_dst));
        header->cmsg_level = IPPROTO_IP;
        header->cmsg_type = IP_PKTINFO;
        header->cmsg_len = CMSG_LEN(sizeof(info));
        memcpy(CMSG_DATA(header), &info, sizeof(info));
        return CMSG_SPACE(sizeof(info));
    }
    if (server->family == IP_FAMILY_V6) {
        struct in6_pktinfo info = {.ipi6_ifindex = server->scope_id};

        memcpy(&info.ipi6_addr, server->ip, sizeof(info.ipi6_addr));
        header->cmsg_level = IPPROTO_IPV6;
        header->cmsg_type = IPV6_PKTINFO;
        header->cmsg_len = CMSG_LEN(sizeof(info));
        memcpy(CMSG_DATA(header), &info, sizeof(info));
        return CMSG_SPACE(sizeof(info));
    }
    return 0;
}

size_t packet_info_add_segment(union packet_info_out *info, size_t len, uint16_t size)
{
    struct cmsghdr *header = (struct cmsghdr *)(void *)(info->bytes + len);

    memset(header, 0, CMSG_SPACE(sizeof(size)));
    header->cmsg_level = IPPROTO_UDP;
    header->cmsg_type = UDP_SEGMENT;
    header->cmsg_len = CMSG_LEN(sizeof(size));
    memcpy(CMSG_DATA(header), &size, sizeof(size));
    return len + CMSG_SPACE(sizeof(size));
}

static void read_v4(const struct cmsghdr *header, uint16_t port, struct transport_addr *ret)
{
    struct in_pktinfo info;

    memcpy(&info, CMSG_DATA(header), sizeof(info));
    /* ipi_spec_dst is ours, ipi_addr what the header says: they differ for broadcast
     * and multicast. */
    if (info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr)
        return;
    *ret = (struct transport_addr){.family = IP_FAMILY_V4, .port = port};
    memcpy(ret->ip, &info.ipi_spec_dst, sizeof(info.ipi_spec_dst));
}

static void read_v6(const struct cmsghdr *header, uint16_t port, struct transport_addr *ret)
{
    struct in6_pktinfo info;

    memcpy(&info, CMSG_DATA(header), sizeof(info));
    if (IN6_IS_ADDR_MULTICAST(&info.ipi6_addr))
        return;
    *ret = transport_addr_v6_scoped(&info.ipi6_addr, port, info.ipi6_ifindex);
}

struct packet_info packet_info_read(const struct msghdr *message, uint16_t port)
{
    struct packet_info info = {.server = {.family = IP_FAMILY_NONE}};
    /* CMSG_NXTHDR wants a writable message, which it does not write. */
    struct msghdr writable = {.msg_control = message->msg_control,
                              .msg_controllen = message->msg_controllen};

    for (struct cmsghdr *header = CMSG_FIRSTHDR(&writable); header != NULL;
         header = CMSG_NXTHDR(&writable, header)) {
        if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO &&
            header->cmsg_len >= CMSG_LEN(sizeof(struct in_pktinfo))) {
            read_v4(header, port, &info.server);
        } else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO &&
                   header->cmsg_len >= CMSG_LEN(sizeof(struct in6_pktinfo))) {
            read_v6(header, port, &info.server);
        } else if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SO_RXQ_OVFL &&
                   header->cmsg_len >= CMSG_LEN(sizeof(uint32_t))) {
            memcpy(&info.overflows, CMSG_DATA(header), sizeof(info.overflows));
            info.has_overflows = true;
        } else if (header->cmsg_level == IPPROTO_UDP && header->cmsg_type == UDP_GRO &&
                   header->cmsg_len >= CMSG_LEN(sizeof(int))) {
            int size;

            memcpy(&size, CMSG_DATA(header), sizeof(size));
            info.segment = size > 0 ? (uint32_t)size : 0;
        }
    }
    return info;
}
