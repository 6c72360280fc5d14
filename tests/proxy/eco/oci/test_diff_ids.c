/* What a configuration says its layers unpack to. */
#include "tests/ch_test.h"

#include <stdio.h>

#include "customhouse/ecosystem.h"

#define A         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B         "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C         "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define FACTS_MAX 6

enum { MANIFEST, CONFIG, LAYER_A, LAYER_B, FILES };

static const char *const names[FILES] = {
    [MANIFEST] = "sha256-" C ".oci-manifest.json",
    [CONFIG] = "sha256-" C ".config.json",
    [LAYER_A] = "sha256-" A ".layer.tar.gz",
    [LAYER_B] = "sha256-" B ".layer.tar",
};

struct given { /* values of "layer" and "diff-id", NULL-terminated; not inspected: NULL */
    const char *const *layers, *const *stated, *const *of_a, *const *of_b;
    struct ch_fact facts[FILES][FACTS_MAX];
    char said[400];
};

#define GIVEN(l, s, a, b)                                                                          \
    (struct given)                                                                                 \
    {                                                                                              \
        .layers = (l), .stated = (s), .of_a = (a), .of_b = (b)                                     \
    }

static struct ch_str name_of(void *ctx, size_t i)
{
    (void)ctx;
    return ch_str_of(names[i]);
}

static const struct ch_fact *facts_of(void *ctx, size_t i, size_t *ret_count)
{
    struct given *g = ctx;
    const char *const *values = i == MANIFEST  ? g->layers
                                : i == CONFIG  ? g->stated
                                : i == LAYER_A ? g->of_a
                                               : g->of_b;
    *ret_count = 0;
    if (values == NULL) {
        return NULL;
    }
    g->facts[i][(*ret_count)++] = (struct ch_fact){CH_STR("platform"), CH_STR("linux/amd64")};
    for (size_t n = 0; values[n] != NULL; n++) {
        g->facts[i][(*ret_count)++] = (struct ch_fact){
            i == MANIFEST ? CH_STR("layer") : CH_STR("diff-id"), ch_str_of(values[n])};
    }
    return g->facts[i];
}

static void say(void *arg, enum ch_finding_code code, struct ch_str evidence)
{
    struct given *g = arg;
    size_t at = strlen(g->said);
    assert_int_equal(code, CH_F_OCI_DIFF_ID);
    snprintf(g->said + at, sizeof(g->said) - at, "%.*s.", CH_STR_ARG(evidence));
}

static void assert_says(struct given *g, const char *expected)
{
    struct ch_parts whole = {FILES, name_of, facts_of, g};
    g->said[0] = '\0';
    for (size_t i = 0; i < FILES; i++) {
        ch_ecosystem_find(CH_STR("oci"))->compare_parts(&whole, i, say, g);
    }
    assert_string_equal(g->said, expected);
}

static const char *const one_layer[] = {"sha256:" A, NULL};
static const char *const two_layers[] = {"sha256:" A, "sha256:" B, NULL};
static const char *const a_twice[] = {"sha256:" A, "sha256:" B, "sha256:" A, NULL};
static const char *const id_1[] = {"sha256:1", NULL};
static const char *const id_2[] = {"sha256:2", NULL};
static const char *const ids_1_2[] = {"sha256:1", "sha256:2", NULL};
static const char *const ids_2_1[] = {"sha256:2", "sha256:1", NULL};
static const char *const ids_1_2_1[] = {"sha256:1", "sha256:2", "sha256:1", NULL};
static const char *const ids_1_2_2[] = {"sha256:1", "sha256:2", "sha256:2", NULL};
static const char *const none[] = {NULL};
static const char *const alias[] = {"sha512:" A, NULL};
static const char *const id_512[] = {"sha512:1", NULL};

static void each_place_has_its_own(void **state)
{
    (void)state;
    assert_says(&GIVEN(two_layers, ids_1_2, id_1, id_2), "");
    assert_says(&GIVEN(a_twice, ids_1_2_1, id_1, id_2), "");
    assert_says(&GIVEN(two_layers, ids_2_1, id_1, id_2),
                "layer 1 is sha256:2 there.layer 2 is sha256:1 there.");
    assert_says(&GIVEN(a_twice, ids_1_2_2, id_1, id_2), "layer 3 is sha256:2 there.");
    assert_says(&GIVEN(one_layer, id_512, id_1, id_2), "layer 1 is sha512:1 there.");
    assert_says(
        &GIVEN(alias, id_1, id_1, id_2), /* which of them it is nobody has said: so of each */
        "layer 1 is named by no digest that is known.layer 1 is named by no digest that is known.");
}

static void there_are_as_many(void **state)
{
    (void)state;
    assert_says(&GIVEN(two_layers, id_1, id_1, id_2), "1 layers, the manifest has 2.");
    assert_says(&GIVEN(one_layer, none, id_1, id_2), "0 layers, the manifest has 1.");
    assert_says(&GIVEN(one_layer, ids_1_2, id_1, id_2), "2 layers, the manifest has 1.");
    assert_says(&GIVEN(none, none, id_1, id_2), "");
}

/* What was not inspected, or not to its end, is held for that. */
static void what_is_not_known_differs_from_nothing(void **state)
{
    (void)state;
    assert_says(&GIVEN(NULL, id_2, id_1, id_2), "");
    assert_says(&GIVEN(one_layer, NULL, id_1, id_2), "");
    assert_says(&GIVEN(one_layer, id_2, NULL, id_2), "");
    assert_says(&GIVEN(one_layer, id_2, none, id_2), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_place_has_its_own),
        cmocka_unit_test(there_are_as_many),
        cmocka_unit_test(what_is_not_known_differs_from_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
