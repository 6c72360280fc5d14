#include "budget_house.h"

#include <stdio.h>

#include "customhouse/limits.h"

static struct ch_limits before;

int keep_limits(void **state)
{
    (void)state;
    before = ch_limits;
    return 0;
}

int limits_again(void **state)
{
    (void)state;
    ch_limits = before;
    return 0;
}

void set_project(struct house *h, const char *url, const char *project, size_t files)
{
    struct ch_buf page;
    char name[64], file_url[128], hex[CH_SHA256_HEX + 1];
    ch_buf_init(&page, 1u << 20);
    for (size_t i = 0; i < files; i++) {
        snprintf(name, sizeof(name), "%s-1.%zu-py3-none-any.whl", project, i);
        snprintf(file_url, sizeof(file_url), FILE_URL("%s"), name);
        ch_buf_printf(&page, "%s %s %zu 30\n", name, house_hex(name, hex), strlen(name));
        house_site(h, file_url, 200, "application/zip", name);
    }
    ch_buf_putc(&page, '\0');
    house_site(h, url, 200, PAGE_TYPE, page.ptr);
    ch_buf_done(&page);
}

uint64_t want(struct house *h, const char *address, const char *project, size_t i,
              uint32_t patience_ms)
{
    char name[64];
    snprintf(name, sizeof(name), "%s-1.%zu-py3-none-any.whl", project, i);
    h->address = address;
    house_send_file_ask(h, project, name, CH_PART_FILE, patience_ms, false);
    return h->asks;
}

struct house *house_with(const char *project, size_t files)
{
    struct house *h = house_new();
    char url[128];
    snprintf(url, sizeof(url), PAGE_URL("%s"), project);
    set_project(h, url, project, files);
    house_ask_page(h, project);
    h->hold = HOLD_FILES;
    return h;
}

void set_budget(struct house *h, uint32_t burst, uint32_t per_minute)
{
    struct ch_config *c = (struct ch_config *)(uintptr_t)h->k->config;
    c->fetch_files_burst = burst;
    c->fetch_files_per_minute = per_minute;
}

uint64_t want_page(struct house *h, const char *address, unsigned i)
{
    char project[32], url[128];
    snprintf(project, sizeof(project), "cold%u", i);
    snprintf(url, sizeof(url), PAGE_URL("%s"), project);
    set_project(h, url, project, 1);
    h->address = address;
    house_send_page_ask(h, project, 0);
    return h->asks;
}
