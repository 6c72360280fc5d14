/* What it takes to judge an image of many layers: what each says of the others is looked at once.
 */
#include "admit_house.h"
#include "images_house.h"

#include <stdio.h>

#include "customhouse/limits.h"
#include "db/keeper/images/image.h"

#define LAYERS 126 /* and its configuration: 128 files of the page with the manifest itself */
#define FILES  (LAYERS + 2)

static size_t decisions; /* made since a test has said so */
void __real_ch_decide(const struct ch_policy *policy, const struct ch_facts *facts, int64_t now_us,
                      struct ch_decision *ret);
void __wrap_ch_decide(const struct ch_policy *policy, const struct ch_facts *facts, int64_t now_us,
                      struct ch_decision *ret);

void __wrap_ch_decide(const struct ch_policy *policy, const struct ch_facts *facts, int64_t now_us,
                      struct ch_decision *ret)
{
    decisions++;
    __real_ch_decide(policy, facts, now_us, ret);
}

struct wide {
    char digest[80], page[100];
};

static void add_line(struct ch_buf *text, struct house *h, const char *bytes, const char *ending,
                     const char *digest)
{
    char hex[CH_SHA256_HEX + 1], url[256];
    house_hex(bytes, hex);
    ch_buf_printf(text, "sha256-%s%s %s %zu - of:" IMAGES_NAME "=%s\n", hex, ending, hex,
                  strlen(bytes), digest);
    snprintf(url, sizeof(url), FILE_URL("sha256-%s%s"), hex, ending);
    house_site(h, url, 200, "application/octet-stream", bytes);
}

/* The registry has it. The layer of this number says this; -1: none. */
static void set_wide(struct house *h, struct wide *w, const char *manifest, int odd,
                     const char *odd_layer)
{
    char hex[CH_SHA256_HEX + 1], url[256], layer[64];
    struct ch_buf text;
    ch_buf_init(&text, 1u << 20);
    snprintf(w->digest, sizeof(w->digest), "sha256:%s", house_hex(manifest, hex));
    snprintf(w->page, sizeof(w->page), IMAGES_NAME "@%s", w->digest);
    add_line(&text, h, manifest, ".oci-manifest.json", w->digest);
    add_line(&text, h, "a config", ".config.json", w->digest);
    for (int i = 0; i < LAYERS; i++) {
        snprintf(layer, sizeof(layer), "layer %d of %s", i, manifest);
        add_line(&text, h, i == odd ? odd_layer : layer, ".layer.tar.gz", w->digest);
    }
    ch_buf_putc(&text, '\0');
    snprintf(url, sizeof(url), "https://up.example.org/v2/" IMAGES_NAME "/manifests/%s", w->digest);
    house_site(h, url, 200, "application/vnd.oci.image.manifest.v1+json", text.ptr);
    ch_buf_done(&text);
}

static bool on_page(void *ctx, struct page *p)
{
    return page_load(ctx, p);
}

static void look(struct house *h, const struct wide *w, struct image *ret)
{
    struct image_name name = {.repository = ch_config_repository(h->k->config, CH_STR("img"))};
    snprintf(name.page, sizeof(name.page), "%s", w->page);
    decisions = 0;
    assert_true(image_look(h->k, &name, &(struct image_wanted){.platform = CH_STR("linux/amd64")}, on_page, h->k, ret));
}

static void an_image_of_many_layers(void **state)
{
    (void)state;
    static const struct {
        const char *manifest;
        int odd;
        const char *layer;
        enum image_state state;
        const char *reason;
    } rows[] = {
        {"manifest good", -1, NULL, IMAGE_ALLOWED, "inspected"},
        {"manifest held first", 0, "irregular", IMAGE_HELD, "zip-crc-differs"},
        {"manifest held last", LAYERS - 1, "irregular too", IMAGE_HELD, "zip-crc-differs"},
        {"manifest denied", 70, "an attack", IMAGE_DENIED, "denied"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct house *h = images_house();
        struct wide w;
        struct image im;
        set_wide(h, &w, rows[i].manifest, rows[i].odd, rows[i].layer);
        h->any_page = false;
        house_ask_file(h, w.page, w.digest);
        look(h, &w, &im);
        assert_int_equal(im.state, rows[i].state);
        assert_true(ch_str_find(ch_str_of(im.reason), ch_str_of(rows[i].reason), NULL));
        if (decisions > 3 * FILES) {
            fail_msg("%s: %zu decisions for %d files", rows[i].manifest, decisions, FILES);
        }
        house_free(h);
    }
}

/* The trace of a gate says of each file all that is known, and what the others are to it. */
static void a_gate_of_many_layers(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct wide w;
    struct ch_buf out;
    char line[200];
    set_wide(h, &w, "manifest held", 5, "irregular");
    h->any_page = false;
    house_ask_file(h, w.page, w.digest);
    house_settle(h); /* it is refused before all of it is inspected */
    snprintf(line, sizeof(line), "gate %s --repository=img", w.page);
    ch_buf_init(&out, 64u << 20);
    assert_int_equal(house_run(h, line, &out),
                     1); /* looks again for as long as the log is behind */
    ch_buf_clear(&out);
    decisions = 0;
    assert_int_equal(house_run(h, line, &out), 1);
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("zip-crc-differs"), NULL));
    if (decisions > 8 * FILES) {
        fail_msg("%zu decisions for %d files", decisions, FILES);
    }
    ch_buf_done(&out);
    house_free(h);
}

/* T14: what a gate fetches is at the expense of who runs it, and no more at once than he may pull. */
static void a_gate_is_charged_to_who_runs_it(void **state)
{
    (void)state;
    const struct ch_limits limits = ch_limits;
    struct house *h = images_house();
    struct wide w;
    struct ch_buf out;
    char line[200];
    ch_buf_init(&out, 64u << 20);
    set_wide(h, &w, "manifest good", -1, NULL);
    snprintf(line, sizeof(line), "gate %s --repository=img --wait=1", w.page);
    h->hold = HOLD_FILES;
    ch_limits.cold_files_asked = 3;
    assert_int_equal(house_run(h, line, &out), 1);
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("undecided"), NULL));
    assert_int_equal(house_holds(h), 3);
    ch_limits.cold_parallel = 0;
    ch_buf_clear(&out);
    assert_int_equal(house_run(h, "gate team/cold:1.0 --repository=img", &out), 1);
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("asks for more than one may at once"), NULL));
    ch_limits = limits;
    ch_buf_done(&out);
    house_free(h);
}

/* A cluster asks about the same image again and again: it is judged once, until something is taken away. */
static void what_a_cluster_asks_again_is_not_judged_again(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct admitting a;
    struct wide w;
    struct ch_buf out;
    char name[200], line[300], hex[CH_SHA256_HEX + 1];
    const struct ch_image_verdict *v;
    ch_buf_init(&out, 1u << 20);
    set_wide(h, &w, "manifest good", -1, NULL);
    h->any_page = false;
    house_ask_file(h, w.page, w.digest);
    house_settle(h);
    admit_begin(&a, h);
    snprintf(name, sizeof(name), "up.example.org/%s", w.page);
    do { /* until the log has it */
        house_turn(h, 10);
        v = admit_ask(&a, name, NULL, NULL);
    } while (ch_str_find(v->reason, CH_STR("not in the log"), NULL));
    assert_true(v->allowed);
    size_t judged = 0, asked = 0;
    for (; asked < 200; asked++) {
        decisions = 0;
        assert_true(admit_ask(&a, name, NULL, NULL)->allowed);
        judged += decisions > 0;
    }
    assert_true(judged < asked); /* again each second, so on a slow machine more often */
    assert_false(admit_ask(&a, name, "preprod", NULL)->allowed); /* another place is another question */
    snprintf(line, sizeof(line), "deny sha256:%s --reason=stolen", house_hex("a config", hex));
    assert_true(admit_ask(&a, name, NULL, NULL)->allowed);
    assert_int_equal(house_run(h, line, &out), 0);
    v = admit_ask(&a, name, NULL, NULL); /* at once */
    assert_false(v->allowed);
    assert_true(ch_str_find(v->reason, CH_STR("stolen"), NULL));
    admit_end(&a);
    ch_buf_done(&out);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_of_many_layers),
        cmocka_unit_test(a_gate_of_many_layers),
        cmocka_unit_test(a_gate_is_charged_to_who_runs_it),
        cmocka_unit_test(what_a_cluster_asks_again_is_not_judged_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
