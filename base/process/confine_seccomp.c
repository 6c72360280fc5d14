/* The table's system calls as a seccomp filter. Compiled apart from installing: a scanner's parent
 * compiles its jobs' filter once, and each job only installs it. */
#include "confine_int.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DENIED SCMP_ACT_ERRNO(EACCES)
/* Between two values of ONE_OF every other one is named: the library takes one comparison of an
 * argument per rule. */
#define MAX_GAP 64

static int add1(scmp_filter_ctx ctx, uint32_t action, int call, struct scmp_arg_cmp cmp)
{
    return seccomp_rule_add_exact_array(ctx, action, call, 1, &cmp);
}

static struct scmp_arg_cmp cmp_of(unsigned arg, enum scmp_compare op, uint64_t a, uint64_t b)
{
    return (struct scmp_arg_cmp){.arg = arg, .op = op, .datum_a = a, .datum_b = b};
}

/* Allowed when (argument & value) == want; each bit that differs is a refusal. */
static int add_bits(scmp_filter_ctx ctx, const struct ch_call_rule *r, unsigned long want)
{
    int rc = add1(ctx, SCMP_ACT_ALLOW, r->call, cmp_of(r->arg, SCMP_CMP_MASKED_EQ, r->value, want));
    for (unsigned bit = 0; rc == 0 && bit < 8 * sizeof(r->value); bit++) {
        unsigned long mask = 1UL << bit;
        if ((r->value & mask) != 0) {
            rc = add1(ctx, DENIED, r->call, cmp_of(r->arg, SCMP_CMP_MASKED_EQ, mask, ~want & mask));
        }
    }
    return rc;
}

static int add_one_of(scmp_filter_ctx ctx, const struct ch_call_rule *r)
{
    int rc =
        add1(ctx, DENIED, r->call, cmp_of(r->arg, SCMP_CMP_GT, r->values[r->value_count - 1], 0));
    if (rc == 0 && r->values[0] > 0) {
        rc = add1(ctx, DENIED, r->call, cmp_of(r->arg, SCMP_CMP_LT, r->values[0], 0));
    }
    for (unsigned i = 0; rc == 0 && i < r->value_count; i++) {
        rc = add1(ctx, SCMP_ACT_ALLOW, r->call, cmp_of(r->arg, SCMP_CMP_EQ, r->values[i], 0));
        if (i + 1 == r->value_count) {
            break;
        }
        CH_ASSERT(r->values[i + 1] > r->values[i] && r->values[i + 1] - r->values[i] < MAX_GAP);
        for (unsigned long v = r->values[i] + 1; rc == 0 && v < r->values[i + 1]; v++) {
            rc = add1(ctx, DENIED, r->call, cmp_of(r->arg, SCMP_CMP_EQ, v, 0));
        }
    }
    return rc;
}

static int add_rule(scmp_filter_ctx ctx, const struct ch_call_rule *r)
{
    switch (r->action) {
    case CH_CALL_ALLOW:
        return seccomp_rule_add_exact(ctx, SCMP_ACT_ALLOW, r->call, 0);
    case CH_CALL_DENY:
        return seccomp_rule_add_exact(ctx, DENIED, r->call, 0);
    case CH_CALL_NOSYS:
        return seccomp_rule_add_exact(ctx, SCMP_ACT_ERRNO(ENOSYS), r->call, 0);
    case CH_CALL_BITS_OFF:
        return add_bits(ctx, r, 0);
    case CH_CALL_BITS_ON:
        return add_bits(ctx, r, r->value);
    case CH_CALL_ONE_OF:
        return add_one_of(ctx, r);
    }
    return -EINVAL;
}

static enum ch_code add_groups(scmp_filter_ctx ctx, const struct ch_confine_row *row,
                               struct ch_err *err)
{
    for (size_t g = 0; g < CH_ROW_MAX_GROUPS && row->groups[g] != NULL; g++) {
        const struct ch_call_group *group = row->groups[g];
        for (size_t i = 0; i < group->count; i++) {
            if (group->rules[i].call < 0) {
                continue; /* this architecture has no such call: nothing to allow */
            }
            int rc = add_rule(ctx, &group->rules[i]);
            if (rc != 0) {
                return ch_fail_errno(err, -rc, "seccomp: %s, rule %zu", group->name, i);
            }
        }
    }
    return CH_OK;
}

/* The library writes programs to descriptors only. */
static enum ch_code export_program(scmp_filter_ctx ctx, struct ch_seccomp_program *ret,
                                   struct ch_err *err)
{
    int fd = memfd_create("seccomp", MFD_CLOEXEC);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "seccomp: memfd_create");
    }
    int rc = seccomp_export_bpf(ctx, fd);
    off_t bytes = rc == 0 ? lseek(fd, 0, SEEK_END) : -1;
    size_t count = bytes > 0 ? (size_t)bytes / sizeof(struct sock_filter) : 0;
    if (rc != 0 || count == 0 || count > BPF_MAXINSNS) {
        close(fd);
        return ch_fail(err, CH_E_SYSTEM, "seccomp: no filter of %zu instructions", count);
    }
    struct sock_filter *filter = ch_calloc(count, sizeof(*filter));
    ssize_t n = pread(fd, filter, (size_t)bytes, 0);
    close(fd);
    if (n != bytes) {
        free(filter);
        return ch_fail(err, CH_E_IO, "seccomp: short read of the filter");
    }
    *ret = (struct ch_seccomp_program){filter, (unsigned short)count};
    return CH_OK;
}

enum ch_code ch_seccomp_compile(const struct ch_confine_row *row, struct ch_seccomp_program *ret,
                                struct ch_err *err)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (ctx == NULL) {
        return ch_fail(err, CH_E_SYSTEM, "seccomp: not available");
    }
    enum ch_code rc = CH_OK;
    /* another architecture's numbers (also x32's) would pass as other calls */
    if (seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0 ||
        seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0) {
        rc = ch_fail(err, CH_E_SYSTEM, "seccomp: the library is too old");
    }
    if (rc == CH_OK) {
        rc = add_groups(ctx, row, err);
    }
    if (rc == CH_OK) {
        rc = export_program(ctx, ret, err);
    }
    seccomp_release(ctx);
    return rc;
}

enum ch_code ch_seccomp_install(const struct ch_seccomp_program *program, struct ch_err *err)
{
    struct sock_fprog prog = {.len = program->count, .filter = program->filter};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &prog) != 0) {
        return ch_fail_errno(err, errno, "seccomp is required and was refused");
    }
    return CH_OK;
}
