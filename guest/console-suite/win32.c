// Functions with Win32 names: threads, waits by milliseconds, last errors.
#include "console.h"

#define CURRENT_THREAD 0xFFFFFFFEu
#define INFINITE 0xFFFFFFFFu
#define WAIT_FAILED 0xFFFFFFFFu
#define WIN32_SUSPENDED 4u
enum { USER_MODE = 1, NO_HANDLE = 6 };

static volatile uint32_t called;

static uint32_t say_who(uint32_t *id) {
    *id = GetCurrentThreadId();
    return 7;
}

static void threads(void) {
    uint32_t id = 0, seen = 0;
    uint32_t thread = CreateThread(0, 0, say_who, &seen, WIN32_SUSPENDED, &id);
    EXPECT(thread != 0, 1);
    EXPECT(WaitForSingleObject(thread, pace), TIMEOUT);
    EXPECT(seen, 0);
    EXPECT(ResumeThread(thread), 1);
    EXPECT(WaitForSingleObject(thread, INFINITE), SUCCESS);
    EXPECT(seen, id);
    EXPECT(CloseHandle(thread), 1);
    EXPECT(CloseHandle(thread), 0);
    EXPECT(GetLastError(), NO_HANDLE);
    SetLastError(0);
    EXPECT(WaitForSingleObject(thread, INFINITE), WAIT_FAILED);
    EXPECT(GetLastError(), NO_HANDLE);
    EXPECT(XapipCreateThread(0, 0, say_who, &seen, 0, 6, 0), 0);
    EXPECT(GetLastError(), BAD_PARAMETER);
    thread = XapipCreateThread(0, 0, say_who, &seen, 0, 3, &id);
    EXPECT(WaitForSingleObject(thread, INFINITE), SUCCESS);
    EXPECT(seen, id);
    EXPECT(CloseHandle(thread), 1);
}

static void note(uint32_t context, uint32_t first, uint32_t second) {
    called = context + first + second;
}

static void sleeps(void) {
    uint32_t before = GetTickCount();
    Sleep(5);
    EXPECT(GetTickCount() - before >= 5, 1);
    EXPECT(SleepEx(1, 1), 0);
    called = 0;
    EXPECT(NtQueueApcThread(CURRENT_THREAD, note, 1, 2, 3), SUCCESS);
    EXPECT(RtlSleep(1, 0), 0);
    EXPECT(called, 0);
    EXPECT(SleepEx(INFINITE, 1), USER_APC);
    EXPECT(called, 6);
}

static uint32_t waits(uint32_t event) { return WaitForSingleObjectEx(event, INFINITE, 1); }

static void an_alert_ends_no_wait(void) {
    uint32_t event;
    EXPECT(NtCreateEvent(&event, 0, 1, 0), SUCCESS);
    uint32_t thread = start(waits, event, ON(2));
    settle();
    void *object = object_of(thread);
    EXPECT(KeAlertThread(object, USER_MODE), 0);
    settle();
    EXPECT(WaitForSingleObject(thread, 0), TIMEOUT);
    EXPECT(NtSetEvent(event, 0), SUCCESS);
    EXPECT(join(thread), SUCCESS);
    EXPECT(CloseHandle(event), 1);
}

static void intervals(void) {
    int64_t interval = 0;
    EXPECT(XapiFormatTimeOut(&interval, 3) == &interval, 1);
    EXPECT(interval == -30000, 1);
    EXPECT(XapiFormatTimeOut(&interval, INFINITE) == 0, 1);
}

SUBJECT(win32, {"threads", threads}, {"sleeps", sleeps}, {"an_alert_ends_no_wait", an_alert_ends_no_wait},
        {"intervals", intervals});
