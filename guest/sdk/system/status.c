// The kernel's statuses as errno values.
#include <errno.h>
#include "system.h"

static const struct {
    status_t status;
    int error;
} errors[] = {
    {0xC0000005, EFAULT},       {0xC0000008, EBADF},     {0xC000000D, EINVAL},  {0xC000000E, ENOENT},
    {STATUS_NO_SUCH_FILE, ENOENT}, {0xC0000010, EINVAL}, {0xC0000017, ENOMEM},  {0xC0000018, ENOMEM},
    {0xC0000022, EACCES},       {0xC0000033, EINVAL},    {0xC0000034, ENOENT},  {0xC0000035, EEXIST},
    {0xC000003A, ENOENT},       {0xC000003B, EINVAL},    {0xC0000043, EBUSY},   {STATUS_DELETE_PENDING, ENOENT},
    {0xC000007F, ENOSPC},       {0xC000009A, ENOMEM},    {0xC00000A2, EROFS},   {0xC00000BA, EISDIR},
    {0xC00000D4, EXDEV},        {0xC0000101, ENOTEMPTY}, {0xC0000103, ENOTDIR}, {0xC000011F, EMFILE},
    {0xC0000120, EINTR},        {0xC0000121, EACCES},    {0xC00000A0, ENOMEM},
};

long error_of(status_t status) {
    if (!failed(status)) return 0;
    for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].status == status) return -errors[i].error;
    return -EIO;
}
