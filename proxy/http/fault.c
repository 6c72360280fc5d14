/* A blob's mapping, read in our own process: OpenSSL encrypts straight from it. A page that cannot
 * be had (truncated file, bad disk) is SIGBUS then. It gets zeros in its place, so that OpenSSL
 * comes to the end of its record, and the record is kept from the socket. */
#include "http_int.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

/* What is read by this thread now; the signal comes to the thread that reads. */
static _Thread_local volatile uintptr_t guarded_from, guarded_end;
static _Thread_local volatile sig_atomic_t missing;

static uintptr_t page_of(uintptr_t at)
{
    return at & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
}

static void on_sigbus(int number, siginfo_t *info, void *context)
{
    uintptr_t at = (uintptr_t)info->si_addr;
    (void)context;
    if (at < guarded_from || at >= guarded_end ||
        mmap((void *)page_of(at), (size_t)sysconf(_SC_PAGESIZE), PROT_READ,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) {
        signal(number, SIG_DFL); /* not ours: the same access again ends the process */
        return;
    }
    missing = 1;
}

void http_fault_catch(void)
{
    struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_NODEFER};
    CH_ASSERT(sigemptyset(&action.sa_mask) == 0 && sigaction(SIGBUS, &action, NULL) == 0);
}

void http_fault_guard(const struct ch_http_blob *b, uint64_t at, size_t len)
{
    missing = 0;
    guarded_from = page_of((uintptr_t)b->map + at);
    guarded_end = (uintptr_t)b->map + at + len;
}

bool http_fault_end(struct ch_http_blob *b)
{
    uintptr_t from = guarded_from, end = guarded_end;
    guarded_from = guarded_end = 0;
    if (missing == 0) {
        return true;
    }
    missing = 0;
    /* The file's own pages again: whoever is served from them next is to meet the same fault, not
     * zeros. */
    if (mmap((void *)from, end - from, PROT_READ, MAP_SHARED | MAP_FIXED, b->fd,
             (off_t)(from - (uintptr_t)b->map)) == MAP_FAILED) {
        b->broken = true;
    }
    return false;
}

long http_fault_veto(BIO *bio CH_UNUSED, int operation, const char *arg CH_UNUSED,
                     size_t len CH_UNUSED, int argi CH_UNUSED, long argl CH_UNUSED, int ret,
                     size_t *processed CH_UNUSED)
{
    return operation == BIO_CB_WRITE && missing != 0 ? -1 : ret;
}
