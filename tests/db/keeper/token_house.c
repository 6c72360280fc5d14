#include "token_house.h"

#include <string.h>

#include "db/keeper/people/people.h"

static struct ch_err err;

uint64_t give(struct house *h, struct ch_people_row row)
{
    row.by = CH_STR("local:0");
    row.at_us = ch_now_unix_us();
    assert_ch_ok(&err, people_give(h->k, &row, 1, &err));
    return row.id;
}

uint64_t person(struct house *h, const char *name, const char *role, const char *repository,
                const char *audience, const char *secret)
{
    give(h, (struct ch_people_row){.kind = CH_PEOPLE_PERSON, .person = ch_str_of(name)});
    give(h, (struct ch_people_row){
                .kind = CH_PEOPLE_MEMBER, .group = ch_str_of(name), .person = ch_str_of(name)});
    give(h, (struct ch_people_row){.kind = CH_PEOPLE_GRANT,
                                   .group = ch_str_of(name),
                                   .role = ch_str_of(role),
                                   .repository = ch_str_of(repository)});
    return give(h, (struct ch_people_row){.kind = CH_PEOPLE_TOKEN,
                                          .person = ch_str_of(name),
                                          .audience = ch_str_of(audience),
                                          .label = CH_STR("test"),
                                          .sha256 = ch_sha256_of(secret, strlen(secret)),
                                          .expires_at_us = ch_now_unix_us() + HOUR});
}
