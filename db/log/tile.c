#include "customhouse/tlog.h"

#include <stdio.h>

/* Three digits at a time, all groups but the last after an x: 1234067 is x001/x234/067. */
void ch_tile_path_put(struct ch_buf *out, const struct ch_tile *tile)
{
    uint64_t groups[7]; /* 2^64 has 20 digits */
    size_t count = 0;
    uint64_t n = tile->number;
    do {
        groups[count++] = n % 1000;
        n /= 1000;
    } while (n > 0);
    if (tile->level == CH_TILE_ENTRIES) {
        ch_buf_puts(out, CH_STR("entries"));
    } else {
        ch_buf_printf(out, "%u", tile->level);
    }
    while (count-- > 0) {
        ch_buf_printf(out, "/%s%03u", count > 0 ? "x" : "", (unsigned)groups[count]);
    }
    if (tile->width < CH_TILE_HASHES) {
        ch_buf_printf(out, ".p/%u", tile->width);
    }
}

static bool add_group(struct ch_str digits, uint64_t *number)
{
    uint64_t value = 0;
    if (digits.len != 3) {
        return false;
    }
    for (size_t i = 0; i < 3; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(digits.ptr[i] - '0');
    }
    return !__builtin_mul_overflow(*number, 1000, number) &&
           !__builtin_add_overflow(*number, value, number);
}

/* Reads leniently what could be meant, then compares with the one path there is for it. */
enum ch_code ch_tile_path_get(struct ch_str path, struct ch_tile *ret, struct ch_err *err)
{
    struct ch_tile tile = {.width = CH_TILE_HASHES};
    struct ch_str rest = path, part;
    uint64_t number = 0;
    bool good = path.len < CH_TILE_PATH_MAX && ch_str_split(&rest, '/', &part);
    if (good && ch_str_eq(part, CH_STR("entries"))) {
        tile.level = CH_TILE_ENTRIES;
    } else if (good) {
        good = ch_str_u64(part, &number) && number < CH_TILE_LEVELS;
        tile.level = (unsigned)number;
    }
    while (good && ch_str_split(&rest, '/', &part)) {
        if (ch_str_ends(part, CH_STR(".p"))) {
            part.len -= 2;
            good = ch_str_u64(rest, &number) && number > 0 && number < CH_TILE_HASHES;
            tile.width = (unsigned)number;
            rest = (struct ch_str){NULL, 0};
        }
        if (ch_str_starts(part, CH_STR("x"))) {
            part = ch_str_sub(part, 1, part.len);
        }
        good = good && add_group(part, &tile.number);
    }
    struct ch_buf again;
    ch_buf_init(&again, CH_TILE_PATH_MAX);
    if (good) {
        ch_tile_path_put(&again, &tile);
        good = ch_str_eq(ch_buf_str(&again), path);
    }
    ch_buf_done(&again);
    if (!good) {
        return ch_fail(err, CH_E_FORMAT, "not the path of a tile");
    }
    *ret = tile;
    return CH_OK;
}

bool ch_tile_is_in(const struct ch_tile *tile, uint64_t size)
{
    unsigned height = tile->level == CH_TILE_ENTRIES ? 0 : tile->level * CH_TILE_HEIGHT;
    uint64_t hashes = size >> height;
    return tile->number < hashes / CH_TILE_HASHES ||
           (tile->number == hashes / CH_TILE_HASHES && tile->width <= hashes % CH_TILE_HASHES);
}
