/* What of pages of many projects is held, in numbers: for who asks for no page (conda's notices).
 * By the listings that were made: nothing is judged for it, and of a page that nobody asks for it
 * says what was so when somebody did. */
#include "db/keeper/keeper_int.h"

#include <stdlib.h>

#include "customhouse/limits.h"

#define EXAMPLES_MAX 5

static void put_example(struct page_held *h, struct ch_str file_name)
{
    struct ch_buf b;
    ch_buf_init(&b, sizeof(h->examples));
    CH_IGNORE(ch_buf_reserve(&b, sizeof(h->examples)) != NULL);
    ch_buf_puts(&b, (struct ch_str){h->examples, h->examples_len});
    ch_buf_puts(&b, h->examples_len > 0 ? CH_STR(", ") : CH_STR(""));
    ch_buf_put_escaped(&b, file_name);
    for (size_t i = 0; !b.failed && i < b.len; i++) {
        h->examples[i] = b.ptr[i];
        h->examples_len = b.len;
    }
    ch_buf_done(&b);
}

void held_count(const struct ch_page *listed, struct page_held *ret)
{
    *ret = (struct page_held){.at_us = CH_TIME_UNKNOWN};
    for (size_t i = 0; i < listed->file_count; i++) {
        const struct ch_page_file *f = &listed->files[i];
        if (f->listing == CH_LIST_HELD) {
            bool denied = ch_str_starts(f->yanked_reason, CH_STR("denied"));
            ret->held += denied ? 0 : 1;
            ret->denied += denied ? 1 : 0;
            if (ret->held + ret->denied <= EXAMPLES_MAX) {
                put_example(ret, f->file_name);
            }
        }
    }
}

/* Of a page that gateways render; documents come with their numbers (listing_documents.c). */
static void count(struct page *p)
{
    struct ch_page listed;
    struct ch_err err;
    if (ch_page_get(ch_buf_str(&p->listing.bytes), &listed, &err) != CH_OK) {
        return;
    }
    held_count(&listed, &p->held);
    p->held.generation = p->listing.generation;
    p->held.at_us = p->listing.made_at_us;
    ch_page_done(&listed);
}

void held_notes(struct keeper *k, struct ch_str repository, struct ch_root_page *page)
{
    page->notes = ch_calloc(page->name_count + 1, sizeof(*page->notes));
    for (size_t i = 0; i < page->name_count; i++) {
        struct page *p = page_get(k, repository, page->names[i]);
        if (p == NULL || !p->eco->explains_held) {
            continue;
        }
        if (p->listing.valid && p->listing.generation != p->held.generation) {
            count(p);
        }
        if (p->held.held + p->held.denied > 0) {
            page->notes[page->note_count++] = (struct ch_root_note){
                .name = page->names[i],
                .held = p->held.held,
                .denied = p->held.denied,
                .examples = {p->held.examples, p->held.examples_len},
                .at_us = p->held.at_us,
            };
        }
    }
}
