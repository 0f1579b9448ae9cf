// Kernel exports for synchronisation, and the structures that they work on, as titles have them.
#pragma once
#include "kernel.h"

enum {
    SUCCESS = 0,
    ABANDONED = 0x80,
    USER_APC = 0xC0,
    ALERTED = 0x101,
    TIMEOUT = 0x102,
    NO_YIELD_PERFORMED = 0x40000024,
    OBJECT_NAME_EXISTS = 0x40000000,
};
#define INVALID_HANDLE 0xC0000008u
#define INVALID_PARAMETER 0xC000000Du
#define OBJECT_TYPE_MISMATCH 0xC0000024u
#define OBJECT_NAME_NOT_FOUND 0xC0000034u
#define OBJECT_NAME_COLLISION 0xC0000035u
#define MUTANT_NOT_OWNED 0xC0000046u
#define SEMAPHORE_LIMIT_EXCEEDED 0xC0000047u
#define SUSPEND_COUNT_EXCEEDED 0xC000004Au
#define THREAD_IS_TERMINATING 0xC000004Bu
#define INVALID_PARAMETER_1 0xC00000EFu
#define INVALID_PARAMETER_3 0xC00000F1u

// Kinds of dispatcher objects, DISPATCHER_HEADER's first byte.
enum {
    MANUAL_EVENT = 0,
    AUTO_EVENT = 1,
    MUTANT = 2,
    SEMAPHORE = 5,
    THREAD = 6,
    MANUAL_TIMER = 8,
    AUTO_TIMER = 9,
};

// Types of waits for several objects.
enum { WAIT_ALL = 0, WAIT_ANY = 1 };

struct list {
    struct list *next, *previous;
};

// DISPATCHER_HEADER
struct header {
    uint8_t kind, absolute, words, inserted;
    volatile int32_t state;
    struct list waiters;
};

struct semaphore {
    struct header header;
    int32_t limit;
};

struct mutant {
    struct header header;
    struct list owned;
    void *volatile owner;
    volatile uint8_t abandoned;
    uint8_t unknown[3];
};

struct timer {
    struct header header;
    uint64_t due;
    struct list set;
    void *dpc;
    uint32_t period;
};

// RTL_CRITICAL_SECTION
struct section {
    struct header header;
    volatile int32_t lock_count, recursion;
    void *volatile owner;
};

// ERWLOCK
struct read_write_lock {
    volatile int32_t lock_count;
    volatile uint32_t writers_waiting, readers_waiting, readers;
    struct header writer_event;
    struct semaphore reader_semaphore;
    uint32_t spin_lock;
};

// KDPC
struct dpc {
    uint16_t type;
    volatile uint8_t inserted_cpu, target_cpu;
    struct list queue;
    void *routine;
    uint32_t context, argument1, argument2;
};

// KAPC
struct apc {
    uint16_t type;
    volatile uint8_t mode, inserted;
    void *thread;
    struct list queue;
    void *kernel_routine, *rundown_routine, *normal_routine;
    uint32_t context, argument1, argument2;
};

// ANSI_STRING and OBJECT_ATTRIBUTES
struct string {
    uint16_t length, room;
    const char *text;
};
struct attributes {
    uint32_t root;
    struct string *name;
    uint32_t flags;
};
enum { OPEN_IF = 0x80 };

// Events
void KeInitializeEvent(struct header *event, uint32_t kind, uint32_t signalled);
int32_t KeSetEvent(struct header *event, uint32_t boost, uint32_t wait);
int32_t KePulseEvent(struct header *event, uint32_t boost, uint32_t wait);
int32_t KeResetEvent(struct header *event);
uint32_t NtPulseEvent(uint32_t handle, uint32_t *previous);
uint32_t NtClearEvent(uint32_t handle);
uint32_t NtQueryEvent(uint32_t handle, uint32_t information[2]);

// Semaphores
void KeInitializeSemaphore(struct semaphore *semaphore, int32_t count, int32_t limit);
int32_t KeReleaseSemaphore(struct semaphore *semaphore, uint32_t boost, int32_t count, uint32_t wait);
uint32_t NtCreateSemaphore(uint32_t *handle, struct attributes *attributes, int32_t count, int32_t limit);
uint32_t NtReleaseSemaphore(uint32_t handle, int32_t count, int32_t *previous);
uint32_t NtQuerySemaphore(uint32_t handle, int32_t information[2]);

// Mutants
void KeInitializeMutant(struct mutant *mutant, uint32_t owned);
int32_t KeReleaseMutant(struct mutant *mutant, uint32_t boost, uint32_t abandoned, uint32_t wait);
uint32_t NtCreateMutant(uint32_t *handle, struct attributes *attributes, uint32_t owned);
uint32_t NtReleaseMutant(uint32_t handle, int32_t *previous);
// The current count, and two bytes: whether it is the caller's, whether it is abandoned.
uint32_t NtQueryMutant(uint32_t handle, void *information);

// Timers. Due times are one 64-bit register; calls64.S puts
// them together.
uint32_t ke_set_timer(struct timer *timer, uint32_t due_high, uint32_t due_low, uint32_t period_ms,
                      struct dpc *dpc);
uint32_t KeCancelTimer(struct timer *timer);
uint32_t NtCreateTimer(uint32_t *handle, struct attributes *attributes, uint32_t kind);
uint32_t NtSetTimerEx(uint32_t handle, const int64_t *due, void *routine, uint32_t mode, uint32_t context,
                      uint32_t resume, uint32_t period_ms, uint8_t *previous);
uint32_t NtCancelTimer(uint32_t handle, uint8_t *current);
// The time that is left, 64 bits, and a byte: whether it is signalled.
uint32_t NtQueryTimer(uint32_t handle, void *information);

// Waits
uint32_t KeWaitForMultipleObjects(uint32_t count, void *const *objects, uint32_t type, uint32_t reason,
                                  uint32_t mode, uint32_t alertable, const int64_t *timeout, void *blocks);
uint32_t NtWaitForMultipleObjectsEx(uint32_t count, const uint32_t *handles, uint32_t type, uint32_t mode,
                                    uint32_t alertable, const int64_t *timeout);
uint32_t NtSignalAndWaitForSingleObjectEx(uint32_t signal, uint32_t wait_for, uint32_t mode,
                                          uint32_t alertable, const int64_t *timeout);
uint32_t NtYieldExecution(void);
void KeQuerySystemTime(uint64_t *time);
uint64_t ke_interrupt_time(void);
uint32_t KeTestAlertThread(uint32_t mode);
uint32_t KeAlertThread(void *thread, uint32_t mode);

// Deferred and asynchronous calls
uint32_t KeRemoveQueueDpc(struct dpc *dpc);
void KeInitializeApc(struct apc *apc, void *thread, void *kernel_routine, void *rundown_routine,
                     void *normal_routine, uint32_t mode, uint32_t context);
uint32_t KeInsertQueueApc(struct apc *apc, uint32_t argument1, uint32_t argument2, uint32_t boost);
uint32_t KeRemoveQueueApc(struct apc *apc);
void KeEnterCriticalRegion(void);
void KeLeaveCriticalRegion(void);

// Threads
void ExTerminateThread(uint32_t code) __attribute__((noreturn));
void ExRegisterThreadNotification(void *registration, uint32_t on);
uint32_t KeSuspendThread(void *thread);
uint32_t KeResumeThread(void *thread);
uint32_t NtSuspendThread(uint32_t handle, uint32_t *previous);
uint32_t NtResumeThread(uint32_t handle, uint32_t *previous);
uint32_t KeSetAffinityThread(void *thread, uint32_t mask, uint32_t *previous);
int32_t KeQueryBasePriorityThread(void *thread);
int32_t KeSetBasePriorityThread(void *thread, int32_t increment);
int32_t KeSetPriorityThread(void *thread, int32_t priority);
uint32_t KeSetDisableBoostThread(void *thread, uint32_t disabled);
uint32_t ObLookupThreadByThreadId(uint32_t id, void **thread);
uint32_t KeTlsAlloc(void);
uint32_t KeTlsFree(uint32_t index);
uint32_t KeTlsGetValue(uint32_t index);
uint32_t KeTlsSetValue(uint32_t index, uint32_t value);

// Objects
uint32_t ObReferenceObjectByHandle(uint32_t handle, void *type, void *object);
void ObDereferenceObject(void *object);
uint32_t ObOpenObjectByPointer(void *object, uint32_t *handle);
// Each holds the address of a type.
extern void *const ExEventObjectType, *const ExThreadObjectType;

// Interrupt levels and spin locks
uint32_t KfRaiseIrql(uint32_t level);
void KfLowerIrql(uint32_t level);
uint32_t KeRaiseIrqlToDpcLevel(void);
uint32_t KfAcquireSpinLock(volatile uint32_t *lock);
void KfReleaseSpinLock(volatile uint32_t *lock, uint32_t level);
void KeAcquireSpinLockAtRaisedIrql(volatile uint32_t *lock);
uint32_t KeTryToAcquireSpinLockAtRaisedIrql(volatile uint32_t *lock);
void KeReleaseSpinLockFromRaisedIrql(volatile uint32_t *lock);

// Critical sections
void RtlInitializeCriticalSection(struct section *section);
uint32_t RtlInitializeCriticalSectionAndSpinCount(struct section *section, uint32_t spins);
void RtlEnterCriticalSection(struct section *section);
uint32_t RtlTryEnterCriticalSection(struct section *section);
void RtlLeaveCriticalSection(struct section *section);

// Reader-writer locks
void ExInitializeReadWriteLock(struct read_write_lock *lock);
void ExAcquireReadWriteLockExclusive(struct read_write_lock *lock);
void ExAcquireReadWriteLockShared(struct read_write_lock *lock);
uint32_t ExTryToAcquireReadWriteLockExclusive(struct read_write_lock *lock);
uint32_t ExTryToAcquireReadWriteLockShared(struct read_write_lock *lock);
void ExReleaseReadWriteLock(struct read_write_lock *lock);

// Interlocked lists. An entry begins with the pointer to the next.
struct entry {
    struct entry *volatile next;
    uint32_t value;
};
struct list_head {
    struct entry *volatile first;
    volatile uint16_t depth, sequence;
} __attribute__((aligned(8)));
struct entry *InterlockedPushEntrySList(struct list_head *head, struct entry *entry);
struct entry *InterlockedPopEntrySList(struct list_head *head);
struct entry *InterlockedFlushSList(struct list_head *head);

// Completion ports. The timeout is the last argument.
uint32_t NtRemoveIoCompletion(uint32_t port, uint32_t *key, uint32_t *context, uint32_t status[2],
                              const int64_t *timeout);

// Files: routine(context, status block, 0) is an asynchronous call to the caller.
uint32_t NtReadFile(uint32_t file, uint32_t event, void *routine, void *context, volatile uint32_t status[2], void *to,
                    uint32_t length, const int64_t *offset);
uint32_t NtWriteFile(uint32_t file, uint32_t event, void *routine, void *context, volatile uint32_t status[2],
                     const void *from, uint32_t length, const int64_t *offset);
uint32_t NtCancelIoFile(uint32_t file, uint32_t status[2]);
