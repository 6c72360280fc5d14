#include "auditor_house.h"

#include <stdio.h>
#include <stdlib.h>

#include "auditor.h"
#include "db/keeper/audit/audit_int.h"

struct ch_err err;
struct house *h;
char *said;

void until_written(void)
{
    struct audit_state s;
    do {
        house_turn(h, 20);
        audit_state(h->k, &s);
    } while (s.written < s.next);
}

int setup(void **state)
{
    (void)state;
    char hex[2][CH_SHA256_HEX + 1], page[1024];
    struct ch_buf out;
    h = house_new();
    snprintf(page, sizeof(page), WHEEL " %s %zu 30\n" NEXT " %s %zu 1\n",
             house_hex("bytes", hex[0]), strlen("bytes"), house_hex("other", hex[1]),
             strlen("other"));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, page);
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "bytes");
    house_ask_page(h, "pkg");
    house_ask_file(h, "pkg", WHEEL);
    house_ask_file(h, "pkg", NEXT);
    house_tell_served(h, "pkg", WHEEL, "bytes", "192.0.2.77");
    ch_buf_init(&out, 1u << 20);
    assert_int_equal(0, house_command(h, false, "deny", "pypi:pkg==1.0", "stolen key", NULL, &out));
    ch_buf_done(&out);
    assert_ch_ok(&err, audit_refusals(h->k, INT64_MAX / 120000000, &err));
    until_written();
    return 0;
}

int teardown(void **state)
{
    (void)state;
    house_free(h);
    free(said);
    said = NULL;
    return 0;
}

bool verify_with(struct ch_str vkey)
{
    bool good = false;
    size_t size = 0;
    free(said);
    FILE *out = open_memstream(&said, &size);
    enum ch_code rc = audit_verify(h->folder, &(struct audit_whom){.vkey = vkey}, out, &good, &err);
    fclose(out);
    assert_ch_ok(&err, rc);
    return good;
}

bool verify(void)
{
    return verify_with((struct ch_str){NULL, 0});
}

void assert_said(const char *text)
{
    if (strstr(said, text) == NULL) {
        fail_msg("not said: %s\n%s", text, said);
    }
}
