#include "wheels_house.h"

static void add_wheel(struct ch_buf *page, const char *name, const char *bytes, unsigned days)
{
    char hex[CH_SHA256_HEX + 1];
    ch_buf_printf(page, "%s %s %zu %u\n", name, house_hex(bytes, hex), strlen(bytes), days);
}

void set_wheels(struct house *h, unsigned days)
{
    struct ch_buf page;
    ch_buf_init(&page, 4096);
    add_wheel(&page, WHEEL, "bytes", days);
    add_wheel(&page, NEXT, "other bytes", days);
    ch_buf_putc(&page, '\0');
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, page.ptr);
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "bytes");
    house_site(h, FILE_URL(NEXT), 200, "application/zip", "other bytes");
    ch_buf_done(&page);
}
