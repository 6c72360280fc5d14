#include "shard_pack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "customhouse/file_buf.h"
#include "customhouse/limits.h"
#include "customhouse/message_gateway.h"

void shard_pack_init(struct shard_pack *pack)
{
    *pack = (struct shard_pack){.write_fd = -1, .read_fd = -1, .key = ch_sip_key_new()};
}

static void close_both(struct shard_pack *pack)
{
    if (pack->write_fd >= 0) {
        close(pack->write_fd);
        close(pack->read_fd);
    }
    pack->write_fd = pack->read_fd = -1;
    pack->bytes = pack->dead_bytes = 0;
}

void shard_pack_done(struct shard_pack *pack)
{
    close_both(pack);
    free(pack->entries);
    free(pack->places);
    pack->entries = NULL;
    pack->places = NULL;
    pack->count = pack->cap = pack->place_count = 0;
}

/* --- by what they were made of --- */

static void place(struct shard_pack *pack, size_t i)
{
    size_t at = pack->entries[i].of.a & (pack->place_count - 1);
    while (pack->places[at] != 0) {
        at = (at + 1) & (pack->place_count - 1);
    }
    pack->places[at] = (uint32_t)i + 1;
}

static void place_all(struct shard_pack *pack)
{
    size_t wanted = 1024;
    while (wanted < 2 * (pack->cap + 1)) {
        wanted *= 2;
    }
    free(pack->places);
    pack->places = ch_calloc(wanted, sizeof(*pack->places));
    pack->place_count = wanted;
    for (size_t i = 0; i < pack->count; i++) {
        place(pack, i);
    }
}

ptrdiff_t shard_pack_find(const struct shard_pack *pack, struct ch_sip128 of)
{
    size_t at = pack->place_count > 0 ? of.a & (pack->place_count - 1) : 0;
    while (pack->place_count > 0 && pack->places[at] != 0) {
        size_t i = pack->places[at] - 1;
        if (ch_sip128_eq(pack->entries[i].of, of)) {
            return (ptrdiff_t)i;
        }
        at = (at + 1) & (pack->place_count - 1);
    }
    return -1;
}

/* --- its file --- */

static enum ch_code append(struct shard_pack *pack, struct ch_str bytes, struct ch_err *err)
{
    for (size_t done = 0; done < bytes.len;) {
        ssize_t n =
            pwrite(pack->write_fd, bytes.ptr + done, bytes.len - done, (off_t)(pack->bytes + done));
        if (n < 0 && errno != EINTR) {
            return ch_fail_errno(err, errno, "a shard of %zu bytes", bytes.len);
        }
        done += n > 0 ? (size_t)n : 0;
    }
    pack->bytes += bytes.len;
    return CH_OK;
}

enum ch_code shard_pack_add(struct shard_pack *pack, struct ch_blobs *blobs, struct ch_sip128 of,
                            struct ch_str bytes, size_t *ret, struct ch_err *err)
{
    struct shard_entry e = {.sha256 = ch_sha256_of(bytes.ptr, bytes.len),
                            .of = of,
                            .len = (uint32_t)bytes.len,
                            .current_at_us = INT64_MAX};
    enum ch_code rc =
        pack->write_fd >= 0 ? CH_OK : ch_file_nameless(blobs, &pack->write_fd, &pack->read_fd, err);
    e.at = pack->bytes;
    rc = rc == CH_OK ? append(pack, bytes, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    if (pack->count == pack->cap) {
        pack->cap = pack->cap == 0 ? 256 : pack->cap * 2;
        pack->entries = ch_realloc_array(pack->entries, pack->cap, sizeof(*pack->entries));
        place_all(pack);
    }
    pack->entries[pack->count] = e;
    place(pack, pack->count);
    *ret = pack->count++;
    return CH_OK;
}

/* --- what is forgotten --- */

static enum ch_code copy(const struct shard_pack *from, const struct shard_entry *e,
                         struct shard_pack *to, struct ch_buf *room, struct ch_err *err)
{
    ch_buf_clear(room);
    char *at = ch_buf_reserve(room, e->len);
    CH_ASSERT(at != NULL);
    for (size_t done = 0; done < e->len;) {
        ssize_t n = pread(from->read_fd, at + done, e->len - done, (off_t)(e->at + done));
        if (n == 0 || (n < 0 && errno != EINTR)) {
            return ch_fail_errno(err, n == 0 ? EIO : errno, "a shard of %u bytes", e->len);
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return append(to, (struct ch_str){at, e->len}, err);
}

/* Gateways have the former one for as long as they look into it. */
static enum ch_code into_a_file_anew(struct shard_pack *pack, struct ch_blobs *blobs,
                                     struct ch_err *err)
{
    struct shard_pack to = {.write_fd = -1, .read_fd = -1};
    struct ch_buf room;
    uint64_t *places = ch_calloc(pack->count + 1, sizeof(*places));
    enum ch_code rc = ch_file_nameless(blobs, &to.write_fd, &to.read_fd, err);
    ch_buf_init(&room, UINT32_MAX);
    for (size_t i = 0; i < pack->count && rc == CH_OK; i++) {
        places[i] = to.bytes;
        rc = copy(pack, &pack->entries[i], &to, &room, err);
    }
    ch_buf_done(&room);
    if (rc == CH_OK) {
        for (size_t i = 0; i < pack->count; i++) {
            pack->entries[i].at = places[i];
        }
        close_both(pack);
        pack->write_fd = to.write_fd;
        pack->read_fd = to.read_fd;
        pack->bytes = to.bytes;
    } else {
        close_both(&to);
    }
    free(places);
    return rc;
}

enum ch_code shard_pack_tidy(struct shard_pack *pack, struct ch_blobs *blobs, int64_t since_us,
                             uint32_t *entry, size_t entry_count, struct ch_err *err)
{
    uint32_t *now_at = ch_calloc(pack->count + 1, sizeof(*now_at)); /* plus one */
    size_t n = 0;
    for (size_t i = 0; i < pack->count; i++) {
        if (pack->entries[i].current_at_us < since_us) {
            pack->dead_bytes += pack->entries[i].len;
            continue;
        }
        pack->entries[n] = pack->entries[i];
        now_at[i] = (uint32_t)++n;
    }
    bool forgotten = n < pack->count;
    pack->count = n;
    if (forgotten) {
        place_all(pack);
        for (size_t i = 0; i < entry_count; i++) {
            entry[i] = entry[i] > 0 ? now_at[entry[i] - 1] : 0;
        }
    }
    free(now_at);
    return pack->dead_bytes > ch_limits.shards_dead_bytes && pack->dead_bytes > pack->bytes / 2
               ? into_a_file_anew(pack, blobs, err)
               : CH_OK;
}

/* --- for gateways --- */

static int by_digest(const void *a, const void *b)
{
    const struct ch_shard_place *x = a, *y = b;
    return memcmp(x->sha256.byte, y->sha256.byte, CH_SHA256_BYTES);
}

void shard_pack_put_table(const struct shard_pack *pack, struct ch_buf *out)
{
    struct ch_shard_place *all = ch_calloc(pack->count + 1, sizeof(*all));
    for (size_t i = 0; i < pack->count; i++) {
        const struct shard_entry *e = &pack->entries[i];
        all[i] = (struct ch_shard_place){e->sha256, e->at, e->len};
    }
    qsort(all, pack->count, sizeof(*all), by_digest);
    for (size_t i = 0; i < pack->count; i++) {
        if (i == 0 || by_digest(&all[i - 1], &all[i]) != 0) {
            ch_shard_place_put(out, &all[i]);
        }
    }
    free(all);
}
