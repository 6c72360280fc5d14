/* Versions that stand for all others, as far as some specifiers can tell versions apart.
 *
 * In the order of PEP 440 (local parts aside) each clause is true on whole stretches, whose ends
 * are its own version, the first of that version's pre-releases, the end of its post-releases, or
 * the ends of a prefix. So it is enough to ask of each such end, and of what comes right behind it:
 * every version has a next one (1.0 -> 1.0.post0.dev0 -> 1.0.post0.dev1), and behind all
 * post-releases of 1.0 nothing with as few numbers as any of the specifiers comes
 * before 1.0.0.0.1.dev0. */
#include "base/pypi/specifier_int.h"
#include "base/pypi/version_int.h"

enum { NUMBER_ROOM = 4096 };

struct samples {
    ch_pep440_sample_fn *fn;
    void *arg;
    size_t numbers; /* more than any release has */
    struct ch_buf text;
    struct ch_buf release;
    struct ch_buf number;
    bool whole;
};

static void tell(struct samples *s, const struct ch_pep440 *v)
{
    ch_buf_clear(&s->text);
    ch_pep440_put(&s->text, v);
    s->whole = s->whole && !s->text.failed && !s->release.failed && !s->number.failed;
    if (s->whole) {
        s->fn(s->arg, ch_buf_str(&s->text));
    }
}

/* digits + 1; lives until the next call. */
static struct ch_str plus_one(struct samples *s, struct ch_str digits)
{
    struct ch_str n = ch_pep440_number(digits);
    size_t nines = 0;
    while (nines < n.len && n.ptr[n.len - 1 - nines] == '9') {
        nines++;
    }
    ch_buf_clear(&s->number);
    if (nines == n.len) {
        ch_buf_putc(&s->number, '1');
    } else {
        ch_buf_puts(&s->number, ch_str_sub(n, 0, n.len - nines - 1));
        ch_buf_putc(&s->number, (char)(n.ptr[n.len - nines - 1] + 1));
    }
    for (size_t i = 0; i < nines; i++) {
        ch_buf_putc(&s->number, '0');
    }
    return ch_buf_str(&s->number);
}

/* The version itself, and the one right behind it. */
static void tell_end(struct samples *s, struct ch_pep440 v)
{
    tell(s, &v);
    v.local = (struct ch_str){NULL, 0};
    tell(s, &v);
    if (v.dev) {
        v.dev_number = plus_one(s, v.dev_number);
    } else {
        v.post_number = v.post ? plus_one(s, v.post_number) : (struct ch_str){NULL, 0};
        v.post = v.dev = true;
        v.dev_number = (struct ch_str){NULL, 0};
    }
    tell(s, &v);
}

static void tell_behind_posts(struct samples *s, struct ch_pep440 v)
{
    v.local = (struct ch_str){NULL, 0};
    if (v.post || v.dev) {
        return; /* ">" sees none of its post-releases */
    }
    if (v.pre == CH_PEP440_FINAL) {
        ch_buf_clear(&s->release);
        for (size_t i = 0; i < s->numbers; i++) {
            ch_buf_puts(&s->release, ch_pep440_release_at(&v, i));
            ch_buf_puts(&s->release, ch_str_of(ch_pep440_release_at(&v, i).len > 0 ? "." : "0."));
        }
        ch_buf_putc(&s->release, '1');
        v.release = ch_buf_str(&s->release);
    } else {
        v.pre_number = plus_one(s, v.pre_number);
    }
    v.dev = true;
    tell(s, &v);
}

/* From 1.2.dev0 to 1.3.dev0: what begins with the first `count` numbers. */
static void tell_prefix(struct samples *s, const struct ch_pep440 *of, size_t count)
{
    for (int end = 0; end < 2; end++) {
        struct ch_pep440 v = {.epoch = of->epoch, .pre = CH_PEP440_FINAL, .dev = true};
        ch_buf_clear(&s->release);
        for (size_t i = 0; i < count; i++) {
            struct ch_str n = ch_pep440_release_at(of, i);
            n = end == 1 && i + 1 == count ? plus_one(s, n) : n;
            ch_buf_puts(&s->release, ch_str_of(i > 0 ? "." : ""));
            ch_buf_puts(&s->release, n.len > 0 ? n : CH_STR("0"));
        }
        v.release = ch_buf_str(&s->release);
        tell_end(s, v);
    }
}

static void tell_clause(struct samples *s, const struct ch_pep440_clause *c)
{
    struct ch_pep440 first = c->version;
    size_t count = ch_pep440_release_count(&c->version);
    tell_end(s, c->version);
    if (!first.dev) {
        first.dev = true;
        first.local = (struct ch_str){NULL, 0};
        tell_end(s, first);
    }
    tell_behind_posts(s, c->version);
    if (c->prefix || c->op == CH_PEP440_COMPATIBLE) {
        tell_prefix(s, &c->version, c->prefix ? count : count - 1);
    }
}

static bool each_clause(struct samples *s, struct ch_str spec, bool measure)
{
    struct ch_str rest = ch_pep440_trim(spec);
    struct ch_str part = {NULL, 0};
    rest = rest.len > 0 ? rest : (struct ch_str){NULL, 0};
    while (ch_str_split(&rest, ',', &part)) {
        struct ch_pep440_clause c;
        struct ch_err err;
        if (ch_pep440_clause_parse(part, &c, &err) != CH_OK || c.op == CH_PEP440_ARBITRARY) {
            return false; /* "===" compares texts, of which there are many for one version */
        }
        if (measure) {
            size_t count = ch_pep440_release_count(&c.version);
            s->numbers = count > s->numbers ? count : s->numbers;
        } else {
            tell_clause(s, &c);
        }
    }
    return true;
}

bool ch_pep440_samples(const struct ch_str *specs, size_t count, ch_pep440_sample_fn *fn, void *arg)
{
    struct samples s = {.fn = fn, .arg = arg, .whole = true};
    ch_buf_init(&s.text, NUMBER_ROOM);
    ch_buf_init(&s.release, NUMBER_ROOM);
    ch_buf_init(&s.number, NUMBER_ROOM);
    bool good = true;
    for (int measure = 1; measure >= 0; measure--) {
        for (size_t i = 0; i < count && good; i++) {
            good = each_clause(&s, specs[i], measure == 1);
        }
    }
    fn(arg, CH_STR("0.dev0")); /* the first of all */
    ch_buf_done(&s.text);
    ch_buf_done(&s.release);
    ch_buf_done(&s.number);
    return good && s.whole;
}
