// Common code of the console suite: the console's functions, as titles declare them, and small files.
#pragma once
#include "../sync-suite/suite.h"

// Errors.
enum {
    FILE_NOT_FOUND = 2,
    PATH_NOT_FOUND = 3,
    ACCESS_DENIED = 5,
    NO_MORE_FILES = 0x12,
    BAD_PARAMETER = 0x57,
    BAD_ARGUMENTS = 0xA0,
    INSUFFICIENT_BUFFER = 0x7A,
    INVALID_NAME = 0x7B,
    ALREADY_EXISTS = 0xB7,
    IO_INCOMPLETE = 0x3E4,
    IO_PENDING = 0x3E5,
    NOT_CONNECTED = 0x48F,
    NOT_LOGGED_ON = 0x4DD,
    NO_SUCH_USER = 0x525,
    FUNCTION_FAILED = 0x65B,
};

struct overlapped {
    uint32_t result, length, context, event, routine, routine_context, extended;
};

uint32_t XamUserGetSigninState(uint32_t user);
uint32_t XamUserGetXUID(uint32_t user, uint32_t kinds, uint64_t *xuid);
uint32_t XamUserGetName(uint32_t user, char *name, uint32_t size);
uint32_t XamUserCheckPrivilege(uint32_t user, uint32_t privilege, uint32_t *result);
uint32_t XamUserIsOnlineEnabled(uint32_t user);
uint32_t XamUserGetSigninInfo(uint32_t user, uint32_t flags, void *info);
uint32_t XamShowSigninUI(uint32_t panes, uint32_t flags);
uint32_t XamIsUIActive(void);
uint32_t XamShowKeyboardUI(uint32_t user, uint32_t flags, const uint16_t *text, const uint16_t *title,
                           const uint16_t *description, uint16_t *buffer, uint32_t length, struct overlapped *overlapped);
uint32_t message_box(uint32_t user, const uint16_t *title, const uint16_t *text, uint32_t buttons,
                     const uint16_t *const *labels, uint32_t focus, uint32_t flags, uint32_t *result,
                     struct overlapped *overlapped);
uint32_t device_selector(uint32_t user, uint32_t type, uint32_t flags, uint32_t *device, struct overlapped *overlapped);

struct pad_state {
    uint32_t packet;
    uint16_t buttons;
    uint8_t triggers[2];
    int16_t sticks[4];
};
uint32_t XamInputGetState(uint32_t user, uint32_t flags, struct pad_state *state);
uint32_t XamInputSetState(uint32_t user, uint32_t flags, const uint16_t *motors);
uint32_t XamInputGetCapabilities(uint32_t user, uint32_t flags, void *capabilities);
uint32_t XamInputGetCapabilitiesEx(uint32_t version, uint32_t user, uint32_t flags, void *capabilities);
uint32_t XamInputGetKeystroke(uint32_t user, uint32_t flags, void *keystroke);
uint32_t XamInputGetKeystrokeEx(uint32_t *user, uint32_t flags, void *keystroke);
uint32_t XamInputGetDeviceStats(uint32_t user, void *stats);
uint32_t XamInputGetUserVibrationLevel(uint32_t user);

uint32_t XNotifyGetNext(uint32_t listener, uint32_t wanted, uint32_t *id, uint32_t *parameter);
uint32_t create_listener(uint32_t areas, uint32_t version);
uint32_t index_of(const uint64_t *xuid, uint32_t *index);

uint32_t read_settings(uint32_t title, uint32_t user, uint32_t xuids, const uint64_t *xuid, uint32_t count,
                       const uint32_t *ids, uint32_t *size, void *buffer, struct overlapped *overlapped);
uint32_t XamUserWriteProfileSettings(uint32_t title, uint32_t user, uint32_t count, const void *items,
                                     struct overlapped *overlapped);

uint32_t create_achievements(uint32_t title, uint32_t user, uint32_t flags, uint32_t start, uint32_t items,
                             uint32_t *size, uint32_t *handle);

uint32_t XamSessionCreateHandle(uint32_t *handle);
uint32_t XamSessionRefObjByHandle(uint32_t handle, uint32_t **object);

uint32_t XMsgInProcessCall(uint32_t application, uint32_t message, uint32_t first, uint32_t second);
uint32_t XMsgStartIORequest(uint32_t application, uint32_t message, struct overlapped *overlapped, void *buffer,
                            uint32_t size);
uint32_t XMsgCompleteIORequest(struct overlapped *overlapped, uint32_t result, uint32_t extended, uint32_t length);
uint32_t XamGetOverlappedResult(struct overlapped *overlapped, uint32_t *length, uint32_t wait);

uint32_t XamCreateEnumeratorHandle(uint32_t user, uint32_t application, uint32_t open, uint32_t close, uint32_t own,
                                   uint32_t items, uint32_t flags, uint32_t *handle);
uint32_t XamGetPrivateEnumStructureFromHandle(uint32_t handle, uint32_t **body);
uint32_t XamEnumerate(uint32_t handle, uint32_t flags, void *buffer, uint32_t size, uint32_t *items,
                      struct overlapped *overlapped);
uint32_t XamContentCreateDeviceEnumerator(uint32_t type, uint32_t flags, uint32_t items, uint32_t *size,
                                          uint32_t *handle);

struct content {
    uint32_t device, kind;
    uint16_t name[128];
    char file[42];
    char pad[2];
};
enum { CREATE_NEW = 1, CREATE_ALWAYS = 2, OPEN_EXISTING = 3, OPEN_ALWAYS = 4 };
enum { CREATED = 1, OPENED = 2 };
uint32_t XamContentCreate(uint32_t user, const char *root, const struct content *content, uint32_t flags,
                          uint32_t *disposition, uint32_t *license, struct overlapped *overlapped);
uint32_t XamContentClose(const char *root, struct overlapped *overlapped);
uint32_t XamContentFlush(const char *root, struct overlapped *overlapped);
uint32_t XamContentDelete(uint32_t user, const struct content *content, struct overlapped *overlapped);
uint32_t XamContentCreateEnumerator(uint32_t user, uint32_t device, uint32_t type, uint32_t flags, uint32_t items,
                                    uint32_t *size, uint32_t *handle);
uint32_t XamContentSetThumbnail(uint32_t user, const struct content *content, const void *picture, uint32_t size,
                                struct overlapped *overlapped);
uint32_t XamContentGetThumbnail(uint32_t user, const struct content *content, void *picture, uint32_t *size,
                                struct overlapped *overlapped);
uint32_t XamContentGetCreator(uint32_t user, const struct content *content, uint32_t *is_creator, uint64_t *creator,
                              struct overlapped *overlapped);

// Content of any user, of the title and of those whose content it may open.
uint32_t content_of_titles(uint32_t device, uint32_t type, uint32_t *handle);
struct content_of_title {
    struct content content;
    uint32_t category;
    uint64_t xuid;
    uint32_t title, license;
    char more[0x200 - 0x148];
};
uint32_t XamContentCreateInternal(const char *root, const struct content_of_title *content, uint32_t flags,
                                  uint32_t *disposition, uint32_t *license, uint32_t cache, uint32_t size,
                                  struct overlapped *overlapped);
uint32_t XamContentDeleteInternal(const struct content_of_title *content, struct overlapped *overlapped);
uint32_t XamSwapDisc(uint32_t number, struct header *event, void *const *message);

uint32_t GetLastError(void);
void SetLastError(uint32_t error);
uint32_t CreateThread(void *attributes, uint32_t stack, uint32_t (*routine)(uint32_t *), uint32_t *argument,
                      uint32_t flags, uint32_t *id);
uint32_t XapipCreateThread(void *attributes, uint32_t stack, uint32_t (*routine)(uint32_t *), uint32_t *argument,
                           uint32_t flags, uint32_t processor, uint32_t *id);
uint32_t ResumeThread(uint32_t thread);
uint32_t GetCurrentThreadId(void);
uint32_t CloseHandle(uint32_t handle);
void Sleep(uint32_t milliseconds);
uint32_t SleepEx(uint32_t milliseconds, uint32_t alertable);
uint32_t RtlSleep(uint32_t milliseconds, uint32_t alertable);
uint32_t WaitForSingleObject(uint32_t handle, uint32_t milliseconds);
uint32_t WaitForSingleObjectEx(uint32_t handle, uint32_t milliseconds, uint32_t alertable);
int64_t *XapiFormatTimeOut(int64_t *interval, uint32_t milliseconds);
uint32_t GetTickCount(void);

uint32_t XamProfileCreateEnumerator(uint32_t device, uint32_t *handle);
uint32_t XamProfileEnumerate(uint32_t handle, uint32_t flags, void *buffer, struct overlapped *overlapped);

// Writes a whole file, made if it is not there; its status.
uint32_t write_file(const char *path, const void *bytes, uint32_t size);
// Reads a file of at most `size` bytes; how many they are, or its status.
uint32_t read_file(const char *path, void *bytes, uint32_t size);

void XeCryptSha(const void *first, uint32_t first_size, const void *second, uint32_t second_size, const void *third,
                uint32_t third_size, void *out, uint32_t room);
void XeCryptMd5(const void *first, uint32_t first_size, const void *second, uint32_t second_size, const void *third,
                uint32_t third_size, void *out, uint32_t room);
void XeCryptSha256Init(void *state);
void XeCryptSha256Update(void *state, const void *input, uint32_t size);
void XeCryptSha256Final(void *state, void *out, uint32_t room);
void XeCryptSha512Init(void *state);
void XeCryptSha512Update(void *state, const void *input, uint32_t size);
void XeCryptSha512Final(void *state, void *out, uint32_t room);
void XeCryptHmacShaInit(void *state, const void *key, uint32_t size);
void XeCryptHmacShaUpdate(void *state, const void *input, uint32_t size);
void XeCryptHmacShaFinal(void *state, void *out, uint32_t room);
void XeCryptAesKey(void *state, const void *key);
void XeCryptAesEcb(void *state, const void *input, void *out, uint32_t encrypt);
void XeCryptAesCbc(void *state, const void *input, uint32_t size, void *out, void *feed, uint32_t encrypt);
void XeCryptDes3Key(void *state, const void *key);
void XeCryptDes3Ecb(void *state, const void *input, void *out, uint32_t encrypt);
void XeCryptRc4(const void *key, uint32_t key_size, void *data, uint32_t size);
uint32_t XeCryptBnQwNeRsaPubCrypt(const uint64_t *input, uint64_t *out, const void *key);
uint32_t XeCryptBnQwNeCompare(const uint64_t *first, const uint64_t *second, uint32_t words);

// Winsock and XNet: the first argument is who calls, where there is one more than Winsock has.
uint32_t NetDll_WSAStartup(uint32_t caller, uint32_t version, void *data);
uint32_t NetDll_WSACleanup(uint32_t caller);
uint32_t NetDll_WSAGetLastError(void);
void NetDll_WSASetLastError(uint32_t error);
uint32_t NetDll_socket(uint32_t caller, uint32_t family, uint32_t kind, uint32_t protocol);
uint32_t NetDll_closesocket(uint32_t caller, uint32_t socket);
uint32_t NetDll_shutdown(uint32_t caller, uint32_t socket, uint32_t how);
uint32_t NetDll_ioctlsocket(uint32_t caller, uint32_t socket, uint32_t command, uint32_t *argument);
uint32_t NetDll_setsockopt(uint32_t caller, uint32_t socket, uint32_t level, uint32_t option, const void *value,
                           uint32_t length);
uint32_t NetDll_getsockopt(uint32_t caller, uint32_t socket, uint32_t level, uint32_t option, void *value,
                           uint32_t *length);
uint32_t NetDll_bind(uint32_t caller, uint32_t socket, const void *address, uint32_t length);
uint32_t NetDll_connect(uint32_t caller, uint32_t socket, const void *address, uint32_t length);
uint32_t NetDll_listen(uint32_t caller, uint32_t socket, uint32_t backlog);
uint32_t NetDll_accept(uint32_t caller, uint32_t socket, void *address, uint32_t *length);
uint32_t NetDll_select(uint32_t caller, uint32_t count, void *read, void *write, void *except, const int32_t *time);
uint32_t NetDll___WSAFDIsSet(uint32_t socket, const void *set);
uint32_t NetDll_recv(uint32_t caller, uint32_t socket, void *bytes, uint32_t size, uint32_t flags);
uint32_t NetDll_recvfrom(uint32_t caller, uint32_t socket, void *bytes, uint32_t size, uint32_t flags, void *address,
                         uint32_t *length);
uint32_t NetDll_send(uint32_t caller, uint32_t socket, const void *bytes, uint32_t size, uint32_t flags);
uint32_t NetDll_sendto(uint32_t caller, uint32_t socket, const void *bytes, uint32_t size, uint32_t flags,
                       const void *address, uint32_t length);
uint32_t NetDll_WSARecv(uint32_t caller, uint32_t socket, const void *buffers, uint32_t count, uint32_t *bytes,
                        uint32_t *flags, uint32_t *overlapped, uint32_t routine);
uint32_t NetDll_WSAGetOverlappedResult(uint32_t caller, uint32_t socket, uint32_t *overlapped, uint32_t *bytes,
                                       uint32_t wait, uint32_t *flags);
uint32_t NetDll_WSACreateEvent(void);
uint32_t NetDll_WSACloseEvent(uint32_t event);
uint32_t NetDll_WSAResetEvent(uint32_t event);
uint32_t NetDll_WSAWaitForMultipleEvents(uint32_t count, const uint32_t *events, uint32_t all, uint32_t milliseconds,
                                         uint32_t alertable);
uint32_t NetDll_WSAEventSelect(uint32_t caller, uint32_t socket, uint32_t event, uint32_t wanted);
uint32_t NetDll_inet_addr(const char *text);
uint32_t NetDll_XNetStartup(uint32_t caller, const void *parameters);
uint32_t NetDll_XNetCleanup(uint32_t caller);
uint32_t NetDll_XNetGetTitleXnAddr(uint32_t caller, void *address);
uint32_t NetDll_XNetGetEthernetLinkStatus(uint32_t caller);
uint32_t NetDll_XNetDnsLookup(uint32_t caller, const char *name, uint32_t event, uint32_t **result);
uint32_t NetDll_XNetDnsRelease(uint32_t caller, uint32_t *result);
