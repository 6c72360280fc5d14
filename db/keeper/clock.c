#include "clock.h"

#include <fcntl.h>
#include <unistd.h>

#define CLOCK_JUMP_US (3600 * 1000000LL) /* T7: an hour */

int64_t keeper_now_us(const struct keeper *k)
{
    (void)k;
    return ch_now_unix_us();
}

void clock_read_boot_id(struct keeper *k)
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, k->boot_id, sizeof(k->boot_id) - 1) : 0;
    k->boot_id[n > 0 ? n : 0] = '\0';
    if (fd >= 0) {
        close(fd);
    }
}

enum ch_code clock_store(struct keeper *k, bool stopped, struct ch_err *err)
{
    struct ch_buf value;
    ch_buf_init(&value, 1024);
    ch_put_str(&value, ch_str_sub(k->child.setup.instance_id, 0, 512));
    ch_put_u64(&value, (uint64_t)k->clock_offset_us);
    ch_put_str(&value, ch_str_of(k->boot_id));
    ch_put_u8(&value, stopped);
    enum ch_code rc = ch_store_set_value(k->store, CH_STR("clock"), ch_buf_str(&value), err);
    ch_buf_done(&value);
    return rc;
}

enum ch_code clock_trust(struct keeper *k, struct ch_err *err)
{
    struct ch_buf value;
    ch_buf_init(&value, 1024);
    k->clock_offset_us = ch_now_unix_us() - (int64_t)ch_now_boot_ms() * 1000;
    enum ch_code rc = ch_store_get_value(k->store, CH_STR("clock"), &value, err);
    struct ch_rd r = ch_rd_of(value.ptr, value.len);
    struct ch_str run = ch_get_str(&r, 512);
    int64_t offset = (int64_t)ch_get_u64(&r);
    struct ch_str boot = ch_get_str(&r, sizeof(k->boot_id));
    bool stopped = ch_get_u8(&r) != 0;
    if (rc == CH_OK && ch_rd_end(&r, "clock", err) == CH_OK &&
        (ch_str_eq(run, k->child.setup.instance_id) ||
         (!stopped && boot.len > 0 && ch_str_eq(boot, ch_str_of(k->boot_id))))) {
        k->clock_offset_us = offset;
    }
    ch_buf_done(&value);
    return rc == CH_OK || rc == CH_E_NOT_FOUND ? clock_store(k, false, err) : rc;
}

static bool has_moved(const struct keeper *k, int64_t now)
{
    int64_t moved = now - (int64_t)ch_now_boot_ms() * 1000 - k->clock_offset_us;
    return moved > CLOCK_JUMP_US || moved < -CLOCK_JUMP_US;
}

bool clock_jumped(const struct keeper *k)
{
    return k->clock_jumped || has_moved(k, ch_now_unix_us());
}

void clock_watch(struct keeper *k)
{
    struct ch_err err;
    int64_t now = ch_now_unix_us();
    int64_t newest = CH_TIME_UNKNOWN;
    bool jumped = has_moved(k, now);
    if (ch_store_newest_time(k->store, &newest, &err) == CH_OK && newest != CH_TIME_UNKNOWN &&
        newest - now > CLOCK_JUMP_US) {
        jumped = true;
    }
    if (jumped != k->clock_jumped) {
        k->clock_jumped = jumped;
        k->rules++;
        keeper_raise_epoch(k);
        keeper_log("clock", "jumped=%d", jumped);
    }
}
