// Sockets of the title's own, on the machine's own network.
#include "console.h"

enum { STREAM = 1, DATAGRAM = 2 };
enum {
    WOULD_BLOCK = 10035,
    NOT_SOCKET = 10038,
    MESSAGE_SIZE = 10040,
    NETWORK_UNREACHABLE = 10051,
    NO_CONNECTION = 10057,
    SHUT_DOWN = 10058,
    TIMED_OUT = 10060,
    REFUSED = 10061,
    NOT_INITIALISED = 10093,
};
#define TITLE 1u
#define LOCALHOST 0x7F000001u
#define FAILED 0xFFFFFFFFu

struct address {
    uint16_t family, port;
    uint32_t ip;
    uint8_t zero[8];
};

struct set {
    uint32_t count, sockets[64];
};

static struct address at(uint32_t ip, uint16_t port) {
    struct address address = {2, port, ip, {0}};
    return address;
}

static struct {
    uint8_t bytes[0x190];
} winsock;

static void begin(void) { EXPECT(NetDll_WSAStartup(TITLE, 0x0202, &winsock), 0); }

static void end(void) { EXPECT(NetDll_WSACleanup(TITLE), 0); }

static uint32_t bound(uint32_t kind, uint16_t port) {
    struct address own = at(0, port);
    uint32_t socket = NetDll_socket(TITLE, 2, kind, 0);
    EXPECT(NetDll_bind(TITLE, socket, &own, sizeof own), 0);
    return socket;
}

static uint32_t listener(uint16_t port) {
    uint32_t socket = bound(STREAM, port);
    EXPECT(NetDll_listen(TITLE, socket, 4), 0);
    return socket;
}

static uint32_t connected(uint16_t port) {
    struct address there = at(LOCALHOST, port);
    uint32_t socket = NetDll_socket(TITLE, 2, STREAM, 6);
    EXPECT(NetDll_connect(TITLE, socket, &there, sizeof there), 0);
    return socket;
}

static void set_non_blocking(uint32_t socket) {
    uint32_t on = 1;
    EXPECT(NetDll_ioctlsocket(TITLE, socket, 0x8004667E, &on), 0);
}

static void expect_error(uint32_t result, uint32_t error) {
    EXPECT(result, FAILED);
    EXPECT(NetDll_WSAGetLastError(), error);
}

// Accepts a connection and sends all back that comes on it.
static uint32_t echo(uint32_t listener) {
    static uint8_t bytes[0x800];
    uint32_t socket = NetDll_accept(TITLE, listener, 0, 0), all = 0;
    for (;;) {
        uint32_t count = NetDll_recv(TITLE, socket, bytes, sizeof bytes, 0);
        if (count == 0 || count == FAILED) break;
        if (NetDll_send(TITLE, socket, bytes, count, 0) != count) break;
        all += count;
    }
    NetDll_closesocket(TITLE, socket);
    return all;
}

// A thread sends more than the buffers hold, and another one receives the answer.
static struct {
    uint32_t socket;
    uint8_t bytes[0x20000];
} flood;

static uint32_t send_all(uint32_t size) {
    uint32_t sent = NetDll_send(TITLE, flood.socket, flood.bytes, size, 0);
    NetDll_shutdown(TITLE, flood.socket, 1);
    return sent;
}

static void an_echo_between_threads(void) {
    static uint8_t back[0x1000];
    begin();
    uint32_t here = listener(4000), thread = start(echo, here, ON(2));
    flood.socket = connected(4000);
    for (uint32_t i = 0; i < sizeof flood.bytes; i++) flood.bytes[i] = (uint8_t)(i * 7 + (i >> 8));
    uint32_t sender = start(send_all, sizeof flood.bytes, ON(4)), got = 0, wrong = 0;
    for (;;) {
        uint32_t count = NetDll_recv(TITLE, flood.socket, back, sizeof back, 0);
        if (count == 0 || count == FAILED) break;
        for (uint32_t i = 0; i < count; i++) wrong += back[i] != flood.bytes[got + i];
        got += count;
    }
    EXPECT(got, sizeof flood.bytes);
    EXPECT(wrong, 0);
    EXPECT(join(sender), sizeof flood.bytes);
    EXPECT(join(thread), sizeof flood.bytes);
    EXPECT(NetDll_closesocket(TITLE, flood.socket), 0);
    EXPECT(NetDll_closesocket(TITLE, here), 0);
    end();
}

static void messages_have_a_sender(void) {
    char room[8] = {0};
    struct address there = at(LOCALHOST, 5001), from = {0};
    uint32_t length = sizeof from;
    begin();
    uint32_t a = bound(DATAGRAM, 5000), b = bound(DATAGRAM, 5001);
    EXPECT(NetDll_sendto(TITLE, a, "hello", 5, 0, &there, sizeof there), 5);
    EXPECT(NetDll_recvfrom(TITLE, b, room, sizeof room, 0, &from, &length), 5);
    EXPECT(room[0] << 8 | room[4], 'h' << 8 | 'o');
    EXPECT(from.port, 5000);
    EXPECT(from.ip, LOCALHOST);
    EXPECT(length, sizeof from);
    EXPECT(NetDll_sendto(TITLE, a, "longer than", 11, 0, &there, sizeof there), 11);
    expect_error(NetDll_recvfrom(TITLE, b, room, sizeof room, 0, &from, &length), MESSAGE_SIZE);
    // The last end closes what is left.
    end();
    expect_error(NetDll_closesocket(TITLE, a), NOT_INITIALISED);
}

static uint32_t send_later(uint32_t socket) {
    settle();
    return NetDll_send(TITLE, socket, "x", 1, 0);
}

static void select_waits_no_longer_than_it_is_told(void) {
    struct set set;
    begin();
    uint32_t here = listener(4100), client = connected(4100), server = NetDll_accept(TITLE, here, 0, 0);
    int32_t no_time[2] = {0, 0}, some_time[2] = {0, 20000}, long_time[2] = {60, 0};
    set.count = 2, set.sockets[0] = client, set.sockets[1] = server;
    EXPECT(NetDll_select(TITLE, 0, &set, 0, 0, no_time), 0);
    EXPECT(set.count, 0);
    set.count = 1, set.sockets[0] = server;
    EXPECT(NetDll_select(TITLE, 0, &set, 0, 0, some_time), 0);
    EXPECT(set.count, 0);
    uint32_t thread = start(send_later, client, ON(3));
    set.count = 2, set.sockets[0] = client, set.sockets[1] = server;
    EXPECT(NetDll_select(TITLE, 0, &set, 0, 0, long_time), 1);
    EXPECT(set.count, 1);
    EXPECT(set.sockets[0], server);
    EXPECT(NetDll___WSAFDIsSet(server, &set), 1);
    EXPECT(NetDll___WSAFDIsSet(client, &set), 0);
    EXPECT(join(thread), 1);
    end();
}

static void nobody_waits_who_does_not_want_to(void) {
    char room[4];
    struct address nobody = at(LOCALHOST, 4201), somebody = at(LOCALHOST, 4200);
    int32_t no_time[2] = {0, 0};
    struct set set;
    begin();
    uint32_t here = listener(4200), client = NetDll_socket(TITLE, 2, STREAM, 6);
    set_non_blocking(here);
    expect_error(NetDll_accept(TITLE, here, 0, 0), WOULD_BLOCK);
    set_non_blocking(client);
    expect_error(NetDll_connect(TITLE, client, &nobody, sizeof nobody), WOULD_BLOCK);
    set.count = 1, set.sockets[0] = client;
    EXPECT(NetDll_select(TITLE, 0, 0, 0, &set, no_time), 1);
    uint32_t error = 0, size = 4;
    EXPECT(NetDll_getsockopt(TITLE, client, 0xFFFF, 0x1007, &error, &size), 0);
    EXPECT(error, REFUSED);
    expect_error(NetDll_connect(TITLE, client, &somebody, sizeof somebody), WOULD_BLOCK);
    set.count = 1, set.sockets[0] = client;
    EXPECT(NetDll_select(TITLE, 0, 0, &set, 0, 0), 1);
    expect_error(NetDll_recv(TITLE, client, room, 4, 0), WOULD_BLOCK);
    end();
}

static void a_wait_has_an_end_that_the_socket_says(void) {
    uint8_t byte;
    uint32_t milliseconds = 20;
    begin();
    uint32_t socket = bound(DATAGRAM, 5100);
    EXPECT(NetDll_setsockopt(TITLE, socket, 0xFFFF, 0x1006, &milliseconds, 4), 0);
    expect_error(NetDll_recv(TITLE, socket, &byte, 1, 0), TIMED_OUT);
    end();
}

static volatile uint32_t error_of_wait;

static uint32_t wait_for_byte(uint32_t socket) {
    uint8_t byte;
    uint32_t count = NetDll_recv(TITLE, socket, &byte, 1, 0);
    error_of_wait = NetDll_WSAGetLastError();
    return count;
}

static void who_waits_hears_that_the_socket_is_closed(void) {
    begin();
    uint32_t socket = bound(DATAGRAM, 5200), thread = start(wait_for_byte, socket, ON(1));
    // The wait begins before, or finds the socket gone.
    settle();
    EXPECT(NetDll_closesocket(TITLE, socket), 0);
    EXPECT(join(thread), FAILED);
    EXPECT(error_of_wait == 10004 || error_of_wait == NOT_SOCKET, 1);
    end();
}

static void mistakes_have_names(void) {
    struct address outside = at(0xC0000201, 80), nobody = at(LOCALHOST, 4301);
    expect_error(NetDll_socket(TITLE, 2, STREAM, 6), NOT_INITIALISED);
    begin();
    uint32_t socket = NetDll_socket(TITLE, 2, STREAM, 6);
    expect_error(NetDll_connect(TITLE, socket, &outside, sizeof outside), NETWORK_UNREACHABLE);
    expect_error(NetDll_connect(TITLE, socket, &nobody, sizeof nobody), REFUSED);
    expect_error(NetDll_send(TITLE, socket, "x", 1, 0), NO_CONNECTION);
    expect_error(NetDll_recv(TITLE, socket, &outside, 1, 0), NO_CONNECTION);
    expect_error(NetDll_shutdown(TITLE, socket + 4, 2), NOT_SOCKET);
    uint32_t here = listener(4300), client = connected(4300);
    EXPECT(NetDll_shutdown(TITLE, client, 1), 0);
    expect_error(NetDll_send(TITLE, client, "x", 1, 0), SHUT_DOWN);
    EXPECT(NetDll_closesocket(TITLE, here), 0);
    // An error stays the thread's until somebody sets it.
    EXPECT(NetDll_WSAGetLastError(), SHUT_DOWN);
    NetDll_WSASetLastError(7);
    EXPECT(NetDll_WSAGetLastError(), 7);
    end();
}

static void an_event_says_what_has_come(void) {
    char room[4];
    begin();
    uint32_t here = listener(4400), client = connected(4400), server = NetDll_accept(TITLE, here, 0, 0);
    uint32_t event = NetDll_WSACreateEvent();
    EXPECT(NetDll_WSAEventSelect(TITLE, server, event, 1), 0);
    EXPECT(NetDll_WSAWaitForMultipleEvents(1, &event, 0, 0, 0), 0x102);
    uint32_t thread = start(send_later, client, ON(5));
    EXPECT(NetDll_WSAWaitForMultipleEvents(1, &event, 0, 60000, 0), 0);
    EXPECT(NetDll_WSAResetEvent(event), 1);
    EXPECT(NetDll_recv(TITLE, server, room, 4, 0), 1);
    EXPECT(NetDll_WSAWaitForMultipleEvents(1, &event, 0, 0, 0), 0x102);
    EXPECT(join(thread), 1);
    EXPECT(NetDll_WSACloseEvent(event), 1);
    end();
}

static void an_overlapped_receive_ends_later(void) {
    static char room[8];
    struct {
        uint32_t length;
        void *at;
    } buffer = {sizeof room, room};
    uint32_t overlapped[5] = {0}, count = 0, flags = 0;
    begin();
    uint32_t here = listener(4500), client = connected(4500), server = NetDll_accept(TITLE, here, 0, 0);
    overlapped[4] = NetDll_WSACreateEvent();
    expect_error(NetDll_WSARecv(TITLE, server, &buffer, 1, &count, &flags, overlapped, 0), 997);
    uint32_t thread = start(send_later, client, ON(5));
    EXPECT(NetDll_WSAGetOverlappedResult(TITLE, server, overlapped, &count, 1, &flags), 1);
    EXPECT(count, 1);
    EXPECT(wait_handle(overlapped[4], &long_wait), SUCCESS);
    EXPECT(room[0], 'x');
    EXPECT(join(thread), 1);
    NetDll_WSACloseEvent(overlapped[4]);
    end();
}

static void the_console_is_on_a_network(void) {
    uint8_t own[0x24] = {0};
    EXPECT(NetDll_XNetStartup(TITLE, 0), 0);
    EXPECT(NetDll_XNetGetTitleXnAddr(TITLE, own), 6);
    EXPECT(own[0] << 8 | own[3], 0x7F01);
    EXPECT(NetDll_XNetGetEthernetLinkStatus(TITLE), 0xB);
    EXPECT(NetDll_inet_addr("127.0.0.1"), LOCALHOST);
    uint32_t *found = 0, event = NetDll_WSACreateEvent();
    EXPECT(NetDll_XNetDnsLookup(TITLE, "no.such.host", event, &found), 0);
    EXPECT(wait_handle(event, &long_wait), SUCCESS);
    EXPECT(found[0], 11001);
    EXPECT(NetDll_XNetDnsRelease(TITLE, found), 0);
    NetDll_WSACloseEvent(event);
    EXPECT(NetDll_XNetCleanup(TITLE), 0);
}

SUBJECT(network, {"an_echo_between_threads", an_echo_between_threads}, {"messages_have_a_sender", messages_have_a_sender},
        {"select_waits_no_longer_than_it_is_told", select_waits_no_longer_than_it_is_told},
        {"nobody_waits_who_does_not_want_to", nobody_waits_who_does_not_want_to},
        {"a_wait_has_an_end_that_the_socket_says", a_wait_has_an_end_that_the_socket_says},
        {"who_waits_hears_that_the_socket_is_closed", who_waits_hears_that_the_socket_is_closed},
        {"mistakes_have_names", mistakes_have_names}, {"an_event_says_what_has_come", an_event_says_what_has_come},
        {"an_overlapped_receive_ends_later", an_overlapped_receive_ends_later},
        {"the_console_is_on_a_network", the_console_is_on_a_network});
